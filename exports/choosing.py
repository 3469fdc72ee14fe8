"""The export's form part: the format, which columns in which order and under which names, whose consent it goes by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actions.kinds.forms import Draft, PartForm
from contacts.models import Consent
from exports import presets
from exports.columns import START, Column, offered
from exports.formats import FORMATS, Format
from exports.making import LONGEST_NAME, ExportParams
from exports.models import Preset
from users.models import User

SEPARATORS = [
    ("comma", gettext_lazy("comma")),
    ("semicolon", gettext_lazy("semicolon (Polish Excel)")),
    ("tab", gettext_lazy("tab")),
]


class SeveralField(forms.CharField):
    """Texts posted under one name; each in a hidden input of its own, on the review page too."""

    widget = hidden_widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> Any:
        return list(value or [])


class ExportForm(PartForm):
    """The chosen columns are posted in `columns`, their order so far in `order`, beside each in `names` its own name in
    the file: one just chosen comes last. Buttons named `move` change the order and keep, take or forget a choice."""

    format = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[(each.name, each.title) for each in FORMATS.values()],
        initial="csv",
        required=False,  # where none is sent it is CSV
    )
    order = SeveralField(required=False)
    names = SeveralField(required=False)
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
    consent = forms.ChoiceField(
        label=gettext_lazy("Which consent covers advertising there"),
        help_text=gettext_lazy("Whoever has not given it is left out, and counted."),
        error_messages={"required": gettext_lazy("Choose the consent by which people agreed to it.")},
    )
    keep_as = forms.CharField(
        label=gettext_lazy("Keep this choice as"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None) -> None:
        super().__init__(data, now=now, by=by)
        self.known = offered()
        self.kept = presets.kept_by(by)
        self.told = ""  # what a button did, in words
        self.consents = list(Consent.objects.all())
        choices = [("", _("Choose a consent"))] + [(consent.key, consent.name) for consent in self.consents]
        field = self.fields["consent"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for the type checker)
        field.choices = choices
        form = None if data is None else FORMATS.get(data.get("format", ""))
        field.required = data is None or (form is not None and form.audience)
        self.unknown: list[str] = []
        if data is None:
            self.chosen, self.named = list(START), {}
            self.take(presets.last_of(by))
            return
        order, names, chosen = data.getlist("order"), data.getlist("names"), data.getlist("columns")
        self.named = {key: name.strip() for key, name in zip(order, names, strict=False) if name.strip()}
        order = [key for key in dict.fromkeys(order or START) if key in self.known]
        self.chosen = [key for key in [*order, *(key for key in self.known if key not in order)] if key in chosen]
        self.unknown = [key for key in chosen if key not in self.known]

    def take(self, params: ExportParams | None) -> int:
        """Begins with a choice kept, as far as it can still be had; how many of its columns cannot."""
        if params is None:
            return 0
        self.is_bound, self.unknown = False, []
        there = [key for key in params.columns if key in self.known]
        self.chosen, self.named = there or list(START), dict(params.names)
        self.initial.update({name: getattr(params, name) for name in ("format", "separator", "bom", "consent")})
        return len(params.columns) - len(there)

    def suggest(self, columns: Sequence[str]) -> None:
        """Begins with these columns, as far as a file can hold them, beside those it begins with anyhow."""
        if not self.is_bound:
            self.chosen = [*dict.fromkeys(key for key in (*self.chosen, *columns) if key in self.known)]

    def move(self, wish: str) -> None:
        """What a button asks for: "up:email" and "down:email" past the next chosen column; "use", "forget", "keep"."""
        direction, _sign, key = wish.partition(":")
        if direction in ("use", "forget") and self.by is not None:
            found = next((each for each in self.kept if str(each.pk) == self.data.get("preset")), None)
            if found is not None:
                self.use(found) if direction == "use" else self.forget(found)
        elif direction == "keep" and self.by is not None:
            self.keep(self.by)
        elif key in self.chosen:
            place = self.chosen.index(key)
            other = place + (-1 if direction == "up" else 1)
            if 0 <= other < len(self.chosen):
                self.chosen[place], self.chosen[other] = self.chosen[other], self.chosen[place]

    def use(self, preset: Preset) -> None:
        missing = self.take(presets.params_of(preset))
        self.told = _("This is “%(name)s”.") % {"name": preset.name}
        if missing:
            text = ngettext(
                "%(count)s of its columns is no longer offered.",
                "%(count)s of its columns are no longer offered.",
                missing,
            )
            self.told += " " + text % {"count": missing}

    def forget(self, preset: Preset) -> None:
        assert self.by is not None  # noqa: S101 (as `move` has it)
        presets.forget(self.by, preset.pk)
        self.kept = presets.kept_by(self.by)
        self.told = _("“%(name)s” is forgotten.") % {"name": preset.name}

    def keep(self, user: User) -> None:
        if not self.is_valid():
            return
        name = self.cleaned_data["keep_as"]
        if not name:
            self.add_error("keep_as", _("Give it a name."))
            return
        try:
            presets.keep(user, name, self.params, now=self.now)
        except presets.TooManyError:
            self.add_error("keep_as", _("You keep %(count)s already: remove one first.") % {"count": presets.MOST})
            return
        self.kept = presets.kept_by(user)
        self.told = _("Kept as “%(name)s”.") % {"name": name}

    @property
    def formats(self) -> list[tuple[Format, bool]]:
        """Every format and whether it is chosen."""
        chosen = self["format"].value() or "csv"
        return [(each, each.name == chosen) for each in FORMATS.values()]

    @property
    def groups(self) -> list[tuple[str, list[tuple[Column, bool]]]]:
        """Every column and whether it is chosen, under the heading of its group, always in the same place."""
        found: dict[str, list[tuple[Column, bool]]] = {}
        for column in self.known.values():
            found.setdefault(str(column.group), []).append((column, column.key in self.chosen))
        return list(found.items())

    @property
    def ordered(self) -> list[tuple[Column, str]]:
        """The chosen columns as they will stand in the file, and what they are called there if it is something else."""
        return [(self.known[key], self.named.get(key, "")) for key in self.chosen]

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or "csv"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        form = FORMATS.get(cleaned.get("format", ""))
        if form is None:
            return cleaned
        if form.audience:
            return cleaned
        if self.unknown:
            raise ValidationError(_("These columns no longer exist: %(names)s.") % {"names": ", ".join(self.unknown)})
        if not self.chosen:
            self.add_error("columns", _("Choose at least one column."))
        self.check_names()
        return cleaned

    def check_names(self) -> None:
        labels = [self.named[key] for key in self.chosen if key in self.named]
        if any(len(label) > LONGEST_NAME or not label.isprintable() for label in labels):
            text = _("A name of a column is one line of at most %(longest)s characters.")
            self.add_error("names", text % {"longest": LONGEST_NAME})
        if len({label.casefold() for label in labels}) < len(labels):
            self.add_error("names", _("Two columns have the same name."))

    @property
    def params(self) -> dict[str, Any]:
        """Of a valid form: what a file is made by."""
        given = self.cleaned_data
        if FORMATS[given["format"]].audience:
            return {"format": given["format"], "consent": given["consent"]}
        names = {key: self.named[key] for key in self.chosen if key in self.named}
        common: dict[str, Any] = {"format": given["format"], "columns": self.chosen, "names": names}
        if given["format"] == "csv":
            common |= {"separator": given["separator"], "bom": given["bom"]}
        return common

    def plans(self) -> list[dict[str, Any]]:
        if self.by is not None:
            presets.keep(self.by, "", self.params, now=self.now)  # the next export begins with it
        return [self.params]

    def drafts(self) -> list[Draft]:
        return [Draft(sentence_of(ExportParams.model_validate(self.params)), self.params, details=self.details())]

    def details(self) -> list[tuple[str, str]]:
        """What the file will be like: its columns in their order, and how it is written."""
        given = self.cleaned_data
        form = FORMATS[given["format"]]
        if form.audience:
            names = {consent.key: consent.name for consent in self.consents}
            return [
                (_("Columns"), ", ".join(column.key for column in form.columns)),
                (_("Only who gave the consent"), names[given["consent"]]),
            ]
        columns = [f"{column.label} → {name}" if name else str(column.label) for column, name in self.ordered]
        told = [(_("Format"), str(form.title)), (_("Columns"), ", ".join(columns))]
        if form.name == "csv":
            told += [
                (_("Separator"), str(dict(SEPARATORS)[given["separator"]])),
                (_("Mark for spreadsheets"), _("yes") if given["bom"] else _("no")),
            ]
        return told


def sentence_of(params: ExportParams) -> str:
    """What an export with these parameters does, in the language in use."""
    form, count = params.made_by, len(params.columns)
    if form.audience:
        return _("Export a custom audience for %(network)s") % {"network": form.title}
    if form.name == "csv":
        return ngettext("Export %(count)s column", "Export %(count)s columns", count) % {"count": count}
    text = ngettext("Export %(count)s column as %(format)s", "Export %(count)s columns as %(format)s", count)
    return text % {"count": count, "format": form.title}
