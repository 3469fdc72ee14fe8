"""Forms of the pages of segments; the criteria have a component of their own (`segmentation.builder`)."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import TextField, Value
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from config.names import NameField
from contacts.folding import casefolded
from segmentation import health, hooks
from segmentation.models import LONGEST_HOURS, RefreshUnit, Segment, UploadedList
from segmentation.services import Settings
from users.models import User

ONCE, AUTO = "once", "auto"
CRITERIA = "criteria"
NAME_TAKEN = gettext_lazy("A segment with this name exists already, perhaps in the archive.")
PLACES = 12  # digits of a number typed


class SettingsForm(forms.Form):
    """Name, readiness time and refreshing of a segment, new or edited."""

    name = NameField(label=gettext_lazy("Segment name"), max_length=200)
    readiness_hours = forms.IntegerField(
        label=gettext_lazy("Readiness time"), min_value=1, max_value=LONGEST_HOURS, initial=24
    )
    refresh = forms.ChoiceField(
        label=pgettext_lazy("of a segment", "Refresh"),
        choices=[(ONCE, gettext_lazy("Create once")), (AUTO, gettext_lazy("Automatically, every"))],
        initial=ONCE,
    )
    refresh_every = forms.IntegerField(label=gettext_lazy("Interval"), min_value=1, required=False)
    refresh_unit = forms.ChoiceField(
        label=gettext_lazy("Unit of the interval"), choices=RefreshUnit, initial=RefreshUnit.DAY, required=False
    )
    noted = forms.CharField(required=False, widget=forms.HiddenInput)  # the note that was shown, see `note`
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, segment: Segment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.segment = segment
        for name in ("readiness_hours", "refresh_every"):
            self.fields[name].widget.attrs |= {"inputmode": "numeric", "step": "1"}

    @classmethod
    def initial_of(cls, segment: Segment) -> dict[str, Any]:
        """What the form shows for an existing segment."""
        return {
            "name": segment.name,
            "readiness_hours": segment.readiness_hours,
            "refresh": AUTO if segment.refreshes else ONCE,
            "refresh_every": segment.refresh_every,
            "refresh_unit": segment.refresh_unit or RefreshUnit.DAY,
            "revision": segment.revision,
        }

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        same = Segment.objects.annotate(folded=casefolded("name"))
        same = same.filter(folded=casefolded(Value(name, output_field=TextField())))
        if same.exclude(pk=self.segment.pk if self.segment else 0).exists():
            raise forms.ValidationError(NAME_TAKEN, code="taken")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("refresh") != AUTO:
            self.errors.pop("refresh_every", None)  # not looked at: what stands there does not matter
            return data | {"refresh_every": None, "refresh_unit": ""}
        data["refresh_unit"] = data.get("refresh_unit") or RefreshUnit.DAY
        every = data.get("refresh_every")
        if every is None and "refresh_every" not in self.errors:
            self.add_error("refresh_every", _("Say how often: a whole number of hours or days, at least 1."))
        most = LONGEST_HOURS // (24 if data["refresh_unit"] == RefreshUnit.DAY else 1)
        if every is not None and every > most:
            self.add_error("refresh_every", _("At most %(most)d.") % {"most": most})
        return data

    @property
    def settings(self) -> Settings:
        """The cleaned form as the services take it."""
        data = self.cleaned_data
        return Settings(data["name"], data["readiness_hours"], data["refresh_every"], data["refresh_unit"])

    @property
    def note(self) -> "Note | None":
        """What to say about refreshing, from the form as it stands, finished or not."""
        shown = {name: self[name].value() for name in ("refresh", "refresh_unit", "readiness_hours", "refresh_every")}
        if shown["refresh"] != AUTO:
            return None
        try:
            hours, every = int(str(shown["readiness_hours"])[:PLACES]), int(str(shown["refresh_every"])[:PLACES])
        except ValueError:
            return None
        if not (1 <= hours <= LONGEST_HOURS and 1 <= every <= LONGEST_HOURS):
            return None
        unit = str(shown["refresh_unit"] or RefreshUnit.DAY)
        return note_on(Settings("", hours, every, unit))

    @property
    def unnoted(self) -> bool:
        """Whether this form would be saved without its owner having seen that windows do not meet."""
        return self.note is not None and self.note.warns and self.data.get("noted") != self.note.mark


class Note:
    """What follows from readiness and interval. `warns`: there are times when no action can be added."""

    def __init__(self, text: str, mark: str, *, warns: bool) -> None:
        self.text, self.mark, self.warns = text, mark, warns


def note_on(settings: Settings) -> Note | None:
    """The note for refreshing settings; None for those calculated once."""
    if settings.interval is None:
        return None
    ready, every = duration(timedelta(hours=settings.readiness_hours)), duration(settings.interval)
    mark = f"{settings.readiness_hours}/{int(settings.interval.total_seconds()) // 3600}"
    gap = settings.closed_for
    if gap is None:
        text = _("Ready for %(ready)s after each refresh, refreshed every %(every)s: always ready.")
        return Note(text % {"ready": ready, "every": every}, mark, warns=False)
    text = _(
        "Ready for %(ready)s after each refresh, refreshed every %(every)s: between windows no action can be added,"
        " for %(gap)s each time."
    )
    return Note(text % {"ready": ready, "every": every, "gap": duration(gap)}, mark, warns=True)


def duration(span: timedelta) -> str:
    """Whole hours, as days where they are whole days and more than two."""
    hours = int(span.total_seconds()) // 3600
    if hours % 24 == 0 and hours > 48:
        return ngettext("%(count)d day", "%(count)d days", hours // 24) % {"count": hours // 24}
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


class SourceForm(forms.Form):
    """Create segment from: criteria, or a CSV of contact ids or e-mail addresses.

    A file that was read stays known by `uploaded` while the rest of the page is put right.
    """

    source = forms.ChoiceField(
        label=gettext_lazy("Create segment from"),
        choices=[
            (CRITERIA, gettext_lazy("criteria")),
            (UploadedList.Key.EMAIL, gettext_lazy("a CSV of e-mail addresses")),
            (UploadedList.Key.ID, gettext_lazy("a CSV of contact ids")),
        ],
        initial=CRITERIA,
        required=False,
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        help_text=gettext_lazy(
            "One address or id a row, or a table with a column of them. Contacts are looked up, never created."
        ),
    )
    uploaded = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["file"].error_messages["empty"] = _("The file is empty.")

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or CRITERIA

    @property
    def from_file(self) -> bool:
        return (self["source"].value() or CRITERIA) != CRITERIA

    def kept_list(self) -> UploadedList | None:
        """The list this user uploaded with an earlier submission of the form, if it is of the kind now chosen."""
        pk = self["uploaded"].value()
        if pk is None or not str(pk).isdecimal():
            return None
        mine = UploadedList.objects.filter(created_by=self.user, key=self["source"].value())
        return mine.defer("matched").filter(pk=int(pk)).first()


class ListFilterForm(forms.Form):
    """Search and filters above a list of segments; what is not understood refuses the list."""

    q = forms.CharField(
        required=False,
        max_length=200,
        label=gettext_lazy("Search by name"),
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Search by name")}),
    )
    refresh = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Refresh"),
        choices=[
            ("", gettext_lazy("Any refresh")),
            (AUTO, gettext_lazy("Refreshing")),
            (ONCE, gettext_lazy("Created once")),
        ],
    )
    action = forms.ChoiceField(required=False, label=gettext_lazy("Action"))
    health = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("of segments", "Health"),
        choices=[
            ("", pgettext_lazy("of segments", "Any health")),
            (health.ATTENTION, pgettext_lazy("of segments", "Needs attention")),
            *health.LABELS.items(),
        ],
    )

    def __init__(self, data: MultiValueDict | dict[str, Any]) -> None:
        super().__init__(data)
        kinds = [(kind.name, kind.title) for kind in hooks.action_kinds]
        self.fields["action"].choices = [("", gettext_lazy("Any action")), *kinds]  # type: ignore[attr-defined]
