"""Creating, changing and deleting one contact: normalised, checked, and with its history, in one transaction."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.templatetags.numbers import number
from contacts import hooks, normalising
from contacts.aliases import bears_again, leads_elsewhere
from contacts.attributes import clean_attribute
from contacts.erasing.names import refuse_erased
from contacts.models import Attribute, Contact, EntryKind, HistoryEntry, Status
from contacts.scrubbing import names_of, scrub_views, scrub_writes
from contacts.selecting import forget_contact
from contacts.selectors import visible
from contacts.services.errors import GoneError, LostUpdateError
from users.models import User

SMALLEST, LARGEST = -(2**31), 2**31 - 1
TAKEN = {
    "email": (
        gettext_lazy("Another contact has this e-mail address."),
        gettext_lazy("This e-mail can't be used here: ask an administrator."),
    ),
    "external_id": (
        gettext_lazy("Another contact has this external id."),
        gettext_lazy("This external id can't be used here: ask an administrator."),
    ),
}
LEFT_BEHIND = {
    "email": gettext_lazy("This was the e-mail address of somebody who was merged into %(name)s."),
    "external_id": gettext_lazy("This was the external id of somebody who was merged into %(name)s."),
}
ATTRIBUTES_FIT = "contact_attributes_fit"  # the trigger that knows the attributes' types
OF_ATTRIBUTE = re.compile(r'attribute "([^"]+)"')
CONSTRAINT_FIELDS = {"contact_email_unique": "email", "contact_external_id_unique": "external_id"}


def clean_status(raw: Any) -> str:
    if raw not in Status.values:
        given = {"given": normalising.quoted(raw)}
        raise ValidationError(_("“%(given)s” is no subscription status."), code="not_status", params=given)
    return str(raw)


def clean_lead_score(raw: Any) -> int:
    try:
        score = int(str(raw).strip() or 0) if not isinstance(raw, bool | float) else None
    except ValueError:
        score = None
    if score is None or not SMALLEST <= score <= LARGEST:
        raise ValidationError(
            _("The lead score is a whole number from %(smallest)s to %(largest)s.")
            % {"smallest": number(SMALLEST), "largest": number(LARGEST)},
            code="not_integer",
        )
    return score


def text_of(longest: int) -> Callable[[Any], str]:
    return lambda raw: normalising.line(raw, longest=longest)


FIELDS: dict[str, Callable[[Any], Any]] = {
    "email": normalising.email,
    "phone": normalising.phone,
    "external_id": lambda raw: normalising.line(raw, longest=120) or None,
    "first_name": text_of(120),
    "last_name": text_of(120),
    "status": clean_status,
    "lead_score": clean_lead_score,
    "source": text_of(120),
}


def clean_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Normalised values of a contact's own columns.

    Raises: ValidationError, a dict by field.
    """
    return cleaned(fields, FIELDS.get, name_of=str)


def clean_attributes(
    attributes: Mapping[str, Any], *, definitions: Mapping[str, Attribute] | None = None, localized: bool = False
) -> dict[str, Any]:
    """Stored forms by key; None is no value.

    Raises: ValidationError, a dict by "attributes.KEY"; an undeclared key is one.
    """
    if definitions is None:
        definitions = {attribute.key: attribute for attribute in Attribute.objects.filter(key__in=list(attributes))}

    def cleaner(key: str) -> Callable[[Any], Any] | None:
        attribute = definitions.get(key)
        return partial(clean_attribute, attribute, localized=localized) if attribute else None

    return cleaned(attributes, cleaner, name_of=lambda key: f"attributes.{key}")


def cleaned(
    given: Mapping[str, Any],
    cleaner: Callable[[str], Callable[[Any], Any] | None],
    *,
    name_of: Callable[[str], str],
) -> dict[str, Any]:
    """Each value through its cleaner; all errors together."""
    values: dict[str, Any] = {}
    errors: dict[str, list[ValidationError]] = {}
    for name, raw in given.items():
        clean = cleaner(name)
        try:
            if clean is None:
                raise ValidationError(_("There is no such field: %(name)s."), code="unknown", params={"name": name})  # noqa: TRY301
            values[name] = clean(raw)
        except ValidationError as error:
            errors.setdefault(name_of(name), []).append(error)
    if errors:
        raise ValidationError(errors)
    return values


def create_contact(
    *,
    fields: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
    now: datetime,
    by: str,
    user: User | None = None,
    localized: bool = False,
    agreed_again: bool = False,
) -> Contact:
    """A new contact with its first history entry. `agreed_again`: somebody who was erased may be entered anew.

    Raises: ValidationError, a dict by field name or "attributes.KEY"; an e-mail or external id that is taken is one,
    also by a contact into which one of that name was merged, and one of somebody who was erased.
    """
    values, stored = clean_both(fields, attributes or {}, localized=localized)
    if not agreed_again:
        refuse_erased(values)
    contact = Contact(
        **values,
        attributes={key: value for key, value in stored.items() if value is not None},
        created_at=now,
        updated_at=now,
    )
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
            refuse_left_behind(contact, LEFT_BEHIND, user=user)
            first = {name: [None, value] for name, value in state_of(contact).items() if value not in (None, "")}
            write_history(contact, EntryKind.CREATED, first, now=now, by=by, user=user)
    except IntegrityError as error:
        raise_taken(error, contact, user=user)
    return contact


def update_contact(
    contact: Contact,
    *,
    fields: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
    now: datetime,
    by: str,
    user: User | None = None,
    seen: datetime | None = None,
    localized: bool = False,
) -> Contact:
    """The contact with these fields and attributes changed (None or "" clears); what is not named stays.

    Nothing is written, and no history, when nothing changes. `seen`: the `updated_at` that the changes are based on.

    Raises: ValidationError as `create_contact`; LostUpdateError when the contact was changed since `seen`.
    """
    values, stored = clean_both(fields or {}, attributes or {}, localized=localized)
    try:
        with transaction.atomic():
            current = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
            if seen is not None and current.updated_at != seen:
                raise LostUpdateError
            before = state_of(current)
            for name, value in values.items():
                setattr(current, name, value)
            merged = {**current.attributes, **stored}
            current.attributes = {key: value for key, value in merged.items() if value is not None}
            if changed := changes_between(before, state_of(current)):
                # Later than the last change even when clocks disagree: the form's token must differ.
                current.updated_at = max(now, current.updated_at + current.updated_at.resolution)
                refuse_erased({name: value for name, value in values.items() if name in changed})
                current.save()
                refuse_left_behind(current, LEFT_BEHIND.keys() & changed.keys(), user=user)
                bears_again(current)
                write_history(current, EntryKind.CHANGED, changed, now=now, by=by, user=user)
    except IntegrityError as error:
        raise_taken(error, current, user=user)
    return current


def set_attributes(
    contact: Contact, attributes: Mapping[str, Any], *, now: datetime, by: str, user: User | None = None
) -> Contact:
    """The contact with these attributes changed; None clears. Raises: as `update_contact`."""
    return update_contact(contact, attributes=attributes, now=now, by=by, user=user)


def delete_contact(contact: Contact) -> dict[str, int]:
    """Delete the contact with everything that is the contact's: history, consents, labels, facts.

    Whoever is writing something about the contact is waited for, and whoever comes later finds none. People are erased
    by `contacts.erasing.services`, which proves it and cleans up what is kept elsewhere.

    Shape: how much of each thing went, by its name.
    Raises: GoneError, if it is no more: of one merged meanwhile everything lives on in another contact.
    """
    with transaction.atomic():
        if Contact.objects.select_for_update().filter(pk=contact.pk).first() is None:
            raise GoneError
        scrub_views(names_of(contact))
        gone: dict[str, int] = {}
        for erase in hooks.erasing:
            gone |= erase(contact) or {}
        scrub_writes(contact)  # last, as by a merge of tags, which takes labels, criteria and these in this order
        forget_contact(contact)
        _all, rows = contact.delete()
    names = {label: label.rpartition(".")[2].lower() for label in rows if label != Contact._meta.label}  # noqa: SLF001
    return {**gone, **{names[label]: count for label, count in rows.items() if label in names and count}}


def clean_both(
    fields: Mapping[str, Any], attributes: Mapping[str, Any], *, localized: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields and attributes, cleaned; the errors of both together."""
    errors: dict[str, Any] = {}
    values: dict[str, Any] = {}
    stored: dict[str, Any] = {}
    try:
        values = clean_fields(fields)
    except ValidationError as error:
        errors.update(error.error_dict)
    try:
        stored = clean_attributes(attributes, localized=localized) if attributes else {}
    except ValidationError as error:
        errors.update(error.error_dict)
    if errors:
        raise ValidationError(errors)
    return values, stored


def state_of(contact: Contact) -> dict[str, Any]:
    """What the history compares: columns by name, attributes as "attributes.KEY"."""
    own = {name: getattr(contact, name) for name in FIELDS}
    return {**own, **{f"attributes.{key}": value for key, value in contact.attributes.items()}}


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What differs between two states of a contact: by name the value before and after, None where there was none."""
    names = dict.fromkeys([*before, *after])
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def write_history(
    contact: Contact, kind: EntryKind, changes: dict[str, list[Any]], *, now: datetime, by: str, user: User | None
) -> None:
    HistoryEntry.objects.create(contact=contact, at=now, kind=kind, detail={"fields": changes}, by=by, user=user)


def refuse_left_behind(contact: Contact, names: Iterable[str], *, user: User | None) -> None:
    """Refuses names in which facts still come in of somebody else, after a merge.

    Asked when the contact is written: whoever merges at the same time holds the name until then.
    Raises: ValidationError, by field; of a contact that `user` may not see it does not say that there is one.
    """
    errors = {}
    for name in names:
        if (other := leads_elsewhere(contact, name)) is None:
            continue
        if user is None or visible(user).filter(pk=other.pk).exists():
            told = {"name": str(other), "pk": other.pk}
            errors[name] = ValidationError(LEFT_BEHIND[name], code="left_behind", params=told)
        else:
            errors[name] = ValidationError(TAKEN[name][1], code="taken")
    if errors:
        raise ValidationError(errors)


def raise_taken(error: IntegrityError, contact: Contact, *, user: User | None) -> NoReturn:
    """What the database refused, at its field; whatever else it is stays an error.

    Of a contact that `user` may not see it is not said that there is one.
    """
    told = getattr(error.__cause__, "diag", None)
    constraint = getattr(told, "constraint_name", None) or ""
    if told and constraint == ATTRIBUTES_FIT and (key := OF_ATTRIBUTE.search(told.message_primary or "")):
        retyped = ValidationError(_("The attribute has got another type meanwhile."), code="retyped")
        raise ValidationError({f"attributes.{key[1]}": retyped}) from error
    field = CONSTRAINT_FIELDS.get(constraint)
    if field is None:
        raise error
    known = user is None or visible(user).filter(**{field: getattr(contact, field)}).exists()
    taken, refused = TAKEN[field]
    raise ValidationError({field: ValidationError(taken if known else refused, code="taken")}) from error
