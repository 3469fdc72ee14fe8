"""Text that is safe to open in a spreadsheet."""

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# What a spreadsheet may read as a number and as nothing it could run; with an apostrophe nobody can dial it.
PHONE = re.compile(r"\+[0-9][0-9 ]{4,19}", re.ASCII)


def defuse(text: str) -> str:
    """`text` so that a spreadsheet shows it and never runs it: an apostrophe before what would begin a formula.

    Source: OWASP, "CSV injection". Leading blanks do not protect: some programs trim them first.
    """
    return f"'{text}" if text.lstrip(" \xa0\n").startswith(FORMULA_STARTS) else text


def defuse_but_phones(text: str) -> str:
    """The same, with phone numbers as they are."""
    return text if PHONE.fullmatch(text) else defuse(text)


def restore(text: str) -> str:
    """What `defuse` was given: without the apostrophe, where it is one that `defuse` puts."""
    return text[1:] if text.startswith("'") and defuse(text[1:]) == text else text
