"""Runs on picked contacts: cancelled, repeated, undone, killed; what is kept of them, and how long."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils.timezone import now as clock

from actions import picked, running, services
from actions.errors import AnsweredError, ResultChangedError, WindowClosedError
from actions.kinds import KINDS
from actions.models import Action, ActionRun, PickedContacts, Undo
from jobs.models import JobState
from jobs.services import run as run_job
from tests import factories
from tests.support.picking import URL, carried_out, fixed, people, started, tagged

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def test_a_run_cancelled_half_way_keeps_what_was_done_and_can_be_undone(marketer, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(6)
    run = started(contacts, marketer)
    run_job("action", run.pk, now=clock(), turn=timedelta(0))  # one chunk a turn
    services.cancel_run(ActionRun.objects.get(pk=run.pk), now=clock())
    run.refresh_from_db()
    assert (run.state, run.changed_count) == (JobState.CANCELLED, 2)
    undo = services.undo_run(run, now=clock(), by=marketer)
    run_job("undo", undo.pk, now=clock())
    assert (Undo.objects.get().back_count, tagged()) == (2, set())


def test_a_failed_run_goes_on_where_it_stopped(client, marketer):
    contacts = people(4)
    run = started(contacts, marketer)
    ActionRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    assert f"runs/{run.pk}/retry/" in client.get(URL).content.decode()
    assert client.post(f"/segments/actions/runs/{run.pk}/retry/").url == URL
    carried_out()
    assert tagged() == {each.pk for each in contacts}


def test_a_stopped_action_is_not_repeated(marketer):
    run = started(people(), marketer)
    ActionRun.objects.filter(pk=run.pk).update(state=JobState.FAILED)
    Action.objects.update(stopped_at=clock())
    with pytest.raises(WindowClosedError):
        services.retry_run(ActionRun.objects.get(pk=run.pk), now=clock())


# --- what is kept ---------------------------------------------------------------------------------------------------
def test_what_was_not_answered_goes_after_a_day_and_what_was_done_stays(marketer):
    at = clock()
    unanswered, done = fixed([1], marketer, now=at), started(people(), marketer).action.picked
    picked.forget_picked(at + timedelta(hours=23))
    assert PickedContacts.objects.count() == 2
    picked.forget_picked(at + timedelta(days=2))
    assert list(PickedContacts.objects.values_list("pk", flat=True)) == [done.pk]
    assert unanswered.pk != done.pk
    ActionRun.objects.update(state=JobState.DONE)
    picked.forget_picked(at + timedelta(days=402))
    assert not PickedContacts.objects.exists()
    assert not ActionRun.objects.exists()


def test_what_still_runs_is_kept_however_old(marketer):
    at = clock()
    started(people(), marketer)
    picked.forget_picked(at + timedelta(days=402))
    assert ActionRun.objects.count() == 1


def test_a_question_answered_or_gone_is_refused_by_the_service(marketer):
    run = started(people(), marketer)
    form = KINDS["add_tag"].form({"tags": "b"}, now=clock(), by=marketer)
    assert form.is_valid()
    kept = run.action.picked
    with pytest.raises(AnsweredError):
        picked.act_on(kept, form, kind=KINDS["add_tag"], now=clock(), by=marketer)
    with pytest.raises(ResultChangedError):
        picked.asked(uuid4(), by=marketer)
    fresh = fixed([1], marketer)
    PickedContacts.objects.filter(pk=fresh.pk).delete()
    with pytest.raises(ResultChangedError):
        picked.act_on(fresh, form, kind=KINDS["add_tag"], now=clock(), by=marketer)


# --- interrupted -----------------------------------------------------------------------------------------------------
def abandon(job) -> None:
    """Its worker died a while ago, without a word."""
    type(job).objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, lease_owner="somebody", lease_until=clock() - timedelta(seconds=1)
    )


@pytest.mark.parametrize("died", [0, 1, 2])
def test_a_run_and_its_undo_whose_workers_died_are_finished_by_others_as_if_by_one(marketer, monkeypatch, died):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(6)
    factories.tag("VIP", contacts[3])
    run = started(contacts, marketer)
    for _chunk in range(died):
        run_job("action", run.pk, now=clock(), turn=timedelta(0))
        abandon(run)
    run_job("action", run.pk, now=clock())
    run.refresh_from_db()
    assert (run.state, run.total, run.changed_count, run.already_count) == (JobState.DONE, 6, 5, 1)
    assert tagged() == {each.pk for each in contacts}
    undo = services.undo_run(run, now=clock(), by=marketer)
    for _chunk in range(died):
        run_job("undo", undo.pk, now=clock(), turn=timedelta(0))
        abandon(undo)
    run_job("undo", undo.pk, now=clock())
    undo.refresh_from_db()
    assert (undo.state, undo.back_count, undo.since_count) == (JobState.DONE, 5, 0)
    assert tagged() == {contacts[3].pk}


def test_what_fails_in_the_middle_of_a_chunk_leaves_nothing_of_it(marketer, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(4)
    run = started(contacts, marketer)
    run_job("action", run.pk, now=clock(), turn=timedelta(0))
    real = running.count

    def dies(*args, **more):
        real(*args, **more)
        raise RuntimeError("the power went")

    monkeypatch.setattr(running, "count", dies)
    run_job("action", run.pk, now=clock())
    run.refresh_from_db()
    assert (run.state, run.changed_count, len(tagged())) == (JobState.ERRORED, 2, 2)
    monkeypatch.setattr(running, "count", real)
    assert services.retry_run(ActionRun.objects.get(pk=run.pk), now=clock())
    run_job("action", run.pk, now=clock())
    assert tagged() == {each.pk for each in contacts}
