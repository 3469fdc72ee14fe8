"""RFM and spenders: ranks and cut-offs whose answers are known, every buyer in exactly one place."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from activities.models import Order
from contacts.models import Contact
from mirror.reading import Reader
from segmentation import builder
from segmentation.criteria import Catalog, Context, Words, dump, parse
from segmentation.criteria.buyers import GROUPS, MATRIX, Buyers, CutOffs, buyers, ranked, scores
from segmentation.engine import evaluate
from segmentation.parts.buyers import GROUP_NAMES
from tests import factories
from tests.factories import NOW
from tests.support.asking import WARSAW, ago, found, members
from tests.support.refusing import refused_at_once
from tests.test_builder_form import read, refused, sent
from tests.test_oracle import QUIET

pytestmark = pytest.mark.django_db

BANDS = ("low", "medium", "big")


@pytest.fixture(autouse=True)
def _in_english_in_warsaw() -> Any:
    with translation.override("en"), timezone.override("Europe/Warsaw"):
        yield


def context(**more: Any) -> Context:
    return Context(now=NOW, zone=WARSAW, **more)


def score(name: str, op: str, value: Any) -> dict[str, Any]:
    return {name: {"op": op, "value": value}}


def rfm(*groups: str, **scored: Any) -> dict[str, Any]:
    return {"kind": "rfm", **({"groups": list(groups)} if groups else {}), **scored}


def spender(**asked: str) -> dict[str, Any]:
    return {"kind": "spender", **asked}


def buyer(name: str, *totals: float, days: float = 10, **fields: Any) -> int:
    """A contact with an order of each total, the last so many days ago."""
    contact = factories.contact(first_name=name)
    for number, total in enumerate(totals):
        factories.order(contact, total=total, at=ago(days + number), **fields)
    return contact.pk


# --- ranks --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "cut_offs", "scored"),
    [
        ([7], [7, 7, 7, 7], [1]),
        ([1, 2], [1, 1, 2, 2], [1, 3]),
        ([1, 2, 3], [1, 2, 2, 3], [1, 2, 4]),
        ([1, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2, 3, 4, 5]),
        ([1, 1, 1, 1, 9], [1, 1, 1, 1], [1, 1, 1, 1, 5]),
        ([1, 9, 9, 9, 9], [1, 9, 9, 9], [1, 2, 2, 2, 2]),
        ([3, 3, 3], [3, 3, 3, 3], [1, 1, 1]),
        (list(range(10)), [1, 3, 5, 7], [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ([], [], []),
    ],
)
@pytest.mark.parametrize("kind", [np.int64, object, "datetime64[us]"])
def test_scores_count_the_cut_offs_below_and_equals_score_equally(
    values: list[int], cut_offs: list[int], scored: list[int], kind: Any
) -> None:
    array = np.array(values, dtype=np.int64).astype(kind)
    found = ranked(array, [20, 40, 60, 80])
    assert found.tolist() == np.array(cut_offs, dtype=np.int64).astype(kind).tolist()
    assert scores(array, found).tolist() == scored


def test_cut_offs_are_at_the_rank_that_exact_arithmetic_gives() -> None:
    @QUIET
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=210), st.integers(1, 99))
    def at_rank(values: list[int], percent: int) -> None:
        rank = next(rank for rank in range(1, len(values) + 1) if rank * 100 >= percent * len(values))
        assert ranked(np.array(values), [percent]).tolist() == [sorted(values)[rank - 1]]

    at_rank()


def test_the_ten_groups_are_the_cells_of_the_matrix() -> None:
    assert len(GROUPS) == 10
    assert set(GROUPS) == set(GROUP_NAMES)
    assert {len(row) for row in MATRIX.values()} == {5}
    assert sorted(MATRIX) == [1, 2, 3, 4, 5]


CELLS = [(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
AS_DECIDED = {
    5: "new potential_loyalists potential_loyalists champions champions",
    4: "promising potential_loyalists potential_loyalists loyal champions",
    3: "promising need_attention need_attention loyal loyal",
    2: "hibernating hibernating at_risk at_risk cant_lose_them",
    1: "lost lost at_risk cant_lose_them cant_lose_them",
}


def test_every_cell_is_in_exactly_one_group() -> None:
    """All 125 triples of scores: each buyer is the only one with its values, and the ranks give it its scores."""
    each = {name: np.array([cell[place] for cell in CELLS]) for place, name in enumerate("rfm")}
    ends = np.arange(1, 5)
    made = Buyers(
        np.arange(125),
        each["r"].astype("datetime64[us]"),
        each["f"],
        each["m"],
        CutOffs(ends.astype("datetime64[us]"), ends, ends, ends[:2], ends[:1]),
    )
    assert np.array_equal(made.recency, each["r"])
    assert np.array_equal(made.frequency, each["f"])
    assert np.array_equal(made.monetary, each["m"])
    for (r, f, m), group in zip(CELLS, made.group.tolist(), strict=True):
        assert GROUPS[group] == AS_DECIDED[r].split()[-(-(f + m) // 2) - 1]


# --- RFM ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def five(account: Any) -> dict[str, int]:
    """Five buyers in one order by all three scores, one refunded, one who orders tomorrow, one who never did."""
    return {
        "e": buyer("e", 10, days=400),
        "d": buyer("d", 10, 10, days=300),
        "c": buyer("c", 10, 10, 10, days=200),
        "b": buyer("b", 10, 10, 10, 10, days=100),
        "a": buyer("a", 100, 10, 10, 10, 10, days=1),
        "refunded": buyer("refunded", 999, 999, status="refunded"),
        "tomorrow": buyer("tomorrow", 999, days=-1),
        "never": buyer("never"),
    }


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (rfm(**score("recency", "eq", 5)), "a"),
        (rfm(**score("recency", "gte", 4)), "b a"),
        (rfm(**score("frequency", "lt", 3)), "e d"),
        (rfm(**score("monetary", "between", {"from": 2, "to": 3})), "d c"),
        (rfm(**score("monetary", "in", [1, 5])), "e a"),
        (rfm(**score("recency", "ne", 5)), "e d c b refunded tomorrow never"),
        (rfm(**score("recency", "gte", 2), **score("frequency", "lte", 3), **score("monetary", "eq", 3)), "c"),
        (rfm(**score("recency", "eq", 1), **score("frequency", "eq", 5)), ""),
        (rfm("champions"), "a"),
        (rfm("loyal"), "b"),
        (rfm("need_attention"), "c"),
        (rfm("hibernating", "lost"), "e d"),
        (rfm("lost", "lost"), "e"),
        (rfm("new", "promising", "at_risk", "cant_lose_them", "potential_loyalists"), ""),
    ],
)
def test_rfm(five: dict[str, int], tree: Any, expected: str) -> None:
    assert found(tree, five) == expected


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 12])
def test_groups_and_scores_divide_the_buyers_however_few_they_are(account: Any, number: int) -> None:
    bought = {buyer(str(n), *[10 * (n % 4)] * (1 + n % 3), days=n * n) for n in range(number)}
    others = {buyer("never"), buyer("cancelled", 5, status="cancelled")}
    for parts in (
        [rfm(group) for group in GROUPS],
        *([rfm(**score(name, "eq", n)) for n in range(1, 6)] for name in ("recency", "frequency", "monetary")),
        [spender(band=band) for band in BANDS],
        [spender(buyer="one_time"), spender(buyer="returning")],
    ):
        sets = [members(part) for part in parts]
        assert set().union(*sets) == bought
        assert sum(map(len, sets)) == len(bought)
    assert members(spender(buyer="none")) == others


def test_an_order_counts_from_its_moment_on(five: dict[str, int]) -> None:
    tree = spender(buyer="none")
    later = Context(now=NOW + timedelta(days=1), zone=WARSAW)
    assert found(tree, five) == "refunded tomorrow never"
    assert set(evaluate(parse(tree), context=later).members) == {five["refunded"], five["never"]}


def test_ranks_are_among_all_buyers_whoever_looks(five: dict[str, int]) -> None:
    seen = BitMap([five["a"], five["e"]])
    assert members(rfm(**score("recency", "eq", 5)), mask=seen) == {five["a"]}
    assert members(rfm(**score("recency", "eq", 1)), mask=seen) == {five["e"]}
    for name, group in (("a", "champions"), ("b", "loyal"), ("c", "need_attention"), ("e", "lost")):
        assert members(rfm(group), only=BitMap([five[name]])) == {five[name]}


def test_who_was_erased_leaves_the_ranks(five: dict[str, int]) -> None:
    """Of four buyers the cut-offs are at ranks 1, 2, 3 and 4: the last of them has three below it."""
    Contact.objects.filter(pk=five["a"]).delete()
    people = {name: pk for name, pk in five.items() if name != "a"}
    assert found(rfm(**score("recency", "eq", 4)), people) == "b"
    assert len(buyers(context()).ids) == 4


def test_cut_offs_are_remembered_for_one_contact_until_an_order_changes_or_begins_to_count(
    committed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [buyer(str(n), 10 * n, days=n) for n in range(1, 6)]
    best, reads = people[-1], []
    original = Reader.select

    def select(self: Reader, *asked: Any, **more: Any) -> Any:
        reads.append(self.only)
        return original(self, *asked, **more)

    monkeypatch.setattr(Reader, "select", select)

    def own_score(now: datetime = NOW) -> int:
        reads.clear()
        trees = [rfm(**score("monetary", "eq", n)) for n in range(1, 6)]
        alone = Context(now=now, zone=WARSAW, only=BitMap([best]))
        found = evaluate(parse({"any": trees}), context=alone)
        return next(n for n in range(1, 6) if found.nodes[n].count)

    assert own_score() == 5
    assert None in reads
    assert own_score() == 5
    assert None not in reads
    Order.objects.filter(contact_id=people[0]).update(total=1000)
    assert own_score() == 4
    assert own_score(NOW - timedelta(days=4)) == 3  # when there were two
    factories.order(factories.contact(), total=2000, at=NOW + timedelta(days=1))
    assert own_score() == 4
    assert own_score(NOW + timedelta(days=2)) == 3


# --- spenders -----------------------------------------------------------------------------------------------------
def test_bands_end_at_the_eightieth_and_ninety_ninth_of_a_hundred(account: Any) -> None:
    people = {str(n): buyer(str(n), n) for n in range(1, 102)}
    low, medium, big = (found(spender(band=band), people).split() for band in BANDS)
    assert (low[0], low[-1], len(low)) == ("1", "81", 81)  # rank ceil(0.80 × 101) = 81
    assert (medium[0], medium[-1], len(medium)) == ("82", "100", 19)  # rank ceil(0.99 × 101) = 100
    assert big == ["101"]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (spender(band="low"), "e d c b"),
        (spender(band="medium"), "a"),
        (spender(band="big"), ""),
        (spender(buyer="one_time"), "e"),
        (spender(buyer="returning"), "d c b a"),
        (spender(buyer="frequent"), "a"),
        (spender(buyer="none"), "refunded tomorrow never"),
    ],
)
def test_spenders(five: dict[str, int], tree: Any, expected: str) -> None:
    assert found(tree, five) == expected


def test_equal_amounts_are_in_one_band_and_equal_numbers_are_not_frequent(account: Any) -> None:
    people = {str(n): buyer(str(n), 10, 10) for n in range(5)}
    assert found(spender(band="low"), people) == "0 1 2 3 4"
    assert found(spender(buyer="frequent"), people) == ""


def test_bands_of_amounts_beyond_64_bits(account: Any) -> None:
    people = {"large": buyer("large", *[99999999999999.99] * 11), "small": buyer("small", 0.01)}
    assert found(spender(band="medium"), people) == ""
    assert found(rfm(**score("monetary", "gt", 1)), people) == "large"


# --- one pass -----------------------------------------------------------------------------------------------------
def test_several_criteria_read_the_orders_once(five: dict[str, int]) -> None:
    def queries(tree: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            members(tree)
        return len(captured)

    single = queries(rfm("champions"))
    assert queries({"any": [rfm("champions"), rfm("lost"), rfm(**score("recency", "gte", 3))]}) == single


# --- refused ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (rfm(), "groups"),
        ({"kind": "rfm", "groups": []}, "groups"),
        (rfm("whales"), "groups[0]"),
        ({"kind": "rfm", "groups": None}, "groups"),
        ({"kind": "rfm", "recency": None}, "recency"),
        (rfm("loyal", **score("recency", "eq", 5)), "recency"),
        (rfm(**score("recency", "eq", 6)), "recency.value"),
        (rfm(**score("recency", "eq", 0)), "recency.value"),
        (rfm(**score("recency", "gte", 2.5)), "recency.value"),
        (rfm(**score("frequency", "in", [1, 9])), "frequency.value"),
        (rfm(**score("monetary", "between", {"from": 4, "to": 3})), "monetary.value"),
        (rfm(**score("monetary", "is_set", 3)), "monetary.op"),
        (rfm(recency={"op": "eq"}), "recency.value"),
        (rfm(recency={"op": "eq", "value": 3, "more": 1}), "recency.more"),
        (rfm(age={"op": "eq", "value": 3}), "age"),
        (spender(), "band"),
        (spender(band="huge"), "band"),
        (spender(buyer="rare"), "buyer"),
        (spender(band="low", buyer="none"), "buyer"),
        ({"kind": "spender", "band": None}, "band"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path_and_at_once(account: Any, tree: Any, path: str) -> None:
    refused_at_once(tree, path)


# --- words --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (rfm("champions", "loyal"), "is among the buyers in the RFM group Champions or Loyal"),
        (rfm(**score("recency", "gte", 4)), "RFM score for recency is at least 4"),
        (
            rfm(**score("frequency", "between", {"from": 2, "to": 3}), **score("monetary", "eq", 5)),
            "RFM score for frequency is from 2 to 3 and RFM score for amount spent is 5",
        ),
        (spender(band="big"), "is a big spender"),
        (spender(buyer="one_time"), "is a one-time buyer"),
        (spender(buyer="none"), "has bought nothing"),
        ({"not": spender(band="big")}, "is not a big spender"),
        ({"not": spender(buyer="one_time")}, "is not a one-time buyer"),
        ({"not": spender(buyer="none")}, "has bought something"),
        ({"not": rfm("champions")}, "is not among the buyers in the RFM group Champions"),
        ({"not": rfm("champions", "lost")}, "is in none of the RFM groups Champions or Lost"),
        ({"not": rfm(**score("recency", "in", [4, 5]))}, "RFM score for recency is not 4 or 5"),
        ({"not": rfm(**score("recency", "ne", 4))}, "RFM score for recency is 4"),
        ({"not": rfm(**score("recency", "gte", 4))}, "not (RFM score for recency is at least 4)"),
        (
            {"not": rfm(**score("recency", "eq", 4), **score("monetary", "eq", 5))},
            "not (RFM score for recency is 4 and RFM score for amount spent is 5)",
        ),
        (
            {"all": [{"not": spender(band="big")}, {"not": rfm("champions")}]},
            "is not a big spender and is not among the buyers in the RFM group Champions",
        ),
    ],
)
def test_sentences(account: Any, tree: Any, sentence: str) -> None:
    assert str(parse(tree).sentence(Words(NOW, WARSAW, Catalog()))) == sentence


@pytest.mark.parametrize(
    ("tree", "who", "evidence"),
    [
        (rfm(**score("recency", "gte", 5)), "b", "score 4 for recency: last order 13 Aug, 14:00"),
        (rfm(**score("frequency", "gte", 5)), "b", "score 4 for frequency: 4 orders"),
        (rfm(**score("monetary", "gte", 5)), "a", "score 5 for amount spent: 140 PLN"),
        (
            rfm("champions"),
            "b",
            (
                "in the group Loyal; score 4 for recency: last order 13 Aug, 14:00; score 4 for frequency: 4 orders;"
                " score 4 for amount spent: 40 PLN"
            ),
        ),
        (rfm("champions"), "never", "no orders, so no scores"),
        (
            spender(band="big"),
            "a",
            "140 PLN in all; medium spenders spent more than 40 PLN, big ones more than 140 PLN",
        ),
        (spender(buyer="frequent"), "b", "4 orders; frequent buyers have more than 4 orders"),
        (spender(buyer="one_time"), "b", "4 orders"),
        (spender(buyer="none"), "tomorrow", "no orders"),
    ],
)
def test_evidence(five: dict[str, int], tree: Any, who: str, evidence: str) -> None:
    alone = context(only=BitMap([five[who]]))
    told = parse(tree).evidence(five[who], context=alone, words=Words(NOW, WARSAW, alone.catalog))
    assert str(told).replace("\N{NO-BREAK SPACE}", " ") == evidence


# --- the form -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "tree",
    [
        rfm("loyal", "lost"),
        rfm(**score("recency", "gte", 4)),
        rfm(**score("frequency", "in", [1, 2]), **score("monetary", "between", {"from": 2, "to": 3})),
        *(spender(band=band) for band in BANDS),
        *(spender(buyer=one) for one in ("frequent", "one_time", "returning", "none")),
    ],
)
def test_criteria_come_back_from_the_form_as_they_were(account: Any, tree: Any) -> None:
    assert read(sent(builder.from_criteria(tree, place="segment:new"))) == {"all": [tree]}
    assert dump(parse(tree)) == tree


def test_scores_without_a_condition_are_refused_in_the_form(account: Any) -> None:
    form = builder.from_criteria(rfm(**score("recency", "gte", 4)), place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert set(refused(sent(form, **{f"{leaf}__recency_op": ""})).errors[leaf]) == {"recency_op"}
