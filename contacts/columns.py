"""The columns of the contact manager: which there are, which are chosen, and what they show of a page of contacts.

Chosen are those of the address (`?columns=email,attribute:city`), else of the saved view in it, else the user's own,
else those that everybody begins with. The name stands before them always. A column that is no longer there, of an
attribute that went, is left out: it decides what is shown of contacts, never which contacts are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.sito import moment
from contacts import manager
from contacts.attributes import value_text
from contacts.manager import Column
from contacts.models import Attribute, AttributeType, Consent, Contact, ContactConsent, SavedView
from contacts.saved_views import choice_of, keep_choice
from users.access import signed_in

CONTACT, ATTRIBUTES, CONSENTS = _("Contact"), _("Attributes"), _("Consents")
LABELS, BEHAVIOUR = _("Labels"), _("Behaviour")
NAME = "name"  # always there; alone in the address: no others
MOST = 60  # columns at once
NOTHING = mark_safe('<span class="faint">–</span>')

Values = Mapping[int, Any]


class Cell(NamedTuple):
    """What a column shows of a contact: `said`, or `value` by the column's `template`."""

    column: Column
    attributes: SafeString  # of its <td>
    value: Any
    said: str


Line = tuple[Contact, list[Cell]]


def label_of(name: str) -> Any:
    return capfirst(Contact._meta.get_field(name).verbose_name)  # type: ignore[union-attr]  # noqa: SLF001 (public)


def own(name: str, **more: Any) -> Column:
    """A column of the contact's own row."""
    label = more.pop("label", None) or label_of(name)
    return Column(name=name, label=label, of=lambda each: getattr(each, name), group=CONTACT, **more)


def own_columns() -> list[Column]:
    plain = "num nowrap"
    return [
        own("phone", classes=plain, begins=True),
        own("status", template="contacts/cells/status.html", label=_("Status"), begins=True),
        own("lead_score", say=number, classes="r num", sort="lead_score", high=True, begins=True),
        own("email", sort="email"),
        own("first_name"),
        own("last_name"),
        own("source"),
        own("external_id"),
        own("id", say=number, label=_("Id"), classes="r num"),
        own("created_at", say=moment, label=pgettext_lazy("of a contact", "Created"), classes=plain, sort="created",
            high=True, begins=True),
        own("updated_at", say=moment, classes=plain),
    ]  # fmt: skip


def attribute_columns() -> list[Column]:
    """One for each attribute in use."""
    return [attribute_column(each) for each in Attribute.objects.all() if each.retired_at is None]


def attribute_column(attribute: Attribute) -> Column:
    def values(request: Request, ids: list[int]) -> Values:
        stored = once(request, "attributes", ids, attributes_of)
        return {
            pk: value_text(attribute.type, values[attribute.key])
            for pk, values in stored.items()
            if attribute.key in values
        }

    right = attribute.type == AttributeType.NUMBER
    classes = "r num" if right else "num" if attribute.type in (AttributeType.DATE, AttributeType.DATETIME) else ""
    return Column(
        name=f"attribute:{attribute.key}",
        label=attribute.name,
        values=values,
        group=ATTRIBUTES,
        classes=classes,
    )


def attributes_of(ids: list[int]) -> dict[int, dict[str, Any]]:
    return dict(Contact.objects.filter(pk__in=ids).values_list("pk", "attributes"))


def consent_columns() -> list[Column]:
    return [consent_column(consent) for consent in Consent.objects.all()]


def consent_column(consent: Consent) -> Column:
    def values(request: Request, ids: list[int]) -> Values:
        answers = once(request, "consents", ids, answers_of)
        return {pk: answer for (pk, of), answer in answers.items() if of == consent.pk}

    template = "contacts/cells/consent.html"
    return Column(name=f"consent:{consent.key}", label=consent.name, template=template, values=values, group=CONSENTS)


def answers_of(ids: list[int]) -> dict[tuple[int, int], ContactConsent]:
    return {(each.contact_id, each.consent_id): each for each in ContactConsent.objects.filter(contact_id__in=ids)}


def once(request: Request, name: str, ids: list[int], read: Callable[[list[int]], Any]) -> Any:
    """What `read` answers for the page, read once however many columns show a part of it."""
    kept = request.__dict__.setdefault("column_values", {})
    key = (name, tuple(ids))
    if key not in kept:
        kept[key] = read(ids)
    return kept[key]


def every_column() -> dict[str, Column]:
    """All columns that may be chosen, by name, in the order in which they are offered."""
    found = [*own_columns(), *manager.columns.values(), *attribute_columns(), *consent_columns()]
    return {column.name: column for column in found}


def named(names: Iterable[str]) -> dict[str, Column]:
    """Those of `names` that there are. What the account defines is read only where it is asked for."""
    kinds = {name.partition(":")[0] for name in names}
    found = [*own_columns(), *manager.columns.values()]
    found += attribute_columns() if "attribute" in kinds else []
    found += consent_columns() if "consent" in kinds else []
    known = {column.name: column for column in found}
    return {name: known[name] for name in names if name in known}


def first_names() -> list[str]:
    """Those that everybody begins with; when a contact was created stands last."""
    names = [column.name for column in (*own_columns(), *manager.columns.values()) if column.begins]
    return sorted(names, key=lambda name: name == "created_at")


def chosen_names(request: Request, view: SavedView | None = None) -> list[str]:
    """The names of the columns that the address, the view in it or the user's choice asks for."""
    names = asked_names(request, view)
    return first_names() if names is None else [name for name in dict.fromkeys(names) if name != NAME]


def asked_names(request: Request, view: SavedView | None) -> list[str] | None:
    """None: nobody has chosen."""
    text = request.GET.get("columns", "")
    if text:
        return [name for name in text.split(",") if name][:MOST]
    if view is not None:
        return list(view.columns)
    return kept_names(request)


def kept_names(request: Request) -> list[str] | None:
    """The user's own choice."""
    kept = choice_of(signed_in(request))
    return None if kept is None else kept.columns


def chosen(request: Request, view: SavedView | None) -> tuple[list[Column], list[str]]:
    """The chosen columns in their order, and the names of those that are no longer there."""
    names = chosen_names(request, view)
    known = named(names)
    return list(known.values()), [name for name in names if name not in known]


def keep_columns(request: Request, names: Sequence[str] | None) -> None:
    """Keeps the user's own choice; None: those that everybody begins with."""
    keep_choice(signed_in(request), columns=None if names is None else list(names)[:MOST])


def lines(request: Request, columns: Iterable[Column], contacts: list[Contact]) -> list[Line]:
    """The contacts of a page, each with what the columns show of it."""
    ids = [contact.pk for contact in contacts]
    read = [
        (column, attributes_of_cell(column), column.values(request, ids) if column.values and ids else {})
        for column in columns
    ]
    return [
        (
            contact,
            [
                cell(column, attributes, column.of(contact) if column.of else values.get(contact.pk))
                for column, attributes, values in read
            ],
        )
        for contact in contacts
    ]


def attributes_of_cell(column: Column) -> SafeString:
    """The same for each cell of the column: said once, its label in the reader's language."""
    classes = format_html(' class="{}"', column.classes) if column.classes else ""
    return format_html('data-l="{}"{}', column.label, classes)


def cell(column: Column, attributes: SafeString, value: Any) -> Cell:
    """`value` in that column; none, and an empty text or list, is a dash."""
    if not value and value != 0:
        return Cell(column, attributes, value, NOTHING)
    return Cell(column, attributes, value, "" if column.template else column.say(value))
