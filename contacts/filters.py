"""The contact manager's own filters: a contact's columns, its consents, and one for each declared attribute."""

import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DecimalField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Collate
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_filters.fields import RangeField
from django_filters.widgets import SuffixedMultiWidget

from config.requests import Request
from config.templatetags.numbers import number as number_text
from contacts import criteria
from contacts.attributes import day_words
from contacts.folding import casefolded
from contacts.manager import ManagerFilter
from contacts.models import Attribute, AttributeType, Consent, ConsentState, Contact, ContactConsent, Status
from contacts.searching import whom
from contacts.selecting import selected
from contacts.selectors import matching, restricted

Contacts = QuerySet[Contact]
UNKNOWN = "unknown"
LONGEST = 200


class FromToWidget(SuffixedMultiWidget):
    """Two inputs of one type: NAME_from and NAME_to."""

    suffixes = ["from", "to"]
    template_name = "contacts/_from_to.html"

    def __init__(self, kind: str = "number", **attrs: Any) -> None:
        # A text that is no date or number must reach the field, and come back: TextInput formats nothing.
        low, high = (
            forms.TextInput(attrs={"type": kind, "aria-label": label, **attrs})
            for label in (pgettext_lazy("lower bound", "From"), pgettext_lazy("upper bound", "Up to"))
        )
        super().__init__(widgets=(low, high))

    def decompress(self, value: slice | None) -> list[Any]:
        return [value.start, value.stop] if value else [None, None]


class OrderedRangeField(RangeField):
    """Two bounds, each may be missing. Refuses a lower one above the upper: nobody could be between them."""

    widget = FromToWidget

    def clean(self, value: Any) -> Any:
        bounds = super().clean(value)
        if bounds and bounds.start is not None and bounds.stop is not None and bounds.start > bounds.stop:
            raise ValidationError(_("The lower bound is above the upper one."), code="order")
        return bounds


class DayRangeField(OrderedRangeField):
    """Two days, each may be missing. Gives a slice of dates."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields=(forms.DateField(), forms.DateField()), **kwargs)


class WholeRangeField(OrderedRangeField):
    """Two whole numbers, each may be missing. Gives a slice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields=(forms.IntegerField(), forms.IntegerField()), **kwargs)


class DayRangeFilter(django_filters.Filter):
    field_class = DayRangeField


class NumberRangeFilter(django_filters.Filter):
    field_class = OrderedRangeField


class WholeRangeFilter(django_filters.Filter):
    field_class = WholeRangeField


def day_range_filter(method: Callable[[Contacts, str, slice], Contacts], label: Any) -> django_filters.Filter:
    return DayRangeFilter(method=method, label=label, widget=FromToWidget("date"))


def by_words(queryset: Contacts, _name: str, value: str) -> Contacts:
    return matching(queryset, value)


def by_status(queryset: Contacts, _name: str, value: list[str]) -> Contacts:
    return queryset.filter(status__in=value) if value else queryset


def by_score(queryset: Contacts, _name: str, value: slice) -> Contacts:
    return bounded(queryset, "lead_score", value.start, value.stop)


def bounded(queryset: Contacts, name: str, low: Any, high: Any) -> Contacts:
    """Inclusive at both ends; None is no bound."""
    if low is not None:
        queryset = queryset.filter(**{f"{name}__gte": low})
    if high is not None:
        queryset = queryset.filter(**{f"{name}__lte": high})
    return queryset


def by_created(queryset: Contacts, _name: str, value: slice) -> Contacts:
    """Days of the account's time zone, both included."""
    if value.start is not None:
        queryset = queryset.filter(created_at__gte=day_begins(value.start))
    if value.stop is not None:
        queryset = queryset.filter(created_at__lt=day_begins(value.stop, after=True))
    return queryset


def day_begins(day: date, *, after: bool = False) -> datetime:
    """The first moment of a day in the active zone, or of the day after it. The last day there is has no day after."""
    if after:
        if day == date.max:
            return datetime.max.replace(tzinfo=UTC)
        day += timedelta(days=1)
    try:
        return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone()).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if day.year == 1 else datetime.max.replace(tzinfo=UTC)


def by_source(queryset: Contacts, _name: str, value: str) -> Contacts:
    text = unicodedata.normalize("NFC", value).casefold()
    return queryset.alias(source_folded=casefolded("source")).filter(source_folded=text)


def by_consent(queryset: Contacts, _name: str, value: str) -> Contacts:
    key, _colon, state = value.partition(":")
    answers = ContactConsent.objects.filter(contact=OuterRef("pk"), consent__key=key)
    if state == UNKNOWN:
        return queryset.filter(~Exists(answers))
    return queryset.filter(Exists(answers.filter(state=state)))


def consent_choices(consents: Iterable[Consent]) -> list[tuple[str, str]]:
    states = [*ConsentState.choices, (UNKNOWN, pgettext_lazy("a consent", "Not answered"))]
    return [(f"{each.key}:{state}", f"{each.name}: {label}") for each in consents for state, label in states]


def own_filters(request: Request, consents: Iterable[Consent]) -> list[ManagerFilter]:
    """The search box and a contact's columns."""
    answers = consent_choices(consents)
    return [
        ManagerFilter(
            name="q",
            filter=lambda _request: django_filters.CharFilter(
                method=by_words, max_length=LONGEST, label=gettext_lazy("Search")
            ),
            words=lambda value: _("Search: %(text)s") % {"text": value},
            found=lambda state, value: whom(value, state),
        ),
        ManagerFilter(
            name="status",
            filter=lambda _request: django_filters.MultipleChoiceFilter(
                method=by_status,
                choices=Status.choices,
                label=gettext_lazy("Subscription status"),
                widget=forms.CheckboxSelectMultiple,
            ),
            words=lambda value: _("Status: %(text)s") % {"text": ", ".join(str(Status(each).label) for each in value)},
            criteria=lambda value: criteria.field("status", op="in", value=list(value)),
        ),
        ManagerFilter(
            name="lead_score",
            filter=lambda _request: WholeRangeFilter(
                method=by_score, label=gettext_lazy("Lead score"), widget=FromToWidget(step="1")
            ),
            words=lambda value: _("Lead score: %(range)s") % {"range": range_words(value, number_text)},
            criteria=criteria.lead_score,
        ),
        ManagerFilter(
            name="created",
            filter=lambda _request: day_range_filter(by_created, pgettext_lazy("of a contact", "Created")),
            words=lambda value: _("Created: %(range)s") % {"range": range_words(value, day_words)},
            criteria=criteria.created,
        ),
        ManagerFilter(
            name="source",
            filter=lambda _request: django_filters.CharFilter(
                method=by_source, max_length=LONGEST, label=gettext_lazy("Source")
            ),
            words=lambda value: _("Source: %(text)s") % {"text": value},
            criteria=lambda value: criteria.field("source", op="eq", value=value),
        ),
        ManagerFilter(
            name="consent",
            filter=lambda _request: django_filters.ChoiceFilter(
                method=by_consent, choices=answers, label=gettext_lazy("Consent"), empty_label=gettext_lazy("Any")
            ),
            words=lambda value: dict(answers).get(value, value),
            criteria=criteria.consent,
            hidden=not answers,
        ),
        ManagerFilter(
            name="selected",
            filter=selection_filter,
            words=lambda _value: _("Selected contacts"),
            members=lambda _value: selected(request.user),
            hidden=True,
        ),
    ]


def selection_filter(request: Request) -> django_filters.Filter:
    """`?selected=yes`: those that the user has selected."""

    def by_selection(queryset: Contacts, _name: str, value: str) -> Contacts:
        return restricted(queryset, selected(request.user)) if value else queryset

    return django_filters.ChoiceFilter(
        method=by_selection, choices=[("yes", gettext_lazy("Yes"))], widget=forms.HiddenInput
    )


def range_words(value: slice, say: Callable[[Any], str]) -> str:
    """ "10 – 20", "from 10", "up to 20"."""
    if value.start is None:
        return _("up to %(high)s") % {"high": say(value.stop)}
    if value.stop is None:
        return _("from %(low)s") % {"low": say(value.start)}
    return f"{say(value.start)} – {say(value.stop)}"


def attribute_filter(attribute: Attribute) -> ManagerFilter:
    """The filter of a declared attribute, as its type needs: its parameter is `attribute-KEY`."""
    build, words = ATTRIBUTE_FILTERS[AttributeType(attribute.type)]
    return ManagerFilter(
        name=f"attribute-{attribute.key}",
        filter=lambda _request: build(attribute),
        words=lambda value: f"{attribute.name}: {words(value)}",
        criteria=partial(criteria.attribute, attribute),
        hidden=attribute.retired_at is not None,
    )


def text_filter(attribute: Attribute) -> django_filters.Filter:
    def by_text(queryset: Contacts, _name: str, value: str) -> Contacts:
        words = casefolded(KeyTextTransform(attribute.key, "attributes"))
        return queryset.alias(**{f"text_{attribute.key}": words}).filter(
            **{f"text_{attribute.key}__contains": unicodedata.normalize("NFC", value).casefold()}
        )

    return django_filters.CharFilter(method=by_text, max_length=LONGEST, label=attribute.name)


def number_filter(attribute: Attribute) -> django_filters.Filter:
    def by_number(queryset: Contacts, _name: str, value: slice) -> Contacts:
        number = Cast(KeyTextTransform(attribute.key, "attributes"), DecimalField(max_digits=30, decimal_places=10))
        name = f"number_{attribute.key}"
        return bounded(queryset.alias(**{name: number}), name, value.start, value.stop)

    return NumberRangeFilter(method=by_number, label=attribute.name, widget=FromToWidget(step="any"))


def boolean_filter(attribute: Attribute) -> django_filters.Filter:
    def by_boolean(queryset: Contacts, _name: str, value: str) -> Contacts:
        return queryset.filter(attributes__contains={attribute.key: value == "true"})

    return django_filters.ChoiceFilter(
        method=by_boolean,
        label=attribute.name,
        choices=[("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))],
        empty_label=gettext_lazy("Any"),
    )


def date_filter(attribute: Attribute) -> django_filters.Filter:
    def by_date(queryset: Contacts, _name: str, value: slice) -> Contacts:
        return in_order(
            queryset,
            attribute,
            value.start and value.start.isoformat(),
            value.stop and value.stop.isoformat() + "~",
        )

    return day_range_filter(by_date, attribute.name)


def datetime_filter(attribute: Attribute) -> django_filters.Filter:
    def by_datetime(queryset: Contacts, _name: str, value: slice) -> Contacts:
        return in_order(
            queryset,
            attribute,
            value.start and stored(day_begins(value.start)),
            value.stop and stored(day_begins(value.stop, after=True)),
        )

    return day_range_filter(by_datetime, attribute.name)


def stored(moment: datetime) -> str:
    """A moment as attributes hold it, whose order as text is the order in time."""
    return moment.replace(microsecond=0).isoformat()


def in_order(queryset: Contacts, attribute: Attribute, low: str | None, below: str | None) -> Contacts:
    """Values from `low` on and below `below`, in the order of code points."""
    name = f"moment_{attribute.key}"
    queryset = queryset.alias(**{name: Collate(KeyTextTransform(attribute.key, "attributes"), "C")})
    if low is not None:
        queryset = queryset.filter(**{f"{name}__gte": Value(low)})
    if below is not None:
        queryset = queryset.filter(**{f"{name}__lt": Value(below)})
    return queryset


def choice_filter(attribute: Attribute) -> django_filters.Filter:
    several = attribute.type == AttributeType.CHOICES

    def by_options(queryset: Contacts, _name: str, value: list[str]) -> Contacts:
        condition = Q()
        for option in value:
            condition |= Q(attributes__contains={attribute.key: [option] if several else option})
        return queryset.filter(condition) if value else queryset

    return django_filters.MultipleChoiceFilter(
        method=by_options,
        label=attribute.name,
        choices=[(option, option) for option in attribute.options],
        widget=forms.SelectMultiple(attrs={"size": min(4, len(attribute.options))}),
    )


def listed(value: list[str]) -> str:
    return ", ".join(value)


def yes_or_no(value: str) -> str:
    return _("Yes") if value == "true" else _("No")


Builder = Callable[[Attribute], django_filters.Filter]
ATTRIBUTE_FILTERS: dict[AttributeType, tuple[Builder, Callable[[Any], str]]] = {
    AttributeType.TEXT: (text_filter, str),
    AttributeType.NUMBER: (number_filter, lambda value: range_words(value, number_text)),
    AttributeType.BOOLEAN: (boolean_filter, yes_or_no),
    AttributeType.DATE: (date_filter, lambda value: range_words(value, day_words)),
    AttributeType.DATETIME: (datetime_filter, lambda value: range_words(value, day_words)),
    AttributeType.CHOICE: (choice_filter, listed),
    AttributeType.CHOICES: (choice_filter, listed),
}
