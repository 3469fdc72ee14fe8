"""Undo under killed workers, two at once, beside actions on the same contacts: nobody twice, nobody lost."""

from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection, transaction
from pyroaring import BitMap

from actions import services
from actions.models import ActionRun
from contacts.models import Contact, ContactConsent, HistoryEntry
from jobs.lease import LEASE
from jobs.models import JobState
from jobs.services import run as run_job
from tags import services as tag_services
from tags.models import ContactCategory, ContactTag, Tag
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment
from tests.support.jobs import Worker
from tests.test_actions import in_thread, wait_until_blocked

pytestmark = pytest.mark.slow

WORKER = """
from datetime import datetime
from actions import undoing
from actions.kinds import KINDS
from jobs.services import run
for kind in KINDS.values(): kind.chunk = 4
real = undoing.count
def count(job, **more):
    real(job, **more)
    tell("inside")
    hear()
undoing.count = count
run("undo", {pk}, now=datetime.fromisoformat({now!r}))
tell("over")
"""


def worker(undo, *, now=NOW) -> Worker:
    """A process that carries out `undo`, stopping inside each chunk after its work and before its commit."""
    return Worker(WORKER.format(pk=undo.pk, now=now.isoformat()))


def begun(people, kind, params):
    """A run that is over, and its undo, waiting."""
    action = services.plan_action(ready_segment(people), kind=kind, params=params, now=NOW, by=None)
    run = action.runs.get()
    run_job("action", run.pk, now=NOW)
    return services.undo_run(run, now=NOW, by=None)


def of_tag(people):
    tag = factories.tag("VIP")
    return begun(people, "add_tag", {"tag": tag.pk, "name": "VIP"})


def tagged():
    return BitMap(ContactTag.objects.values_list("contact_id", flat=True))


def wait_until_somebody_waits(errors, seconds=30):
    """Until a session waits for a lock, whoever has it."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError(f"nobody waits; {errors}")


@pytest.mark.parametrize("chunks_before", [0, 2])
def test_an_undo_resumed_after_kill_9_changes_each_contact_back_once(committed, chunks_before):
    people = make_contacts(10)
    undo = of_tag(people)
    with worker(undo) as process:
        assert process.heard() == "inside"
        for _ in range(chunks_before):
            process.go()
            assert process.heard() == "inside"
        process.kill()
    undo.refresh_from_db()
    assert (undo.state, undo.back_count) == (JobState.RUNNING, 4 * chunks_before)
    assert tagged() == people[4 * chunks_before :]
    run_job("undo", undo.pk, now=NOW + LEASE)
    undo.refresh_from_db()
    assert (undo.state, undo.back_count, undo.since_count, undo.progress) == (JobState.DONE, 10, 0, 10)
    assert not tagged()


def test_history_is_written_once_by_a_resumed_undo(committed):
    people, category = make_contacts(6), factories.category("klient")
    undo = begun(people, "add_category", {"category": category.pk, "name": "Klient"})
    with worker(undo) as process:
        process.heard()
        process.go()
        process.heard()
        process.kill()
    run_job("undo", undo.pk, now=NOW + LEASE)
    assert not ContactCategory.objects.exists()
    removed = HistoryEntry.objects.filter(kind="category_removed").values_list("contact_id", flat=True)
    assert sorted(removed) == list(people)


def test_consents_are_restored_once_by_a_resumed_undo(committed):
    people, consent = make_contacts(6), factories.consent()
    for each in Contact.objects.filter(pk__in=people):
        factories.answer(each, consent, "given", source="form")
    undo = begun(people, "remove_consent", {"consent": consent.pk, "name": "N", "source": "fair"})
    with worker(undo) as process:
        process.heard()
        process.go()
        process.heard()
        process.kill()
    run_job("undo", undo.pk, now=NOW + LEASE)
    assert set(ContactConsent.objects.values_list("state", "source")) == {("given", "form")}
    assert HistoryEntry.objects.filter(kind="consent_restored").count() == 6


def test_two_workers_at_once_undo_each_contact_once(committed):
    people = make_contacts(10)
    undo = of_tag(people)
    with worker(undo) as first:
        assert first.heard() == "inside"
        with worker(undo, now=NOW + 2 * LEASE) as second:
            assert second.heard() == "over"
        for said in ("inside", "inside", "over"):
            first.go()
            assert first.heard() == said
    undo.refresh_from_db()
    assert (undo.state, undo.back_count, undo.since_count, undo.gone_count) == (JobState.DONE, 10, 0, 0)
    assert not tagged()


def test_two_who_undo_at_once_begin_it_once(committed):
    """The second waits for the first at the segment's row and is told that it is being undone."""
    from actions.errors import UndoneError
    from actions.models import Undo
    from segmentation.models import Segment

    people = make_contacts(2)
    tag = factories.tag("VIP")
    params = {"tag": tag.pk, "name": "VIP"}
    run = services.plan_action(ready_segment(people), kind="add_tag", params=params, now=NOW, by=None).runs.get()
    run_job("action", run.pk, now=NOW)
    errors: list[Exception] = []
    with transaction.atomic():
        Segment.objects.select_for_update(no_key=True).get(pk=run.action.segment_id)
        second = in_thread(lambda: services.undo_run(run, now=NOW, by=None), errors)
        wait_until_blocked(connection, errors)
        services.undo_run(run, now=NOW, by=None)
    second.join(timeout=30)
    assert [type(error) for error in errors] == [UndoneError]
    assert Undo.objects.count() == 1


def test_whom_another_action_touches_meanwhile_is_left_to_it(committed):
    """While a chunk is undone, another run wants to put the tag on the same: it waits, and has them afterwards."""
    people = make_contacts(8)
    undo = of_tag(people)
    tag = Tag.objects.get()
    params = {"tag": tag.pk, "name": "VIP"}
    again = services.plan_action(ready_segment(people), kind="add_tag", params=params, now=NOW, by=None).runs.get()
    errors: list[Exception] = []
    with worker(undo) as process:
        assert process.heard() == "inside"  # four are taken off, not committed
        other = in_thread(lambda: run_job("action", again.pk, now=NOW + timedelta(seconds=1)), errors)
        wait_until_somebody_waits(errors)
        process.go()
        assert process.heard() == "inside"
        process.kill()
    other.join(timeout=30)
    assert errors == []
    run_job("undo", undo.pk, now=NOW + LEASE)
    undo.refresh_from_db()
    again.refresh_from_db()
    assert (undo.state, undo.back_count + undo.since_count) == (JobState.DONE, 8)
    assert again.state == JobState.DONE
    assert tagged() == ActionRun.objects.get(pk=again.pk).changed_ids
    assert len(tagged()) == again.changed_count
    assert undo.back_count >= again.changed_count


def test_whoever_changes_a_contact_while_it_is_undone_comes_before_or_after(committed):
    """Somebody takes the tag off one by hand, uncommitted: the undo waits for them and leaves that contact."""
    people = make_contacts(3)
    undo = of_tag(people)
    errors: list[Exception] = []
    with transaction.atomic():
        first = Contact.objects.get(pk=people[0])
        tag_services.take_tag_off(first, Tag.objects.get(), now=NOW, by="A", user=None)
        runner = in_thread(lambda: run_job("undo", undo.pk, now=NOW), errors)
        wait_until_blocked(connection, errors)
    runner.join(timeout=30)
    undo.refresh_from_db()
    assert errors == []
    assert (undo.state, undo.back_count, undo.since_count) == (JobState.DONE, 2, 1)


def test_a_failed_run_tried_again_and_killed_in_the_middle_changes_each_contact_once(committed, monkeypatch):
    """It fails after two chunks, is tried again, its worker is killed; whoever takes over ends it where it stood."""
    from actions.kinds import KINDS
    from tests.test_actions_killed import tag_run
    from tests.test_actions_killed import worker as action_worker

    people = make_contacts(14)
    run, kind = tag_run(people), KINDS["add_tag"]
    real, handled = kind.apply, []

    def failing(run, params, ids, *, now):
        handled.append(ids)
        if len(handled) > 2:
            raise RuntimeError("on purpose")
        return real(run, params, ids, now=now)

    with monkeypatch.context() as patched:
        patched.setattr(kind, "chunk", 4, raising=False)
        patched.setattr(kind, "apply", failing, raising=False)
        run_job("action", run.pk, now=NOW)
    run.refresh_from_db()
    assert (run.state, run.changed_count) == (JobState.ERRORED, 8)
    assert services.retry_run(run, now=NOW)
    with action_worker(run) as process:
        assert process.heard() == "inside"
        process.kill()
    run_job("action", run.pk, now=NOW + LEASE)
    run.refresh_from_db()
    assert (run.state, run.changed_count, run.already_count) == (JobState.DONE, 14, 0)
    assert run.changed_ids == tagged() == people
