"""Declaring the attributes that an account keeps of its contacts."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import names
from config.templatetags.numbers import number
from contacts import normalising
from contacts.attributes import LISTED, RESERVED_KEYS
from contacts.hooks import uses_of_attribute
from contacts.models import Attribute, AttributeType
from contacts.selectors import option_counts, values_count
from contacts.services.errors import InUseError

KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
MOST_OPTIONS = 500
MOST_ATTRIBUTES = 300
LONGEST_OPTION = 200


def create_attribute(*, key: str, name: str, type: str, options: Sequence[str] = ()) -> Attribute:  # noqa: A002
    """A new attribute, last in the list. Raises: ValidationError by field."""
    values = cleaned(
        type=lambda: known_type(type),
        key=lambda: check_new_key(key),
        name=lambda: clean_name(name),
        options=lambda: clean_options(options, type=type),
    )
    if Attribute.objects.count() >= MOST_ATTRIBUTES:
        raise ValidationError(_("An account has at most %(most)s attributes.") % {"most": MOST_ATTRIBUTES})
    last = Attribute.objects.aggregate(last=Max("position"))["last"]
    try:
        with transaction.atomic():
            return Attribute.objects.create(**values, position=0 if last is None else last + 1)
    except IntegrityError as error:
        raise ValidationError({"key": _("Another attribute has this key.")}) from error


def edit_attribute(attribute: Attribute, *, name: str, options: Sequence[str] = ()) -> Attribute:
    """Change the name and the options; the key is for good, and the type another matter (`type_changes`).

    Raises: ValidationError by field, also for an option that contacts have, with their number.
    """
    values = cleaned(name=lambda: clean_name(name), options=lambda: clean_options(options, type=attribute.type))
    try:
        with transaction.atomic():
            current = Attribute.objects.select_for_update().get(pk=attribute.pk)
            refuse_used_options(current, values["options"])
            current.name, current.options = values["name"], values["options"]
            current.save()
    except IntegrityError as error:  # a contact got such a value in the meantime
        refuse_used_options(attribute, values["options"])
        raise ValidationError({"options": _("Contacts have a value that you take out.")}) from error
    return current


def retire_attribute(attribute: Attribute, *, now: datetime) -> Attribute:
    """It is offered nowhere any more; values, and criteria that look at them, stay as they are."""
    Attribute.objects.filter(pk=attribute.pk, retired_at=None).update(retired_at=now)
    return Attribute.objects.get(pk=attribute.pk)


def bring_back_attribute(attribute: Attribute) -> Attribute:
    """It is offered again."""
    Attribute.objects.filter(pk=attribute.pk).update(retired_at=None)
    return Attribute.objects.get(pk=attribute.pk)


def place_attribute(attribute: Attribute, *, at: int) -> None:
    """Put it at a place in the order of all forms and lists, 0 being the first; the others move along."""
    with transaction.atomic():
        rows = list(Attribute.objects.select_for_update().order_by("position", "name", "pk"))
        mine = next(row for row in rows if row.pk == attribute.pk)
        rows.remove(mine)
        rows.insert(min(max(at, 0), len(rows)), mine)
        moved = [row for position, row in enumerate(rows) if row.position != position]
        for position, row in enumerate(rows):
            row.position = position
        Attribute.objects.bulk_update(moved, ["position"])


def delete_attribute(attribute: Attribute) -> None:
    """Raises: InUseError while a contact has a value, or something refers to the attribute."""
    if reason := why_kept(attribute):
        raise reason
    try:
        with transaction.atomic():
            attribute.delete()
    except IntegrityError:  # a contact got a value in the meantime
        if reason := why_kept(attribute):
            raise reason from None
        raise


def why_kept(attribute: Attribute) -> InUseError | None:
    """Why the attribute cannot be deleted now: what refers to it, and how many contacts have a value of it."""
    sentences = []
    if uses := uses_of_attribute(attribute):
        sentences.append(_("“%(name)s” is used and cannot be deleted.") % {"name": attribute})
    if having := values_count(attribute):
        text = ngettext(
            "%(count)s contact has a value of “%(name)s”: clear it first.",
            "%(count)s contacts have a value of “%(name)s”: clear them first.",
            having,
        )
        sentences.append(text % {"count": number(having), "name": attribute})
    return InUseError(" ".join(sentences), uses) if sentences else None


def refuse_used_options(attribute: Attribute, options: Sequence[str]) -> None:
    """Raises: ValidationError at `options` that names each one taken out that contacts have."""
    gone = [option for option in attribute.options if option not in options]
    if not gone:
        return
    errors = [
        ValidationError(
            ngettext(
                "“%(option)s” cannot be taken out: %(count)s contact has it.",
                "“%(option)s” cannot be taken out: %(count)s contacts have it.",
                count,
            ),
            code="option_in_use",
            params={"option": option, "count": count},
        )
        for option, count in option_counts(attribute, gone).items()
        if count
    ]
    if errors:
        raise ValidationError({"options": errors})


def cleaned(**fields: Callable[[], Any]) -> dict[str, Any]:
    """What each field's cleaner gives. Raises: ValidationError by field, of all that refuse."""
    errors: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for field, clean in fields.items():
        try:
            values[field] = clean()
        except ValidationError as error:
            errors[field] = error
    if errors:
        raise ValidationError(errors)
    return values


def known_type(raw: str) -> str:
    if raw not in AttributeType.values:
        raise ValidationError(_("Choose a type."), code="required")
    return raw


def check_key(raw: str) -> str:
    """Raises: ValidationError unless it is small letters, digits and underscores, a letter first."""
    key = raw.strip()
    if not KEY.fullmatch(key):
        raise ValidationError(
            _("A key is at most 60 characters: small letters a–z, digits and underscores, a letter first."),
            code="invalid_key",
        )
    return key


def check_new_key(raw: str) -> str:
    key = check_key(raw)
    if key in RESERVED_KEYS:
        raise ValidationError(_("“%(key)s” is reserved: choose another key."), code="reserved", params={"key": key})
    if Attribute.objects.filter(key=key).exists():
        raise ValidationError(_("Another attribute has this key."), code="taken")
    return key


def clean_name(raw: str) -> str:
    name = names.clean_name(normalising.line(raw, longest=120))
    if not name:
        raise ValidationError(_("This field is required."), code="required")
    return name


def clean_options(raw: Sequence[str], *, type: str) -> list[str]:  # noqa: A002
    """Each option once, in the order given; none for types that have no list. Raises: ValidationError."""
    if type not in LISTED:
        return []
    cleaned_each = (names.clean_name(normalising.line(each, longest=LONGEST_OPTION)) for each in raw)
    options = list(dict.fromkeys(option for option in cleaned_each if option))
    if not options:
        raise ValidationError(_("Give at least one option."), code="required")
    if len(options) > MOST_OPTIONS:
        raise ValidationError(_("At most %(most)s options."), code="too_many", params={"most": MOST_OPTIONS})
    if parted := [option for option in options if ";" in option]:
        raise ValidationError(
            _("“%(option)s” has a semicolon, which separates options in files."),
            code="semicolon",
            params={"option": parted[0]},
        )
    return options
