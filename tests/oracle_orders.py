"""The oracle's part about what contacts bought: orders, lines, RFM, spenders."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

ORDER = {
    "channel": "choice",
    "utm_source": "text",
    "utm_campaign": "text",
    "status": "choice",
    "currency": "text",
    "total": "number",
}
LINE = {
    "product": "text",
    "name": "text",
    "category": "text",
    "brand": "text",
    "price": "number",
    "status": "choice",
}
RFM = """
    5: new potential_loyalists potential_loyalists champions champions
    4: promising potential_loyalists potential_loyalists loyal champions
    3: promising need_attention need_attention loyal loyal
    2: hibernating hibernating at_risk at_risk cant_lose_them
    1: lost lost at_risk cant_lose_them cant_lose_them
"""


@dataclass
class Bought:
    """One order. `values`: what else is asked of it. A line: its columns."""

    at: datetime
    total: Decimal
    status: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)


class OrdersOracle:
    """Mixed into `tests.oracle.World`, whose `now`, `zone`, `inside` and `compare` it uses."""

    def holds_order(self: Any, c: Any, person: Any) -> bool:
        def fits(order: Bought) -> bool:
            told = {**order.values, "status": order.status, "total": order.total}
            return bool(self.all_hold(c, ORDER, told))

        orders = sorted(self.looked_at(c, person), key=lambda order: order.at)  # stable: later in the list stays later
        pick = c.get("pick", "any")
        if pick == "first":
            orders = orders[:1]
        if pick == "last":
            orders = orders[-1:]
        inside = [order for order in orders if self.inside(order.at, c.get("within"))]
        chosen = [order for order in inside if fits(order)]
        if pick != "any" and not chosen:
            return False
        if pick == "only" and len(chosen) < len(inside):
            return False
        totals = [Fraction(order.total) for order in chosen]
        if c["measure"] == "count":
            return bool(self.fraction_holds(Fraction(len(totals)), c["op"], c["value"]))
        if c["measure"] == "sum":
            return bool(self.fraction_holds(sum(totals, Fraction(0)), c["op"], c["value"]))
        if not totals:
            return c["op"] in ("ne", "not_in")
        measured = {"avg": sum(totals) / len(totals), "max": max(totals), "min": min(totals)}[c["measure"]]
        return bool(self.fraction_holds(measured, c["op"], c["value"]))

    def holds_purchase(self: Any, c: Any, person: Any) -> bool:
        orders = [order for order in self.looked_at(c, person) if self.inside(order.at, c.get("within"))]
        number = Fraction(0)
        for order in orders:
            lines = [line for line in order.lines if self.all_hold(c, LINE, {**line, "status": order.status})]
            if c["measure"] == "orders":
                number += 1 if lines else 0
            else:
                number += sum(Fraction(line[c["measure"]]) for line in lines)
        return bool(self.fraction_holds(number, c["op"], c["value"]))

    def holds_order_date(self: Any, c: Any, person: Any) -> bool:
        moments = sorted(order.at for order in person.orders if counts(order))
        moment = None
        if moments:
            moment = moments[0] if c["which"] == "first" else moments[-1]
        return bool(self.compare("datetime", moment, c["op"], c.get("value")))

    def holds_rfm(self: Any, c: Any, person: Any) -> bool:
        scores = self.rfm_scores().get(person.id)
        if "groups" in c:
            return scores is not None and rfm_group(*scores) in c["groups"]
        asked = [(name, place) for place, name in enumerate(("recency", "frequency", "monetary")) if name in c]
        for name, place in asked:
            score = None if scores is None else scores[place]
            if not self.compare("number", score, c[name]["op"], c[name]["value"]):
                return False
        return True

    def holds_spender(self: Any, c: Any, person: Any) -> bool:
        numbers = {one.id: self.bought(one) for one in self.people}
        mine = numbers[person.id]
        buyers = [orders for orders in numbers.values() if orders]
        if c.get("buyer") == "none":
            return not mine
        if not mine:
            return False
        if "buyer" in c:
            often = sorted(len(orders) for orders in buyers)
            frequent = len(mine) > at_rank(often, Fraction(75, 100))
            return {"frequent": frequent, "one_time": len(mine) == 1, "returning": len(mine) >= 2}[c["buyer"]]
        spent = sorted(total_of(orders) for orders in buyers)
        medium, big = at_rank(spent, Fraction(80, 100)), at_rank(spent, Fraction(99, 100))
        amount = total_of(mine)
        band = "big" if amount > big else "medium" if amount > medium else "low"
        return bool(band == c["band"])

    # --- pieces ---------------------------------------------------------------------------------------------------
    def looked_at(self: Any, c: Any, person: Any) -> list[Bought]:
        asks = any(one["param"] == "status" for one in c.get("where", []))
        return [order for order in person.orders if asks or counts(order)]

    def all_hold(self: Any, c: Any, types: dict[str, str], told: dict[str, Any]) -> bool:
        return all(
            self.compare(types[one["param"]], told.get(one["param"]) or None, one["op"], one.get("value"))
            if types[one["param"]] != "number"
            else self.compare("number", told[one["param"]], one["op"], one.get("value"))
            for one in c.get("where", [])
        )

    def fraction_holds(self: Any, number: Fraction, op: str, wanted: Any) -> bool:
        def exact(value: Any) -> Fraction:
            return Fraction(str(value))

        if op == "between":
            return exact(wanted["from"]) <= number <= exact(wanted["to"])
        if op in ("in", "not_in"):
            return (number in [exact(one) for one in wanted]) == (op == "in")
        bound = exact(wanted)
        return {
            "eq": number == bound,
            "ne": number != bound,
            "lt": number < bound,
            "lte": number <= bound,
            "gt": number > bound,
            "gte": number >= bound,
        }[op]

    def bought(self: Any, person: Any) -> list[Bought]:
        """The orders that make somebody a buyer."""
        return [order for order in person.orders if counts(order) and order.at <= self.now]

    def rfm_scores(self: Any) -> dict[int, tuple[int, int, int]]:
        """Everybody's, worked out once for an instant."""
        kept = self.__dict__.setdefault("kept_scores", {})
        if self.now not in kept:
            kept[self.now] = self.scored_now()
        scores: dict[int, tuple[int, int, int]] = kept[self.now]
        return scores

    def scored_now(self: Any) -> dict[int, tuple[int, int, int]]:
        told = {}
        for person in self.people:
            if orders := self.bought(person):
                told[person.id] = (max(order.at for order in orders), len(orders), total_of(orders))
        scores: dict[int, tuple[int, int, int]] = {}
        columns = [sorted(each[place] for each in told.values()) for place in range(3)]
        for one, measures in told.items():
            found = []
            for mine, values in zip(measures, columns, strict=True):
                found.append(1 + sum(mine > at_rank(values, Fraction(k, 5)) for k in (1, 2, 3, 4)))
            scores[one] = (found[0], found[1], found[2])
        return scores


def counts(order: Bought) -> bool:
    return order.status not in ("cancelled", "refunded")


def total_of(orders: list[Bought]) -> Decimal:
    return sum((order.total for order in orders), Decimal(0))


def at_rank(values: list[Any], share: Fraction) -> Any:
    """The value at rank ceil(share · n), counted from 1."""
    rank = 0
    while Fraction(rank) < share * len(values):
        rank += 1
    return values[rank - 1]


def rfm_group(recency: int, frequency: int, monetary: int) -> str:
    rows = dict(line.strip().split(": ") for line in RFM.strip().splitlines())
    return rows[str(recency)].split()[(frequency + monetary + 1) // 2 - 1]
