"""What customers do and buy, drawn and written a chunk at a time: memory grows by the contacts alone."""

from collections.abc import Callable
from datetime import datetime

import numpy as np

from accounts.models import Account
from activities.models import ActivityType, OrderStatus, Product
from demo.calendar import DAY_S, moments_text
from demo.campaigns import campaigns
from demo.catalogue import PRICES, PRODUCTS, zloty
from demo.conduct import Traits, numbers, shared
from demo.loading import bare, copy_packed, copy_text, packed
from demo.mailing import Batch, Mailing
from demo.parameters import forms
from demo.sessions import TYPES, Activities, Orders, Sessions, Visits
from demo.sources import Sources
from demo.writing import one

Say = Callable[[str], object]
CHUNK = 200_000  # rows, more or less
MAILS = 0.36  # of all activities come from campaigns, if enough people agreed
VISITS = 0.2  # so many visits as activities
TABLES = ("activities_activity", "activities_visit", "activities_order", "activities_orderline")
SOURCED = (
    *("channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    *("referrer", "landing_url"),
)
VISIT = ("id", "contact_id", "at", *SOURCED)
ORDER = ("id", "contact_id", "at", "external_id", "total", "currency", "status", *SOURCED)
LINE = ("order_id", "position", "product", "name", "category", "brand", "quantity", "price", "amount")
UNSOURCED = "direct\t\t\t\t\t\t\t"
# Statuses by the age of an order in days, and their chances.
STATUSES = tuple(status.value for status in OrderStatus)
AGES = np.array([1, 4, 8])
CHANCES_OF_STATUSES = np.array([
    (0.55, 0.42, 0.00, 0.00, 0.03, 0.00), (0.05, 0.35, 0.54, 0.02, 0.04, 0.00),
    (0.01, 0.04, 0.60, 0.31, 0.04, 0.00), (0.00, 0.01, 0.00, 0.905, 0.045, 0.04),
])  # fmt: skip
DELIVERIES = np.array([0, 1199, 1499, 1699])  # grosze; the first: to the shop
FREE_FROM = 19_900
FOREIGN = 0.02  # of orders are paid in euro


class Facts:
    """Writes all activities, visits and orders of an account that has none. In one transaction with the contacts."""

    def __init__(
        self,
        people: Traits,
        *,
        account: Account,
        first_id: int,
        activities: int,
        orders: int,
        seed: int,
        now: datetime,
        say: Say,
    ) -> None:
        self.people, self.first_id, self.seed, self.say = people, first_id, seed, say
        self.now, self.zone, self.currency = now, account.zone, account.currency
        self.until, self.total = int(now.timestamp()), activities
        visits = max(round(activities * VISITS), min(activities, 1))
        rng = np.random.default_rng([seed, 5])
        self.numbers = numbers(rng, people, visits=visits, orders=orders, now=self.until)
        self.those = campaigns(now, account.zone)
        self.sources = Sources(self.those)
        self.forms = forms(self.those)
        self.types = dict(ActivityType.objects.values_list("key", "id"))
        self.written = dict.fromkeys(("activity", "visit", "order"), 0)

    def write(self) -> None:
        with bare(TABLES):
            self.write_mails()
            self.write_sessions()
            self.say("Indexing …")
        for table, count in zip(TABLES, self.written.values(), strict=False):
            if count:
                one("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", table, count)
        if self.written["order"]:
            Product.objects.bulk_create([
                Product(key=each.key, name=each.name, category=each.category, brand=each.brand, updated_at=self.now)
                for each in PRODUCTS
            ])  # fmt: skip

    # --- e-mail and text messages --------------------------------------------------------------------------------
    def write_mails(self) -> None:
        room = self.total - int(self.numbers.visits.sum())  # each visit has an activity at least
        mailing = Mailing(
            seed=self.seed,
            people=self.people,
            numbers=self.numbers,
            those=self.those,
            now=self.until,
            rows=round(self.total * MAILS),
        )
        for batch in mailing.batches():
            for start in range(0, len(batch.contact), CHUNK):
                part = slice(start, min(start + CHUNK, start + room - self.written["activity"]))
                those = batch.part(part)
                if len(those.contact):
                    copy_packed([self.packed(those, self.ids("activity", len(those.contact)))])
        self.say(f"{self.written['activity']:,} of {self.total:,} activities")

    def packed(self, batch: Batch, ids: np.ndarray) -> bytes:
        return packed(
            self.types[batch.type],
            ids=ids,
            contacts=batch.contact + self.first_id,
            at=batch.at,
            forms=self.forms[batch.type],
            form=batch.form,
        )

    def ids(self, kind: str, count: int) -> np.ndarray:
        first = self.written[kind] + 1
        self.written[kind] += count
        return np.arange(first, first + count)

    # --- visits, what is done in them, orders --------------------------------------------------------------------
    def write_sessions(self) -> None:
        rest = self.total - self.written["activity"]
        sessions = Sessions(
            seed=self.seed,
            people=self.people,
            numbers=self.numbers,
            sources=self.sources,
            now=self.now,
            zone=self.zone,
            activities=rest,
        )
        visits = self.numbers.visits
        rows = np.cumsum(self.numbers.row_count(1 + rest / max(int(visits.sum()), 1)))
        ends = [*np.searchsorted(rows, np.arange(CHUNK, rows[-1], CHUNK)).tolist(), self.people.size]
        firsts = [0, *ends[:-1]]
        per_chunk = np.array([visits[first:last].sum() for first, last in zip(firsts, ends, strict=True)])
        extra = shared(np.random.default_rng([self.seed, 6]), per_chunk, sessions.extra)
        for place, (first, last) in enumerate(zip(firsts, ends, strict=True)):
            if first < last:
                self.write_chunk(*sessions.draw(first, last, extra=int(extra[place])))
            if (place + 1) % 10 == 0 or last == self.people.size:
                self.say(f"{self.written['activity']:,} of {self.total:,} activities, {self.written['order']:,} orders")

    def write_chunk(self, visits: Visits, orders: Orders, activities: Activities) -> None:
        self.write_activities(activities)
        ids, at = self.ids("visit", len(visits.at)).tolist(), moments_text(visits.at)
        contacts = (visits.contact + self.first_id).tolist()
        sourced = [
            self.sources.row(form, landing)
            for form, landing in zip(visits.form.tolist(), visits.landing.tolist(), strict=True)
        ]
        copy_text("activities_visit", VISIT, [
            f"{pk}\t{contact}\t{moment}\t{source}"
            for pk, contact, moment, source in zip(ids, contacts, at, sourced, strict=True)
        ])  # fmt: skip
        self.write_orders(orders, [*sourced, UNSOURCED])

    def write_activities(self, activities: Activities) -> None:
        ids = self.ids("activity", len(activities.at))
        parts = []
        for place, name in enumerate(TYPES):
            those = np.flatnonzero(activities.type == place)
            parts.append(
                self.packed(Batch(name, activities.contact, activities.at, activities.form).part(those), ids[those])
            )
        copy_packed(parts)

    def write_orders(self, orders: Orders, sourced: list[str]) -> None:
        """`sourced`: of each visit its source; the last one is that of orders without a visit."""
        size = len(orders.at)
        if not size:
            return
        ids = self.ids("order", size)
        rng = np.random.default_rng([self.seed, int(ids[0]), 7])
        price = PRICES[orders.product]
        amount = price * orders.quantity
        total = np.add.reduceat(amount, orders.first)
        delivery = DELIVERIES[rng.choice(len(DELIVERIES), size=size, p=[0.35, 0.30, 0.25, 0.10])]
        total = total + np.where(total < FREE_FROM, delivery, 0)
        status = drawn_statuses(rng, (self.until - orders.at) / DAY_S)
        foreign = (rng.random(size) < FOREIGN).tolist()
        at = moments_text(orders.at)
        lines = []
        for row, (pk, contact, moment, grosze, visit) in enumerate(
            zip(
                ids.tolist(),
                (orders.contact + self.first_id).tolist(),
                at,
                total.tolist(),
                orders.visit.tolist(),
                strict=True,
            )
        ):
            number = f"ZAM/{moment[:4]}/{moment[5:7]}/{pk:06}"
            currency = "EUR" if foreign[row] else self.currency
            lines.append(
                f"{pk}\t{contact}\t{moment}\t{number}\t{zloty(grosze)}\t{currency}\t{STATUSES[status[row]]}\t{sourced[visit]}"
            )
        copy_text("activities_order", ORDER, lines)
        order_of_line = np.repeat(ids, orders.lines)
        position = np.arange(len(order_of_line)) - np.repeat(orders.first, orders.lines) + 1
        copy_text("activities_orderline", LINE, [
            f"{pk}\t{place}\t{SOLD[product]}\t{quantity}\t{ZLOTY[product]}\t{zloty(grosze)}"
            for pk, place, product, quantity, grosze in zip(
                order_of_line.tolist(), position.tolist(), orders.product.tolist(), orders.quantity.tolist(),
                amount.tolist(), strict=True,
            )
        ])  # fmt: skip


SOLD = [f"{each.key}\t{each.name}\t{each.category}\t{each.brand}" for each in PRODUCTS]
ZLOTY = [zloty(each.price) for each in PRODUCTS]


def drawn_statuses(rng: np.random.Generator, days: np.ndarray) -> list[int]:
    """Places in STATUSES for orders that are so many days old."""
    until = np.cumsum(CHANCES_OF_STATUSES, axis=1)[np.searchsorted(AGES, days, side="right")]
    return np.minimum((rng.random(len(days))[:, None] > until).sum(axis=1), len(STATUSES) - 1).tolist()
