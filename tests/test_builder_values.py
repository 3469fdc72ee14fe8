"""Values that there are, offered while one is typed: most frequent first, of what the account has now."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pyroaring import BitMap

from mirror.services import compact
from segmentation.builder import values
from segmentation.builder.values import Observed, observed
from segmentation.engine import Context, snapshot
from tests import factories
from tests.factories import NOW
from tests.population import ZONES

ADDRESS = "/criteria/values/"


def seen(about: str, typed: str = "", **context: Any) -> dict[str, int]:
    with snapshot():
        found = observed(about, typed, context=Context(now=context.pop("now", NOW), zone=ZONES[0], **context))
    assert isinstance(found, Observed)
    return {value.text: value.count for value in found.values}


@pytest.fixture
def cities(account: Any) -> None:
    factories.attribute("city")
    for city in ("Łódź", "Łódź", "łódź", "Warszawa", "Gdańsk", None):
        factories.contact(attributes={"city": city} if city else {})


def test_the_most_frequent_come_first_and_spellings_that_compare_alike_are_one(cities: None) -> None:
    assert list(seen("attribute:city").items()) == [("Łódź", 3), ("Gdańsk", 1), ("Warszawa", 1)]


@pytest.mark.parametrize("typed", ["łó", "ŁÓD", "lodz", " odz "])
def test_what_is_typed_is_found_whatever_its_case_and_marks(cities: None, typed: str) -> None:
    assert seen("attribute:city", typed) == {"Łódź": 3}


@pytest.mark.parametrize("typed", ["łó", "lodz"])
def test_among_too_many_values_to_be_kept_it_is_looked_for_as_well(
    cities: None, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "KEPT", 2)
    assert seen("attribute:city", typed) == {"Łódź": 3}
    assert seen("attribute:city", "gda") == {"Gdańsk": 1}


def test_tags_are_offered_with_how_many_have_them_now(account: Any) -> None:
    one, two = factories.contact(), factories.contact()
    factories.tag("KLIENT VIP", one, two)
    factories.tag("STALY")
    assert seen("tag") == {"KLIENT VIP": 2, "STALY": 0}
    assert seen("tag", "vip") == {"KLIENT VIP": 2}
    assert seen("tag", "stały") == {"STALY": 0}


def test_values_of_what_happened_are_of_its_type_and_of_late(account: Any) -> None:
    person = factories.contact()
    for path, days in (("/cennik", 1), ("/cennik", 2), ("/kontakt", 3), ("/dawno", 200)):
        factories.activity(person, "page_view", at=NOW - timedelta(days=days), url=f"https://x.example{path}")
    factories.visit(person, at=NOW, utm_source="google")
    found = seen("activity:page_view:url")
    assert found == {"https://x.example/cennik": 2, "https://x.example/kontakt": 1}
    assert seen("visit:utm_source") == {"google": 1}


def test_of_products_only_orders_that_count(account: Any) -> None:
    person = factories.contact()
    line = {"product": "P1", "price": 10, "brand": "Zeiss"}
    factories.order(person, at=NOW, lines=[line, line])
    factories.order(person, at=NOW, lines=[{**line, "brand": "Hoya"}], status="cancelled")
    assert seen("purchase:brand") == {"Zeiss": 2}
    assert seen("order:currency") == {"PLN": 1}


def test_only_values_of_contacts_that_may_be_seen(cities: None) -> None:
    lodz = factories.contact(attributes={"city": "Tczew"})
    factories.activity(lodz, "page_view", at=NOW, url="/own")
    factories.activity(factories.contact(), "page_view", at=NOW, url="/other")
    mask = BitMap([lodz.pk])
    assert seen("attribute:city", mask=mask) == {"Tczew": 1}
    assert seen("activity:page_view:url", mask=mask) == {"/own": 1}
    assert seen("activity:page_view:url", mask=BitMap()) == {}


def test_what_an_erased_contact_did_is_offered_no_more_also_where_files_still_have_it(committed: None) -> None:
    now = timezone.now()
    gone, stays = factories.contact(), factories.contact()
    factories.activity(gone, "page_view", at=now, url="/secret")
    factories.activity(stays, "page_view", at=now, url="/open")
    compact(now=now)
    assert seen("activity:page_view:url", now=now) == {"/secret": 1, "/open": 1}
    gone.delete()
    assert seen("activity:page_view:url", now=now) == {"/open": 1}


def test_so_many_rows_that_fewer_days_are_looked_at(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    person = factories.contact()
    for days in range(0, 80, 8):
        factories.activity(person, "page_view", at=now - timedelta(days=days), url=f"/{days}")
    compact(now=now)
    assert len(seen("activity:page_view:url", now=now)) == 10
    monkeypatch.setattr(values, "MOST_ROWS", 3)
    assert 0 < len(seen("activity:page_view:url", now=now)) < 5


def test_a_new_value_is_offered_at_once(committed: None) -> None:
    factories.attribute("city")
    factories.contact(attributes={"city": "Sopot"})
    assert seen("attribute:city") == seen("attribute:city") == {"Sopot": 1}
    factories.contact(attributes={"city": "Hel"})
    assert seen("attribute:city") == {"Hel": 1, "Sopot": 1}


@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_the_answer_is_a_list_to_choose_from(client_for: Any, make_user: Any, cities: None, role: str) -> None:
    answer = client_for(make_user(role)).get(ADDRESS, {"of": "attribute:city", "q": "ł"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'role="option"' in html
    assert 'data-value="Łódź"' in html
    assert "Gdańsk" not in html


def test_a_value_is_text_whatever_it_looks_like(client_for: Any, marketer: Any, account: Any) -> None:
    factories.attribute("city")
    factories.contact(attributes={"city": '<b data-x="1">'})
    html = client_for(marketer).get(ADDRESS, {"of": "attribute:city"}).content.decode()
    assert "<b data-x" not in html
    assert "&lt;b data-x=&quot;1&quot;&gt;" in html


@pytest.mark.parametrize("of", ["", "x", "field:email", "field:lead_score", "attribute:none", "activity:page_view:none",
                                "activity:none:url", "visit:channel", "order:total", "tag:x", "purchase"])  # fmt: skip
def test_of_what_has_no_values_to_offer_there_is_no_list(client_for: Any, marketer: Any, account: Any, of: str) -> None:
    assert client_for(marketer).get(ADDRESS, {"of": of}).status_code == 404


@pytest.mark.parametrize("typed", ["\x00", "%", "x" * 5000, "'; drop", "\\"])
def test_odd_texts_find_nothing_and_break_nothing(client_for: Any, marketer: Any, cities: None, typed: str) -> None:
    assert client_for(marketer).get(ADDRESS, {"of": "attribute:city", "q": typed}).status_code == 200
    assert client_for(marketer).get(ADDRESS, {"of": "tag", "q": typed}).status_code == 200
