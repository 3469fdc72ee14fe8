"""The export's form parts: which list, which columns, in which order, and how the file is written."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from actions.kinds.forms import Draft, PartForm
from actions.models import Audience
from config.templatetags.numbers import number
from contacts.ordered_choice import OrderedChoice
from exports.columns import START, Column, columns
from segmentation.models import Calculation, Direction, Movement
from users.models import User

SEPARATORS = [
    ("comma", gettext_lazy("comma")),
    ("semicolon", gettext_lazy("semicolon (Polish Excel)")),
    ("tab", gettext_lazy("tab")),
]


class SeveralField(forms.CharField):
    """Texts posted under one name; each in a hidden input of its own, on the review page too."""

    widget = hidden_widget = forms.MultipleHiddenInput


class ExportForm(OrderedChoice[Column], PartForm):
    """The chosen columns are posted in `columns`, their order so far in `order`: one just chosen comes last. Buttons
    named `move` change the order."""

    order = SeveralField(required=False)
    columns = SeveralField(required=False)
    separator = forms.ChoiceField(label=gettext_lazy("Separator"), choices=SEPARATORS, initial="comma")
    bom = forms.BooleanField(
        label=gettext_lazy("mark the file as UTF-8 for spreadsheets"),
        help_text=gettext_lazy(
            "Without the mark Excel shows Polish letters wrongly; some other programs stumble over it."
        ),
        required=False,
        initial=True,
    )

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None) -> None:
        super().__init__(data, now=now, by=by)
        self.known = columns()
        given = data.getlist("order") if data is not None else []
        chosen = data.getlist("columns") if data is not None else list(START)
        order = list(dict.fromkeys(key for key in given or START if key in self.known))
        self.chosen = [key for key in [*order, *(key for key in self.known if key not in order)] if key in chosen]
        self.unknown = [key for key in chosen if key not in self.known]

    def suggest(self, columns: Sequence[str]) -> None:
        """Begins with these columns, as far as a file can hold them, beside those it begins with anyhow."""
        if not self.is_bound:
            self.chosen = [*dict.fromkeys(key for key in (*START, *columns) if key in self.known)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.unknown:
            raise ValidationError(_("These columns no longer exist: %(names)s.") % {"names": ", ".join(self.unknown)})
        if not self.chosen:
            self.add_error("columns", _("Choose at least one column."))
        return cleaned

    def plans(self) -> list[dict[str, Any]]:
        given = self.cleaned_data
        return [{"columns": self.chosen, "separator": given["separator"], "bom": given["bom"]}]

    def drafts(self) -> list[Draft]:
        count, [plan] = len(self.chosen), self.plans()
        sentence = ngettext("Export %(count)s column", "Export %(count)s columns", count) % {"count": count}
        return [Draft(sentence, plan, details=self.details())]

    def details(self) -> list[tuple[str, str]]:
        """What the file will be like: its columns in their order, and how it is written."""
        given = self.cleaned_data
        return [
            (_("Columns"), ", ".join(str(self.known[key].label) for key in self.chosen)),
            (_("Separator"), str(dict(SEPARATORS)[given["separator"]])),
            (_("Mark for spreadsheets"), _("yes") if given["bom"] else _("no")),
        ]


class WhichListForm(forms.Form):
    """Which list of a calculation: `all`, `joined`, `left`, or those of one cause: `left:passed`."""

    use_required_attribute = False
    of = forms.ChoiceField(label=gettext_lazy("Which list"), widget=forms.RadioSelect)

    def __init__(
        self, data: Any = None, *, calculation: Calculation, movements: Iterable[Movement], first: str
    ) -> None:
        super().__init__(data, initial={"of": first or Audience.ALL.value})
        moved = list(movements)
        lists = [(Audience.ALL.value, _("Members"), calculation.count)]
        for direction, label, count in (
            (Direction.JOINED, _("Joined"), calculation.joined_count),
            (Direction.LEFT, pgettext("contacts who left", "Left"), calculation.left_count),
        ):
            lists.append((direction.value, label, count))
            lists += [
                (f"{direction.value}:{each.cause}", f"{label}: {each.get_cause_display()}", each.count)
                for each in moved
                if each.direction == direction
            ]
        choices = [(key, f"{label} ({number(count)})") for key, label, count in lists if count]
        field = self.fields["of"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for the type checker)
        field.choices = choices

    @property
    def wanted(self) -> tuple[str, str]:
        """Of a valid form: audience and cause."""
        audience, _sign, cause = self.cleaned_data["of"].partition(":")
        return audience, cause


class FilesForm(forms.Form):
    """What the list of export files is narrowed to."""

    of = forms.ChoiceField(
        label=gettext_lazy("What it holds"),
        required=False,
        widget=forms.Select(attrs={"aria-label": gettext_lazy("What it holds")}),
        choices=[
            ("", gettext_lazy("Any list")),
            (Audience.ALL.value, gettext_lazy("Members")),
            (Audience.JOINED.value, gettext_lazy("Those who joined")),
            (Audience.LEFT.value, gettext_lazy("Those who left")),
        ],
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Made by"),
        required=False,
        widget=forms.Select(attrs={"aria-label": gettext_lazy("Made by")}),
        choices=[("", gettext_lazy("Made by anyone")), ("me", gettext_lazy("Made by me"))],
    )
