"""The seven types of attributes: how a value is cleaned for storing, and said to a reader.

Source: docs/contacts.md, "Attributes".
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config import names
from config.templatetags.numbers import number as number_text
from config.templatetags.times import month_pattern
from contacts import normalising
from contacts.models import Attribute, AttributeType
from contacts.normalising import quoted, written

Stored = str | int | float | bool | list[str]

LISTED = (AttributeType.CHOICE, AttributeType.CHOICES)  # the types with options
LONGEST_TEXT = 1000
MOST_DIGITS = 15  # as many as a double keeps exactly, there and back
MOST_DECIMALS = 10
TRUE = frozenset({"true", "1", "yes", "y", "t", "tak"})
FALSE = frozenset({"false", "0", "no", "n", "f", "nie"})
SPACES = re.compile(r"[\s\u00a0\u202f\u2009']")
ENGLISH_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
PLAIN_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ISO_MOMENT = re.compile(ISO_DATE.pattern + r"[T ][0-9]{2}:[0-9]{2}")
POLISH_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")

# They mean something else where attributes stand beside a contact's own fields: forms, files, the API.
RESERVED_KEYS = frozenset({
    "id", "email", "e_mail", "phone", "external_id", "first_name", "last_name", "name", "status", "lead_score",
    "source", "created_at", "updated_at", "created", "updated", "attributes", "attribute", "consent", "consents",
    "tag", "tags", "category", "categories", "segment", "segments", "history", "contact", "contacts", "sort_name",
    "not", "all", "any",
})  # fmt: skip


def clean_attribute(attribute: Attribute, raw: Any, *, localized: bool = False) -> Stored | None:
    """The value as it is stored; None is no value (nothing, an empty text, an empty list).

    `localized`: typed by a person, so "3,5" and "21.11.2026" are understood too. Data comes in ISO forms. A moment
    without an offset is in the active time zone.

    Raises: ValidationError that says what is wrong.
    Source: docs/contacts.md, "Attributes".
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()) or raw in ([], (), set()):
        return None
    return CLEANERS[AttributeType(attribute.type)](attribute, raw, localized)


def clean_text(_attribute: Attribute, raw: Any, _localized: bool) -> str | None:  # noqa: FBT001
    return normalising.line(raw, longest=LONGEST_TEXT) or None


def clean_number(_attribute: Attribute, raw: Any, localized: bool) -> int | float:  # noqa: FBT001
    value = decimal_of(raw, localized=localized)
    if value == 0:
        return 0
    digits, exponent = value.normalize().as_tuple().digits, int(value.normalize().as_tuple().exponent)
    if len(digits) + max(exponent, 0) > MOST_DIGITS or exponent < -MOST_DECIMALS:
        raise ValidationError(
            _("At most %(digits)s digits, of them %(decimals)s after the point."),
            code="too_long",
            params={"digits": MOST_DIGITS, "decimals": MOST_DECIMALS},
        )
    return int(value) if exponent >= 0 else float(value)


def decimal_of(raw: Any, *, localized: bool) -> Decimal:
    """The number that was given, exactly. Raises: ValidationError."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        raise ValidationError(_("Give a number."), code="not_number")
    text = SPACES.sub("", written(raw)) if localized else written(raw).strip()
    text = text.replace("\u2212", "-")
    if localized and "," in text:
        text = without_comma(text)
    if not PLAIN_NUMBER.fullmatch(text):
        raise ValidationError(_("“%(given)s” is not a number."), code="not_number", params={"given": quoted(raw)})
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValidationError(
            _("“%(given)s” is not a number."), code="not_number", params={"given": text[:40]}
        ) from None


def plain_number(value: float) -> str:
    """Every digit of the stored number, and no exponent: read again it is the same number."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_comma(text: str) -> str:
    """A decimal comma as a point. In English a comma before three digits may part thousands: that is asked back."""
    if not (get_language() or "en").startswith("pl") and ENGLISH_THOUSANDS.fullmatch(text):
        raise ValidationError(
            _("“%(given)s” can be read in two ways: write it without the comma, or with a decimal point."),
            code="ambiguous",
            params={"given": text},
        )
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def clean_boolean(_attribute: Attribute, raw: Any, _localized: bool) -> bool:  # noqa: FBT001
    if isinstance(raw, bool):
        return raw
    word = quoted(raw).strip().casefold()
    if isinstance(raw, str | int) and word in TRUE | FALSE:
        return word in TRUE
    raise ValidationError(
        _("Give yes or no; “%(given)s” is neither."), code="not_boolean", params={"given": quoted(raw)}
    )


def clean_date(_attribute: Attribute, raw: Any, localized: bool) -> str:  # noqa: FBT001
    if isinstance(raw, datetime):
        raise ValidationError(_("Give a date without a time of day."), code="not_date")
    if isinstance(raw, date):
        return raw.isoformat()
    text = iso_text(raw, localized=localized)
    with suppress(ValueError):
        if ISO_DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    raise ValidationError(
        _("“%(given)s” is not a date; write it as 2026-11-21."),
        code="not_date",
        params={"given": quoted(raw)},
    )


def clean_datetime(_attribute: Attribute, raw: Any, localized: bool) -> str:  # noqa: FBT001
    wrong = ValidationError(
        _("“%(given)s” is not a date and time; write it as 2026-11-21 14:30."),
        code="not_datetime",
        params={"given": quoted(raw)},
    )
    if isinstance(raw, datetime):
        moment = raw
    else:
        text = iso_text(raw, localized=localized)
        if not ISO_MOMENT.match(text):
            raise wrong
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise wrong from None
    try:
        if timezone.is_naive(moment):
            moment = in_zone(moment)
        return moment.astimezone(UTC).replace(microsecond=0).isoformat()
    except OverflowError:
        raise wrong from None


def in_zone(moment: datetime) -> datetime:
    """A wall-clock time in the active zone; the first of the two when the clock is put back.

    Raises: ValidationError for an hour that the clock skips.
    """
    aware = moment.replace(tzinfo=timezone.get_current_timezone(), fold=0)
    if aware.astimezone(UTC).astimezone(aware.tzinfo).replace(tzinfo=None) != moment.replace(fold=0):
        raise ValidationError(_("There is no such time on that day: the clock is put forward."), code="skipped_hour")
    return aware


def iso_text(raw: Any, *, localized: bool) -> str:
    """What was typed, with a Polish date turned to ISO where that is allowed."""
    text = raw.strip() if isinstance(raw, str) else ""
    if localized and (match := POLISH_DATE.match(text)):
        day, month, year = match.groups()
        return f"{year}-{int(month):02}-{int(day):02}{text[match.end() :]}"
    return text


def clean_choice(attribute: Attribute, raw: Any, _localized: bool) -> str:  # noqa: FBT001
    return option_of(attribute, raw)


def clean_choices(attribute: Attribute, raw: Any, _localized: bool) -> list[str] | None:  # noqa: FBT001
    """A list, or a text with options parted by semicolons; each once, in the order of code points."""
    if isinstance(raw, str):
        given: Iterable[Any] = [raw] if raw.strip() in attribute.options else [p for p in raw.split(";") if p.strip()]
    elif isinstance(raw, list | tuple | set | frozenset):
        given = raw
    else:
        raise ValidationError(_("Give a list of options."), code="not_list")
    return sorted({option_of(attribute, each) for each in given}) or None


def option_of(attribute: Attribute, raw: Any) -> str:
    """The option that was given. Raises: ValidationError that lists those there are."""
    option = normalising.line(raw, longest=LONGEST_TEXT)
    if option not in attribute.options:
        option = names.clean_name(option)  # as options are written
    if option not in attribute.options:
        raise ValidationError(
            _("“%(given)s” is not one of the options: %(options)s."),
            code="not_option",
            params={"given": option[:80], "options": ", ".join(attribute.options[:20])},
        )
    return option


CLEANERS: dict[AttributeType, Callable[[Attribute, Any, bool], Stored | None]] = {
    AttributeType.TEXT: clean_text,
    AttributeType.NUMBER: clean_number,
    AttributeType.BOOLEAN: clean_boolean,
    AttributeType.DATE: clean_date,
    AttributeType.DATETIME: clean_datetime,
    AttributeType.CHOICE: clean_choice,
    AttributeType.CHOICES: clean_choices,
}


def value_text(type_: str, value: Any) -> str:
    """A stored value, said in the reader's language and time zone. Values that do not fit the type are said plainly."""
    match type_, value:
        case AttributeType.NUMBER, int() | float() if not isinstance(value, bool):
            return number_text(value)
        case AttributeType.BOOLEAN, bool():
            return _("Yes") if value else _("No")
        case AttributeType.DATE, str():
            return date_text(value)
        case AttributeType.DATETIME, str():
            return datetime_text(value)
        case AttributeType.CHOICES, list():
            return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def date_text(value: str) -> str:
    """ "3 May 1980", always with the year."""
    try:
        return day_words(date.fromisoformat(value))
    except ValueError:
        return value


def datetime_text(value: str) -> str:
    """ "20 Nov 2026, 15:03" in the active time zone."""
    try:
        local = timezone.localtime(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return value
    return f"{day_words(local.date())}, {local:%H:%M}"


def day_words(day: date) -> str:
    return date_format(day, f"j {month_pattern()} Y", use_l10n=False)
