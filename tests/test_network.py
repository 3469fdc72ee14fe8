"""The network signal (ED8): keyed fingerprints go, a yes or nothing comes, and off takes everything back."""

import inspect
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context
from pyroaring import BitMap

import pool.services as pool
from accounts import hooks
from contacts.erasing.services import erase_contact
from contacts.handing_over import parts
from contacts.merging import merge_contacts
from contacts.models import Consent, Contact, ContactConsent
from contacts.services import set_consent, update_contact
from jobs.models import JobState
from jobs.registry import KINDS
from jobs.services import run
from network import exchanging, services, showing
from network.models import AgreedSince, ChangedAddress, Elsewhere, Exchange, Membership, Switch
from pool.models import DIGEST, Entry, Given, Participant, Round
from pool.rounds import begins, digest, key_of, length, round_at
from tests import factories
from tests.support.network import exchange, give, marked, other

pytestmark = pytest.mark.django_db
ROUND = timedelta(hours=24)
NOW = begins(round_at(factories.NOW)) + timedelta(hours=2)
NEXT, AFTER = NOW + ROUND, NOW + 2 * ROUND
LONG_AGO = NOW - timedelta(days=400)


@pytest.fixture(autouse=True)
def _small(settings: Any) -> None:
    settings.NETWORK_ACCOUNTS, settings.NETWORK_ADDRESSES, settings.NETWORK_YES = 3, 2, 2


def engaged(email: str, *, at: datetime = NOW - timedelta(days=3)) -> Contact:
    person = factories.contact(email=email, now=LONG_AGO)
    factories.visit(person, at=at)
    return person


def on(now: datetime = NOW, **fields: Any) -> None:
    services.switch_on(consent=fields.get("consent"), now=now, by="Ada")


def own_entries() -> list[Entry]:
    return list(Entry.objects.filter(participant__account__schema_name="acme"))


def due_at(now: datetime) -> None:
    """As if the random moment of the round were now."""
    Membership.objects.update(next_at=now)


def answered(*, crowd: int = 3, now: datetime = NEXT, **gave: tuple[str, ...]) -> None:
    """Switched on a round ago; now others have given, some of them these addresses."""
    on(now - ROUND)
    exchange(now - ROUND)
    for emails in gave.values():
        other(*emails, now=now)
    for _each in range(crowd - len(gave)):
        other(now=now)
    due_at(now)
    assert exchange(now).state == JobState.DONE


# --- what leaves -----------------------------------------------------------------------------------------------
def test_nothing_leaves_before_it_is_switched_on() -> None:
    engaged("ala@example.com")
    assert services.look(NOW) is None
    assert (Exchange.objects.count(), Entry.objects.count()) == (0, 0)


def test_a_keyed_fingerprint_leaves_of_who_was_engaged_in_the_last_thirty_days_and_nothing_else() -> None:
    engaged("ala@example.com")
    engaged("ewa@example.com", at=NOW - timedelta(days=31))
    factories.contact(email="idle@example.com", now=LONG_AGO)
    factories.visit(factories.contact(email=None, now=LONG_AGO), at=NOW)
    on()
    exchange(NOW)
    [entry] = own_entries()
    assert bytes(entry.digest) == digest(key_of(round_at(NOW)), "ala@example.com")
    assert {field.name for field in Entry._meta.fields} == {"pk", "participant", "round", "digest"}
    assert Membership.objects.get().given == 1


def test_only_who_has_given_the_consent_is_given_and_asked_about() -> None:
    agreed, other_one = engaged("ala@example.com"), engaged("ewa@example.com")
    asked = factories.consent("network")
    factories.answer(agreed, asked)
    factories.answer(other_one, asked, "withdrawn")
    on(consent=asked)
    exchange(NOW)
    assert len(own_entries()) == 1
    for _each in range(3):
        other("ala@example.com", "ewa@example.com", now=NEXT)
    due_at(NEXT)
    exchange(NEXT)
    assert marked() == {agreed.pk}


def agreed_and_marked(*emails: str) -> tuple[Consent, list[Contact]]:
    asked = factories.consent("network")
    people = [engaged(email) for email in emails]
    for person in people:
        factories.answer(person, asked, at=LONG_AGO)
    on(consent=asked)
    exchange(NOW)
    for _each in range(3):
        other(*emails, now=NEXT)
    due_at(NEXT)
    exchange(NEXT)
    assert marked() == {person.pk for person in people}
    return asked, people


def withdraw(people: list[Contact], consent: Consent, **more: Any) -> None:
    set_consent(BitMap(each.pk for each in people), consent, "withdrawn", now=NEXT, source="letter", by="t", **more)


def test_who_withdraws_the_consent_has_no_mark_from_that_moment(noon: None) -> None:
    asked, [ala, ewa] = agreed_and_marked("ala@example.com", "ewa@example.com")
    withdraw([ala, ewa], factories.consent("another"))
    assert marked() == {ala.pk, ewa.pk}
    withdraw([ala], asked)
    assert marked() == {ewa.pk}
    assert list(showing.members()) == [ewa.pk]
    assert list(parts["network_signal"].rows(ala)) == []


def test_an_answer_that_is_removed_or_becomes_anothers_by_a_merge_takes_the_mark_along(noon: None) -> None:
    asked, [ala, ewa] = agreed_and_marked("ala@example.com", "ewa@example.com")
    ContactConsent.objects.filter(contact=ewa).delete()
    assert marked() == {ala.pk}
    refused = factories.contact(now=LONG_AGO)
    factories.answer(refused, asked, "withdrawn", at=NEXT)
    merge_contacts([ala.pk, refused.pk], into=ala.pk, chosen={"email": ala.pk}, now=NEXT, by="t")
    assert marked() == set()


def test_without_a_chosen_consent_a_withdrawal_takes_no_mark(noon: None) -> None:
    person, asked = engaged("ala@example.com"), factories.consent()
    factories.answer(person, asked, at=LONG_AGO)
    answered(first=("ala@example.com",), second=("ala@example.com",))
    withdraw([person], asked)
    assert marked() == {person.pk}


@pytest.mark.parametrize("how", ["given again", "put back as it was"])
def test_of_who_agrees_again_nothing_is_known_until_the_next_exchange(how: str, noon: None) -> None:
    asked, [ala, ewa] = agreed_and_marked("ala@example.com", "ewa@example.com")
    withdraw([ala], asked)
    if how == "given again":
        set_consent(ala, asked, "given", now=NEXT + timedelta(minutes=1), source="form", by="t")
    else:
        ContactConsent.objects.filter(contact=ala).update(state="given", changed_at=LONG_AGO)
    own = Membership.objects.get()
    assert marked() == {ewa.pk}
    assert (exchanging.asked_about(own, ala), exchanging.asked_about(own, ewa)) == (False, True)
    due_at(AFTER)
    exchange(AFTER)  # nobody has given their addresses again
    assert exchanging.asked_about(Membership.objects.get(), ala)
    services.switch_off(now=AFTER, by="Ada")
    assert not AgreedSince.objects.exists()


def test_a_withdrawal_of_many_costs_the_marks_one_statement(noon: None) -> None:
    asked, people = agreed_and_marked(*(f"p{number}@example.com" for number in range(3)))
    with CaptureQueriesContext(connection) as one:
        withdraw(people[:1], asked)
    with CaptureQueriesContext(connection) as many:
        withdraw(people[1:], asked)
    assert len(one) == len(many)
    assert marked() == set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(tgtype & 1 = 0) FROM pg_trigger"  # none for each row
            " WHERE tgrelid = 'contacts_contactconsent'::regclass AND tgname LIKE 'network%'"
        )
        assert cursor.fetchone() == (True,)


def test_each_round_has_a_key_of_its_own_and_two_rounds_are_kept_at_most(settings: Any) -> None:
    engaged("ala@example.com")
    on()
    for number in range(4):
        due_at(NOW + number * ROUND)
        exchange(NOW + number * ROUND)
    kept = own_entries()
    assert sorted(entry.round for entry in kept) == [round_at(NOW) + 2, round_at(NOW) + 3]
    assert len({bytes(entry.digest) for entry in kept}) == 2
    before = key_of(1)
    settings.NETWORK_KEY = "another"
    assert key_of(1) != before
    assert len(bytes(kept[0].digest)) == DIGEST


def test_what_an_account_left_behind_is_removed_by_the_purge_of_any_other() -> None:
    away = other("ala@example.com", now=NOW)
    services.remove_old(NOW)
    assert Entry.objects.filter(participant=away).exists()
    services.remove_old(NEXT)
    assert not Entry.objects.exists()
    assert not Given.objects.exists()


# --- what comes ------------------------------------------------------------------------------------------------
def test_a_yes_is_one_row_and_a_no_is_none() -> None:
    yes, no = engaged("ala@example.com"), engaged("ewa@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    assert marked() == {yes.pk}
    assert no.pk not in marked()
    assert {field.name for field in Elsewhere._meta.fields} == {"contact_id", "at"}
    assert Membership.objects.get().answered_at == NEXT


def test_one_account_alone_makes_no_yes() -> None:
    engaged("ala@example.com")
    answered(first=("ala@example.com",))
    assert marked() == set()


def test_ones_own_fingerprint_counts_for_nothing() -> None:
    engaged("ala@example.com")
    answered(crowd=4, first=("ala@example.com",))
    assert marked() == set()


@pytest.mark.parametrize("lacking", ["accounts", "addresses", "own"])
def test_below_the_minimum_crowd_everybody_is_a_no(lacking: str) -> None:
    person = engaged("ala@example.com")
    if lacking == "own":
        Contact.objects.update(email="nobody.else@example.com")
        on()
        exchange(NOW)
        Given.objects.update(addresses=0)
        Contact.objects.filter(pk=person.pk).update(email="ala@example.com", updated_at=LONG_AGO)
    else:
        on()
        exchange(NOW)
    crowd = 2 if lacking == "accounts" else 3
    for number in range(crowd):
        other("ala@example.com", now=NEXT, crowd=0 if lacking == "addresses" and number == 0 else 3)
    due_at(NEXT)
    exchange(NEXT)
    assert marked() == set()


def test_a_yes_ends_when_the_others_have_gone() -> None:
    person = engaged("ala@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    assert marked() == {person.pk}
    due_at(AFTER)
    exchange(AFTER)
    assert marked() == set()


def test_a_yes_that_nothing_renews_goes_within_days() -> None:
    person = factories.contact()
    Elsewhere.objects.create(contact_id=person.pk, at=NOW)
    services.remove_old(NOW + 2 * ROUND)
    assert marked() == {person.pk}
    services.remove_old(NOW + 4 * ROUND)
    assert marked() == set()


def test_an_exchange_is_no_answer_before_the_account_has_taken_part_for_a_whole_round() -> None:
    engaged("ala@example.com")
    on()
    for at, answered_at in ((NOW, None), (NEXT - timedelta(hours=1), None), (AFTER, AFTER)):
        due_at(at)
        exchange(at)
        assert Membership.objects.get().answered_at == answered_at


def test_an_exchange_is_no_answer_about_a_round_in_which_nothing_was_given() -> None:
    on()
    for at in (NOW, NEXT, AFTER):
        due_at(at)
        exchange(at)
    assert Membership.objects.get().answered_at is None


def test_an_answer_that_nothing_renews_is_none_any_more() -> None:
    on()
    Membership.objects.update(answered_at=NOW)
    services.remove_old(NOW + 2 * ROUND)
    assert Membership.objects.get().answered_at == NOW
    services.remove_old(NOW + 4 * ROUND)
    assert Membership.objects.get().answered_at is None


# --- probing ---------------------------------------------------------------------------------------------------
def test_an_account_gets_no_answer_in_the_round_in_which_it_joined() -> None:
    engaged("ala@example.com")
    for _each in range(3):
        other("ala@example.com", now=NOW)
    on()
    exchange(NOW)
    assert marked() == set()


def test_off_and_on_again_begins_the_waiting_anew() -> None:
    engaged("ala@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    services.switch_off(now=NEXT, by="Ada")
    on(NEXT)
    exchange(NEXT)
    assert marked() == set()
    assert Participant.objects.get(account__schema_name="acme").since == NEXT


def test_whom_somebody_has_just_typed_in_is_not_asked_about() -> None:
    engaged("mine@example.com")
    typed = factories.contact(email="ala@example.com", now=NEXT - timedelta(hours=23))
    answered(first=("ala@example.com",), second=("ala@example.com",))
    assert marked() == set()
    give_again = list(Participant.objects.exclude(account__schema_name="acme"))
    for each in give_again:
        give(each, ["ala@example.com", "x@example.com"], number=round_at(NEXT))
    due_at(AFTER)
    exchange(AFTER)
    assert marked() == {typed.pk}


def test_an_old_contact_with_a_new_address_loses_its_mark_and_is_not_asked_about_at_once() -> None:
    person = engaged("ala@example.com")
    answered(first=("ala@example.com", "ewa@example.com"), second=("ala@example.com", "ewa@example.com"))
    assert marked() == {person.pk}
    update_contact(person, fields={"email": "ewa@example.com"}, now=NEXT, by="t")
    assert marked() == set()
    assert ChangedAddress.objects.get().contact_id == person.pk
    due_at(NEXT)
    exchange(NEXT)
    assert marked() == set()


def test_there_is_one_exchange_in_a_round_at_a_moment_of_its_own() -> None:
    on()
    moments = set()
    for number in range(1, 6):
        due_at(NOW)
        at = services.look(NOW + (number - 1) * ROUND)
        assert at is not None
        assert begins(round_at(NOW) + number) <= at < begins(round_at(NOW) + number + 1)
        moments.add(at - begins(round_at(at)))
        Exchange.objects.update(state=JobState.DONE)
    assert len(moments) > 1


def test_the_door_to_the_pool_answers_with_the_asked_addresses_alone() -> None:
    on(NOW - ROUND)
    exchange(NOW - ROUND)
    given = pool.elsewhere(round_at(NOW) - 1, ["ala@example.com"], now=NOW)
    assert given == set()  # as where there are too few, or nobody is known: no error, no number
    assert pool.elsewhere(round_at(NOW), ["ala@example.com"], now=NOW) == set()  # the round is not over
    told = {name: inspect.signature(each).return_annotation for name, each in vars(pool).items() if name == "elsewhere"}
    assert told == {"elsewhere": set[str]}


# --- going -----------------------------------------------------------------------------------------------------
def test_off_removes_fingerprints_and_marks_at_once_and_others_lose_theirs_in_their_next_round(
    other_account: Any,
) -> None:
    engaged("ala@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    with tenant_context(other_account):
        theirs = engaged("ala@example.com")
        on(NOW)
        exchange(NOW)
        other("ala@example.com", now=AFTER)
        other(now=AFTER)
        due_at(AFTER)
    services.switch_off(now=AFTER, by="Ada")
    assert own_entries() == []
    assert not Participant.objects.filter(account__schema_name="acme").exists()
    assert (Elsewhere.objects.count(), Membership.objects.count(), ChangedAddress.objects.count()) == (0, 0, 0)
    assert list(Switch.objects.values_list("on", "by")) == [(False, "Ada"), (True, "Ada")]
    with tenant_context(other_account):
        exchange(AFTER)
        assert theirs.pk not in marked()


def test_two_accounts_learn_of_each_other_while_both_take_part(other_account: Any, settings: Any) -> None:
    settings.NETWORK_ACCOUNTS, settings.NETWORK_ADDRESSES, settings.NETWORK_YES = 1, 1, 1
    mine = engaged("ala@example.com")
    on()
    with tenant_context(other_account):
        theirs = engaged("ala@example.com")
        on()
        exchange(NOW)
    exchange(NOW)
    for account, contact in ((None, mine), (other_account, theirs)):
        with tenant_context(account or connection.tenant):
            due_at(NEXT)
            exchange(NEXT)
            assert marked() == {contact.pk}


def test_who_is_erased_leaves_the_pool_by_every_address_they_had() -> None:
    person = engaged("old@example.com")
    on()
    exchange(NOW)
    update_contact(person, fields={"email": "ala@example.com"}, now=NOW, by="t")
    participant = Participant.objects.get()
    pool.give(participant, round_at(NOW) - 1, ["ala@example.com"], now=NOW - ROUND)
    pool.give(participant, round_at(NOW), ["ala@example.com"], now=NOW)
    Elsewhere.objects.create(contact_id=person.pk, at=NOW)
    erase_contact(person, now=NOW, by="t")
    assert own_entries() == []
    assert Given.objects.get().addresses == 0
    assert marked() == set()


def test_who_is_merged_into_another_is_given_no_more() -> None:
    kept, gone = engaged("ala@example.com"), engaged("ewa@example.com")
    on()
    exchange(NOW)
    merge_contacts([kept.pk, gone.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
    assert [bytes(entry.digest) for entry in own_entries()] == [digest(key_of(round_at(NOW)), "ala@example.com")]
    assert Given.objects.get().addresses == 1


def test_who_is_merged_into_another_leaves_the_pool_by_every_address_they_had() -> None:
    kept, gone = engaged("ala@example.com"), engaged("old@example.com")
    on()
    exchange(NOW)
    update_contact(gone, fields={"email": "new@example.com"}, now=NOW, by="t")
    merge_contacts([kept.pk, gone.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="t")
    assert [bytes(entry.digest) for entry in own_entries()] == [digest(key_of(round_at(NOW)), "ala@example.com")]


def test_a_deleted_account_leaves_nothing() -> None:
    away = other("ala@example.com", now=NOW)
    for hook in hooks.deleted:
        hook(away.account, NOW)
    assert not Participant.objects.filter(pk=away.pk).exists()
    assert not Entry.objects.exists()


def test_the_bit_is_handed_over() -> None:
    person = factories.contact()
    assert list(parts["network_signal"].rows(person)) == []
    Elsewhere.objects.create(contact_id=person.pk, at=NOW)
    assert list(parts["network_signal"].rows(person)) == [{"engaged_elsewhere": True, "as_of": NOW}]


# --- the job ---------------------------------------------------------------------------------------------------
def test_killed_after_any_commit_it_goes_on_and_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [engaged(f"p{n}@example.com") for n in range(5)]
    emails = tuple(person.email or "" for person in people[:3])
    monkeypatch.setattr(exchanging, "AT_ONCE", 2)
    on(NOW)
    exchange(NOW)
    for _each in range(3):
        other(*emails, now=NEXT)
    due_at(NEXT)
    services.look(NEXT)
    job = Exchange.objects.get(state=JobState.WAITING)
    steps, real = 0, exchanging.carry_out

    def one_step(job: Exchange, now: datetime) -> bool:
        nonlocal steps
        steps += 1
        more = real(job, now)
        if more:
            raise KeyboardInterrupt
        return more

    object.__setattr__(KINDS["network_exchange"], "step", one_step)
    try:
        at = NEXT
        while job.state != JobState.DONE:
            try:
                run("network_exchange", job.pk, now=at)
            except KeyboardInterrupt:
                at += timedelta(minutes=3)  # the lease runs out
            job.refresh_from_db()
            assert steps < 20
    finally:
        object.__setattr__(KINDS["network_exchange"], "step", real)
    assert steps >= 6
    assert marked() == {person.pk for person in people[:3]}
    assert len([entry for entry in own_entries() if entry.round == round_at(NEXT)]) == 5
    assert Membership.objects.get().given == 5
    assert set(Elsewhere.objects.values_list("at", flat=True)) == {NEXT}


def test_an_account_that_is_not_in_the_pool_gives_nothing_and_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a restored backup of the one and not of the other."""
    monkeypatch.setattr(exchanging, "AT_ONCE", 2)
    for n in range(5):
        engaged(f"{n}@example.com")
    services.switch_on(consent=None, now=NOW, by="Ada")
    Participant.objects.all().delete()
    services.look(NOW)
    done = run("network_exchange", Exchange.objects.get().pk, now=NOW)
    assert (done.state, Membership.objects.get().answered_at) == (JobState.DONE, None)
    assert not Entry.objects.exists()


def test_switched_off_under_way_it_gives_nothing_more() -> None:
    engaged("ala@example.com")
    on()
    services.look(NOW)
    job = Exchange.objects.get()
    services.switch_off(now=NOW, by="Ada")
    assert run("network_exchange", job.pk, now=NOW) is None
    job.refresh_from_db()
    assert (job.state, job.engaged) == (JobState.CANCELLED, None)
    assert Entry.objects.count() == 0


def test_one_that_waited_for_days_begins_with_the_round_of_now() -> None:
    engaged("ala@example.com", at=AFTER)
    on()
    services.look(NOW)
    job = Exchange.objects.get()
    run("network_exchange", job.pk, now=AFTER)
    assert [entry.round for entry in own_entries()] == [round_at(AFTER)]


# --- held up beyond the end of its round -----------------------------------------------------------------------
def killed_while_giving(monkeypatch: pytest.MonkeyPatch, *, now: datetime) -> Exchange:
    """An exchange of five contacts whose worker died when two were given."""
    monkeypatch.setattr(exchanging, "AT_ONCE", 2)
    due_at(now)
    services.look(now)
    job = Exchange.objects.get(state=JobState.WAITING)
    real, calls = pool.give, []

    def twice(*args: Any, **more: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args, **more)

    with monkeypatch.context() as dying:
        dying.setattr(pool, "give", twice)
        with pytest.raises(KeyboardInterrupt):
            run("network_exchange", job.pk, now=now)
    return job


def given_in(number: int) -> tuple[int, list[int]]:
    """How many addresses are there, and what was said to be all."""
    said = Given.objects.filter(round=number, participant__account__schema_name="acme")
    entries = Entry.objects.filter(round=number, participant__account__schema_name="acme")
    return entries.count(), list(said.values_list("addresses", flat=True))


def test_nobody_adds_to_a_round_that_is_over(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        engaged(f"p{number}@example.com")
    on()
    job = killed_while_giving(monkeypatch, now=NOW)
    assert given_in(round_at(NOW)) == (2, [])
    run("network_exchange", job.pk, now=NEXT)
    job.refresh_from_db()
    assert (job.state, job.round) == (JobState.DONE, round_at(NEXT))
    assert given_in(round_at(NOW)) == (2, [])
    assert given_in(round_at(NEXT)) == (5, [5])


def test_a_late_exchange_costs_no_answers_and_is_the_one_of_the_present_round(
    noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [engaged(f"p{number}@example.com") for number in range(5)]
    on(NOW - 2 * ROUND)
    for at in (NOW - 2 * ROUND, NOW - ROUND):
        due_at(at)
        exchange(at)
    job = killed_while_giving(monkeypatch, now=NOW)
    for _each in range(3):
        other("p0@example.com", now=NEXT)
    services.remove_old(NEXT)  # what it would have asked about goes
    run("network_exchange", job.pk, now=NEXT)
    assert marked() == {people[0].pk}
    own = Membership.objects.get()
    assert (own.given, own.answered_at) == (5, NEXT)
    assert begins(round_at(AFTER)) <= own.next_at < begins(round_at(AFTER) + 1)  # no second one in this round
    other("p1@example.com", now=AFTER)
    due_at(AFTER)
    exchange(AFTER)
    assert Membership.objects.get().answered_at == AFTER


def test_one_held_up_while_it_asked_begins_anew_in_the_next_round(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    person = engaged("ala@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    due_at(AFTER)
    services.look(AFTER)
    job = Exchange.objects.get(state=JobState.WAITING)

    def dies(*_args: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(exchanging, "ask", dies)
        with pytest.raises(KeyboardInterrupt):
            run("network_exchange", job.pk, now=AFTER)
    late = AFTER + ROUND
    for _each in range(3):
        other("ala@example.com", now=late)
    services.remove_old(late)
    run("network_exchange", job.pk, now=late)
    assert marked() == {person.pk}
    assert Membership.objects.get().answered_at == late
    assert given_in(round_at(late)) == (1, [1])


@pytest.mark.parametrize("number", [round_at(NOW) - 1, round_at(NOW) + 1])
def test_the_pool_takes_nothing_into_another_round_than_the_present(number: int) -> None:
    on()
    own = Participant.objects.get()
    with pytest.raises(pool.RoundOverError):
        pool.give(own, number, ["ala@example.com"], now=NOW)
    with pytest.raises(pool.RoundOverError):
        pool.all_given(own, number, now=NOW)
    assert not Entry.objects.exists()
    assert not Given.objects.exists()


def test_what_one_is_answered_in_a_round_does_not_change_by_who_comes_late(noon: None) -> None:
    engaged("me@example.com")
    on()
    exchange(NOW)
    for _each in range(2):
        other("ala@example.com", now=NEXT)
    late = other(now=NEXT, crowd=0)
    Given.objects.filter(participant=late).delete()
    before = pool.elsewhere(round_at(NOW), ["ala@example.com"], now=NEXT)
    for clock in (NEXT, NOW):  # by the right one, and by one that goes slow
        with pytest.raises(pool.RoundOverError):
            pool.give(late, round_at(NOW), ["ala@example.com", "ewa@example.com"], now=clock)
        with pytest.raises(pool.RoundOverError):
            pool.all_given(late, round_at(NOW), now=clock)
    assert pool.elsewhere(round_at(NOW), ["ala@example.com"], now=NEXT) == before == set()


def test_a_worker_whose_clock_goes_slow_gives_into_the_round_that_others_are_in(noon: None) -> None:
    person = engaged("ala@example.com")
    answered(first=("ala@example.com",), second=("ala@example.com",))
    for _each in range(3):
        other("ala@example.com", now=AFTER)
    Round.objects.filter(number=round_at(NEXT)).update(over=True)  # somebody has asked about it
    due_at(NEXT)
    assert exchange(NEXT).state == JobState.DONE
    assert given_in(round_at(NEXT) + 1) == (1, [1])
    assert Membership.objects.get().answered_at == NEXT
    assert marked() == {person.pk}


def test_a_round_that_ends_while_one_gives_into_it_is_left_and_the_next_begun(
    noon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engaged("ala@example.com")
    on()
    real = exchanging.give

    def just_now(*args: Any, **more: Any) -> None:
        Round.objects.get_or_create(number=round_at(NOW), defaults={"over": True})
        real(*args, **more)

    monkeypatch.setattr(exchanging, "give", just_now)
    assert exchange(NOW).state == JobState.DONE
    assert (given_in(round_at(NOW)), given_in(round_at(NOW) + 1)) == ((0, []), (1, [1]))


def test_a_round_lasts_as_long_as_the_settings_say(settings: Any) -> None:
    settings.NETWORK_ROUND_H = 1
    assert length() == timedelta(hours=1)
    assert round_at(NOW + timedelta(hours=1)) == round_at(NOW) + 1
