"""The form of a report. Without scripts the buttons that move a part send the whole form, which comes back as moved."""

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.names import NameField
from contacts.models import Attribute
from insights.statistics.dimensions import Dimension, of_attributes, own
from permissions.models import PermissionGroup
from permissions.selectors import groups_known_to
from reports import sources
from reports.models import BASE, PERIODS, Report, Sharing
from reports.parts import DEFAULT, PARTS, Part
from reports.services import LONGEST, Plan
from users.models import User

GONE = {"invalid_choice": gettext_lazy("Choose from the list: what you chose is not there any more.")}


@dataclass(frozen=True)
class Offered:
    """A part in the form."""

    part: Part
    chosen: bool
    first: bool
    last: bool


class SourceField(forms.CharField):
    """A token that names something. What is offered may be fewer than what there is."""

    def clean(self, value: Any) -> Any:
        token = super().clean(value)
        if not token or (token == BASE and not self.required):
            return None
        found = sources.source(token)
        if found is None:
            raise forms.ValidationError(GONE["invalid_choice"])
        return found


class ReportForm(forms.Form):
    """Name, what it is of, what it is compared with, its parts in their order, the period, who sees it."""

    use_required_attribute = False
    name = NameField(
        label=gettext_lazy("Name"),
        max_length=LONGEST,
        error_messages={"required": gettext_lazy("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    of = SourceField(
        label=gettext_lazy("Of whom"),
        max_length=60,
        error_messages={"required": gettext_lazy("Choose whom the report is of.")},
    )
    beside = SourceField(label=gettext_lazy("Compared with"), max_length=60, required=False)
    weeks = forms.TypedChoiceField(
        label=gettext_lazy("Period"), coerce=int, widget=forms.RadioSelect, error_messages=GONE
    )
    sharing = forms.ChoiceField(
        label=gettext_lazy("Who sees it"), choices=Sharing.choices, widget=forms.RadioSelect, error_messages=GONE
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(
        self, data: QueryDict | None = None, *, user: User, report: Report | None = None, asked: QueryDict | None = None
    ) -> None:
        self.report = report
        super().__init__(data, initial=_initial(report, asked))
        period: Any = self.fields["weeks"]
        period.choices = [(weeks, _period(weeks, months)) for weeks, months in PERIODS.items()]
        groups = list(groups_known_to(user).order_by("name").values_list("pk", "name"))
        unknown = report.groups.exclude(pk__in=groups_known_to(user)) if report else ()
        self.unknown_groups = list(unknown)  # chosen by somebody who knows them: they stay
        if not groups and not self.unknown_groups:
            choices: Any = self.fields["sharing"]
            choices.choices = [one for one in Sharing.choices if one[0] != Sharing.GROUPS]
        self.group_names = [(str(pk), name) for pk, name in groups]
        self.dimensions: list[Dimension] = [*own(), *of_attributes(Attribute.objects.order_by("position", "pk"))]
        self.fields["groups"] = _several([*self.group_names])
        self.fields["dimensions"] = _several([(one.key, one.name) for one in self.dimensions])
        self.fields["parts"] = _several([(key, str(part.title)) for key, part in PARTS.items()])

    # --- what stands in it -----------------------------------------------------------------------------------
    @property
    def order(self) -> list[str]:
        """All parts in the order of the form: as sent, else those of the report first; moved, if a button says so."""
        sent = self.data.getlist("order") if isinstance(self.data, QueryDict) else []
        given = sent or (self.report.parts if self.report else [])
        keys = list(dict.fromkeys([key for key in given if key in PARTS] + list(PARTS)))
        key, _dot, way = str(self.data.get("move", "")).partition(".") if self.is_bound else ("", "", "")
        if key in keys and way in ("up", "down"):
            place = keys.index(key)
            other = place + (1 if way == "down" else -1)
            if 0 <= other < len(keys):
                keys[place], keys[other] = keys[other], keys[place]
        return keys

    @property
    def offered(self) -> list[Offered]:
        keys, chosen = self.order, set(self._ticked("parts"))
        return [Offered(PARTS[key], key in chosen, key == keys[0], key == keys[-1]) for key in keys]

    @property
    def attributes(self) -> list[tuple[str, str, bool]]:
        """Those that can be chosen: key, name, whether it is ticked. Retired ones only while they are."""
        ticked = set(self._ticked("dimensions"))
        return [
            (one.key, one.name, one.key in ticked) for one in self.dimensions if not one.retired or one.key in ticked
        ]

    @property
    def chosen_groups(self) -> list[tuple[str, str, bool]]:
        ticked = set(self._ticked("groups"))
        return [(pk, name, pk in ticked) for pk, name in self.group_names]

    def _ticked(self, name: str) -> list[str]:
        if self.is_bound and isinstance(self.data, QueryDict):
            return self.data.getlist(name)
        return list(self.initial.get(name, []))

    @cached_property
    def offers(self) -> dict[str, sources.Offer]:
        """For either list: those in whose name the words looked for stand, and what is chosen."""
        words = {name: self._sought(name) for name in ("of", "beside")}
        offers = {each: sources.offered(each) for each in set(words.values())}
        return {name: self._with_chosen(name, offers[words[name]]) for name in words}

    def _sought(self, name: str) -> str:
        text = str(self.data.get(f"find-{name}", "")) if self.is_bound else ""
        return text.replace("\x00", "").strip()[:200]

    def _with_chosen(self, name: str, offer: sources.Offer) -> sources.Offer:
        listed = {token for _kind, options in offer.kinds for token, _name in options}
        token = str(self[name].value() or "")
        chosen = sources.source(token) if token not in (*listed, "", BASE, sources.ALL) else None
        if chosen is None:
            return offer
        return replace(offer, kinds=[(_("Chosen"), [(token, chosen.name)]), *offer.kinds])

    # --- what it means ---------------------------------------------------------------------------------------
    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("parts") and "parts" not in self.errors:
            self.add_error("parts", _("Tick at least one part."))
        if "attributes" in found.get("parts", []) and not found.get("dimensions") and "dimensions" not in self.errors:
            self.add_error("dimensions", _("Tick at least one attribute, or take “Who they are” out."))
        if found.get("sharing") == Sharing.GROUPS and not self.unknown_groups and not found.get("groups", True):
            self.add_error("groups", _("Tick at least one group."))
        of, beside = found.get("of"), found.get("beside")
        if of and beside and of.token == beside.token:
            self.add_error("beside", _("A group is compared with another one."))
        return found

    @property
    def plan(self) -> Plan:
        """What is to be written, of a form without errors."""
        found = self.cleaned_data
        beside, chosen = found["beside"], set(found["parts"])
        names = {one.key: one.name for one in self.dimensions}
        base = self.data.get("beside") == BASE and found["of"].token != sources.ALL
        groups = PermissionGroup.objects.filter(pk__in=map(int, found["groups"]))
        return Plan(
            name=found["name"],
            of=found["of"].token,
            of_name=found["of"].name[:400],
            beside=BASE if base else beside.token if beside else "",
            beside_name=beside.name[:400] if beside else "",
            parts=[key for key in self.order if key in chosen],
            dimensions=[{"key": key, "name": names[key]} for key in names if key in set(found["dimensions"])],
            weeks=found["weeks"],
            sharing=found["sharing"],
            groups=[*groups, *self.unknown_groups],
        )


def _several(choices: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        choices=choices, required=False, widget=forms.CheckboxSelectMultiple, error_messages=dict(GONE)
    )


def _period(weeks: int, months: int) -> str:
    told = ngettext("%(weeks)s weeks, %(months)s month", "%(weeks)s weeks, %(months)s months", months)
    return told % {"weeks": weeks, "months": months}


def _initial(report: Report | None, asked: QueryDict | None) -> dict[str, Any]:
    """Of a new report: what the address asks for (`?of=tag.12&beside=base`), which is there."""
    if report is None:
        query = asked if asked is not None else QueryDict()
        of = query.get("of") or sources.ALL
        beside = query.get("beside") or ("" if of == sources.ALL else BASE)
        found = sources.source(of)
        name = found.name if found and of != sources.ALL else ""
        return {
            "name": name[:LONGEST], "of": of, "beside": beside, "weeks": 12, "sharing": Sharing.PRIVATE, "seen": 0,
            "parts": list(DEFAULT), "dimensions": ["status", "lead_score", "source", "age"],
        }  # fmt: skip
    fields = ("name", "of", "beside", "weeks", "sharing", "parts")
    return {name: getattr(report, name) for name in fields} | {
        "seen": report.revision,
        "dimensions": [one["key"] for one in report.dimensions],
        "groups": [str(pk) for pk in report.groups.values_list("pk", flat=True)],
    }
