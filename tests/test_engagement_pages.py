"""The page of engagement, the lists behind its numbers, its file, the filter by interactions (ED2 to ED7, ED11)."""

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities.models import Order
from contacts.erasing.services import erase_contact
from contacts.models import Contact
from contacts.services.contacts import update_contact
from insights.engagement.figures import Asked, taken
from mirror.compacting import compact
from mirror.units import UNITS
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate, snapshot
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DAY = timedelta(days=1)


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def people() -> list[Contact]:
    """Engaged now; engaged a month ago and unsubscribed since; never engaged; new and engaged."""
    now = timezone.now()
    made = [
        factories.contact(now=now - DAY * age, first_name=name)
        for age, name in ((200, "A"), (200, "B"), (200, "C"), (3, "D"))
    ]
    factories.visit(made[0], at=now - DAY * 2)
    factories.visit(made[1], at=now - DAY * 100)
    factories.order(made[3], at=now, total=5)
    update_contact(made[1], fields={"status": "unsubscribed"}, now=now - DAY * 5, by="x")
    return made


def counted(client: Any, query: str = "") -> str:
    found = client.get(f"/engagement/?{query}&count=1")
    assert found.status_code == 200
    return str(found.text)


def names(client: Any, url: str) -> str:
    """Who is in a list, by first names."""
    text = client.get(url).text
    return "".join(name for name in "ABCD" if f">{name}<" in text or re.search(rf">\s*{name}\s*<", text))


def cells(text: str, row: str) -> list[str]:
    """The numbers of a row of the page."""
    found = re.search(rf'<tr id="{row}".*?</tr>', text, re.DOTALL)
    assert found, row
    return re.findall(r">\s*(\d+)\s*<", re.sub(r"<span class=\"sub.*?</span>", "", found[0]))


def links(text: str, row: str) -> list[str]:
    found = re.search(rf'<tr id="{row}".*?</tr>', text, re.DOTALL)
    assert found
    return [link.replace("&amp;", "&") for link in re.findall(r'href="(/contacts/[^"]+)"', found[0])]


def test_the_page_comes_with_its_frame_and_asks_for_its_numbers(client: Any, people: Any) -> None:
    shell = client.get("/engagement/")
    assert shell.status_code == 200
    assert 'hx-trigger="load"' in shell.text
    part = client.get("/engagement/?count=1", headers={"hx-request": "true"}).text
    assert part.lstrip().startswith('<div id="engagement"')
    assert "50.00\N{NO-BREAK SPACE}%" in part


def test_every_number_is_a_list_of_as_many(client: Any, people: Any) -> None:
    month_ago = (timezone.localtime(timezone.now(), ZoneInfo("Europe/Warsaw")).date() - DAY * 31).isoformat()
    for query in ("days=30", f"of=all&day={month_ago}"):
        text, seen = counted(client, query), 0
        for row in re.findall(r'<tr id="((?:status|change)-[a-z_]+)"', text):
            found = re.search(rf'<tr id="{row}".*?</tr>', text, re.DOTALL)
            for link, number in re.findall(r'<a href="(/contacts/[^"]+)">(\d+)</a>', found[0] if found else "")[:1]:
                listed = client.get(link.replace("&amp;", "&"))
                assert listed.status_code == 200
                assert re.search(rf"\b{number} contacts?\b", listed.text), (query, row, link)
                seen += 1
        assert seen >= 4


def test_a_past_day_is_as_contacts_stood_then(client: Any, people: Any) -> None:
    day = (timezone.now() - DAY * 30).date().isoformat()
    text = counted(client, f"day={day}")
    assert cells(text, "status-subscribed") == ["1", "2", "3"]  # B subscribed and engaged; D not there yet
    assert names(client, f"/contacts/?engagement=at.engaged.90.{day}.subscribed") == "B"
    assert cells(counted(client), "status-subscribed") == ["2", "1", "3"]
    assert cells(counted(client), "status-unsubscribed") == ["0", "1", "1"]


def test_the_curve_says_how_many_of_a_number_were_erased_since(
    client: Any, people: Any, settings: Any, tmp_path: Any
) -> None:
    settings.ERASURE_JOURNAL = tmp_path
    erase_contact(people[0], now=timezone.now(), by="x")
    curve = counted(client).split('id="over-time"')[1].split("</section>")[0]
    *_before, last_week, today = re.findall(r"<tr>(?:(?!</tr>).)*<td.*?</tr>", curve, re.DOTALL)
    engaged, unengaged = re.findall(r"<td.*?</td>", last_week, re.DOTALL)
    assert engaged == '<td class="r num">1 <span class="sub">(1 erased since)</span></td>'  # nobody to be listed
    assert re.fullmatch(r'<td class="r num"><a href="[^"]+">2</a></td>', unengaged)
    assert "erased" not in today
    rows = list(csv.reader(StringIO(client.get("/engagement/numbers/").content.decode("utf-8-sig"))))
    told = [(row[4], row[6]) for row in rows if row[0] == "Over time"]
    assert told[-4:-2] == [("1", "1"), ("2", "0")]


def test_causes_have_their_lists_and_unsubscribing_is_told_beside_everybody(client: Any, people: Any) -> None:
    assert names(client, links(counted(client), "change-unsubscribed")[0]) == "B"
    text = counted(client, "of=all")
    assert cells(text, "change-unsubscribed") == ["1", "0"]
    assert names(client, links(text, "change-moved_out")[0]) == "B"
    assert names(client, links(text, "change-new")[0]) == "D"


def test_a_segment_is_one_click_away_and_not_for_analysts(
    client: Any, client_for: Any, analyst: Any, people: Any
) -> None:
    found = re.search(r'href="(/segments/create/[^"]+)"', counted(client, "days=30"))
    assert found
    assert "%22days%22%3A+30" in found[1]
    assert client.get(found[1].replace("&amp;", "&")).status_code == 200
    reader = client_for(analyst)
    text = counted(reader)
    assert "/segments/create/?" not in text
    assert "/engagement/numbers/" not in text
    assert reader.get("/engagement/numbers/").status_code == 403


def test_the_file_has_every_number_and_is_defused(client: Any, people: Any) -> None:
    response = client.get("/engagement/numbers/?of=all")
    rows = list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))
    assert response["Content-Type"].startswith("text/csv")
    shares = [row for row in rows if row[1] == "All statuses"]
    assert [row[4:6] for row in shares] == [["2", "50"], ["2", "50"], ["4", ""]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.parametrize(
    "query",
    [
        "days=0", "days=3651", "days=x", "day=2100-01-01", "day=1969-12-31", "day=x", "day=%00", "of=bounced",
        "by=year", "days=30&days=60", "what=1", "days=" + "9" * 400, "day=2026-02-30",
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(client: Any, query: str) -> None:
    page = client.get(f"/engagement/?{query}")
    assert page.status_code == 422
    assert "Engagement cannot be shown as asked" in page.text
    assert re.search(r'<a href="/engagement/">Show today, in the account’s window of \d+ days</a>', page.text)
    assert "the list" not in page.text
    assert client.get(f"/engagement/numbers/?{query}").status_code == 422


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "at.engaged.90.now", "at.engaged.0.now.all", "at.engaged.9999.now.all", "at.engaged.90.2100-01-01.all",
        "erased.engaged.90.now.all", "new.all.90.now.all", "new.engaged.90.now.bounced", "at.engaged.90.2026-13-01.all",
        "at.engaged.90.now.all%00",
    ],
)  # fmt: skip
def test_a_list_of_nothing_is_refused(client: Any, text: str) -> None:
    assert client.get(f"/contacts/?engagement={text}").status_code == (200 if not text else 422)


def test_the_list_of_a_day_names_it_as_every_page_does(client: Any, people: Any) -> None:
    text = client.get("/contacts/?engagement=at.engaged.90.2025-03-09.all").text
    assert "at the end of 9 Mar 2025. " in text


def test_an_empty_account_says_what_to_do(client: Any) -> None:
    assert "There are no contacts yet" in counted(client)


def test_the_queries_do_not_grow_with_the_contacts(client: Any, people: Any) -> None:
    counted(client)
    with CaptureQueriesContext(connection) as few:
        counted(client, "by=day")
    for _ in range(10):
        factories.visit(factories.contact(now=timezone.now() - DAY * 50), at=timezone.now() - DAY)
    with CaptureQueriesContext(connection) as many:
        counted(client, "by=day")
    assert len(many) == len(few)


def test_who_sees_some_contacts_only_is_told_of_these(client_for: Any, make_user: Any, people: Any) -> None:
    seen = factories.category("media", people[0], people[1])
    restricted = make_user("marketer", email="only@example.com")
    factories.permission_group("Media", users=[restricted], categories=[seen])
    client = client_for(restricted)
    text = counted(client)
    assert cells(text, "status-all") == ["1", "1", "2"]
    assert "Of the contacts that you see" in text
    assert names(client, "/contacts/?engagement=at.all.90.now.subscribed") == "A"
    assert names(client, "/contacts/?interacted_is=not_within&interacted_days=30") == "B"


# --- the filter ------------------------------------------------------------------------------------------------
def test_the_list_is_narrowed_by_who_interacted_within_some_days(client: Any, people: Any) -> None:
    within = "/contacts/?interacted_is=within&interacted_days="
    assert [names(client, f"{within}{days}") for days in (1, 3, 101)] == ["D", "AD", "ABD"]
    assert names(client, "/contacts/?interacted_is=not_within&interacted_days=30") == "BC"
    assert (
        "Not interacted within the last 30 days"
        in client.get("/contacts/?interacted_is=not_within&interacted_days=30").text
    )


@pytest.mark.parametrize(
    "query",
    ["interacted_days=30", "interacted_is=within", "interacted_is=x&interacted_days=3"]
    + [f"interacted_is=within&interacted_days={days}" for days in (0, 3651, "x")],
)
def test_half_a_filter_is_refused(client: Any, query: str) -> None:
    assert client.get(f"/contacts/?{query}").status_code == 422


# --- one contact -----------------------------------------------------------------------------------------------
def test_the_contacts_page_says_until_when_it_is_engaged(client: Any, people: Any, account: Any) -> None:
    text = client.get(f"/contacts/{people[0].pk}/").text
    assert re.search(r'id="engaged-until">Engaged until <time[^>]*>[^<]+</time> if nothing happens', text)
    last = timezone.localtime(timezone.now() - DAY * 2, account.zone).date()
    assert f'datetime="{(last + DAY * 89).isoformat()}"' in text
    assert 'id="engaged-until">Unengaged since' in client.get(f"/contacts/{people[1].pk}/").text
    assert "engaged-until" not in client.get(f"/contacts/{people[2].pk}/").text


# --- what is kept ----------------------------------------------------------------------------------------------
@pytest.fixture
def filed(committed: None, account: Any) -> list[Contact]:
    """Six contacts whose facts are in files."""
    now = timezone.now()
    made = [factories.contact(now=now - DAY * 200) for _ in range(6)]
    for number, person in enumerate(made):
        factories.visit(person, at=now - DAY * 20 * number)
        factories.activity(person, "email_open", at=now - DAY * 35 * number)
    factories.order(made[5], at=now - DAY * 3, total=10)
    for unit in UNITS:
        compact(unit, now=now, rebuild=True)
    return made


def test_after_every_event_the_numbers_are_what_the_criterion_says(filed: list[Contact], account: Any) -> None:
    def look() -> int:
        now = timezone.now()
        found = taken(Asked(60), now=now, zone=account.zone, mask=None)
        with snapshot():
            context = Context(now=now, zone=account.zone)
            engaged = evaluate(parse({"kind": "engagement", "state": "engaged", "days": 60}), context=context).members
        assert found.all["engaged"].count == len(engaged)
        taken(Asked(60), now=now, zone=account.zone, mask=None, only_kept=True)  # nothing is read a second time
        return len(engaged)

    now = timezone.now()
    before = look()
    factories.visit(filed[4], at=now - DAY)
    assert look() == before + 1
    Order.objects.update(status="cancelled")
    assert look() == before
    factories.activity(filed[5], "product_view", at=now)
    assert look() == before + 1
    factories.visit(factories.contact(now=now), at=now)
    assert look() == before + 2
    for unit in UNITS:
        compact(unit, now=timezone.now())
    assert look() == before + 2
