"""Health: what is wrong with a segment, in a word, in a sentence, and what to do about it. docs/segments.md, "Health".

Everything but the likeness of segments is looked at when it is shown, so it is never out of date. Likeness is of all
contacts: who sees some of them only is not told of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DateTimeField, F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from pyroaring import BitMap

from config.templatetags.numbers import percent_of
from config.templatetags.times import moment_text
from segmentation.criteria import Catalog, CriteriaError, Words, check, parse
from segmentation.likeness import Like, likes
from segmentation.logic import Clash, Remembered, Verdict, ground_of
from segmentation.models import Segment
from segmentation.references import named_segments
from segmentation.seen import cut
from segmentation.selectors import UNFINISHED, segments

UNUSED_AFTER = timedelta(days=90)

FAILED, STALE, BROKEN, NOBODY, EVERYONE, PART, EMPTY, SAME, UNUSED = KINDS = (
    "failed", "stale", "broken", "nobody", "everyone", "part", "empty", "same", "unused",
)  # fmt: skip
LABELS = {
    FAILED: pgettext_lazy("health of a segment", "calculation failed"),
    STALE: pgettext_lazy("health of a segment", "refresh fails"),
    BROKEN: pgettext_lazy("health of a segment", "refers to something deleted"),
    NOBODY: pgettext_lazy("health of a segment", "contradicts itself"),
    EVERYONE: pgettext_lazy("health of a segment", "always everyone"),
    PART: pgettext_lazy("health of a segment", "a part adds nobody"),
    EMPTY: pgettext_lazy("health of a segment", "empty"),
    SAME: pgettext_lazy("health of a segment", "nearly equals another"),
    UNUSED: pgettext_lazy("health of a segment", "not used"),
}
BAD = (FAILED, STALE, BROKEN, NOBODY)
VERDICTS = Remembered()
ATTENTION = "attention"  # the filter: any of them


@dataclass(frozen=True)
class Finding:
    """One thing about a segment. `advice` leads to `url` by a link called `action`."""

    kind: str
    text: str
    advice: str
    url: str = ""
    action: str = ""

    @property
    def label(self) -> str:
        return str(LABELS[self.kind])

    @property
    def level(self) -> str:
        """The chip's and the note's kind."""
        return "bad" if self.kind in BAD else "plain" if self.kind == UNUSED else "warn"


@dataclass
class Examination:
    """Looks at segments of `examined()`, any number of them in a fixed number of queries.

    mask: the contacts that the reader sees; the rows' numbers are cut to it. None: all.
    """

    now: datetime
    rows: Sequence[Segment]
    mask: BitMap | None = None

    def __post_init__(self) -> None:
        cut((row.latest for row in self.rows), self.mask)
        self.catalog = Catalog()
        self.words = Words(now=self.now, zone=get_current_timezone(), catalog=self.catalog)
        self.ground = ground_of(self.catalog, self.words.zone)
        self.likes = likes(row.pk for row in self.rows) if self.mask is None else {}
        self.named = named_segments()

    def findings(self) -> dict[int, list[Finding]]:
        """What is wrong with each, by its id, the worst first; those without are not in it."""
        found = {row.pk: list(self.of(row)) for row in self.rows}
        return {pk: some for pk, some in found.items() if some}

    def of(self, row: Segment) -> Iterator[Finding]:
        """The findings on one segment."""
        preview, criteria = (reverse(f"segmentation:{name}", args=[row.pk]) for name in ("preview", "criteria_edit"))
        change = {"url": criteria, "action": _("Change criteria")}
        if row.last_state in UNFINISHED:  # type: ignore[attr-defined]
            yield self.failed(row, preview)
        try:
            verdict = self.verdict(row)
        except CriteriaError as error:
            verdict = Verdict()
            yield Finding(
                BROKEN,
                _("The criteria cannot be used any more. %(problem)s") % {"problem": error.message},
                _("Until they are changed every calculation fails."),
                **change,
            )
        if verdict.nobody:
            text = _("No contact can ever be in it: %(reason)s")
            advice = _("Where one of them is enough, put each into a block of its own.")
            yield Finding(NOBODY, text % {"reason": self.reason(verdict.nobody)}, advice, **change)
        elif row.latest is not None and row.latest.count == 0:
            text = _("Nobody was in it on %(when)s.") % {"when": self.at(row.latest.as_of)}
            advice = _("The preview shows how many satisfy each criterion: look for the one with 0.")
            yield Finding(EMPTY, text, advice, preview, _("Preview"))
        if verdict.everyone:
            text = _("Every contact is always in it: %(reason)s")
            yield Finding(EVERYONE, text % {"reason": self.covering(verdict.everyone)}, _("Is that meant?"), **change)
        if verdict.dead:
            text = _("A part of its criteria can never be satisfied and adds nobody: %(reason)s")
            yield Finding(PART, text % {"reason": self.reason(verdict.dead[0])}, _("Change or remove it."), **change)
        for like in self.likes.get(row.pk, [])[:1]:
            yield self.same(row, like)
        if self.unused(row):
            yield Finding(
                UNUSED,
                _("Since %(when)s nobody has looked at its contacts, and no action or other criteria have used it.")
                % {"when": self.at(row.touched_at)},  # type: ignore[attr-defined]
                _("It can be deleted if it is not needed any more."),
                reverse("segmentation:delete", args=[row.pk]),
                _("Delete"),
            )

    def failed(self, row: Segment, preview: str) -> Finding:
        """The last calculation came to nothing."""
        advice = _("The problem is told on the segment's page; there the calculation can be tried again.")
        if row.refreshes and row.latest is not None:
            text = _("The last refresh failed. Its contacts are still those of %(when)s.")
            return Finding(STALE, text % {"when": self.at(row.latest.as_of)}, advice, preview, _("Preview"))
        return Finding(FAILED, _("Its last calculation failed."), advice, preview, _("Preview"))

    def verdict(self, row: Segment) -> Verdict:
        """What shows about the criteria in force.

        Raises: CriteriaError, if they cannot be used.
        """
        if row.version is None:
            return Verdict()
        tree = parse(row.version.criteria)
        check(tree, self.catalog, origin=("segment", row.pk))
        return VERDICTS.judged(tree, catalog=self.catalog, zone=self.words.zone, ground=self.ground)

    def reason(self, clash: Clash) -> str:
        told = [f"“{sentence}”" for sentence in clash.sentences(self.words)]
        if len(told) == 1:
            return _("%(criterion)s is impossible.") % {"criterion": told[0]}
        return _("%(criteria)s exclude each other.") % {"criteria": self.words.all_of(told)}

    def covering(self, clash: Clash) -> str:
        told = [f"“{sentence}”" for sentence in clash.sentences(self.words)]
        if len(told) == 1:
            return _("%(criterion)s is true of everybody.") % {"criterion": told[0]}
        return _("one of %(criteria)s is true of everybody.") % {"criteria": self.words.all_of(told)}

    def same(self, row: Segment, like: Like) -> Finding:
        text = _("As last calculated it shares %(share)s of its contacts with “%(name)s”.")
        advice = _("Perhaps one of the two is enough.")
        told = text % {"share": percent_of(like.both, like.either), "name": like.name}
        try:
            url, action = f"{reverse('insights:compare', args=[row.pk])}?with={like.pk}", _("Compare")
        except NoReverseMatch:
            url, action = reverse("segmentation:preview", args=[like.pk]), like.name
        return Finding(SAME, told, advice, url, action)

    def unused(self, row: Segment) -> bool:
        """Whether nothing that is recorded has used it for long: docs/segments.md says what is."""
        return row.pk not in self.named and row.touched_at < self.now - UNUSED_AFTER  # type: ignore[attr-defined]

    def at(self, when: datetime | None) -> str:
        return moment_text(when or self.now, now=self.now)


def examined(rows: QuerySet[Segment] | None = None) -> QuerySet[Segment]:
    """Segments with what an examination looks at: criteria in force, and `touched_at`, their last use or edit."""
    last = Greatest(Max("actions__runs__requested_at"), Max("actions__created_at"))
    acted = Segment.objects.filter(pk=OuterRef("pk")).annotate(last=last).values("last")
    return (
        (segments() if rows is None else rows)
        .select_related("version", "latest")
        .annotate(
            touched_at=Greatest(
                F("created_at"), F("edited_at"), F("used_at"), Subquery(acted), output_field=DateTimeField()
            )
        )
    )


def health_of(segment: Segment, *, now: datetime, mask: BitMap | None = None) -> list[Finding]:
    """What is wrong with one segment."""
    return Examination(now, list(examined().filter(pk=segment.pk)), mask).findings().get(segment.pk, [])


def with_finding(kind: str, *, now: datetime, mask: BitMap | None = None) -> list[int]:
    """The ids of the segments with a finding of this kind; ATTENTION: with any."""
    found = Examination(now, list(examined()), mask).findings()
    return [pk for pk, some in found.items() if kind == ATTENTION or any(one.kind == kind for one in some)]


def note_use(segment: Segment, *, now: datetime) -> None:
    """Writes down that somebody looked at the contacts of a segment; once a day is enough."""
    if segment.used_at is None or segment.used_at < now - timedelta(days=1):
        Segment.objects.filter(pk=segment.pk).update(used_at=now)
