"""What contacts did, at moments: how often, when, which of them. `activity` and `visit` are this, over other rows."""

from abc import abstractmethod
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from pydantic import BaseModel, ConfigDict, Field
from pyroaring import BitMap

from contacts.id_sets import id_set
from mirror.kinds import Kind
from mirror.reading import Arrays, Rows, aware
from segmentation.criteria import conditions
from segmentation.criteria.base import Criterion
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.conditions import Conditions, Params
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.evidence import lately, short
from segmentation.criteria.labels import Within
from segmentation.criteria.tallies import OPERATORS, Totals, besides, count, ends, holding, often, unbeaten
from segmentation.criteria.telling import times_told, window_told
from segmentation.criteria.times import TICK, Span
from segmentation.criteria.values.number import Number
from segmentation.criteria.where import Where
from segmentation.criteria.words import Sentence, Words, phrase

Pick = Literal["any", "first", "last", "only"]
OPPOSITE = {"gte": "lt", "lt": "gte", "gt": "lte", "lte": "gt", "eq": "ne", "ne": "eq", "in": "not_in", "not_in": "in"}


class Times(BaseModel):
    """How often: `{"op": "gte", "value": 3}`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    op: str
    value: Any

    def read(self) -> Any:
        """The operand.

        Raises: RefusedError at `times.op` or within `times.value`.
        """
        if self.op not in OPERATORS:
            raise RefusedError(gettext_noop("“{op}” is not possible here."), at="times.op", op=self.op[:60])
        try:
            return Number().read(self.op, self.value)
        except RefusedError as refusal:
            raise RefusedError(refusal.text, at=f"times.{refusal.at}", **refusal.params) from None

    @property
    def never(self) -> bool:
        """Whether it says exactly: not once."""
        value = self.read()
        return (
            (self.op == "eq" and value == 0)
            or (self.op == "lt" and 0 < value <= 1)
            or (self.op == "lte" and 0 <= value < 1)
        )


ONCE = Times(op="gte", value=1)


class Source(NamedTuple):
    """The rows that are looked at, what can be asked of them, and what having one is called, and having none."""

    kind: Kind
    type: int
    params: Params
    did: Sentence
    did_not: Sentence


class Occurrences(Criterion):
    """The contacts with so many rows in a window that satisfy all of `where`.

    pick: `first` or `last`: the contact's very first or last row of all must itself satisfy `where`, in the window;
    `only`: there are rows in the window, and every one satisfies `where`.
    """

    where: Conditions = Field(default_factory=list)
    times: Times = ONCE
    within: Within = None
    pick: Pick = "any"

    @abstractmethod
    def source(self, catalog: Catalog) -> Source | None:
        """Where the rows are; None: what the criterion names is not there (any more)."""

    @property
    def end(self) -> bool:
        """Whether it is about one row, the first or the last."""
        return self.pick in ("first", "last")

    @property
    def compound(self) -> bool:
        return bool(self.where)

    def refine(self) -> None:
        if self.end and "times" in self.model_fields_set:
            raise RefusedError(gettext_noop("There is one first and one last: they are not counted."), at="times")
        self.times.read()

    # --- who ---------------------------------------------------------------------------------------------------------
    def members(self, context: Context) -> BitMap:
        if self.end:
            return self.ends(context) & context.everyone
        if self.pick == "any":
            return often(self.ids(context), self.times.op, self.times.read(), context=context)
        totals = self.only(context)
        return holding(totals, self.times.op, self.times.read(), empty=None, context=context) & id_set(totals.ids)

    def ids(self, context: Context) -> np.ndarray:
        """The contact of every row that counts."""
        source, span = self.found(context), self.span(context)
        fits = conditions.joined(self.where, source.params, context)
        rows = Rows(source.kind, fits.columns, source.type, span.start, span.last)
        return context.reader.ids(rows, fits.sql, fits.params)

    def only(self, context: Context) -> Totals:
        """How many rows each contact has, of those all of whose rows fit."""
        if not self.where:
            return count(self.ids(context))
        source, span = self.found(context), self.span(context)
        fits = conditions.joined(self.where, source.params, context)
        rows = Rows(source.kind, fits.columns, source.type, span.start, span.last)
        query = f"SELECT contact_id, {_true(fits)} AS fits FROM {{rows}}"  # noqa: S608 - constants, bound values
        read = context.reader.select(rows, query, fits.params)
        totals = count(read["contact_id"])
        every = besides(totals.ids, read["contact_id"][~read["fits"]])
        return Totals(totals.ids[every], totals.values[every])

    def ends(self, context: Context) -> BitMap:
        """The contacts whose first or last row is as it should be."""
        if not self.where:
            return self.edge(context)
        if context.only is not None:
            return id_set(self.chosen(context))
        source, span, last = self.found(context), self.span(context), self.pick == "last"
        fits = conditions.joined(self.where, source.params, context)
        rows = Rows(source.kind, fits.columns, source.type, span.start, span.last)
        query = f"SELECT contact_id, moment FROM {{rows}} WHERE {_true(fits)}"  # noqa: S608 - as above
        fitting = context.reader.select(rows, query, fits.params)
        if not len(fitting["contact_id"]):
            return BitMap()
        # What happened on the far side of all that fits decides nothing: it is not read.
        far = aware(fitting["moment"].min() if last else fitting["moment"].max())
        rows = Rows(source.kind, (), source.type, far if last else None, None if last else far)
        every = context.reader.select(rows, "SELECT contact_id, moment FROM {rows}")
        sure, tied = unbeaten(fitting, every, last=last)
        return sure if not len(tied) else sure | id_set(self.chosen(context, among=tied))

    def edge(self, context: Context) -> BitMap:
        """The contacts with a row in the window and none beyond it."""
        source, (start, last) = self.found(context), self.span(context)

        def there(start: datetime | None, last: datetime | None) -> BitMap:
            return id_set(context.reader.ids(Rows(source.kind, (), source.type, start, last)))

        if self.pick == "first":
            return there(start, last) - (BitMap() if start is None else there(None, start - TICK))
        return there(start, last) - (BitMap() if last is None else there(last + TICK, None))

    def chosen(self, context: Context, *, among: np.ndarray | None = None) -> np.ndarray:
        """The contacts, of all or `among` some, whose first or last row is as it should be, by moment, then id.

        Rows on the far side of the window decide nothing, so they are not read: a last row in the last week is known
        from the rows of that week and later.
        """
        source, span, last = self.found(context), self.span(context), self.pick == "last"
        fits = conditions.joined(self.where, source.params, context)
        tests, params = [_true(fits)], list(fits.params)
        sign, bound = ("<=", span.last) if last else (">=", span.start)
        if bound is not None:
            tests.append(f"moment {sign} ?")
            params.append(bound.astimezone(UTC).replace(tzinfo=None))
        reach = Span(span.start, None) if last else Span(None, span.last)
        rows = Rows(source.kind, fits.columns, source.type, reach.start, reach.last)
        query = f"SELECT contact_id, moment, id, {' AND '.join(tests)} AS fits FROM {{rows}}"  # noqa: S608 - as above
        if among is not None:
            query += f" WHERE contact_id IN ({', '.join(map(str, among))})"
        read = context.reader.select(rows, query, params)
        at = ends(read["contact_id"], read["moment"], read["id"], last=last)
        return read["contact_id"][at[read["fits"][at]]]

    def found(self, context: Context) -> Source:
        source = self.source(context.catalog)
        if source is None:  # `check` comes before
            raise RefusedError(gettext_noop("What these criteria look at is not there any more."))
        return source

    def span(self, context: Context) -> Span:
        return Span(None, None) if self.within is None else context.span(self.within)

    # --- in words ----------------------------------------------------------------------------------------------------
    def told(self, source: Source, words: Words) -> Sentence:
        """`viewed a page 3 times or more in the last 30 days (since 23 Oct), address contains “/cennik”`."""
        never = not self.end and self.times.never
        sentence = source.did_not if never else source.did
        if self.pick == "first":
            sentence = phrase(_("{what} for the first time ever"), what=sentence)
        elif self.pick == "last":
            sentence = phrase(_("{what} for the last time"), what=sentence)
        elif not never and self.times != ONCE:
            times = times_told(self.times.op, self.times.read(), words)
            sentence = phrase("{what} {times}", what=sentence, times=times)
        if self.within is not None:
            sentence = phrase("{what} {window}", what=sentence, window=window_told(self.within, words))
        if not self.where:
            return sentence
        # Translators: what somebody did, and conditions on it: "viewed a page, address contains “/prices”"
        template = {
            "any": _("{what}, {conditions}"),
            "first": _("{what}, and that time {conditions}"),
            "last": _("{what}, and that time {conditions}"),
            "only": _("{what}, and every time {conditions}"),
        }[self.pick]
        return phrase(template, what=sentence, conditions=conditions.told(self.where, source.params, words))

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`3 times, last 12 Nov, 14:03`; of the first or last: when that was, and whether it fits."""
        source, span = self.found(context), self.span(context)
        fits = conditions.joined(self.where, source.params, context)
        first, last = (None, None) if self.end else span
        rows = Rows(source.kind, fits.columns, source.type, first, last)
        query = f"SELECT moment, {_true(fits)} AS fits FROM {{rows}} ORDER BY moment, id"  # noqa: S608 - as above
        return self.shown(context.reader.select(rows, query, fits.params), words)

    def shown(self, read: Arrays, words: Words) -> Sentence:
        moments, fits = read["moment"], read["fits"]
        if not len(moments):
            return phrase(_("not once"))
        if self.end:
            at = 0 if self.pick == "first" else -1
            template = _("the first one was on {date}") if self.pick == "first" else _("the last one was on {date}")
            sentence = phrase(template, date=words.moment(aware(moments[at])))
            return sentence if fits[at] else phrase(_("{what}, and does not fit"), what=sentence)
        if not fits.any():
            return phrase(ngettext("not one of {n} fits", "not one of {n} fits", len(fits)), n=words.number(len(fits)))
        number, last = int(fits.sum()), aware(moments[fits][-1])
        if self.pick == "only" and number < len(fits):
            counted = phrase(_("{n} of {all} fit"), n=words.number(number), all=words.number(len(fits)))
            return lately(counted, last, words)
        return lately(short(number, self.times.op, self.times.read(), words, told=partial(_times, words)), last, words)

    def opposite(self) -> "Occurrences | None":
        if self.pick != "any" or self.times.op not in OPPOSITE:
            return None
        times = ONCE if self.times.never else Times(op=OPPOSITE[self.times.op], value=self.times.value)
        return self.model_copy(update={"times": times})


def _true(where: Where) -> str:
    """Whether a row satisfies the condition, never NULL."""
    return f"coalesce({where.sql}, false)" if where.sql else "true"


def _times(words: Words, number: Decimal | int) -> str:
    return ngettext("{n} time", "{n} times", int(number)).format(n=words.number(number))
