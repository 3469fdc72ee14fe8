"""What somebody added before their permission groups were narrowed, or their role changed."""

from typing import Any

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from actions import services
from actions.kinds import KINDS
from actions.models import ActionRun, Undo
from actions.undoing import prospect
from jobs.models import JobState
from jobs.services import run as run_job
from tags.models import Category, ContactCategory
from tags.moving import move_category
from tests import factories
from tests.support.segments import calculated
from tests.support.split import HOUR, Split, split

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
