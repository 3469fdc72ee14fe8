"""Who of a result may be written to: by channel and by each consent; and who the ten people are."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from pyroaring import BitMap

from segmentation.builder.reach import FEW, Reach, people, reach
from segmentation.engine import Context
from tests import factories
from tests.factories import NOW
from tests.population import ZONES

pytestmark = pytest.mark.django_db


def reached(*members: Any) -> Reach:
    return reach(BitMap(one.pk for one in members), context=Context(now=NOW, zone=ZONES[0]))


def told(found: Reach) -> dict[str, Any]:
    """What is shown: a channel's number, and of each consent who gave it and who can be reached."""
    return {
        channel.name: (channel.count, {one.name: (one.given, one.reached) for one in channel.consents})
        for channel in found.channels
    }


def test_each_consent_says_who_gave_it_and_who_can_be_reached(account: Any) -> None:
    news, offers = factories.consent("news"), factories.consent("offers")
    text, call = factories.consent("sms", channel="sms"), factories.consent("call", channel="phone")
    both = factories.contact(phone="+48600000001")
    left = factories.contact(status="unsubscribed", phone="+48600000002")
    mute = factories.contact(email=None)
    outside = factories.contact()
    for consent in (news, text):
        for contact in (both, left, mute, outside):
            factories.answer(contact, consent)
    factories.answer(both, offers)
    factories.answer(mute, offers, "withdrawn")
    factories.answer(left, call)
    assert told(reached(both, left, mute)) == {
        "may be e-mailed": (1, {"Consent news": (3, 1), "Consent offers": (1, 1)}),
        "may be texted": (2, {"Consent sms": (3, 2)}),
        "may be called": (1, {"Consent call": (1, 1)}),
    }


def test_who_gave_two_consents_for_a_channel_is_reached_once(account: Any) -> None:
    one, other = factories.contact(), factories.contact()
    news, offers = factories.consent("news"), factories.consent("offers")
    for contact, consent in ((one, news), (one, offers), (other, offers)):
        factories.answer(contact, consent)
    channels = told(reached(one, other))
    assert channels["may be e-mailed"][0] == 2


def test_a_consent_for_no_channel_in_particular_is_told_without_a_sum(account: Any) -> None:
    one = factories.contact(email=None)
    factories.answer(one, factories.consent("profiling", channel="other"))
    assert told(reached(one))["other consents"] == (None, {"Consent profiling": (1, 1)})


def test_where_nobody_is_asked_nobody_may_be_written_to(account: Any) -> None:
    assert told(reached(factories.contact())) == {"may be e-mailed": (0, {}), "may be texted": (0, {})}


def test_names_are_in_the_language_in_use(account: Any) -> None:
    factories.consent("news")
    with translation.override("pl"):
        assert reached().channels[0].consents[0].name == "Zgoda news"


def test_however_many_consents_there_are_the_queries_are_as_many(account: Any) -> None:
    contact = factories.contact()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            reached(contact)
        return len(captured)

    factories.answer(contact, factories.consent("c0"))
    before = queries()
    for number in range(1, FEW + 2):
        factories.answer(contact, factories.consent(f"c{number}"))
    assert queries() <= before
    assert reached(contact).folded


def test_the_people_shown_carry_what_tells_them_apart(account: Any) -> None:
    factories.attribute("city")
    anna = factories.contact(first_name="Anna", email="anna@example.com", lead_score=7, attributes={"city": "Hel"})
    (person,) = people(BitMap([anna.pk]), 10)
    assert (person.name, person.email, person.lead_score, person.city) == ("Anna", "anna@example.com", 7, "Hel")
