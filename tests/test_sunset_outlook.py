"""What a sunset says of whom it withdraws from, and when, is what it does then."""

from datetime import date

import pytest

from accounts.models import Account
from sunset import looking, services
from sunset.models import Passage
from sunset.outlook import outlook
from sunset.plans import Plan
from tests import factories
from tests.factories import NOW
from tests.support.sunsets import DAY, answer_of, fresh, pass_day, silent, switched_on, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "read")]


@pytest.fixture(params=["alone", "out of everybody"])
def read(request, monkeypatch):
    """Few are read by their own rows, many out of everybody's: both come to the same."""
    if request.param != "alone":
        monkeypatch.setattr(looking, "CHUNK", 0)
        monkeypatch.setattr("sunset.outlook.CHUNK", 1)


@pytest.fixture
def newsletter():
    return factories.consent("newsletter")


@pytest.fixture
def short():
    """An account in which two weeks are long: a sign of life is soon out of the window again."""
    Account.objects.filter(schema_name="acme").update(engagement_days=14)
    return {"days": 14, "wait": 14}


def ahead(sunset, now):
    """How many consents would be withdrawn at once, and the day of the first withdrawal."""
    row = fresh(sunset)
    found = outlook(Plan.of(row, "LAST_CALL"), now=now, zone=NOW.tzinfo, mask=None, sunset=row)
    return found.due, found.first_withdrawal


def day(number: int) -> date:
    return (NOW + number * DAY).date()


def let_go_on(sunset, now):
    services.resume(fresh(sunset), now=now, by=None)
    work(now)


def test_who_waits_is_due_after_the_days_and_not_before(newsletter):
    waiting, gone = silent(2, newsletter)
    sunset = switched_on(newsletter)
    assert ahead(sunset, NOW) == (0, day(14)), "nobody waits yet"
    work(NOW)
    factories.visit(gone, at=NOW + DAY)
    assert ahead(sunset, NOW + 3 * DAY) == (0, day(14))
    services.pause(fresh(sunset), now=NOW + 3 * DAY, by=None)
    now = NOW + 20 * DAY
    assert ahead(sunset, now) == (1, day(20))
    let_go_on(sunset, now)
    assert [answer_of(each, newsletter) for each in (waiting, gone)] == ["withdrawn", "given"]


def test_who_came_back_and_is_silent_again_is_not_due(newsletter, short):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, **short)
    work(NOW)
    services.pause(fresh(sunset), now=NOW + DAY, by=None)
    factories.visit(contact, at=NOW + DAY)
    now = NOW + 22 * DAY
    assert ahead(sunset, now) == (0, day(36)), "the waiting begins anew"
    let_go_on(sunset, now)
    assert answer_of(contact, newsletter) == "given"
    pass_day(35)
    assert answer_of(contact, newsletter) == "given"
    pass_day(36)
    assert answer_of(contact, newsletter) == "withdrawn"


def test_whose_waiting_began_anew_is_due_by_that_and_not_by_the_tag(newsletter, short):
    [contact] = silent(1, newsletter)
    sunset = switched_on(newsletter, **short)
    work(NOW)
    factories.visit(contact, at=NOW + DAY)  # and nothing refreshes until that is out of the window again
    pass_day(20)
    services.pause(fresh(sunset), now=NOW + 21 * DAY, by=None)
    assert ahead(sunset, NOW + 22 * DAY) == (0, day(34))
    now = NOW + 34 * DAY
    assert ahead(sunset, now) == (1, day(34))
    let_go_on(sunset, now)
    assert answer_of(contact, newsletter) == "withdrawn"


def test_the_first_withdrawal_is_of_who_waits_longest_without_a_sign(newsletter, short, monkeypatch):
    back, later = silent(2, newsletter)
    sunset = switched_on(newsletter, **short)
    work(NOW)
    services.pause(fresh(sunset), now=NOW, by=None)
    factories.visit(back, at=NOW + DAY)
    Passage.objects.filter(contact=later).update(tagged_at=NOW + 2 * DAY)
    monkeypatch.setattr("sunset.outlook.CHUNK", 1)
    assert ahead(sunset, NOW + 15 * DAY) == (0, day(16))


def test_what_a_change_would_withdraw_is_asked_of_its_own_consents_and_days(newsletter):
    texts = factories.consent("texts", channel="sms")
    agreed, silent_on = silent(2, newsletter)
    for each in (agreed, silent_on):
        factories.answer(each, texts, at=NOW - 300 * DAY)
    sunset = switched_on(newsletter)
    work(NOW)
    services.pause(fresh(sunset), now=NOW, by=None)
    row, now = fresh(sunset), NOW + 8 * DAY
    plan = Plan(180, 7, "LAST_CALL", (newsletter, texts))
    assert outlook(plan, now=now, zone=NOW.tzinfo, mask=None, sunset=row).due == 2
    assert row.consents == [[newsletter.pk, newsletter.name]], "nothing is changed by asking"
    services.change(row, plan, name="Sunset", revision=row.revision, now=now, by=None)
    let_go_on(sunset, now)
    assert [answer_of(silent_on, each) for each in (newsletter, texts)] == ["withdrawn", "withdrawn"]
