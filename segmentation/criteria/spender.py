"""`spender`: buyers by how much they spent, or how often they bought, compared with all buyers."""

from typing import ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap
from typing_extensions import override

from contacts.id_sets import id_set
from segmentation.criteria import sales
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.buyers import cut_offs, measured
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
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
            return context.but(id_set(measured(context, "frequency").ids))
        if self.band is not None:
            totals = measured(context, "monetary")
            chosen = in_band(totals.values, self.band, cut_offs(context, "monetary")[-2:])
        else:
            totals = measured(context, "frequency")
            frequent = self.frequent(context) if self.buyer == "frequent" else None
            chosen = so_often(totals.values, str(self.buyer), frequent)
        return id_set(totals.ids[chosen]) & context.everyone

    @staticmethod
    def frequent(context: Context) -> int | None:
        """The number of orders that the frequent have more than; None: nobody buys."""
        ends = cut_offs(context, "frequency")
        return int(ends[-1]) if len(ends) else None

    # --- in words ----------------------------------------------------------------------------------------------
    def sentence(self, words: Words) -> Sentence:
        if self.buyer == "none":
            return plain(_("has bought nothing"))
        # Translators: kind: "big spender", "returning buyer"
        return phrase(_("is a {kind}"), kind=self.called)

    @override
    def denied(self, words: Words) -> Sentence:
        if self.buyer == "none":
            return plain(_("has bought something"))
        # Translators: kind: "big spender", "returning buyer"; also said of those who have bought nothing
        return phrase(_("is not a {kind}"), kind=self.called)

    @property
    def called(self) -> str:
        """Such a buyer, in the language now active."""
        return str(BAND_NAMES[self.band] if self.band is not None else BUYER_NAMES[str(self.buyer)])

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`1234.50 PLN in all; medium spenders spent more than 300 PLN, big ones more than 2000 PLN`.

        Where the bounds are tells of all buyers: nothing of it to who sees some contacts only.
        """
        number = measured(context, "frequency").of(contact)
        if number is None:
            return plain(_("no orders"))
        if self.band is None:
            told = sales.orders_told(words)
            bound = self.frequent(context) if self.buyer == "frequent" and context.mask is None else None
            if bound is None:
                return phrase("{orders}", orders=told(int(number)))
            template = _("{orders}; frequent buyers have more than {bound}")
            return phrase(template, orders=told(int(number)), bound=told(bound))
        amounts = measured(context, "monetary")
        spent = amounts.values[np.searchsorted(amounts.ids, contact)]
        if context.mask is not None:
            return phrase(_("{amount} in all"), amount=told_amount(spent, words))
        ends = (spent, *cut_offs(context, "monetary")[-2:])
        amount, medium, big = (told_amount(one, words) for one in ends)
        template = _("{amount} in all; medium spenders spent more than {medium}, big ones more than {big}")
        return phrase(template, amount=amount, medium=medium, big=big)

    def moves_with_time(self, catalog: Catalog) -> bool:
        """An order dated later than now counts once its time has come."""
        return True


def told_amount(units: int, words: Words) -> str:
    """An amount as it is measured, in the account's currency."""
    return sales.money(words)(sales.in_decimals(int(units) * sales.MONEY))


def so_often(orders: np.ndarray, buyer: str, frequent: int | None) -> np.ndarray:
    """Which of the buyers buy so often. `frequent`: the number of orders that the frequent have more than."""
    if buyer == "one_time":
        return orders == 1
    if buyer == "returning":
        return orders >= 2
    if frequent is None:
        return np.zeros(len(orders), dtype=bool)
    return np.asarray(orders > frequent, dtype=bool)


def in_band(spent: np.ndarray, band: str, ends: np.ndarray) -> np.ndarray:
    """Which of the buyers are in a band: every one is in exactly one."""
    if not len(spent):
        return np.zeros(0, dtype=bool)
    medium, big = ends
    bands = {"low": spent <= medium, "medium": (spent > medium) & (spent <= big), "big": spent > big}
    return np.asarray(bands[band], dtype=bool)
