"""Reading the items of a batch of orders."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import validate_currency
from activities.models import OrderStatus
from activities.services.batches import CONTACT, SOURCE, Complain, Fields, read_batch, read_one
from activities.services.errors import Complaints
from activities.services.values import decimal, money, not_negative, required, text
from contacts import normalising

MOST_LINES = 1000
PLACES = Decimal("0.0001")
ENOUGH = Context(prec=40, rounding=ROUND_HALF_UP)  # 32 digits of the largest price times the largest quantity


def read_orders(items: Any, *, moment_of: Callable[[Any], datetime], complaints: Complaints) -> list[dict[str, Any]]:
    """The orders of a batch, cleaned, their lines complete."""
    fields: Fields = {
        "contact": CONTACT,
        "at": moment_of,
        "total": total,
        "external_id": partial(text, longest=120),
        "currency": currency,
        "status": status,
        "lines": lambda raw: raw,
        **SOURCE,
    }
    batch = read_batch(items, fields, ("contact", "at", "total"), complaints)
    for number, item in enumerate(batch):
        if "lines" in item:
            item["lines"] = read_lines(item["lines"], partial(complaints.add, number))
    refuse_twins(batch, complaints)
    return batch


def total(raw: Any) -> Decimal:
    value = money(raw)
    not_negative(value)
    return value


def currency(raw: Any) -> str | None:
    code = text(raw, longest=20).upper()
    if code:
        validate_currency(code)
    return code or None


def status(raw: Any) -> str | None:
    if raw == "":
        return None
    if not isinstance(raw, str) or raw not in OrderStatus.values:
        raise ValidationError(
            _("“%(given)s” is not one of the options: %(options)s."),
            code="not_option",
            params={"given": normalising.quoted(raw), "options": ", ".join(OrderStatus.values)},
        )
    return raw


def quantity(raw: Any) -> Decimal:
    value = decimal(raw, places=3, digits=11)
    if value <= 0:
        raise ValidationError(_("A quantity is more than 0."), code="negative")
    return value


LINE: Fields = {
    "product": required(partial(text, longest=200)),
    "name": partial(text, longest=300),
    "category": partial(text, longest=300),
    "brand": partial(text, longest=200),
    "quantity": quantity,
    "price": money,
    "amount": money,
}


def read_lines(raw: Any, complain: Complain) -> list[dict[str, Any]]:
    """The lines of one order, each with quantity, price and amount."""
    if not isinstance(raw, list | tuple):
        complain("lines", ValidationError(_("Give a list."), code="not_list"))
        return []
    if len(raw) > MOST_LINES:
        complain("lines", ValidationError(_("At most %(most)s lines.") % {"most": MOST_LINES}, code="too_many"))
        return []
    return [completed(line, below(complain, f"lines[{position}]")) for position, line in enumerate(raw)]


def below(complain: Complain, path: str) -> Complain:
    return lambda field, problem: complain(f"{path}.{field}" if field else path, problem)


def completed(raw: Any, complain: Complain) -> dict[str, Any]:
    """A line with what follows from the rest: an amount is price × quantity, a price amount ÷ quantity, to 0.0001."""
    line = read_one(raw, LINE, ("product",), complain)
    pieces = line.setdefault("quantity", Decimal(1))
    if isinstance(raw, dict) and raw.get("price") is None and raw.get("amount") is None:
        complain("amount", ValidationError(_("Give the amount or the price."), code="required"))
    try:
        if "amount" not in line and "price" in line:
            line["amount"] = money(ENOUGH.quantize(ENOUGH.multiply(line["price"], pieces), PLACES))
        elif "price" not in line and "amount" in line:
            line["price"] = money(ENOUGH.quantize(ENOUGH.divide(line["amount"], pieces), PLACES))
    except ValidationError as error:
        complain("amount", error)
    return line


def refuse_twins(batch: Sequence[dict[str, Any]], complaints: Complaints) -> None:
    """Which of two orders with one number is meant to stay cannot be known."""
    seen: dict[str, int] = {}
    for number, item in enumerate(batch):
        name = item.get("external_id")
        if name and name in seen:
            problem = _("Item %(first)s has the same number.") % {"first": seen[name]}
            complaints.add(number, "external_id", problem, "twice")
        elif name:
            seen[name] = number
