"""`spender`: buyers by how much they spent, or how often they bought, compared with all buyers."""

from typing import ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from contacts.id_sets import id_set
from segmentation.criteria import sales
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.buyers import BANDS, FREQUENT, amounts_spent, numbers_of_orders, ranked
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.tallies import Totals
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.buyers import BAND_NAMES, BUYER_NAMES, SpenderForm


@register
class SpenderCriterion(Criterion):
    """`{"kind": "spender", "band": "big"}` or `{"kind": "spender", "buyer": "one_time"}`."""

    form: ClassVar = SpenderForm()
    reads: ClassVar = ("order",)

    kind: Literal["spender"]
    band: Literal["low", "medium", "big"] | None = None
    buyer: Literal["frequent", "one_time", "returning", "none"] | None = None

    def refine(self) -> None:
        for name in ("band", "buyer"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise RefusedError(gettext_noop("This is empty."), at=name)
        if self.band is None and self.buyer is None:
            raise RefusedError(gettext_noop("This is missing."), at="band")
        if self.band is not None and self.buyer is not None:
            raise RefusedError(gettext_noop("One of band and buyer is possible, not both."), at="buyer")

    # --- who ---------------------------------------------------------------------------------------------------
    def members(self, context: Context) -> BitMap:
        if self.buyer == "none":
            return context.but(id_set(numbers_of_orders(context).ids))
        if self.band is not None:
            totals = amounts_spent(context)
            chosen = in_band(totals, self.band)
        else:
            totals = numbers_of_orders(context)
            chosen = buying(totals, str(self.buyer))
        return id_set(totals.ids[chosen]) & context.everyone

    # --- in words ----------------------------------------------------------------------------------------------
    def sentence(self, words: Words) -> Sentence:
        if self.buyer == "none":
            return plain(_("has bought nothing"))
        name = BAND_NAMES[self.band] if self.band is not None else BUYER_NAMES[str(self.buyer)]
        # Translators: kind: "big spender", "returning buyer"
        return phrase(_("is a {kind}"), kind=str(name))

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`1234.50 PLN in all; medium spenders spent more than 300 PLN, big ones more than 2000 PLN`."""
        totals = numbers_of_orders(context) if self.band is None else amounts_spent(context)
        number = totals.of(contact)
        if number is None:
            return plain(_("no orders"))
        if self.band is None:
            told = sales.orders_told(words)
            if self.buyer != "frequent":
                return phrase("{orders}", orders=told(int(number)))
            bound = told(int(ranked(totals.values, [FREQUENT])[0]))
            return phrase(_("{orders}; frequent buyers have more than {bound}"), orders=told(int(number)), bound=bound)
        amount = sales.money(words)
        medium, big = (amount(sales.in_decimals(int(bound) * sales.MONEY)) for bound in ranked(totals.values, [*BANDS]))
        return phrase(
            _("{amount} in all; medium spenders spent more than {medium}, big ones more than {big}"),
            amount=amount(sales.in_decimals(number)),
            medium=medium,
            big=big,
        )

    def moves_with_time(self, catalog: Catalog) -> bool:
        """An order dated later than now counts once its time has come."""
        return True


def in_band(totals: Totals, band: str) -> np.ndarray:
    """Which of the buyers are in a band: every one is in exactly one."""
    if not len(totals.ids):
        return np.zeros(0, dtype=bool)
    medium, big = ranked(totals.values, [*BANDS])
    spent = totals.values
    bands = {"low": spent <= medium, "medium": (spent > medium) & (spent <= big), "big": spent > big}
    return np.asarray(bands[band], dtype=bool)


def buying(totals: Totals, buyer: str) -> np.ndarray:
    """Which of the buyers buy so often."""
    orders = totals.values
    if buyer == "frequent":
        return orders > ranked(orders, [FREQUENT])[0] if len(orders) else np.zeros(0, dtype=bool)
    return orders == 1 if buyer == "one_time" else orders >= 2
