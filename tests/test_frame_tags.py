"""Numbers, times, lists and charts as the pages write them, in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template import Context, Template
from django.utils import timezone, translation

from config.templatetags import charts, numbers, times

NOW = datetime(2026, 11, 21, 13, 3, 22, tzinfo=UTC)
NB = "\N{NO-BREAK SPACE}"


def drawn(text: str, address: str = "", **context) -> str:
    request = SimpleNamespace(GET=QueryDict(address))
    return Template(text).render(Context({"request": request, **context}))


@pytest.mark.parametrize(
    ("value", "english", "polish"),
    [
        (0, "0", "0"),
        (1863, "1,863", f"1{NB}863"),
        (1_234_567, "1,234,567", f"1{NB}234{NB}567"),
        (-12, "−12", "−12"),
        (Decimal("1234.50"), "1,234.5", f"1{NB}234,5"),
        (0.1, "0.1", "0,1"),
        (Decimal("12.00"), "12", "12"),
        (Decimal("1E+3"), "1,000", f"1{NB}000"),
        (None, "–", "–"),
        ("", "–", "–"),
    ],
)
def test_a_number_is_written_as_its_reader_writes_it(value, english, polish):
    with translation.override("en"):
        assert numbers.number(value) == english
    with translation.override("pl"):
        assert numbers.number(value) == polish


def test_a_number_takes_a_fixed_number_of_places():
    with translation.override("pl"):
        assert drawn("{{ n|number:2 }}", n=Decimal("1234.5")) == f"1{NB}234,50"


@pytest.mark.parametrize(
    ("value", "english", "polish"),
    [
        (0, f"0{NB}B", f"0{NB}B"),
        (999, f"999{NB}B", f"999{NB}B"),
        (1000, f"1.0{NB}KB", f"1,0{NB}KB"),
        (999_949, f"999.9{NB}KB", f"999,9{NB}KB"),
        (999_950, f"1.0{NB}MB", f"1,0{NB}MB"),
        (1_029_325, f"1.0{NB}MB", f"1,0{NB}MB"),
        (2_500_000_000, f"2.5{NB}GB", f"2,5{NB}GB"),
        (10**18, f"1,000,000.0{NB}TB", f"1{NB}000{NB}000,0{NB}TB"),
        (None, "–", "–"),
    ],
)
def test_a_size_is_told_in_thousands_and_never_in_a_thousand_of_them(value, english, polish):
    for language, said in (("en", english), ("pl", polish)):
        with translation.override(language):
            assert drawn("{{ n|size }}", n=value) == said


@pytest.mark.parametrize(("value", "said"), [(41, "+41"), (-12, "−12"), (0, "0"), (None, "–"), (1200, "+1,200")])
def test_a_change_has_its_sign(value, said):
    assert numbers.signed(value) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (1863, 20000, f"9.3{NB}%"),
        (0, 5, f"0{NB}%"),
        (5, 5, f"100{NB}%"),
        (1, 100_000, f"<0.1{NB}%"),
        (99_999, 100_000, f">99.9{NB}%"),
        (3, 0, "–"),
        (None, 5, "–"),
        (1, 3, f"33.3{NB}%"),
    ],
)
def test_a_share_has_one_decimal_and_never_lies_about_none_and_all(part, whole, said):
    assert numbers.percent_of(part, whole) == said


def test_a_share_has_a_comma_in_polish():
    with translation.override("pl"):
        assert drawn("{{ a|percent_of:b }}", a=1863, b=20000) == f"9,3{NB}%"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "0.00"),
        ("-12.5", f"{numbers.MINUS}12.50"),
        (1234, "1,234.00"),
        ("1234.5000", "1,234.50"),
        ("0.0625", "0.0625"),
        ("1E+3", "1,000.00"),
    ],
)
def test_an_amount_has_two_decimals_or_as_many_as_it_needs(amount, said):
    assert numbers.money(amount, "PLN") == f"{said}{NB}PLN"


def test_no_amount_is_a_dash():
    assert numbers.money(None, "PLN") == numbers.NONE


def test_a_moment_is_in_the_accounts_zone_and_the_readers_language():
    when = datetime(2026, 11, 19, 7, 0, tzinfo=UTC)
    with timezone.override("Europe/Warsaw"):
        with translation.override("en"):
            assert times.moment_text(when, now=NOW) == "19 Nov, 08:00"
        with translation.override("pl"):
            assert times.moment_text(when, now=NOW) == "19 lis, 08:00"


def test_the_year_stands_where_it_is_another():
    with translation.override("en"):
        assert times.day_text(date(2025, 11, 19), now=NOW) == "19 Nov 2025"
        assert times.day_text(date(2026, 11, 19), now=NOW) == "19 Nov"


def test_the_current_year_is_the_accounts():
    midnight_in_warsaw = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/Warsaw"):
        assert times.day_text(date(2027, 1, 1), now=midnight_in_warsaw) == "1 Jan"


def test_a_moment_carries_the_machines_form():
    with timezone.override("Europe/Warsaw"):
        html = drawn("{{ when|moment }}", when=datetime(2020, 1, 2, 3, 4, tzinfo=UTC))
    assert html == '<time datetime="2020-01-02T03:04:00Z">2 Jan 2020, 04:04</time>'


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=20), "in less than a minute"),
        (timedelta(minutes=18), "in 18 min"),
        (timedelta(hours=3, minutes=5), "in 3 h 05 min"),
        (timedelta(hours=45, minutes=12), "in 45 h 12 min"),
        (timedelta(hours=48), "in 48 h"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(seconds=59), "in less than a minute"),
        (timedelta(hours=23, minutes=59, seconds=50), "in 24 h"),
        (timedelta(hours=71, minutes=59, seconds=50), "in 3 days"),
        (timedelta(days=6, hours=23, minutes=59), "in 7 days"),
        (timedelta(days=6, hours=11, minutes=59), "in 6 days"),
    ],
)
def test_what_comes_says_in_how_long(span, said):
    assert times.until_text(NOW + span, now=NOW) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(days=12), "12 days ago"),
        (timedelta(days=31), "21 Oct, 13:03"),
    ],
)
def test_what_was_says_how_long_ago(span, said):
    assert times.ago_text(NOW - span, now=NOW) == said


def test_what_has_expired_is_not_in_minus_minutes():
    assert times.until_text(NOW - timedelta(minutes=5), now=NOW) == "5 min ago"


@pytest.mark.parametrize("name", ["moment", "day", "ago", "until"])
def test_no_time_is_a_dash(name):
    assert drawn(f"{{{{ when|{name} }}}}", when=None) == "–"


@pytest.mark.parametrize(
    ("name", "letters"), [("Żaneta Łęcka", "ŻŁ"), ("Anna Maria Nowak", "AN"), ("ala@example.com", "A"), ("", "?")]
)
def test_an_avatar_has_the_initials(name, letters):
    assert drawn("{{ name|initials }}", name=name) == letters


def test_an_icon_is_drawn_for_eyes_only():
    html = drawn('{% icon "plus" 14 %}')
    assert 'width="14"' in html
    assert 'aria-hidden="true"' in html
    assert "style=" not in html
    assert "\n" not in html


def test_a_problem_is_told_with_its_values_and_its_place():
    problem = {"text": "Tag %(tag)s was deleted.", "params": {"tag": "VIP"}, "path": "any[0].all[1]"}
    assert drawn("{{ problem|problem_text }}", problem=problem) == "Tag VIP was deleted. (any[0].all[1])"


@pytest.mark.parametrize(
    "problem", [{"text": "100 % broken"}, {"text": "Tag %(tag)s", "params": {"other": 1}}, {"text": "%d", "params": {}}]
)
def test_a_problem_that_does_not_fit_its_text_is_still_told(problem):
    assert drawn("{{ problem|problem_text }}", problem=problem) == problem["text"]


def test_no_problem_is_no_text():
    assert drawn("{{ problem|problem_text }}", problem=None) == ""


def test_a_problem_is_escaped():
    assert "<b>" not in drawn("{{ problem|problem_text }}", problem={"text": "%(x)s", "params": {"x": "<b>"}})


def test_a_header_sorts_one_way_then_the_other_and_keeps_the_rest():
    first = drawn('{% sort_header "name" "Name" %}', "q=a&page=3")
    assert 'href="?q=a&amp;sort=name"' in first
    assert "aria-sort" not in first
    second = drawn('{% sort_header "name" "Name" %}', "sort=name&q=a")
    assert 'href="?q=a&amp;sort=-name"' in second
    assert 'aria-sort="ascending"' in second
    assert 'aria-sort="descending"' in drawn('{% sort_header "name" "Name" %}', "sort=-name")


def test_a_header_can_begin_with_the_highest():
    assert "sort=-count" in drawn('{% sort_header "count" "Contacts" descending=True %}')


def test_a_header_shows_the_order_the_page_chose():
    assert 'aria-sort="descending"' in drawn('{% sort_header "name" "Name" %}', sort="-name")


def test_a_link_changes_one_thing_of_the_address():
    assert drawn('{% query status="b" page=None %}', "status=a&page=2&q=x") == "?q=x&amp;status=b"


def pages(address: str = "", place: int = 1, count: int = 1863) -> str:
    return drawn('{% pagination rows target="#rows" %}', address, rows=Paginator(range(count), 50).get_page(place))


def test_pages_say_which_rows_of_how_many():
    assert "51–100 of 1,863" in pages(place=2)
    with translation.override("pl"):
        assert f"1{NB}863" in pages(place=2)


def test_pages_lead_to_first_previous_next_and_last_and_keep_the_state():
    html = pages("q=a&tag=1&tag=2&page=3", place=3)
    for address in ("?q=a&amp;tag=1&amp;tag=2", "page=2", "page=4", "page=38"):
        assert address in html
    assert html.count('type="hidden"') == 3  # q and both tags go with the jump


def test_the_first_page_leads_nowhere_back():
    html = pages()
    assert 'aria-label="First page"' not in html
    assert 'aria-label="Next page"' in html


def test_one_page_has_no_steps():
    html = pages(count=7)
    assert "1–7 of 7" in html
    assert "<a" not in html


def test_a_meter_has_its_share_as_attributes():
    html = drawn('{% progress 89 100 "Time left" classes="short" %}')
    assert 'class="meter short" value="89" max="100" aria-label="Time left"' in html


@pytest.mark.parametrize(("value", "total", "shown"), [(300, 100, "100"), (None, 100, "0")])
def test_a_meter_stays_within_its_ends(value, total, shown):
    assert f'value="{shown}"' in drawn('{% progress value total "x" %}', value=value, total=total)


def test_a_meter_without_a_total_only_moves():
    assert "value=" not in drawn('{% progress 0 None "Waiting" %}')


def test_a_sparkline_needs_two_values():
    assert drawn('{% sparkline values "size" %}', values=[5]) == ""
    html = drawn("{% sparkline values label %}", values=[5, 9], label="size <3")
    assert 'role="img" aria-label="size &lt;3"' in html
    assert 'points="0.0,19.0 72.0,3.0"' in html


def test_a_flat_sparkline_lies_in_the_middle():
    assert charts.sparkline_points([4, 4]) == "0.0,11.0 72.0,11.0"


def test_an_empty_list_says_what_to_do():
    html = drawn('{% empty_state "No tags" "Make one." icon="tag" url="/tags/new" action="Make a tag" %}')
    for part in ("No tags", "Make one.", 'href="/tags/new"', "Make a tag"):
        assert part in html
