"""The scheduler: one query when idle; lost messages, lost workers, double ticks, failing accounts."""

from datetime import timedelta

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from accounts.models import Account
from jobs import registry, scheduler, services, tasks
from jobs.lease import LEASE, Lease, claim
from jobs.models import JobState
from tests.support.audiences import NOW
from tests.support.jobs import make_job, probe

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What was given to the broker."""
    messages = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args: messages.append(tuple(args)))
    return messages


@pytest.fixture(autouse=True)
def _only_the_probe(monkeypatch):
    monkeypatch.setattr(scheduler, "TICKS", [])
    monkeypatch.setattr(scheduler, "PURGES", [])
    before = dict(registry.KINDS)
    registry.KINDS.clear()
    registry.KINDS["probe"] = probe()
    yield
    registry.KINDS.clear()
    registry.KINDS.update(before)


def due_at(account, at):
    Account.objects.filter(pk=account.pk).update(next_due_at=at)


def due_of(account):
    return Account.objects.get(pk=account.pk).next_due_at


def test_an_idle_tick_is_one_query_however_many_accounts_there_are(account):
    Account.objects.bulk_create(Account(schema_name=f"a{number}", name="A") for number in range(1000))
    due_at(account, NOW + MINUTE)
    with CaptureQueriesContext(connection) as queries:
        assert scheduler.tick(NOW) == 0
    assert len([query for query in queries if "search_path" not in query["sql"]]) == 1


def test_waking_queues_a_message_on_commit(committed, account, sent):
    job = make_job()
    services.wake(job, now=NOW)
    assert sent == [("acme", "probe", job.pk)]
    assert due_of(account) == NOW + services.QUEUED


def test_an_unreachable_broker_does_not_fail_the_page(committed, account, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(current_app, "send_task", refuse)
    from django.db import transaction

    with transaction.atomic():
        services.wake(make_job(), now=NOW)
    assert "no broker" in caplog.text


def test_a_lost_message_is_sent_again(committed, account, sent):
    job = make_job()
    services.wake(job, now=NOW)
    sent.clear()
    assert scheduler.tick(NOW + services.QUEUED - timedelta(seconds=1)) == 0
    scheduler.tick(NOW + services.QUEUED)
    assert sent == [("acme", "probe", job.pk)]


def test_a_message_that_is_still_queued_is_not_sent_every_half_minute(committed, account, sent):
    services.wake(make_job(), now=NOW)
    for seconds in range(60, 300, 30):
        scheduler.tick(NOW + timedelta(seconds=seconds))
    assert len(sent) == 2  # waking it, and once again after a minute


def test_a_job_of_a_worker_that_has_gone_is_queued_again(committed, account, sent):
    job = make_job()
    services.wake(job, now=NOW)
    claim(probe(), job.pk, lease=Lease(lambda: NOW))
    sent.clear()
    scheduler.tick(NOW + services.QUEUED)
    assert sent == []
    scheduler.tick(NOW + LEASE)
    assert sent == [("acme", "probe", job.pk)]
    assert services.run("probe", job.pk, now=NOW + LEASE).state == JobState.DONE


def test_a_second_tick_does_nothing_twice(committed, account, sent):
    due_at(account, NOW)
    looks = []
    scheduler.TICKS.append(looks.append)
    assert scheduler.tick(NOW) == 1
    assert scheduler.tick(NOW) == 0
    assert looks == [NOW]


def test_two_ticks_at_once_look_at_an_account_once(committed, account, sent):
    due_at(account, NOW)
    looks = []

    def look(now):
        looks.append(now)
        assert scheduler.tick(now) == 0

    scheduler.TICKS.append(look)
    scheduler.tick(NOW)
    assert looks == [NOW]


def test_work_that_arrives_during_a_look_is_not_forgotten(committed, account, sent):
    due_at(account, NOW)
    scheduler.TICKS.append(lambda now: services.due(now + MINUTE))
    scheduler.tick(NOW)
    assert due_of(account) == NOW + MINUTE


def test_the_next_look_is_the_earliest_asked_for(committed, account, sent):
    due_at(account, NOW)
    scheduler.TICKS.extend([lambda now: now + 3 * MINUTE, lambda _now: None, lambda now: now + 2 * MINUTE])
    scheduler.tick(NOW)
    assert due_of(account) == NOW + 2 * MINUTE


def test_an_account_with_nothing_ahead_is_not_looked_at(committed, account, sent):
    due_at(account, NOW)
    scheduler.tick(NOW)
    assert due_of(account) is None


def test_a_failing_look_stops_neither_the_others_nor_other_accounts(committed, account, other_account, caplog):
    due_at(account, NOW - MINUTE)
    due_at(other_account, NOW)
    looked = []

    def broken(now):
        raise ValueError("broken look")

    scheduler.TICKS.extend([broken, lambda _now: looked.append(connection.schema_name)])
    scheduler.tick(NOW)
    assert looked == ["acme", "other"]
    assert due_of(account) == NOW + scheduler.AGAIN
    assert "broken look" in caplog.text


def test_an_account_whose_schema_is_missing_does_not_stop_the_others(committed, account, other_account, caplog):
    Account.objects.bulk_create([Account(schema_name="ghost", name="Ghost", next_due_at=NOW - MINUTE)])
    due_at(other_account, NOW)
    looked = []
    scheduler.TICKS.append(lambda _now: looked.append(connection.schema_name))
    scheduler.tick(NOW)
    assert "other" in looked


def test_a_message_for_a_deleted_account_does_nothing(db):
    tasks.run_job_task("no_such_account", "probe", 1)


def test_a_worker_runs_a_job_in_the_accounts_schema_language_and_zone(committed, account):
    from django.utils import timezone, translation

    Account.objects.filter(pk=account.pk).update(language="pl", timezone="America/Lima")
    job = make_job()
    seen = []

    def step(running, now):
        seen.append((connection.schema_name, translation.get_language(), timezone.get_current_timezone_name()))
        return False

    registry.KINDS["probe"] = probe(step)
    connection.set_schema_to_public()
    tasks.run_job_task("acme", "probe", job.pk)
    assert seen == [("acme", "pl", "America/Lima")]


def test_a_purge_runs_in_every_account_and_isolates_failures(committed, account, other_account, caplog):
    purged = []

    def broken(now):
        raise ValueError("broken purge")

    scheduler.PURGES.extend([broken, lambda _now: purged.append(connection.schema_name)])
    assert scheduler.purge(NOW) == 2
    assert sorted(purged) == ["acme", "other"]
    assert due_of(account) == NOW


def test_the_commands_take_a_time(committed, account, capsys):
    due_at(account, NOW)
    call_command("tick", "--now", (NOW - MINUTE).isoformat())
    call_command("tick", "--now", NOW.isoformat())
    call_command("purge", "--now", NOW.isoformat())
    assert capsys.readouterr().out.split("\n")[:3] == [
        "accounts looked at: 0", "accounts looked at: 1", "accounts purged: 2",
    ]  # fmt: skip


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(CommandError, match="2026-11-21T08:00"):
        call_command("tick", "--now", "2026-11-21T08:00")


def test_jobs_of_one_account_are_not_seen_from_another(committed, account, other_account, sent):
    job = make_job()
    with tenant_context(other_account):
        assert services.run("probe", job.pk, now=NOW) is None
    job.refresh_from_db()
    assert job.state == JobState.WAITING
