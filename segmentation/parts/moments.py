"""Inputs for points and stretches of time: a day with maybe a time, so many units, a window."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from segmentation.parts.base import Control, Option, Tree, Typed, Values, together
from segmentation.parts.numbers import whole

UNITS = {
    "hour": gettext_lazy("hours"),
    "day": gettext_lazy("days"),
    "week": gettext_lazy("weeks"),
    "month": gettext_lazy("months"),
    "year": gettext_lazy("years"),
}


@dataclass(frozen=True)
class MomentInput:
    """A date, and with `times` a time of day beside it that may stay empty: the whole day then.

    Shown in the account's zone. What it was opened with is kept beside it, so that a moment nobody touched is given
    back as it was written, offset, seconds and all.
    """

    name: str
    times: bool = False

    def controls(self, typed: Typed, label: str) -> list[Control]:
        name, was = self.name, typed.one(f"{self.name}_was")
        controls = [Control(name, "date", label, [typed.one(name)])]
        if self.times:
            time = _("%(label)s: time of day, may stay empty") % {"label": label}
            controls.append(Control(f"{name}_time", "time", time, [typed.one(f"{name}_time")]))
        return [*controls, Control(f"{name}_was", "hidden", values=[was])] if was else controls

    def read(self, typed: Typed) -> str:
        """The moment as the language writes it."""
        day = typed.one(self.name).strip()
        time = typed.one(f"{self.name}_time").strip() if self.times else ""
        was = typed.one(f"{self.name}_was")
        if was and (day, time) == (shown := _shown(was)) and (self.times or not shown[1]):
            return was
        if not day:
            typed.complain(self.name, _("Choose a date."))
        try:
            datetime.fromisoformat(f"{day}T{time}" if time else day)
        except ValueError:
            typed.complain(self.name, _("“%(text)s” is no date.") % {"text": f"{day} {time}".strip()[:40]})
        return f"{day}T{time}" if time else day

    def write(self, moment: str) -> Values:
        """The inputs' contents for a moment of the language."""
        day, time = _shown(moment)
        values = {self.name: [day], f"{self.name}_was": [moment]}
        return values | {f"{self.name}_time": [time]} if time else values


def _shown(moment: str) -> tuple[str, str]:
    """Date and time of day in the account's zone, as the inputs hold them."""
    if "T" not in moment:
        return moment, ""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return moment, ""
    if at.tzinfo is not None:
        at = at.astimezone(timezone.get_current_timezone())
    return f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


@dataclass(frozen=True)
class WindowLength:
    """So many hours, days, weeks, months or years."""

    hours: bool = True
    count: str = "n"
    unit: str = "unit"

    def controls(self, typed: Typed) -> list[Control]:
        units = {key: label for key, label in UNITS.items() if self.hours or key != "hour"}
        default = typed.one(self.unit) if typed.one(self.unit) in units else "day"
        options = [Option(key, str(label)) for key, label in units.items()]
        return [
            Control(self.count, "number", _("how many"), [typed.one(self.count)]),
            Control(self.unit, "select", _("unit of time"), [default], options),
        ]

    def read(self, typed: Typed) -> tuple[int, str]:
        unit = typed.one(self.unit, "day")
        if unit not in UNITS:
            typed.complain(self.unit, _("Choose a unit of time."))
        return whole(typed, self.count), unit


WINDOWS = {
    "": pgettext_lazy("window of time", "at any time"),
    "last": pgettext_lazy("window of time", "in the last"),
    "next": pgettext_lazy("window of time", "in the next"),
    "from": pgettext_lazy("window of time", "since"),
    "to": pgettext_lazy("window of time", "until"),
    "from_to": pgettext_lazy("window of time", "from … to"),
}


@dataclass(frozen=True)
class WindowInput:
    """The `within` of a criterion: a stretch of time, or none."""

    label: str = ""
    future: bool = True  # whether "in the next" makes sense

    def controls(self, typed: Typed) -> list[Control]:
        windows = {key: label for key, label in WINDOWS.items() if self.future or key != "next"}
        chosen = typed.one("within")
        if chosen == "next":
            windows = WINDOWS  # opened from criteria that have it
        kind = chosen if chosen in windows else ""
        options = [Option(key, str(label)) for key, label in windows.items()]
        controls = [Control("within", "select", self.label or _("when"), [kind], options, refreshes=True)]
        if kind in ("last", "next"):
            return together([*controls, *WindowLength(count="within_n", unit="within_unit").controls(typed)])
        if kind in ("from", "from_to"):
            controls += MomentInput("within_from", times=True).controls(typed, _("from"))
        if kind == "from_to":
            controls.append(Control("within_and", "words", "–"))
        if kind in ("to", "from_to"):
            controls += MomentInput("within_to", times=True).controls(typed, _("to"))
        return together(controls)

    def read(self, typed: Typed) -> Tree:
        """`{"within": …}`, or nothing for "at any time"."""
        kind = typed.one("within")
        if kind not in WINDOWS:
            typed.complain("within", _("Choose when."))
        if kind in ("last", "next"):
            count, unit = WindowLength(count="within_n", unit="within_unit").read(typed)
            return {"within": {kind: count, "unit": unit}}
        ends = {"from": ("from",), "to": ("to",), "from_to": ("from", "to")}.get(kind, ())
        window = {end: MomentInput(f"within_{end}", times=True).read(typed) for end in ends}
        return {"within": window} if window else {}

    def write(self, criterion: Tree) -> Values:
        """What stands in the fields for the `within` of a criterion."""
        window = criterion.get("within")
        if window is None:
            return {"within": [""]}
        for kind in ("last", "next"):
            if kind in window:
                return {"within": [kind], "within_n": [str(window[kind])], "within_unit": [window["unit"]]}
        values: Values = {"within": ["_".join(end for end in ("from", "to") if end in window)]}
        for end in ("from", "to"):
            if end in window:
                values |= MomentInput(f"within_{end}").write(window[end])
        return values
