"""What the pages say of a sunset: numbers with their lists, its parts with links, its weeks as a chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from pyroaring import BitMap

from actions.models import ActionRun
from config.charts import Chart, Series
from config.requests import Request, today
from contacts.sight import as_seen, sight, within
from insights.shares import short_shares
from insights.statistics.calendars import week_of, week_short
from jobs.models import ACTIVE
from segmentation.contact_sets import everyone
from segmentation.models import Calculation, Segment
from sunset.contact_sets import stage_label
from sunset.models import Stage, Sunset
from sunset.numbers import BACK, GOT, MESSAGE, OTHER, WITHDRAWN, Standing, median_days, standings, weeks
from sunset.standing import KINDS, Fault, around


@dataclass(frozen=True)
class Number:
    """How many contacts stand at a stage, their list, and their part of all who got the tag: the four add to 100 %."""

    stage: str
    label: str
    count: int
    url: str
    share: str = ""


@dataclass(frozen=True)
class Row:
    """A sunset with its numbers. `median`: days within which half of those who came back did.

    consents: what it withdraws in the end, as each is called now; as it was called, where it was deleted.
    """

    sunset: Sunset
    tag: str
    faults: list[Fault]
    consents: list[str]
    numbers: dict[str, Number]
    returning: int
    median: float | None

    @property
    def faulty(self) -> bool:
        return bool(self.faults)

    @property
    def got(self) -> Number:
        return self.numbers[GOT]

    @property
    def back(self) -> Number:
        return self.numbers[BACK]


def numbers_of(request: Request, sunsets: Sequence[Sunset]) -> list[Row]:
    """Each of them, cut to what the reader sees, all as of one moment."""
    known = around(sunsets)
    found = standings(sunsets, **as_seen(request), known=known)
    median = median_days(sunsets, sight(request))
    return [
        Row(
            sunset=each,
            tag=tag.name if (tag := known.tag(each)) else each.tag_name,
            faults=[] if each.ended else known.faults(each),
            consents=[str(known.consents.get(pk, name)) for pk, name in each.consents],
            numbers=stages_of(each, found[each.pk]),
            returning=len(found[each.pk].returning),
            median=median.get(each.pk),
        )
        for each in sunsets
    ]


def stages_of(sunset: Sunset, standing: Standing) -> dict[str, Number]:
    """All who got the tag, then the four stages at one of which each of them is."""
    parts = (MESSAGE, BACK, WITHDRAWN, OTHER)
    shares = dict(zip(parts, short_shares([len(standing.stage(part)) for part in parts]), strict=True))
    return {
        stage: Number(
            stage,
            stage_label(stage, ended=sunset.ended),
            len(standing.stage(stage)),
            list_of(sunset, stage),
            shares.get(stage, ""),
        )
        for stage in (GOT, *parts)
    }


@dataclass(frozen=True)
class Work:
    """What is being done for a sunset now: calculations of its segments, runs of its actions. False: it rests."""

    calculating: int
    acting: int
    done: int  # of `total`, of what acts
    total: int

    def __bool__(self) -> bool:
        return bool(self.calculating or self.acting)


def work_of(sunset: Sunset, mask: BitMap | None) -> Work:
    """Two queries. How far runs have got is of all contacts: who sees some is told only that they go on."""
    if not sunset.on:
        return Work(0, 0, 0, 0)
    segments = [sunset.quiet_id, sunset.due_id, sunset.back_id]
    calculating = Calculation.objects.filter(segment__in=segments, state__in=ACTIVE).count()
    runs = ActionRun.objects.filter(action__params__sunset=sunset.pk, action__kind__in=KINDS, state__in=ACTIVE)
    sizes = list(runs.values_list("progress", "total"))
    if mask is not None:
        return Work(calculating, len(sizes), 0, 0)
    return Work(calculating, len(sizes), sum(done for done, _total in sizes), sum(total or 0 for _done, total in sizes))


def list_of(sunset: Sunset, stage: str, week: str = "") -> str:
    text = f"{sunset.pk}.{stage}" + (f".{week}" if week else "")
    return f"{reverse('contacts:manager')}?{urlencode({'sunset': text})}"


def chart_of(request: Request, sunset: Sunset) -> Chart | None:
    """What happened by week; None: nothing has."""
    mask = sight(request)
    there = within(everyone(request), mask)
    rows = weeks(sunset, today=today(request), zone=request.tenant.zone, mask=mask, there=there)
    if not any(row.tagged or row.back or row.withdrawn for row in rows):
        return None
    return Chart(
        label=_("Contacts that got the tag, came back, and whose consent was withdrawn, by week"),
        heading=_("Week"),
        places=[week_short(week_of(row.first), now=request.now) for row in rows],
        series=[
            Series(
                stage_label(stage),
                [getattr(row, stage) for row in rows],
                urls=[list_of(sunset, stage, row.first.isoformat()) if getattr(row, stage) else "" for row in rows],
            )
            for stage in (GOT, BACK, WITHDRAWN)
        ],
    )


@dataclass(frozen=True)
class Part:
    """A segment of a sunset, what is done to its members, and whether any of that can be undone."""

    label: str
    segment: Segment | None
    undoable: bool


def parts_of(sunset: Sunset) -> list[Part]:
    """Its three segments. One query for what can be undone."""
    ran = ActionRun.objects.filter(
        action__params__sunset=sunset.pk, action__kind__in=KINDS, undo=None, changed_count__gt=0
    )
    stages = {KINDS[kind] for kind in ran.values_list("action__kind", flat=True).distinct()}
    return [Part(str(stage.label), sunset.segment_of(stage), stage in stages) for stage in Stage]
