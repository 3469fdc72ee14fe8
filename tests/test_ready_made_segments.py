"""The gallery of ready-made segments: whom each finds, what it needs, the numbers beside it, one click to the form."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from segmentation.criteria import Catalog, Context, parse
from segmentation.engine import evaluate, snapshot
from segmentation.templates import BLANK, GROUPS, TEMPLATES
from tests import factories
from tests.population import NOWS, ZONES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
NOW, WARSAW = NOWS[0], ZONES[0]
PAGE = "/segments/ready-made/"


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def ago(**span: int) -> datetime:
    return NOW - timedelta(**span)


def found(key: str) -> set[int]:
    tree = parse(TEMPLATES[key].fitted(Catalog()).criteria)
    with snapshot():
        return set(evaluate(tree, context=Context(now=NOW, zone=WARSAW)).members)


# --- whom they find --------------------------------------------------------------------------------------------
def test_birthdays_are_found_by_whatever_the_account_calls_them() -> None:
    factories.attribute("signed_on", "date")
    factories.attribute("data_urodzenia", "date")
    today = NOW.astimezone(WARSAW).date()
    born = {n: (today + timedelta(days=n)).replace(year=1980).isoformat() for n in (-1, 0, 6, 7, 29)}
    people = {n: factories.contact(attributes={"data_urodzenia": day, "signed_on": born[0]}) for n, day in born.items()}
    agreed = factories.consent("offers")
    factories.answer(people[29], agreed)
    assert found("birthday_today") == {people[0].pk}
    assert found("birthday_week") == {people[0].pk, people[6].pk}
    assert found("birthday_month") == {people[29].pk}


def test_a_cart_is_abandoned_until_something_is_ordered() -> None:
    left, bought, long_ago = (factories.contact() for _ in range(3))
    factories.activity(left, "add_to_cart", at=ago(days=1))
    factories.order(left, at=ago(days=20), total=5)
    factories.activity(bought, "add_to_cart", at=ago(days=1))
    factories.order(bought, at=ago(hours=2), total=5)
    factories.activity(long_ago, "add_to_cart", at=ago(days=9))
    assert found("abandoned_cart") == {left.pk}


def test_lapsed_first_and_second_orders_part_by_when_the_last_one_was() -> None:
    lapsed, fresh, due, first = (factories.contact() for _ in range(4))
    factories.contact()
    for days in (400, 200):
        factories.order(lapsed, at=ago(days=days), total=5)
    for days in (400, 10):
        factories.order(fresh, at=ago(days=days), total=5)
    factories.order(due, at=ago(days=45), total=5)
    factories.order(first, at=ago(days=5), total=5)
    assert found("lapsed") == {lapsed.pk}
    assert found("second_order_due") == {due.pk}
    assert found("first_order") == {first.pk}


def test_a_newsletter_is_not_opened_by_those_who_got_three_and_opened_none() -> None:
    offers = factories.consent("offers")
    ignores, opens, got_two, refused = (factories.contact() for _ in range(4))
    for person in (ignores, opens, got_two):
        factories.answer(person, offers)
    for person, number in ((ignores, 3), (opens, 3), (got_two, 2), (refused, 3)):
        for n in range(number):
            factories.activity(person, "email_sent", at=ago(days=n + 1))
    factories.activity(opens, "email_open", at=ago(days=2))
    assert found("newsletter_not_opened") == {ignores.pk}


def test_high_spenders_without_consent_and_those_at_risk() -> None:
    offers = factories.consent("offers")
    people = [factories.contact() for _ in range(10)]
    for rank, person in enumerate(people):
        factories.order(person, at=ago(days=10 if rank == 9 else 100), total=100 * (rank + 1))
    factories.answer(people[8], offers)
    assert found("spenders_without_consent") == {people[9].pk}
    factories.answer(people[9], offers, state="withdrawn", at=ago(days=3))
    assert found("withdrew") == {people[9].pk}
    assert found("vip_at_risk") <= {person.pk for person in people[:9]}


# --- what they need --------------------------------------------------------------------------------------------
def test_what_the_account_does_not_have_is_left_blank_and_named() -> None:
    fitted = TEMPLATES["birthday_month"].fitted(Catalog())
    assert fitted.blanks == 2
    assert [str(need) for need in fitted.needs] == ["an attribute with the date of birth", "a consent to e-mails"]
    factories.attribute("last_test", "date")
    factories.consent("calls", channel="phone")
    assert TEMPLATES["birthday_month"].fitted(Catalog()).blanks == 2  # no other date, no other consent is taken
    factories.attribute("birthday", "date")
    factories.consent("offers")
    assert TEMPLATES["birthday_month"].fitted(Catalog()).needs == ()


def test_every_blank_of_a_starting_point_is_named() -> None:
    for template in TEMPLATES.values():
        assert bool(template.blanks) == bool(template.needs), template.key
    assert len(TEMPLATES) >= 20


def test_what_needs_something_opens_with_the_field_empty_and_the_rest_as_it_is(client: Client) -> None:
    response = client.get("/segments/create/?template=birthday_month")
    text = response.content.decode()
    assert response.status_code == 200
    assert text.count("Choose what to look at.") == 2
    assert BLANK not in text


# --- the gallery -----------------------------------------------------------------------------------------------
def test_the_gallery_has_each_with_its_explanation_and_a_link_to_the_form(client: Client) -> None:
    text = client.get(PAGE).content.decode()
    for template in TEMPLATES.values():
        assert f'href="/segments/create/?template={template.key}"' in text
    assert text.count("needs:") == sum(bool(each.fitted(Catalog()).needs) for each in TEMPLATES.values())


def test_the_gallery_is_searched_by_any_words_without_diacritics(client: Client) -> None:
    part = client.get(PAGE, {"q": "CART days"}, headers={"HX-Request": "true"}).content.decode()
    assert "template=abandoned_cart" in part
    assert "template=birthday_week" not in part
    assert "<html" not in part
    assert "Nothing ready-made fits this search" in client.get(PAGE, {"q": "zzz\0"}).content.decode()


def test_the_numbers_of_a_group_are_those_the_segments_would_have(client: Client) -> None:
    now = timezone.now()
    fresh = factories.contact(now=now, lead_score=80)
    factories.contact(now=now - timedelta(days=300), lead_score=80)
    buyer = factories.contact(now=now - timedelta(days=300), lead_score=80)
    factories.order(buyer, at=now - timedelta(days=3), total=20)
    text = client.get(f"{PAGE}carts/", headers={"HX-Request": "true"}).content.decode()

    def number(key: str) -> str:
        return text.split(f'id="count-{key}"')[1].split("<b>")[1].split("</b>")[0]

    assert fresh.pk
    assert (number("new_contacts"), number("warm_leads"), number("new_not_bought")) == ("1", "2", "1")
    assert "count-from_campaign" not in text  # needs something first


def test_each_group_counts_in_few_queries_however_many_it_has(client: Client) -> None:
    for group in GROUPS:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{PAGE}{group.key}/").status_code == 200
        assert len(captured) < 60, group.key


def test_there_is_no_other_group(client: Client) -> None:
    assert client.get(f"{PAGE}odd/").status_code == 404


def test_an_analyst_sees_the_gallery_with_its_numbers_and_no_way_to_use_it(client_for: Callable, analyst: Any) -> None:
    client = client_for(analyst)
    text = client.get(PAGE).content.decode()
    assert "Abandoned cart" in text
    assert "?template=" not in text
    assert client.get(f"{PAGE}carts/").status_code == 200
