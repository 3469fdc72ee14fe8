"""How weeks, months and stretches of days are written: one way on all pages and in all charts."""

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from insights.statistics.calendars import (
    begins_short,
    days_name,
    month_name,
    month_short,
    stretch_name,
    week_name,
    week_of,
    week_short,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

WEEKS = [  # a day of it, in full and for an axis: in English, in Polish
    (date(2026, 11, 22), "16–22 Nov 2026", "16–22 Nov", "16–22 lis 2026", "16–22 lis"),
    (date(2026, 11, 30), "30 Nov – 6 Dec 2026", "30 Nov – 6 Dec", "30 lis – 6 gru 2026", "30 lis – 6 gru"),
    (date(2025, 7, 16), "14–20 Jul 2025", "14–20 Jul 2025", "14–20 lip 2025", "14–20 lip 2025"),
    (
        date(2026, 1, 1),
        "29 Dec 2025 – 4 Jan 2026",
        "29 Dec 2025 – 4 Jan 2026",
        "29 gru 2025 – 4 sty 2026",
        "29 gru 2025 – 4 sty 2026",
    ),
]


@pytest.mark.parametrize(("day", "english", "short", "polish", "polish_short"), WEEKS)
def test_a_week_says_its_days_with_month_and_year_once(
    day: date, english: str, short: str, polish: str, polish_short: str
) -> None:
    week = week_of(day)
    with translation.override("en"):
        assert (week_name(week), week_short(week, now=NOW)) == (english, short)
    with translation.override("pl"):
        assert (week_name(week), week_short(week, now=NOW)) == (polish, polish_short)


def test_a_month_is_a_word_in_small_letters_where_the_language_has_them() -> None:
    day = date(2026, 11, 1)
    with translation.override("en"):
        assert (month_name(day), month_short(day), begins_short(date(2026, 1, 1))) == (
            "November 2026",
            "Nov 2026",
            "2026",
        )
    with translation.override("pl"):
        assert (month_name(day), month_short(day)) == ("listopad 2026", "lis 2026")


def test_a_stretch_of_days_is_said_by_its_largest_unit() -> None:
    with translation.override("en"):
        assert stretch_name((date(2026, 1, 1), date(2026, 12, 31))) == "2026"
        assert stretch_name((date(2026, 2, 1), date(2026, 2, 28))) == "February 2026"
        assert stretch_name((date(2026, 4, 1), date(2026, 6, 30))) == "1 Apr – 30 Jun 2026"
        assert stretch_name((date(2026, 4, 3), None)) == "from 3 Apr 2026 on"
        assert days_name(date(2026, 4, 3), date(2026, 4, 3)) == "3 Apr 2026"
