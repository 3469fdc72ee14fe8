"""What an attribute's values would become if it had another type: read once, each different value judged once.

Values are judged as if a person typed them (`contacts.attributes`, localized): "3,5" is a number to somebody who reads
Polish, and "21.11.2026" a date. A date and time becomes its day in the account's zone, a day its midnight.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.db.models.fields.json import KeyTransform
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.attributes import LISTED, Stored, clean_attribute, plain_number, value_text
from contacts.models import Attribute, AttributeType, Contact

SHOWN = 8  # values told of each problem, and of those that fit
MOST_OPTIONS_OFFERED = 500
BATCH = 10_000


@dataclass(frozen=True)
class Value:
    """One different value: how it reads, how many contacts have it, what it would become ("" where it doesn't fit)."""

    raw: str  # as the manager's filter takes it
    said: str
    contacts: int
    becomes: str = ""


@dataclass
class Problem:
    """Why values don't fit: of how many contacts, how many different ones, and the most frequent of these."""

    text: str
    contacts: int = 0
    different: int = 0
    values: list[Value] = field(default_factory=list)


@dataclass
class Report:
    """What the change would come to, as of now. `rewritten`: of how many contacts the stored value would be another."""

    contacts: int = 0
    different: int = 0
    rewritten: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)
    fitting: list[Value] = field(default_factory=list)

    @property
    def unfit(self) -> int:
        return sum(problem.contacts for problem in self.problems.values())


def different_values(attribute: Attribute) -> Iterator[tuple[Any, int]]:
    """Each value that contacts have, and how many have it; the most frequent first."""
    rows = Contact.objects.filter(attributes__has_key=attribute.key).order_by()
    counted = rows.values_list(KeyTransform(attribute.key, "attributes")).annotate(n=Count("pk")).order_by("-n")
    yield from counted.iterator(chunk_size=BATCH)


def wanted(attribute: Attribute, new_type: str, options: Iterable[str] = ()) -> Attribute:
    """The definition as it would be; not saved."""
    kept = list(options) if new_type in LISTED else []
    return Attribute(pk=attribute.pk, key=attribute.key, name=attribute.name, type=new_type, options=kept)


def dry_run(attribute: Attribute, new: Attribute) -> Report:
    """Judges every value once. A thousand different ones of 200,000 contacts: 2 s on a busy machine."""
    report = Report()
    for value, contacts in different_values(attribute):
        report.contacts += contacts
        report.different += 1
        try:
            becomes = converted(value, attribute, new)
        except ValidationError as error:
            note(report, Value(raw_text(value), value_text(attribute.type, value), contacts), error)
            continue
        if not same(becomes, value):
            report.rewritten += contacts
        if len(report.fitting) < SHOWN:
            said = value_text(attribute.type, value)
            report.fitting.append(Value(raw_text(value), said, contacts, value_text(new.type, becomes)))
    return report


def note(report: Report, value: Value, error: ValidationError) -> None:
    """A value that doesn't fit, under its problem."""
    first = error.error_list[0]
    code = first.code or "other"
    problem = report.problems.setdefault(code, Problem(said_of(code) or " ".join(first.messages)))
    problem.contacts += value.contacts
    problem.different += 1
    if len(problem.values) < SHOWN:
        problem.values.append(value)


def said_of(code: str) -> str:
    """A problem in words that speak of no one value."""
    return {
        "not_number": _("Not a number"),
        "ambiguous": _("A comma that can be read in two ways"),
        "not_boolean": _("Neither yes nor no"),
        "not_date": _("Not a date"),
        "not_datetime": _("Not a date and time"),
        "skipped_hour": _("An hour that the clock skips"),
        "not_option": _("Not one of the options"),
        "too_long": _("Too long"),
        "several": _("Several values where there is room for one"),
        "no_way": _("A value that can't be one of the new type"),
    }.get(code, "")


def converted(value: Any, old: Attribute, new: Attribute) -> Stored:
    """The stored form that a stored value would get. Raises: ValidationError, with a code."""
    made = clean_attribute(new, carried(value, AttributeType(old.type), AttributeType(new.type)), localized=True)
    if made is None:
        raise ValidationError(_("A value that can't be one of the new type"), code="no_way")
    return made


def carried(value: Any, old: AttributeType, new: AttributeType) -> Any:
    """The value as the new type's cleaner is given it. Raises: ValidationError, where nothing of it would be left."""
    if old == AttributeType.CHOICES and new not in (AttributeType.TEXT, AttributeType.CHOICES):
        if len(value) > 1:
            raise ValidationError(_("Several values where there is room for one"), code="several")
        value = value[0]
    elif old == AttributeType.CHOICES and new == AttributeType.TEXT:
        return "; ".join(value)
    if old == AttributeType.DATE and new == AttributeType.DATETIME:
        return f"{value} 00:00"
    if old == AttributeType.DATETIME and new == AttributeType.DATE:
        return timezone.localtime(datetime.fromisoformat(value)).date()
    if new == AttributeType.CHOICES:
        return [raw_text(value)] if not isinstance(value, str | list) else value
    if new in (AttributeType.TEXT, AttributeType.CHOICE):
        return raw_text(value)
    if isinstance(value, float) and new == AttributeType.BOOLEAN and value in (0.0, 1.0):
        return int(value)
    return value


def raw_text(value: Any) -> str:
    """A stored value in words, of numbers every digit: what another type's cleaner is given, and links name."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return plain_number(value)
        case list():
            return "; ".join(value)
    return str(value)


def same(one: Any, other: Any) -> bool:
    """Whether both are stored alike: true is not 1."""
    return type(one) is type(other) and one == other


def suggested_options(attribute: Attribute) -> list[str]:
    """The values there are, for a list to choose from: the most frequent first."""
    found: dict[str, None] = {}
    for value, _contacts in different_values(attribute):
        for each in value if isinstance(value, list) else [raw_text(value)]:
            found.setdefault(each)
        if len(found) >= MOST_OPTIONS_OFFERED:
            break
    return list(found)[:MOST_OPTIONS_OFFERED]
