"""Work announced while the scheduler looks at an account is never forgotten, however late it is due."""

import threading
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now as clock

from accounts.models import Account
from jobs import scheduler
from jobs.services import due
from segmentation.models import Segment
from segmentation.services import Settings, edit_settings
from tags.services import tags_named
from tests.support.segments import calculated


def look(account: Any, monkeypatch: Any, *, meanwhile: Any, now: datetime) -> Any:
    """One look at the account, due now, with `meanwhile` between the other looks; when the next one is due."""
    monkeypatch.setattr(scheduler, "TICKS", [*scheduler.TICKS, meanwhile])
    Account.objects.filter(pk=account.pk).update(next_due_at=now)
    scheduler.look_at(Account.objects.get(pk=account.pk), now=now)
    return Account.objects.get(pk=account.pk).next_due_at


def test_a_refresh_set_during_a_look_is_looked_at_in_time(account: Any, make_user: Any, monkeypatch: Any) -> None:
    now = clock()
    segment = calculated(now=now, by=make_user("marketer"))

    def edited(_now: datetime) -> None:
        edit_settings(segment, settings=Settings("S", 24, 1, "hour"), revision=segment.revision, now=now, by=None)

    at = look(account, monkeypatch, meanwhile=edited, now=now)
    assert at is not None
    assert at <= Segment.objects.get().next_refresh_at


def test_a_tag_made_during_a_look_is_counted_in_time(committed: Any, account: Any, monkeypatch: Any) -> None:
    now = clock()

    def tagged(_now: datetime) -> None:
        tags_named("vip", now=now)

    at = look(account, monkeypatch, meanwhile=tagged, now=now)
    assert at is not None
    assert at <= now + timedelta(hours=1)


def test_a_look_without_announcements_sets_the_time_its_looks_give(account: Any, monkeypatch: Any) -> None:
    now = clock()
    monkeypatch.setattr(scheduler, "TICKS", [])
    monkeypatch.setattr(scheduler, "KINDS", {})
    assert look(account, monkeypatch, meanwhile=lambda at: at + timedelta(days=1), now=now) == now + timedelta(days=1)


def test_announced_in_a_transaction_that_outlasts_the_look(committed: Any, account: Any, monkeypatch: Any) -> None:
    now = clock()
    announced, end = threading.Event(), threading.Event()

    def other() -> None:
        connection.set_tenant(account)
        try:
            with transaction.atomic():
                due(now + timedelta(hours=1))
                announced.set()
                end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=other)

    def meanwhile(_now: datetime) -> None:
        thread.start()
        announced.wait(10)
        threading.Timer(0.3, end.set).start()

    started = time.monotonic()
    at = look(account, monkeypatch, meanwhile=meanwhile, now=now)
    thread.join(60)
    assert time.monotonic() - started > 0.2
    assert at is not None
    assert at <= now + timedelta(hours=1)
