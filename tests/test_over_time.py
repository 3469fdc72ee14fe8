"""Over time: numbers of a segment, tag and category beside what happened, their lists, and whom they show."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from contacts.models import Contact
from insights.errors import NotKeptError
from insights.over_time import subjects, taking
from insights.over_time.periods import By
from insights.over_time.taking import Taken
from insights.over_time.telling import Told, told
from segmentation.services import request_calculation
from tags.assigning import assign_tag, remove_category, remove_tag
from tags.models import Category, PastCategory, PastKnown, PastTag, Tag
from tests import factories
from tests.factories import NOW
from tests.support.segments import calculate, calculated

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Warsaw")
SCORED = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}


def day(text: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(f"{text}T{hour:02}:00").replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _known_for_long() -> None:
    cache.clear()
    PastKnown.objects.update(since=day("2020-01-01"))


def seen(token: str, by: By = "month", *, now: datetime = NOW, mask: BitMap | None = None) -> Taken:
    subject = subjects.named(token)
    assert subject is not None
    return taking.taken(subject, by, now=now, zone=ZONE, mask=mask)


def rows(taken: Taken) -> dict[str, tuple[int, int, int, int, int]]:
    """By first day: beginning, joined, left, only in between, end."""
    return {
        row.period.days.first.isoformat(): (row.beginning, row.joined, row.left, row.between, row.end)
        for row in told(taken).rows
    }


def had(tag: Tag, person: Contact, since: datetime, until: datetime | None = None) -> None:
    """The person has the tag since then; until then, if so."""
    assign_tag(BitMap([person.pk]), tag, now=since)
    if until is not None:
        remove_tag(BitMap([person.pk]), tag)
        PastTag.objects.filter(pk=PastTag.objects.latest("pk").pk).update(removed_at=until)


@pytest.fixture
def tag() -> Any:
    """VIP in September: 1, 2, 3 came; 2 left in October and came back in November; 3 left in November; 4 came and
    went in October."""
    people = [factories.contact() for _ in range(4)]
    made = factories.tag("VIP")
    Tag.objects.filter(pk=made.pk).update(created_at=day("2026-09-01"))
    had(made, people[0], day("2026-09-03"))
    had(made, people[1], day("2026-09-03"), day("2026-10-05"))
    had(made, people[1], day("2026-11-02"))
    had(made, people[2], day("2026-09-30", 21), day("2026-11-20"))
    had(made, people[3], day("2026-10-10"), day("2026-10-11"))
    made.people = people
    return made


# --- numbers ---------------------------------------------------------------------------------------------------
def test_a_tag_is_told_with_who_came_left_came_back_and_was_in_only_between(tag: Any) -> None:
    assert rows(seen(f"tag.{tag.pk}")) == {
        "2026-11-01": (2, 1, 1, 0, 2),
        "2026-10-01": (3, 0, 1, 1, 2),
        "2026-09-01": (0, 3, 0, 0, 3),
    }


def test_newcomers_are_told_with_those_still_in_and_who_came_back_counts(tag: Any) -> None:
    cohorts = seen(f"tag.{tag.pk}").course.cohorts
    assert [period.days.first.month for period in cohorts.months] == [9, 10, 11]
    assert cohorts.sizes == (3, 1, 0)
    assert cohorts.still == ((3, 2, 2), (0, 0, 0), (0, 0, 0))


def test_days_end_by_the_clock_of_the_account(tag: Any) -> None:
    """21:00 UTC is 23:00 in Warsaw: still the 30th; 22:30 would be October's first."""
    late = factories.contact()
    had(tag, late, datetime(2026, 9, 30, 22, 30, tzinfo=UTC))
    days = rows(seen(f"tag.{tag.pk}", "day"))
    assert days["2026-09-30"][1] == 1
    assert days["2026-10-01"][1] == 1


def test_revenue_is_of_those_who_were_in_at_the_beginning(tag: Any) -> None:
    first, second, third, fourth = tag.people
    for person, at, total in (
        (first, day("2026-10-20"), "100.10"),
        (second, day("2026-10-20"), "50.00"),  # left meanwhile, and counts for October
        (second, day("2026-11-10"), "7.00"),  # was out when November began
        (fourth, day("2026-10-10", 12), "999.00"),  # came after October had begun
        (third, day("2026-11-03"), "0.30"),
    ):
        factories.order(person, at=at, total=total)
    factories.order(first, at=day("2026-10-21"), total="500.00", status="refunded")
    course = seen(f"tag.{tag.pk}").course
    assert [str(course.revenue(place)) for place in range(3)] == ["0", "150.1", "0.3"]
    assert course.each(0) is None
    assert float(course.each(1) or 0) == pytest.approx(150.10 / 3)


def test_a_category_has_everything_below_and_moving_within_it_is_no_leaving() -> None:
    person, other = factories.contact(), factories.contact()
    leaf = factories.category("klient/media", person, at=day("2026-09-05"))
    top = Category.objects.get(slug_path="klient")
    factories.category("klient", other, at=day("2026-09-05"))
    Category.objects.update(created_at=day("2026-09-01"))
    factories.category("klient/nowy", person, at=day("2026-10-05"))
    remove_category(BitMap([person.pk]), leaf, now=NOW, by="tests", user=None)
    PastCategory.objects.update(removed_at=day("2026-10-05", 10))
    assert rows(seen(f"category.{top.pk}"))["2026-10-01"] == (2, 0, 0, 0, 2)
    assert rows(seen(f"category.{top.pk}.only"))["2026-10-01"] == (1, 0, 0, 0, 1)
    assert rows(seen(f"category.{leaf.pk}"))["2026-10-01"] == (1, 0, 1, 0, 0)
    Category.objects.get(pk=leaf.pk).delete()  # who was in it was below the one above it
    assert rows(seen(f"category.{top.pk}"))["2026-10-01"] == (2, 0, 0, 0, 2)
    assert rows(seen(f"category.{top.pk}.only"))["2026-10-01"] == (1, 0, 0, 0, 1)


def test_a_segment_is_told_by_its_calculations() -> None:
    people = [factories.contact(lead_score=score) for score in (30, 40, 10)]
    segment = calculated(now=day("2026-09-10"), criteria=SCORED)
    for at, scores in (("2026-09-20", (5, 40, 10)), ("2026-10-10", (30, 5, 50)), ("2026-11-10", (30, 5, 5))):
        for person, score in zip(people, scores, strict=True):
            Contact.objects.filter(pk=person.pk).update(lead_score=score)
        request_calculation(segment, now=day(at), reason="manual", by=None)
        calculate(segment, now=day(at))
    found = seen(f"segment.{segment.pk}")
    assert rows(found) == {
        "2026-11-01": (2, 0, 1, 0, 1),
        "2026-10-01": (1, 2, 1, 0, 2),
        "2026-09-01": (0, 1, 0, 1, 1),
    }
    assert found.course.cohorts.sizes == (2, 1, 0)
    assert found.course.cohorts.still == ((1, 1, 1), (0, 1, 0), (0, 0, 0))
    assert found.course.counted.sizes[-1] == segment.latest.count


def test_deleted_contacts_are_in_no_number(tag: Any) -> None:
    Contact.objects.filter(pk=tag.people[2].pk).delete()
    assert rows(seen(f"tag.{tag.pk}"))["2026-10-01"] == (2, 0, 1, 1, 1)


def test_only_those_seen_are_counted(tag: Any) -> None:
    mask = BitMap([tag.people[0].pk, tag.people[3].pk])
    assert rows(seen(f"tag.{tag.pk}", mask=mask))["2026-10-01"] == (1, 0, 0, 1, 1)
    assert rows(seen(f"tag.{tag.pk}"))["2026-10-01"] == (3, 0, 1, 1, 2)  # what is kept is of other sight


def test_before_losses_were_noted_numbers_are_at_least_so_many(tag: Any) -> None:
    PastKnown.objects.update(since=day("2026-10-15"))
    found = told(seen(f"tag.{tag.pk}"))
    by_day = {row.period.days.first.isoformat(): row for row in found.rows}
    assert [(row.partial, row.end_partial) for row in by_day.values()] == [(False, False), (True, False), (True, True)]
    assert found.sizes.series[0].values == [None, 2, 2]
    assert found.sizes.series[1].values == [3, None, None]
    assert [cell.text for cell in found.survival.rows[-1].cells] == ["–", "66.7\xa0%", "66.7\xa0%"]


def test_what_began_after_losses_were_noted_is_known_whole(tag: Any) -> None:
    PastKnown.objects.update(since=day("2026-09-01"))
    assert seen(f"tag.{tag.pk}").known is None


def test_opened_again_nothing_is_counted_until_something_changes(committed: None, account: Any) -> None:
    people = [factories.contact() for _ in range(2)]
    tag = factories.tag("VIP", people[0])
    token = f"tag.{tag.pk}"
    first = seen(token)
    subject = subjects.named(token)
    assert subject is not None
    later = NOW + timedelta(minutes=5)
    assert taking.taken(subject, "month", now=later, zone=ZONE, mask=None, only_kept=True).course == first.course
    for mask in (BitMap([people[1].pk]), BitMap()):  # what is kept is of one sight
        with pytest.raises(NotKeptError):
            taking.taken(subject, "month", now=later, zone=ZONE, mask=mask, only_kept=True)
    remove_tag(BitMap([people[0].pk]), tag)
    assert seen(token, now=datetime.now(UTC)).course.counted.sizes[-1] == 0


def test_every_number_of_a_page_is_the_size_of_its_list(tag: Any, client_for: Any, user: Any) -> None:
    client = client_for(user)
    now = datetime.now(UTC)
    found: Told = told(seen(f"tag.{tag.pk}", now=now))
    numbers = [(found.ever_url, found.of.course.ever)]
    for row in found.rows[-2:]:
        numbers += [(row.begin_url, row.beginning), (row.joined_url, row.joined), (row.left_url, row.left)]
        numbers += [(row.between_url, row.between), (row.end_url, row.end)]
    for cohort in found.cohorts:
        numbers += [(cohort.url, cohort.size), (cohort.still_url, cohort.still), (cohort.gone_url, cohort.gone)]
    assert [number for url, number in numbers if not url] == [0 for _url, number in numbers if not number]
    for url, number in numbers:
        if url:
            page = client.get(url)
            assert page.status_code == 200, url
            assert page.context["total"] == number, url
