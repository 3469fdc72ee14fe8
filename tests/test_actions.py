"""Actions: planned or at once, refused outside the window, carried out once for each contact."""

from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from pyroaring import BitMap

from actions import running, services
from actions.errors import AlreadyPlannedError, NotRefreshingError, WindowClosedError
from actions.kinds import KINDS, KindError, offered_kinds
from actions.models import Action, ActionRun
from contacts.models import Consent, Contact, ContactConsent, HistoryEntry
from jobs.models import JobState
from jobs.services import run as run_job
from tags.models import ContactCategory, ContactTag, Tag
from tests import factories
from tests.support.audiences import (
    NOW,
    add_calculation,
    make_contacts,
    make_segment,
    ready_segment,
    start_calculation,
)

HOUR = timedelta(hours=1)


def plan(segment, kind="add_tag", params=None, **more):
    if params is None:
        params = tag_params("VIP")
    return services.plan_action(segment, kind=kind, params=params, **({"now": NOW, "by": None} | more))


def tag_params(name):
    tag = factories.tag(name)
    return {"tag": tag.pk, "name": tag.name}


def carry_out(run, now=NOW):
    run_job("action", run.pk, now=now)
    run.refresh_from_db()
    return run


def only_run(action):
    return action.runs.get()


def calculated(segment, members, at=NOW):
    """A new calculation, with what follows from it."""
    calculation = add_calculation(segment, members, at=at)
    services.start_planned(calculation, at)
    return calculation


def tagged(name="VIP"):
    return BitMap(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


def test_the_seven_kinds_are_offered(db):
    """IP17."""
    assert set(offered_kinds()) == {
        "add_category", "remove_category", "add_tag", "remove_tag", "add_consent", "remove_consent", "export",
    }  # fmt: skip


def test_an_action_on_a_ready_segment_runs_at_once_with_its_latest_calculation(db):
    """IP26."""
    segment = ready_segment(make_contacts(3))
    run = only_run(plan(segment))
    assert (run.calculation_id, run.state) == (segment.latest_id, JobState.WAITING)


def test_an_action_planned_while_in_creation_runs_when_the_calculation_ends(db):
    """IP18."""
    segment, members = make_segment(), make_contacts(2)
    start_calculation(segment)
    action = plan(segment)
    assert not action.runs.exists()
    segment.calculations.all().delete()
    calculation = calculated(segment, members)
    run = carry_out(only_run(action))
    assert (run.calculation, run.changed_count, tagged()) == (calculation, 2, members)


def test_no_action_after_the_window_closed(db):
    """IP20."""
    segment = ready_segment(make_contacts(1))
    with pytest.raises(WindowClosedError):
        plan(segment, now=segment.ready_until)
    assert not Action.objects.exists()


def test_an_action_up_to_the_last_moment_of_the_window(db):
    segment = ready_segment(make_contacts(1))
    assert plan(segment, now=segment.ready_until - timedelta(microseconds=1)).runs.exists()


def test_an_archived_segment_that_is_being_calculated_again_takes_actions(db):
    segment = ready_segment(make_contacts(1))
    start_calculation(segment, at=NOW + 30 * HOUR)
    action = plan(segment, now=NOW + 30 * HOUR)
    assert not action.runs.exists()


def test_a_segment_never_calculated_and_not_under_calculation_takes_none(db):
    with pytest.raises(WindowClosedError):
        plan(make_segment())


@pytest.mark.parametrize("more", [{"every_refresh": True}, {"audience": "joined"}, {"audience": "left"}])
def test_what_needs_refreshing_is_refused_on_a_segment_calculated_once(db, more):
    with pytest.raises(NotRefreshingError):
        plan(ready_segment(make_contacts(1)), **more)


def test_a_form_sent_twice_adds_one_action(db):
    segment, params = ready_segment(make_contacts(1)), tag_params("VIP")
    plan(segment, params=params)
    with pytest.raises(AlreadyPlannedError):
        plan(segment, params=params)


def test_the_same_action_can_be_added_again_when_it_is_done(db):
    segment, params = ready_segment(make_contacts(1)), tag_params("VIP")
    carry_out(only_run(plan(segment, params=params)))
    assert carry_out(only_run(plan(segment, params=params))).already_count == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [({}, "tag"), ({"tag": "7", "name": "A"}, "tag"), ({"tag": 7, "name": "A", "all": True}, "all")],
)
def test_parameters_that_the_kind_does_not_know_are_refused_with_their_field(db, params, field):
    with pytest.raises(KindError) as refused:
        plan(ready_segment(make_contacts(1)), params=params)
    assert field in refused.value.fields


def test_an_unknown_kind_or_audience_is_refused(db):
    segment = ready_segment(make_contacts(1))
    with pytest.raises(KindError):
        plan(segment, kind="send_mail", params={})
    with pytest.raises(KindError):
        plan(segment, audience="everyone")


def test_stored_parameters_that_no_longer_fit_fail_the_run_and_change_nobody(db):
    segment = ready_segment(make_contacts(2))
    action = plan(segment)
    Action.objects.update(params={"tag": action.params["tag"], "name": "VIP", "all_contacts": True})
    run = carry_out(only_run(action))
    assert (run.state, tagged()) == (JobState.FAILED, BitMap())
    assert "all_contacts" in run.problem_text


def test_a_recurring_action_runs_after_every_calculation(db):
    """SG1."""
    people = make_contacts(4)
    segment = ready_segment(people[:2], refreshes=True)
    action = plan(segment, every_refresh=True)
    calculated(segment, people[:3], at=NOW + HOUR)
    calculated(segment, people, at=NOW + 2 * HOUR)
    assert [carry_out(run).changed_count for run in action.runs.order_by("pk")] == [2, 1, 1]


def test_an_action_once_does_not_run_after_the_next_calculation(db):
    people = make_contacts(3)
    segment = ready_segment(people[:2], refreshes=True)
    action = plan(segment)
    calculated(segment, people, at=NOW + HOUR)
    assert action.runs.count() == 1


def test_only_those_who_joined(db):
    people = make_contacts(5)
    segment = ready_segment(people[:3], refreshes=True)
    calculated(segment, people[1:], at=NOW + HOUR)
    run = carry_out(only_run(plan(segment, audience="joined", now=NOW + HOUR)))
    assert (run.total, tagged()) == (2, people[3:])


def test_only_those_who_left(db):
    people = make_contacts(5)
    segment = ready_segment(people[:3], refreshes=True)
    calculated(segment, people[1:], at=NOW + HOUR)
    run = carry_out(only_run(plan(segment, audience="left", now=NOW + HOUR)))
    assert (run.total, tagged()) == (1, people[:1])


def test_one_calculation_starts_a_recurring_action_once(db):
    segment = ready_segment(make_contacts(2), refreshes=True)
    action = plan(segment, every_refresh=True)
    services.start_planned(segment.latest, NOW)
    assert action.runs.count() == 1


def test_a_stopped_action_does_not_run_again(db, marketer):
    people = make_contacts(2)
    segment = ready_segment(people, refreshes=True)
    action = plan(segment, every_refresh=True)
    assert services.stop_action(action, now=NOW, by=marketer)
    calculated(segment, people, at=NOW + HOUR)
    assert action.runs.count() == 1
    assert not services.stop_action(action, now=NOW, by=marketer)


def test_a_planned_action_that_was_cancelled_does_not_run(db, marketer):
    segment = make_segment()
    start_calculation(segment)
    action = plan(segment)
    services.stop_action(action, now=NOW, by=marketer)
    segment.calculations.all().delete()
    calculated(segment, make_contacts(1))
    assert not action.runs.exists()


def test_an_empty_audience_is_done_at_once(db):
    run = carry_out(only_run(plan(ready_segment())))
    assert (run.state, run.total, run.changed_count) == (JobState.DONE, 0, 0)


def test_everyone_is_changed_already_so_or_gone(db):
    people = make_contacts(6)
    segment = ready_segment(people)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people[:2]))
    Contact.objects.filter(pk=people[5]).delete()
    run = carry_out(only_run(plan(segment)))
    assert (run.changed_count, run.already_count, run.gone_count, run.progress) == (3, 2, 1, 6)
    assert run.changed_ids == people[2:5]
    assert tagged() == people[:5]


def test_a_run_goes_chunk_by_chunk(db, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 4)
    people = make_contacts(10)
    run = carry_out(only_run(plan(ready_segment(people))))
    assert (run.changed_count, run.changed_ids, run.cursor) == (10, people, people.max())


def test_removing_a_tag(db):
    people = make_contacts(4)
    factories.tag("VIP", *Contact.objects.filter(pk__in=people[:3]))
    run = carry_out(only_run(plan(ready_segment(people[1:]), kind="remove_tag")))
    assert (run.changed_count, run.already_count, tagged()) == (2, 1, people[:1])


def test_adding_a_category_leaves_permanent_history(db, marketer):
    """IC3."""
    people, category = make_contacts(3), factories.category("klient/media")
    params = {"category": category.pk, "name": category.name}
    run = carry_out(only_run(plan(ready_segment(people), kind="add_category", params=params, by=marketer)))
    entries = HistoryEntry.objects.filter(kind="category_added", action_run_id=run.pk, user=marketer)
    assert BitMap(entries.values_list("contact_id", flat=True)) == people
    assert BitMap(ContactCategory.objects.values_list("contact_id", flat=True)) == people


@pytest.mark.parametrize(("below", "left"), [(True, 0), (False, 1)])
def test_removing_a_category_with_or_without_those_below(db, below, left):
    people = make_contacts(2)
    one, two = Contact.objects.filter(pk__in=people)
    parent = factories.category("klient", one)
    factories.category("klient/media", one, two)
    params = {"category": parent.pk, "name": "Klient", "below": below}
    run = carry_out(only_run(plan(ready_segment(people), kind="remove_category", params=params)))
    assert ContactCategory.objects.count() == 2 * left
    assert run.changed_count == (2 if below else 1)


@pytest.mark.parametrize(("kind", "state"), [("add_consent", "given"), ("remove_consent", "withdrawn")])
def test_consents_are_written_down_with_their_source(db, kind, state):
    people, consent = make_contacts(2), factories.consent()
    params = {"consent": consent.pk, "name": "Newsletter", "source": "fair in Poznań"}
    run = carry_out(only_run(plan(ready_segment(people), kind=kind, params=params)))
    answers = ContactConsent.objects.filter(consent=consent, state=state, source="fair in Poznań")
    assert (run.changed_count, answers.count()) == (2, 2)


def test_a_consent_without_a_source_is_refused(db):
    consent = factories.consent()
    with pytest.raises(KindError) as refused:
        plan(
            ready_segment(make_contacts(1)),
            kind="add_consent",
            params={"consent": consent.pk, "name": "N", "source": ""},
        )
    assert refused.value.fields == ["source"]


def test_a_label_that_is_gone_fails_the_run_in_words(db):
    segment = ready_segment(make_contacts(1))
    action = plan(segment)
    Tag.objects.all().delete()
    run = carry_out(only_run(action))
    assert run.state == JobState.FAILED
    assert "VIP" in run.problem_text


def test_cancelling_a_run_keeps_what_was_done(db, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    people = make_contacts(6)
    run = only_run(plan(ready_segment(people)))
    real = running.audience_of

    def cancelled_between_chunks(job):
        if job.progress == 4:
            services.cancel_run(job, now=NOW)
        return real(job)

    monkeypatch.setattr(running, "audience_of", cancelled_between_chunks)
    carry_out(run)
    assert (run.state, run.changed_count, tagged()) == (JobState.CANCELLED, 4, people[:4])


def test_a_failed_run_can_be_retried_and_goes_on_where_it_stopped(db, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    people = make_contacts(6)
    action = plan(ready_segment(people))
    run, kind = only_run(action), KINDS["add_tag"]
    real, calls = type(kind).apply, []

    def fails_at_the_second(self, job, params, ids, *, now):
        calls.append(ids)
        if len(calls) == 2:
            raise ValueError
        return real(self, job, params, ids, now=now)

    monkeypatch.setattr(type(kind), "apply", fails_at_the_second)
    assert carry_out(run).state == JobState.ERRORED
    assert run.changed_count == 2
    assert services.retry_run(run, now=NOW)
    assert carry_out(run).state == JobState.DONE
    assert (run.changed_count, run.already_count, tagged()) == (6, 0, people)


def test_the_window_closing_meanwhile_refuses_the_action(committed, account):
    """IP20: by race. The other transaction has shortened the window but not committed when the action is planned."""
    segment = ready_segment(make_contacts(1))
    params = tag_params("VIP")
    other = connections.create_connection("default")
    other.set_tenant(connection.tenant)
    other.set_autocommit(False)
    refused = []
    try:
        with other.cursor() as cursor:
            cursor.execute("UPDATE segmentation_segment SET ready_until = %s WHERE id = %s", [NOW, segment.pk])
        planner = in_thread(lambda: plan(segment, params=params, now=NOW + HOUR), refused)
        wait_until_blocked(other, refused)
        other.commit()
        planner.join(timeout=30)
    finally:
        other.close()
    assert [type(error) for error in refused] == [WindowClosedError]
    assert not Action.objects.exists()


def test_a_calculation_ending_meanwhile_starts_the_action_all_the_same(committed, account):
    """The segment's row is locked by both, so the plan comes either before the result or after it: never in between."""
    segment, members, params = make_segment(), make_contacts(2), tag_params("VIP")
    start_calculation(segment)
    errors = []
    with transaction.atomic():
        type(segment).objects.select_for_update(no_key=True).get(pk=segment.pk)
        planner = in_thread(lambda: plan(segment, params=params), errors)
        wait_until_blocked(connection, errors)
        segment.calculations.all().delete()
        calculated(segment, members)
    planner.join(timeout=30)
    assert errors == []
    assert ActionRun.objects.get().calculation_id == segment.latest_id


def in_thread(work, errors):
    """`work` in another thread with a connection of its own; what it raises goes into `errors`."""
    from threading import Thread

    tenant = connection.tenant

    def inside():
        connection.set_tenant(tenant)
        try:
            work()
        except Exception as error:  # noqa: BLE001 (told to the test)
            errors.append(error)
        finally:
            connection.close()

    thread = Thread(target=inside)
    thread.start()
    return thread


def wait_until_blocked(holder, errors, seconds=30):
    """Until some session waits for a lock that `holder` has."""
    from time import monotonic

    deadline = monotonic() + seconds
    while monotonic() < deadline:
        with holder.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError(f"nobody waits; {errors}")


def test_consents_named_by_live_actions_are_told(db):
    from contacts.hooks import uses_of_consent

    consent = factories.consent()
    params = {"consent": consent.pk, "name": "N", "source": "fair"}
    segment = ready_segment(make_contacts(1), name="Fair")
    plan(segment, kind="add_consent", params=params)
    assert any("Fair" in use.title for use in uses_of_consent(Consent.objects.get()))


def test_a_segment_with_a_recurring_action_is_not_deleted(db):
    """IP34."""
    from segmentation import hooks

    segment = ready_segment(make_contacts(1), refreshes=True)
    action = plan(segment, every_refresh=True)
    carry_out(only_run(action))
    assert [use.name for use in hooks.uses_of(segment) if use.live] == ["Add tag VIP"]
    services.stop_action(action, now=NOW, by=None)
    assert [use for use in hooks.uses_of(segment) if use.live] == []


def test_a_tag_named_by_a_live_action_tells_where(db):
    from tags.usage import uses_of

    segment = ready_segment(make_contacts(1), name="Fair")
    plan(segment)
    assert "Fair" in [use.name for use in uses_of(Tag.objects.get())]
