"""The criteria form: every kind and operator comes back from it exactly; what is unfinished or tampered is refused."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.models import Attribute, Consent
from segmentation import builder
from segmentation.builder import Builder, BuilderErrors, trees
from segmentation.builder.steps import changed
from segmentation.criteria import KINDS, parse
from segmentation.criteria.attribute import TYPES
from segmentation.models import SavedCriteria
from segmentation.parts.operands import operand_for
from tags.models import Tag
from tests.population import NOWS, people, settle
from tests.support.posted import fields_of
from tests.test_oracle import trees as random_trees

pytestmark = pytest.mark.django_db

SCORE = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}


@pytest.fixture(autouse=True)
def _in_warsaw() -> Any:
    with timezone.override("Europe/Warsaw"):
        yield


def html_of(form: Builder) -> str:
    request: Any = RequestFactory().get("/")
    request.now, request.tenant, request.user = NOWS[0], SimpleNamespace(timezone="Europe/Warsaw"), None
    form.prepare(request)
    return render_to_string("segmentation/builder/_builder.html", {"builder": form})


def sent(form: Builder, **changes: str | list[str]) -> Builder:
    """The form after a browser has shown it and sent it back, with some fields changed."""
    data = fields_of(html_of(form))
    for name, value in changes.items():
        data.setlist(name.replace("__", "-"), value if isinstance(value, list) else [value])
    return builder.from_post(data, place=form.place)


def read(form: Builder) -> Any:
    return form.criteria()


def plain(tree: Any) -> Any:
    """A tree with each criterion as the language understands it: defaults filled in, lists as the sets they mean."""
    if "kind" in tree:
        criterion: Any = parse(tree)
        said = criterion.model_dump()
        return {key: meant(value) for key, value in said.items()}
    ((name, inner),) = tree.items()
    return {name: plain(inner) if name == "not" else [plain(node) for node in inner]}


def meant(value: Any) -> Any:
    """A list of values is the set of them; conditions stay in their order."""
    if isinstance(value, dict):
        return {key: meant(one) for key, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [meant(one) for one in value]
    return sorted(set(value)) if isinstance(value, list) else value


@pytest.fixture
def world(account: Any) -> Any:
    return settle(people(7))


def test_every_tree_of_the_language_comes_back_from_the_form_as_it_was(world: Any) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(random_trees(world))
    def comes_back(tree: Any) -> None:
        form = builder.from_criteria(tree, place="segment:new")
        laid_out = trees.to_tree(form.shape, lambda leaf: leaf.source or {}).tree
        html = html_of(form)
        assert changed(form.drawn, dict(fields_of(html).lists())) <= {"place", "window", "insert", "saved_name"}
        assert plain(read(sent(form))) == plain(laid_out)

    comes_back()


@pytest.mark.parametrize("type_", TYPES)
def test_the_form_offers_the_operators_of_the_language_no_more_no_less(type_: str) -> None:
    assert set(operand_for(type_).labels) == set(TYPES[type_].operators)


def test_every_kind_has_a_form_part_of_its_name() -> None:
    assert {name: kind.form.kind for name, kind in KINDS.items()} == {name: name for name in KINDS}


@pytest.mark.parametrize("value", [" ", "  two  ", 'quo"te', "<b>&amp;", "a\nb", "zażółć", "x" * 500])
def test_a_text_is_kept_to_the_letter(value: str) -> None:
    Attribute.objects.create(key="city", name="City", type="text")
    for op, given_ in (("eq", value), ("in", [value, "other, with a comma"])):
        tree = {"kind": "attribute", "attribute": "city", "op": op, "value": given_}
        assert read(sent(builder.from_criteria(tree, place="segment:new"))) == {"all": [tree]}


@pytest.mark.parametrize(
    "moment", ["2026-11-21", "2026-11-21T14:00", "2026-11-21T14:00:05.250000Z", "2026-10-25T02:30:00+01:00"]
)
def test_a_moment_nobody_touched_stays_as_it_was_written(moment: str) -> None:
    tree = {"kind": "field", "field": "created_at", "op": "after", "value": moment}
    assert read(sent(builder.from_criteria(tree, place="segment:new"))) == {"all": [tree]}


def test_a_moment_that_was_changed_is_the_new_one() -> None:
    tree = {"kind": "field", "field": "created_at", "op": "after", "value": "2026-11-21T14:00:05Z"}
    form = builder.from_criteria(tree, place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert read(sent(form, **{f"{leaf}__value": "2026-12-01"}))["all"][0]["value"] == "2026-12-01T15:00:05"


@pytest.mark.parametrize(
    ("typed", "value"),
    [("20", 20), ("-3", -3), ("0,5", 0.5), ("1 234,5", 1234.5), ("1\u00a0000", 1000), ("1e3", 1000.0)],
)
def test_numbers_are_read_as_people_write_them(typed: str, value: float) -> None:
    form = builder.from_criteria(SCORE, place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert read(sent(form, **{f"{leaf}__value": typed}))["all"][0]["value"] == value


# --- refused, at its place ------------------------------------------------------------------------------------
def refused(form: Builder) -> Builder:
    with pytest.raises(BuilderErrors):
        read(form)
    return form


@pytest.mark.parametrize("typed", ["", "many", "1,2,3", "٣", "NaN", "inf", "1e999", "9" * 60])
def test_a_number_that_is_none_is_refused_beside_its_field_and_stays_typed(typed: str) -> None:
    form = builder.from_criteria({"all": [SCORE, {**SCORE, "value": 5}]}, place="segment:new")
    first, second = (leaf.id for leaf in form.shape.leaves())
    form = refused(sent(form, **{f"{first}__value": typed}))
    assert set(form.errors) == {first}
    html = html_of(form)
    assert f'id="{first}-value-error"' in html
    assert fields_of(html)[f"{first}-value"] == typed
    assert fields_of(html)[f"{second}-value"] == "5"


def test_an_empty_block_is_refused_and_never_everyone() -> None:
    form = builder.from_criteria({"any": [{"all": [SCORE]}, {"all": [SCORE]}]}, place="segment:new")
    block = form.shape.blocks[1]
    form = sent(form, do=f"remove:{block.children[0].id}")
    assert form.operated
    form.operation = ""
    assert set(refused(form).errors) == {block.id}


def test_a_new_page_is_refused_until_something_is_chosen() -> None:
    form = refused(sent(builder.from_criteria(None, place="segment:new")))
    assert list(form.errors.values()) == [{"what": "Choose what to look at."}]


@pytest.mark.parametrize(
    "what", ["nonsense", "field:password", "field", "attribute:gone", "consent:gone", "activity:x", "field:"]
)
def test_a_subject_there_is_not_is_refused(what: str) -> None:
    form = builder.from_criteria(SCORE, place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert leaf in refused(sent(form, **{f"{leaf}__what": what})).errors


def test_an_operator_of_another_type_is_refused_not_replaced() -> None:
    form = builder.from_criteria(SCORE, place="segment:new")
    leaf = form.shape.leaves()[0].id
    assert "op" in refused(sent(form, **{f"{leaf}__op": "contains"})).errors[leaf]


def test_what_was_deleted_since_is_shown_and_refused() -> None:
    Tag.objects.create(name="VIP")
    Consent.objects.create(key="news", name_en="News", name_pl="Wieści")
    tree = {
        "all": [{"kind": "tag", "op": "any", "tags": ["VIP"]}, {"kind": "consent", "consent": "news", "state": "given"}]
    }
    form = builder.from_criteria(tree, place="segment:new")
    assert read(sent(form)) == tree
    Tag.objects.all().delete()
    Consent.objects.all().delete()
    form = refused(sent(builder.from_criteria(tree, place="segment:new")))
    assert len(form.errors) == 2
    assert "no longer there" in html_of(form)


def test_a_circle_of_saved_criteria_is_refused_where_it_is_closed() -> None:
    now = NOWS[0]
    first = SavedCriteria.objects.create(name="first", criteria=SCORE, created_at=now, updated_at=now)
    second = SavedCriteria.objects.create(
        name="second", criteria={"kind": "saved", "criteria": first.pk}, created_at=now, updated_at=now
    )
    form = builder.from_criteria({"kind": "saved", "criteria": second.pk}, place=f"saved:{first.pk}")
    leaf = form.shape.leaves()[0].id
    assert leaf in refused(sent(form)).errors


def test_too_deep_is_refused_at_its_node() -> None:
    tree: Any = SCORE
    for _level in range(7):
        tree = {"all": [{"any": [tree]}]} if _level % 2 else {"any": [{"all": [tree]}]}
    form = builder.from_criteria({"all": [SCORE]}, place="segment:new")
    form.shape = trees.to_shape(tree, lambda criterion: form.shape.leaves()[0].values)
    with pytest.raises(BuilderErrors):
        form.criteria()
    assert form.errors or form.problem


@pytest.mark.parametrize("shape", ["", "{}", "[]", json.dumps({"blocks": [{"id": "n1"}], "last": 1}), "[" * 9000])
def test_a_tampered_layout_is_one_clear_problem(shape: str) -> None:
    form = sent(builder.from_criteria(SCORE, place="segment:new"), shape=shape)
    assert form.problem
    refused(form)


def test_fields_of_a_criterion_that_is_not_there_are_refused() -> None:
    form = sent(builder.from_criteria(SCORE, place="segment:new"), n99__value="1")
    assert form.problem
    refused(form)


@pytest.mark.parametrize("name", ["n01-what", "n002-value", "n2-Value", "N2-value", " n2-value", "n2-value2", "n2-"])
def test_fields_that_no_criterion_has_are_refused(name: str) -> None:
    form = sent(builder.from_criteria(SCORE, place="segment:new"), **{name: "1"})
    assert form.problem
    refused(form)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(
        st.sampled_from(["shape", "do", "n1-what", "n2-what", "n2-op", "n2-value", "place"]), st.text(max_size=40)
    )
)
def test_no_nonsense_makes_the_form_fail(posted: dict[str, str]) -> None:
    data = QueryDict(mutable=True)
    for name, value in posted.items():
        data[name] = value
    form = builder.from_post(data, place="segment:new")
    html_of(form)
    refused(form)


# --- the buttons ------------------------------------------------------------------------------------------------
def test_removing_one_criterion_never_blanks_another() -> None:
    Attribute.objects.create(key="city", name="City", type="text")
    city = {"kind": "attribute", "attribute": "city", "op": "in", "value": ["Łódź", "Gdańsk"]}
    between = {**SCORE, "op": "between", "value": {"from": 1, "to": 2}}
    form = builder.from_criteria({"all": [SCORE, city, between]}, place="segment:1")
    first = form.shape.leaves()[0].id
    after = sent(form, do=f"remove:{first}")
    assert after.operated
    after.operation = ""
    assert read(sent(after))["all"] == [city, between]


def test_changing_the_operator_keeps_what_still_fits() -> None:
    Attribute.objects.create(key="city", name="City", type="text")
    tree = {"kind": "attribute", "attribute": "city", "op": "eq", "value": "Łódź"}
    form = builder.from_criteria(tree, place="segment:new")
    leaf = form.shape.leaves()[0].id
    changed = sent(form, **{f"{leaf}__op": "in", "do": "refresh"})
    changed.operation = ""
    assert read(sent(changed)) == {"all": [{**tree, "op": "in", "value": ["Łódź"]}]}


def test_a_chip_is_taken_out_and_typed_tags_are_split_at_commas() -> None:
    for name in ("A", "B", "C"):
        Tag.objects.create(name=name)
    form = builder.from_criteria({"kind": "tag", "op": "any", "tags": ["A"]}, place="segment:new")
    leaf = form.shape.leaves()[0].id
    added = sent(form, **{f"{leaf}__tags_new": "b, C", "do": "refresh"})
    added = sent(added)
    assert read(added)["all"][0]["tags"] == ["A", "B", "C"]
    assert read(sent(added, do=f"drop:{leaf}:tags:1"))["all"][0]["tags"] == ["A", "C"]


def saved(tree: Any, name: str = "Warm") -> SavedCriteria:
    return SavedCriteria.objects.create(name=name, criteria=tree, created_at=NOWS[0], updated_at=NOWS[0])


def test_saved_criteria_go_in_as_a_copy() -> None:
    found = saved({"all": [SCORE, {**SCORE, "value": 50}]})
    form = sent(builder.from_criteria(None, place="segment:new"), insert=str(found.pk), do="insert_copy")
    assert read(form) == found.criteria
    form = sent(form, insert=str(found.pk), do="insert_copy")
    assert read(form) == {"any": [found.criteria, found.criteria]}


def test_a_copy_with_always_and_leave_out_keeps_both_beside_other_criteria() -> None:
    tree = {"all": [SCORE, {"any": [{"all": [SCORE]}, {"all": [SCORE]}]}, {"not": {"any": [{**SCORE, "value": 50}]}}]}
    found = saved(tree)
    form = builder.from_criteria({**SCORE, "value": 1}, place="segment:new")
    form = sent(form, insert=str(found.pk), do="insert_copy")
    assert read(form) == {"any": [{"all": [{**SCORE, "value": 1}]}, tree]}


def test_saved_criteria_go_in_as_a_live_reference() -> None:
    found = saved(SCORE)
    form = sent(builder.from_criteria(SCORE, place="segment:new"), insert=str(found.pk), do="insert_live")
    assert read(form) == {"any": [{"all": [SCORE]}, {"all": [{"kind": "saved", "criteria": found.pk}]}]}


@pytest.mark.parametrize("chosen", ["", "999", "x"])
def test_inserting_what_is_not_there_says_so(chosen: str) -> None:
    form = sent(builder.from_criteria(SCORE, place="segment:new"), insert=chosen, do="insert_copy")
    assert form.notice
    assert read(form) == {"all": [SCORE]}
