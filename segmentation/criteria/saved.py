"""`saved`: criteria with a name of their own, by a live reference: when they change, so does what refers to them."""

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import Field
from pyroaring import BitMap

from segmentation.criteria.base import Criterion, Target, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.references import evaluated
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.base import Choosing, Control, FormPart, Subject, Tree, Typed, Values
from segmentation.parts.references import read_id


class SavedForm(FormPart):
    """A live reference to saved criteria."""

    kind = "saved"
    icon = "bookmark"

    def subjects(self, choices: Choosing) -> list[Subject]:
        return [Subject("saved", _("Saved criteria"), _("Segments and lists"))] if choices.saved else []

    def controls(self, typed: Typed) -> list[Control]:
        return [
            Control(
                "criteria", "select", _("saved criteria"), [typed.one("criteria")], typed.choices.saved, refreshes=True
            )
        ]

    def read(self, typed: Typed) -> Tree:
        criterion = {"kind": "saved", "criteria": read_id(typed, "criteria", _("Choose saved criteria."))}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {"what": ["saved"], "criteria": [str(criterion["criteria"])]}


@register
class SavedCriterion(Criterion):
    """`{"kind": "saved", "criteria": 3}`."""

    form: ClassVar = SavedForm()
    refers: ClassVar = {"saved": "criteria"}

    kind: Literal["saved"]
    criteria: Annotated[int, Field(ge=1)]

    def check(self, catalog: Catalog) -> None:
        if self.criteria not in catalog.saved:
            raise RefusedError(
                gettext_noop("There are no saved criteria with the id {id}."), at="criteria", id=self.criteria
            )

    def target(self) -> Target:
        return Target("saved", self.criteria, evaluated=True)

    def members(self, context: Context) -> BitMap:
        return evaluated(self.target(), context)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        return plain(_("met now") if contact in self.members(context) else _("not met now"))

    def sentence(self, words: Words) -> Sentence:
        saved = words.catalog.saved.get(self.criteria)
        name = saved.name if saved else _("deleted criteria {id}").format(id=self.criteria)
        return phrase(_("meets the saved criteria {criteria}"), criteria=name)
