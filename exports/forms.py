"""The forms around an export: which list of a calculation it is of, and what the list of files is narrowed to."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from actions.models import Audience
from config.templatetags.numbers import number
from exports.models import How
from segmentation.models import Calculation, Direction, Movement


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


class DownloadsForm(forms.Form):
    """What the record of downloads is narrowed to."""

    how = forms.ChoiceField(
        label=gettext_lazy("How"),
        required=False,
        widget=forms.Select(attrs={"aria-label": gettext_lazy("How")}),
        choices=[("", gettext_lazy("In any way")), *How.choices],
    )
