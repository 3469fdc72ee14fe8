"""Which country a phone number without one belongs to: that of the account, told by its time zone."""

BY_ZONE = {
    "Europe/Warsaw": "48", "Europe/Berlin": "49", "Europe/Busingen": "49", "Europe/Prague": "420",
    "Europe/Bratislava": "421", "Europe/Vienna": "43", "Europe/Zurich": "41", "Europe/Paris": "33",
    "Europe/Brussels": "32", "Europe/Amsterdam": "31", "Europe/Luxembourg": "352", "Europe/Madrid": "34",
    "Atlantic/Canary": "34", "Europe/Lisbon": "351", "Europe/Rome": "39", "Europe/London": "44", "Europe/Dublin": "353",
    "Europe/Copenhagen": "45", "Europe/Oslo": "47", "Europe/Stockholm": "46", "Europe/Helsinki": "358",
    "Europe/Tallinn": "372", "Europe/Riga": "371", "Europe/Vilnius": "370", "Europe/Kyiv": "380", "Europe/Kiev": "380",
    "Europe/Minsk": "375", "Europe/Bucharest": "40", "Europe/Sofia": "359", "Europe/Athens": "30",
    "Europe/Budapest": "36", "Europe/Ljubljana": "386", "Europe/Zagreb": "385", "Europe/Belgrade": "381",
    "Europe/Istanbul": "90", "America/New_York": "1", "America/Chicago": "1", "America/Denver": "1",
    "America/Los_Angeles": "1", "America/Toronto": "1", "Australia/Sydney": "61", "Asia/Tokyo": "81",
}  # fmt: skip
# How many digits a number has within the country, without the 0 that is dialled before it there.
DIGITS = {
    "48": (9, 9), "49": (6, 12), "420": (9, 9), "421": (9, 9), "43": (6, 13), "41": (9, 9), "33": (9, 9), "32": (8, 9),
    "31": (9, 9), "352": (4, 11), "34": (9, 9), "351": (9, 9), "39": (6, 11), "44": (9, 10), "353": (7, 9),
    "45": (8, 8), "47": (8, 8), "46": (7, 10), "358": (6, 10), "372": (7, 8), "371": (8, 8), "370": (8, 8),
    "380": (9, 9), "375": (9, 9), "40": (9, 9), "359": (8, 9), "30": (10, 10), "36": (8, 9), "386": (8, 8),
    "385": (8, 9), "381": (7, 9), "90": (10, 10), "1": (10, 10), "61": (9, 9), "81": (9, 10),
}  # fmt: skip
ZERO_STAYS = {"39"}  # elsewhere a number's own digits never begin with 0; some dial one before it, out of habit too


def calling_code(timezone: str) -> str:
    """The digits after the + of numbers there; "" for a zone that is not known here."""
    return BY_ZONE.get(timezone, "")


def national(code: str) -> str:
    """A regular expression, Python's and PostgreSQL's, of the country's numbers as they are stored: with the country
    (also without its +, where the number would be too long otherwise) or without. Its group is what follows the code.
    """
    shortest, longest = DIGITS[code]
    bare = max(shortest, min(9, longest + 1 - len(code)))  # so many digits behind tell that these are the code
    zero, first = ("", "[0-9]") if code in ZERO_STAYS else ("0?", "[1-9]")
    own = f"{first}[0-9]{{{shortest - 1},{longest - 1}}}"
    return f"^(?:[+]{code}|{code}(?={zero}[0-9]{{{bare}}}))?{zero}({own})$"


# The digits of a number with its country. A number without one is of the account's; no value where that is not known,
# or where it is none of that country's: taken for one it could be somebody else's.
WITH_COUNTRY = """CASE WHEN {phone} LIKE '+%%' AND (%(code)s = '' OR NOT starts_with({phone}, '+' || %(code)s))
    THEN substr({phone}, 2) ELSE %(code)s || substring({phone} FROM %(national)s::text) END"""


def with_country(phone: str) -> str:
    """SQL for the column `phone`; its parameters are `of_country`'s."""
    return WITH_COUNTRY.format(phone=phone)


def of_country(timezone: str) -> dict[str, str]:
    """Parameters of `with_country`."""
    code = calling_code(timezone)
    return {"code": code, "national": national(code) if code else "^()$"}
