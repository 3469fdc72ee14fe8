"""`engagement`: whether somebody did anything lately that shows interest."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from pydantic import Field
from pyroaring import BitMap
from typing_extensions import override

from activities.builtin import ENGAGING
from contacts.id_sets import id_set
from mirror.kinds import ACTIVITY, ORDER, VISIT, Column
from mirror.reading import Rows, aware
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.telling import window_told
from segmentation.criteria.times import Last, Span
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.occurrences import EngagementForm


def interest(catalog: Catalog, span: Span) -> list[tuple[Rows, str]]:
    """The rows that show interest within a span, and which of them: the one place that says so."""
    types = [known.type.pk for key, known in catalog.activities.items() if key in ENGAGING]
    none: tuple[Column, ...] = ()
    return [
        *((Rows(ACTIVITY, none, type_, *span), "") for type_ in types),
        (Rows(VISIT, none, 0, *span), ""),
        (Rows(ORDER, (ORDER.column("counted"),), 0, *span), "counted"),
    ]


@register
class EngagementCriterion(Criterion):
    """`{"kind": "engagement", "state": "engaged", "days": 90}`.

    Engaged is who opened or clicked in an e-mail, clicked in a text message, viewed a product, put one in the cart,
    visited the site or ordered (what was neither cancelled nor refunded) in the last `days`.
    """

    form: ClassVar = EngagementForm()
    reads: ClassVar = ("activity", "visit", "order")

    kind: Literal["engagement"]
    state: Literal["engaged", "unengaged"]
    days: Annotated[int, Field(ge=1, le=3650)] = 0  # not said: the account's

    @override
    def members(self, context: Context) -> BitMap:
        engaged = context.once(("engaged", self.window(context.catalog)), lambda: self.engaged(context))
        return engaged & context.everyone if self.state == "engaged" else context.but(engaged)

    def engaged(self, context: Context) -> BitMap:
        if context.only is None:
            return BitMap.union(*(id_set(context.reader.ids(rows, where)) for rows, where in self.sources(context)))
        start = context.span(self.window(context.catalog)).start or datetime.min.replace(tzinfo=UTC)
        ids, moments = self.latest(context)
        return id_set(ids[moments >= np.datetime64(start.astimezone(UTC).replace(tzinfo=None))])

    def latest(self, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """The contacts, and when each last did something of a kind that counts: once for every kind it did."""

        def read() -> tuple[np.ndarray, np.ndarray]:
            found = []
            for rows, where in self.sources(context):
                condition = f" WHERE {where}" if where else ""
                query = f"SELECT contact_id, max(moment) AS moment FROM {{rows}}{condition} GROUP BY contact_id"  # noqa: S608 - constants
                found.append(context.reader.select(replace(rows, first=None), query))
            ids, moments = ([np.asarray(one[name]) for one in found] for name in ("contact_id", "moment"))
            return np.concatenate(ids), np.concatenate(moments)

        return context.made(("engaged", context.span(self.window(context.catalog)).last), read)

    def sources(self, context: Context) -> list[tuple[Rows, str]]:
        """The rows that show interest, and which of them."""
        return interest(context.catalog, context.span(self.window(context.catalog)))

    def window(self, catalog: Catalog) -> Last:
        return Last(self.days or catalog.engagement_days, "day")

    @override
    def settings(self, catalog: Catalog) -> int:
        return self.days or catalog.engagement_days

    @override
    def sentence(self, words: Words) -> Sentence:
        window = window_told(self.window(words.catalog), words)
        if self.state == "engaged":
            # Translators: window: "in the last 90 days (since 24 Aug)"
            return phrase(_("is engaged: was active {window}"), window=window)
        # Translators: window: "in the last 90 days (since 24 Aug)"
        return phrase(_("is not engaged: was not active {window}"), window=window)

    @override
    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """When the last happened of what counts, whenever that was."""
        ids, moments = self.latest(context)
        own = moments[ids == contact]
        if not len(own):
            return plain(_("never active"))
        return phrase(_("last active {date}"), date=words.moment(aware(own.max())))

    @override
    def moves_with_time(self, catalog: Catalog) -> bool:
        return True

    @override
    def opposite(self) -> "EngagementCriterion":
        return self.model_copy(update={"state": "unengaged" if self.state == "engaged" else "engaged"})
