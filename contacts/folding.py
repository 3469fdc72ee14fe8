"""Text as the database compares, searches and sorts it, and the same in Python."""

import unicodedata

from django.db.models import F, Func, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from config.alphabet import SORTED_AS, casefolded, polish_key

__all__ = ["SORTED_AS", "Words", "casefolded", "folded", "plain", "polish_key"]
PLAIN = ("ąćęłńóśźż", "acelnoszz")


def plain(text: Combinable | str) -> Func:
    """An expression: `text` without regard to case and to Polish diacritics, for searching."""
    return Func(casefolded(text), Value(PLAIN[0]), Value(PLAIN[1]), function="translate", output_field=TextField())


def folded(text: str) -> str:
    """`text` as `plain` makes it in the database, where letters are composed; however it was typed (é as e and ´)."""
    return unicodedata.normalize("NFC", text).casefold().translate(str.maketrans(*PLAIN))


SEARCHED = ("email", "phone", "external_id")  # beside the names; they may be missing


def words_sql(row: str) -> str:
    """`Words` of the row called `row`, as SQL."""
    parts = [f"{row}.first_name", f"{row}.last_name", *(f"COALESCE({row}.{name}, '')" for name in SEARCHED)]
    return Words.template % {"expressions": Words.arg_joiner.join(parts)}


class Words(Func):
    """An expression: what the search box looks through, as the index contact_words (migration 0002) holds it.

    Begins with a space, so that the beginning of any word can be asked for.
    """

    template = "translate(casefold((' ' || %(expressions)s) COLLATE \"pg_unicode_fast\"), '" + "', '".join(PLAIN) + "')"
    arg_joiner = " || ' ' || "

    def __init__(self) -> None:
        nullable = (Coalesce(F(name), Value("")) for name in SEARCHED)
        super().__init__(F("first_name"), F("last_name"), *nullable, output_field=TextField())
