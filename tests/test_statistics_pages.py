"""The pages of statistics, the lists behind their numbers, their file (IC9)."""

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pyroaring import BitMap

from contacts.models import Contact
from insights.statistics import lists, scopes, taking
from insights.statistics.breakdowns import Breakdown, Part
from insights.statistics.telling import Row, Told, told
from tags.models import Category, Tag
from tests import factories
from tests.support.segments import calculated
from tests.test_statistics import people as _people

people = _people  # the fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def tag() -> Any:
    """VIP: two of three."""
    now = timezone.now()
    made = [factories.contact(lead_score=score, source="targi", now=now) for score in (5, 7, 90)]
    factories.activity(made[0], at=now)
    factories.order(made[0], at=now, total="120.50")
    return factories.tag("VIP", *made[:2], at=now)


def page_of(client: Any, url: str) -> str:
    """The page with its numbers, which it asks for by itself."""
    shell = client.get(url)
    assert shell.status_code == 200
    assert 'hx-trigger="load"' in shell.text
    counted = (
        client.get(url, {"count": 1} if "?" not in url else None) if "?" not in url else client.get(f"{url}&count=1")
    )
    assert counted.status_code == 200
    return str(counted.text)


# --- pages -----------------------------------------------------------------------------------------------------
def test_a_tag_a_category_a_segment_a_list_and_everybody_have_a_page(client: Any, tag: Any) -> None:
    category = factories.category("media", Contact.objects.get(lead_score=5))
    segment = calculated(criteria={"kind": "field", "field": "lead_score", "op": "gt", "value": 6})
    for url, number in (
        (f"/tags/{tag.pk}/statistics/", 2),
        (f"/categories/{category.pk}/statistics/", 1),
        (f"/categories/{category.pk}/statistics/?level=only", 1),
        (f"/segments/{segment.pk}/statistics/", 2),
        (f"/segments/{segment.pk}/statistics/?calculation={segment.latest_id}", 2),
        ("/contacts/statistics/?lead_score_from=90", 1),
        ("/statistics/?weeks=52", 3),
    ):
        text = page_of(client, url)
        assert re.search(rf'<div class="stat"><a href="[^"]*">{number}</a>', text), url
        assert 'id="size"' in text
        assert 'id="sales"' in text


def test_the_numbers_alone_are_sent_when_the_page_asks_for_them(client: Any, tag: Any) -> None:
    text = client.get(f"/tags/{tag.pk}/statistics/?count=1", headers={"hx-request": "true"}).text
    assert text.lstrip().startswith('<div id="statistics"')
    assert "data-print>" in text  # shown from the start: a button that a script shows later moves all below it


def test_a_segment_that_was_never_calculated_says_so(client: Any) -> None:
    segment = factories.segment()
    assert "There are no statistics yet" in client.get(f"/segments/{segment.pk}/statistics/").text
    assert client.get(f"/statistics/segment/{segment.pk}/numbers/").status_code == 404


def test_labels_segments_and_the_manager_lead_to_their_statistics(client: Any, tag: Any) -> None:
    category = factories.category("media")
    segment = calculated()
    assert f'href="/tags/{tag.pk}/statistics/"' in client.get("/tags/").text
    assert f'href="/categories/{category.pk}/statistics/"' in client.get("/categories/").text
    assert f'href="/segments/{segment.pk}/statistics/"' in client.get(f"/segments/{segment.pk}/").text
    assert 'href="/contacts/statistics/?q=person"' in client.get("/contacts/?q=person&sort=name").text
    assert 'href="/statistics/"' in client.get("/tags/").text


@pytest.mark.parametrize(
    "url",
    [
        "/tags/{gone}/statistics/",
        "/categories/{gone}/statistics/",
        "/segments/{gone}/statistics/",
        "/segments/{segment}/statistics/?calculation={gone}",
        "/segments/{segment}/statistics/?calculation={other}",
        "/statistics/tag/{gone}/numbers/",
        "/statistics/all/1/numbers/",
        "/statistics/nothing/1/attributes/",
        "/statistics/contacts/0/numbers/?nothing=1",
    ],
)
def test_what_is_not_there_is_not_found(client: Any, url: str) -> None:
    segment, other = calculated("One"), calculated("Other")
    names = {"gone": 2**31 - 1, "segment": segment.pk, "other": other.latest_id}
    assert client.get(url.format(**names)).status_code == 404


@pytest.mark.parametrize(
    "query", ["weeks=13", "weeks=12&weeks=52", "level=all", "what=1", "weeks=%00", "calculation=1", "level=%00"]
)
def test_what_cannot_be_shown_is_refused(client: Any, tag: Any, query: str) -> None:
    answer = client.get(f"/tags/{tag.pk}/statistics/?{query}")
    assert answer.status_code == 422
    assert "tile" not in answer.text
    for part in ("numbers", "attributes"):
        assert client.get(f"/statistics/tag/{tag.pk}/{part}/?{query}").status_code == 422


@pytest.mark.parametrize("query", ["status=nothing", "nothing=1", "q=%00", "weeks=1"])
def test_a_list_that_cannot_be_shown_has_no_statistics(client: Any, tag: Any, query: str) -> None:
    assert client.get(f"/contacts/statistics/?{query}").status_code == 422


def test_another_account_has_its_own(client_for: Any, tag: Any, other_account: Any, make_user: Any) -> None:
    from django_tenants.utils import tenant_context

    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.get(f"/tags/{tag.pk}/statistics/").status_code == 404


def test_the_number_of_queries_does_not_grow(client: Any, tag: Any) -> None:
    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/tags/{tag.pk}/statistics/?count=1")
        return len(captured)

    client.get(f"/tags/{tag.pk}/statistics/?count=1")
    before = queries()
    more = [factories.contact(now=timezone.now()) for _ in range(20)]
    factories.tag("VIP", *more, at=timezone.now())
    for person in more:
        factories.activity(person, at=timezone.now())
        factories.order(person, at=timezone.now(), total=1)
    assert queries() <= before


# --- who may ---------------------------------------------------------------------------------------------------
def test_analysts_read_and_take_no_file(client_for: Any, analyst: Any, tag: Any) -> None:
    client = client_for(analyst)
    text = page_of(client, f"/tags/{tag.pk}/statistics/")
    assert "/numbers/" not in text
    assert client.get(f"/statistics/tag/{tag.pk}/numbers/").status_code == 403


def test_whoever_sees_some_contacts_only_is_told_of_them_alone(client_for: Any, make_user: Any, tag: Any) -> None:
    seen = Contact.objects.get(lead_score=5)
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[factories.category("media", seen)])
    client = client_for(user)
    for url in (f"/tags/{tag.pk}/statistics/", "/statistics/", "/contacts/statistics/"):
        text = page_of(client, url)
        assert re.search(r'<div class="stat"><a href="[^"]*">1</a>', text), url
        assert "that you see" in text
        assert not re.search(r">\s*[23]</a>", text)
        for link in re.findall(r'href="(/contacts/\?among=[^"]*)"', text):
            assert client.get(link.replace("&amp;", "&")).context["total"] == 1, link
    rows = numbers(client.get(f"/statistics/tag/{tag.pk}/numbers/"))
    assert {row["number in all contacts"] for row in rows if row["value"] == "contacts"} >= {"1"}


# --- lists -----------------------------------------------------------------------------------------------------
def rows_of(told: Told) -> list[Row]:
    """Everything on the page that is a number of contacts."""
    return [
        *(row for card in told.cards for row in card.rows),
        *(row for one in told.consents for row in one.rows),
        *(course.row for course in (*told.activities, *told.visits)),
    ]


def listed(client: Any, url: str) -> int:
    answer = client.get(url)
    assert answer.status_code == 200, url
    assert not answer.context["search"].errors, url
    return int(answer.context["total"])


@pytest.fixture
def found_by(rf: Any, user: Any, account: Any) -> Any:
    """How many contacts an address names, without the manager's page around them."""

    def found(url: str) -> int:
        request = rf.get(url)
        request.user, request.tenant, request.now = user, account, timezone.now()
        return len(lists.among(request, request.GET["among"]).ids)

    return found


def scope_of(what: str) -> scopes.Scope:
    match what:
        case "tag":
            return scopes.of_tag(Tag.objects.get(name="VIP"))
        case "category":
            return scopes.of_category(Category.objects.get(slug_path="media"), only=True)
        case "segment":
            segment = calculated(criteria={"kind": "field", "field": "lead_score", "op": "gte", "value": 5})
            return scopes.of_calculation(segment, segment.latest)
    return scopes.everybody()


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("what", ["tag", "category", "segment", "all"])
def test_every_number_is_its_list(client: Any, account: Any, found_by: Any, what: str) -> None:
    scope = scope_of(what)
    found = told(taking.taken(scope, now=timezone.now(), zone=account.zone, mask=None, weeks=52))
    rows = rows_of(found)
    assert sum(bool(row.url) for row in rows) > 50
    for row in rows:
        assert (found_by(row.url) if row.url else 0) == row.group, (row.label, row.url)
    for figure in found.figures:
        assert not figure.url or found_by(figure.url) == figure.count
    assert listed(client, scope.list_url) == found.of.group
    for row in [row for row in rows if row.url][::12]:
        assert listed(client, row.url) == row.group


@pytest.mark.usefixtures("people")
def test_of_a_list_the_parts_narrow_it_further(client: Any) -> None:
    page = client.get("/contacts/statistics/?status=subscribed&weeks=52&count=1")
    found = page.context["told"]
    assert listed(client, found.of.scope.list_url) == found.of.group
    rows = [row for row in rows_of(found) if row.url]
    for row in rows[::6]:
        assert listed(client, row.url) == row.group, row.url
    part = rows[0].url.replace("/contacts/", "/contacts/statistics/")
    again = client.get(f"{part}&count=1").context["told"]
    assert again.of.group == rows[0].group
    assert not any(row.url for row in rows_of(again))


@pytest.fixture
def sources() -> Any:
    """A tag whose eleven sources are not the most frequent ones of the account; half have the attribute."""
    now = timezone.now()
    own = [factories.contact(now=now, source=f"a|b\\{n}", lead_score=5) for n in range(11)]
    own += [factories.contact(now=now, source=own[0].source) for _ in range(2)]
    for n in range(10):
        for _ in range(3):
            factories.contact(now=now, source=f"often {n}")
    factories.contact(now=now, source="often 1", lead_score=5)
    return factories.tag("VIP", *own, at=now)


def rest_of(client: Any, url: str) -> Row:
    (card,) = [card for card in client.get(url).context["told"].cards if card.key == "source"]
    (rest,) = [row for row in card.rows if row.label == "other values"]
    return rest


def test_other_values_are_the_same_ones_in_the_list(client: Any, client_for: Any, sources: Any, make_user: Any) -> None:
    """Those of a list, which are not those of everybody."""
    for url in (f"/contacts/statistics/?tag={sources.pk}&count=1", f"/tags/{sources.pk}/statistics/?count=1"):
        rest = rest_of(client, url)
        assert (rest.group, listed(client, rest.url)) == (1, 1)
    narrow = make_user()
    category = factories.category("media", *Contact.objects.filter(lead_score=5))
    factories.permission_group("Media", users=[narrow], categories=[category])
    for url in ("/statistics/?count=1", f"/contacts/statistics/?tag={sources.pk}&count=1"):
        rest = rest_of(client_for(narrow), url)
        assert rest.group == listed(client_for(narrow), rest.url) > 0


def test_of_very_long_values_the_others_have_no_list(client: Any) -> None:
    for n in range(11):
        factories.contact(now=timezone.now(), source=f"{n} {'ż' * 100}")
    assert not rest_of(client, "/statistics/?count=1").url


@pytest.mark.parametrize(("letters", "listed"), [(120, True), (121, False)])
def test_a_text_of_more_letters_than_an_address_holds_has_no_list(letters: int, listed: bool) -> None:
    part = Part(f"v.{'ż' * letters}", 1, 1)
    assert bool(Breakdown("source", (part,)).address(part)) is listed


def test_a_segment_can_be_made_of_a_number(client: Any, tag: Any) -> None:
    """All but the values that are told together are criteria, which hold later as well."""
    url = f"/contacts/?among=tag.{tag.pk}~status~v.subscribed"
    people = client.get(url).context["search"].values["among"]
    assert people.criteria == {
        "all": [
            {"kind": "tag", "op": "any", "tags": ["VIP"]},
            {"kind": "field", "field": "status", "op": "eq", "value": "subscribed"},
        ]
    }
    assert people.here == BitMap(tag.links.values_list("contact", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tag.1",
        "tag.999999~status~v.subscribed",
        "all~status~v.nothing",
        "all~status",
        "all~a999~none",
        "all~a99999999999999~none",
        "all~nothing~none",
        "all.1~status~none",
        "all~lead_score~n.x:y",
        "all~lead_score~n.:",
        "all~lead_score~n.1e999999999:",
        "all~lead_score~n.NaN:",
        "all~age~d.2026-13-01:",
        "all~age~d.0001-01-01:9999-12-31",
        "all~age~d.:9999-12-31",
        "all~source~v.",
        "all~source~v.\x00",
        "all~source~other",
        "all~source~other.",
        "all~source~other.a||b",
        "all~source~other.a|",
        "all~source~other.a\\b",
        "all~lead_score~other.5",
        "all~lead_score~other",
        "all~consent~nothing.given",
        "all~consent~newsletter.maybe",
        "all~did~nothing.2026-01-01:2026-02-01",
        "all~did~page_view.:2026-02-01",
        "all~came~pigeon.2026-01-01:2026-02-01",
        "all~bought~2026-02-01:2026-01-01",
        "all~bought~always",
        "calculation.1~status~none",
        "category.1.all~status~none",
        "~~",
    ],
)
def test_an_address_that_names_nothing_shows_nobody(client: Any, tag: Any, text: str) -> None:
    answer = client.get("/contacts/", {"among": text})
    if text:
        assert answer.status_code == 422
        assert "<tbody>" not in answer.text


# --- the file --------------------------------------------------------------------------------------------------
def numbers(answer: Any) -> list[dict[str, str]]:
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))


def test_the_file_has_the_numbers_of_the_page(client: Any, tag: Any) -> None:
    answer = client.get(f"/statistics/tag/{tag.pk}/numbers/")
    assert answer["Content-Disposition"].startswith('attachment; filename="Statistics_VIP_')
    rows = numbers(answer)
    (about,) = [row for row in rows if row["section"] == "About these statistics"]
    assert (about["number"], about["number in all contacts"]) == ("2", "3")
    (source,) = [row for row in rows if row["what"] == "Source" and row["value"] == "targi"]
    assert (source["number"], source["share or average"], source["index (all contacts = 100)"]) == ("2", "100", "100")
    revenue = [row for row in rows if row["what"].startswith("revenue (") and row["value"] == "ever"]
    assert [row["number"] for row in revenue] == ["120.5"]
    weeks = [row for row in rows if row["value"] == "times in the week from"]
    assert len(weeks) == 12
    assert sum(int(row["number"]) for row in weeks) == 1


def test_a_value_that_a_spreadsheet_would_run_is_defused(client: Any, tag: Any) -> None:
    Contact.objects.filter(lead_score=5).update(source="=1+1")
    rows = numbers(client.get("/statistics/all/0/numbers/"))
    assert {"'=1+1", "targi"} <= {row["value"] for row in rows if row["what"] == "Source"}


def test_attributes_beyond_the_first_are_asked_for(client: Any, tag: Any) -> None:
    for place in range(taking.AT_ONCE + 2):
        factories.attribute(f"key_{place}", position=place)
    text = page_of(client, f"/tags/{tag.pk}/statistics/")
    assert "Show 2 more attributes" in text
    more = client.get(f"/statistics/tag/{tag.pk}/attributes/").text
    assert "Key 13" in more
    assert "Key 11" not in more
    rows = numbers(client.get(f"/statistics/tag/{tag.pk}/numbers/"))
    assert {"Key 11", "Key 13"} <= {row["what"] for row in rows if row["section"] == "Attributes"}


def test_words_of_a_part_are_told_above_its_list(client: Any, tag: Any) -> None:
    text = client.get("/contacts/", {"among": f"tag.{tag.pk}~lead_score~n.5:10"}).text
    assert "VIP: " in text
    assert not re.search(r"\.\.|\.</span>", re.search(r'<a class="chip".*?</a>', text, re.DOTALL)[0])  # type: ignore[index]
    assert ".." not in re.search(r"Statistics</a>: [^<]*", text)[0]  # type: ignore[index]
    assert f'href="/tags/{tag.pk}/statistics/"' in text
    assert lists.NAME == "among"


def test_of_nobody_it_is_said_that_there_is_nobody(client: Any, tag: Any) -> None:
    nobody = factories.tag("NOBODY")
    text = client.get(f"/tags/{nobody.pk}/statistics/?count=1").text
    assert "Nobody is in it" in text
    assert 'id="by-status"' not in text


def test_a_small_group_is_told_as_such(client: Any, tag: Any) -> None:
    assert "Only 2 contacts" in page_of(client, f"/tags/{tag.pk}/statistics/")
    made = [factories.contact(now=timezone.now() - timedelta(days=1)) for _ in range(40)]
    factories.tag("VIP", *made, at=timezone.now())
    assert "may well be chance" not in page_of(client, f"/tags/{tag.pk}/statistics/")
