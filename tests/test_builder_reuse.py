"""What a form has counted is taken again only while it cannot have changed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django_tenants.utils import schema_context

from contacts.models import Contact
from jobs.services import run
from mirror.reading import Reader
from segmentation.builder.form import from_criteria
from segmentation.builder.live import Live, live
from segmentation.services import request_calculation
from tests import factories
from tests.factories import NOW
from tests.population import ZONES

ZONE = ZONES[0]
VIEWED = {"kind": "activity", "type": "page_view", "within": {"last": 30, "unit": "day"}}
WARM = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
READS: list[str] = []


@pytest.fixture(autouse=True)
def _reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read of rows is noted by its kind."""
    READS.clear()
    select = Reader.select

    def noted(self: Reader, rows: Any, query: str, params: Any = ()) -> Any:
        READS.append(rows.kind.name)
        return select(self, rows, query, params)

    monkeypatch.setattr(Reader, "select", noted)


@pytest.fixture
def count(committed: None, account: Any, make_user: Callable[..., Any]) -> Callable[..., Live]:
    somebody = make_user("marketer")

    def counted(*criteria: Any, at: datetime = NOW, user: Any = somebody, place: str = "segment:new") -> Live:
        READS.clear()
        result = live(from_criteria({"all": list(criteria)}, place=place), now=at, zone=ZONE, user=user)
        assert not result.missing
        return result

    return counted


def test_only_the_changed_criterion_is_read_again(count: Callable[..., Live]) -> None:
    one, two = factories.contact(lead_score=30), factories.contact(lead_score=50)
    factories.activity(one, "page_view", at=NOW - timedelta(days=3))
    factories.activity(two, "page_view", at=NOW - timedelta(days=3))
    assert count(VIEWED, WARM).total == 2
    assert "activity" in READS
    assert count(VIEWED, {**WARM, "value": 40}).total == 1
    assert "activity" not in READS


@pytest.mark.parametrize("change", ["activity", "contact"])
def test_a_new_fact_and_a_changed_contact_are_in_the_next_count(count: Callable[..., Live], change: str) -> None:
    one, two = factories.contact(lead_score=30), factories.contact(lead_score=10)
    factories.activity(one, "page_view", at=NOW - timedelta(days=3))
    factories.activity(two, "page_view", at=NOW - timedelta(days=3))
    assert count(VIEWED, WARM).total == 1
    if change == "contact":
        Contact.objects.filter(pk=two.pk).update(lead_score=99)
        assert count(VIEWED, WARM).total == 2
    else:
        three = factories.contact(lead_score=40)
        count(VIEWED, WARM)
        factories.activity(three, "page_view", at=NOW)
        assert count(VIEWED, WARM, at=NOW + timedelta(seconds=1)).total == 2


def test_an_erased_contact_is_in_no_count(count: Callable[..., Live]) -> None:
    one = factories.contact(lead_score=30)
    factories.activity(one, "page_view", at=NOW - timedelta(days=3))
    assert count(VIEWED).total == 1
    one.delete()
    assert count(VIEWED).total == 0


def test_another_day_counts_anew(count: Callable[..., Live]) -> None:
    one = factories.contact()
    factories.activity(one, "page_view", at=NOW - timedelta(days=29))
    assert count(VIEWED).total == 1
    assert count(VIEWED, at=NOW + timedelta(days=1)).total == 0


def test_hours_and_what_lies_ahead_count_anew(count: Callable[..., Live]) -> None:
    one = factories.contact()
    factories.activity(one, "page_view", at=NOW + timedelta(minutes=5))
    assert count(VIEWED).total == 0
    assert count(VIEWED, at=NOW + timedelta(minutes=6)).total == 1
    hours = {**VIEWED, "within": {"last": 1, "unit": "hour"}}
    assert count(hours, at=NOW + timedelta(minutes=6)).total == 1
    assert count(hours, at=NOW + timedelta(minutes=66)).total == 0


def test_dates_of_the_contacts_own_count_anew(count: Callable[..., Live]) -> None:
    factories.contact(created_at=NOW + timedelta(minutes=5))
    fresh = {"kind": "field", "field": "created_at", "op": "last", "value": {"n": 1, "unit": "day"}}
    assert count(fresh).total == 0
    assert count(fresh, at=NOW + timedelta(minutes=6)).total == 1


def test_another_user_and_another_form_have_their_own(
    count: Callable[..., Live], make_user: Callable[..., Any]
) -> None:
    factories.activity(factories.contact(), "page_view", at=NOW)
    count(VIEWED)
    for other in ({"user": make_user("analyst")}, {"place": "segment:12"}):
        count(VIEWED, **other)
        assert "activity" in READS


def test_another_account_never_sees_it(
    count: Callable[..., Live], other_account: Any, make_user: Callable[..., Any]
) -> None:
    factories.contact(lead_score=30)
    assert count(WARM).total == 1
    with schema_context(other_account.schema_name):
        assert count(WARM).total == 0


def test_a_stored_calculation_reads_everything_itself(count: Callable[..., Live]) -> None:
    factories.activity(factories.contact(), "page_view", at=NOW)
    count(VIEWED)
    segment = factories.segment(criteria={"all": [VIEWED]})
    calculation = request_calculation(segment, reason="manual", now=NOW)
    READS.clear()
    run("calculation", calculation.pk, now=NOW)
    calculation.refresh_from_db()
    assert calculation.count == 1
    assert "activity" in READS


def test_a_date_of_what_happened_that_time_has_brought_is_counted_again(count: Callable[..., Live]) -> None:
    factories.activity_type("survey", until="datetime")
    later = (NOW + timedelta(minutes=1)).isoformat()
    factories.activity(factories.contact(), "survey", at=NOW - timedelta(days=1), until=later)
    past = {"param": "until", "op": "last", "value": {"n": 1, "unit": "day"}}
    tree = {"kind": "activity", "type": "survey", "where": [past]}
    assert count(tree).total == 0
    assert count(tree, at=NOW + timedelta(minutes=2)).total == 1


def test_another_engagement_window_of_the_account_is_another_count(count: Callable[..., Live], account: Any) -> None:
    factories.visit(factories.contact(), at=NOW - timedelta(days=10))
    engaged = {"kind": "engagement", "state": "engaged"}
    assert count(engaged).total == 1
    type(account).objects.filter(pk=account.pk).update(engagement_days=5)
    assert count(engaged).total == 0


def test_a_writer_between_two_others_that_writes_both_their_rows_anew_is_in_the_next_count(
    count: Callable[..., Live],
) -> None:
    early, late = factories.contact(lead_score=30), factories.contact(lead_score=30)
    Contact.objects.filter(pk=early.pk).update(lead_score=31)
    between = connection.copy()
    try:
        with between.cursor() as cursor:
            cursor.execute("BEGIN; SELECT pg_current_xact_id()")
            Contact.objects.filter(pk=late.pk).update(lead_score=31)
            assert count(WARM).total == 2
            cursor.execute("UPDATE acme.contacts_contact SET lead_score = 0; COMMIT")
    finally:
        between.close()
    assert count(WARM).total == 0


def test_what_happens_at_the_very_instant_of_a_count_is_in_the_future_of_that_count_alone(
    count: Callable[..., Live],
) -> None:
    factories.activity(factories.contact(), "page_view", at=NOW)
    ahead = {**VIEWED, "within": {"next": 1, "unit": "day"}}
    assert count(ahead).total == 1
    assert count(ahead, at=NOW + timedelta(microseconds=1)).total == 0
