"""How a number of a criterion is spread: over all contacts whatever the line, exact, and never older than the data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.models import Contact
from mirror.reading import Reader
from segmentation import builder
from segmentation.builder.distribution import Distribution, distribution
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate
from tests import factories
from tests.factories import NOW
from tests.population import ZONES
from tests.test_builder_views import HTMX, posted, texts

ZONE = ZONES[0]
ADDRESS = "/criteria/distribution/"
WARM = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
LATELY = {"last": 30, "unit": "day"}


@pytest.fixture
def looked(marketer: Any) -> Callable[..., Distribution]:
    def at(tree: dict[str, Any], name: str = "value") -> Distribution:
        form = builder.from_criteria(tree, place="segment:new")
        leaf = form.shape.leaves()[0].id
        return distribution(form, f"{leaf}-{name}", now=NOW, zone=ZONE, user=marketer)

    return at


def counts(found: Distribution) -> dict[str, int]:
    """The bars that anybody is in, by what stands at them."""
    return {mark.label: mark.bar.count for mark in found.marks if mark.bar.count}


@pytest.fixture
def shop(account: Any) -> list[Contact]:
    """Four contacts; the first has bought and seen nothing, the last most."""
    factories.attribute("visits", "number")
    factories.activity_type("call", minutes="number")
    made = []
    for number, score in enumerate((0, 10, 30, 90)):
        person = factories.contact(lead_score=score, attributes={"visits": 1.5 * number} if number else {})
        for day in range(number):
            factories.activity(person, "page_view", at=NOW - timedelta(days=day))
            factories.activity(person, "call", at=NOW - timedelta(days=day), minutes=7)
            factories.order(
                person, at=NOW - timedelta(days=day), lines=[{"product": "P", "price": 20, "quantity": number}]
            )
        factories.order(person, at=NOW, total=5000, status="cancelled")
        made.append(person)
    return made


@pytest.mark.parametrize(
    ("tree", "name", "expected"),
    [
        (WARM, "value", {"0–4": 1, "10–14": 1, "30–34": 1, "90": 1}),
        ({"kind": "attribute", "attribute": "visits", "op": "lt", "value": 2}, "value", {"1.4–1.6": 1, "3–3.2": 1}),
        (
            {"kind": "activity", "type": "page_view", "times": {"op": "gte", "value": 2}, "within": LATELY},
            "times_value",
            {"0": 1, "1": 1, "2": 1, "3": 1},
        ),
        (
            {"kind": "activity", "type": "page_view", "times": {"op": "lt", "value": 3}, "pick": "only"},
            "times_value",
            {"1": 1, "2": 1, "3": 1},
        ),
        ({"kind": "order", "measure": "count", "op": "gt", "value": 1}, "value", {"0": 1, "1": 1, "2": 1, "3": 1}),
        ({"kind": "order", "measure": "sum", "op": "gt", "value": 1}, "value", {"0": 1, "20–29": 1, "80–89": 1}),
        ({"kind": "order", "measure": "avg", "op": "gt", "value": 1}, "value", {"20–22": 1, "40–42": 1, "60–62": 1}),
        (
            {"kind": "purchase", "measure": "quantity", "op": "gt", "value": 1},
            "value",
            {"0": 1, "1": 1, "4": 1, "9": 1},
        ),
    ],
)
def test_the_bars_are_of_all_contacts_whatever_the_line(
    looked: Callable[..., Distribution], shop: list[Contact], tree: dict[str, Any], name: str, expected: dict[str, int]
) -> None:
    found = looked(tree, name)
    assert expected.items() <= counts(found).items()
    assert found.total == len(shop)


@pytest.mark.parametrize("op", ["gt", "gte", "lt", "lte", "eq", "ne"])
@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_what_is_chosen_is_what_the_criterion_counts_and_the_marks_agree(
    looked: Callable[..., Distribution], shop: list[Contact], op: str, value: int
) -> None:
    tree = {"kind": "order", "measure": "count", "op": op, "value": value}
    found = looked(tree)
    members = evaluate(parse(tree), context=Context(now=NOW, zone=ZONE)).members
    assert found.chosen == len(members)
    assert sum(mark.bar.count for mark in found.marks if mark.chosen == "on") == len(members)
    assert "order" in str(found.sentence)


def test_a_bar_that_is_higher_than_drawn_says_so(
    looked: Callable[..., Distribution], client_for: Any, analyst: Any, shop: list[Contact]
) -> None:
    tree = {"kind": "order", "measure": "count", "op": "gt", "value": 1}
    assert looked(tree).cut is None
    for _number in range(5):
        factories.contact()
    cut = looked(tree).cut
    assert cut is not None
    assert (cut.label, cut.bar.count) == ("0", 6)
    text = client_for(analyst).post(f"{ADDRESS}?of=n2-value", posted(tree), headers=HTMX).content.decode()
    assert "The bar of 0 is cut off: it stands for 6." in text


def test_clicking_a_bar_takes_it_in(looked: Callable[..., Distribution], shop: list[Contact]) -> None:
    """What is typed by a click chooses the whole bar, in whole numbers and with each operator."""
    for op in ("gt", "gte", "lt", "lte", "eq"):
        tree = {"kind": "activity", "type": "page_view", "times": {"op": op, "value": 1}}
        for mark in looked(tree, "times_value").marks:
            if mark.bar.zero:
                continue
            clicked = looked({**tree, "times": {"op": op, "value": int(mark.value)}}, "times_value")
            assert next(one for one in clicked.marks if one.label == mark.label).chosen == "on"


def test_a_number_of_a_condition_is_of_its_rows(looked: Callable[..., Distribution], shop: list[Contact]) -> None:
    price = {"kind": "purchase", "measure": "orders", "op": "gt", "value": 1, "where": [
        {"param": "brand", "op": "is_set"}, {"param": "price", "op": "gt", "value": 10}]}  # fmt: skip
    found = looked(price, "where_b_value")
    assert (found.rows, found.chosen, counts(found)) == (True, None, {"20": 6})
    total = {"kind": "order", "measure": "count", "op": "gt", "value": 1, "where": [
        {"param": "total", "op": "between", "value": {"from": 0, "to": 50}}]}  # fmt: skip
    assert sum(counts(looked(total, "where_a_to")).values()) == 6
    call = {"kind": "activity", "type": "call", "where": [{"param": "minutes", "op": "gt", "value": 10}]}
    assert counts(looked(call, "where_a_value")) == {"7": 6}


def test_what_else_is_unfinished_is_said_instead(client_for: Any, marketer: Any, shop: list[Contact]) -> None:
    data = posted({"kind": "order", "measure": "count", "op": "gt", "value": 1, "within": LATELY})
    data["n2-within_n"] = ""
    answer = client_for(marketer).post(f"{ADDRESS}?of=n2-value", data, headers=HTMX)
    assert "Finish the other inputs" in answer.content.decode()


def test_the_line_itself_may_be_missing(client_for: Any, marketer: Any, shop: list[Contact]) -> None:
    answer = client_for(marketer).post(f"{ADDRESS}?of=n2-value", {**posted(WARM).dict(), "n2-value": ""}, headers=HTMX)
    text = texts(answer.content.decode())
    assert answer.status_code == 200
    assert "4 contacts; click a bar to choose" in text


def test_it_is_said_in_words_and_as_a_table(client_for: Any, analyst: Any, shop: list[Contact]) -> None:
    """Also for those who only read."""
    answer = client_for(analyst).post(f"{ADDRESS}?of=n2-value", posted(WARM), headers=HTMX)
    text = texts(answer.content.decode())
    assert "2 of 4 contacts: Lead score is more than 20 ." in text
    assert "90 1 25.0 %" in text


@pytest.mark.parametrize(
    ("of", "status"),
    [("n2-value", 200), ("", 404), ("n9-value", 404), ("n2-op", 404), ("n2-where_a_value", 404), ("n2-\x00", 404)],
)
def test_there_is_no_drawing_of_what_is_no_number(
    client_for: Any, marketer: Any, account: Any, of: str, status: int
) -> None:
    answer = client_for(marketer).post(f"{ADDRESS}?of={of}", posted(WARM), headers=HTMX)
    assert answer.status_code == status


def test_a_text_has_no_drawing_and_a_broken_layout_none_either(client_for: Any, marketer: Any, account: Any) -> None:
    name = {"kind": "field", "field": "first_name", "op": "eq", "value": "Jan"}
    client = client_for(marketer)
    assert client.post(f"{ADDRESS}?of=n2-value", posted(name), headers=HTMX).status_code == 404
    assert client.post(f"{ADDRESS}?of=n2-value", {"shape": "{"}, headers=HTMX).status_code == 422


def test_in_an_empty_account_it_says_so(client_for: Any, marketer: Any, account: Any) -> None:
    answer = client_for(marketer).post(f"{ADDRESS}?of=n2-value", posted(WARM), headers=HTMX)
    assert "Nobody has such a number yet." in answer.content.decode()


# --- kept, and never older than the data ----------------------------------------------------------------------
@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    noted: list[str] = []
    select = Reader.select

    def note(self: Reader, rows: Any, query: str, params: Any = ()) -> Any:
        noted.append(rows.kind.name)
        return select(self, rows, query, params)

    monkeypatch.setattr(Reader, "select", note)
    return noted


def test_another_line_reads_no_rows_again_and_a_new_contact_is_in_the_next_drawing(
    committed: None, make_user: Any, reads: list[str]
) -> None:
    user = make_user("marketer")
    factories.contact(lead_score=30)

    def looked(value: int) -> Distribution:
        reads.clear()
        form = builder.from_criteria({**WARM, "value": value}, place="segment:new")
        return distribution(form, "n2-value", now=timezone.now(), zone=ZONE, user=user)

    assert looked(20).total == 1
    assert reads
    looked(20)
    assert reads == []
    assert looked(40).marks[0].chosen == ""
    assert len(reads) == 1  # how many are beyond the line; not how all are spread
    factories.contact(lead_score=31)
    assert looked(40).total == 2


def test_the_queries_are_as_many_whatever_else_is_in_the_form(
    client_for: Any, marketer: Any, shop: list[Contact]
) -> None:
    client = client_for(marketer)

    def queries(tree: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.post(f"{ADDRESS}?of=n2-value", posted(tree), headers=HTMX).status_code == 200
        return len(captured)

    queries(WARM)  # what is read once in a process
    assert queries({"all": [WARM] * 12}) == queries({"all": [WARM]})
