"""`sample`: a fixed pseudo-random share of the contacts."""

import unicodedata
from hashlib import blake2b
from secrets import token_hex
from typing import Any, ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from segmentation.criteria.base import Criterion, register
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError, within
from segmentation.criteria.labels import Name
from segmentation.criteria.values.number import exact
from segmentation.criteria.words import Sentence, Words, phrase
from segmentation.parts.base import Choosing, Control, FormPart, Subject, Tree, Typed, Values
from segmentation.parts.numbers import number, written

PARTS = 10_000  # hundredths of a per cent


def places(ids: np.ndarray, salt: str) -> np.ndarray:
    """Each contact's place, 0 to 9999, among the hundredths of a per cent that `salt` gives.

    The first 8 bytes (big-endian) of BLAKE2b of the salt in UTF-8 are added to the id times 2⁶⁴/φ, mixed by the
    finaliser of SplitMix64, and the rest of a division by 10,000 is taken; all modulo 2⁶⁴. A share takes the lowest
    places, so 10 % of a salt lie within its 20 %. Never changed: who is in a test group would change with it.
    """
    seed = np.uint64(int.from_bytes(blake2b(unicodedata.normalize("NFC", salt).encode()).digest()[:8], "big"))
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + seed
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))) % np.uint64(PARTS)


class SampleForm(FormPart):
    """A share in per cent, and the name of the draw."""

    kind = "sample"
    icon = "dices"

    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("sample", _("Random sample"), _("Segments and lists"))]

    def controls(self, typed: Typed) -> list[Control]:
        draw = _("The same name draws the same people; another name, others")
        return [
            Control("percent", "number", _("per cent"), [typed.one("percent")]),
            # Translators: between the share and the name of a random draw
            Control("of", "words", _("per cent of all, draw named")),
            Control("salt", "text", _("name of the draw"), [typed.one("salt", token_hex(3))], hint=draw),
        ]

    def read(self, typed: Typed) -> Tree:
        salt = typed.required("salt", _("Give the draw a name."))
        criterion = {"kind": "sample", "percent": number(typed.one("percent"), "percent", typed), "salt": salt}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {"what": ["sample"], "percent": [written(criterion["percent"])], "salt": [criterion["salt"]]}


@register
class SampleCriterion(Criterion):
    """`{"kind": "sample", "percent": 12.5, "salt": "autumn"}`: same salt, same people."""

    form: ClassVar = SampleForm()

    kind: Literal["sample"]
    percent: Any
    salt: Name

    @property
    def hundredths(self) -> int:
        """The share in hundredths of a per cent."""
        share = within("percent", exact, self.percent) * 100
        if share != int(share):
            raise RefusedError(gettext_noop("At most two decimals are possible here."), at="percent")
        if not 0 < share <= PARTS:
            raise RefusedError(gettext_noop("A number over 0 and up to 100 is expected here."), at="percent")
        return int(share)

    def refine(self) -> None:
        _checked = self.hundredths

    def members(self, context: Context) -> BitMap:
        ids = np.array(context.everyone.to_array(), dtype=np.uint32)
        return BitMap(ids[places(ids, self.salt) < self.hundredths])

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        (place,) = places(np.array([contact]), self.salt).tolist()
        # Translators: each contact has a fixed place from 0 to 9,999 in a sample; a share takes the lowest ones
        template = _("place {place} of 0–9999; the sample takes those below {bound}")
        return phrase(template, place=words.number(place), bound=words.number(self.hundredths))

    def sentence(self, words: Words) -> Sentence:
        # Translators: share: "12.5 %", a fixed random part of all contacts; the salt is the name of the sample
        template = _("is in the random {share} of the sample “{salt}”")
        return phrase(template, share=f"{words.number(exact(self.percent))}\N{NO-BREAK SPACE}%", salt=self.salt)
