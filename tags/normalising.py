"""The one gate every tag name passes, wherever it comes from: form, action, search, seed.

The rules are those of docs/labels.md, in this order: Unicode NFC, commas separate names, trim, UPPER CASE, Polish
letters plain, whatever is not a letter, digit, diacritic, space or one of `- – ( [ { ) ] } _` becomes `_`.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST_NAME = 120
LONGEST_TEXT = 5000  # refused before any work is done on it
MOST_NAMES = 100

KEPT_SIGNS = frozenset(" -–([{)]}_")
# Capitals that Unicode 16 gave to letters which had none: the database knows them, Python before 3.14 does not.
CAPITALS = str.maketrans({"\u019b": "\ua7dc", "\u0264": "\ua7cb"})
# Letters to Unicode, but signs to a reader: ʻ ʼ and their like, and a raised exclamation mark.
APOSTROPHES = frozenset("\u02b9\u02ba\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u02ee\u07f4\u07f5\ua71d\ua71e\ua71f\ua78b")
# Nobody sees them: two tags that look the same must not be two.
INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# Decomposed upper case: Ą Ę are a letter and an ogonek, Ć Ń Ó Ś Ź and an acute, Ż and a dot. Ł has no parts.
POLISH = re.compile("(?:(?<=[AE])\u0328+)|(?:(?<=[CNOS])\u0301+)|(?:(?<=Z)[\u0301\u0307]+)")


def normalise(text: str) -> list[str]:
    """The tag names in `text`, each once, in the order they were typed.

    Raises: ValidationError (`empty`, `no_letters`, `too_long`, `too_many`) with a sentence for the user.
    Source: docs/labels.md, "How a name is normalised".
    """
    if len(text) > LONGEST_TEXT:
        raise ValidationError(
            _("This is too long: at most %(limit)s characters at once.") % {"limit": LONGEST_TEXT}, code="too_long"
        )
    names = parts(text)
    if not names:
        raise ValidationError(_("Type the name of a tag: nothing is left of this one."), code="empty")
    for name in names:
        if len(name) > LONGEST_NAME:
            raise ValidationError(
                _("The name “%(start)s…” is too long: at most %(limit)s characters.")
                % {"start": name[:30], "limit": LONGEST_NAME},
                code="too_long",
            )
    if empty := [part.strip() for part in text.split(",") if (name := folded(part)) and not says_something(name)]:
        raise ValidationError(
            _("A name needs at least one letter or digit: “%(name)s” has none.") % {"name": empty[0][:30]},
            code="no_letters",
        )
    if len(names) > MOST_NAMES:
        raise ValidationError(_("At most %(limit)s tags at once.") % {"limit": MOST_NAMES}, code="too_many")
    return names


def says_something(name: str) -> bool:
    """Whether a name holds a letter or a number: of "!!!" only underscores are left, as of any other three signs."""
    return any(unicodedata.category(character)[0] in "LN" for character in name)


def parts(text: str) -> list[str]:
    """As `normalise`, but refuses nothing: for searching, where nothing left means nothing to look for."""
    names = (folded(part) for part in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def folded(part: str) -> str:
    """One name, without commas, as it is stored. Applied twice it gives the same."""
    upper = unicodedata.normalize("NFC", part).strip().upper().translate(CAPITALS)
    plain = POLISH.sub("", unicodedata.normalize("NFD", upper).replace("Ł", "L"))
    return "".join(map(kept, unicodedata.normalize("NFC", plain))).strip()


def kept(character: str) -> str:
    """The character itself if a tag may hold it, else `_`."""
    if character in KEPT_SIGNS or character in CAPITALS.values():
        return character
    if character in APOSTROPHES or INVISIBLE.match(character):
        return "_"
    category = unicodedata.category(character)
    # Letters, numbers (½ and ² too), diacritics on or beside a letter; not those that enclose one (emoji keys).
    return character if category[0] in "LN" or category in ("Mn", "Mc") else "_"
