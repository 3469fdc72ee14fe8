"""Giving and asking at the same time: real transactions on several connections."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

import pool.services as pool
from network import services
from pool.models import Given, Participant
from pool.rounds import begins, round_at
from tests import factories
from tests.support.network import give, other
from tests.test_activities_races import elsewhere

NOW = begins(round_at(factories.NOW)) + timedelta(hours=2)
NEXT = NOW + timedelta(hours=24)
OVER = round_at(NOW)
GIVEN = ["ala@example.com", "ewa@example.com"]


@pytest.fixture
def late(committed: None, settings: Any) -> Participant:
    """One of three that have given in a round, about which the account may ask: this one has given nothing yet."""
    settings.NETWORK_ACCOUNTS, settings.NETWORK_ADDRESSES, settings.NETWORK_YES = 3, 2, 2
    services.switch_on(consent=None, now=NOW - timedelta(days=2), by="Ada")
    give(Participant.objects.get(), ["mine@example.com"], number=OVER)
    for emails in (["ala@example.com"], []):
        other(*emails, now=NEXT)
    own = other(now=NEXT, crowd=0)
    Given.objects.filter(participant=own).delete()
    return own


def give_all(own: Participant) -> None:
    with transaction.atomic():
        pool.give(own, OVER, GIVEN, now=NOW)
        pool.all_given(own, OVER, now=NOW)


def test_who_asks_waits_for_who_gives_just_now(late: Participant, account: Any) -> None:
    answers: list[set[str]] = []
    with transaction.atomic():
        give_all(late)
        thread = elsewhere(account, lambda: answers.append(pool.elsewhere(OVER, ["ala@example.com"], now=NEXT)))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert answers == [{"ala@example.com"}]


def test_who_gives_while_another_asks_is_refused(late: Participant, account: Any) -> None:
    failed: list[BaseException] = []
    with transaction.atomic():
        assert pool.elsewhere(OVER, ["ala@example.com"], now=NEXT) == set()
        thread = elsewhere(account, partial(give_all, late), failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [type(each) for each in failed] == [pool.RoundOverError]
    assert pool.elsewhere(OVER, ["ala@example.com"], now=NEXT) == set()
