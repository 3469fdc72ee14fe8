"""Charts: scales, lines, columns, bands and heat maps as they are drawn, each with its figures in words."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation

from config.charts import Band, Bands, Chart, Heat, HeatMap, HeatRow, Heats, Series, fifths, heat
from config.templatetags.drawing import named_at
from config.templatetags.ticks import scale_for

NOW = datetime(2026, 11, 21, 13, 3, 22, tzinfo=UTC)
NB = "\N{NO-BREAK SPACE}"
DAYS = [date(2025, 3, 1) + timedelta(days=nth) for nth in range(4)]


def drawn(text: str, **context: Any) -> str:
    return Template(text).render(Context(context))


def lines(*values: list[Any], **more: Any) -> str:
    series = [Series(f"S{nth}", each) for nth, each in enumerate(values, 1)]
    chart = Chart("Sizes", "Day", DAYS[: len(values[0])], series, **more)
    return drawn("{% line_chart chart %}", chart=chart)


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([0], (0, 4)),
        ([3, 1], (0, 4)),
        ([9, 2], (0, 20)),
        ([41, 0], (0, 80)),
        ([1863, 5], (0, 2000)),
        ([999_999, 1], (0, 1_000_000)),
        ([980, 986, 992], (0, 1000)),
        ([20_001, 20_000], (0, 40_000)),
        ([0.31, 0.04], (0, 0.4)),
        ([Decimal("12.5"), None], (0, 20)),
        ([100, -40], (-50, 100)),
        ([-3, -90], (-100, 0)),
        ([1, -99], (-100, 25)),
        ([], (0, 4)),
    ],
)
def test_a_scale_is_round_and_has_0_on_it(values, ends):
    scale = scale_for(values)
    assert (scale.bottom, scale.top) == ends
    assert all(scale.bottom <= value <= scale.top for value in values if value is not None)
    assert scale.ticks[0] == scale.bottom
    assert scale.ticks[-1] == scale.top
    assert 2 <= len(scale.ticks) <= 7


def test_of_whole_numbers_the_scale_has_no_fractions():
    assert all(tick == int(tick) for top in range(1, 60) for tick in scale_for([0, top]).ticks)


def test_a_chart_that_reaches_below_0_has_no_area():
    assert 'class="area"' in drawn('{% line_chart points "x" %}', points=[(NOW, 980), (NOW, 990)])
    assert 'class="area"' not in drawn('{% line_chart points "x" %}', points=[(NOW, 980), (NOW, -990)])


@pytest.mark.parametrize(
    ("count", "letters", "width", "named"),
    [
        (21, 3, 800, [0, 4, 8, 12, 16, 20]),  # every n-th, with both ends
        (12, 6, 800, [1, 3, 5, 7, 9, 11]),  # 11 gaps are not divided: the last counts
        (13, 6, 270, [0, 4, 8, 12]),
        (12, 6, 180, [1, 6, 11]),
        (6, 20, 180, [5]),
        (1, 40, 180, [0]),
    ],
)
def test_as_many_names_stand_under_a_chart_as_fit_and_as_far_from_each_other(count, letters, width, named):
    assert list(named_at(["x" * letters] * count, width)) == named


def test_steps_of_heat_between_values_that_lie_close_together():
    heats = Heats.of([0, 100, 101, 105, 110])
    assert [heats.step(value) for value in (0, 100, 101, 105, 110)] == [0, 1, 1, 3, 5]
    assert (heats.ends[0], heats.ends[-1]) == ((100, 102), (108, 110))
    same = Heats.of([7, 7])
    assert (same.step(7), same.ends) == (1, [(7, 7)])
    assert Heats.of([0]).ends == []


def test_a_chart_in_polish_keeps_points_in_its_geometry():
    points = [(NOW, 1400), (NOW + timedelta(days=1), 1863.5), (NOW + timedelta(days=2), 1)]
    with translation.override("pl"):
        html = drawn('{% line_chart points "Liczebność" %}', points=points)
    assert f"1{NB}863,5" in html  # what is read
    assert 'points="16.67,30.00 50.00,6.83 83.33,99.95"' in html  # what is drawn
    assert 'x="50.00%" y="6.83%"' in html
    assert "style=" not in html


def test_a_chart_of_nothing_draws_nothing_and_of_one_a_mark():
    assert drawn('{% line_chart points "x" %}', points=[]).strip() == ""
    assert 'class="mark"' in drawn('{% line_chart points "x" %}', points=[(NOW, 3)])


def test_each_place_tells_all_its_figures_and_so_does_the_table():
    html = lines([10, 20], [1, Fraction(1, 3)])
    assert 'aria-label="1 Mar 2025: S1: 10; S2: 1"' in html
    assert 'aria-label="2 Mar 2025: S1: 20; S2: 0.33"' in html
    assert re.findall(r'<td class="r num">(.*?)</td>', html) == ["10", "1", "20", "0.33"]
    assert html.count('<th scope="row"') == 2


def test_what_is_not_known_is_a_gap_and_a_dash_in_the_table():
    html = lines([5, None, 7, 8])
    assert 'points="62.50,' in html  # one line, of the last two
    assert html.count("<polyline") == 1
    assert html.count('class="mark"') == 3  # the first stands alone, and is to be seen
    assert '<td class="r num">–</td>' in html


def test_series_differ_by_dash_and_marker_and_keep_the_style_they_are_given():
    chart = Chart("x", "Day", DAYS[:2], [Series("a", [1, 2], style=5), Series("b", [2, 3])])
    html = drawn("{% line_chart chart %}", chart=chart)
    assert 'polyline class="series-5"' in html
    assert 'polyline class="series-2"' in html
    assert "M-4-4L4 4" in html
    assert '<rect x="-3.5"' in html


def test_figures_lead_to_their_lists_and_are_written_as_told():
    series = [Series("Joined", [3, 4], urls=["/a?x=1&y=2", ""])]
    chart = Chart("x", "Day", DAYS[:2], series, text=lambda value: f"{value} zł", whole="Together")
    html = drawn("{% column_chart chart %}", chart=chart)
    assert '<a href="/a?x=1&amp;y=2">3 zł</a>' in html
    assert '<td class="r num">4 zł</td>' in html
    assert "<b>3 zł</b>" in html


def test_a_name_cannot_write_markup():
    chart = Chart("<b>", "<i>", ["<script>"], [Series("<u>", [1]), Series("b", [2])])
    html = drawn("{% line_chart chart %}{% column_chart chart %}", chart=chart)
    assert not re.search(r"<b>&lt;b|<i>|<script>|<u>", html)


def test_stacked_columns_stand_on_each_other_and_what_is_below_0_hangs_from_it():
    series = [Series("a", [30]), Series("b", [50]), Series("c", [-40])]
    html = drawn("{% column_chart chart stacked=True %}", chart=Chart("x", "Day", DAYS[:1], series))
    boxes = re.findall(r'<rect class="part-(\d)" x="14.00%" y="([\d.]+)%" width="72.00%" height="([\d.]+)%"/>', html)
    assert boxes == [("1", "46.67", "20.00"), ("2", "13.33", "33.33"), ("3", "66.67", "26.67")]  # from 100 to −50
    assert (
        len(re.findall(r'class="pattern" fill="url\(#chart-\w{8}-[23]\)" x="14.00%"', html)) == 2
    )  # colour is not all


def test_columns_side_by_side_do_not_cover_each_other():
    html = drawn(
        "{% column_chart chart %}", chart=Chart("x", "", ["p", "q"], [Series("a", [1, 2]), Series("b", [2, 0])])
    )
    starts = [float(x) for x in re.findall(r'<rect class="part-\d" x="([\d.]+)%"', html)]
    assert starts == [7.0, 25.0, 57.0]  # nothing is drawn for 0


def test_too_many_series_or_values_that_fit_no_place_are_refused():
    with pytest.raises(ValueError, match="no more than 6"):
        Chart("x", "", ["p"], [Series(str(nth), [1]) for nth in range(7)])
    with pytest.raises(ValueError, match="one value"):
        Chart("x", "", ["p", "q"], [Series("a", [1])])
    with pytest.raises(ValueError, match="no more than 6"):
        Bands("x", "", "", [Band(str(nth), 1) for nth in range(7)])


def test_bands_share_one_bar_and_stand_in_a_table_with_their_links():
    chart = Bands(
        "Revenue",
        "Band",
        "Amount",
        [Band("Low", 25, url="/l", create_url="/c"), Band("None", 0, create_url="/n"), Band("Big", 75)],
    )
    html = drawn("{% bands chart %}", chart=chart)
    assert 'x="0.00%" width="25.00%"' in html
    assert 'x="25.00%" width="75.00%"' in html
    assert 'href="/l">25</a>' in html
    assert 'href="/c"' in html
    assert 'href="/n"' not in html  # nobody to make a segment of
    assert f"25.0{NB}%" in html


def test_bands_of_nothing_draw_no_bar_and_still_tell():
    html = drawn("{% bands chart %}", chart=Bands("x", "", "", [Band("Low", 0)]))
    assert "<figure" not in html
    assert "Low" in html


@pytest.mark.parametrize(
    ("value", "top", "step"), [(0, 10, 0), (1, 1000, 1), (2, 10, 2), (4, 10, 3), (9, 10, 5), (10, 10, 5), (5, 0, 0)]
)
def test_the_heat_of_something_is_never_that_of_nothing(value, top, step):
    assert heat(value, top) == step


@pytest.mark.parametrize("top", [1, 2, 3, 5, 7, 100, 123])
def test_each_whole_number_is_in_the_step_it_is_coloured_by(top):
    steps = fifths(top)
    assert [step for step, (low, high) in enumerate(steps, 1) for _ in range(low, high + 1)] == [
        heat(number, top) for number in range(1, top + 1)
    ]


def test_a_heat_map_has_its_number_in_every_cell():
    rows = [HeatRow("March", [Heat("412", 5, under="100 %", url="/m?a=1&b=2"), Heat("–", None)], url="/row")]
    html = drawn(
        "{% heat_map chart %}", chart=HeatMap("Still in", "Joined", ["0", "1"], rows, legend=["nobody", "few"])
    )
    assert (
        '<td class="heat-5"><a href="/m?a=1&amp;b=2"><b class="num">412</b><small class="num">100 %</small></a></td>'
        in html
    )
    assert '<td class="itself"><span>–</span></td>' in html
    assert '<a href="/row">March</a>' in html
    assert '<i class="heat-1"></i>few' in html
