"""`rfm`: buyers by how lately, how often and for how much they bought, scored 1 to 5 among all buyers."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import BaseModel, ConfigDict, Field
from pyroaring import BitMap
from typing_extensions import override

from contacts.id_sets import id_set
from mirror.reading import aware
from segmentation.criteria import sales
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.buyers import GROUPS, SCORES, buyers, cut_offs, measured, scores
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.evidence import semicolons
from segmentation.criteria.order import read_number
from segmentation.criteria.tallies import Totals, holding
from segmentation.criteria.values.base import OPPOSITE
from segmentation.criteria.values.number import Number
from segmentation.criteria.words import Sentence, Words, phrase, plain
from segmentation.parts.buyers import GROUP_NAMES, SCORE_NAMES, RfmForm

Group = Literal[
    "new", "promising", "potential_loyalists", "loyal", "champions",
    "need_attention", "at_risk", "cant_lose_them", "hibernating", "lost",
]  # fmt: skip
GroupNames = Annotated[list[Group], Field(min_length=1, max_length=len(GROUPS))]


class Score(BaseModel):
    """What one of the scores has to be: `{"op": "gte", "value": 4}`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    op: str
    value: Any

    def read(self) -> Any:
        """The operand: of whole numbers from 1 to 5.

        Raises: RefusedError at `op` or within `value`.
        """
        operand = read_number(self.op, self.value)
        for score in [operand] if isinstance(operand, Decimal) else operand:
            if score not in range(1, SCORES + 1):
                raise RefusedError(
                    gettext_noop("A whole number from 1 to {limit} is expected here."), at="value", limit=5
                )
        return operand


@register
class RfmCriterion(Criterion):
    """`{"kind": "rfm", "groups": ["champions", "loyal"]}` or `{"kind": "rfm", "recency": {"op": "gte", "value": 4}}`.

    Who has no order that counts has no scores and is in no group.
    """

    form: ClassVar = RfmForm()
    reads: ClassVar = ("order",)

    kind: Literal["rfm"]
    groups: GroupNames | None = None
    recency: Score | None = None
    frequency: Score | None = None
    monetary: Score | None = None

    @property
    def asked(self) -> dict[str, Score]:
        """The scores that are asked for."""
        scores = {"recency": self.recency, "frequency": self.frequency, "monetary": self.monetary}
        return {name: score for name, score in scores.items() if score is not None}

    def refine(self) -> None:
        for name in ("groups", "recency", "frequency", "monetary"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise RefusedError(gettext_noop("This is empty."), at=name)
        if self.groups is None and not self.asked:
            raise RefusedError(gettext_noop("This is missing."), at="groups")
        if self.groups is not None and self.asked:
            raise RefusedError(gettext_noop("Groups or scores can be asked for, not both."), at=next(iter(self.asked)))
        for name, score in self.asked.items():
            try:
                score.read()
            except RefusedError as refusal:
                raise RefusedError(refusal.text, at=f"{name}.{refusal.at}", **refusal.params) from None

    # --- who ---------------------------------------------------------------------------------------------------
    def members(self, context: Context) -> BitMap:
        if self.groups is not None:
            found = buyers(context)
            wanted = np.zeros(len(GROUPS), dtype=bool)
            wanted[[GROUPS.index(group) for group in self.groups]] = True
            return id_set(found.ids[wanted[found.group]]) & context.everyone
        return BitMap.intersection(*(self.scored(name, score, context) for name, score in self.asked.items()))

    @staticmethod
    def scored(name: str, score: Score, context: Context) -> BitMap:
        """The contacts with such a score."""
        totals = measured(context, name)
        own = scores(totals.values, cut_offs(context, name)[: SCORES - 1])
        return holding(Totals(totals.ids, own), score.op, score.read(), empty=None, context=context)

    # --- in words ----------------------------------------------------------------------------------------------
    def sentence(self, words: Words) -> Sentence:
        if self.groups is not None:
            names = words.any_of([str(GROUP_NAMES[group]) for group in dict.fromkeys(self.groups)])
            # Translators: groups of buyers: "Champions or Loyal"
            return phrase(_("is among the buyers in the RFM group {groups}"), groups=names)
        told = [self.score_told(name, score, words) for name, score in self.asked.items()]
        sentence = told[0]
        for other in told[1:]:
            sentence = phrase(_("{one} and {other}"), one=sentence, other=other)
        return sentence

    @override
    def opposite(self) -> "RfmCriterion | None":
        """Of one score that has to be this or that. Who buys nothing has none, and is in the complement."""
        if len(self.asked) != 1:
            return None
        ((name, score),) = self.asked.items()
        if score.op not in OPPOSITE:
            return None
        return self.model_copy(update={name: Score(op=OPPOSITE[score.op], value=score.value)})

    @override
    def denied(self, words: Words) -> Sentence | None:
        if self.groups is None:
            return None
        names = [str(GROUP_NAMES[group]) for group in dict.fromkeys(self.groups)]
        if len(names) == 1:
            return phrase(_("is not among the buyers in the RFM group {groups}"), groups=names[0])
        # Translators: groups of buyers: "Champions or Loyal"
        return phrase(_("is in none of the RFM groups {groups}"), groups=words.any_of(names))

    @property
    def compound(self) -> bool:
        return len(self.asked) > 1

    @staticmethod
    def score_told(name: str, score: Score, words: Words) -> Sentence:
        # Translators: score: "recency", "frequency", "amount spent"
        field = phrase(_("RFM score for {score}"), score=plain(str(SCORE_NAMES[name])))
        return Number().sentence(score.op, score.read(), name=field, words=words)

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """`score 4 for recency: last order 12 Nov, 14:03`; for groups the group and all three scores."""
        told: list[Sentence] = []
        if self.groups is not None:
            found = buyers(context)
            at = found.at(contact)
            if at is not None:
                told.append(phrase(_("in the group {group}"), group=str(GROUP_NAMES[GROUPS[found.group[at]]])))
        for name in self.asked or SCORE_NAMES:
            totals = measured(context, name)
            if totals.of(contact) is None:
                return plain(_("no orders, so no scores"))
            at = int(np.searchsorted(totals.ids, contact))
            told.append(self.own_score(name, totals.values[at : at + 1], context, words))
        return semicolons(told)

    @staticmethod
    def own_score(name: str, value: np.ndarray, context: Context, words: Words) -> Sentence:
        """`value`: the one of the contact, as it is measured."""
        score = words.number(int(scores(value, cut_offs(context, name)[: SCORES - 1])[0]))
        match name:
            case "recency":
                date = words.moment(aware(value.view("datetime64[us]")[0]))
                return phrase(_("score {score} for recency: last order {date}"), score=score, date=date)
            case "frequency":
                orders = sales.orders_told(words)(int(value[0]))
                return phrase(_("score {score} for frequency: {orders}"), score=score, orders=orders)
        spent = sales.money(words)(sales.in_decimals(int(value[0]) * sales.MONEY))
        return phrase(_("score {score} for amount spent: {amount}"), score=score, amount=spent)

    def moves_with_time(self, catalog: Catalog) -> bool:
        """An order dated later than now counts once its time has come."""
        return True
