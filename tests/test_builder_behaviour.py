"""The criteria form for what contacts did: rows of conditions, how often, which of them; errors beside their fields."""

from typing import Any

import pytest
from django.utils import timezone, translation

from segmentation import builder
from segmentation.builder import Builder
from segmentation.criteria.occurrences import Occurrences
from segmentation.criteria.tallies import OPERATORS
from segmentation.parts.conditions import ROWS
from segmentation.parts.times import PICKS, TIMES
from tests import factories
from tests.support.posted import fields_of
from tests.test_builder_form import html_of, read, refused, sent

pytestmark = pytest.mark.django_db

PRICES = {"param": "url", "op": "contains", "value": "/cennik"}
TITLE = {"param": "title", "op": "eq", "value": "Prices"}


@pytest.fixture(autouse=True)
def _in_warsaw() -> Any:
    with timezone.override("Europe/Warsaw"), translation.override("en"):
        yield


def views(**criterion: Any) -> dict[str, Any]:
    return {"kind": "activity", "type": "page_view", **criterion}


def opened(tree: dict[str, Any]) -> tuple[Builder, str]:
    """The form with one criterion, and the criterion's id in it."""
    form = builder.from_criteria(tree, place="segment:new")
    return form, form.shape.leaves()[0].id


def only(form: Builder) -> Any:
    (criterion,) = read(form)["all"]
    return criterion


@pytest.mark.parametrize(
    "tree",
    [
        views(),
        views(times={"op": "eq", "value": 0}),
        views(times={"op": "eq", "value": 0.0}),
        views(times={"op": "gte", "value": 1}),
        views(times={"op": "lt", "value": 3}, within={"last": 24, "unit": "hour"}),
        views(times={"op": "between", "value": {"from": 0, "to": 2.5}}),
        views(times={"op": "not_in", "value": [0, 2]}),
        views(where=[PRICES, TITLE], pick="first", within={"from": "2026-11-01", "to": "2026-11-21T14:00:05Z"}),
        views(where=[TITLE] * 8, pick="only"),
        views(where=[{"param": "url", "op": "in", "value": ["a", "b, c", " "]}, {"param": "title", "op": "is_set"}]),
        views(within={"next": 3, "unit": "day"}, pick="last"),
        {"kind": "visit", "where": [{"param": "channel", "op": "not_in", "value": ["utm", "ad"]}]},
        {
            "kind": "visit",
            "where": [{"param": "channel", "op": "eq", "value": "search"}, {**PRICES, "param": "referrer"}],
        },
        {"kind": "engagement", "state": "engaged"},
        {"kind": "engagement", "state": "unengaged", "days": 14},
    ],
)
def test_criteria_come_back_from_the_form_as_they_were(account: Any, tree: dict[str, Any]) -> None:
    form, _leaf = opened(tree)
    again = only(sent(sent(form)))
    assert again == tree


@pytest.mark.parametrize(
    "condition",
    [
        {"param": "note", "op": "matches", "value": "^a"},
        {"param": "score", "op": "between", "value": {"from": 0.1, "to": 2}},
        {"param": "score", "op": "in", "value": [1, 2.5]},
        {"param": "happy", "op": "is_false"},
        {"param": "day", "op": "anniversary", "value": {"in_next": 7}},
        {"param": "day", "op": "between", "value": {"from": "2026-01-01", "to": "2026-02-01"}},
        {"param": "until", "op": "before", "value": "2026-11-21T14:00:05.25Z"},
        {"param": "until", "op": "last", "value": {"n": 3, "unit": "hour"}},
    ],
)
def test_parameters_of_every_type_have_their_inputs(account: Any, condition: dict[str, Any]) -> None:
    factories.activity_type("survey", note="text", score="number", happy="boolean", day="date", until="datetime")
    tree = {"kind": "activity", "type": "survey", "where": [condition, {**condition}]}
    assert only(sent(opened(tree)[0])) == tree


def test_the_form_offers_what_the_language_has() -> None:
    assert set(TIMES) - {"", "never"} == set(OPERATORS)
    assert set(PICKS) - {""} | {"any"} == set(Occurrences.model_fields["pick"].annotation.__args__)  # type: ignore[union-attr]
    assert len(ROWS) == 8


def test_every_activity_type_is_a_subject_with_its_parameters(account: Any) -> None:
    factories.activity_type("webinar", name="Webinar attended", room="text")
    html = html_of(opened({"kind": "activity", "type": "webinar"})[0])
    assert '<option value="activity:webinar" selected>Webinar attended</option>' in html
    assert '<option value="activity:page_view">Page view</option>' in html
    assert '<option value="room">Room</option>' in html


def test_choosing_a_parameter_shows_its_row_and_the_next_one_to_add(account: Any) -> None:
    form, leaf = opened(views())
    assert f"{leaf}-where_a_param" in fields_of(html_of(form))
    form = sent(form, **{f"{leaf}__where_a_param": "url", "do": "refresh"})
    shown = fields_of(html_of(form))
    assert shown[f"{leaf}-where_a_op"] == "eq"
    assert shown[f"{leaf}-where_b_param"] == ""


def test_a_ninth_condition_is_not_offered(account: Any) -> None:
    form, _leaf = opened(views(where=[TITLE] * 8))
    assert len([name for name in fields_of(html_of(form)) if name.endswith("_param")]) == 8


def test_removing_a_condition_moves_and_changes_no_other(account: Any) -> None:
    third = {"param": "title", "op": "ne", "value": "x"}
    form, leaf = opened(views(where=[PRICES, TITLE, third]))
    form = sent(form, **{f"{leaf}__where_b_param": "", "do": "refresh"})
    form.operation = ""
    shown = fields_of(html_of(form))
    assert shown[f"{leaf}-where_c_value"] == "x"
    assert f"{leaf}-where_b_value" not in shown
    assert only(sent(form))["where"] == [PRICES, third]
    form = sent(form, **{f"{leaf}__where_d_param": "title", f"{leaf}__where_d_value": "new", "do": "refresh"})
    form.operation = ""
    assert only(sent(form))["where"] == [PRICES, third, {"param": "title", "op": "eq", "value": "new"}]


def test_a_chip_of_a_condition_is_taken_out(account: Any) -> None:
    form, leaf = opened(views(where=[PRICES, {"param": "title", "op": "in", "value": ["a", "b"]}]))
    form = sent(form, do=f"drop:{leaf}:where_b_value:0")
    form.operation = ""
    assert only(sent(form))["where"][1]["value"] == ["b"]


# --- people with none -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("op", ["lt", "lte", "ne", "not_in"])
def test_where_people_with_none_are_included_the_form_says_so_and_offers_to_leave_them_out(
    account: Any, op: str
) -> None:
    form, leaf = opened(views(times={"op": op, "value": [3] if op == "not_in" else 3}))
    html = html_of(form)
    assert "otherwise people with none are included" in html
    assert "at least one" in html
    assert "otherwise people with none" not in html_of(sent(form, **{f"{leaf}__times_some": "on"}))


@pytest.mark.parametrize(
    ("times", "without_none"),
    [
        ({"op": "lt", "value": 3}, {"op": "between", "value": {"from": 1, "to": 2}}),
        ({"op": "lt", "value": 2.5}, {"op": "between", "value": {"from": 1, "to": 2}}),
        ({"op": "lt", "value": 3.0}, {"op": "between", "value": {"from": 1, "to": 2}}),
        ({"op": "lte", "value": 3}, {"op": "between", "value": {"from": 1, "to": 3}}),
        ({"op": "ne", "value": 3}, {"op": "not_in", "value": [0, 3]}),
        ({"op": "not_in", "value": [0, 2]}, {"op": "not_in", "value": [0, 2]}),
    ],
)
def test_at_least_one_is_said_in_the_same_comparison(
    account: Any, times: dict[str, Any], without_none: dict[str, Any]
) -> None:
    form, leaf = opened(views(times=times))
    assert only(sent(form, **{f"{leaf}__times_some": "on"}))["times"] == without_none


def test_fewer_than_one_and_at_least_one_is_refused_at_the_number(account: Any) -> None:
    form, leaf = opened(views(times={"op": "lt", "value": 1}))
    form = refused(sent(form, **{f"{leaf}__times_some": "on"}))
    assert set(form.errors[leaf]) == {"times_value"}


# --- refused, at its place --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"where_b_value": ""}, "where_b_value"),
        ({"where_b_op": "matches", "where_b_value": "(?=a)"}, "where_b_value"),
        ({"where_b_op": "lt"}, "where_b_op"),
        ({"where_b_param": "gone"}, "where_b_param"),
        ({"times_value": "many"}, "times_value"),
        ({"times_value": ""}, "times_value"),
        ({"times_op": "unknown"}, "times_op"),
        ({"within_n": "0"}, "within"),
        ({"pick": "some"}, "pick"),
        ({"what": "activity:gone"}, "what"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(account: Any, changes: dict[str, str], field: str) -> None:
    tree = views(where=[PRICES, TITLE], times={"op": "gte", "value": 3}, within={"last": 30, "unit": "day"})
    form, leaf = opened(tree)
    form = refused(sent(form, **{f"{leaf}__{name}": value for name, value in changes.items()}))
    assert set(form.errors[leaf]) == {field}
    assert 'role="alert"' in html_of(form)


def test_an_error_of_a_condition_after_a_removed_one_stands_at_its_own_row(account: Any) -> None:
    form, leaf = opened(views(where=[PRICES, TITLE]))
    changes = {"where_a_param": "", "where_b_op": "matches", "where_b_value": "(a"}
    form = refused(sent(form, **{f"{leaf}__{name}": value for name, value in changes.items()}))
    assert set(form.errors[leaf]) == {"where_b_value"}


def test_a_parameter_that_is_gone_is_shown_and_refused_never_dropped(account: Any) -> None:
    made = factories.activity_type("survey", note="text")
    tree = {"kind": "activity", "type": "survey", "where": [{"param": "note", "op": "eq", "value": "x"}]}
    made.parameters.all().delete()
    form, leaf = opened(tree)
    form = refused(sent(form))
    assert set(form.errors[leaf]) == {"where_a_param"}
    assert "no longer there" in html_of(form)


def test_engagement_says_what_the_account_has_and_refuses_no_number(account: Any) -> None:
    form, leaf = opened({"kind": "engagement", "state": "engaged"})
    assert "empty: 90" in html_of(form)
    assert set(refused(sent(form, **{f"{leaf}__days": "soon"})).errors[leaf]) == {"days"}
    assert set(refused(sent(form, **{f"{leaf}__days": "0"})).errors[leaf]) == {"days"}


def test_of_what_never_happened_none_can_be_picked() -> None:
    form, leaf = opened(views(times={"op": "eq", "value": 0}))
    assert f'name="{leaf}-pick"' not in html_of(form)
    assert only(sent(form)) == views(times={"op": "eq", "value": 0})
    form, leaf = opened(views(times={"op": "gte", "value": 2}))
    assert f'name="{leaf}-pick"' in html_of(form)


def test_what_was_picked_before_stays_in_sight_and_can_be_taken_back() -> None:
    both = views(times={"op": "eq", "value": 0}, pick="only")
    form, leaf = opened(both)
    assert only(sent(form)) == both
    assert "any of them counts" not in html_of(form)
    assert only(sent(form, **{f"{leaf}__pick": ""})) == views(times={"op": "eq", "value": 0})


def test_a_window_and_how_often_stay_together_in_the_line() -> None:
    form, leaf = opened(views(times={"op": "gte", "value": 2}, within={"last": 30, "unit": "day"}))
    pieces = html_of(form).split('<span class="together">')[1:]
    assert [all(name in piece.split("</span>")[0] for name in names) for piece, names in zip(
        pieces, ((f"{leaf}-times_op", f"{leaf}-times_value"), (f"{leaf}-within_n", f"{leaf}-within_unit")), strict=True
    )] == [True, True]  # fmt: skip
