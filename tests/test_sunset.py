"""A sunset, day by day: who gets the tag, who comes back at which stage, from whom a consent is withdrawn."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Account
from actions.models import ActionRun
from actions.services import undo_run
from contacts.merging import merge_contacts
from contacts.models import Contact, ContactConsent
from contacts.services.batches import record_contacts
from jobs.models import JobState
from jobs.services import run
from segmentation.models import SavedCriteria
from sunset import services
from sunset.models import Passage
from sunset.numbers import standings
from sunset.plans import Plan
from sunset.standing import TAG, WITHDRAW
from tags.models import Tag
from tests import factories
from tests.factories import NOW
from tests.support.sunsets import DAY, answer_of, fresh, has_tag, outcome, pass_day, silent, switched_on, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def newsletter():
    return factories.consent("newsletter")


def left_alone():
    """Saved criteria of who has the tag VIP: nobody yet."""
    factories.tag("VIP")
    tree = {"kind": "tag", "op": "any", "tags": ["VIP"]}
    return SavedCriteria.objects.create(name="Spared", criteria=tree, created_at=NOW, updated_at=NOW).pk


def runs(kind: str):
    return ActionRun.objects.filter(action__kind=kind).order_by("-pk")


def ways(contact):
    rows = Passage.objects.filter(contact=contact).order_by("pk")
    return [(each.outcome, each.current, each.ended_at is None) for each in rows]


def sizes(sunset, *, now):
    found = standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk]
    return [len(found.stage(name)) for name in ("message", "back", "withdrawn", "other", "tagged")]


def test_the_whole_life_of_who_never_answers(newsletter):
    [quiet] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    assert has_tag(quiet)
    pass_day(13)
    assert answer_of(quiet, newsletter) == "given"
    now = pass_day(14)
    assert (answer_of(quiet, newsletter), outcome(quiet)) == ("withdrawn", "withdrawn")
    assert ContactConsent.objects.get(contact=quiet).source == "Sunset: Sunset"
    pass_day(15)
    assert Passage.objects.get().withdrawn_at == now
    assert runs(WITHDRAW)[0].changed_count == 0


def test_only_who_was_silent_long_enough_and_gave_a_consent_gets_the_tag(newsletter):
    [quiet] = silent(1, newsletter)
    [without] = silent(1)
    [new] = silent(1, newsletter, since=NOW - timedelta(days=100))
    [active] = silent(1, newsletter)
    factories.visit(active, at=NOW - timedelta(days=179))
    agreed = factories.contact(now=NOW - timedelta(days=400))
    factories.answer(agreed, newsletter, at=NOW - timedelta(days=20))
    switched_on(newsletter)
    work(NOW)
    assert [has_tag(each) for each in (quiet, without, new, active, agreed)] == [True, False, False, False, False]


def test_who_comes_back_while_waiting_loses_the_tag_and_keeps_the_consent(newsletter):
    [back] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    opened = NOW + 5 * DAY
    factories.activity(back, "email_open", at=opened)
    pass_day(6)
    assert not has_tag(back)
    passage = Passage.objects.get()
    assert (passage.outcome, passage.back_at) == ("back", opened)
    pass_day(30)
    assert answer_of(back, newsletter) == "given"


def test_who_comes_back_between_the_calculation_and_the_action_keeps_the_consent(newsletter):
    [back, gone] = silent(2, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    now = NOW + 14 * DAY
    from segmentation.services import refresh_due

    refresh_due(now)
    last = fresh(sunset).due.calculations.latest("pk")
    run("calculation", last.pk, now=now)
    factories.order(back, at=now, total=50)
    work(now + timedelta(minutes=1))
    assert [answer_of(each, newsletter) for each in (back, gone)] == ["given", "withdrawn"]
    assert runs(WITHDRAW)[0].left_count == 1


def test_who_was_active_in_between_and_is_silent_again_begins_to_wait_anew(newsletter):
    [contact] = silent(1, newsletter)
    Account.objects.filter(schema_name="acme").update(engagement_days=14)
    switched_on(newsletter, days=14, wait=14)
    work(NOW)
    factories.visit(contact, at=NOW + DAY)  # and nothing refreshes until that is out of the window again
    now = pass_day(20)
    assert (has_tag(contact), answer_of(contact, newsletter)) == (True, "given")
    assert list(Passage.objects.order_by("pk").values_list("outcome", flat=True)) == ["back", ""]
    pass_day(13, since=now)
    assert answer_of(contact, newsletter) == "given"
    pass_day(14, since=now)
    assert answer_of(contact, newsletter) == "withdrawn"


def test_who_comes_back_after_the_withdrawal_loses_the_tag_and_stays_withdrawn(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    now = pass_day(14)
    factories.visit(contact, at=now + DAY)
    pass_day(16)
    assert not has_tag(contact)
    assert (answer_of(contact, newsletter), outcome(contact)) == ("withdrawn", "withdrawn")


def agree(contact, *, now, **more):
    """Says that the contact gives the newsletter, as a shop would; answers what became of it."""
    answer = {"state": "given", "source": "reactivation page"} | more
    item = {"email": contact.email, "consents": {"newsletter": answer}}
    account = Account.objects.get(schema_name="acme")
    return record_contacts([item], now=now, by="Shop", account=account)[0].status


def test_agreeing_anew_is_coming_back(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    at = NOW + 3 * DAY
    assert agree(contact, now=at + DAY / 2, at=at.isoformat()) == "updated"
    pass_day(4)
    assert (has_tag(contact), outcome(contact), Passage.objects.get().back_at) == (False, "back", at)
    pass_day(14)
    assert answer_of(contact, newsletter) == "given"


def test_a_copy_of_what_stands_is_nobody_agreeing(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    at = ContactConsent.objects.get().changed_at.isoformat()
    assert [agree(contact, now=NOW + 3 * DAY, **more) for more in ({}, {"at": at})] == ["unchanged"] * 2
    pass_day(14)
    assert (answer_of(contact, newsletter), outcome(contact)) == ("withdrawn", "withdrawn")


def test_who_had_the_tag_from_somewhere_else_is_left_alone(newsletter):
    [theirs, ours] = silent(2, newsletter)
    factories.tag("LAST_CALL", theirs, at=NOW - timedelta(days=90))
    switched_on(newsletter)
    work(NOW)
    pass_day(14)
    assert (answer_of(theirs, newsletter), answer_of(ours, newsletter)) == ("given", "withdrawn")
    factories.visit(theirs, at=NOW + 15 * DAY)
    pass_day(16)
    assert has_tag(theirs)


def test_each_consent_is_withdrawn_from_who_gave_it_alone(newsletter):
    texts = factories.consent("texts", channel="sms")
    [both] = silent(1, newsletter, texts)
    [one] = silent(1, newsletter)
    switched_on(newsletter, texts)
    work(NOW)
    pass_day(14)
    assert [answer_of(both, each) for each in (newsletter, texts)] == ["withdrawn", "withdrawn"]
    assert [answer_of(one, each) for each in (newsletter, texts)] == ["withdrawn", "unknown"]


def test_who_meets_the_saved_criteria_is_never_touched(newsletter):
    [vip, later] = silent(2, newsletter)
    factories.tag("VIP", vip)
    switched_on(newsletter, left_out=left_alone())
    work(NOW)
    assert (has_tag(vip), has_tag(later)) == (False, True)
    factories.tag("VIP", later)
    pass_day(14)
    assert (has_tag(later), answer_of(later, newsletter), outcome(later)) == (False, "given", "other")


def stages(sunset, now):
    """How many contacts stand at each stage."""
    found = standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk]
    return {name: len(found.stage(name)) for name in ("message", "back", "withdrawn", "other") if found.stage(name)}


def test_who_is_left_alone_by_now_has_not_come_back(newsletter):
    spared, back = silent(2, newsletter)
    sunset = switched_on(newsletter, left_out=left_alone())
    work(NOW)
    factories.tag("VIP", spared, back)
    factories.visit(back, at=NOW + DAY / 4)
    assert stages(sunset, NOW + DAY / 2) == {"back": 1, "other": 1}
    now = pass_day(1)
    assert stages(sunset, now) == {"back": 1, "other": 1}
    assert (outcome(spared), outcome(back)) == ("other", "back")


def test_a_sign_of_life_before_the_tag_is_no_coming_back_though_more_days_are_asked_for(newsletter):
    contacts = silent(3, newsletter)  # last seen 200 days ago
    sunset = switched_on(newsletter)
    work(NOW)
    factories.visit(contacts[0], at=NOW + DAY / 2)
    revision, now = fresh(sunset).revision, NOW + DAY
    services.change(
        fresh(sunset), Plan(365, 14, "LAST_CALL", (newsletter,)), name="Sunset", revision=revision, now=now, by=None
    )
    assert stages(sunset, now) == {"back": 1, "other": 2}
    work(now)
    assert stages(sunset, now) == {"back": 1, "other": 2}
    assert not any(map(has_tag, contacts))


def test_coming_back_is_asked_of_each_sunset_since_its_own_tag(newsletter, monkeypatch):
    both, one = silent(2, newsletter)
    first = switched_on(newsletter)
    work(NOW)
    factories.visit(both, at=NOW + DAY)
    second = switched_on(newsletter, name="Later", tag="LATER", left_out=left_alone())
    Passage.objects.bulk_create(Passage(sunset=second, contact=each, tagged_at=NOW + 2 * DAY) for each in (both, one))
    factories.tag("LATER", both, one, at=NOW + 2 * DAY)
    factories.visit(one, at=NOW + 3 * DAY)
    monkeypatch.setattr("sunset.looking.CHUNK", 1)
    rows = [fresh(first), fresh(second)]
    found = standings(rows, now=NOW + 4 * DAY, zone=NOW.tzinfo, mask=None)
    assert set(found[first.pk].back) == {both.pk, one.pk}
    assert (set(found[second.pk].back), set(found[second.pk].other)) == ({one.pk}, {both.pk})


def test_who_waits_goes_on_waiting_while_the_criteria_cannot_be_used(newsletter):
    silent(3, newsletter)
    sunset = switched_on(newsletter, left_out=left_alone())
    work(NOW)
    Tag.objects.filter(name="VIP").delete()
    assert stages(sunset, NOW + DAY) == {"message": 3}


def test_two_sunsets_at_once_do_not_disturb_each_other(newsletter):
    texts = factories.consent("texts", channel="sms")
    [contact] = silent(1, newsletter, texts)
    first = switched_on(newsletter)
    second = switched_on(texts, name="Texts", tag="LAST_TEXT", wait=7)
    work(NOW)
    assert has_tag(contact, "LAST_CALL")
    assert has_tag(contact, "LAST_TEXT")
    pass_day(7)
    assert [answer_of(contact, each) for each in (newsletter, texts)] == ["given", "withdrawn"]
    assert (outcome(contact, first), outcome(contact, second)) == ("", "withdrawn")
    pass_day(14)
    assert answer_of(contact, newsletter) == "withdrawn"


def undo_withdrawal(*, now):
    undo = undo_run(runs(WITHDRAW).filter(changed_count__gt=0).latest("pk"), now=now, by=None)
    run("undo", undo.pk, now=now)


def test_an_undone_withdrawal_is_not_done_again_by_the_next_refresh(newsletter):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    undo_withdrawal(now=pass_day(14))
    assert ways(contact) == [("other", False, False), ("", True, True)]
    now = pass_day(27)
    assert (answer_of(contact, newsletter), sizes(sunset, now=now)) == ("given", [1, 0, 0, 0, 1])
    now = pass_day(28)
    assert (answer_of(contact, newsletter), sizes(sunset, now=now)) == ("withdrawn", [0, 0, 1, 0, 1])


def test_who_comes_back_after_an_undone_withdrawal_loses_the_tag(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    now = pass_day(14)
    undo_withdrawal(now=now)
    factories.visit(contact, at=now + DAY)
    pass_day(16)
    assert (has_tag(contact), answer_of(contact, newsletter), outcome(contact)) == (False, "given", "back")


def test_a_withdrawal_undone_after_coming_back_leaves_the_way_over(newsletter):
    [contact] = silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    now = pass_day(14)
    factories.visit(contact, at=now + DAY)
    now = pass_day(16)
    undo_withdrawal(now=now)
    assert (answer_of(contact, newsletter), ways(contact)) == ("given", [("back", True, False)])


def test_a_withdrawal_undone_after_the_end_begins_nothing(newsletter):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    now = pass_day(14)
    services.end(fresh(sunset), now=now, by=None)
    undo_withdrawal(now=now)
    assert (answer_of(contact, newsletter), ways(contact)) == ("given", [("", True, True)])


def test_the_question_before_undoing_says_when_it_is_withdrawn_again(newsletter, client_for, owner):
    silent(1, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    pass_day(14)
    url = reverse("actions:undo", args=[runs(WITHDRAW).filter(changed_count=1).get().pk])
    text = client_for(owner).get(url).content.decode()
    assert "after 14 days without a sign of life the sunset Sunset withdraws this consent again" in text
    assert "run again after the next refresh" not in text
    services.end(fresh(sunset), now=NOW + 15 * DAY, by=None)
    assert "withdraws this consent again" not in client_for(owner).get(url).content.decode()


def test_undoing_the_withdrawal_brings_the_contact_back_to_the_message_stage(newsletter):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    now = pass_day(14)
    undo_withdrawal(now=now)
    assert (answer_of(contact, newsletter), outcome(contact)) == ("given", "")
    assert sizes(sunset, now=now) == [1, 0, 0, 0, 1]
    undo = undo_run(runs(TAG).filter(changed_count=1).get(), now=now, by=None)
    run("undo", undo.pk, now=now)
    assert (has_tag(contact), outcome(contact)) == (False, "other")
    assert not standings([fresh(sunset)], now=now, zone=NOW.tzinfo, mask=None)[sunset.pk].message


def test_each_contact_stands_at_one_stage(newsletter):
    contacts = silent(6, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    factories.visit(contacts[0], at=NOW + 2 * DAY)
    pass_day(3)
    pass_day(14)
    factories.visit(contacts[1], at=NOW + 14 * DAY)
    contacts += silent(2, newsletter)
    now = pass_day(15)
    factories.visit(contacts[6], at=now + timedelta(minutes=1))
    found = standings([fresh(sunset)], now=now + timedelta(hours=1), zone=NOW.tzinfo, mask=None)[sunset.pk]
    assert sizes(sunset, now=now + timedelta(hours=1)) == [1, 2, 5, 0, 8]
    assert set(found.returning) == {contacts[6].pk}


def test_a_killed_run_goes_on_and_withdraws_once(newsletter, monkeypatch):
    contacts = silent(5, newsletter)
    switched_on(newsletter)
    work(NOW)
    from sunset import kinds

    monkeypatch.setattr(kinds.OURS[2], "chunk", 2, raising=False)
    real, calls = kinds.passages.withdraw, []

    def killed(*args, **more):
        real(*args, **more)
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit

    monkeypatch.setattr(kinds.passages, "withdraw", killed)
    with pytest.raises(SystemExit):
        pass_day(14)
    assert sum(answer_of(each, newsletter) == "withdrawn" for each in contacts) == 2
    now = NOW + 14 * DAY + timedelta(minutes=10)
    work(now)
    assert all(answer_of(each, newsletter) == "withdrawn" for each in contacts)
    last = runs(WITHDRAW).filter(changed_count__gt=0).get()
    assert (last.state, last.changed_count) == (JobState.DONE, 5)
    assert Passage.objects.filter(outcome="withdrawn").count() == 5


def test_the_way_of_a_deleted_contact_goes_and_that_of_a_merged_one_follows(newsletter):
    from contacts.hooks import Merge
    from contacts.services import delete_contact
    from sunset.parts import follow_merge

    [gone, merged] = silent(2, newsletter)
    [kept] = silent(1)
    switched_on(newsletter)
    work(NOW)
    delete_contact(gone)
    follow_merge(Merge(kept=kept.pk, others=[merged.pk], now=NOW))
    assert list(Passage.objects.values_list("contact_id", "current")) == [(kept.pk, True)]


def merged(kept, *others, now):
    merge_contacts([kept.pk, *(each.pk for each in others)], into=kept.pk, chosen={}, now=now, by="x")


def test_a_merged_way_that_goes_on_is_before_the_kept_ones_that_is_over(newsletter):
    [kept, other] = silent(2, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    factories.visit(kept, at=NOW + DAY)
    pass_day(2)
    merged(kept, other, now=NOW + 3 * DAY)
    assert has_tag(kept)
    assert ways(kept) == [("back", False, False), ("", True, True)]
    now = pass_day(4)  # active since the tag that came with the other
    assert (has_tag(kept), answer_of(kept, newsletter), outcome(kept)) == (False, "given", "back")
    assert sizes(sunset, now=now) == [0, 1, 0, 0, 1]


def test_a_way_that_waits_goes_on_after_a_merge(newsletter):
    [kept, other] = silent(2, newsletter)
    factories.visit(kept, at=NOW - timedelta(days=170))
    sunset = switched_on(newsletter)
    work(NOW)
    pass_day(10)
    pass_day(13)
    assert (has_tag(kept), has_tag(other)) == (True, True)  # one ten days after the other
    merged(kept, other, now=NOW + 13 * DAY)
    pass_day(14)
    assert (answer_of(kept, newsletter), outcome(kept)) == ("given", "")
    now = pass_day(24)
    assert (answer_of(kept, newsletter), sizes(sunset, now=now)) == ("withdrawn", [0, 0, 1, 0, 1])


def test_a_withdrawal_goes_on_before_the_kept_ones_coming_back(newsletter):
    [kept, other] = silent(2, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    factories.visit(kept, at=NOW + DAY)
    pass_day(2)
    pass_day(14)
    merged(kept, other, now=NOW + 15 * DAY)
    now = pass_day(16)
    assert (has_tag(kept), answer_of(kept, newsletter)) == (False, "withdrawn")
    assert ways(kept) == [("back", False, False), ("withdrawn", True, False)]
    assert sizes(sunset, now=now) == [0, 0, 1, 0, 1]


def test_who_waits_and_was_withdrawn_from_waits_on_and_counts_as_withdrawn_from(newsletter):
    texts = factories.consent("texts", channel="sms")
    [other] = silent(1, newsletter)
    [kept] = silent(1, texts)
    factories.visit(kept, at=NOW - timedelta(days=170))
    sunset = switched_on(newsletter, texts)
    work(NOW)
    pass_day(10)
    pass_day(14)
    merged(kept, other, now=NOW + 15 * DAY)
    now = pass_day(16)
    assert [answer_of(kept, each) for each in (newsletter, texts)] == ["withdrawn", "given"]
    assert sizes(sunset, now=now) == [0, 0, 1, 0, 1]
    now = pass_day(24)
    assert [answer_of(kept, each) for each in (newsletter, texts)] == ["withdrawn", "withdrawn"]
    assert sizes(sunset, now=now) == [0, 0, 1, 0, 1]


def test_of_merged_ways_that_are_over_a_withdrawal_is_told_first(newsletter):
    [kept, other] = silent(2, newsletter)
    sunset = switched_on(newsletter)
    work(NOW)
    factories.visit(kept, at=NOW + DAY)
    pass_day(2)
    pass_day(14)
    factories.visit(other, at=NOW + 15 * DAY)
    now = pass_day(16)
    merged(kept, other, now=now)
    assert ways(kept) == [("back", False, False), ("withdrawn", True, False)]
    assert sizes(sunset, now=now) == [0, 0, 1, 0, 1]


def test_every_passage_is_of_a_contact_that_there_is(newsletter):
    silent(1, newsletter)
    switched_on(newsletter)
    work(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Passage.objects.filter(contact__in=Contact.objects.all()).count() == 1
