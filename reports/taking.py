"""The numbers of a report as one reader sees them, all of one snapshot."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from pyroaring import BitMap

from insights.errors import NotKeptError
from insights.statistics import scopes
from insights.statistics.calendars import Months, Weeks
from insights.statistics.comparing import FEW
from insights.statistics.dimensions import Dimension, of_attributes, own
from insights.statistics.taking import Taking
from reports import sources
from reports.models import BASE, PERIODS, Report
from reports.parts import PARTS, Side, Sides
from reports.sources import Source
from reports.tables import Section
from segmentation.builder.reuse import Session
from segmentation.criteria import Context, CriteriaError
from segmentation.engine import snapshot

SHARED = Session(0, "reports")  # what one reader has found is found for others of the same sight


@dataclass(frozen=True)
class Content:
    """What a report says. gone: in sentences, what it should tell of and is no longer there.

    base: all contacts that the reader sees. sides: none, where there is nothing to count; then `gone` says why.
    """

    at: datetime
    currency: str
    base: int
    sides: tuple[Side, ...] = ()
    sections: tuple[Section, ...] = ()
    gone: list[str] = field(default_factory=list)

    @property
    def few(self) -> bool:
        """Whether a group that is compared is so small that a difference may be chance."""
        return len(self.sides) > 1 and any(0 < side.size < FEW for side in self.sides)


def taken(report: Report, *, now: datetime, zone: ZoneInfo, mask: BitMap | None, only_kept: bool = False) -> Content:
    """`mask`: the contacts that the reader sees; None: all.

    Raises: NotKeptError, if `only_kept` and something would have to be scanned.
    """
    with snapshot():
        context = Context(now=now, zone=zone, mask=mask, reuse=SHARED)
        currency, base, gone = context.catalog.currency, len(context.everyone), list[str]()
        first = _named(report.of, report.of_name, gone)
        beside = _named(report.beside, report.beside_name, gone) if report.beside not in ("", BASE) else None
        dimensions = _dimensions(report, context, gone)
        if first is None or first.scope is None:
            return Content(now, currency, base, gone=gone)
        if only_kept and any(one and one.token.startswith("saved.") for one in (first, beside)):
            raise NotKeptError("criteria")  # what they come to is not kept, only each criterion of them
        try:
            found = _sides(report, first, beside, context, only_kept=only_kept)
        except CriteriaError as error:
            gone.append(_("The saved criteria cannot be counted: %(why)s") % {"why": error.message})
            return Content(now, currency, base, gone=gone)
        period = Weeks(report.weeks, context.today), Months(PERIODS[report.weeks], context.today)
        sides = Sides(tuple(found), *period, tuple(dimensions), only_kept)
        sections = tuple(PARTS[key].make(sides) for key in report.parts if key in PARTS)
        return Content(now, currency, base, sides.all, sections, gone)


def _named(token: str, name: str, gone: list[str]) -> Source | None:
    """What the token names; if it is gone, that is told."""
    found = sources.source(token)
    if found is None:
        gone.append(_("“%(name)s” is no longer there: it has been deleted.") % {"name": name or token})
    elif found.scope is None:
        gone.append(_("“%(name)s” has not been calculated yet: nobody is in it so far.") % {"name": found.name})
    return found


def _dimensions(report: Report, context: Context, gone: list[str]) -> list[Dimension]:
    """The chosen ones in the order in which the account has them."""
    if "attributes" not in report.parts:
        return []
    known = {one.key: one for one in (*own(), *of_attributes(context.catalog.attributes.values()))}
    chosen = {str(one["key"]): str(one["name"]) for one in report.dimensions}
    for key, name in chosen.items():
        if key not in known:
            gone.append(_("The attribute “%(name)s” is no longer there: it has been deleted.") % {"name": name})
    return [one for key, one in known.items() if key in chosen]


def _sides(report: Report, first: Source, beside: Source | None, context: Context, *, only_kept: bool) -> list[Side]:
    assert first.scope is not None  # noqa: S101 - the caller has looked
    found = [Side(first.name, first.scope, Taking.of(first.scope, context, only_kept=only_kept), 0)]
    if report.beside == BASE and not first.scope.everybody:
        everybody = scopes.everybody()
        taking = Taking.of(everybody, context, only_kept=only_kept)
        found.append(Side(everybody.name, everybody, taking, 1, whole=True))
    elif beside is not None and beside.scope is not None:
        taking = Taking.of(beside.scope, context, only_kept=only_kept)
        found.append(Side(beside.name, beside.scope, taking, 1, whole=beside.scope.everybody))
    return found
