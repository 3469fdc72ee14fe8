"""Rows of orders: those that follow each other with the same number are the lines of one order.

An order's number is its name: the same file again changes nothing, because an order that is there as the file has it is
left alone. Rows of an order that stand apart would each take the others' lines away: all of them are refused.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from activities.services import record_orders_partly
from activities.services.batches import SOURCE, source_row
from activities.services.errors import Complaints
from activities.services.order_items import read_orders
from activities.services.orders import SOURCED
from activities.services.values import moment
from imports.plans import Plan
from imports.rows.base import Doer, Result, Row, Values, below
from imports.rows.facts import FactRows, refuse, without_empty

NUMBER = "external_id"
THERE = f"""
SELECT o.external_id, o.contact_id, o.at, o.total, o.currency, o.status, ARRAY[{SOURCED}]::text[],
    (SELECT json_agg(json_build_array(product, name, category, brand, quantity::text, price::text, amount::text)
                     ORDER BY position) FROM activities_orderline l WHERE l.order_id = o.id)
FROM activities_order o WHERE o.external_id = ANY (%s)
"""  # noqa: S608 (our own names)


class OrderRows(FactRows):
    """A row is an order, or a line of one."""

    def __init__(self, plan: Plan, doer: Doer) -> None:
        super().__init__(plan, doer)
        self.place = plan.columns.index(NUMBER)
        # Whether the rows of an order stand apart in the file: told by who has read the whole of it.
        self.stands_apart: Callable[[str], bool] = lambda _number: False

    def number(self, row: Row) -> str:
        return row.cells[self.place].strip() if self.place < len(row.cells) else ""

    def together(self, one: Row, other: Row) -> bool:
        return self.number(one) == self.number(other) != ""

    def write(self, rows: Sequence[Row]) -> list[Result]:
        read = self.read(rows)
        groups: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            groups.setdefault(self.number(row) or f"\0{place}", []).append(place)
        results = {place: Result("rejected", each.given.get("contact"), each.errors) for place, each in enumerate(read)}
        orders: dict[str, dict[str, Any]] = {}
        for number, group in groups.items():
            order, errors = self.order(number, [read[place] for place in group])
            if not errors:
                orders[number] = order
            for place in group:
                results[place].errors = results[place].errors or errors
                results[place].goes_on = place != group[0]
        self.record(orders, groups, results)
        return [results[place] for place in range(len(rows))]

    def order(self, number: str, group: Sequence[Values]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """One order of its rows: what is the order's own is said once, or everywhere alike.

        Or what is wrong with it: an order is not written with some of its lines.
        """
        if any(values.errors for values in group):
            return {}, [("", _("Another row of this order is wrong."))]
        if self.stands_apart(number):
            text = _("The rows of this order do not stand together, or are too many: sort the file by the number.")
            return {}, [(NUMBER, text)]
        order: dict[str, Any] = {}
        lines = []
        for values in group:
            given = without_empty(values.given)
            if line := below(given, "lines."):
                lines.append(line)
            for name, value in given.items():
                if not name.startswith(("lines.", "contact.")) and not alike(order.setdefault(name, value), value):
                    field = self.whose if name == "contact" else name
                    return {}, [(field, _("The rows of this order say different things here."))]
        if "contact" in order:
            order["contact"] = {"id": order["contact"]}
        return order | ({"lines": lines} if lines else {}), []

    def record(
        self, orders: dict[str, dict[str, Any]], places: dict[str, list[int]], results: dict[int, Result]
    ) -> None:
        """Writes those that are new or differ from what is there, as far as the plan wants them."""
        statuses = self.compared(orders)
        wanted = [number for number, status in statuses.items() if status == ""]
        done = record_orders_partly(
            [orders[number] for number in wanted],
            account=self.doer.account,
            now=self.doer.now,
            sight=self.mask,
        )
        for number, status in zip(wanted, done.statuses, strict=True):
            statuses[number] = status
        for number, status in statuses.items():
            for place in places[number]:
                results[place].status = status
                results[place].errors = self.reasons(status)
        for error in done.errors:
            if error.item is not None:
                group = places[wanted[error.item]]
                for place in group:
                    refuse(results, place, error)

    def reasons(self, status: str) -> list[tuple[str, str]]:
        if status != "skipped":
            return []
        if self.plan.mode == "create":
            return [(NUMBER, _("There is such an order already."))]
        return [(NUMBER, _("There is no such order."))]

    def compared(self, orders: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Of each order "unchanged" or "skipped"; "" of those that are to be written."""
        complaints = Complaints(partial=True)
        zone, now = self.doer.account.zone, self.doer.now
        batch = read_orders(list(orders.values()), moment_of=partial(moment, now=now, zone=zone), complaints=complaints)
        with connection.cursor() as cursor:
            cursor.execute(THERE, [[item["external_id"] for item in batch if item.get("external_id")]])
            there = {row[0]: row[1:] for row in cursor.fetchall()}
        found = {}
        for place, (number, item) in enumerate(zip(orders, batch, strict=True)):
            row = there.get(item.get("external_id"))
            if row is not None and self.mask is not None and row[0] not in self.mask:
                row = None  # somebody else's, of which nothing is told: the service refuses the number
                found[number] = ""
            elif self.plan.mode == ("create" if row else "update"):
                found[number] = "skipped"
            else:
                found[number] = "unchanged" if row and place not in complaints.wrong and same(item, row) else ""
        return found


def alike(one: Any, other: Any) -> bool:
    """Whether two cells say the same; "30" and "30.00" do."""
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except (InvalidOperation, TypeError):
        return False


def same(item: dict[str, Any], row: tuple[Any, ...]) -> bool:
    """Whether the order is there as it was given; what was left out stays as it is."""
    contact, at, total, currency, status, sourced, lines = row
    if (item["contact"][1], item["at"], item["total"]) != (contact, at, total):
        return False
    if item.get("currency") not in (None, currency) or item.get("status") not in (None, status):
        return False
    if any(item.get(name) for name in SOURCE) and list(source_row(item)) != sourced:
        return False
    return "lines" not in item or [line_of(line) for line in item["lines"]] == [kept(line) for line in lines or []]


def line_of(line: dict[str, Any]) -> tuple[Any, ...]:
    texts = (line.get(name, "") for name in ("product", "name", "category", "brand"))
    return *texts, line["quantity"], line["price"], line["amount"]


def kept(line: Sequence[Any]) -> tuple[Any, ...]:
    return *line[:4], *map(Decimal, line[4:])
