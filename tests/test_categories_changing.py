"""Moving categories, and deleting those with something in them (IC2, IC3)."""

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from pyroaring import BitMap

from contacts.models import Contact, EntryKind, HistoryEntry
from jobs import services as jobs
from jobs.models import JobState
from tags import assigning, categories, deleting, hooks, moving, usage
from tags.deleting import Choice
from tags.models import Category, CategoryDeletion, ContactCategory
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def paths() -> list[str]:
    return sorted(Category.objects.values_list("slug_path", flat=True))


def members(path: str) -> set[int]:
    return set(ContactCategory.objects.filter(category__slug_path=path).values_list("contact_id", flat=True))


def story(contact: Contact) -> list[tuple[str, str]]:
    entries = HistoryEntry.objects.filter(contact=contact).order_by("id")
    return list(entries.values_list("kind", "label"))


def delete(category: Category, **choice: Any) -> deleting.Deleted:
    category = Category.objects.get(pk=category.pk)
    return deleting.dissolve(category, Choice(**choice), now=NOW, by="Anna", user=None)


def tree_is_sound() -> bool:
    return not any(Category.objects.find_problems())


# --- moving ---------------------------------------------------------------------------------------------------
def test_a_moved_branch_takes_its_paths_and_contacts_along_and_tells_who_names_it(monkeypatch) -> None:
    told: list[hooks.Renamed] = []
    monkeypatch.setattr(hooks, "renamed", [lambda change, _now: told.append(change)])
    person = factories.contact()
    press = factories.category("klient/media/prasa", person)
    goal = factories.category("partner")
    media = Category.objects.get(slug_path="klient/media")
    moving.move_category(media, below=goal, now=NOW)
    assert paths() == ["klient", "partner", "partner/media", "partner/media/prasa"]
    assert members("partner/media/prasa") == {person.pk}
    assert told == [
        hooks.Renamed("category", {"klient/media": "partner/media", "klient/media/prasa": "partner/media/prasa"})
    ]
    assert tree_is_sound()
    assert Category.objects.get(pk=press.pk).depth == 3


def test_a_category_moves_to_the_top_and_back() -> None:
    media = factories.category("klient/media/prasa")
    moved = moving.move_category(media, below=None, now=NOW)
    assert (moved.slug_path, moved.depth) == ("prasa", 1)
    moving.move_category(moved, below=Category.objects.get(slug_path="klient"), now=NOW)
    assert paths() == ["klient", "klient/media", "klient/prasa"]
    assert tree_is_sound()


def test_counts_above_are_right_at_once() -> None:
    a, b = factories.contact(), factories.contact()
    media = factories.category("klient/media", a, b)
    goal = factories.category("partner", b)
    moving.move_category(media, below=goal, now=NOW)
    assert dict(Category.objects.values_list("slug_path", "subtree_count")) == {
        "klient": 0,
        "partner": 2,
        "partner/media": 2,
    }


@pytest.mark.parametrize("below", ["klient", "klient/media"])
def test_a_category_cannot_stand_in_itself(below: str) -> None:
    factories.category("klient/media")
    with pytest.raises(ValidationError) as refused:
        moving.move_category(
            Category.objects.get(slug_path="klient"), below=Category.objects.get(slug_path=below), now=NOW
        )
    assert refused.value.code == "inside"


def test_a_taken_path_is_refused_and_nothing_moves() -> None:
    media, goal = factories.category("klient/media"), factories.category("partner")
    factories.category("partner/media")
    with pytest.raises(ValidationError, match="partner/media"):
        moving.move_category(media, below=goal, now=NOW)
    assert paths() == ["klient", "klient/media", "partner", "partner/media"]


def test_a_branch_that_would_become_too_deep_is_refused() -> None:
    deep = factories.category("/".join(f"a{n}" for n in range(60)))
    branch = factories.category("b/c/d/e/f")
    with pytest.raises(ValidationError) as refused:
        moving.move_category(Category.objects.get(slug_path="b"), below=deep, now=NOW)
    assert refused.value.code == "too_deep"
    moving.move_category(branch, below=deep, now=NOW)


def test_what_was_asked_about_another_place_moves_nothing() -> None:
    media, goal = factories.category("klient/media"), factories.category("partner")
    moving.move_category(media, below=None, now=NOW)
    with pytest.raises(moving.MovedMeanwhileError):
        moving.move_category(media, below=goal, now=NOW, stood=Category.objects.get(slug_path="klient").pk)


def test_the_question_tells_who_gains_and_loses_how_many(monkeypatch) -> None:
    a, b, c = (factories.contact() for _ in range(3))
    media = factories.category("klient/media", a, b)
    factories.category("klient", b)
    goal = factories.category("partner", c)
    monkeypatch.setattr(usage, "providers", [lambda label: [usage.Use("Segment", label.slug_path)]])
    monkeypatch.setattr(hooks, "moving", [lambda category, below: [f"{category.name} to {below.name}"]])
    effect = moving.effect_of(media, below=goal)
    assert (effect.contacts, effect.old_path, effect.new_path) == (2, "klient/media", "partner/media")
    assert [(each.title, each.before, each.after) for each in effect.above] == [("Klient", 2, 1), ("Partner", 1, 3)]
    assert [use.name for use in effect.uses] == ["klient", "partner"]
    assert effect.sentences == ["Media to Partner"]


def test_a_move_within_a_branch_changes_only_what_is_between() -> None:
    a = factories.contact()
    press = factories.category("klient/media/prasa", a)
    effect = moving.effect_of(press, below=Category.objects.get(slug_path="klient"))
    assert [(each.title, each.before, each.after) for each in effect.above] == [("Klient / Media", 1, 0)]


# --- deleting -------------------------------------------------------------------------------------------------
def test_children_move_up_and_contacts_stay_in_the_parent_with_a_history_of_both() -> None:
    a, b = factories.contact(), factories.contact()
    root = factories.category("klient", b)
    media = factories.category("klient/media", a, b)
    factories.category("klient/media/prasa", a)
    done = delete(media, below=root, into=root)
    assert (done.contacts, done.job) == (2, None)
    assert paths() == ["klient", "klient/prasa"]
    assert (members("klient"), members("klient/prasa")) == ({a.pk, b.pk}, {a.pk})
    assert story(a) == [(EntryKind.CATEGORY_ADDED, "Klient"), (EntryKind.CATEGORY_REMOVED, "Klient / Media")]
    assert story(b) == [(EntryKind.CATEGORY_REMOVED, "Klient / Media")]
    assert {entry.by for entry in HistoryEntry.objects.all()} == {"Anna"}
    assert tree_is_sound()


def test_a_whole_branch_goes_and_its_contacts_are_put_elsewhere_once_each() -> None:
    a, b = factories.contact(), factories.contact()
    media = factories.category("klient/media", a)
    factories.category("klient/media/prasa", a, b)
    goal = factories.category("partner")
    assert delete(media, branch=True, into=goal).contacts == 2
    assert paths() == ["klient", "partner"]
    assert members("partner") == {a.pk, b.pk}
    removed = {"Klient / Media", "Klient / Media / Prasa"}
    assert {label for kind, label in story(a) if kind == EntryKind.CATEGORY_REMOVED} == removed
    assert tree_is_sound()


def test_contacts_are_taken_out_and_their_history_outlives_the_category() -> None:
    """IC3."""
    a = factories.contact()
    delete(factories.category("klient", a))
    assert (paths(), story(a)) == ([], [(EntryKind.CATEGORY_REMOVED, "Klient")])


def test_children_move_to_another_place() -> None:
    media = factories.category("klient/media")
    factories.category("klient/media/prasa")
    delete(media, below=factories.category("partner"))
    assert paths() == ["klient", "partner", "partner/prasa"]


def test_nothing_happens_where_one_of_them_cannot_stand() -> None:
    a = factories.contact()
    media = factories.category("klient/media", a)
    factories.category("klient/media/prasa"), factories.category("klient/prasa")
    before = paths()
    with pytest.raises(ValidationError, match="Prasa"):
        delete(media, below=Category.objects.get(slug_path="klient"))
    assert (paths(), members("klient/media"), story(a)) == (before, {a.pk}, [])


def test_a_branch_with_one_in_use_stays_and_says_which(monkeypatch) -> None:
    media = factories.category("klient/media")
    factories.category("klient/media/prasa")
    monkeypatch.setattr(
        usage,
        "providers",
        [lambda label: [usage.Use("Segment", "Readers")] if label.slug_path.endswith("prasa") else []],
    )
    with pytest.raises(usage.InUseError) as refused:
        delete(media, branch=True)
    assert [use.name for use in refused.value.uses] == ["Readers (Klient / Media / Prasa)"]
    delete(media)  # its child is named by its new path
    assert paths() == ["klient", "prasa"]


@pytest.mark.parametrize("goal", ["klient/media", "klient/media/prasa"])
def test_contacts_are_not_put_into_what_goes(goal: str) -> None:
    factories.category("klient/media/prasa")
    with pytest.raises(ValidationError) as refused:
        delete(Category.objects.get(slug_path="klient/media"), branch=True, into=Category.objects.get(slug_path=goal))
    assert refused.value.code == "goes"


# --- as a job -------------------------------------------------------------------------------------------------
@pytest.fixture
def few(monkeypatch) -> None:
    """Everything is a job, two contacts at a time."""
    monkeypatch.setattr(deleting, "AT_ONCE", 0)
    monkeypatch.setattr(deleting, "CHUNK", 2)


def step(job: CategoryDeletion) -> CategoryDeletion:
    """One chunk, as a worker does it that is killed afterwards."""
    from jobs.lease import Lease, claim
    from jobs.registry import KINDS

    CategoryDeletion.objects.filter(pk=job.pk).update(lease_until=NOW)
    claimed = claim(KINDS["category_deletion"], job.pk, lease=Lease(lambda: NOW))
    assert claimed is not None
    KINDS["category_deletion"].step(claimed, NOW)
    return CategoryDeletion.objects.get(pk=job.pk)


def finish(job: CategoryDeletion) -> CategoryDeletion:
    CategoryDeletion.objects.filter(pk=job.pk).update(lease_until=NOW)
    jobs.run("category_deletion", job.pk, now=NOW)
    return CategoryDeletion.objects.get(pk=job.pk)


@pytest.fixture
def people(db) -> list[Contact]:
    return [factories.contact() for _ in range(5)]


def test_a_job_that_is_killed_and_taken_over_does_the_same(few, people) -> None:
    root, media = factories.category("klient"), factories.category("klient/media", *people)
    job = delete(media, into=root).job
    assert job is not None
    assert step(job).progress == 2
    done = finish(job)
    assert (done.state, done.progress, done.total) == (JobState.DONE, 5, 5)
    assert (paths(), members("klient")) == (["klient"], {each.pk for each in people})
    assert all(len(story(each)) == 2 for each in people)


def test_who_is_put_in_behind_the_cursor_is_passed_on_too(few, people) -> None:
    media = factories.category("klient/media", *people[1:])
    root = Category.objects.get(slug_path="klient")
    job = delete(media, into=root).job
    step(job)
    assigning.assign_category(BitMap([people[0].pk]), media, now=NOW, by="x", user=None)
    assert finish(job).state == JobState.DONE
    assert members("klient") == {each.pk for each in people}


def test_what_is_being_deleted_is_neither_moved_nor_renamed_nor_given_children(few, people) -> None:
    media = factories.category("klient/media", *people)
    below = factories.category("klient/media/prasa")
    delete(media, branch=True)
    for attempt in (
        lambda: moving.move_category(below, below=None, now=NOW),
        lambda: categories.rename_category(media, "X", now=NOW),
        lambda: categories.create_category("Y", below=below, now=NOW),
        lambda: delete(media),
    ):
        with pytest.raises(ValidationError) as refused:
            attempt()
        assert refused.value.code == "being_deleted"


def test_a_job_fails_in_words_when_the_category_is_named_meanwhile_and_goes_on_later(few, people, monkeypatch) -> None:
    media = factories.category("media", *people)
    job = delete(media).job
    monkeypatch.setattr(usage, "providers", [lambda _label: [usage.Use("Segment", "Readers")]])
    failed = finish(job)
    assert failed.state == JobState.FAILED
    assert "Readers" in failed.problem_text
    monkeypatch.setattr(usage, "providers", [])
    jobs.retry(failed, now=NOW)
    assert (finish(job).state, paths()) == (JobState.DONE, [])


def test_the_goal_of_a_deletion_is_not_deleted_meanwhile(few, people) -> None:
    goal = factories.category("partner")
    delete(factories.category("media", *people), into=goal)
    with pytest.raises(usage.InUseError):
        delete(goal)


@pytest.mark.usefixtures("committed")
def test_a_writer_under_way_is_waited_for(account) -> None:
    a, b = factories.contact(), factories.contact()
    root, media = factories.category("klient"), factories.category("klient/media", a)
    holding, go = threading.Event(), threading.Event()

    def write() -> None:
        connection.set_tenant(account)
        try:
            with transaction.atomic():
                assigning.assign_category(BitMap([b.pk]), media, now=NOW, by="x", user=None)
                holding.set()
                go.wait(5)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    holding.wait(5)
    threading.Timer(0.3, go.set).start()
    delete(media, into=root)
    writer.join()
    assert members("klient") == {a.pk, b.pk}


# --- by itself ------------------------------------------------------------------------------------------------
def test_a_refreshing_segment_puts_those_who_join_in_a_category_by_itself() -> None:
    """IC4: with a permanent entry that says which action did it."""
    from datetime import timedelta

    from actions import services as actions
    from tests.support.audiences import make_contacts, ready_segment
    from tests.test_actions import calculated, carry_out

    people = make_contacts(4)
    media = factories.category("klient/media")
    segment = ready_segment(people[:2], refreshes=True)
    params = {"category": media.pk, "name": "Media"}
    action = actions.plan_action(
        segment, kind="add_category", params=params, audience="joined", every_refresh=True, now=NOW, by=None
    )
    carry_out(action.runs.get())
    calculated(segment, people[:3], at=NOW + timedelta(hours=1))
    joined = carry_out(action.runs.latest("pk"))
    assert joined.changed_ids == people[2:3]
    entry = HistoryEntry.objects.get(contact=people[2])
    assert (entry.label, entry.action_run_id) == ("Klient / Media", joined.pk)
    assert people[2] in members("klient/media")
    with pytest.raises(usage.InUseError):
        delete(media)
