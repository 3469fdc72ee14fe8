"""Windows of time: the calendar of the account's zone, days of 23 and 25 hours, months of 28 days."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segmentation.criteria.times import Ago, Anniversary, Bounds, Last, Next, read_window, shift, start_of

WARSAW = ZoneInfo("Europe/Warsaw")
DAY = timedelta(days=1)


def local(*parts: int, zone: ZoneInfo = WARSAW) -> datetime:
    return datetime(*parts, tzinfo=zone)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("now", "count", "unit", "start"),
    [
        (local(2026, 11, 21, 14, 3), 1, "day", local(2026, 11, 21)),
        (local(2026, 11, 21, 14, 3), 30, "day", local(2026, 10, 23)),
        (local(2026, 11, 21, 14, 3), 1, "week", local(2026, 11, 15)),
        (local(2026, 11, 21, 14, 3), 1, "month", local(2026, 10, 22)),
        (local(2026, 11, 21, 14, 3), 1, "year", local(2025, 11, 22)),
        (local(2027, 3, 31, 12), 1, "month", local(2027, 3, 1)),
        (local(2028, 3, 31, 12), 1, "month", local(2028, 3, 1)),
        (local(2028, 2, 29, 12), 1, "year", local(2027, 3, 1)),
        (local(2026, 3, 29, 12), 1, "day", local(2026, 3, 29)),  # 23 hours long
        (local(2026, 3, 30, 12), 2, "day", local(2026, 3, 29)),
        (local(2026, 10, 25, 23), 1, "day", local(2026, 10, 25)),  # 25 hours long
        (local(2026, 3, 29, 3, 30), 2, "hour", local(2026, 3, 29, 0, 30)),  # two real hours: 2:00 was skipped
    ],
)
def test_last_begins_where_the_calendar_says(now: datetime, count: int, unit: str, start: datetime) -> None:
    span = Last(count, unit).span(now.astimezone(UTC), WARSAW)
    assert (span.start, span.last) == (start.astimezone(UTC), now.astimezone(UTC))


@pytest.mark.parametrize(
    ("now", "count", "unit", "last"),
    [
        (local(2026, 11, 21, 14), 1, "day", local(2026, 11, 22)),
        (local(2026, 11, 21, 14), 7, "day", local(2026, 11, 28)),
        (local(2026, 11, 21, 14), 1, "week", local(2026, 11, 28)),
        (local(2026, 11, 21, 14), 1, "month", local(2026, 12, 21)),
        (local(2027, 1, 31, 14), 1, "month", local(2027, 2, 28)),
        (local(2026, 10, 24, 14), 2, "day", local(2026, 10, 26)),
    ],
)
def test_next_ends_with_its_last_day(now: datetime, count: int, unit: str, last: datetime) -> None:
    span = Next(count, unit).span(now.astimezone(UTC), WARSAW)
    assert span.start == now
    assert span.last == last.astimezone(UTC) - timedelta(microseconds=1)


def test_hours_are_exact_over_a_change_of_the_clock() -> None:
    now = local(2026, 10, 25, 12).astimezone(UTC)
    assert Last(24, "hour").span(now, WARSAW).start == now - timedelta(hours=24)
    assert Next(24, "hour").span(now, WARSAW).last == now + timedelta(hours=24)


def test_a_day_without_midnight_begins_where_the_clock_goes_on() -> None:
    """Cairo skips 0:00 to 1:00 on 24 April 2026."""
    cairo = ZoneInfo("Africa/Cairo")
    assert start_of(date(2026, 4, 24), cairo) == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert start_of(date(2026, 4, 25), cairo) - start_of(date(2026, 4, 24), cairo) == timedelta(hours=23)


def test_the_same_instant_is_another_day_in_another_zone() -> None:
    """Zones a day off: what is today in Warsaw is not yet so in New York."""
    now = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
    assert Last(1, "day").span(now, WARSAW).start == local(2026, 11, 21)
    assert Last(1, "day").span(now, ZoneInfo("America/New_York")).start == local(
        2026, 11, 20, zone=ZoneInfo("America/New_York")
    )


def test_a_date_bound_includes_its_whole_day() -> None:
    span = Bounds(date(2026, 10, 25), date(2026, 10, 25)).span(datetime(2026, 11, 21, tzinfo=UTC), WARSAW)
    assert span.start == local(2026, 10, 25)
    assert span.last == local(2026, 10, 26) - timedelta(microseconds=1)


def test_an_instant_without_an_offset_is_meant_in_the_accounts_zone() -> None:
    window = read_window({"from": "2026-11-21T14:00", "to": "2026-11-21T14:00:00Z"})
    span = window.span(datetime(2026, 11, 21, tzinfo=UTC), WARSAW)
    assert (span.start, span.last) == (local(2026, 11, 21, 14), datetime(2026, 11, 21, 14, tzinfo=UTC))


@pytest.mark.parametrize(
    ("day", "count", "unit", "expected"),
    [
        (date(2027, 3, 31), -1, "month", date(2027, 2, 28)),
        (date(2028, 3, 31), -1, "month", date(2028, 2, 29)),
        (date(2028, 2, 29), 1, "year", date(2029, 2, 28)),
        (date(2026, 12, 31), 2, "month", date(2027, 2, 28)),
        (date(2026, 1, 31), -13, "month", date(2024, 12, 31)),
        (date(2026, 1, 1), -1, "week", date(2025, 12, 25)),
    ],
)
def test_months_clip_to_their_last_day(day: date, count: int, unit: str, expected: date) -> None:
    assert shift(day, count, unit) == expected


def test_ago_is_one_day() -> None:
    assert Ago(1, "month").days(date(2027, 3, 31)) == (date(2027, 2, 28), date(2027, 2, 28))


@pytest.mark.parametrize(
    ("anniversary", "today", "kept"),
    [
        (Anniversary(1, ahead=True), date(2026, 11, 21), ["11-21"]),
        (Anniversary(3, ahead=True), date(2026, 12, 31), ["01-01", "01-02", "12-31"]),
        (Anniversary(3, ahead=False), date(2027, 1, 1), ["01-01", "12-30", "12-31"]),
        (Anniversary(1, ahead=True), date(2027, 2, 28), ["02-28", "02-29"]),
        (Anniversary(1, ahead=True), date(2028, 2, 28), ["02-28"]),
        (Anniversary(1, ahead=True), date(2028, 2, 29), ["02-29"]),
        (Anniversary(1, ahead=True), date(2027, 3, 1), ["03-01"]),
    ],
)
def test_anniversaries_wrap_and_leap_days_are_kept(anniversary: Anniversary, today: date, kept: list[str]) -> None:
    """Birthdays a day early."""
    assert anniversary.dates(today) == kept


@pytest.mark.parametrize("today", [date(2027, 3, 1), date(2028, 2, 29), date(2026, 1, 1)])
@pytest.mark.parametrize("ahead", [True, False])
def test_366_days_hold_every_anniversary(today: date, *, ahead: bool) -> None:
    assert len(Anniversary(366, ahead=ahead).dates(today)) == 366


@pytest.mark.parametrize(
    "window",
    [
        None,
        {},
        [],
        {"last": 1},
        {"last": 0, "unit": "day"},
        {"last": 1.0, "unit": "day"},
        {"last": True, "unit": "day"},
        {"last": 10**9, "unit": "day"},
        {"last": 1, "unit": "days"},
        {"last": 1, "next": 1, "unit": "day"},
        {"last": 1, "unit": "day", "from": "2026-01-01"},
        {"from": "2026-13-01"},
        {"from": "2026-1-1"},
        {"from": "20260101"},
        {"from": "2026-W01-1"},
        {"from": "0000-01-01"},
        {"from": "9999-12-31"},
        {"from": "2026-01-01 10:00"},
        {"from": "２０２６-01-01"},
        {"from": 1},
        {"from": "2026-01-02", "to": "2026-01-01"},
        {"unit": "day"},
    ],
)
def test_a_broken_window_is_refused(window: Any) -> None:
    from segmentation.criteria import CriteriaError, parse

    with pytest.raises(CriteriaError) as refused:
        parse({"kind": "tag", "op": "any", "tags": ["A"], "within": window})
    assert refused.value.path.startswith("within")
