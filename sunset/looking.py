"""Looking at contacts once more, at the very moment at which they would be acted on.

A calculation was true at its instant; who opened a letter since then has come back. So each chunk evaluates the
segment's criteria anew, over the contacts' own rows, and asks what they did since they got the tag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from accounts.models import Account
from contacts.models import ConsentState, ContactConsent
from jobs.errors import JobProblem
from mirror.reading import aware
from segmentation.criteria import Context, CriteriaError, parse
from segmentation.criteria.engagement import interest
from segmentation.criteria.times import Span
from segmentation.engine import evaluate
from segmentation.models import Segment
from sunset.models import Sunset

CHUNK = 5_000  # contacts looked at by their own rows at once: half a second


class Look:
    """Some contacts at `now`, by their own rows; many of them, in a snapshot, out of everybody's.

    start: since when their rows are read, where signs are asked for after several moments; the earliest of them.
    """

    def __init__(self, ids: BitMap, *, now: datetime, start: datetime | None = None, many: bool = False) -> None:
        self.ids, self.now, self.start = ids, now, start
        self.zone: ZoneInfo = Account.objects.get(schema_name=connection.schema_name).zone  # type: ignore[attr-defined]
        self.context = Context(now=now, zone=self.zone, only=None if many else ids)

    def members(self, segment: Segment) -> BitMap:
        """Those who satisfy the segment's criteria now.

        Raises: JobProblem, if these name something that is gone.
        """
        if segment.version is None:
            raise JobProblem(gettext_noop("The segment has no criteria. Nothing was done."))
        try:
            return evaluate(parse(segment.version.criteria), context=self.context).members & self.ids
        except CriteriaError as error:
            raise JobProblem(error.text, error.params, error.path) from error

    def first_signs(self, sunset: Sunset, since: Mapping[int, datetime]) -> dict[int, datetime]:
        """The first thing each did, or agreed to, after its moment of `since`; who did nothing is left out."""
        found: dict[int, datetime] = {}
        for pk, at in [*self.facts(since), *self.answers(sunset, since)]:
            if at > since[pk] and (pk not in found or at < found[pk]):
                found[pk] = at
        return found

    def facts(self, since: Mapping[int, datetime]) -> list[tuple[int, datetime]]:
        """What shows interest and came after the moment of each: of every kind the first."""
        if not since:
            return []
        span = Span(self.start or min(since.values()), self.now)
        bounds = np.zeros(max(since) + 1, dtype="datetime64[us]")
        for pk, at in since.items():
            bounds[pk] = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")
        told = []
        for whose, when in self.context.made(("interest", span), lambda: self.interest(span)):
            ours = np.isin(whose, list(since))
            ids, moments = whose[ours], when[ours]
            later = moments > bounds[ids]
            ids, moments = ids[later], moments[later]
            order = np.lexsort((moments, ids))
            first, places = np.unique(ids[order], return_index=True)
            told += [(int(pk), aware(at)) for pk, at in zip(first, moments[order][places], strict=True)]
        return told

    def interest(self, span: Span) -> list[tuple[np.ndarray, np.ndarray]]:
        """Contacts and moments of what shows interest, by its kind."""
        found = []
        for rows, where in interest(self.context.catalog, span):
            condition = f" WHERE {where}" if where else ""
            read = self.context.reader.select(replace(rows), f"SELECT contact_id, moment FROM {{rows}}{condition}")  # noqa: S608 - constants
            found.append((np.asarray(read["contact_id"]), np.asarray(read["moment"]).astype("datetime64[us]")))
        return found

    def answers(self, sunset: Sunset, since: Mapping[int, datetime]) -> list[tuple[int, datetime]]:
        """When they gave one of the consents, after the earliest of these moments."""
        if not since:
            return []
        given = ContactConsent.objects.filter(
            consent__in=sunset.consent_ids,
            state=ConsentState.GIVEN,
            changed_at__gt=min(since.values()),
            changed_at__lte=self.now,
        )
        if len(since) <= CHUNK:
            given = given.filter(contact__in=list(since))
        return [(pk, at) for pk, at in given.values_list("contact_id", "changed_at") if pk in since]


def first_signs(asked: Sequence[tuple[Sunset, Mapping[int, datetime]]], *, now: datetime) -> list[dict[int, datetime]]:
    """As `Look.first_signs`, of any number of contacts and for several sunsets: their rows are read once.

    The caller has a snapshot open.
    """
    everybody = BitMap.union(BitMap(), *(BitMap(since) for _sunset, since in asked))
    if not everybody:
        return [{} for _each in asked]
    start = min(at for _sunset, since in asked for at in since.values())
    look = Look(everybody, now=now, start=start, many=len(everybody) > CHUNK)
    return [look.first_signs(sunset, since) for sunset, since in asked]
