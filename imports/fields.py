"""What a column can become, for each subject: its name, what it is called, and the shape of its cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from activities.models import ActivityType, Parameter, ParameterType
from contacts.models import Attribute, AttributeType, Consent, Contact
from imports.models import Subject

Text = str | Promise
Shape = Literal[
    "text", "whole", "number", "money", "day", "moment", "status", "order_status", "list", "answer", "plain"
]

KNOWN_BY = ("id", "email", "external_id")
SHAPES: dict[str, Shape] = {
    AttributeType.TEXT: "text",
    AttributeType.NUMBER: "number",
    AttributeType.BOOLEAN: "plain",
    AttributeType.DATE: "day",
    AttributeType.DATETIME: "moment",
    AttributeType.CHOICE: "plain",
    AttributeType.CHOICES: "plain",
    ParameterType.URL: "text",
}
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


@dataclass(frozen=True)
class Field:
    """One thing that a column can become. `name` is what services call it: "email", "attributes.city", "params.url"."""

    name: str
    label: Text
    group: Text
    shape: Shape = "text"


def fields_of(subject: str, *, kind: str = "") -> dict[str, Field]:
    """What the columns of a file can become, by name. `kind`: the type that all its activities are of, if one."""
    found = {
        Subject.CONTACTS: of_contacts,
        Subject.ORDERS: of_orders,
        Subject.ACTIVITIES: lambda: of_activities(kind),
    }[Subject(subject)]()
    return {field.name: field for field in found}


def of_contacts() -> Iterator[Field]:
    """A contact's columns, attributes that are not retired, labels and consents."""
    group = _("Contact")
    shapes: dict[str, Shape] = {"id": "whole", "lead_score": "whole", "status": "status"}
    yield Field("id", _("Id in Sito"), group, "whole")
    for name in ("email", "phone", "external_id", "first_name", "last_name", "status", "lead_score", "source"):
        verbose = Contact._meta.get_field(name).verbose_name  # type: ignore[union-attr]  # noqa: SLF001
        yield Field(name, capfirst(verbose), group, shapes.get(name, "text"))
    for attribute in Attribute.objects.filter(retired_at=None):
        yield Field(f"attributes.{attribute.key}", attribute.name, _("Attributes"), SHAPES[attribute.type])
    yield Field("tags", _("Tags"), _("Labels"), "list")
    yield Field("categories", _("Categories"), _("Labels"), "list")
    for consent in Consent.objects.all():
        yield Field(f"consents.{consent.key}", consent.name, _("Consents"), "answer")
    yield Field("consents_at", _("When the consents were answered"), _("Consents"), "moment")
    yield Field("consents_source", _("Where the consents were answered"), _("Consents"))


def whose() -> Iterator[Field]:
    """Whose an order or an activity is."""
    group = _("Contact")
    yield Field("contact.id", _("Id in Sito"), group, "whole")
    yield Field("contact.email", pgettext_lazy("whose row it is", "E-mail of the contact"), group)
    yield Field("contact.external_id", pgettext_lazy("whose row it is", "External id of the contact"), group)


def of_orders() -> Iterator[Field]:
    yield from whose()
    order, line = _("Order"), pgettext_lazy("of an order", "Line")
    yield Field("external_id", pgettext_lazy("of an order", "Number"), order)
    yield Field("at", pgettext_lazy("of an order", "When"), order, "moment")
    yield Field("total", pgettext_lazy("of an order", "Total"), order, "money")
    yield Field("currency", pgettext_lazy("of an order", "Currency"), order, "plain")
    yield Field("status", pgettext_lazy("of an order", "Status"), order, "order_status")
    yield Field("lines.product", pgettext_lazy("of a line", "Product"), line)
    yield Field("lines.name", pgettext_lazy("of a line", "Product's name"), line)
    yield Field("lines.quantity", pgettext_lazy("of a line", "Quantity"), line, "number")
    yield Field("lines.price", pgettext_lazy("of a line", "Price"), line, "money")
    yield Field("lines.amount", pgettext_lazy("of a line", "Amount"), line, "money")
    yield Field("lines.category", pgettext_lazy("of a line", "Product's category"), line)
    yield Field("lines.brand", pgettext_lazy("of a line", "Brand"), line)
    source = pgettext_lazy("of an order", "Where it came from")
    yield Field("landing_url", _("Landing address"), source)
    yield Field("referrer", _("Referrer"), source)
    for name in UTM:
        yield Field(name, name, source)


def of_activities(kind: str) -> Iterator[Field]:
    yield from whose()
    group = _("Activity")
    if not kind:
        yield Field("type", pgettext_lazy("of an activity", "Type (its key)"), group, "plain")
    yield Field("at", pgettext_lazy("of an activity", "When"), group, "moment")
    types = ActivityType.objects.filter(key=kind) if kind else ActivityType.objects.all()
    seen: set[str] = set()
    for parameter in Parameter.objects.filter(activity_type__in=types).select_related("activity_type"):
        if parameter.key not in seen:
            seen.add(parameter.key)
            yield Field(f"params.{parameter.key}", parameter.label, _("Parameters"), SHAPES.get(parameter.type, "text"))
