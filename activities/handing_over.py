"""What a contact did and bought, for the archive that is handed over."""

from collections.abc import Iterator

from activities.models import Activity, ActivityType, Order, OrderLine, Visit
from contacts.handing_over import AT_ONCE, Part, Row
from contacts.models import Contact

SOURCE = (
    "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "landing_url",
)  # fmt: skip
ORDER = ("id", "external_id", "at", "total", "currency", "status", *SOURCE)
LINE = ("order_id", "position", "product", "name", "category", "brand", "quantity", "price", "amount")


def activities(contact: Contact) -> Iterator[Row]:
    keys = dict(ActivityType.objects.values_list("pk", "key"))
    rows = Activity.objects.filter(contact=contact).order_by("at", "id")
    for type_id, at, params in rows.values_list("type_id", "at", "params").iterator(chunk_size=AT_ONCE):
        yield {"at": at, "type": keys[type_id], "params": params}


def visits(contact: Contact) -> Iterator[Row]:
    yield from Visit.objects.filter(contact=contact).order_by("at", "id").values("at", *SOURCE).iterator(AT_ONCE)


def orders(contact: Contact) -> Iterator[Row]:
    yield from Order.objects.filter(contact=contact).order_by("at", "id").values(*ORDER).iterator(AT_ONCE)


def lines(contact: Contact) -> Iterator[Row]:
    rows = OrderLine.objects.filter(order__contact=contact).order_by("order__at", "order_id", "position")
    yield from rows.values(*LINE).iterator(AT_ONCE)


PARTS = [
    Part("activities", ("at", "type", "params"), activities),
    Part("visits", ("at", *SOURCE), visits),
    Part("orders", ORDER, orders),
    Part("order_lines", LINE, lines),
]
