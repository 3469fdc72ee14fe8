"""How single values of a batch become what is stored. Each raises ValidationError: docs/activities.md, "Limits"."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unicodedata import is_normalized
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from activities.models import Parameter, ParameterType
from contacts import normalising
from contacts.attributes import CLEANERS, LONGEST_TEXT, MOST_DIGITS, decimal_of
from contacts.models import AttributeType

LONGEST_ADDRESS = 4000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # clocks of shops differ, and so do their ideas of time zones
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
# Of built-in parameters: there is no such thing below nothing.
NOT_NEGATIVE = frozenset({"price", "quantity", "results"})


def text(raw: Any, *, longest: int) -> str:
    """One line, composed, trimmed. A tenth of the time of `normalising.line` for what is so already, as most is."""
    if isinstance(raw, str) and raw.isprintable() and (raw.isascii() or is_normalized("NFC", raw)):
        plain = raw.strip()
        if len(plain) <= longest:
            return plain
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValidationError(_("Give a text."), code="not_text")
    return normalising.line(raw, longest=longest)


def address(raw: Any) -> str:
    """An address as it was given, relative ones as well."""
    return text(raw, longest=LONGEST_ADDRESS)


def required(clean: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, but nothing and an empty text are refused."""

    def cleaned(raw: Any) -> Any:
        value = None if raw is None else clean(raw)
        if value is None or value == "":
            raise ValidationError(_("This field is required."), code="required")
        return value

    return cleaned


def moment(raw: Any, *, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment of the past (up to a day of the future), in UTC; without an offset it is in `zone`.

    Of a time that comes twice, the first. Raises: ValidationError, also for one that the clock skips.
    """
    given = raw if isinstance(raw, datetime) else parsed(raw)
    if given.tzinfo is None:
        local, given = given, given.replace(tzinfo=zone, fold=0)
        if EARLIEST.year < local.year < 9999 and back(given, zone) != local.replace(fold=0):
            raise ValidationError(
                _("There is no such time on that day: the clock is put forward."), code="skipped_hour"
            )
    if given < EARLIEST:
        raise ValidationError(_("This is before 1970."), code="too_early")
    if given > now + AHEAD:
        raise ValidationError(_("This is more than a day in the future."), code="future")
    return given.astimezone(UTC)


def back(given: datetime, zone: ZoneInfo) -> datetime:
    return given.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def parsed(raw: Any) -> datetime:
    if isinstance(raw, str) and MOMENT.fullmatch(raw):
        try:
            return datetime.fromisoformat(raw)
        except ValueError:
            pass
    raise ValidationError(
        _("“%(given)s” is not a date and time; write it as 2026-11-21T14:30:00+01:00."),
        code="not_datetime",
        params={"given": normalising.quoted(raw)},
    )


def decimal(raw: Any, *, places: int, digits: int) -> Decimal:
    """A number with at most so many places and, before the point, digits. Raises: ValidationError."""
    value = decimal_of(raw, localized=False)
    if value.is_zero():
        return Decimal()
    exponent = value.normalize().as_tuple().exponent
    if int(exponent) < -places or value.adjusted() >= digits:
        raise ValidationError(
            _("At most %(digits)s digits before the point and %(places)s after it."),
            code="too_long",
            params={"digits": digits, "places": places},
        )
    return value


def money(raw: Any) -> Decimal:
    return decimal(raw, places=4, digits=14)


def not_negative(value: Any) -> None:
    if value < 0:
        raise ValidationError(_("This cannot be less than 0."), code="negative")


def cleaner(parameter: Parameter) -> Callable[[Any], Any]:
    """How a value of the parameter becomes what is stored; None is no value."""
    match parameter.type:
        case ParameterType.TEXT:
            return partial(text, longest=LONGEST_TEXT)
        case ParameterType.URL:
            return address
        case ParameterType.NUMBER:
            built_in = parameter.name == ""
            return partial(number, signed=not (built_in and parameter.key in NOT_NEGATIVE))
    # The other types are those of contacts' attributes, which need no definition to be cleaned.
    clean: Any = CLEANERS[AttributeType(parameter.type)]
    return lambda raw: clean(None, raw, False)  # noqa: FBT003


def number(raw: Any, *, signed: bool) -> int | float:
    if type(raw) is int and abs(raw) < 10**MOST_DIGITS:
        value: Any = raw
    else:
        value = CLEANERS[AttributeType.NUMBER](None, raw, False)  # type: ignore[arg-type]  # noqa: FBT003
    if not signed:
        not_negative(value)
    return value
