"""What a segment comes to if only time passes: numbers, lists, curve, and that they are those of counting then."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.models import Contact
from insights import forecasting
from insights.forecasting import LAST, SINCE, STEPS, TOLD, Forecast, Seen
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate, snapshot
from segmentation.models import SavedCriteria, Segment, Version
from segmentation.services import edit_criteria
from tags.models import Tag
from tests import factories, population
from tests.population import NOWS, ZONES
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculated, create, scored
from tests.test_explaining import WARSAW
from tests.test_oracle import QUIET, trees

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DAY = timedelta(days=1)
RECENT = {"kind": "tag", "op": "any", "tags": ["VIP"], "within": {"last": 10, "unit": "day"}}
BIRTHDAY = {"kind": "attribute", "attribute": "birthday", "op": "anniversary", "value": {"in_next": 7}}


def taken(segment: Segment, *, now: datetime, zone: ZoneInfo) -> Forecast:
    """For somebody who sees every contact."""
    return forecasting.taken(Seen(segment, None), now=now, zone=zone)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


def tagged(days_ago: int, *, now: datetime = NOW) -> Contact:
    person = factories.contact(created_at=now - 90 * DAY, updated_at=now - 90 * DAY)
    factories.tag("VIP", person, at=now - days_ago * DAY)
    return person


def point(forecast: Forecast, days: int) -> tuple[int, int, int]:
    (found,) = (each for each in forecast.points if each.days == days)
    return found.count, found.leaving, found.joining


# --- what will be --------------------------------------------------------------------------------------------
def test_windows_run_out(account: Any) -> None:
    first, second, _third = tagged(8), tagged(4), tagged(0)
    forecast = taken(calculated(criteria=RECENT), now=NOW, zone=WARSAW)
    assert (point(forecast, 0), point(forecast, 7), point(forecast, 30)) == ((3, 0, 0), (1, 2, 0), (0, 3, 0))
    assert set(forecast.leaving(7)) == {first.pk, second.pk}
    assert [each.days for each in forecast.told] == list(TOLD)


def test_days_come_round_and_go(account: Any) -> None:
    factories.attribute("birthday", "date")
    now, later = (factories.contact(attributes={"birthday": day}) for day in ("1990-11-23", "1985-12-01"))
    forecast = taken(calculated(criteria=BIRTHDAY), now=NOW, zone=WARSAW)
    assert (point(forecast, 0), point(forecast, 7), point(forecast, 30)) == ((1, 0, 0), (1, 1, 1), (0, 1, 0))
    assert (set(forecast.leaving(7)), set(forecast.joining(7))) == ({now.pk}, {later.pk})


def test_silence_brings_people_in(account: Any) -> None:
    person = factories.contact()
    factories.visit(person, at=NOW - 85 * DAY)
    criteria = {"kind": "engagement", "state": "unengaged", "days": 90}
    forecast = taken(calculated(criteria=criteria), now=NOW, zone=WARSAW)
    assert point(forecast, 7) == (1, 0, 1)


def test_what_nothing_counts_from_now_is_evaluated_once(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scored(3)
    segment = calculated()
    evaluated = []

    def counting(*args: Any, **more: Any) -> Any:
        evaluated.append(1)
        return evaluate(*args, **more)

    monkeypatch.setattr(forecasting, "evaluate", counting)
    forecast = taken(segment, now=NOW, zone=WARSAW)
    assert (forecast.moving, len(evaluated), point(forecast, 30)) == (False, 1, (3, 0, 0))


def test_buyers_beside_buyers_move_by_orders_ahead_only(account: Any) -> None:
    buyer = factories.contact()
    factories.order(buyer, at=NOW - 400 * DAY, total=10)
    criteria = {"kind": "spender", "buyer": "one_time"}
    assert not taken(calculated("A", criteria=criteria), now=NOW, zone=WARSAW).moving
    factories.order(buyer, at=NOW + 5 * DAY, total=10)
    forecast = taken(calculated("B", criteria=criteria), now=NOW, zone=WARSAW)
    assert (forecast.moving, point(forecast, 7)) == (True, (0, 1, 0))


def test_criteria_referred_to_as_of_now_move_and_last_members_do_not(account: Any) -> None:
    tagged(8)
    saved = SavedCriteria.objects.create(name="Recent", criteria=RECENT, created_at=NOW, updated_at=NOW)
    inner = calculated("Inner", criteria=RECENT)
    by_saved = calculated("By saved", criteria={"kind": "saved", "criteria": saved.pk})
    by_now = calculated("By now", criteria={"kind": "segment", "segment": inner.pk, "op": "in", "at": "now"})
    by_latest = calculated("By latest", criteria={"kind": "segment", "segment": inner.pk, "op": "in"})
    found = [point(taken(each, now=NOW, zone=WARSAW), 7) for each in (by_saved, by_now, by_latest)]
    assert found == [(0, 1, 0), (0, 1, 0), (1, 0, 0)]


def test_it_says_what_has_happened_since_the_calculation(account: Any) -> None:
    (gone, _kept), (new,) = scored(2), scored(1, score=5)
    segment = calculated()
    Contact.objects.filter(pk=gone).update(lead_score=0)
    Contact.objects.filter(pk=new).update(lead_score=50)
    forecast = taken(segment, now=NOW + DAY, zone=WARSAW)
    assert (forecast.members, set(forecast.leaving(SINCE)), set(forecast.joining(SINCE))) == (2, {gone}, {new})
    assert point(forecast, 0) == (2, 0, 0)


def test_a_segment_of_the_same_ids_in_a_new_account_has_none_of_it(account: Any) -> None:
    scored(1)
    segment = calculated()
    kept = taken(segment, now=NOW, zone=WARSAW)
    assert forecasting.newest(Seen(segment, None)) == kept
    segment.created_at += timedelta(microseconds=1)
    again = Seen(segment, None)
    assert (forecasting.newest(again), forecasting.kept(again, kept.key)) == (None, None)


def test_the_same_time_of_the_clock_is_meant_when_the_clocks_change(account: Any) -> None:
    scored(1)
    before = datetime.fromisoformat("2026-10-20T10:00:00+02:00")
    forecast = taken(calculated(now=before), now=before, zone=WARSAW)
    assert [f"{each.at.astimezone(WARSAW):%d %H:%M}" for each in forecast.told] == ["27 10:00", "19 10:00"]


def test_it_agrees_with_counting_then_on_random_trees(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting, "BUDGET_S", 0)
    world = population.settle(population.people(6)[:14])
    segment = calculated()

    @settings(QUIET, max_examples=30)
    @given(tree=trees(world), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agrees(tree: Any, now: datetime, zone: Any) -> None:
        Version.objects.filter(pk=segment.version_id).update(criteria=tree)
        segment.version.refresh_from_db()
        forecast = taken(segment, now=now, zone=zone)
        for each in forecast.points:
            with snapshot():
                then = evaluate(parse(tree), context=Context(now=each.at, zone=zone)).members
            assert each.count == len(then)
        present = evaluate(parse(tree), context=Context(now=now, zone=zone)).members
        assert (forecast.leaving(30), forecast.joining(30)) == (present - then, then - present)

    agrees()


def test_where_each_day_takes_its_time_fewer_are_evaluated(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tagged(3)
    segment = calculated(criteria=RECENT)
    monkeypatch.setattr(forecasting, "BUDGET_S", 0)
    forecast = taken(segment, now=NOW, zone=WARSAW)
    assert [each.days for each in forecast.curve] == list(range(0, LAST + 1, STEPS[0]))
    assert point(forecast, 7) == (0, 1, 0)
    monkeypatch.setattr(forecasting, "BUDGET_S", 1000)
    assert len(taken(segment, now=NOW, zone=WARSAW).curve) == LAST + 1


# --- the page ------------------------------------------------------------------------------------------------
@pytest.fixture
def segment() -> Any:
    """Of three one leaves within a week, all within a month; as of now."""
    now = timezone.now()
    for days in (8, 1, 0):
        tagged(days, now=now)
    return calculated(criteria=RECENT, now=now)


def counted(client: Any, segment: Any, **headers: str) -> str:
    response = client.get(f"/segments/{segment.pk}/forecast/?count=1", headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def test_each_number_equals_its_list(client: Any, segment: Any) -> None:
    text = counted(client, segment)
    links = re.findall(r'href="(/contacts/\?(?:leaving|joining)=[^"]+)">([\d,]+)<', text)
    assert [int(number) for _address, number in links] == [0, 0, 1, 0, 3, 0]
    for address, number in links:
        assert client.get(address).context["total"] == int(number)


def test_a_list_stays_that_of_its_forecast(client: Any, segment: Any) -> None:
    address = re.findall(r"/contacts/\?leaving=\d+\.30\.\d+", counted(client, segment))[0]
    tagged(2, now=timezone.now())
    counted(client, segment)
    assert client.get(address).context["total"] == 3
    assert "It was taken just now" not in client.get(address).content.decode()


def test_a_forecast_kept_no_more_is_taken_again_and_says_so(client: Any, segment: Any) -> None:
    address = re.findall(r"/contacts/\?leaving=\d+\.30\.\d+", counted(client, segment))[0]
    cache.clear()
    tagged(2, now=timezone.now())
    page = client.get(address)
    assert page.context["total"] == 4
    assert "It was taken just now" in page.content.decode()


def test_the_page_asks_for_the_forecast_by_itself_and_shows_a_fresh_one_at_once(client: Any, segment: Any) -> None:
    path = f"/segments/{segment.pk}/forecast/"
    first = client.get(path).content.decode()
    assert f'hx-get="{path}?count=1" hx-trigger="load"' in first
    assert f'<noscript><a class="btn btn-quiet" href="{path}?count=1">' in first
    assert "<main" not in counted(client, segment, **{"HX-Request": "true"})
    again = client.get(path).content.decode()
    assert "will have dropped out" in again
    assert 'hx-trigger="load"' not in again


def test_new_criteria_make_a_forecast_an_old_one(client: Any, segment: Any) -> None:
    counted(client, segment)
    segment.refresh_from_db()
    edit_criteria(segment, criteria=SCORED, revision=segment.revision, now=timezone.now(), by=None)
    assert 'hx-trigger="load"' in client.get(f"/segments/{segment.pk}/forecast/").content.decode()


@pytest.mark.parametrize("query", ["", "?count=1"])
def test_a_segment_never_calculated_has_no_forecast(client: Any, query: str) -> None:
    text = client.get(f"/segments/{create().pk}/forecast/{query}").content.decode()
    assert "There is no forecast yet" in text
    assert 'hx-trigger="load"' not in text


def test_criteria_that_name_something_deleted_are_told_plainly(client: Any, account: Any) -> None:
    factories.tag("LATE")
    segment = calculated(criteria={"kind": "tag", "op": "any", "tags": ["LATE"]}, now=timezone.now())
    Tag.objects.all().delete()
    response = client.get(f"/segments/{segment.pk}/forecast/?count=1")
    assert response.status_code == 422
    assert "There can be no forecast" in response.content.decode()
    listed = client.get(f"/contacts/?leaving={segment.pk}.7")
    assert listed.status_code == 422


@pytest.mark.parametrize("value", ["{0}", "{0}.8", "0.7", "x.7", "{0}.7.1.1", "{0}.-7", "{0}.٧"])
@pytest.mark.parametrize("name", ["leaving", "joining"])
def test_a_forecast_that_cannot_be_is_refused_with_no_rows(client: Any, segment: Any, name: str, value: str) -> None:
    response = client.get("/contacts/", {name: value.format(segment.pk)})
    assert response.status_code == 422
    assert "lines" not in response.context


def test_criteria_that_time_does_not_move_say_so(client: Any, account: Any) -> None:
    scored(2)
    text = counted(client, calculated(now=timezone.now()))
    assert "time alone takes nobody out" in text
    assert '<svg viewBox="0 0 1000 220"' not in text
