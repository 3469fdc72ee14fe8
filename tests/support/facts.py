"""Contacts and facts of every sort, in many months, with texts that are hard to carry."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.db import transaction

from activities.models import Activity, ActivityType, Order, OrderLine, OrderStatus, Parameter, Visit
from activities.models import Channel as Came
from contacts.models import Attribute, AttributeType, Contact

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = [
    "",
    "plain",
    "ŻÓŁĆ",
    "zażółć gęślą",
    "Straße",
    "İstanbul",
    "a,b",
    'say "no"',
    "two\nlines",
    "cr\r\nlf",
    "\\N",
    "\\",
    "'",
    "\t",
    " ",
    '1,2,"x"\n3,4,',
    "Ǆ",
    "ﬁ",
    "\u2028",
    "😀",
    "\x1f",
    "null",
    "NULL",
]
ADDRESSES = ["", "https://shop.example/A?x=1#Part", "https://shop.example/a?x=1", "/Path#", "#only"]


class Facts:
    """Makes things up, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.number = 0

    def declare(self) -> None:
        """An attribute of every type, and an activity type with a parameter of every type."""
        for kind in AttributeType.values:
            options = ["a", "b", "c"] if "choice" in kind else []
            Attribute.objects.get_or_create(key=f"of_{kind}", defaults={"name": kind, "type": kind, "options": options})
        made, new = ActivityType.objects.get_or_create(key="own", defaults={"name": "Own"})
        if new:
            for kind in ("text", "url", "number", "boolean", "date", "datetime"):
                Parameter.objects.create(activity_type=made, key=f"of_{kind}", name=kind, type=kind)

    def moment(self) -> datetime:
        return START + timedelta(seconds=self.random.randrange(300 * 86400), microseconds=self.random.randrange(10**6))

    def text(self) -> str:
        return self.random.choice(TEXTS) + self.random.choice(TEXTS)

    def attributes(self) -> dict[str, Any]:
        values = {
            "of_text": self.text() or "x",
            "of_number": self.random.choice([0, 1.5, -7, 10**9]),
            "of_boolean": self.random.random() < 0.5,
            "of_date": f"2026-0{self.random.randint(1, 9)}-11",
            "of_datetime": f"2026-03-1{self.random.randint(0, 9)}T10:00:00+00:00",
            "of_choice": self.random.choice("abc"),
            "of_choices": sorted(self.random.sample("abc", self.random.randint(1, 3))),
        }
        return {key: value for key, value in values.items() if self.random.random() < 0.6}

    def contacts(self, count: int) -> list[Contact]:
        made = []
        for _ in range(count):
            self.number += 1
            made.append(
                Contact(
                    email=f"c{self.number}@example.com",
                    first_name=self.text()[:50],
                    last_name=self.text()[:50],
                    lead_score=self.random.randint(0, 100),
                    attributes=self.attributes(),
                    created_at=self.moment(),
                    updated_at=START,
                )
            )
        return Contact.objects.bulk_create(made)

    def activities(self, contacts: list[int], count: int) -> None:
        types = {kind.key: kind.pk for kind in ActivityType.objects.all()}
        Activity.objects.bulk_create(
            [
                Activity(contact_id=self.random.choice(contacts), type_id=types[key], at=self.moment(), params=params)
                for key, params in (self.activity() for _ in range(count))
            ],
            batch_size=5000,
        )

    def activity(self) -> tuple[str, dict[str, Any]]:
        some = self.random.random()
        if some < 0.5:
            return "page_view", self.few({"url": self.random.choice(ADDRESSES), "title": self.text()})
        if some < 0.7:
            return "login", {}
        values = {
            "of_text": self.text(),
            "of_url": self.random.choice(ADDRESSES),
            "of_number": self.random.randint(-5, 5) / 2,
            "of_boolean": self.random.random() < 0.5,
            "of_date": "2026-02-28",
            "of_datetime": "2026-02-28T23:59:59+00:00",
        }
        return "own", self.few(values)

    def few(self, values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if value != "" and self.random.random() < 0.7}

    def visits(self, contacts: list[int], count: int) -> None:
        Visit.objects.bulk_create(
            [
                Visit(
                    contact_id=self.random.choice(contacts),
                    at=self.moment(),
                    channel=self.random.choice(Came.values),
                    utm_source=self.text(),
                    utm_campaign=self.text(),
                    referrer=self.random.choice(ADDRESSES),
                    landing_url=self.random.choice(ADDRESSES),
                )
                for _ in range(count)
            ]
        )

    def orders(self, contacts: list[int], count: int) -> None:
        with transaction.atomic():
            made = Order.objects.bulk_create(
                [
                    Order(
                        contact_id=self.random.choice(contacts),
                        at=self.moment(),
                        total=Decimal(self.random.randrange(10**7)) / 10000,
                        currency="PLN",
                        status=self.random.choice(OrderStatus.values),
                        utm_source=self.text(),
                    )
                    for _ in range(count)
                ]
            )
            for order in made:
                self.lines(order)

    def lines(self, order: Order) -> None:
        """Written in the transaction that writes the order."""
        OrderLine.objects.bulk_create(
            [
                OrderLine(
                    order=order,
                    position=position,
                    product=f"P{self.random.randint(1, 9)}",
                    name=self.text(),
                    brand=self.text(),
                    quantity=Decimal(self.random.randrange(1, 5000)) / 1000,
                    price=Decimal("1.25"),
                    amount=Decimal(self.random.randrange(10**6)) / 10000,
                )
                for position in range(self.random.randint(0, 3))
            ]
        )

    def change_order(self, order: Order) -> None:
        """Another status, perhaps another month, other lines."""
        with transaction.atomic():
            order.status = self.random.choice(OrderStatus.values)
            if self.random.random() < 0.4:
                order.at = self.moment()
            order.save()
            if self.random.random() < 0.5:
                OrderLine.objects.filter(order=order).delete()
                self.lines(order)

    def change_contact(self, contact: Contact) -> None:
        contact.attributes, contact.first_name, contact.lead_score = self.attributes(), self.text()[:50], 55
        contact.save()

    def world(self, contacts: int = 30, facts: int = 120) -> list[int]:
        """Everything, somewhat."""
        self.declare()
        ids = [contact.pk for contact in self.contacts(contacts)]
        self.activities(ids, facts)
        self.visits(ids, facts // 3)
        self.orders(ids, facts // 3)
        return ids
