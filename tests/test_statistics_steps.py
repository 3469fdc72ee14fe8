"""What statistics are cut into and how two numbers are told beside each other: plain functions, without contacts."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from insights.statistics.breakdowns import STEPS, steps_of
from insights.statistics.calendars import Months, Weeks
from insights.statistics.comparing import Beside, shares
from insights.statistics.dimensions import age_days


def test_an_age_is_told_in_days_of_the_calendar_that_share_nothing() -> None:
    days = age_days(date(2026, 3, 31))
    assert days[0] == (date(2026, 3, 1), None)  # a month before is 28 February
    assert days[-1] == (None, date(2023, 3, 31))
    for (newer, _last), (_first, older) in pairwise(days):
        assert newer is not None
        assert older == newer - timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "most", "ends"),
    [
        (["2026-01-05", "2026-03-05"], 3, (date(2026, 1, 1), date(2026, 3, 31))),
        (["1930-06-01", "2010-06-01"], 17, (date(1930, 1, 1), date(2014, 12, 31))),
        (["0001-01-01", "9999-12-31"], STEPS + 2, (None, None)),
        ([], 0, None),
    ],
)
def test_days_are_cut_into_few_steps_without_gaps(days: list[str], most: int, ends: Any) -> None:
    values = np.array(days, dtype="datetime64[D]")
    steps = steps_of(values, lambda day: np.datetime64("-9999-01-01") if day is None else np.datetime64(day))
    assert len(steps) <= most
    assert ends is None or (steps[0][0], steps[-1][1]) == ends
    for (_first, last), (following, _end) in pairwise(steps):
        assert last is not None
        assert following == last + timedelta(days=1)


def test_a_few_far_away_do_not_press_the_others_into_one_step() -> None:
    values = np.array(["1900-01-01"] + ["2026-05-05", "2026-07-07"] * 300 + ["2999-01-01"], dtype="datetime64[D]")
    steps = steps_of(values, lambda day: np.datetime64("-9999-01-01") if day is None else np.datetime64(day))
    assert steps[0] == (None, date(2026, 4, 30))
    assert steps[-1] == (date(2026, 8, 1), None)
    assert len(steps) == 5


def test_a_difference_is_told_in_points_or_by_an_index() -> None:
    share = shares(60, 100, 300, 1000)
    assert (share.points, share.index, share.way) == (30, 200, "more")
    assert shares(10, 100, 300, 1000).way == "less"
    average = Beside(Fraction(3), Fraction(2))
    assert (average.index, average.way, average.points) == (150, "more", 100)
    assert Beside(Fraction(101), Fraction(100)).way == "even"
    assert Beside(Fraction(1), Fraction(0)).way == Beside(None, Fraction(1)).way == shares(0, 0, 1, 2).way == ""


def test_what_chance_may_make_is_no_difference() -> None:
    assert shares(4, 10, 300, 1000).way == "even"  # ten points, of ten contacts
    assert shares(400, 1000, 30_000, 100_000).way == "more"  # the same, of a thousand
    assert shares(300, 1000, 300, 1000).way == "even"
    assert shares(0, 1000, 1, 2000).way == "even"


def test_weeks_and_months_end_with_today() -> None:
    weeks, months = Weeks(12, date(2026, 11, 21)), Months(12, date(2026, 11, 21))
    assert weeks.all[0].first == date(2026, 8, 31)
    assert weeks.all[-1] == (date(2026, 11, 16), date(2026, 11, 22))
    assert months.whole == (date(2025, 12, 1), date(2026, 11, 30))
    assert len(months.all) == len(weeks.all) == 12
