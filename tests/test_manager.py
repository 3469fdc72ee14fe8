"""The contact manager: list, search, filters, order, pages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import django_filters
import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import format_html
from django_tenants.utils import tenant_context
from pyroaring import BitMap

from contacts import manager, paging
from contacts.manager import Column, ManagerFilter
from contacts.models import Contact
from contacts.selectors import restricted
from contacts.sight import Rule
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
URL = "/contacts/"


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture(autouse=True)
def _only_own_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what other apps register, so that these tests speak of the manager alone."""
    for registry in ("filters", "columns", "panels"):
        monkeypatch.setattr(manager, registry, {})
    monkeypatch.setattr(manager, "belongings", [])


def names(response: Any) -> list[str]:
    """The contacts shown, in order."""
    return [
        unescape(name) for name in re.findall(r'class="name" href="/contacts/\d+/">([^<]*)<', response.content.decode())
    ]


def total(response: Any) -> int:
    return response.context["total"]


def people(*last_names: str, **fields: Any) -> list[Contact]:
    return [factories.contact(last_name=name, **fields) for name in last_names]


def test_it_lists_everybody_with_the_exact_number_and_its_time(client: Client) -> None:
    people("Nowak", "Kowal")
    page = client.get(URL)
    assert page.status_code == 200
    assert set(names(page)) == {"Nowak", "Kowal"}
    assert "2 contacts" in page.content.decode()
    assert re.search(r"exact, at \d\d:\d\d:\d\d", page.content.decode())


def test_another_accounts_contacts_are_not_there(client: Client, other_account: Any) -> None:
    people("Mine")
    with tenant_context(other_account):
        people("Theirs")
    assert names(client.get(URL)) == ["Mine"]


def test_nobody_signed_out_sees_it(client_for: Callable) -> None:
    assert client_for(None).get(URL).status_code == 302


def test_an_analyst_sees_it_without_a_way_to_create(client_for: Callable, analyst: Any, client: Client) -> None:
    assert reverse("contacts:create") in client.get(URL).content.decode()
    page = client_for(analyst).get(URL)
    assert page.status_code == 200
    assert reverse("contacts:create") not in page.content.decode()


def test_htmx_gets_the_rows_and_a_tidy_address(client: Client) -> None:
    people("Nowak")
    part = client.get(f"{URL}?q=now&lead_score_from=&sort=name", headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert names(part) == ["Nowak"]
    assert part["HX-Push-Url"] == "/contacts/?q=now&sort=name"


def test_without_contacts_it_says_what_to_do_next(client: Client) -> None:
    text = client.get(URL).content.decode()
    assert "No contacts yet" in text


def test_without_a_match_it_offers_to_clear_the_filters(client: Client) -> None:
    people("Nowak")
    text = client.get(f"{URL}?q=zzz").content.decode()
    assert "No contact fits" in text
    assert "No contacts yet" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("łecka", ["Żaneta Łęcka"]),
        ("LECKA zan", ["Żaneta Łęcka"]),
        ("zaneta@", ["Żaneta Łęcka"]),
        ("poczta", ["Żaneta Łęcka"]),
        ("600 100", ["Żaneta Łęcka"]),
        ("+48 600-100-2", ["Żaneta Łęcka"]),
        ("shop-77", ["Jan Żak"]),
        ("ż", ["Jan Żak", "Żaneta Łęcka"]),
        ("ja", ["Jan Żak"]),
        ("ak", []),  # two letters are looked for where words begin
        ("100%", []),
        ("z_k", []),
        ("a\\", []),
    ],
)
def test_search_finds_words_anywhere(client: Client, query: str, found: list[str]) -> None:
    factories.contact(first_name="Żaneta", last_name="Łęcka", email="zaneta@poczta.example", phone="+48600100200")
    factories.contact(first_name="Jan", last_name="Żak", external_id="SHOP-77", email=None)
    assert sorted(names(client.get(URL, {"q": query}))) == found


def test_search_finds_by_id(client: Client) -> None:
    contact, _other = people("Nowak", "Kowal")
    assert names(client.get(URL, {"q": f"#{contact.pk}"})) == ["Nowak"]
    assert names(client.get(URL, {"q": "#99999999999999"})) == []


def found(client: Client, **query: Any) -> str:
    response = client.get(URL, {"sort": "name", **query})
    assert response.status_code == 200, response.context["search"].errors
    assert total(response) == len(names(response))
    return " ".join(names(response))


def test_filters_of_columns(client: Client) -> None:
    factories.contact(
        last_name="A", lead_score=5, status="pending", source="Fair", created_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    factories.contact(last_name="B", lead_score=50, source="shop", created_at=datetime(2026, 3, 1, 22, 59, tzinfo=UTC))
    factories.contact(
        last_name="C", lead_score=500, status="bounced", created_at=datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    )
    assert found(client, status="pending") == "A"
    assert found(client, status=["pending", "bounced"]) == "A C"
    assert found(client, lead_score_from="5", lead_score_to="50") == "A B"
    assert found(client, lead_score_from="51") == "C"
    assert found(client, lead_score_from="99999999999999999999") == ""
    assert found(client, lead_score_to="99999999999999999999") == "A B C"
    assert found(client, source="FAIR") == "A"
    assert found(client, created_from="2026-03-01", created_to="2026-03-01") == "A B", "days of the account's zone"
    assert found(client, created_from="2026-03-02") == "C"
    assert found(client, created_to="9999-12-31") == "A B C"
    assert found(client, created_from="0001-01-01") == "A B C"


def test_filters_of_consents(client: Client) -> None:
    given, withdrawn, _unknown = people("G", "W", "U")
    consent = factories.consent("sms")
    factories.answer(given, consent)
    factories.answer(withdrawn, consent, "withdrawn")
    factories.answer(withdrawn, factories.consent("mail"))
    assert found(client, consent="sms:given") == "G"
    assert found(client, consent="sms:withdrawn") == "W"
    assert found(client, consent="sms:unknown") == "U"


@pytest.mark.parametrize(
    ("type_", "query", "expected"),
    [
        ("text", {"": "ŁÓ"}, "A"),
        ("text", {"": "%"}, ""),
        ("number", {"_from": "2"}, "B"),
        ("number", {"_from": "1.5", "_to": "1.5"}, "A"),
        ("boolean", {"": "true"}, "A"),
        ("boolean", {"": "false"}, "B"),
        ("date", {"_from": "2026-03-01", "_to": "2026-03-01"}, "A"),
        ("date", {"_from": "2026-03-02"}, "B"),
        ("datetime", {"_from": "2026-03-01", "_to": "2026-03-01"}, "A"),
        ("datetime", {"_from": "2026-03-02"}, "B"),
        ("choice", {"": ["x"]}, "A"),
        ("choice", {"": ["x", "y"]}, "A B"),
        ("choices", {"": ["y"]}, "A B"),
        ("choices", {"": ["x"]}, "A"),
    ],
)
def test_filters_of_attributes(client: Client, type_: str, query: dict[str, Any], expected: str) -> None:
    values: dict[str, tuple[Any, Any]] = {
        "text": ("Łódź", "Kraków"),
        "number": (1.5, 20),
        "boolean": (True, False),
        "date": ("2026-03-01", "2026-03-02"),
        "datetime": ("2026-03-01T22:59:59+00:00", "2026-03-01T23:00:00+00:00"),
        "choice": ("x", "y"),
        "choices": (["x", "y"], ["y"]),
    }
    factories.attribute("contains", type_, options=["x", "y"] if type_.startswith("choice") else [])
    for name, value in zip("AB", values[type_], strict=True):
        factories.contact(last_name=name, attributes={"contains": value})
    factories.contact(last_name="None")
    assert found(client, **{f"attribute-contains{end}": value for end, value in query.items()}) == expected


def test_filters_hold_together_and_each_can_be_taken_out(client: Client) -> None:
    people("Nowak", lead_score=5)
    people("Nowakowski", lead_score=50)
    page = client.get(URL, {"q": "nowak", "lead_score_from": 10, "sort": "name", "page": 1})
    assert names(page) == ["Nowakowski"]
    assert [(chip.text, chip.url) for chip in page.context["chips"]] == [
        ("Search: nowak", "?lead_score_from=10&sort=name"),
        ("Lead score: from 10", "?q=nowak&sort=name"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "lead_score=5",
        "attribute-nothing=5",
        "status=asleep",
        "status=pending&status=asleep",
        "lead_score_from=many",
        "lead_score_from=1.5",
        "created_from=yesterday",
        "created_from=2026-02-30",
        "consent=nothing:given",
        "consent=sms:maybe",
        "consent=sms:given&consent=sms:withdrawn",
        "q=a&q=b",
        "q=%00",
        "q=" + "a" * 201,
        "attribute-size_from=big",
        "attribute-frame=wood",
        "attribute-vip=1",
        "sort=colour",
        "sort=--name",
        "page=0",
        "page=-1",
        "page=x",
        "page=²",
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_the_list_cannot_be_narrowed_by_is_an_error_and_no_rows(client: Client, query: str, htmx: bool) -> None:
    """Broken means refused: never the same list without the filter."""
    factories.attribute("size", "number")
    factories.attribute("vip", "boolean")
    factories.attribute("frame", "choice", options=["metal"])
    factories.consent("sms")
    people("Nowak")
    page = client.get(f"{URL}?{query}", headers={"HX-Request": "true"} if htmx else {})
    assert page.status_code == 422
    assert names(page) == []
    assert 'role="alert"' in page.content.decode()
    assert "No contact" not in page.content.decode()


def test_an_error_stands_at_its_filter(client: Client) -> None:
    page = client.get(f"{URL}?lead_score_from=many")
    assert page.context["search"].form.errors == {"lead_score": ["Enter a whole number."]}
    assert '<details class="more-filters" open>' in page.content.decode()


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", "Ącki Cień Ćwik Ms Żak"),
        ("-name", "Żak Ms Ćwik Cień Ącki"),
        ("lead_score", "Cień Ms Żak Ącki Ćwik"),
        ("-lead_score", "Ćwik Ącki Żak Ms Cień"),
        ("created", "Żak Cień Ms Ącki Ćwik"),
        ("-created", "Ćwik Ącki Ms Cień Żak"),
        ("", "Ćwik Ącki Ms Cień Żak"),
        ("email", "Ms Cień Ćwik Żak Ącki"),
        ("-email", "Ącki Żak Ćwik Cień Ms"),
    ],
)
@pytest.mark.parametrize("filtered", [False, True])
def test_every_order_and_its_reverse(client: Client, sort: str, order: str, filtered: bool) -> None:
    for name, score, age, email in [
        ("Żak", 3, 9, "z@x.pl"),
        ("Cień", 1, 8, "b@x.pl"),
        ("Ms", 2, 7, "a@x.pl"),
        ("Ącki", 4, 6, None),
        ("Ćwik", 5, 5, "c@x.pl"),
    ]:
        created = NOW - timedelta(days=age)
        factories.contact(last_name=name, lead_score=score, email=email, created_at=created)
    query = {"sort": sort} | ({"status": "subscribed"} if filtered else {})
    assert " ".join(names(client.get(URL, query))) == order


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("sort", ["lead_score", "-lead_score"])
def test_pages_part_the_list_without_gaps_or_repeats(
    client: Client, monkeypatch: pytest.MonkeyPatch, filtered: bool, sort: str
) -> None:
    """Also beyond the middle, where the index is read from the other end, and among equals."""
    monkeypatch.setattr(paging, "PER_PAGE", 3)
    for number in range(11):
        factories.contact(last_name=f"P{number:02}", lead_score=number // 4)
    query = {"sort": sort} | ({"q": "p"} if filtered else {})
    pages = [names(client.get(URL, {**query, "page": number})) for number in range(1, 5)]
    assert [len(page) for page in pages] == [3, 3, 3, 2]
    expected = [f"P{number:02}" for number in range(11)]
    assert [name for page in pages for name in page] == (expected if sort == "lead_score" else expected[::-1])
    past = client.get(URL, {**query, "page": 999_999_999})
    assert names(past) == pages[-1], "past the end is the last page"
    assert past.context["rows"].number == 4


def test_queries_do_not_grow_with_rows(client: Client) -> None:
    factories.attribute("city")
    factories.consent()

    def queries(query: dict[str, str]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL, query).status_code == 200
        return len(captured)

    people("A")
    few = queries({}), queries({"q": "a", "attribute-city": ""})
    people(*(f"A{number}" for number in range(30)))
    assert (queries({}), queries({"q": "a", "attribute-city": ""})) == few
    assert max(few) <= 18


class OddField(forms.IntegerField):
    def clean(self, value: Any) -> Any:
        number = super().clean(value)
        if number is not None and number % 2 == 0:
            raise ValidationError("That is not odd.")
        return number


class IdsFilter(django_filters.Filter):
    field_class = OddField

    def filter(self, queryset: Any, value: Any) -> Any:
        return restricted(queryset, BitMap([value])) if value else queryset


def test_apps_above_add_filters_columns_and_notes(client: Client) -> None:
    chosen, _other = people("Chosen", "Other")
    odd = chosen.pk if chosen.pk % 2 else _other.pk
    manager.register_filter(
        ManagerFilter(
            name="calculation",
            filter=lambda _request: IdsFilter(label="Calculation"),
            words=lambda value: f"Calculation {value}",
            note=lambda _request, value, total: format_html("<i>{} of {}</i>", total, value),
            hidden=True,
        )
    )
    manager.register_column(
        Column(
            name="tags",
            label="Tags",
            template="contacts/_status.html",
            values=lambda _request, ids: {pk: f"v{pk}" for pk in ids},
            begins=True,
        )
    )
    page = client.get(URL, {"calculation": odd})
    text = page.content.decode()
    assert total(page) == 1
    assert f"<i>1 of {odd}</i>" in text
    assert f'<input type="hidden" name="calculation" value="{odd}">' in text
    assert f"Calculation {odd}" in text
    assert '<th scope="col">Tags</th>' in text
    refused = client.get(URL, {"calculation": odd + 1})
    assert refused.status_code == 422
    assert "That is not odd." in refused.content.decode()


def test_a_restricted_view_of_contacts_is_one_selector_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever rule cuts down what is seen: list, total, page and door follow without another change."""
    seen, hidden = people("Seen", "Hidden")
    rule = Rule(rows=lambda _user: Q(pk=seen.pk), ids=lambda _user: BitMap([seen.pk]), names=lambda _user: [])
    monkeypatch.setattr("contacts.sight._rules", [rule])
    page = client.get(URL)
    assert (names(page), total(page)) == (["Seen"], 1)
    assert client.get(URL, {"q": "hidden"}).context["total"] == 0
    assert client.get(f"/contacts/{hidden.pk}/").status_code == 404
