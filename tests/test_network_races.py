"""Giving and asking at the same time: real transactions on several connections."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

import pool.services as pool
from contacts.models import Consent, Contact
from contacts.services import set_consent
from network import exchanging, services
from network.models import Exchange, Membership
from pool.models import Given, Participant
from pool.rounds import begins, round_at
from tests import factories
from tests.support.network import give, marked, other
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


@pytest.fixture
def agreed(late: Participant) -> tuple[Contact, Consent]:
    """A contact of which the account is answered yes, and the consent that it takes."""
    give_all(late)
    person, asked = factories.contact(email="ala@example.com", now=NOW - timedelta(days=9)), factories.consent()
    factories.answer(person, asked, at=NOW - timedelta(days=9))
    Membership.objects.update(consent=asked)
    return person, asked


def ask() -> None:
    with transaction.atomic():
        job = Exchange(round=OVER + 1, began_at=NEXT)
        exchanging.answer(job, Membership.objects.get(), first=1, last=2**31 - 1, now=NEXT)


def withdraw(person: Contact, consent: Consent) -> None:
    set_consent(person, consent, "withdrawn", now=NEXT, source="letter", by="t")


def test_who_withdraws_the_consent_while_the_answer_is_written_has_no_mark(agreed: Any, account: Any) -> None:
    failed: list[BaseException] = []
    with transaction.atomic():
        ask()
        assert marked() == {agreed[0].pk}
        thread = elsewhere(account, partial(withdraw, *agreed), failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert (failed, marked()) == ([], set())


def test_an_answer_that_comes_while_the_consent_is_withdrawn_makes_no_mark(agreed: Any, account: Any) -> None:
    failed: list[BaseException] = []
    with transaction.atomic():
        withdraw(*agreed)
        thread = elsewhere(account, ask, failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert (failed, marked()) == ([], set())
