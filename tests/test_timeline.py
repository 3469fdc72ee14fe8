"""A contact's page: what the contact did and bought."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from activities import selectors
from activities.models import Activity, ActivityType
from activities.selectors import place
from contacts.models import Contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture
def contact() -> Contact:
    return factories.contact(first_name="Ala")


def titles(response: Any) -> list[str]:
    return [entry.title for entry in response.context["timeline"]["entries"]]


def page_of(client: Client, contact: Contact, query: str = "") -> Any:
    return client.get(f"/contacts/{contact.pk}/{query}")


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, headers=HTMX if "timeline" in address else {}).status_code == 200
    return len(captured)


# --- what it shows -------------------------------------------------------------------------------------------
def test_everything_is_shown_newest_first_in_the_accounts_zone(
    client: Client, contact: Contact, time_machine: Any
) -> None:
    time_machine.move_to(factories.NOW)  # of another year, the days would name theirs
    factories.activity(contact, "page_view", at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), url="https://x.pl/<a>")
    factories.visit(contact, at=datetime(2026, 3, 1, 10, 0, tzinfo=UTC))
    factories.order(contact, at=datetime(2026, 6, 1, 10, 0, tzinfo=UTC), external_id="A/7")
    response = page_of(client, contact)
    assert titles(response) == ["Order A/7", "Page view", "Visit"]
    text = response.content.decode()
    assert "https://x.pl/&lt;a&gt;" in text
    assert re.findall(r'<h3 class="of-day"><time[^>]*>([^<]+)</time></h3>', text) == ["1 Jun", "2 Mar", "1 Mar"]
    assert ">00:30</time>" in text, "23:30 in Greenwich is half past midnight in Warsaw"
    assert ">12:00</time>" in text, "summer time"


def test_the_parameters_are_told_by_their_types(client: Client, contact: Contact) -> None:
    factories.activity_type("booking", price="number", paid="boolean", day="date", called="datetime", note="text")
    factories.activity(
        contact,
        "booking",
        price=1234.5,
        paid=True,
        day="2026-05-03",
        called="2026-07-01T12:30:00+00:00",
        note="",
    )
    factories.activity(contact, "email_bounce", hard=False, reason="full")
    response = page_of(client, contact)
    told = {
        entry.title: [(each.label, each.value) for each in entry.details]
        for entry in response.context["timeline"]["entries"]
    }
    assert told["Booking"] == [
        ("Price", "1,234.5"),
        ("Paid", "Yes"),
        ("Day", "3 May 2026"),
        ("Called", "1 Jul 2026, 14:30"),
        ("Note", ""),
    ]
    assert told["E-mail bounced"] == [("reason", "full"), ("permanent", "No")]


def test_a_source_is_told_with_the_values_it_was_made_of(client: Client, contact: Contact) -> None:
    factories.visit(
        contact,
        channel="ad",
        utm_source="google",
        utm_campaign="lato",
        referrer="https://google.pl/",
        landing_url="https://x.pl/?gclid=1",
    )
    entry = page_of(client, contact).context["timeline"]["entries"][0]
    assert entry.source == "Paid ad"
    assert [(each.label, each.value) for each in entry.details] == [
        ("utm_source", "google"),
        ("utm_campaign", "lato"),
        ("came from", "https://google.pl/"),
        ("came to", "https://x.pl/?gclid=1"),
    ]


def test_an_order_has_its_total_status_and_lines(client: Client, contact: Contact) -> None:
    lines = [
        {"product": "R1", "name": "Frame", "brand": "Ray", "category": "frames", "price": "199.99", "quantity": 2},
        {"product": "S2", "price": "0.125", "quantity": "1.5"},
    ]
    factories.order(contact, lines=lines, status="refunded", currency="EUR", channel="utm")
    text = page_of(client, contact).content.decode()
    for shown in ["Refunded", "Tagged link (UTM)", "400.1675\u00a0PLN", "paid in EUR", "Frame", "Ray", "frames"]:
        assert shown in text
    assert "2 × 199.99\u00a0PLN" in text
    assert "399.98\u00a0PLN" in text
    assert "1.5 × 0.125\u00a0PLN" in text
    entries = page_of(client, contact).context["timeline"]["entries"]
    assert [line.product for line in entries[0].lines] == ["R1", "S2"]


def test_many_lines_of_an_order_are_folded_away(client: Client, contact: Contact) -> None:
    factories.order(contact, lines=[{"product": f"P{n}", "amount": 1} for n in range(8)])
    text = page_of(client, contact).content.decode()
    assert "<summary>4 more lines</summary>" in text
    assert "P7" in text


def test_lines_stay_with_their_order(client: Client, contact: Contact) -> None:
    for number in range(3):
        factories.order(contact, at=NOW + timedelta(hours=number), lines=[{"product": f"P{number}", "amount": 5}] * 1)
    entries = page_of(client, contact).context["timeline"]["entries"]
    assert [[line.product for line in entry.lines] for entry in entries] == [["P2"], ["P1"], ["P0"]]


def test_where_nothing_is_recorded_the_page_says_where_data_come_from(client: Client, contact: Contact) -> None:
    factories.activity(factories.contact())
    text = page_of(client, contact).content.decode()
    assert "Nothing recorded yet" in text
    assert "arrive by import or over the API" in text


# --- narrowing it --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("show", "shown"),
    [
        ("", ["Order A", "Login", "Page view", "Visit"]),
        ("order", ["Order A"]),
        ("visit", ["Visit"]),
        ("activity", ["Login", "Page view"]),
        ("activity:login", ["Login"]),
        ("activity:search", []),
    ],
)
def test_it_is_narrowed_by_kind_and_by_activity_type(
    client: Client, contact: Contact, show: str, shown: list[str]
) -> None:
    factories.activity(contact, "page_view", at=NOW - timedelta(hours=1))
    factories.activity(contact, "login")
    factories.visit(contact, at=NOW - timedelta(hours=2))
    factories.order(contact, at=NOW + timedelta(hours=1), external_id="A")
    for response in (
        page_of(client, contact, f"?show={show}"),
        client.get(f"/contacts/{contact.pk}/timeline/?show={show}", headers=HTMX),
    ):
        assert response.status_code == 200
        assert titles(response) == shown


def test_the_kinds_and_types_are_counted(client: Client, contact: Contact) -> None:
    for kind in ("page_view", "page_view", "login"):
        factories.activity(contact, kind)
    factories.visit(contact)
    factories.order(contact, status="cancelled")
    factories.activity(factories.contact(), "search")
    context = page_of(client, contact, "?show=activity").context["timeline"]
    assert [(link.label, link.count, link.current) for link in context["kinds"]] == [
        ("Everything", 5, False),
        ("Orders", 1, False),
        ("Visits", 1, False),
        ("Activities", 3, True),
    ]
    assert [(link.label, link.count) for link in context["types"]] == [("Page view", 2), ("Login", 1)]


@pytest.mark.parametrize(
    "query",
    [
        "?show=nothing",
        "?show=visit:login",
        "?show=activity:none",
        "?show=order&show=visit",
        "?before=now",
        "?before=1.4.1",
        "?before=-99999999999999999.1.1",
        "?before=1.1.1&after=2.1.1",
        "?after=1.1.1&after=1.1.1",
    ],
)
def test_what_it_cannot_be_narrowed_by_shows_nothing_and_says_so(client: Client, contact: Contact, query: str) -> None:
    factories.visit(contact)
    page = page_of(client, contact, query)
    part = client.get(f"/contacts/{contact.pk}/timeline/{query}", headers=HTMX)
    assert (page.status_code, part.status_code) == (200, 422)
    for response in (page, part):
        assert "does not have, so nothing is shown" in response.content.decode()
        assert "entries" not in response.context["timeline"]


def test_the_links_keep_what_else_is_in_the_address(client: Client, contact: Contact) -> None:
    factories.visit(contact)
    links = page_of(client, contact, "?page=2&show=visit").context["timeline"]["kinds"]
    assert [link.page.partition("?")[2] for link in links] == [
        "page=2",
        "page=2&show=order",
        "page=2&show=visit",
        "page=2&show=activity",
    ]
    assert links[1].page.startswith(f"/contacts/{contact.pk}/?")
    assert links[1].fetch.startswith(f"/contacts/{contact.pk}/timeline/?")


# --- pages ---------------------------------------------------------------------------------------------------
def made_many(contact: Contact) -> list[Any]:
    """Ninety entries of all kinds, many of the same moment, in the order of the timeline."""
    moments = [NOW - timedelta(hours=hour // 7) for hour in range(30)]
    rows = [
        (selectors.Entry(kind, row).place, kind, row.pk)
        for at in moments
        for kind, row in (
            ("activity", factories.activity(contact, "login", at=at)),
            ("visit", factories.visit(contact, at=at)),
            ("order", factories.order(contact, at=at)),
        )
    ]
    return [(kind, pk) for _place, kind, pk in sorted(rows, reverse=True)]


@pytest.mark.parametrize("size", [1, 4, 30, 89, 90, 91])
@pytest.mark.parametrize("kinds", [("activity", "visit", "order"), ("visit",)])
def test_pages_of_any_size_there_and_back_hold_every_entry_once(
    contact: Contact, size: int, kinds: tuple[str, ...]
) -> None:
    everything = [entry for entry in made_many(contact) if entry[0] in kinds]
    forwards, pages, before = [], [], None
    while True:
        page = selectors.timeline(contact, kinds=kinds, before=before, size=size)
        pages.append(page)
        forwards += [(entry.kind, entry.row.pk) for entry in page.entries]
        if (before := page.older) is None:
            break
    assert forwards == everything
    assert pages[0].newer is None
    assert all(page.newer for page in pages[1:])
    for page, earlier in zip(pages[:0:-1], pages[-2::-1], strict=True):
        back = selectors.timeline(contact, kinds=kinds, after=page.newer, size=size)
        assert [entry.place for entry in back.entries] == [entry.place for entry in earlier.entries]
        assert (back.newer is None) == (earlier.newer is None)


def test_the_page_leads_to_older_entries_and_back(client: Client, contact: Contact) -> None:
    everything = made_many(contact)
    seen = []
    response = page_of(client, contact)
    while True:
        context = response.context["timeline"]
        seen += context["entries"]
        if not context["older"]:
            break
        response = client.get(context["older"].page)
    assert len(seen) == len(everything)
    assert response.context["timeline"]["newest"].page == f"/contacts/{contact.pk}/"
    back = client.get(response.context["timeline"]["newer"].fetch, headers=HTMX)
    assert len(back.context["timeline"]["entries"]) == selectors.PER_PAGE


def test_a_place_in_the_address_is_exact_to_the_microsecond() -> None:
    for at in (
        datetime(1969, 7, 20, 20, 17, 40, 123457, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 999999, tzinfo=UTC),
    ):
        there = selectors.Place(at, 2, 15)
        assert place(str(there)) == there


def test_past_the_end_it_says_so_and_leads_back(client: Client, contact: Contact) -> None:
    factories.visit(contact)
    response = page_of(client, contact, "?before=1.1.1")
    assert "Nothing further." in response.content.decode()
    assert response.context["timeline"]["newest"] is not None


# --- doors ---------------------------------------------------------------------------------------------------
def test_the_fragment_is_a_part_and_as_a_page_leads_to_the_contact(client: Client, contact: Contact) -> None:
    factories.visit(contact)
    part = client.get(f"/contacts/{contact.pk}/timeline/?show=visit", headers=HTMX)
    assert "<html" not in part.content.decode()
    assert (
        client.get(f"/contacts/{contact.pk}/timeline/?show=visit")["Location"]
        == f"/contacts/{contact.pk}/?show=visit#timeline"
    )
    assert client.post(f"/contacts/{contact.pk}/timeline/").status_code == 405


def test_the_timeline_of_another_account_does_not_exist(client: Client, other_account: Any) -> None:
    with tenant_context(other_account):
        theirs = factories.contact()
    Contact.objects.filter(pk=theirs.pk).delete()
    assert client.get(f"/contacts/{theirs.pk}/timeline/", headers=HTMX).status_code == 404


def test_an_analyst_reads_it_and_somebody_signed_out_does_not(
    client_for: Callable, analyst: Any, contact: Contact
) -> None:
    factories.visit(contact)
    address = f"/contacts/{contact.pk}/timeline/"
    assert client_for(analyst).get(address, headers=HTMX).status_code == 200
    assert "HX-Redirect" in client_for(None).get(address, headers=HTMX)


def test_queries_do_not_grow_with_what_is_recorded(client: Client, contact: Contact) -> None:
    factories.activity(contact)
    factories.visit(contact)
    factories.order(contact, lines=[{"product": "P", "amount": 1}])
    address = f"/contacts/{contact.pk}/"
    few = [queries_of(client, address), queries_of(client, f"{address}timeline/")]
    factories.activity_type("booking", note="text")
    for number in range(12):
        factories.activity(contact, "booking", note="x")
        factories.activity(contact, "login", method="x")
        factories.visit(contact)
        factories.order(contact, lines=[{"product": f"P{n}", "amount": 1} for n in range(number)])
    assert [queries_of(client, address), queries_of(client, f"{address}timeline/")] == few


def test_reading_a_page_goes_along_the_index(contact: Contact) -> None:
    """Ten thousand activities of one contact among others: no kind is sorted whole or read from the beginning."""
    kind = ActivityType.objects.get(key="page_view")
    people = [contact, *(factories.contact() for _ in range(5))]
    Activity.objects.bulk_create(
        Activity(contact=people[n % 6 if n % 3 else 0], type=kind, at=NOW - timedelta(minutes=n), params={})
        for n in range(15_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE activities_activity")
    middle = selectors.Place(NOW - timedelta(minutes=9_000), 2, 1)
    rows = Activity.objects.filter(selectors.beyond(middle, 1, newer=False), contact=contact)
    plan = rows.order_by("-at", "-id")[:26].explain(analyze=True)
    assert "activity_contact_at" in plan
    assert "Seq Scan" not in plan
    read = [int(float(n)) for n in re.findall(r"actual time=\S+ rows=([\d.]+)", plan)]
    assert max(read) < 100


def test_the_address_of_a_page_says_everything_that_is_needed_to_open_it_again(
    client: Client, contact: Contact
) -> None:
    made_many(contact)
    older = page_of(client, contact, "?show=order").context["timeline"]["older"]
    assert dict(parse_qsl(urlsplit(older.page).query)).keys() == {"show", "before"}
    again = client.get(older.page).context["timeline"]["entries"]
    assert {entry.kind for entry in again} == {"order"}
    assert len(again) == 30 - selectors.PER_PAGE
