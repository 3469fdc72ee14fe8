"""Forms of an import: the upload, and the plan of what becomes of the file."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from activities.models import ActivityType
from contacts.models import Consent
from imports.fields import Field
from imports.models import Subject
from imports.plans import LONGEST_SOURCE, Plan, plan_from
from imports.reading.text import ENCODINGS
from tags.normalising import normalise
from tags.pickers import offered_to
from users.models import User

COLUMN = "column-"
DELIMITERS = [
    (";", gettext_lazy("semicolon")),
    (",", gettext_lazy("comma")),
    ("\t", pgettext_lazy("the character", "tab")),
    ("|", gettext_lazy("bar |")),
]
MATCHES = [
    ("email", gettext_lazy("E-mail")),
    ("external_id", gettext_lazy("External id")),
    ("id", gettext_lazy("Id in Sito")),
]
MODES = [
    ("both", gettext_lazy("Create new ones and update those there are")),
    ("create", gettext_lazy("Only create new ones; those there are stay as they are")),
    ("update", gettext_lazy("Only update those there are; make no new ones")),
]


class UploadForm(forms.Form):
    """A file, and what its rows are."""

    subject = forms.ChoiceField(
        label=gettext_lazy("What the rows are"),
        choices=Subject.choices,
        initial=Subject.CONTACTS,
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=255,
        allow_empty_file=True,
        help_text=gettext_lazy("CSV or XLSX, at most 512 MB. Nothing is imported before you have looked at it."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )


class ReadingForm(forms.Form):
    """How the file is read. Another answer divides it into other columns."""

    encoding = forms.ChoiceField(label=gettext_lazy("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=gettext_lazy("Cells are parted by"), choices=DELIMITERS)
    sheet = forms.ChoiceField(label=gettext_lazy("Sheet"))
    header = forms.TypedChoiceField(
        label=gettext_lazy("First row"),
        choices=[("yes", gettext_lazy("names the columns")), ("no", gettext_lazy("is data already"))],
        coerce=lambda value: value == "yes",
    )

    def __init__(self, data: Any, *, plan: Plan, sheets: Sequence[str]) -> None:
        reading = plan.reading
        first = reading.model_dump() | {"header": "yes" if reading.header else "no"}
        super().__init__(data, initial=first)
        if reading.format == "csv":
            del self.fields["sheet"]
        else:
            del self.fields["encoding"], self.fields["delimiter"]
            self.fields["sheet"].choices = [(name, name) for name in sheets]  # type: ignore[attr-defined]


class PlanForm(forms.Form):
    """What becomes of the columns, and of the rows."""

    mode = forms.ChoiceField(label=gettext_lazy("Contacts"), choices=MODES)
    match = forms.ChoiceField(
        label=gettext_lazy("Known by"),
        choices=MATCHES,
        help_text=gettext_lazy("A contact with the same one is this contact."),
    )
    empty = forms.ChoiceField(
        label=gettext_lazy("An empty cell"),
        choices=[("keep", gettext_lazy("leaves what is there")), ("clear", gettext_lazy("clears what is there"))],
    )
    decimal = forms.ChoiceField(label=gettext_lazy("Numbers"), choices=[(",", "1 234,56"), (".", "1,234.56")])
    dates = forms.ChoiceField(
        label=gettext_lazy("Dates"),
        choices=[
            ("dmy", gettext_lazy("day first: 31.12.2026")),
            ("mdy", gettext_lazy("month first: 12/31/2026")),
            ("ymd", gettext_lazy("year first: 2026-12-31")),
        ],
        help_text=gettext_lazy("Dates with the year first are understood in any case."),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Type of the activities"), required=False)
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("For everybody in the file, parted by commas."),
    )
    categories = forms.TypedMultipleChoiceField(label=gettext_lazy("Categories"), required=False, coerce=int)
    consents = forms.MultipleChoiceField(
        label=gettext_lazy("Consents that everybody in the file has given"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Who has withdrawn one since is not given it back."),
    )
    consent_source = forms.CharField(
        label=gettext_lazy("Where the consents come from"),
        required=False,
        max_length=LONGEST_SOURCE,
        help_text=gettext_lazy("For the record: “Fair in Poznań, paper form”. Needed for consents in columns too."),
    )
    remember_as = forms.CharField(
        label=gettext_lazy("Remember these columns as"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("The next file with the same headings begins with them."),
    )

    def __init__(self, data: Any, *, plan: Plan, headings: Sequence[str], user: User) -> None:
        first = plan.model_dump() | {f"{COLUMN}{place}": name for place, name in enumerate(plan.columns)}
        first["tags"] = ", ".join(plan.tags)
        super().__init__(data, initial=first)
        self.plan = plan
        self.headings = headings
        kind = data.get("kind", "") if data is not None else plan.kind
        choices = column_choices(plan.model_copy(update={"kind": kind[:60]}).fields().values())
        for place, heading in enumerate(headings):
            self.fields[f"{COLUMN}{place}"] = forms.ChoiceField(label=heading, required=False, choices=choices)
        if plan.subject == Subject.CONTACTS:
            self.offer_labels(user)
        self.drop_others()

    def offer_labels(self, user: User) -> None:
        self.fields["categories"].choices = [(each.pk, each.indented) for each in offered_to(user)]  # type: ignore[attr-defined]
        known = Consent.objects.filter(retired_at=None)
        self.fields["consents"].choices = [(each.key, each.name) for each in known]  # type: ignore[attr-defined]

    def drop_others(self) -> None:
        """Leaves the fields that this subject has."""
        subject = self.plan.subject
        dropped = {
            Subject.CONTACTS: ("kind",),
            Subject.ORDERS: ("kind", "match", "empty", "tags", "categories", "consents", "consent_source"),
            Subject.ACTIVITIES: ("mode", "match", "empty", "tags", "categories", "consents", "consent_source"),
        }[subject]
        for name in dropped:
            del self.fields[name]
        if subject == Subject.ORDERS:
            self.fields["mode"].label = _("Orders")
        if subject == Subject.ACTIVITIES:
            types = [(each.key, each.label) for each in ActivityType.objects.all()]
            self.fields["kind"].choices = [("", _("a column says it")), *types]  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        given = self.cleaned_data["tags"]
        try:
            return normalise(given) if given.strip() else []
        except ValidationError as error:
            raise ValidationError(error.messages) from error

    @property
    def columns(self) -> list[Any]:
        """The bound fields of the columns, in their order."""
        return [self[f"{COLUMN}{place}"] for place in range(len(self.headings))]

    def planned(self) -> Plan:
        """The plan as the form has it; the form is valid."""
        chosen = {name: value for name, value in self.cleaned_data.items() if not name.startswith(COLUMN)}
        chosen.pop("remember_as")
        chosen["columns"] = [self.cleaned_data[f"{COLUMN}{place}"] for place in range(len(self.headings))]
        return plan_from(self.plan.stored() | chosen)


def column_choices(fields: Iterable[Field]) -> list[Any]:
    """Every field under its group, after "left out"."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for field in fields:
        groups.setdefault(str(field.group), []).append((field.name, str(field.label)))
    return [("", _("– left out –")), *groups.items()]
