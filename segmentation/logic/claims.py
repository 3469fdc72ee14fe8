"""What each kind of criterion claims. A kind of which nothing is known here is a statement that is so or not."""

import unicodedata
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.criteria import sales
from segmentation.criteria.activity import ActivityCriterion
from segmentation.criteria.attribute import AttributeCriterion, value_type
from segmentation.criteria.base import Criterion
from segmentation.criteria.buyers import GROUPS, SCORES
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.category import CategoryCriterion
from segmentation.criteria.conditions import Condition, Params
from segmentation.criteria.consent import ConsentCriterion
from segmentation.criteria.engagement import EngagementCriterion
from segmentation.criteria.field import FieldCriterion
from segmentation.criteria.occurrences import Occurrences
from segmentation.criteria.order import OrderCriterion
from segmentation.criteria.order_date import OrderDateCriterion
from segmentation.criteria.purchase import PurchaseCriterion
from segmentation.criteria.rfm import RfmCriterion
from segmentation.criteria.sample import PARTS, SampleCriterion
from segmentation.criteria.segment import SegmentCriterion
from segmentation.criteria.spender import SpenderCriterion
from segmentation.criteria.tag import TagCriterion
from segmentation.criteria.times import Ago, Last, Next, Window
from segmentation.criteria.values.base import NEGATIVE, ValueType
from segmentation.criteria.values.boolean import Boolean
from segmentation.criteria.values.choice import Choice, Choices
from segmentation.criteria.values.moment import Date, Instant
from segmentation.criteria.values.number import Number
from segmentation.criteria.values.text import Text, Url, folded
from segmentation.criteria.values.text import whole as whole_address
from segmentation.criteria.visit import VisitCriterion
from segmentation.logic.domains import ANY_NAME, ANY_NUMBER, YES_OR_NO, Names, Ranges, compared
from segmentation.logic.formulas import AllOf, Claim, Formula, OneOf, Start, clash, negated, statement

ALWAYS_THERE = ("id", "lead_score", "status", "created_at")  # columns that are never empty
WHOLE_FIELDS = ("id", "lead_score")
NEVER = OneOf(())
NUMBERS, NAMES = Start(ANY_NUMBER), Start(ANY_NAME)
COUNT = Start(Ranges.between(low=Decimal(0)), missing=False, whole=True)
AMOUNT = Start(ANY_NUMBER, missing=False)  # 0 for nobody's orders
NOTHING = Start(Ranges.of([Decimal(0)]), missing=False)
ANSWERS = Start(Names(frozenset({"given", "withdrawn", "unknown"})), missing=False)
ORDERS = Start(Names(frozenset({"one_time", "returning", "none"})), missing=False)
BANDS = Start(Names(frozenset({"low", "medium", "big"})))
RFM_GROUPS = Start(Names(frozenset(GROUPS)))
SCORE = Start(Ranges.between(Decimal(1), Decimal(SCORES)), whole=True)
PLACES = Start(Ranges.between(Decimal(0), Decimal(PARTS - 1)), missing=False, whole=True)
AGE = Start(Ranges.between(low=1), whole=True)


@dataclass(frozen=True)
class Reader:
    """Reads criteria that the language and `catalog` have accepted."""

    catalog: Catalog
    zone: ZoneInfo
    known: dict[int, Formula] = field(default_factory=dict)  # what was read, by the criterion's identity

    def claims(self, criterion: Criterion) -> Formula:
        """What has to hold of a contact, exactly when the criterion does."""
        if id(criterion) not in self.known:
            self.known[id(criterion)] = self.read(criterion)
        return self.known[id(criterion)]

    def read(self, criterion: Criterion) -> Formula:
        readers: dict[type[Criterion], Callable[[Any], Formula]] = {
            FieldCriterion: self.own_field, AttributeCriterion: self.attribute, TagCriterion: self.tag,
            CategoryCriterion: self.category, ConsentCriterion: self.consent, SegmentCriterion: self.segment,
            ActivityCriterion: self.occurrences, VisitCriterion: self.occurrences, OrderCriterion: self.order,
            PurchaseCriterion: self.purchase, OrderDateCriterion: self.order_date, SampleCriterion: self.sample,
            RfmCriterion: self.rfm, SpenderCriterion: self.spender, EngagementCriterion: self.engagement,
        }  # fmt: skip
        read = readers.get(type(criterion))
        return read(criterion) if read else statement(repr(criterion))

    # --- values ------------------------------------------------------------------------------------------------
    def own_field(self, criterion: FieldCriterion) -> Formula:
        name, kind = criterion.field, criterion.definition.type
        operand = kind.read(criterion.op, criterion.value)
        missing = name not in ALWAYS_THERE
        return self.value(("field", name), kind, criterion.op, operand, missing=missing, whole=name in WHOLE_FIELDS)

    def attribute(self, criterion: AttributeCriterion) -> Formula:
        attribute = self.catalog.attributes.get(criterion.attribute)
        if attribute is None:
            return statement(repr(criterion))
        kind = value_type(attribute)
        return self.value(("attribute", attribute.key), kind, criterion.op, kind.read(criterion.op, criterion.value))

    def value(
        self, subject: Hashable, kind: ValueType, op: str, operand: Any, *, missing: bool = True, whole: bool = False
    ) -> Formula:
        """What an operator claims of a value."""
        if op in NEGATIVE:
            return negated(self.value(subject, kind, NEGATIVE[op], operand, missing=missing, whole=whole))
        ordered = isinstance(kind, Number | Date | Instant)
        there = Claim(subject, ANY_NUMBER, Start(ANY_NUMBER, missing, whole)) if ordered else None
        there = there or Claim(subject, ANY_NAME, Start(YES_OR_NO if isinstance(kind, Boolean) else ANY_NAME, missing))
        if op == "is_set":
            return there
        found = self.holding(there, kind, op, operand)
        return AllOf((statement((subject, op, repr(operand))), there)) if found is None else found

    def holding(self, there: Claim, kind: ValueType, op: str, operand: Any) -> Formula | None:
        """The positive operators that say which values are meant; None: one that does not."""
        subject, start = there.subject, there.start
        match kind:
            case Number():
                return Claim(subject, compared(op, operand), start)
            case Boolean():
                return Claim(subject, Names(frozenset({op == "is_true"})), start)
            case Choices():
                having = tuple(AllOf((statement((subject, "has", option)), there)) for option in operand)
                return AllOf(having) if op == "all" else OneOf(having)
            case Date() | Instant() if isinstance(operand, Window):
                return self.dated(there, kind, operand)
            case Text() | Choice() if op in ("eq", "in"):
                fold = whole_address if isinstance(kind, Url) else folded if isinstance(kind, Text) else str
                values = operand if op == "in" else [operand]
                return Claim(subject, Names(frozenset(map(fold, values))), start)
        return None

    def dated(self, there: Claim, kind: ValueType, window: Window) -> Formula:
        """Windows beside now, of one unit, lie within each other; others are stretches of the calendar."""
        if isinstance(window, Last | Next):
            age = (there.subject, type(window), window.unit)
            return AllOf((Claim(age, Ranges.between(high=window.count), AGE), there))
        if isinstance(window, Ago):
            return AllOf((statement((there.subject, repr(window))), there))
        if isinstance(kind, Date):
            first, last = window.days(date.max)
        else:
            first, last = window.span(datetime.max.replace(tzinfo=UTC), self.zone)
        return Claim(there.subject, Ranges.between(first, last), there.start)

    # --- labels ------------------------------------------------------------------------------------------------
    def tag(self, criterion: TagCriterion) -> Formula:
        return labelled(criterion.op, [label("tag", name, criterion.within) for name in criterion.names])

    def category(self, criterion: CategoryCriterion) -> Formula:
        having: list[Formula] = []
        for path in criterion.categories:
            steps = path.split("/")
            above = [statement(("category", "/".join(steps[: at + 1]))) for at in range(len(steps))]
            own = [statement(("category", path, "alone"))] if criterion.only_this_level else []
            if criterion.within is not None:
                own.append(statement(("category", path, criterion.only_this_level, repr(criterion.within))))
            having.append(AllOf((*above, *own)))
        return labelled(criterion.op, having)

    def consent(self, criterion: ConsentCriterion) -> Formula:
        state = Claim(("consent", criterion.consent), Names(frozenset({criterion.state})), ANSWERS)
        if criterion.within is None:
            return state
        return AllOf((state, statement(("consent", criterion.consent, criterion.state, repr(criterion.within)))))

    def segment(self, criterion: SegmentCriterion) -> Formula:
        member = statement(("segment", criterion.segment, criterion.at))
        return member if criterion.op == "in" else negated(member)

    # --- what happened -----------------------------------------------------------------------------------------
    def occurrences(self, criterion: Occurrences) -> Formula:
        source = criterion.source(self.catalog)
        possible = source is not None and self.possible(criterion.where, source.params)
        if source is None or (criterion.pick != "any" and possible):
            return statement(repr(criterion))
        if criterion.pick != "any":
            return NEVER
        counted = ("times", source.kind.name, source.type, repr(criterion.where), repr(criterion.within))
        values = compared_number(criterion.times.op, criterion.times.read())
        return Claim(counted, values, COUNT if possible else NOTHING)

    def order(self, criterion: OrderCriterion) -> Formula:
        possible = self.possible(criterion.where, sales.ORDER_PARAMS)
        if criterion.pick != "any":
            return statement(repr(criterion)) if possible else NEVER
        number = Number().read(criterion.op, criterion.value)
        measured = ("order", criterion.measure, repr(criterion.where), repr(criterion.within))
        values = compared_number(criterion.op, number)
        if criterion.measure in ("count", "sum"):
            start = COUNT if criterion.measure == "count" else AMOUNT
            return Claim(measured, values, start if possible else NOTHING)
        negative = criterion.op in NEGATIVE  # of a missing value too
        return Claim(measured, values, NUMBERS if possible else Start(Ranges(())), missing=negative)

    def purchase(self, criterion: PurchaseCriterion) -> Formula:
        measured = ("purchase", criterion.measure, repr(criterion.where), repr(criterion.within))
        values = compared_number(criterion.op, Number().read(criterion.op, criterion.value))
        start = COUNT if criterion.measure == "orders" else AMOUNT
        return Claim(measured, values, start if self.possible(criterion.where, sales.LINE_PARAMS) else NOTHING)

    def possible(self, where: list[Condition], params: Params) -> bool:
        """Whether one row may satisfy all of the conditions."""
        told = tuple(
            self.value(condition.param, params[condition.param].type, condition.op, condition.read(params))
            for condition in where
            if condition.param in params
        )
        return clash(AllOf(told)) is None

    def order_date(self, criterion: OrderDateCriterion) -> Formula:
        operand = Instant().read(criterion.op, criterion.value)
        return self.value(("order_date", criterion.which), Instant(), criterion.op, operand)

    def engagement(self, criterion: EngagementCriterion) -> Formula:
        days = criterion.window(self.catalog).count
        engaged = Claim("engaged", Ranges.between(high=days), AGE)
        return engaged if criterion.state == "engaged" else negated(engaged)

    # --- buyers, draws -----------------------------------------------------------------------------------------
    def rfm(self, criterion: RfmCriterion) -> Formula:
        if criterion.groups is not None:
            return Claim("rfm", Names(frozenset(criterion.groups)), RFM_GROUPS)
        scores = criterion.asked.items()
        return AllOf(tuple(self.value_of_score(name, score.op, score.read()) for name, score in scores))

    @staticmethod
    def value_of_score(name: str, op: str, operand: Any) -> Claim:
        """Negative operators hold for those without a score too."""
        return Claim(("rfm", name), compared_number(op, operand), SCORE, missing=op in NEGATIVE)

    def spender(self, criterion: SpenderCriterion) -> Formula:
        if criterion.band is not None:
            return Claim("band", Names(frozenset({criterion.band})), BANDS)
        if criterion.buyer == "frequent":
            return statement("frequent")
        return Claim("orders", Names(frozenset({criterion.buyer})), ORDERS)

    def sample(self, criterion: SampleCriterion) -> Formula:
        draw = ("sample", unicodedata.normalize("NFC", criterion.salt))
        return Claim(draw, Ranges.between(high=Decimal(criterion.hundredths - 1)), PLACES)


def compared_number(op: str, operand: Any) -> Ranges:
    """The numbers for which any comparison holds."""
    return ~compared(NEGATIVE[op], operand) if op in NEGATIVE else compared(op, operand)


def label(kind: str, name: str, within: Window | None) -> Formula:
    """That a contact has a label; given in a window, it has it."""
    having = statement((kind, name))
    return having if within is None else AllOf((having, statement((kind, name, repr(within)))))


def labelled(op: str, having: list[Formula]) -> Formula:
    """Any of the labels, all of them or none."""
    if op == "all":
        return AllOf(tuple(having))
    return negated(OneOf(tuple(having))) if op == "none" else OneOf(tuple(having))
