"""What somebody added before their permission groups were narrowed, or their role changed."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from actions import picked, services
from actions.kinds import KINDS
from actions.models import Action, ActionRun, PickedContacts, Undo
from actions.undoing import prospect
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Segment
from tags.models import Category, ContactCategory
from tags.moving import move_category
from tests import factories
from tests.support.people import client_for, make_user
from tests.support.segments import calculated
from tests.support.split import HOUR, Split, listed, split

pytestmark = pytest.mark.django_db
KINDS_OF_CATEGORY = ["add_category", "remove_category"]


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


@pytest.fixture
def press(two: Split) -> Category:
    """A second category of the narrow user's group, with one of their contacts."""
    category = factories.category("Press")
    ContactCategory.objects.create(category=category, contact_id=two.mine[0], assigned_at=two.now - HOUR)
    two.narrow.permission_groups.get().categories.add(category)
    return category


@pytest.fixture
def segment(two: Split) -> Any:
    return calculated("Everybody", now=two.now - HOUR, by=two.wide, every=1, unit="day")


def planned(segment: Any, category: Category, two: Split, kind: str, *, by: Any = None, **more: Any) -> ActionRun:
    params: dict[str, Any] = {"category": category.pk, "name": category.name}
    if kind == "remove_category":
        params["below"] = True
    action = services.plan_action(segment, kind=kind, params=params, now=two.now, by=by or two.narrow, **more)
    return action.runs.get()


def done(run: ActionRun, two: Split) -> ActionRun:
    run_job("action", run.pk, now=two.now)
    return ActionRun.objects.get(pk=run.pk)


def undone(run: ActionRun, two: Split, *, by: Any) -> Undo:
    undo = services.undo_run(run, now=two.now, by=by)
    run_job("undo", undo.pk, now=two.now)
    return Undo.objects.get(pk=undo.pk)


def narrowed(two: Split, category: Category) -> None:
    two.narrow.permission_groups.get().categories.remove(category)


def members(category: Category) -> BitMap:
    return BitMap(ContactCategory.objects.filter(category=category).values_list("contact_id", flat=True))


# --- categories that they may not use any more -------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS_OF_CATEGORY)
def test_a_run_planned_before_leaves_a_category_alone_that_its_author_may_not_use(
    two: Split, segment: Any, press: Category, kind: str
) -> None:
    run, before = planned(segment, press, two, kind), members(press)
    narrowed(two, press)
    run = done(run, two)
    assert (run.state, run.changed_count, members(press)) == (JobState.FAILED, 0, before)
    assert run.problem["params"] == {"user": "Narrow", "name": "Press"}
    page = two.sees(f"/segments/{segment.pk}/actions/").content.decode()
    assert "Narrow may not use the category Press" in page


@pytest.mark.parametrize("kind", KINDS_OF_CATEGORY)
def test_as_long_as_they_may_use_it_the_run_does_it(two: Split, segment: Any, press: Category, kind: str) -> None:
    run = done(planned(segment, press, two, kind), two)
    assert (run.state, members(press)) == (JobState.DONE, two.mine if kind == "add_category" else BitMap())


def test_a_run_stops_where_the_right_goes_while_it_runs(
    two: Split, segment: Any, press: Category, monkeypatch: Any
) -> None:
    kind = KINDS["add_category"]
    monkeypatch.setattr(kind, "chunk", 2)
    real = kind.apply

    def apply(run: Any, params: Any, ids: BitMap, *, now: Any) -> BitMap:
        changed = real(run, params, ids, now=now)
        narrowed(two, press)
        return changed

    monkeypatch.setattr(kind, "apply", apply)
    assert done(planned(segment, press, two, "add_category"), two).state == JobState.FAILED
    assert members(press) == two.mine[:2]


def test_who_sees_everybody_still_uses_it(two: Split, segment: Any, press: Category) -> None:
    run = planned(segment, press, two, "add_category", by=two.wide)
    narrowed(two, press)
    assert (done(run, two).state, members(press)) == (JobState.DONE, two.everybody)


@pytest.mark.parametrize("kind", KINDS_OF_CATEGORY)
def test_an_undo_leaves_a_category_alone_that_who_asked_may_not_use(
    two: Split, segment: Any, press: Category, kind: str
) -> None:
    run = done(planned(segment, press, two, kind), two)
    after = members(press)
    narrowed(two, press)
    told = prospect(run, now=two.now, by=two.narrow)
    assert (told.back, told.problem and told.problem.params["name"]) == (0, "Press")
    assert "Narrow may not use" in two.sees(f"/segments/actions/runs/{run.pk}/undo/").content.decode()
    undo = undone(run, two, by=two.narrow)
    assert (undo.state, undo.back_count, members(press)) == (JobState.FAILED, 0, after)


def test_an_undo_asks_for_each_category_that_was_below(two: Split, segment: Any, press: Category) -> None:
    below = factories.category("Press/Local")
    ContactCategory.objects.create(category=below, contact_id=two.mine[1], assigned_at=two.now - HOUR)
    run = done(planned(segment, press, two, "remove_category"), two)
    assert not members(below)
    move_category(below, below=None, now=two.now)
    assert prospect(run, now=two.now, by=two.wide).back == 2
    assert undone(run, two, by=two.narrow).state == JobState.FAILED
    assert not members(below) | members(press)


def test_that_a_category_is_gone_is_said_first(two: Split, segment: Any, press: Category) -> None:
    run = planned(segment, press, two, "add_category")
    narrowed(two, press)
    ContactCategory.objects.filter(category=press).delete()
    Category.objects.filter(pk=press.pk).delete()
    run = done(run, two)
    assert (run.state, run.problem["params"]) == (JobState.FAILED, {"name": "Press"})


# --- how many they picked then -----------------------------------------------------------------------------------
def acted_on_picked(ids: BitMap, two: Split, *, words: str = "All contacts") -> PickedContacts:
    """A run of the narrow user's on these contacts, over."""
    chosen = picked.fix(BitMap(ids), words=[words], query="", now=two.now, by=two.narrow)
    tag = factories.tag("VIP")
    params = {"tag": tag.pk, "name": tag.name}
    action = Action.objects.create(
        picked=chosen, kind="add_tag", params=params, created_at=two.now, created_by=two.narrow
    )
    done(ActionRun.objects.create(action=action, calculation=None, requested_at=two.now), two)
    return chosen


def title_shown(two: Split, chosen: PickedContacts) -> str:
    text = two.sees("/contacts/actions/").content.decode()
    [title] = re.findall(rf'picked={chosen.pk}"[^>]*>([^<]*)</a>', text)
    return str(title)


def test_a_run_of_ones_own_tells_of_those_picked_whom_one_sees_now(two: Split) -> None:
    chosen = acted_on_picked(two.mine, two)
    assert title_shown(two, chosen) == "4 contacts"
    two.take_out(*two.mine[:3])
    assert title_shown(two, chosen) == "1 contact"
    assert listed(two.sees(f"/contacts/?picked={chosen.pk}")) == 1
    assert PickedContacts.objects.get().count == 4


def test_it_does_so_where_the_run_itself_reached_fewer(two: Split) -> None:
    chosen = acted_on_picked(two.everybody, two)
    assert ActionRun.objects.get().changed_count == 4
    assert title_shown(two, chosen) == "4 contacts"


# --- what goes on in their name ----------------------------------------------------------------------------------
def recurring(person: Any, two: Split, *names: str) -> None:
    for number, name in enumerate(names):
        tag = factories.tag(f"T{number}_{name}".upper())
        there = Segment.objects.filter(name=name).first()
        segment = there or calculated(name, now=two.now - HOUR, by=two.wide, every=1, unit="day")
        params = {"tag": tag.pk, "name": tag.name}
        services.plan_action(segment, kind="add_tag", params=params, now=two.now, by=person, every_refresh=True)


@pytest.mark.parametrize("page", ["", "deactivate/"])
def test_an_administrator_reads_what_recurs_in_somebodys_name(two: Split, page: str) -> None:
    admin, address = client_for(make_user("administrator")), f"/users/{two.narrow.pk}/{page}"
    recurring(two.wide, two, "Theirs")
    assert "recurring action" not in admin.get(address).content.decode()
    recurring(two.narrow, two, "Buyers", "Buyers", "Readers")
    text = admin.get(address).content.decode()
    assert "3 recurring actions that this user added go on" in text
    links = [f"/segments/{Segment.objects.get(name=name).pk}/actions/" for name in ("Buyers", "Readers")]
    assert re.findall(r'<a href="(/segments/\d+/actions/)">', text) == links
    services.stop_action(Action.objects.filter(created_by=two.narrow).first(), now=two.now, by=two.narrow)
    assert "2 recurring actions that this user added go on" in admin.get(address).content.decode()


def test_of_very_many_segments_some_are_linked(two: Split, monkeypatch: Any) -> None:
    monkeypatch.setattr("actions.going_on.LINKED", 1)
    recurring(two.narrow, two, "A", "B", "C")
    text = client_for(make_user("owner")).get(f"/users/{two.narrow.pk}/").content.decode()
    assert 'href="/segments/">and 2 more</a>' in text
