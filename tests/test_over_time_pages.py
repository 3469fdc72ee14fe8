"""The pages over time: who sees them, what they refuse, their file."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from segmentation.models import SavedCriteria
from tags.assigning import assign_tag
from tags.models import Category
from tests import factories
from tests.support.segments import calculated, create
from tests.support.split import listed, split

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
URL = "/over-time/"


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    cache.clear()
    return client_for(user)


@pytest.fixture
def tag() -> Any:
    at = timezone.now() - timedelta(days=40)
    people = [factories.contact(now=at) for _ in range(3)]
    factories.order(people[0], at=timezone.now(), total="12.50")
    return factories.tag("VIP", *people, at=at)


def test_a_page_opens_at_once_and_asks_for_its_numbers(client: Any, tag: Any) -> None:
    shell = client.get(URL, {"of": f"tag.{tag.pk}"})
    assert 'hx-trigger="load"' in shell.text
    assert "<noscript>" in shell.text
    page = client.get(URL, {"of": f"tag.{tag.pk}", "count": 1}, headers={"hx-request": "true"})
    assert page.text.lstrip().startswith('<div id="statistics"')
    told = page.context["told"]
    assert (told.size, told.of.course.ever) == (3, 3)
    assert len(told.rows) in (6, 7)  # weeks that forty days are in
    assert 'id="survival"' in page.text


def test_segments_tags_categories_and_their_levels_have_a_page(client: Any, tag: Any) -> None:
    category = factories.category("klient/media", factories.contact())
    top = Category.objects.get(slug_path="klient")
    segment = calculated(criteria={"kind": "tag", "op": "any", "tags": ["VIP"]}, now=timezone.now())
    for token, size in (
        (f"segment.{segment.pk}", 3),
        (f"category.{category.pk}", 1),
        (f"category.{top.pk}", 1),
        (f"category.{top.pk}.only", 0),
    ):
        for by in ("day", "week", "month"):
            page = client.get(URL, {"of": token, "by": by, "count": 1})
            assert page.context["told"].size == size, token
            url = page.context["told"].newest.end_url
            assert (listed(client.get(url)) if url else 0) == size


def test_what_there_is_is_found_by_its_name(client: Any, tag: Any) -> None:
    calculated("Warm leads")
    every = client.get(URL).text
    assert f"?of=tag.{tag.pk}" in every
    assert "Warm leads" in every
    found = client.get(URL, {"q": "vi"}).text
    assert f"?of=tag.{tag.pk}" in found
    assert "Warm leads" not in found


def test_a_segment_that_was_not_calculated_again_ends_with_its_last_calculation(client: Any, tag: Any) -> None:
    then = timezone.now() - timedelta(days=30)
    old = calculated("Once", criteria={"kind": "tag", "op": "any", "tags": ["VIP"]}, now=then)
    fresh = calculated("Fresh", criteria={"kind": "tag", "op": "any", "tags": ["VIP"]}, now=timezone.now())
    choices = {one.name: one.archived for kind in client.get(URL).context["kinds"] for one in kind.choices}
    assert choices == {"Once": True, "Fresh": False, "VIP": False}
    page = client.get(URL, {"of": f"segment.{old.pk}", "count": 1})
    told = page.context["told"]
    assert told.last_read == old.latest.as_of
    assert told.newest.period.days.last < timezone.localdate()
    assert (told.size, told.newest.joined, told.newest.running) == (3, 3, False)
    assert listed(client.get(told.cohorts[0].still_url)) == 3
    assert page.context["archived"]
    assert "was last calculated on" in page.text
    page = client.get(URL, {"of": f"segment.{fresh.pk}", "count": 1})
    assert page.context["told"].newest.running
    assert "was last calculated on" not in page.text
    assert "as calculated on" in page.text


def test_where_nobody_bought_anything_no_empty_drawing_stands(client: Any, tag: Any) -> None:
    idle = factories.tag("IDLE", factories.contact(), at=timezone.now() - timedelta(days=40))
    assert "nobody who was in" in client.get(URL, {"of": f"tag.{idle.pk}", "count": 1}).context["told"].unbought
    new = factories.tag("NEW", factories.contact())
    assert "There is none: nobody was in" in client.get(URL, {"of": f"tag.{new.pk}", "count": 1}).text
    assert not client.get(URL, {"of": f"tag.{tag.pk}", "count": 1}).context["told"].unbought


def test_what_has_no_past_says_what_has_one(client: Any, tag: Any) -> None:
    never = create("Not yet calculated")
    assert client.get(URL, {"of": f"segment.{never.pk}"}).context["never"]
    now = timezone.now()
    saved = SavedCriteria.objects.create(
        name="Buyers", criteria={"kind": "tag", "op": "any", "tags": ["VIP"]}, created_at=now, updated_at=now
    )
    follows = calculated("Buyers", criteria={"kind": "saved", "criteria": saved.pk}, now=now)
    page = client.get(URL, {"of": f"saved.{saved.pk}"})
    assert [one.pk for one in page.context["followers"]] == [follows.pk]
    assert client.get("/over-time/numbers/", {"of": f"saved.{saved.pk}"}).status_code == 404


def test_who_sees_some_contacts_only_is_told_of_these(tag: Any) -> None:
    two = split()
    cache.clear()
    assign_tag(two.everybody, tag, now=two.now)
    page = two.sees(f"{URL}?of=tag.{tag.pk}&count=1")
    told = page.context["told"]
    assert (told.size, told.of.course.ever) == (len(two.mine), len(two.mine))
    assert listed(two.sees(told.ever_url)) == len(two.mine)
    assert listed(two.sees(told.newest.joined_url)) == len(two.mine)
    text = two.sees(f"/over-time/numbers/?of=tag.{tag.pk}").content.decode()
    assert f",{len(two.everybody)}," not in text


def test_who_only_reads_sees_the_page_and_gets_no_file(client_for: Any, analyst: Any, tag: Any) -> None:
    client = client_for(analyst)
    page = client.get(URL, {"of": f"tag.{tag.pk}", "count": 1})
    assert page.status_code == 200
    assert "numbers/" not in page.text
    assert client.get("/over-time/numbers/", {"of": f"tag.{tag.pk}"}).status_code == 403


def test_nobody_signed_in_is_asked_to_sign_in(client_for: Any, tag: Any) -> None:
    assert client_for(None).get(URL, {"of": f"tag.{tag.pk}"}).status_code == 302


@pytest.mark.parametrize(
    "of",
    [
        "tag.0",
        "tag.99999999999999999999",
        "segment.x",
        "category.1.all",
        "all",
        "tag",
        "tag.1.only",
        "\u0661",
        "tag.-1",
    ],
)
def test_what_is_not_there_is_not_found(client: Any, of: str) -> None:
    assert client.get(URL, {"of": of}).status_code == 404
    assert client.get("/over-time/numbers/", {"of": of}).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["of=tag.{tag}&by=year", "of=tag.{tag}&of=tag.{tag}", "of=tag.{tag}%00", "of=tag.{tag}&colour=red", "q=%00"],
)
def test_what_cannot_be_shown_is_refused_in_words(client: Any, tag: Any, query: str) -> None:
    answer = client.get(f"{URL}?{query.format(tag=tag.pk)}")
    assert answer.status_code == 422
    assert answer.context["problems"]
    assert client.get(f"/over-time/numbers/?{query.format(tag=tag.pk)}").status_code == 422


@pytest.mark.parametrize(
    "part",
    [
        *("", "joined", "week.2026-11-17.joined", "week.2026-11-16", "day.9999-12-31.end", "day.0001-01-01.end"),
        *("month.2026-13-01.end", "cohort.2026-3", "cohort.2026-03.-1.in", "cohort.2026-03.99999999999.in"),
        *("cohort.2026-03.1.out", "cohort.9999-12", "year.2026-01-01.end", "week.\u0661.joined", "ever.1"),
    ],
)
def test_a_list_of_no_such_part_shows_nobody(client: Any, tag: Any, part: str) -> None:
    answer = client.get("/contacts/", {"overtime": f"tag.{tag.pk}~{part}"})
    assert answer.status_code == 422
    assert not [pk for pk in tag.links.values_list("contact_id", flat=True) if f"/contacts/{pk}/" in answer.text]


def test_the_numbers_come_as_a_file_that_runs_nothing(client: Any) -> None:
    at = timezone.now()
    segment = calculated("=2+5", now=at, criteria={"kind": "field", "field": "lead_score", "op": "gte", "value": 0})
    answer = client.get("/over-time/numbers/", {"of": f"segment.{segment.pk}", "by": "month"})
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert {line["of"] for line in lines} == {"'=2+5"}
    assert [line["number"] for line in lines if line["what"] == "in at the end"] == [str(segment.latest.count)]


def test_queries_do_not_grow_with_what_there_is(client: Any, tag: Any) -> None:
    def asked() -> int:
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(URL, {"of": f"tag.{tag.pk}", "count": 1})
        return len(found)

    asked()
    few = asked()
    for number in range(5):
        factories.order(factories.contact(), at=timezone.now(), total="5.00")
        factories.tag(f"T{number}", factories.contact())
    assert asked() <= few
