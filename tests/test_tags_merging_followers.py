"""ST9: what named a merged tag names the result, and finds whom it found wherever that can be."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from actions import services as action_services
from actions.models import Action
from contacts.models import Contact
from jobs import services as jobs
from segmentation import builder
from segmentation.models import ContactQuery, Draft, DraftStep, SavedCriteria
from tags import merging, services
from tags.models import ContactTag, Tag, TagMerge
from tests import factories
from tests.factories import NOW
from tests.support.asking import members
from tests.support.audiences import make_contacts, ready_segment
from tests.support.segments import SCORED, calculated, create
from tests.test_actions_undo import carried_out, undo

pytestmark = pytest.mark.django_db
BY: dict[str, Any] = {"now": NOW, "by": "test", "user": None}


def merged(*tags: Tag, into: str) -> TagMerge:
    merge = merging.ask_merge(tags, into, **BY)
    jobs.run("tag_merge", merge.pk, now=NOW)
    merge.refresh_from_db()
    assert merge.state == "done"
    return merge


def asks(op: str, *tags: str, **more: Any) -> dict[str, Any]:
    return {"kind": "tag", "op": op, "tags": list(tags), **more}


def tagged(name: str) -> set[int]:
    return set(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


@pytest.fixture
def people() -> list[Contact]:
    return [factories.contact() for _ in range(6)]


@pytest.fixture
def world(people) -> dict[str, Tag]:
    """A: 0 1 2, B: 2 3, C: 4, OTHER: 0 5."""
    return {
        "A": factories.tag("A", *people[:3]),
        "B": factories.tag("B", *people[2:4]),
        "C": factories.tag("C", people[4]),
        "OTHER": factories.tag("OTHER", people[0], people[5]),
    }


def test_every_place_that_names_a_merged_tag_names_the_result_once(world, marketer) -> None:
    tree = {"any": [SCORED, {"not": asks("any", "A", "OTHER", "B")}, asks("none", "b, c")]}
    wanted = {"any": [SCORED, {"not": asks("any", "Z", "OTHER")}, asks("none", "Z", "C")]}
    segment = create(criteria=tree)
    saved = SavedCriteria.objects.create(name="S", criteria=tree, created_at=NOW, updated_at=NOW)
    query = ContactQuery.objects.create(key="k", criteria=tree, created_at=NOW, used_at=NOW, created_by=marketer)
    merge = merged(world["A"], world["B"], into="z")
    for criteria in (segment.version, saved, query):
        criteria.refresh_from_db()
        assert criteria.criteria == wanted
    assert merge.follows == {"segment": 1, "saved": 1, "filter": 1}
    assert segment.versions.count() == 1


def test_older_versions_stay_as_written(world) -> None:
    segment = create(criteria=asks("any", "A"))
    from segmentation.services import edit_criteria

    edit_criteria(segment, criteria=SCORED, revision=segment.revision, now=NOW, by=None)
    merged(world["A"], world["B"], into="z")
    assert list(segment.versions.order_by("number").values_list("criteria", flat=True)) == [asks("any", "A"), SCORED]


def test_a_form_not_yet_submitted_follows_with_its_steps(world, marketer) -> None:
    form = builder.from_criteria(asks("any", "A", "B", "OTHER"), place="segment:new").fields()
    node = next(name for name in form if name.endswith("-tags")).removesuffix("-tags")
    form[f"{node}-tags_new"] = ["b, new"]
    draft = Draft.objects.create(user=marketer, place="segment:new", form=form, kept_at=NOW)
    step = DraftStep.objects.create(draft=draft, number=1, form=form)
    text = Draft.objects.create(
        user=marketer, place="saved:new", form={"json": ['{"kind": "tag", "op": "any", "tags": ["A"]}']}, kept_at=NOW
    )
    merge = merged(world["A"], world["B"], into="z")
    for kept in (draft, step):
        kept.refresh_from_db()
        assert kept.form[f"{node}-tags"] == ["Z", "OTHER"]
        assert kept.form[f"{node}-tags_new"] == ["Z, NEW"]
    text.refresh_from_db()
    assert text.form["json"] == ['{"kind": "tag", "op": "any", "tags": ["Z"]}']
    assert merge.follows == {"draft": 2}


@pytest.mark.parametrize("text", ["{", '{"kind": "tag"}', "[1]", '"A"', "9" * 400])
def test_a_text_that_is_no_criteria_is_left_as_it_is(world, marketer, text) -> None:
    draft = Draft.objects.create(user=marketer, place="saved:new", form={"json": [text]}, kept_at=NOW)
    merged(world["A"], world["B"], into="z")
    draft.refresh_from_db()
    assert draft.form == {"json": [text]}


def test_a_renamed_tag_is_followed_in_a_form_as_well(world, marketer) -> None:
    form = builder.from_criteria(asks("any", "A"), place="segment:new").fields()
    draft = Draft.objects.create(user=marketer, place="segment:new", form=form, kept_at=NOW)
    services.rename_tag(world["A"], "new", now=NOW)
    draft.refresh_from_db()
    assert ["NEW"] in draft.form.values()


# --- who is found ----------------------------------------------------------------------------------------------
trees = st.recursive(
    st.builds(
        lambda op, names: asks(op, *names),
        st.sampled_from(["any", "all", "none"]),
        st.lists(st.sampled_from(["A", "B", "C", "OTHER"]), min_size=1, max_size=4, unique=True),
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda of: {"any": of})
        | st.lists(inner, min_size=1, max_size=3).map(lambda of: {"all": of})
        | inner.map(lambda one: {"not": one})
    ),
    max_leaves=5,
)


def test_criteria_that_are_said_to_stay_find_the_same_contacts(world) -> None:
    """What the question promises: no `changes` means nobody joins or leaves."""
    tags = [world["A"], world["B"]]
    seen = {"staying": 0}

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees)
    def holds(tree: Any) -> None:
        from django.db import transaction

        with transaction.atomic():
            SavedCriteria.objects.all().delete()
            saved = SavedCriteria.objects.create(name="S", criteria=tree, created_at=NOW, updated_at=NOW)
            plan = merging.planned(tags, "a", now=NOW)
            before = members(tree)
            merged(*tags, into="a")
            saved.refresh_from_db()
            if not plan.changing:
                seen["staying"] += 1
                assert members(saved.criteria) == before
            transaction.set_rollback(True)

    holds()
    assert seen["staying"] > 3


@pytest.mark.parametrize(
    ("criteria", "stays"),
    [
        (asks("any", "A", "B"), True),
        (asks("none", "B", "A", "OTHER"), True),
        (asks("any", "OTHER"), True),
        (asks("any", "A"), False),
        (asks("none", "A"), False),
        (asks("all", "A", "B"), False),
        (asks("all", "A", "OTHER"), False),
        (asks("any", "A", "B", within={"last": 2, "unit": "day"}), False),
    ],
)
def test_the_question_says_which_criteria_will_mean_something_else(world, criteria, stays) -> None:
    create(criteria=criteria)
    plan = merging.planned([world["A"], world["B"]], "z", now=NOW)
    assert [bool(follower.changes) for follower in plan.followers] == (
        [] if criteria["tags"] == ["OTHER"] else [not stays]
    )


def test_a_tag_that_nobody_has_changes_nobodys_criteria(world) -> None:
    empty = factories.tag("EMPTY")
    create(criteria=asks("any", "A"))
    plan = merging.planned([world["A"], empty], "a", now=NOW)
    assert [follower.changes for follower in plan.followers] == [""]


def test_a_changed_segment_is_named_with_its_actions_and_who_follows_it(world) -> None:
    segment = calculated("Named", criteria=asks("any", "A"))
    create("Follower", criteria={"kind": "segment", "op": "in", "segment": segment.pk})
    action_services.plan_action(segment, kind="add_tag", params={"tag": world["C"].pk, "name": "C"}, now=NOW, by=None)
    (told,) = merging.planned([world["A"], world["B"]], "z", now=NOW).changing
    assert "Add tag C" in told.changes
    assert "Follower" in told.changes
    assert told.name == "Named"


def test_the_count_of_a_segment_is_the_same_before_and_after(world, people) -> None:
    segment = calculated("Both", criteria=asks("any", "A", "B"))
    merged(world["A"], world["B"], into="a")
    from segmentation.models import Reason
    from segmentation.services import request_calculation
    from tests.support.segments import calculate

    before = segment.latest.count
    request_calculation(segment, reason=Reason.MANUAL, now=NOW + timedelta(hours=1))
    assert calculate(segment, now=NOW + timedelta(hours=1)).count == before == 4


# --- actions ---------------------------------------------------------------------------------------------------
def test_actions_that_name_a_merged_tag_go_on_with_the_result(world) -> None:
    segment = ready_segment(make_contacts(2))
    planned = [
        Action.objects.create(segment=segment, kind=kind, params={"tag": tag.pk, "name": tag.name}, created_at=NOW)
        for kind in ("add_tag", "remove_tag")
        for tag in (world["A"], world["B"], world["C"])
    ]
    plan = merging.planned([world["A"], world["B"]], "z", now=NOW)
    assert len(plan.followers) == 4
    merged(world["A"], world["B"], into="z")
    result = Tag.objects.get(name="Z")
    for action in planned:
        action.refresh_from_db()
        assert action.params["tag"] == (world["C"].pk if action.params["name"] == "C" else result.pk)


def test_a_run_under_way_goes_on_with_the_result(world, monkeypatch) -> None:
    """It has the old tag in hand, between two chunks."""
    from actions.kinds import KINDS

    monkeypatch.setattr(KINDS["add_tag"], "chunk", 3, raising=False)
    people = make_contacts(6)
    segment = ready_segment(people)
    params = {"tag": world["B"].pk, "name": "B"}
    run = action_services.plan_action(segment, kind="add_tag", params=params, now=NOW, by=None).runs.get()
    from actions import running

    run.state, run.lease_owner = "running", ""
    run.save()
    running.carry_out(run, NOW)
    merged(world["A"], world["B"], into="a")
    while running.carry_out(run, NOW):
        pass
    run.refresh_from_db()
    assert (run.state, run.changed_count) == ("done", 6)
    assert set(people) <= tagged("A")
    assert not Tag.objects.filter(name="B").exists()


@pytest.mark.parametrize("into", ["a", "b", "z"])
def test_undoing_an_added_tag_takes_the_result_off_those_who_have_it_by_that_run_alone(into) -> None:
    people = make_contacts(5)
    factories.tag("A", *Contact.objects.filter(pk__in=people[:2]))
    run = carried_out(people, "add_tag", {"tag": factories.tag("B").pk, "name": "B"})
    merged(Tag.objects.get(name="A"), Tag.objects.get(name="B"), into=into)
    undone = undo(run)
    assert (undone.state, undone.back_count, undone.since_count) == ("done", 3, 2)
    assert tagged(into.upper()) == set(people[:2])


def test_undoing_a_removed_tag_puts_the_result_on_since_when_the_former_was(world) -> None:
    long_ago = NOW - timedelta(days=700)
    people = make_contacts(3)
    old = factories.tag("OLD", *Contact.objects.filter(pk__in=people), at=long_ago)
    run = carried_out(people, "remove_tag", {"tag": old.pk, "name": "OLD"})
    merged(old, world["A"], into="z")
    undone = undo(run)
    assert undone.back_count == 3
    assert set(people) <= tagged("Z")
    assert set(ContactTag.objects.filter(contact__in=people).values_list("assigned_at", flat=True)) == {long_ago}


def test_a_link_to_the_contacts_of_a_merged_tag_leads_to_those_of_the_result(world, client_for, marketer) -> None:
    from django.urls import reverse

    gone = world["B"].pk
    merged(world["A"], world["B"], into="a")
    response = client_for(marketer).get(reverse("contacts:manager"), {"tag": gone})
    assert response.status_code == 200
    assert response.context["total"] == 4
    assert BitMap(tagged("A"))
