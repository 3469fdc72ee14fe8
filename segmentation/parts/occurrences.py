"""The form parts of what contacts did: activities, visits, engagement."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from typing_extensions import override

from activities.builtin import ICONS
from activities.models import Channel
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, TypedParameter, Values
from segmentation.parts.conditions import ConditionsInput
from segmentation.parts.moments import WindowInput
from segmentation.parts.numbers import whole
from segmentation.parts.times import PickInput, TimesInput

Parameters = dict[str, TypedParameter]


class OccurrencesForm(FormPart):
    """How often and when on the first line, then the conditions, then which of the rows count."""

    def parameters(self, typed: Typed) -> Parameters:
        """What can be asked of the rows."""
        raise NotImplementedError

    def subject(self, typed: Typed) -> Tree:
        """The keys of the criterion that name the rows."""
        return {}

    @override
    def controls(self, typed: Typed) -> list[Control]:
        one = PickInput().chosen(typed) in ("first", "last")
        never = not one and TimesInput.never(typed)
        return [
            *([] if one else TimesInput().controls(typed)),
            *WindowInput(future=False).controls(typed),
            *([] if one else TimesInput().offers(typed)),
            *ConditionsInput(self.parameters(typed), typed.one("what")).controls(typed),
            *PickInput().controls(typed, never=never),
        ]

    @override
    def read(self, typed: Typed) -> Tree:
        pick = PickInput.read(typed)
        criterion = {
            "kind": self.kind,
            **self.subject(typed),
            **ConditionsInput(self.parameters(typed)).read(typed),
            **({} if pick.get("pick") in ("first", "last") else TimesInput().read(typed)),
            **WindowInput().read(typed),
            **pick,
        }
        typed.finish()
        return criterion

    @override
    def write(self, criterion: Tree) -> Values:
        subject = f"{self.kind}:{criterion['type']}" if "type" in criterion else self.kind
        return {
            "what": [subject],
            **TimesInput.write(criterion),
            **WindowInput().write(criterion),
            **ConditionsInput.write(criterion),
            **PickInput.write(criterion),
        }


class ActivityForm(OccurrencesForm):
    """Each activity type of the account is a subject of its own."""

    kind = "activity"
    icon = "activity"

    @override
    def subjects(self, choices: Choosing) -> list[Subject]:
        return [Subject(f"activity:{key}", known.label, _("Activities")) for key, known in choices.activities.items()]

    @override
    def parameters(self, typed: Typed) -> Parameters:
        known = typed.choices.activities.get(self.detail(typed))
        return known.parameters if known else {}

    @override
    def subject(self, typed: Typed) -> Tree:
        key = self.detail(typed)
        if key not in typed.choices.activities:
            typed.complain("what", _("There is no such activity type any more. Choose another, or remove this."))
            typed.finish()
        return {"type": key}

    @override
    def icon_for(self, what: str) -> str:
        return ICONS.get(what.partition(":")[2], self.icon)


class VisitForm(OccurrencesForm):
    """Visits of the site, by where they came from."""

    kind = "visit"
    icon = "globe"

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("visit", pgettext("what to look at", "Visit of the site"), _("Activities"))]

    @override
    def parameters(self, _typed: Typed) -> Parameters:
        return {
            **came_from(),
            "referrer": TypedParameter(_("referring address"), "url"),
            "landing_url": TypedParameter(_("landing page"), "url"),
        }


def came_from() -> Parameters:
    """What visits and orders are asked about where they came from."""
    channels = [Option(key, str(label)) for key, label in Channel.choices]
    return {
        "channel": TypedParameter(_("channel"), "choice", channels),
        "utm_source": TypedParameter(_("UTM source"), "text"),
        "utm_medium": TypedParameter(_("UTM medium"), "text"),
        "utm_campaign": TypedParameter(_("UTM campaign"), "text"),
        "utm_term": TypedParameter(_("UTM term"), "text"),
        "utm_content": TypedParameter(_("UTM content"), "text"),
    }


class EngagementForm(FormPart):
    """Whether somebody did anything lately."""

    kind = "engagement"
    icon = "activity"

    @override
    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("engagement", _("Engagement"), _("Activities"))]

    @override
    def controls(self, typed: Typed) -> list[Control]:
        states = {"engaged": _("engaged"), "unengaged": _("not engaged")}
        state = typed.among("state", states)
        default = typed.choices.engagement_days
        return [
            Control("state", "select", _("state"), [state], [Option(*one) for one in states.items()]),
            Control("last", "words", _("in the last")),
            Control("days", "number", _("number of days"), [typed.one("days")]),
            Control("unit", "words", _("days (empty: %(days)s, as the account has it)") % {"days": default}),
        ]

    @override
    def read(self, typed: Typed) -> Tree:
        criterion: Tree = {"kind": "engagement", "state": typed.one("state")}
        if criterion["state"] not in ("engaged", "unengaged"):
            typed.complain("state", _("Choose a state."))
        if typed.one("days").strip():
            criterion["days"] = whole(typed, "days")
        typed.finish()
        return criterion

    @override
    def write(self, criterion: Tree) -> Values:
        values: Values = {"what": ["engagement"], "state": [criterion["state"]]}
        return values | {"days": [str(criterion["days"])]} if "days" in criterion else values
