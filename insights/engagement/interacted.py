"""The contact manager's filter by when contacts last did something that counts (ED11): within so many days, or not."""

from collections.abc import Callable
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django_filters.widgets import SuffixedMultiWidget
from pyroaring import BitMap

from config.requests import Request
from contacts.answering import Answers
from contacts.manager import Criteria, ManagerFilter
from contacts.models import Contact
from contacts.selectors import restricted
from insights.engagement.figures import MOST_DAYS
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate

USUAL = (30, 60, 90)
HOW = [
    ("", pgettext_lazy("a filter", "Any")),
    ("within", pgettext_lazy("interacted", "within the last … days")),
    ("not_within", pgettext_lazy("interacted", "not within the last … days")),
]


class Interacted(NamedTuple):
    """Within the last `days` days, or not."""

    within: bool
    days: int


class InteractedWidget(SuffixedMultiWidget):
    """Two inputs: NAME_is and NAME_days."""

    suffixes = ["is", "days"]
    template_name = "insights/engagement/_interacted.html"

    def __init__(self) -> None:
        days = {"type": "number", "min": "1", "max": str(MOST_DAYS), "aria-label": gettext_lazy("Number of days")}
        how = forms.Select(choices=HOW, attrs={"class": "form-select", "aria-label": gettext_lazy("Interacted")})
        super().__init__(widgets=(how, forms.TextInput(attrs={**days, "list": "interacted-usual"})))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"usual": USUAL}

    def decompress(self, value: Interacted | None) -> list[Any]:
        return ["within" if value.within else "not_within", value.days] if value else [None, None]


class InteractedField(forms.MultiValueField):
    """Both or neither. Raises: ValidationError."""

    widget = InteractedWidget

    def __init__(self, **kwargs: Any) -> None:
        fields = (
            forms.ChoiceField(choices=HOW, required=False),
            forms.IntegerField(min_value=1, max_value=MOST_DAYS, required=False),
        )
        super().__init__(fields=fields, require_all_fields=False, **kwargs)

    def compress(self, values: list[Any]) -> Interacted | None:
        how, days = values or ("", None)
        if not how and days is None:
            return None
        if not how:
            raise ValidationError(_("Choose whether within these days or not."), code="incomplete")
        if days is None:
            raise ValidationError(_("Give a number of days."), code="incomplete")
        return Interacted(how == "within", days)


class InteractedFilter(django_filters.Filter):
    """Asked where the list is answered by rows: right after very many contacts were written."""

    field_class = InteractedField

    def __init__(self, *, whom: Callable[[Interacted], BitMap], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.whom = whom

    def filter(self, qs: QuerySet[Contact], value: Interacted | None) -> QuerySet[Contact]:
        return qs if value is None else restricted(qs, self.whom(value))


def criteria(value: Interacted) -> Criteria:
    return {"kind": "engagement", "state": "engaged" if value.within else "unengaged", "days": value.days}


def interacted_filter(request: Request) -> InteractedFilter:
    def whom(value: Interacted) -> BitMap:
        context = Context(now=request.now, zone=request.tenant.zone)
        return evaluate(parse(criteria(value)), context=context).members

    return InteractedFilter(whom=whom, label=gettext_lazy("Interacted"))


def found(answers: Answers, value: Interacted) -> BitMap | None:
    return answers.satisfying(criteria(value))


def words(value: Interacted) -> str:
    said = (
        ngettext("Interacted today", "Interacted within the last %(days)s days", value.days)
        if value.within
        else ngettext("Not interacted today", "Not interacted within the last %(days)s days", value.days)
    )
    return said % {"days": value.days}


INTERACTED = ManagerFilter(
    name="interacted",
    filter=interacted_filter,
    words=words,
    criteria=criteria,
    found=found,
)
