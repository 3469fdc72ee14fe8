"""The pages of buyers, the lists behind their numbers, their files (ED14)."""

import csv
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pyroaring import BitMap

from contacts.erasing.services import erase_contact
from contacts.models import Contact
from insights.buyers import lists
from mirror.compacting import compact
from mirror.reading import Reader
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = ["/buyers/", "/buyers/spenders/"]
FILES = ["/buyers/numbers/", "/buyers/spenders/numbers/"]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def people(now: datetime) -> list[Contact]:
    """Thirty contacts of whom 24 bought: now and then, once and often, little and much; some only before."""
    made = [factories.contact() for _ in range(30)]
    for n, person in enumerate(made[:24]):
        for again in range(1 + n % 5 * (n % 2)):
            factories.order(person, total=10 + n * n, at=now - timedelta(days=2 + (n * 7) % 90 + again * 11))
    factories.order(made[24], total=999, at=now, status="cancelled")
    factories.order(made[25], total=998, at=now, status="refunded")
    factories.order(made[26], total=997, at=now + timedelta(days=3))
    factories.order(made[0], total=5, at=now - timedelta(days=1), currency="EUR")
    return made


def of(answer: Any) -> Any:
    assert answer.status_code == 200
    return answer.context["told"]


# --- numbers are lists --------------------------------------------------------------------------------------------
def links_of(answers: list[Any]) -> dict[str, int]:
    """Every list on the pages, and the number that leads to it."""
    found: dict[str, int] = {}
    for answer in answers:
        pattern = r'<a href="(/contacts/\?buyers=[^"]+)"[^>]*>\s*(?:<b[^>]*>)?([\d,]+)'
        for url, number in re.findall(pattern, answer.text):
            assert found.setdefault(url.replace("&amp;", "&"), int(number)) == int(number), url
    return found


def test_every_number_is_its_list(client: Any, rf: Any, user: Any, account: Any, people: list[Contact]) -> None:
    by = ("both", "frequency", "monetary")
    answers = [client.get(f"/buyers/?by={each}") for each in by] + [client.get("/buyers/spenders/")]
    links = links_of(answers)
    for kind in ("cell~both", "cell~frequency", "cell~monetary", "score~", "group~", "moved~", "band~", "kind~", "all"):
        assert any(f"buyers={kind}" in url for url in links), kind
    request = rf.get("/")
    request.user, request.tenant, request.now = user, account, timezone.now()
    for url, number in links.items():
        text = parse_qs(urlsplit(url).query)["buyers"][0]
        assert len(lists.people(request, text).ids) == number, url
    for url in sorted(links)[::40]:
        assert client.get(url).context["total"] == links[url]


def test_every_number_but_movement_is_one_click_from_a_segment(
    client: Any, account: Any, people: list[Contact], now: datetime
) -> None:
    told, spenders = of(client.get("/buyers/")), of(client.get("/buyers/spenders/"))
    cells = [cell for row in told.cells for cell in row if cell.some.buyers]
    shown = client.get("/buyers/").text + client.get("/buyers/spenders/").text
    for row in [*cells, *told.groups, *spenders.bands, *spenders.kinds, spenders.none]:
        if not row.some.buyers:
            assert row.links.create_url == ""
            continue
        criteria = json.loads(parse_qs(urlsplit(row.links.create_url).query)["criteria"][0])
        members = evaluate(parse(criteria), context=Context(now=now, zone=account.zone)).members
        assert len(members) == row.some.buyers, criteria
        assert row.links.create_url.replace("&", "&amp;") in shown
    assert client.get(cells[0].links.create_url).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "group~whales", "group", "group~loyal~1", "cell~both~6~1", "cell~both~1", "cell~x~1~1", "cell~both~0~1",
        "cell~both~٣~1", "score~recency~9", "score~x~1", "band~none", "band~", "kind~big", "kind~x", "~", "all~1",
        "moved~lost~loyal", "moved~lost~loyal~x", "moved~lost~loyal~2026-13-01", "moved~lost~none~2026-01-01",
        "moved~lost~loyal~9999-12-31", "moved~lost~loyal~0001-01-01", "moved~lost~loyal~20260101",
        "then~none~2026-01-01",
        "then~lost~2026-W01-1", "moved~lost~loyal~2026-01-01~x", "group~\x00",
    ],
)  # fmt: skip
def test_an_address_that_names_nothing_shows_nobody(client: Any, people: list[Contact], text: str) -> None:
    answer = client.get("/contacts/", {"buyers": text})
    assert answer.status_code == 422
    assert "<tbody>" not in answer.text


# --- what stands there --------------------------------------------------------------------------------------------
def test_pages_say_what_was_left_out_and_what_counts_otherwise(client: Any, people: list[Contact]) -> None:
    for page in PAGES:
        text = client.get(page).text
        assert "1 cancelled order (999.00\N{NO-BREAK SPACE}PLN): not counted" in text
        assert "1 refunded order (998.00\N{NO-BREAK SPACE}PLN): not counted" in text
        assert "1 order dated ahead (997.00\N{NO-BREAK SPACE}PLN)" in text
        assert "1 order paid in EUR: counts with its total" in text
        assert "Taken on" in text


def test_a_change_is_neither_good_nor_bad_and_an_amount_breaks_before_its_currency(
    client: Any, people: list[Contact]
) -> None:
    text = client.get("/buyers/").text
    groups = text.split('id="rfm-groups"')[1].split("</section>")[0]
    assert re.search(r">\s*[+−]\d", groups)
    assert not re.search(r'class="(up|down)"', groups)
    for page in PAGES:
        amounts = re.findall(
            r'<span class="nowrap">([\d,.]+)</span> <span class="nowrap">PLN</span>', client.get(page).text
        )
        assert len(amounts) == 2, page


def test_a_cell_without_buyers_names_no_group(client: Any, people: list[Contact]) -> None:
    text = client.get("/buyers/").text.split('id="rfm-map"')[1].split("</section>")[0]
    cells = re.findall(r'<td class="heat-(\d).*?</td>', text, re.DOTALL)
    named = re.findall(r'<td class="heat-(\d)(?:(?!</td>).)*class="group-name"', text, re.DOTALL)
    assert "0" in cells
    assert named == [step for step in cells if step != "0"]


def test_a_list_sets_its_title_and_its_number_apart(client: Any, people: list[Contact]) -> None:
    assert re.search(r"</a>: RFM group [^.]+\. \d+ contacts?, as of", client.get("/contacts/?buyers=group~loyal").text)


def test_shares_of_rows_that_are_a_whole_together_add_up(client: Any, people: list[Contact]) -> None:
    rfm, spenders = (of(client.get(f"{url}?count=1")) for url in PAGES)
    for rows in (rfm.groups, [cell for row in rfm.cells for cell in row], spenders.bands):
        for name in ("share", "part"):
            told = [getattr(row, name).removesuffix("\N{NO-BREAK SPACE}%") for row in rows]
            assert sum(map(Decimal, told)) == 100, told


def test_without_orders_the_pages_say_what_to_do(client: Any, client_for: Any, analyst: Any) -> None:
    factories.order(factories.contact(), total=5, status="cancelled")
    for page in PAGES:
        assert "Nobody has bought anything yet" in client.get(page).text
        assert 'href="/imports/"' in re.sub(r"(?s)<aside.*?</aside>|<nav.*?</nav>", "", client.get(page).text)
        assert "1 cancelled order" in client.get(page).text
        assert "Import orders" not in client_for(analyst).get(page).text


def test_where_many_are_alike_a_score_that_nobody_can_have_says_so(client: Any, now: datetime) -> None:
    for n in range(6):
        factories.order(factories.contact(), total=10 + n, at=now - timedelta(days=n))
    text = client.get("/buyers/").text
    assert text.count("no value: the cut-offs are the same") == 3  # one order each: scores 2, 3 and 4
    assert re.search(r"Frequency</caption>.*?>\s*up to 1\s*<", text, re.DOTALL)


def test_who_was_erased_is_told_by_number_with_nothing_of_the_person(client: Any, now: datetime) -> None:
    for days, status in ((40, "paid"), (50, "paid"), (3, "paid"), (40, "cancelled")):
        person = factories.contact()
        factories.order(person, total=10, at=now - timedelta(days=days), status=status)
        erase_contact(person, now=now, by="x")
    factories.order(factories.contact(), total=10, at=now - timedelta(days=40))
    assert "2 buyers of then were erased since" in client.get("/buyers/").text
    assert of(client.get("/buyers/")).of.ranked.everybody.buyers == 1


# --- kept ---------------------------------------------------------------------------------------------------------
def test_a_page_whose_numbers_are_in_files_opens_at_once_and_scans_nothing_again(
    committed: None, client: Any, people: list[Contact], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unit in ("order", "contact"):
        compact(unit, now=now)
    read: list[str] = []
    select, filed = Reader.select, Reader.filed
    monkeypatch.setattr(Reader, "select", lambda self, rows, *a: read.append(rows.kind.name) or select(self, rows, *a))
    monkeypatch.setattr(Reader, "filed", lambda self, rows, *a: read.append(rows.kind.name) or filed(self, rows, *a))
    for page in PAGES:
        shell = client.get(page)
        assert 'hx-trigger="load"' in shell.text
        assert "told" not in shell.context
        counted = client.get(f"{page}?count=1", headers={"hx-request": "true"})
        assert counted.text.lstrip().startswith('<div id="buyers"')
        assert counted.context["told"].everybody.buyers == 24
        read.clear()
        assert of(client.get(page)).everybody.buyers == 24
        assert "order" not in read
    factories.order(people[28], total=50_000, at=now)
    for page in PAGES:
        assert of(client.get(f"{page}?count=1")).everybody.buyers == 25
    Contact.objects.filter(pk=people[28].pk).delete()
    assert of(client.get("/buyers/?count=1")).everybody.buyers == 24


def test_the_number_of_queries_does_not_grow(client: Any, people: list[Contact], now: datetime) -> None:
    def queries(page: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(page)
        return len(captured)

    before = [queries(page) for page in (*PAGES, *PAGES)][2:]
    for _ in range(15):
        factories.order(factories.contact(), total=77, at=now - timedelta(days=40))
    assert [queries(page) for page in PAGES] <= before


# --- who may ------------------------------------------------------------------------------------------------------
def test_analysts_read_and_make_nothing(client_for: Any, analyst: Any, people: list[Contact]) -> None:
    client = client_for(analyst)
    for page, file in zip(PAGES, FILES, strict=True):
        text = client.get(page).text
        assert "/segments/create/" not in text
        assert file not in text
        assert client.get(file).status_code == 403


def test_whoever_sees_some_contacts_only_is_told_of_them_alone(
    client_for: Any, make_user: Any, client: Any, people: list[Contact], now: datetime
) -> None:
    mine = [people[3], people[23], people[29]]
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[factories.category("media", *mine)])
    own = client_for(user)
    erased = factories.contact()
    factories.order(erased, total=10, at=now - timedelta(days=40))
    erase_contact(erased, now=now, by="x")
    whole, part = of(client.get("/buyers/")), of(own.get("/buyers/"))
    assert (part.everybody.buyers, part.of.everyone) == (2, 3)
    told = [BitMap(group_of(own, row.name)) for row in part.groups if row.some.buyers]
    assert sum(map(len, told)) == 2
    assert BitMap.union(*told) == BitMap([people[3].pk, people[23].pk])
    for mine_row, row in zip(part.groups, whole.groups, strict=True):
        assert mine_row.some.buyers <= row.some.buyers  # the same group as it is for who sees all
    for page in PAGES:
        text = own.get(page).text
        assert "Where scores begin and end" not in text
        assert "Cut-offs" not in text
        assert "erased" not in text
        assert "999.00" not in text
        links = links_of([own.get(page)])
        for url in sorted(links)[::12]:
            assert own.get(url).context["total"] == links[url]
    rows = numbers(own.get(FILES[0])) + numbers(own.get(FILES[1]))
    assert not any(row["more than, or later than"] or row["up to"] for row in rows)
    assert own.get("/contacts/", {"buyers": "kind~none"}).context["total"] == 1


def group_of(client: Any, name: str) -> list[int]:
    answer = client.get("/contacts/", {"buyers": f"group~{name}"})
    return list(answer.context["search"].values["buyers"].here)


@pytest.mark.parametrize("query", ["by=x", "heat=x", "by=both&by=frequency", "what=1", "by=%00", "page=x", "count=%00"])
def test_what_cannot_be_shown_is_refused(client: Any, people: list[Contact], query: str) -> None:
    for page in (*PAGES, *FILES):
        answer = client.get(f"{page}?{query}")
        assert answer.status_code == 422
        assert "tile" not in answer.text


def test_another_account_has_its_own(
    client_for: Any, people: list[Contact], other_account: Any, make_user: Any
) -> None:
    from django_tenants.utils import tenant_context

    with tenant_context(other_account):
        assert "Nobody has bought anything yet" in client_for(make_user("owner")).get("/buyers/").text


# --- files --------------------------------------------------------------------------------------------------------
def numbers(answer: Any) -> list[dict[str, str]]:
    assert answer["Content-Disposition"].startswith("attachment;")
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def test_the_files_have_the_numbers_of_the_pages(client: Any, people: list[Contact]) -> None:
    told, spenders = of(client.get("/buyers/")), of(client.get("/buyers/spenders/"))
    rows = numbers(client.get(FILES[0]))
    groups = {row["what"]: row for row in rows if row["section"] == "Groups"}
    for each in told.groups:
        row = groups[each.label]
        assert (row["contacts"], row["orders"]) == (str(each.some.buyers), str(each.some.orders))
        assert float(row["revenue"]) == float(each.some.revenue)
        assert row["30 days before"] == str(each.then)
    moves = [row for row in rows if row["section"].startswith("Movement")]
    assert sum(int(row["contacts"]) for row in moves if row["what"] != "Erased since") == 24
    rows = numbers(client.get(FILES[1]))
    bands = [row for row in rows if row["section"] == "By amount spent"]
    assert [row["contacts"] for row in bands] == [str(each.some.buyers) for each in spenders.bands]
    assert [row["number"] for row in rows if "number" in row] == []
    left = {row["what"]: row["orders"] for row in rows if row["section"] == "Orders that do not count"}
    assert left == {"cancelled": "1", "refunded": "1", "dated ahead": "1"}
