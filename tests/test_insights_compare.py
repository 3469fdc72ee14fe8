"""Two segments and several beside each other: numbers, lists, shares, what makes a segment of a part (SG6)."""

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pyroaring import BitMap

from config.templatetags.charts import WIDTH, overlap_shape
from contacts.models import Contact
from insights.overlap import BOTH, FIRST, PARTS, SECOND, Measured, Overlap, matrix, measured
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from tests import factories
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculate, calculated, create, scored
from tests.test_explaining import WARSAW
from tests.test_movements import again

pytestmark = pytest.mark.django_db
OVER_40 = SCORED | {"value": 40}
UNDER_60 = SCORED | {"op": "lt", "value": 60}


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """Of 30, 50 and 70: over 40, and under 60."""
    for score in (30, 50, 70):
        scored(1, score)
    scored(1, 71)
    return calculated("Over 40", criteria=OVER_40), calculated("Under 60", criteria=UNDER_60)


def of(pk: int, *members: int) -> Measured:
    return Measured(pk, f"S{pk}", pk, NOW, BitMap(members))


# --- numbers -------------------------------------------------------------------------------------------------
def test_the_parts_are_the_sets_and_add_up() -> None:
    overlap = Overlap(of(1, 1, 2, 3), of(2, 3, 4))
    assert {part: set(overlap.ids(part)) for part in PARTS} == {FIRST: {1, 2}, BOTH: {3}, SECOND: {4}}
    assert overlap.sizes == (2, 1, 1) == tuple(len(overlap.ids(part)) for part in PARTS)
    assert overlap.together == 4


def test_a_matrix_has_every_pair_both_ways() -> None:
    rows = matrix([of(1, 1, 2, 3, 4), of(2, 4), of(3)])
    assert [[cell.both for cell in cells] for _of, cells in rows] == [[4, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert [cell.heat for cell in rows[0][1]] == [5, 2, 0]
    assert [cell.heat for cell in rows[1][1]] == [5, 5, 0]
    assert [cell.share for cell in rows[2][1]] == [0, 0, 0]


@pytest.mark.parametrize("sizes", [(0, 0, 0), (5, 0, 0), (1, 999_999, 3), (10, 20, 10)])
def test_the_bars_fill_the_drawing_and_show_every_part_there_is(sizes: tuple[int, int, int]) -> None:
    places = overlap_shape(*sizes)
    assert [bool(width) for _start, width in places.values()] == [bool(size) for size in sizes]
    assert all(width >= 3 for _start, width in places.values() if width)
    assert sum(width for _start, width in places.values()) == pytest.approx(WIDTH if any(sizes) else 0, abs=0.3)
    assert places["both"][0] == pytest.approx(places["first"][1], abs=0.1)


@pytest.mark.parametrize("part", PARTS)
def test_criteria_of_a_part_find_the_part(pair: tuple[Any, Any], part: str) -> None:
    found = measured([segment.pk for segment in pair])
    overlap = Overlap(*(found[segment.pk] for segment in pair))
    assert evaluate(parse(overlap.criteria(part)), context=Context(NOW, WARSAW)).members == overlap.ids(part)


# --- two -----------------------------------------------------------------------------------------------------
def rows_of(text: str) -> dict[str, tuple[int, str, str]]:
    """Of each part the number, the address of its list, and of Create segment."""
    found = {}
    for part in PARTS:
        row = text.split(f'id="part-{part}"')[1].split("</tr>", maxsplit=1)[0]
        links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', row)]
        found[part] = (int(re.findall(r"<b>([\d,]+)</b>", row)[0]), links[0], links[-1])
    return found


def test_each_number_of_a_comparison_equals_its_list_and_its_segment(client: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    text = client.get(f"/segments/{first.pk}/compare/?with={second.pk}").content.decode()
    rows = rows_of(text)
    assert {part: number for part, (number, _list, _create) in rows.items()} == {FIRST: 2, BOTH: 1, SECOND: 1}
    assert "25.0" in text  # one of four is in both
    for number, listed, create_url in rows.values():
        page = client.get(listed)
        assert page.context["total"] == number
        filled = client.get(create_url)
        assert filled.status_code == 200
        assert not filled.context["problem"]


def test_a_list_of_a_part_stays_that_of_its_calculations(client: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    address = rows_of(client.get(f"/segments/{first.pk}/compare/?with={second.pk}").content.decode())[FIRST][1]
    Contact.objects.filter(lead_score=70).update(lead_score=10)
    again(first)
    assert client.get(address).context["total"] == 2


def test_who_was_deleted_since_is_said(client: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    address = rows_of(client.get(f"/segments/{first.pk}/compare/?with={second.pk}").content.decode())[FIRST][1]
    Contact.objects.filter(lead_score=70).delete()
    page = client.get(address)
    assert page.context["total"] == 1
    text = page.content.decode()
    assert "2 contacts, by the calculation of" in text
    assert "1 of them has been deleted since." in text


@pytest.mark.parametrize(
    "value",
    ["1", "1.2", "1.2.both.3", "0.0.both", "a.b.both", "1.2.neither", "99999999999999999999.1.both", "..", "\x00"],
)
def test_a_comparison_that_is_not_there_is_refused_with_no_rows(client: Any, pair: Any, value: str) -> None:
    response = client.get("/contacts/", {"compared": value})
    assert response.status_code == 422
    assert "lines" not in response.context


def test_the_other_segments_stand_there_with_their_overlap(client: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    create("Never calculated")
    text = client.get(f"/segments/{first.pk}/compare/").content.decode()
    assert f'href="/segments/{first.pk}/compare/?with={second.pk}"' in text
    assert "Never calculated" not in text
    alone = client.get(f"/segments/{first.pk}/compare/?q=nothing").content.decode()
    assert "Nothing fits this search" in alone


@pytest.mark.parametrize("query", ["with=0", "with=x", "with={own}", "with={never}", "sort=age", "page=0", "other=1"])
def test_what_cannot_be_compared_is_refused(client: Any, pair: tuple[Any, Any], query: str) -> None:
    own, never = pair[0].pk, create("Never").pk
    response = client.get(f"/segments/{own}/compare/?{query.format(own=own, never=never)}")
    assert response.status_code == 422
    assert 'id="comparison"' not in response.content.decode()


def test_a_segment_never_calculated_says_that_it_has_nothing_to_compare(client: Any) -> None:
    text = client.get(f"/segments/{create().pk}/compare/").content.decode()
    assert "This segment has not been calculated yet" in text


def test_each_set_is_loaded_once_however_many_segments_are_shown(client: Any, pair: tuple[Any, Any]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(f"/segments/{pair[0].pk}/compare/?with={pair[1].pk}")
        return len(captured)

    queries()
    before = queries()
    for number in range(5):
        calculated(f"More {number}")
    assert queries() == before


# --- several -------------------------------------------------------------------------------------------------
def overlap_of(segments: Any, more: str = "") -> str:
    return "/segments/overlap/?" + "&".join(f"segment={segment.pk}" for segment in segments) + more


def test_the_table_shows_each_pair_and_leads_to_it(client: Any, pair: tuple[Any, Any]) -> None:
    first, second = pair
    response = client.get(overlap_of(pair))
    assert [[cell.both for cell in row["cells"]] for row in response.context["rows"]] == [[3, 1], [1, 2]]
    text = response.content.decode()
    for one, other in ((first, second), (second, first)):
        assert f'href="/segments/{one.pk}/compare/?with={other.pk}"' in text


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["Over 40", "Under 60"]),
        ("-name", ["Under 60", "Over 40"]),
        ("contacts", ["Under 60", "Over 40"]),
        ("-contacts", ["Over 40", "Under 60"]),
        ("{second}", ["Over 40", "Under 60"]),
        ("-{second}", ["Under 60", "Over 40"]),
    ],
)
def test_rows_are_sorted_by_name_size_and_share(client: Any, pair: tuple[Any, Any], sort: str, names: Any) -> None:
    response = client.get(overlap_of(pair, f"&sort={sort.format(second=pair[1].pk)}"))
    assert [row["of"].name for row in response.context["rows"]] == names


def test_more_than_twenty_are_refused(client: Any, pair: tuple[Any, Any]) -> None:
    response = client.get("/segments/overlap/?" + "&".join(f"segment={pk}" for pk in range(1, 22)))
    assert response.status_code == 422
    assert "At most 20 segments" in response.content.decode()


@pytest.mark.parametrize("query", ["segment=x", "segment={never}", "sort=age", "sort=-0", "page=0", "other=1"])
def test_what_cannot_stand_in_the_table_is_refused(client: Any, pair: tuple[Any, Any], query: str) -> None:
    response = client.get(overlap_of(pair, f"&{query.format(never=create('Never').pk)}"))
    assert response.status_code == 422
    assert not response.context["rows"]


def test_segments_ticked_in_a_list_are_compared(client: Any, pair: tuple[Any, Any]) -> None:
    calculated("Ready", now=timezone.now())
    text = client.get("/segments/").content.decode()
    form = text.split('id="several"')[1].split("</form>")[0]
    assert 'formaction="/segments/overlap/"' in form
    response = client.get(overlap_of(pair, "&list=archive"))
    assert len(response.context["rows"]) == 2


def test_each_pair_is_in_the_file_both_ways(client: Any, pair: tuple[Any, Any]) -> None:
    url = overlap_of(pair).replace("/overlap/", "/overlap/numbers/")
    assert url.replace("&", "&amp;") in client.get(overlap_of(pair)).text
    rows = list(csv.reader(StringIO(client.get(url).content.decode("utf-8-sig"))))
    assert [[row[0], *row[2:]] for row in rows[1:]] == [
        ["Over 40", "3", "Under 60", "1", "33.3333"],
        ["Under 60", "2", "Over 40", "1", "50"],
    ]
    assert client.get(overlap_of(pair[:1]).replace("/overlap/", "/overlap/numbers/")).status_code == 422


def test_who_only_reads_gets_no_file_of_pairs(client_for: Any, analyst: Any, pair: tuple[Any, Any]) -> None:
    reader = client_for(analyst)
    assert "/overlap/numbers/" not in reader.get(overlap_of(pair)).text
    assert reader.get(overlap_of(pair).replace("/overlap/", "/overlap/numbers/")).status_code == 403


@pytest.mark.parametrize("page", ["/segments/overlap/", "/overlap/"])
def test_segments_of_the_archive_are_marked_where_they_are_offered(client: Any, page: str) -> None:
    old = calculated("Old", now=timezone.now() - timedelta(days=60))
    fresh = calculated("Fresh", now=timezone.now())
    for query in ("", f"?segment={old.pk}&segment={fresh.pk}"):
        answer = client.get(f"{page}{query}")
        assert answer.context["archived"] == {old.pk}
        assert answer.text.count("archived") == 1


def test_one_segment_alone_asks_for_another(client: Any, pair: tuple[Any, Any]) -> None:
    assert "Choose two segments or more" in client.get(overlap_of(pair[:1])).content.decode()


def test_the_choice_stays_while_others_are_looked_for(client: Any, pair: tuple[Any, Any]) -> None:
    response = client.get(overlap_of(pair, "&q=zzz"), headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "<main" not in text
    assert text.count("checked") == 2


def test_the_table_takes_as_many_queries_for_many_as_for_two(client: Any, pair: tuple[Any, Any]) -> None:
    def queries(segments: Any) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(overlap_of(segments)).status_code == 200
        return len(captured)

    more = [calculated(f"More {number}") for number in range(4)]
    queries(pair)
    assert queries([*pair, *more]) == queries(pair)


def test_an_empty_segment_has_no_share(client: Any, pair: tuple[Any, Any]) -> None:
    empty = create("Empty", criteria=SCORED | {"value": 1000})
    calculate(empty)
    factories.contact()
    response = client.get(overlap_of([*pair, empty]))
    assert response.status_code == 200
    assert client.get(f"/segments/{empty.pk}/compare/?with={pair[0].pk}").status_code == 200


@pytest.mark.parametrize("query", ["q=%00", "segment=%00", "sort=%00", "q=" + "x" * 5000, "segment=" + "9" * 18])
@pytest.mark.parametrize(
    "path", ["/segments/overlap/", "/segments/{0}/compare/", "/segments/{0}/why/", "/segments/{0}/forecast/"]
)
def test_odd_addresses_are_answered(client: Any, pair: tuple[Any, Any], path: str, query: str) -> None:
    assert client.get(f"{path.format(pair[0].pk)}?{query}").status_code in (200, 422)
