"""The details of a contact as its page shows them: its own fields and its attributes, each changed where it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contacts import history
from contacts.forms import PREFIX, ContactForm
from contacts.models import Attribute, Contact

ATTRIBUTE = "attributes."


@dataclass(frozen=True)
class Detail:
    """A field: `name` as the history has it, `text` in the reader's language ("" is no value).

    retired: an attribute that is offered nowhere any more; its value is shown, and not changed here.
    """

    name: str
    label: str
    text: str
    retired: bool = False

    @property
    def key(self) -> str:
        """Its part of an HTML id."""
        return self.name.replace(".", "-")

    @property
    def input(self) -> str:
        """The field of the form that changes it."""
        return PREFIX + self.name.removeprefix(ATTRIBUTE) if self.name.startswith(ATTRIBUTE) else self.name


def own_details(contact: Contact) -> list[Detail]:
    """A contact's own fields, in the order of the page."""
    return [detail_of(contact, name, {}) for name in history.OWN_FIELDS]


def attribute_details(contact: Contact, definitions: Iterable[Attribute]) -> list[Detail]:
    """Attributes in their order; retired ones only where the contact has a value."""
    declared = {attribute.key: attribute for attribute in definitions}
    shown = [each for each in declared.values() if not each.retired_at or each.key in contact.attributes]
    return [detail_of(contact, ATTRIBUTE + each.key, declared) for each in shown]


def detail_of(contact: Contact, name: str, declared: dict[str, Attribute]) -> Detail:
    key = name.removeprefix(ATTRIBUTE)
    attribute = declared.get(key) if key != name else None
    value: Any = getattr(contact, name) if attribute is None else contact.attributes.get(key)
    return Detail(
        name,
        history.label_of(name, declared),
        "" if value in (None, "") else history.said(name, value, declared),
        retired=bool(attribute and attribute.retired_at),
    )


def one_detail(contact: Contact, name: str) -> tuple[Detail, list[Attribute]] | None:
    """The field of that name with the definition it needs; None: there is none, or it is changed no more."""
    if name in history.OWN_FIELDS:
        return detail_of(contact, name, {}), []
    attribute = Attribute.objects.filter(key=name.removeprefix(ATTRIBUTE)).first() if "." in name else None
    if attribute is None or attribute.retired_at:
        return None
    return detail_of(contact, name, {attribute.key: attribute}), [attribute]


class DetailForm(ContactForm):
    """The contact's form, of one field alone."""

    def __init__(self, data: Any, *, contact: Contact, detail: Detail, attributes: Iterable[Attribute]) -> None:
        super().__init__(data, attributes=attributes, contact=contact)
        for name in list(self.fields):
            if name not in (detail.input, "seen"):
                del self.fields[name]
        self.detail = detail
        self.fields[detail.input].widget.attrs["autofocus"] = True

    @property
    def field(self) -> Any:
        return self[self.detail.input]
