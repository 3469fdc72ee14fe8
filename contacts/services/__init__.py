"""Everything that writes contacts, their attributes' definitions and their consents."""

from contacts.services.consents import (
    bring_back_consent,
    create_consent,
    edit_consent,
    retire_consent,
    set_consent,
)
from contacts.services.consents_undone import restorable, restore_consent
from contacts.services.contacts import create_contact, delete_contact, set_attributes, update_contact
from contacts.services.definitions import (
    bring_back_attribute,
    create_attribute,
    delete_attribute,
    edit_attribute,
    place_attribute,
    retire_attribute,
    why_kept,
)
from contacts.services.errors import GoneError, InUseError, LostUpdateError

__all__ = [
    "GoneError",
    "InUseError",
    "LostUpdateError",
    "bring_back_attribute",
    "bring_back_consent",
    "create_attribute",
    "create_consent",
    "create_contact",
    "delete_attribute",
    "delete_contact",
    "edit_attribute",
    "edit_consent",
    "place_attribute",
    "restorable",
    "restore_consent",
    "retire_attribute",
    "retire_consent",
    "set_attributes",
    "set_consent",
    "update_contact",
    "why_kept",
]
