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
# Where people write a 0 before a number only within the country; elsewhere (Poland, Italy) a 0 belongs to the number.
LEADING_ZERO = {"49", "421", "43", "41", "33", "32", "31", "44", "353", "46", "358", "380", "40", "359", "386", "385"}
LEADING_ZERO |= {"381", "90", "61", "81"}


def calling_code(timezone: str) -> str:
    """The digits after the + of numbers there; "" for a zone that is not known here."""
    return BY_ZONE.get(timezone, "")
