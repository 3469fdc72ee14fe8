"""The form of a sunset: five steps on one page."""

from collections.abc import Iterable
from itertools import chain, count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.names import NameField
from contacts.folding import folded
from contacts.models import Consent
from segmentation.models import SavedCriteria
from sunset.models import Sunset
from sunset.plans import LONGEST, LONGEST_WAIT, Plan
from sunset.standing import holding
from tags.forms import TagsInput
from tags.models import Tag
from tags.normalising import normalise

USUAL_DAYS, USUAL_WAIT = 180, 30
LONGEST_NAME = 120
TAG_NAME = "SUNSET"


class Consents(forms.ModelMultipleChoiceField):
    """Boxes; one that is retired can still be withdrawn, and says that it is."""

    def label_from_instance(self, obj: Any) -> str:
        return _("%(name)s (retired)") % {"name": obj.name} if obj.retired_at else str(obj.name)


class SunsetForm(forms.Form):
    """`sunset`: the one that is changed; its tag stays. `window`: the account's days of engagement."""

    name = NameField(label=gettext_lazy("Name of the sunset"), max_length=LONGEST_NAME)
    days = forms.IntegerField(
        label=gettext_lazy("Days without a sign of life"),
        max_value=LONGEST,
        error_messages={"max_value": gettext_lazy("At most %(limit_value)s days without a sign of life.")},
    )
    tag = forms.CharField(label=gettext_lazy("Tag"), max_length=LONGEST_NAME, strip=False, widget=TagsInput(one=True))
    wait = forms.IntegerField(
        label=gettext_lazy("Days to wait for an answer"),
        min_value=1,
        max_value=LONGEST_WAIT,
        error_messages={
            "min_value": gettext_lazy("Wait for an answer for at least one day."),
            "max_value": gettext_lazy("Wait for an answer for at most %(limit_value)s days."),
        },
    )
    consents = Consents(
        Consent.objects.order_by("pk"),
        label=gettext_lazy("Consents to withdraw"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one consent: without it there is nothing to withdraw.")
        },
    )
    left_out = forms.ModelChoiceField(
        SavedCriteria.objects.order_by("name"),
        label=gettext_lazy("Never touch who meets these saved criteria"),
        empty_label=gettext_lazy("Nobody is left alone"),
        required=False,
    )

    use_required_attribute = False

    def __init__(self, *args: Any, window: int, sunset: Sunset | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.window, self.sunset = window, sunset
        if sunset is not None:
            del self.fields["tag"]
        for name in ("days", "wait"):
            self.fields[name].widget.attrs |= {"inputmode": "numeric", "step": "1"}
        self.fields["days"].widget.attrs["min"] = window

    @staticmethod
    def initial_for(window: int) -> dict[str, Any]:
        """What a new one begins with: a name that no sunset has, and a tag that there is not yet."""
        tags = Tag.objects.filter(name__startswith=TAG_NAME)
        consents = Consent.objects.filter(retired_at=None).order_by("pk").values_list("pk", flat=True)[:1]
        return {
            "name": unused(_("Sunset"), Sunset.objects.values_list("name", flat=True), "{} {}"),
            "tag": unused(TAG_NAME, tags.values_list("name", flat=True), "{}_{}"),
            "days": max(USUAL_DAYS, window),
            "wait": min(USUAL_WAIT, max(USUAL_DAYS, window)),
            "consents": list(consents),
        }

    @staticmethod
    def initial_of(sunset: Sunset) -> dict[str, Any]:
        return {
            "name": sunset.name,
            "days": sunset.days,
            "wait": sunset.wait,
            "consents": sunset.consent_ids,
            "left_out": sunset.left_out_id,
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Sunset.objects.exclude(pk=self.sunset.pk if self.sunset else 0).values_list("name", flat=True)
        if folded(name) in {folded(other) for other in others}:
            raise ValidationError(_("There is a sunset of this name already."), code="taken")
        return name

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if days < self.window:
            text = ngettext(
                "Within the engagement window of the account (%(number)s day) everybody counts as engaged.",
                "Within the engagement window of the account (%(number)s days) everybody counts as engaged.",
                self.window,
            )
            raise ValidationError(text % {"number": self.window}, code="window")
        return days

    def clean_tag(self) -> str:
        names = normalise(self.cleaned_data["tag"])
        if len(names) != 1:
            raise ValidationError(_("A comma separates two tags: type one name."), code="comma")
        tag = Tag.objects.filter(name=names[0]).first()
        if tag and (other := holding(tag)):
            raise ValidationError(tag_taken(other.name), code="taken")
        return names[0]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("days") and data.get("wait") and data["wait"] > data["days"]:
            self.add_error("wait", _("At most as many days as without a sign of life."))
        return data

    @property
    def countable(self) -> bool:
        """Whether there are numbers: they depend on no name, and a tag that is not chosen yet is on nobody."""
        return not self.uncountable

    @property
    def uncountable(self) -> list[tuple[str, str]]:
        """Why there are no numbers: fields' labels, and what is wrong there."""
        missing = [field.name for field in self if field.name == "tag" and self.has_error("tag", "required")]
        return [told(field) for field in self if field.errors and field.name not in ("name", *missing)]

    @property
    def refused_name(self) -> list[tuple[str, str]]:
        """Why it could not be called so, although there are numbers; one not typed yet is no fault."""
        return [told(self["name"])] if self["name"].errors and not self.has_error("name", "required") else []

    def plan(self, tag: str = "") -> Plan:
        """The cleaned form. `tag`: of a sunset that is changed."""
        data = self.cleaned_data
        consents = tuple(data["consents"])
        left_out = data["left_out"].pk if data["left_out"] else None
        return Plan(data["days"], data["wait"], tag or data.get("tag", ""), consents, left_out)


def told(field: forms.BoundField) -> tuple[str, str]:
    """A field's label, and what is wrong there."""
    return str(field.label), " ".join(str(error) for error in field.errors)


def unused(name: str, taken: Iterable[str], numbered: str) -> str:
    """The name, or the first one after it, numbered from 2, that is not taken."""
    others = {folded(other) for other in taken}
    names = chain([name], (numbered.format(name, number) for number in count(2)))
    return next(each for each in names if folded(each) not in others)


def tag_taken(other: str) -> str:
    return _("The sunset %(name)s has this tag. Each needs one of its own: it says since when somebody waits.") % {
        "name": other
    }
