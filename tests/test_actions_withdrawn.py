"""Adding a consent: who has withdrawn it is told apart and left, unless it was asked to give it to them again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock
from pyroaring import BitMap

from actions import services
from actions.models import Action, ActionRun
from actions.undoing import prospect
from contacts import services as contact_services
from contacts.models import Consent, Contact, ContactConsent
from jobs.services import run as run_job
from tests import factories
from tests.support.audiences import add_calculation, make_contacts, ready_segment
from tests.support.posted import fields_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def consent() -> Consent:
    return factories.consent("newsletter")


@pytest.fixture
def people(consent) -> BitMap:
    """Six: the first two have withdrawn the consent, the third has given it."""
    ids = make_contacts(6)
    for pk, state in zip(ids[:3], ["withdrawn", "withdrawn", "given"], strict=True):
        factories.answer(Contact.objects.get(pk=pk), consent, state)
    return ids


def given(consent) -> BitMap:
    return BitMap(ContactConsent.objects.filter(consent=consent, state="given").values_list("contact_id", flat=True))


def withdraw(pk, consent, *, at) -> None:
    contact_services.set_consent([pk], consent, "withdrawn", now=at, source="e-mail", by="")


def planned(segment, consent, *, at, **more) -> Action:
    params = {"consent": consent.pk, "name": "N", "source": "fair"} | more.pop("params", {})
    return services.plan_action(segment, kind="add_consent", params=params, now=at, by=None, **more)


def carried_out(run, *, at) -> ActionRun:
    run_job("action", run.pk, now=at)
    run.refresh_from_db()
    return run


def counts(run):
    return (run.changed_count, run.already_count, run.left_count, run.gone_count)


def test_who_has_withdrawn_is_left(people, consent):
    now = clock()
    run = carried_out(planned(ready_segment(people, at=now), consent, at=now).runs.get(), at=now)
    assert given(consent) == people[2:]
    assert counts(run) == (3, 1, 2, 0)


def test_who_has_withdrawn_is_given_it_again_if_asked(people, consent):
    now = clock()
    action = planned(ready_segment(people, at=now), consent, at=now, params={"again": True})
    assert counts(carried_out(action.runs.get(), at=now)) == (5, 1, 0, 0)
    assert given(consent) == people


def test_who_withdraws_after_the_action_was_added_is_left_whatever_was_ticked(people, consent):
    """Between two refreshes as well: a recurring action never gives back what was taken back later."""
    now = clock()
    segment = ready_segment(people, at=now, refreshes=True)
    action = planned(segment, consent, at=now, params={"again": True}, every_refresh=True)
    withdraw(people[5], consent, at=now + HOUR)
    assert counts(carried_out(action.runs.get(), at=now + 2 * HOUR)) == (4, 1, 1, 0)
    withdraw(people[0], consent, at=now + 3 * HOUR)
    services.start_planned(add_calculation(segment, people, at=now + 4 * HOUR), now + 4 * HOUR)
    assert counts(carried_out(action.runs.latest("pk"), at=now + 4 * HOUR)) == (0, 4, 2, 0)
    assert given(consent) == people[1:5]


def test_undoing_withdraws_again_what_was_given_again_and_leaves_who_was_left(people, consent):
    now = clock()
    segment = ready_segment(people, at=now)
    before = list(ContactConsent.objects.order_by("contact_id").values())
    for params, changed in (({}, 3), ({"again": True}, 5)):
        run = carried_out(planned(segment, consent, at=now, params=params).runs.get(), at=now)
        assert prospect(run, now=now).back == changed
        undo = services.undo_run(run, now=now, by=None)
        run_job("undo", undo.pk, now=now)
        assert [row | {"id": 0} for row in ContactConsent.objects.order_by("contact_id").values()] == [
            row | {"id": 0} for row in before
        ]


# --- the question ---------------------------------------------------------------------------------------------------
@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def asked(client, segment, consent, **more):
    data = {"kind": "add_consent", "consent": consent.pk, "source": "fair"} | more
    return client.post(reverse("actions:add", args=[segment.pk]), data).content.decode()


def test_the_question_says_who_has_withdrawn_and_the_list_who_was_left(client, people, consent):
    segment = ready_segment(people, at=clock())
    text = asked(client, segment, consent)
    assert "2 of them have withdrawn this consent and are left as they are." in text
    client.post(reverse("actions:add", args=[segment.pk]), fields_of(text).dict() | {"confirmed": "yes"})
    run = carried_out(ActionRun.objects.get(), at=clock())
    assert run.left_count == 2
    assert "2 left: have withdrawn it" in client.get(reverse("actions:list", args=[segment.pk])).content.decode()


def test_the_question_says_that_withdrawals_are_overruled(client, people, consent):
    segment = ready_segment(people, at=clock())
    text = asked(client, segment, consent, again="on")
    assert "2 of them have withdrawn this consent, and it will be given again." in text
    assert "are left as they are" not in text
    client.post(reverse("actions:add", args=[segment.pk]), fields_of(text).dict() | {"confirmed": "yes"})
    assert Action.objects.get().params["again"] is True
    assert (
        "also to those who have withdrawn it" in client.get(reverse("actions:list", args=[segment.pk])).content.decode()
    )


def test_nobody_is_spoken_of_where_nobody_has_withdrawn(client, people, consent):
    assert "have withdrawn" not in asked(client, ready_segment(people[2:], at=clock()), consent).replace(
        "to contacts who", ""
    )
