"""A field that the page showed and that did not arrive is asked for again: it is never read as its widest answer."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation import builder
from segmentation.builder import BuilderErrors
from segmentation.builder.shape import FIELD
from segmentation.models import Segment
from tests.population import people, settle
from tests.support.forms import form_in
from tests.support.posted import fields_of
from tests.test_builder_form import html_of
from tests.test_oracle import trees as random_trees

pytestmark = pytest.mark.django_db
# What a browser leaves out by itself (a box that is not ticked), and what only spells a moment out to the second.
OPTIONAL = ("only_this_level", "some", "was")
SHAPE = '{"blocks":[{"id":"n2","join":"all","of":[{"id":"n1"}]}],"last":2}'
LAST_VISIT = {"kind": "visit", "times": {"op": "gte", "value": 3}, "within": {"last": 30, "unit": "day"}}
PAID = {"kind": "visit", "where": [{"param": "channel", "op": "eq", "value": "paid"}]}


def sent_without(tree: Any, *names: str) -> builder.Builder:
    """The form of one criterion as a browser sends it, without these fields of it."""
    form = builder.from_criteria(tree, place="segment:new")
    (leaf,) = form.shape.leaves()
    data = fields_of(html_of(form))
    for name in names:
        del data[f"{leaf.id}-{name}"]
    return builder.from_post(data, place=form.place)


def test_no_field_of_any_criterion_can_be_left_out(account: Any) -> None:
    world = settle(people(7))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(random_trees(world), st.data())
    def is_refused(tree: Any, data: Any) -> None:
        form = builder.from_criteria(tree, place="segment:new")
        fields = fields_of(html_of(form))
        asked = sorted(name for name in fields if FIELD.fullmatch(name) and not name.endswith(OPTIONAL))
        del fields[data.draw(st.sampled_from(asked))]
        with pytest.raises(BuilderErrors):
            builder.from_post(fields, place=form.place).criteria()

    is_refused()


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        (LAST_VISIT, ["within"]),
        (LAST_VISIT, ["times_op"]),
        (LAST_VISIT, ["pick"]),
        (PAID, ["where_a_param"]),
        (PAID, ["where_a_param", "where_b_param"]),
        ({"kind": "engagement", "state": "engaged", "days": 7}, ["days"]),
        ({"kind": "rfm", "recency": {"op": "gte", "value": 4}, "monetary": {"op": "eq", "value": 5}}, ["recency_op"]),
    ],
)
def test_what_did_not_arrive_is_marked_and_the_rest_stays(account: Any, tree: Any, names: list[str]) -> None:
    form = sent_without(tree, *names)
    with pytest.raises(BuilderErrors):
        form.criteria()
    (leaf,) = form.shape.leaves()
    assert names[0] in form.errors[leaf.id]
    assert f'id="{leaf.id}-{names[0]}-error"' in html_of(form)


def test_a_condition_that_does_not_say_what_it_asks_about_is_not_dropped_beside_others(account: Any) -> None:
    two = {**PAID, "where": [*PAID["where"], {"param": "utm_source", "op": "eq", "value": "news"}]}
    form = sent_without(two, "where_a_param")
    with pytest.raises(BuilderErrors):
        form.criteria()


def test_a_field_sent_empty_is_its_answer(account: Any) -> None:
    form = builder.from_criteria(LAST_VISIT, place="segment:new")
    (leaf,) = form.shape.leaves()
    data = fields_of(html_of(form))
    data[f"{leaf.id}-within"] = ""
    assert builder.from_post(data, place=form.place).criteria() == {
        "all": [{key: LAST_VISIT[key] for key in ("kind", "times")}]
    }


def test_a_form_cut_short_creates_nothing_and_sent_again_as_shown_it_does(client_for: Any, marketer: Any) -> None:
    client = client_for(marketer)
    begun = {"shape": SHAPE, "n1-what": "visit"}
    page = client.post("/segments/create/", {**begun, "do": "refresh"})
    whole = form_in(page, "/segments/create/") | {"name": "Visitors", "then": "create"}
    cut = {name: texts for name, texts in whole.items() if name != "n1-within"}

    refused = client.post("/segments/create/", cut)
    assert (refused.status_code, Segment.objects.count()) == (422, 0)
    client.post("/segments/create/", form_in(refused, "/segments/create/") | {"then": "create"})
    assert Segment.objects.get().version.criteria == {"all": [{"kind": "visit"}]}
