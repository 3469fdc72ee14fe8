"""Things to test with, made straight in the tables: plain functions, each fills in what the test does not care about.

Contacts made here have no history: use the services where history matters.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction

from activities.models import (
    Activity,
    ActivityType,
    Order,
    OrderLine,
    OrderStatus,
    Parameter,
    ParameterType,
    Product,
    Visit,
)
from activities.models import Channel as Came
from contacts.models import Attribute, AttributeType, Channel, Consent, ConsentState, Contact, ContactConsent
from permissions.models import PermissionGroup
from segmentation.models import Segment, Version
from tags.models import Category, ContactCategory, ContactTag, Tag
from users.models import User

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_numbers = count(1)


def contact(*, now: datetime = NOW, attributes: dict[str, Any] | None = None, **fields: Any) -> Contact:
    """A contact with an e-mail of its own, unless `email` is given (None: without)."""
    fields.setdefault("email", f"person{next(_numbers)}@example.com")
    fields.setdefault("created_at", now)
    fields.setdefault("updated_at", now)
    return Contact.objects.create(attributes=attributes or {}, **fields)


def attribute(
    key: str,
    type: str = AttributeType.TEXT,  # noqa: A002 - the field's name
    *,
    name: str = "",
    options: list[str] | None = None,
    position: int = 0,
) -> Attribute:
    return Attribute.objects.create(
        key=key,
        name=name or key.replace("_", " ").capitalize(),
        type=type,
        options=options or [],
        position=position,
    )


def consent(key: str = "newsletter", *, channel: str = Channel.EMAIL, **fields: Any) -> Consent:
    fields.setdefault("name_en", f"Consent {key}")
    fields.setdefault("name_pl", f"Zgoda {key}")
    return Consent.objects.create(key=key, channel=channel, **fields)


def answer(
    contact: Contact, consent: Consent, state: str = ConsentState.GIVEN, *, at: datetime = NOW, source: str = "form"
) -> ContactConsent:
    """A contact's present answer to a consent."""
    return ContactConsent.objects.create(
        contact=contact,
        consent=consent,
        state=state,
        changed_at=at,
        source=source,
        wording_version=consent.wording_version,
    )


def tag(name: str, *contacts: Contact, at: datetime = NOW) -> Tag:
    """A tag (`name` as it is after normalising), on these contacts."""
    made, _ = Tag.objects.get_or_create(name=name)
    ContactTag.objects.bulk_create(ContactTag(tag=made, contact=each, assigned_at=at) for each in contacts)
    return made


def category(path: str, *contacts: Contact, at: datetime = NOW) -> Category:
    """The category at this path (`klient/media`), with those above it, on these contacts."""
    above: Category | None = None
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        here = "/".join(parts[:depth])
        node = Category.objects.filter(slug_path=here).first()
        if node is None:
            fields = {"name": parts[depth - 1].capitalize(), "slug_path": here}
            node = Category.objects.add_child(above, fields) if above else Category.objects.add_root(fields)
        above = Category.objects.get(pk=node.pk)
    assert above is not None
    ContactCategory.objects.bulk_create(ContactCategory(category=above, contact=c, assigned_at=at) for c in contacts)
    return above


def permission_group(
    name: str, *, users: Iterable[User] = (), categories: Iterable[Category] = (), now: datetime = NOW
) -> PermissionGroup:
    """Its users see the contacts in `categories` and below."""
    group = PermissionGroup.objects.create(name=name, created_at=now)
    group.users.set(users)
    group.categories.set(categories)
    return group


def activity_type(key: str, *, name: str = "", **parameters: str) -> ActivityType:
    """A type of the account's own; its parameters by key, with their types: `price="number"`."""
    made = ActivityType.objects.create(key=key, name=name or key.replace("_", " ").capitalize())
    for parameter, kind in parameters.items():
        named = parameter.replace("_", " ").capitalize()
        Parameter.objects.create(activity_type=made, key=parameter, name=named, type=ParameterType(kind))
    return made


def activity(contact: Contact, type: str = "page_view", *, at: datetime = NOW, **params: Any) -> Activity:  # noqa: A002
    """Something the contact did; `params` as they are stored, and declared ones only."""
    kind = ActivityType.objects.get(key=type)
    undeclared = params.keys() - set(Parameter.objects.filter(activity_type=kind).values_list("key", flat=True))
    assert not undeclared, f"{type} has no {undeclared}"
    return Activity.objects.create(contact=contact, type=kind, at=at, params=params)


def visit(contact: Contact, *, at: datetime = NOW, channel: str = Came.DIRECT, **source: str) -> Visit:
    """A visit of the site. `source`: utm_…, referrer, landing_url; the channel is not decided by them here."""
    return Visit.objects.create(contact=contact, at=at, channel=channel, **source)


def order(
    contact: Contact,
    *,
    at: datetime = NOW,
    total: Decimal | float | str | None = None,
    status: str = OrderStatus.PAID,
    lines: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Order:
    """An order with its lines: `{"product": "P1", "amount": 30, "quantity": 2}`, with name, category, brand, price.

    A total that is not given is the sum of the lines. An amount is quantity × price, a price amount ÷ quantity.
    """
    sold = [_line(each) for each in lines or []]
    fields.setdefault("currency", "PLN")
    fields["total"] = sum((line["amount"] for line in sold), Decimal()) if total is None else Decimal(str(total))
    with transaction.atomic():
        made = Order.objects.create(contact=contact, at=at, status=status, **fields)
        OrderLine.objects.bulk_create(OrderLine(order=made, position=n, **line) for n, line in enumerate(sold, 1))
        for line in sold:
            names = {name: line[name] for name in ("name", "category", "brand") if name in line}
            Product.objects.update_or_create(key=line["product"], defaults={**names, "updated_at": at})
    return made


def _line(given: dict[str, Any]) -> dict[str, Any]:
    line = {**given, "quantity": Decimal(str(given.get("quantity", 1)))}
    if "amount" not in line:
        line["amount"] = Decimal(str(line["price"])) * line["quantity"]
    line["amount"] = Decimal(str(line["amount"]))
    line["price"] = Decimal(str(line.get("price", round(line["amount"] / line["quantity"], 4))))
    return line


EVERYONE = {"kind": "field", "field": "id", "op": "is_set"}


def segment(name: str = "", *, criteria: dict[str, Any] | None = None, now: datetime = NOW, **fields: Any) -> Segment:
    """A segment that has not been calculated yet; its criteria take in everyone unless given."""
    made = Segment.objects.create(name=name or f"Segment {next(_numbers)}", created_at=now, **fields)
    made.version = Version.objects.create(
        segment=made, number=1, criteria=criteria or {"all": [EVERYONE]}, created_at=now
    )
    made.save(update_fields=["version"])
    return made
