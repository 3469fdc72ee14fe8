"""`order_date`: when a contact ordered for the first or the last time."""

from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.id_sets import id_set
from mirror.kinds import ORDER
from mirror.reading import Rows, aware
from segmentation.criteria import sales
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.context import Context
from segmentation.criteria.evidence import value_told
from segmentation.criteria.times import TICK, Anniversary
from segmentation.criteria.values.base import ABSENT, NEGATIVE, OPPOSITE
from segmentation.criteria.values.moment import Instant
from segmentation.criteria.where import Column
from segmentation.criteria.words import Sentence, Words, plain
from segmentation.parts.orders import OrderDateForm

MOMENT = Column("moment", (ORDER.column("moment"),))
COUNTED = sales.counted(ORDER)


@register
class OrderDateCriterion(Criterion):
    """`{"kind": "order_date", "which": "last", "op": "before", "value": "2026-01-01"}`: of orders that count."""

    form: ClassVar = OrderDateForm()
    reads: ClassVar = ("order",)

    kind: Literal["order_date"]
    which: Literal["first", "last"]
    op: str
    value: Any = ABSENT

    def refine(self) -> None:
        _checked = self._operand

    def members(self, context: Context) -> BitMap:
        if self.op in NEGATIVE:
            return context.but(self.holding(NEGATIVE[self.op], context))
        return self.holding(self.op, context)

    def holding(self, op: str, context: Context) -> BitMap:
        """The contacts whose order of that name satisfies a positive operator."""
        if op == "is_set":
            return id_set(context.reader.ids(Rows(ORDER, COUNTED.columns), COUNTED.sql)) & context.everyone
        operand = self._operand
        if isinstance(operand, Anniversary):
            return self.anniversary(op, operand, context)
        start, last = context.facts.own_span(operand)
        # In the span, and nothing on its far side: which order it was need not be known.
        inside = self.ordered(start, last, context) & context.everyone
        if self.which == "first":
            return inside if start is None else inside - self.ordered(None, start - TICK, context)
        return inside if last is None else inside - self.ordered(last + TICK, None, context)

    def ordered(self, start: datetime | None, last: datetime | None, context: Context) -> BitMap:
        """Who has an order that counts from `start` to `last`."""
        return id_set(context.reader.ids(Rows(ORDER, COUNTED.columns, first=start, last=last), COUNTED.sql))

    def anniversary(self, op: str, operand: Anniversary, context: Context) -> BitMap:
        test = Instant().test(op, operand, column=MOMENT, context=context.facts)
        query = (
            f"SELECT contact_id FROM (SELECT contact_id, {'min' if self.which == 'first' else 'max'}(moment) AS moment"  # noqa: S608 - constants
            f" FROM {{rows}} WHERE {COUNTED.sql} GROUP BY contact_id) ends WHERE {test.sql}"
        )
        found = context.reader.select(Rows(ORDER, COUNTED.columns), query, test.params)["contact_id"]
        return id_set(found) & context.everyone

    @property
    def _operand(self) -> Any:
        return Instant().read(self.op, self.value)

    # --- in words ----------------------------------------------------------------------------------------------
    def sentence(self, words: Words) -> Sentence:
        if self.op == "is_set":
            return plain(_("has an order"))
        if self.op == "is_not_set":
            return plain(_("has no order"))
        name = _("first order") if self.which == "first" else _("last order")
        return Instant().sentence(self.op, self._operand, name=plain(name), words=words)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """When that order was."""
        extreme = "min" if self.which == "first" else "max"
        query = f"SELECT {extreme}(moment) AS moment FROM {{rows}} WHERE {COUNTED.sql}"  # noqa: S608 - constants
        found = np.ma.compressed(context.reader.select(Rows(ORDER, COUNTED.columns), query)["moment"])
        return value_told(aware(found[0]), Instant(), words) if len(found) else plain(_("no orders"))

    def opposite(self) -> "OrderDateCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None
