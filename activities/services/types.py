"""Declaring the types of activities that an account keeps, and their parameters.

Type and parameters are locked by whoever writes activities of the type (`services.activities`): what is taken away
here is not in use, and stays so.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from activities.hooks import uses_of_parameter, uses_of_type
from activities.models import Activity, ActivityType, Parameter, ParameterType
from contacts.hooks import Use
from contacts.services import InUseError
from contacts.services.definitions import check_key, clean_name

MOST_TYPES = 200
MOST_PARAMETERS = 50
# They mean something else where types stand beside other things people do: filters, criteria, the API.
RESERVED_TYPES = frozenset({
    "activity", "activities", "visit", "visits", "order", "orders", "purchase", "purchases", "contact", "contacts",
    "all", "any", "none", "not",
})  # fmt: skip
# They are columns beside the parameters in files.
RESERVED_PARAMETERS = frozenset({"id", "contact", "contact_id", "email", "external_id", "type", "at", "params"})


class Declared(NamedTuple):
    """A parameter to be declared."""

    key: str
    name: str
    type: str


def create_type(*, key: str, name: str, parameters: Sequence[Declared] = ()) -> ActivityType:
    """A new type of the account's own. Raises: ValidationError by field, "parameters.2.key" for the third's key."""
    errors: dict[str, Any] = {}
    values = {
        "key": checked(errors, "key", lambda: new_key(key, RESERVED_TYPES)),
        "name": checked(errors, "name", lambda: clean_name(name)),
    }
    declared = [read_parameter(each, errors, f"parameters.{n}.") for n, each in enumerate(parameters)]
    for n, each in enumerate(declared):
        if each["key"] and each["key"] in [earlier["key"] for earlier in declared[:n]]:
            errors.setdefault(f"parameters.{n}.key", taken_parameter())
    if len(parameters) > MOST_PARAMETERS:
        errors["parameters"] = too_many_parameters()
    if ActivityType.objects.filter(key=key.strip()).exists():
        errors["key"] = taken_type()
    if errors:
        raise ValidationError(errors)
    if ActivityType.objects.filter(built_in=False).count() >= MOST_TYPES:
        raise ValidationError(_("An account has at most %(most)s types of its own.") % {"most": MOST_TYPES})
    try:
        with transaction.atomic():
            made = ActivityType.objects.create(**values)
            Parameter.objects.bulk_create(Parameter(activity_type=made, **each) for each in declared)
    except IntegrityError as error:
        raise ValidationError({"key": taken_type()}) from error
    return made


def rename_type(kind: ActivityType, *, name: str) -> ActivityType:
    """Call a type of the account's own otherwise; its key is for good. Raises: ValidationError by field."""
    if kind.built_in:
        raise ValidationError({"name": built_in()})
    try:
        kind.name = clean_name(name)
    except ValidationError as error:
        raise ValidationError({"name": error}) from None
    kind.save(update_fields=["name"])
    return kind


def delete_type(kind: ActivityType) -> None:
    """Delete a type of the account's own, with its parameters.

    Raises: InUseError while there are activities of it, or something refers to it or to one of its parameters;
    ValidationError for a built-in one.
    """
    if kind.built_in:
        raise ValidationError(built_in())
    with transaction.atomic():
        ActivityType.objects.select_for_update().get(pk=kind.pk)  # whoever writes activities of it is waited for
        if reason := why_type_kept(kind):
            raise reason
        kind.delete()


def why_type_kept(kind: ActivityType) -> InUseError | None:
    """Why the type cannot be deleted now: what refers to it, and that there are activities."""
    sentences = []
    if uses := uses_of_type(kind):
        sentences.append(_("“%(name)s” is used and cannot be deleted.") % {"name": kind})
    if recorded(kind):
        sentences.append(_("There are activities of the type “%(name)s”: it stays.") % {"name": kind})
    return InUseError(" ".join(sentences), uses) if sentences else None


def add_parameter(kind: ActivityType, *, key: str, name: str, type: str) -> Parameter:  # noqa: A002
    """One more parameter of a type, built in or not. Activities there are have no value of it.

    Raises: ValidationError by field.
    """
    errors: dict[str, Any] = {}
    values = read_parameter(Declared(key, name, type), errors)
    if Parameter.objects.filter(activity_type=kind, key=key.strip()).exists():
        errors["key"] = taken_parameter()
    if errors:
        raise ValidationError(errors)
    if Parameter.objects.filter(activity_type=kind).count() >= MOST_PARAMETERS:
        raise ValidationError(too_many_parameters())
    try:
        with transaction.atomic():
            return Parameter.objects.create(activity_type=kind, **values)
    except IntegrityError as error:
        raise ValidationError({"key": taken_parameter()}) from error


def rename_parameter(parameter: Parameter, *, name: str) -> Parameter:
    """Call a parameter that the account declared otherwise; key and type are for good.

    Raises: ValidationError by field.
    """
    if is_built_in(parameter):
        raise ValidationError({"name": built_in()})
    try:
        parameter.name = clean_name(name)
    except ValidationError as error:
        raise ValidationError({"name": error}) from None
    parameter.save(update_fields=["name"])
    return parameter


def delete_parameter(parameter: Parameter) -> None:
    """Take away a parameter that the account declared, as long as there is no activity of its type.

    Raises: InUseError once there is one, or while something refers to it; ValidationError for a built-in one.
    """
    if is_built_in(parameter):
        raise ValidationError(built_in())
    with transaction.atomic():
        ActivityType.objects.select_for_update().get(pk=parameter.activity_type_id)
        if reason := why_parameter_kept(parameter):
            raise reason
        parameter.delete()


def why_parameter_kept(parameter: Parameter) -> InUseError | None:
    """Why the parameter cannot be taken away now."""
    sentences = []
    uses: list[Use] = uses_of_parameter(parameter)
    if uses:
        sentences.append(_("“%(name)s” is used and cannot be deleted.") % {"name": parameter})
    if recorded(parameter.activity_type):
        kind = {"name": parameter.activity_type}
        sentences.append(_("There are activities of the type “%(name)s”: its parameters stay.") % kind)
    return InUseError(" ".join(sentences), uses) if sentences else None


def recorded(kind: ActivityType) -> bool:
    return Activity.objects.filter(type=kind).exists()


def is_built_in(parameter: Parameter) -> bool:
    return parameter.name == ""


def read_parameter(given: Declared, errors: dict[str, Any], path: str = "") -> dict[str, Any]:
    """What is stored of a parameter; what is wrong goes to `errors`."""
    if given.type not in ParameterType.values:
        errors[f"{path}type"] = ValidationError(_("Choose a type."), code="required")
    return {
        "key": checked(errors, f"{path}key", lambda: new_key(given.key, RESERVED_PARAMETERS)),
        "name": checked(errors, f"{path}name", lambda: clean_name(given.name)),
        "type": given.type,
    }


def checked(errors: dict[str, Any], field: str, clean: Callable[[], str]) -> str:
    try:
        return clean()
    except ValidationError as error:
        errors[field] = error
        return ""


def new_key(raw: str, reserved: frozenset[str]) -> str:
    key = check_key(raw)
    if key in reserved:
        raise ValidationError(_("“%(key)s” is reserved: choose another key."), code="reserved", params={"key": key})
    return key


def taken_type() -> ValidationError:
    return ValidationError(_("Another type has this key."), code="taken")


def taken_parameter() -> ValidationError:
    return ValidationError(_("Another parameter of the type has this key."), code="taken")


def too_many_parameters() -> ValidationError:
    return ValidationError(
        _("A type has at most %(most)s parameters."), code="too_many", params={"most": MOST_PARAMETERS}
    )


def built_in() -> ValidationError:
    return ValidationError(_("What is built in stays as it is."), code="built_in")
