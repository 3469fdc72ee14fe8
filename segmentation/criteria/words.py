"""Criteria as sentences: plain text for files and the API, marked up for pages, in the language now active."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as format_date
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from segmentation.criteria.catalog import Catalog


@dataclass(frozen=True)
class Part:
    """A stretch of text; `value`: something the user chose, to be emphasised."""

    text: str
    value: bool = False


@dataclass(frozen=True)
class Sentence:
    """Text in parts. `str()` gives it plain, `html` with `<b class="value">` around the values."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def html(self) -> SafeString:
        marked = (
            ('<b class="value">', part.text, "</b>") if part.value else ("", part.text, "") for part in self.parts
        )
        return format_html_join("", "{}{}{}", ((SafeString(a), text, SafeString(b)) for a, text, b in marked))

    @property
    def finished(self) -> "Sentence":
        """With a capital at the start (unless a value stands there) and a full stop."""
        first, *rest = self.parts or (Part(""),)
        start = first if first.value else Part(first.text[:1].upper() + first.text[1:])
        return Sentence((start, *rest, Part(".")))


def phrase(template: str, **values: Sentence | str) -> Sentence:
    """`template` (already translated) with sentences put in as they are and texts put in as values."""
    parts: list[Part] = []
    for text, name, _spec, _conversion in Formatter().parse(template):
        if text:
            parts.append(Part(text))
        if name is None:
            continue
        value = values.get(name, Sentence((Part(f"{{{name}}}"),)))
        parts += value.parts if isinstance(value, Sentence) else [Part(value, value=True)]
    return Sentence(tuple(parts))


def plain(text: str) -> Sentence:
    """Text that is no value."""
    return Sentence((Part(text),))


@dataclass
class Words:
    """What sentences need to know: the instant they speak of, the account's zone, and names of what is referred to."""

    now: datetime
    zone: ZoneInfo
    catalog: Catalog

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def day(self, day: date) -> str:
        """`23 Oct`, with the year unless it is this one."""
        if day.year == self.today.year:
            # Translators: a day within a sentence, in Django's date format; b is the short month in lower case
            return format_date(day, pgettext("day and month", "j M"))
        # Translators: a day within a sentence, in Django's date format; b is the short month in lower case
        return format_date(day, pgettext("day, month and year", "j M Y"))

    def moment(self, at: date | datetime) -> str:
        """A day, or a day with its time in the account's zone."""
        if not isinstance(at, datetime):
            return self.day(at)
        local = at.astimezone(self.zone) if at.tzinfo else at
        # Translators: a moment within a sentence: day and time
        return _("{day}, {time}").format(day=self.day(local.date()), time=f"{local:%H:%M}")

    def number(self, value: Decimal | int) -> str:
        return str(number_format(value, use_l10n=True))

    def any_of(self, values: Sequence[str]) -> Sentence:
        """`A, B or C`, each a value."""
        return self._listed(values, last=_("{values} or {value}"))

    def all_of(self, values: Sequence[str]) -> Sentence:
        """`A, B and C`, each a value."""
        return self._listed(values, last=_("{values} and {value}"))

    def _listed(self, values: Sequence[str], *, last: str) -> Sentence:
        *most, final = self._shortened(values)
        if not most:
            return phrase("{value}", value=final)
        return phrase(last, values=_commas(most), value=final)

    def _shortened(self, values: Sequence[str]) -> list[str]:
        """Long lists end in their number: a sentence is to be read."""
        if len(values) <= 8:
            return list(values)
        more = _("{count} more").format(count=self.number(len(values) - 6))
        return [*values[:6], more]


def _commas(values: Iterable[str]) -> Sentence:
    parts: list[Part] = []
    for value in values:
        parts += [Part(", "), Part(value, value=True)] if parts else [Part(value, value=True)]
    return Sentence(tuple(parts))
