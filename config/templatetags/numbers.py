"""Numbers as the reader's language writes them."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.utils.formats import number_format

NONE = "–"
SPACE = "\N{NO-BREAK SPACE}"
THOUSAND = 1000
MINUS = "\N{MINUS SIGN}"


def number(value: Any, places: Any = None) -> str:
    """1863 → "1,863" (en), "1 863" (pl, no-break space). Nothing → "–".

    Without `places` a decimal keeps the digits it has, without trailing zeros.
    """
    if value is None or value == "":
        return NONE
    amount = Decimal(str(value))
    if places is not None:
        amount = round(amount, int(places))
    elif amount != amount.to_integral_value():
        amount = amount.normalize()
    else:
        amount = amount.to_integral_value()
    text = number_format(abs(amount), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if amount < 0 else str(text)


def size(value: Any) -> str:
    """Bytes as a file's size to one decimal, in thousands: 1029325 → "1.0 MB". Nothing → "–"."""
    if value is None or value == "":
        return NONE
    amount, unit = Decimal(str(value)), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if round(amount, 1 if unit != "B" else 0) < THOUSAND:
            break
        amount, unit = amount / THOUSAND, larger
    return f"{number(amount, 0 if unit == 'B' else 1)}{SPACE}{unit}"


def signed(value: Any, places: Any = None) -> str:
    """41 → "+41", -12 → "−12" with a true minus, 0 → "0"; `places` as of `number`."""
    if value is None or value == "":
        return NONE
    text = number(value, places)
    return f"+{text}" if Decimal(str(value)) > 0 else text


def percent_of(part: Any, whole: Any) -> str:
    """The share of `part` in `whole` to one decimal: "9.3 %". Nothing of nothing → "–".

    A share that is not none never reads 0.0, and one that is not all never reads 100.0.
    """
    if part is None or not whole:
        return NONE
    share = Decimal(str(part)) * 100 / Decimal(str(whole))
    tenth = Decimal("0.1")
    if 0 < share < tenth:
        return f"<{number(tenth, 1)}{SPACE}%"
    if Decimal("99.9") < share < 100:
        return f">{number(Decimal('99.9'), 1)}{SPACE}%"
    places = 0 if share in (0, 100) else 1
    return f"{number(share.quantize(tenth) if places else share.quantize(Decimal(1), ROUND_DOWN), places)}{SPACE}%"


def money(value: Any, currency: str) -> str:
    """An amount with its currency: "1,234.50 PLN"; more than two decimals only where there are more."""
    if value is None or value == "":
        return NONE
    amount = Decimal(str(value))
    exact = amount.normalize()
    places = max(2, -int(exact.as_tuple().exponent)) if exact else 2
    return f"{number(amount, places)}{SPACE}{currency}"
