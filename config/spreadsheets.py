"""Text that is safe to open in a spreadsheet."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def defuse(text: str) -> str:
    """`text` so that a spreadsheet shows it and never runs it: an apostrophe before what would begin a formula.

    Source: OWASP, "CSV injection". Leading blanks do not protect: some programs trim them first.
    """
    return f"'{text}" if text.lstrip(" \xa0\n").startswith(FORMULA_STARTS) else text
