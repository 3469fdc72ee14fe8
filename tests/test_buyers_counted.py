"""Buyers counted: every number of the pages is what pandas works out from the rows of the orders (ED14)."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any

import pandas as pd
import pytest
from django.core.cache import cache
from pyroaring import BitMap

from activities.models import Order
from contacts.models import Contact
from insights.buyers import moving, spenders, taking, telling
from insights.buyers.counting import STEPS, Some
from insights.buyers.taking import Taken, TakenSpending
from tests import factories
from tests.factories import NOW
from tests.support.asking import WARSAW

pytestmark = pytest.mark.django_db
TODAY = NOW.astimezone(WARSAW).date()
BEGIN = datetime.combine(TODAY - timedelta(days=29), time(), WARSAW)  # of the last 30 days
DECIDED = {
    5: "new potential_loyalists potential_loyalists champions champions",
    4: "promising potential_loyalists potential_loyalists loyal champions",
    3: "promising need_attention need_attention loyal loyal",
    2: "hibernating hibernating at_risk at_risk cant_lose_them",
    1: "lost lost at_risk cant_lose_them cant_lose_them",
}
Bought = list[tuple[int, float, str, str]]  # who, how many days ago, total, status


# --- what pandas says --------------------------------------------------------------------------------------------
class Shop:
    """The buyers by the orders before an instant, among all; of them those of `mask` are counted."""

    def __init__(self, last: datetime, *, mask: set[int] | None = None) -> None:
        rows = Order.objects.values("contact_id", "at", "total", "status", "currency")
        orders = pd.DataFrame(list(rows), columns=["contact_id", "at", "total", "status", "currency"])
        counted = orders[~orders.status.isin(["cancelled", "refunded"])]
        counted = counted[pd.Series([at <= last for at in counted["at"]], index=counted.index, dtype=bool)]
        by = counted.groupby("contact_id")
        every = pd.DataFrame({"last": by["at"].max(), "orders": by["at"].size(), "spent": by["total"].sum()})
        self.ends = {
            "recency": [at_rank(every["last"], n) for n in (20, 40, 60, 80)],
            "frequency": [at_rank(every["orders"], n) for n in (20, 40, 60, 80)],
            "monetary": [at_rank(every["spent"], n) for n in (20, 40, 60, 80)],
            "bands": [at_rank(every["spent"], n) for n in (80, 99)],
            "frequent": [at_rank(every["orders"], 75)],
        }
        for score, column in (("recency", "last"), ("frequency", "orders"), ("monetary", "spent")):
            every[score] = [1 + sum(value > end for end in self.ends[score]) for value in every[column]]
        every["both"] = [ceil((often + much) / 2) for often, much in zip(every.frequency, every.monetary, strict=True)]
        every["group"] = [DECIDED[r].split()[c - 1] for r, c in zip(every.recency, every.both, strict=True)]
        self.all = every
        self.seen = every if mask is None else every[every.index.isin(mask)]
        self.orders = orders if mask is None else orders[orders.contact_id.isin(mask)]

    def some(self, chosen: Any) -> Some:
        part = self.seen[chosen]
        return Some(len(part), int(part.orders.sum()), int(sum(part.spent, Decimal(0)) * 10_000))


def at_rank(values: Any, percent: int) -> Any:
    return values.sort_values().iloc[ceil(len(values) * percent / 100) - 1] if len(values) else None


# --- what there is to count --------------------------------------------------------------------------------------
def random_shop(seed: int) -> Bought:
    random = Random(seed)
    statuses = ["paid", "completed", "new", "cancelled", "refunded"]
    return [
        (
            random.randrange(40) // random.randint(1, 4),
            random.choice([random.uniform(-3, 60), random.uniform(0, 700), 29, 30]),
            random.choice(["10", "10", "99.99", "0.0001", str(random.randint(0, 5000))]),
            random.choice(statuses),
        )
        for _ in range(140)
    ]


SHOPS: dict[str, Bought] = {
    "no orders": [],
    "one buyer": [(0, 3, "12.50", "paid")],
    "one buyer of before": [(0, 40, "12.50", "paid")],
    "all equal": [(who, 10, "50", "paid") for who in range(12)],
    "all equal but one": [*((who, 40, "50", "paid") for who in range(12)), (13, 1, "50", "paid")],
    "ties": [(who, [5, 5, 5, 45, 45, 300][who % 6], ["10", "10", "20"][who % 3], "paid") for who in range(30)],
    "nothing counts": [(0, 3, "10", "refunded"), (1, 3, "10", "cancelled"), (2, -1, "10", "paid")],
    "dated ahead": [(0, -1, "10", "paid"), (0, 40, "10", "paid"), (1, -2, "99", "paid"), (2, 1, "5", "paid")],
    "beyond 64 bits": [(who, 40 + n, "99999999999999.9999", "paid") for who in range(3) for n in range(4 + who)],
    "negative": [(0, 3, "-10", "paid"), (1, 3, "-5", "paid"), (2, 3, "20", "paid")],
    **{f"random {seed}": random_shop(seed) for seed in range(4)},
}


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture(params=list(SHOPS))
def shop(request: Any, account: Any) -> list[Contact]:
    people = [factories.contact() for _ in range(42)]
    Order.objects.bulk_create(
        Order(
            contact=people[who], at=NOW - timedelta(days=days), total=Decimal(total), status=status,
            currency="EUR" if who % 7 == 6 else "PLN",
        )
        for who, days, total, status in SHOPS[request.param]
    )  # fmt: skip
    return people


def asked(mask: set[int] | None) -> dict[str, Any]:
    return {"now": NOW, "zone": WARSAW, "mask": None if mask is None else BitMap(mask)}


@pytest.mark.parametrize("part", [False, True], ids=["all", "part"])
def test_rfm_is_what_pandas_makes_of_the_orders(shop: list[Contact], part: bool) -> None:
    mask = {person.pk for person in shop[::2]} if part else None
    now, then = Shop(NOW, mask=mask), Shop(BEGIN - timedelta(microseconds=1), mask=mask)
    of = taking.taken(**asked(mask))
    assert (of.at, of.then, of.currency) == (NOW, TODAY - timedelta(days=30), "PLN")
    assert of.everyone == (21 if part else 42)
    for by in ("both", "frequency", "monetary"):
        found = telling.told(of, by=by, today=TODAY)
        assert found.everybody == now.some(now.seen.recency > 0)
        for row in found.cells:
            for cell in row:
                here = (now.seen.recency == cell.recency) & (now.seen[by] == cell.column)
                assert cell.some == now.some(here)
                if cell.some.buyers:
                    assert set(cell.groups) == set(now.seen[here].group)
                    assert cell.group in now.seen[here].group.mode().tolist()
    for each in found.groups:
        own = now.seen[now.seen.group == each.name]
        assert each.some == now.some(now.seen.group == each.name)
        assert each.change == len(own) - int((then.seen.group == each.name).sum())
        last = sorted(own["last"])[len(own) // 2] if len(own) else None
        assert each.days == (None if last is None else (NOW - last).days)
        assert (each.each is None) == own.empty
        assert own.empty or each.each * len(own) == sum(own.spent, Decimal(0))
    before = dict(then.seen.group)
    moves = Counter((group, before.get(contact, "none")) for contact, group in now.seen.group.items())
    assert_moves(of, moves)
    for _label, rows in found.scores:
        for row in rows:
            assert row.count == int((now.seen[row.name] == row.score).sum())
            ends = now.ends[row.name] if len(now.all) and not part else [None] * 4
            assert row.above == (ends[row.score - 2] if row.score > 1 else None)
            assert row.upto == (ends[row.score - 1] if row.score < 5 else None)


def assert_moves(of: Taken, moves: Counter[tuple[str, str]]) -> None:
    """`moves`: by (now, then)."""
    groups = list(telling.GROUPS)
    for place, before in enumerate([*groups, "none"]):
        for at, after in enumerate(groups):
            assert of.ranked.moved[place][at] == moves[after, before], (before, after)
    assert moving.stayed(of) == sum(n for (after, before), n in moves.items() if after == before)
    assert moving.came(of) == sum(n for (_after, before), n in moves.items() if before == "none")
    assert moving.stayed(of) + moving.came(of) + moving.changed(of) == of.ranked.everybody.buyers


@pytest.mark.parametrize("part", [False, True], ids=["all", "part"])
def test_spenders_are_what_pandas_makes_of_the_orders(shop: list[Contact], part: bool) -> None:
    mask = {person.pk for person in shop[::2]} if part else None
    now = Shop(NOW, mask=mask)
    seen, bands = now.seen, now.ends["bands"]
    of = taking.taken_spending(**asked(mask))
    found = spenders.told(of, today=TODAY)
    some = {row.name: row.some for row in [*found.bands, *found.kinds]}
    if len(now.all):
        assert some["big"] == now.some(seen.spent > bands[1])
        assert some["medium"] == now.some((seen.spent > bands[0]) & (seen.spent <= bands[1]))
        assert some["low"] == now.some(seen.spent <= bands[0])
        assert some["frequent"] == now.some(seen.orders > now.ends["frequent"][0])
        assert some["returning"] == now.some(seen.orders > 1)
        assert some["one_time"] == now.some(seen.orders == 1)
        told = {row.name: (row.above, row.upto) for row in found.bands}
        assert told == {"big": (bands[1], None), "medium": tuple(bands), "low": (None, bands[0])} or part
        assert not part or set(told.values()) == {(None, None)}
    else:
        assert not any(each.buyers for each in some.values())
    assert found.none.some.buyers == of.everyone - len(seen)
    assert_line(of, sorted(seen.spent, reverse=True))
    assert_outside(of, now.orders)


def assert_line(of: TakenSpending, spent: list[Decimal]) -> None:
    line = [sum(spent[: ceil(len(spent) * step / 100)], Decimal(0)) * 10_000 for step in STEPS]
    assert list(of.spending.line) == (line if spent else [])


def assert_outside(of: TakenSpending, orders: Any) -> None:
    for status in ("cancelled", "refunded"):
        own = orders[orders.status == status]
        expected = Some(0, len(own), int(sum(own.total, Decimal(0)) * 10_000))
        assert getattr(of.outside, status) == expected
    counted = orders[~orders.status.isin(["cancelled", "refunded"])]
    late = pd.Series([at > NOW for at in counted["at"]], index=counted.index, dtype=bool)
    assert of.outside.ahead.orders == late.sum()
    foreign = counted[~late & (counted.currency != "PLN")]
    assert [(one.currency, one.orders, one.revenue) for one in of.outside.foreign] == (
        [("EUR", len(foreign), sum(foreign.total, Decimal(0)))] if len(foreign) else []
    )


# --- kept, and right at every read -------------------------------------------------------------------------------
def test_an_order_dated_ahead_counts_from_its_moment_on_though_nothing_is_written(account: Any) -> None:
    buyer, other = factories.contact(), factories.contact()
    factories.order(buyer, total=5, at=NOW - timedelta(days=2))
    factories.order(other, total=70, at=NOW + timedelta(hours=1))
    assert taking.taken(**asked(None)).ranked.everybody == Some(1, 1, 50_000)
    later = asked(None) | {"now": NOW + timedelta(hours=1)}
    assert taking.taken(**later).ranked.everybody == Some(2, 2, 750_000)
    assert taking.taken_spending(**later).spending.everybody.buyers == 2
    assert taking.taken(**asked(None)).ranked.everybody == Some(1, 1, 50_000)


def test_movement_begins_at_midnight_of_the_accounts_zone(account: Any) -> None:
    """By the clock of Warsaw the first of the last 30 days began at 23:00 by that of Greenwich."""
    before, after = factories.contact(), factories.contact()
    factories.order(before, total=5, at=BEGIN - timedelta(microseconds=1))
    factories.order(after, total=5, at=BEGIN)
    of = taking.taken(**asked(None))
    assert (moving.came(of), moving.came(of) + moving.stayed(of) + moving.changed(of)) == (1, 2)


def test_kept_numbers_are_of_this_set_of_contacts_alone(account: Any) -> None:
    people = [factories.contact() for _ in range(3)]
    for person in people:
        factories.order(person, total=5, at=NOW)
    seen = [taking.taken(**asked(mask)) for mask in (None, {people[0].pk}, {people[1].pk, people[2].pk}, set())]
    assert [of.ranked.everybody.buyers for of in seen] == [3, 1, 2, 0]
    assert replace(seen[0], at=NOW) == taking.taken(**asked(None))
