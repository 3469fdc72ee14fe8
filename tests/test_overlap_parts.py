"""Several segments taken apart (SG6): sizes, the part that is picked, lists, criteria, as a file."""

import csv
import random
from io import StringIO
from itertools import combinations, product
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact
from insights.overlap import Measured, measured
from insights.parts import ANY, MOST, Way, criteria, picked, taken_apart
from insights.views.matrix import offered
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from segmentation.models import Calculation, Segment
from segmentation.services import fixed_list
from tests import factories
from tests.support.audiences import NOW
from tests.support.people import client_for
from tests.support.segments import SCORED, calculated, create, scored
from tests.support.split import Split, listed, split
from tests.test_explaining import WARSAW
from tests.test_movements import again

pytestmark = pytest.mark.django_db


def of(pk: int, members: Any) -> Measured:
    return Measured(pk, f"S{pk}", pk, NOW, BitMap(members))


def address(segments: Any, more: str = "") -> str:
    return "/overlap/?" + "&".join(f"segment={segment.pk}" for segment in segments) + more


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    cache.clear()
    return client_for(user)


@pytest.fixture
def three() -> list[Any]:
    """Of scores 10 to 90, two each: from 30 up, from 50 up, up to 70."""
    for score in range(10, 100, 10):
        scored(2, score)
    return [
        calculated("A from 30", criteria=SCORED | {"value": 29}),
        calculated("B from 50", criteria=SCORED | {"value": 49}),
        calculated("C to 70", criteria=SCORED | {"op": "lte", "value": 70}),
    ]


# --- sets ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_parts_and_picks_are_what_counting_each_contact_gives(seed: int) -> None:
    rng = random.Random(seed)
    everyone = BitMap(range(300))
    chosen = [of(pk, [one for one in everyone if rng.random() < rng.random()]) for pk in range(rng.randint(2, MOST))]
    expected: dict[tuple[bool, ...], int] = {}
    for contact in everyone:
        lies = tuple(contact in one.members for one in chosen)
        if any(lies):
            expected[lies] = expected.get(lies, 0) + 1
    parts = taken_apart(chosen)
    assert {part.inside: part.count for part in parts} == expected
    assert [part.count for part in parts] == sorted(expected.values(), reverse=True)
    for _nth in range(20):
        ways = "".join(rng.choice([*Way]) for _one in chosen)
        holds = [
            contact
            for contact in everyone
            if all(
                way == "e" or (contact in one.members) == (way == "i") for one, way in zip(chosen, ways, strict=True)
            )
        ]
        assert list(picked(chosen, ways, everyone=everyone)) == holds
    assert len(picked(chosen, ANY, everyone=BitMap())) == sum(expected.values())


def test_empty_segments_have_no_parts() -> None:
    assert taken_apart([of(1, []), of(2, [])]) == []
    assert [part.ways for part in taken_apart([of(1, [5]), of(2, [])])] == ["io"]


# --- the page ------------------------------------------------------------------------------------------------------
def test_each_part_equals_its_list_and_the_segment_made_of_it(client: Any, three: list[Any]) -> None:
    page = client.get(address(three))
    rows = page.context["rows"]
    assert [(row.part.ways, row.part.count) for row in rows] == [("iii", 6), ("ooi", 4), ("iio", 4), ("ioi", 4)]
    assert [row.share[:-2] for row in rows] == ["33.4", "22.2", "22.2", "22.2"]  # each alone: 99.9 together
    assert page.context["together"] == 18 == listed(client.get(page.context["together_url"]))
    text = page.content.decode()
    for row in rows:
        assert listed(client.get(row.list_url)) == row.part.count
        assert client.get(row.create_url).status_code == 200
        assert row.list_url.replace("&", "&amp;") in text


def test_what_is_picked_first_is_the_largest_part_and_nobody_has_neither_list_nor_segment(
    client: Any, three: list[Any]
) -> None:
    assert client.get(address([three[0], three[2]])).context["picked"].words == "In “A from 30” and “C to 70”"  # 10
    more = f"&part-{three[0].pk}=in&part-{three[2].pk}=out"  # B is ticked after these: it fits
    assert client.get(address(three, more)).context["picked"].count == 4
    top = calculated("Top", criteria=SCORED | {"value": 89})
    page = client.get(address([three[2], top], "&sort=segments"))
    assert (page.context["picked"].words, page.context["picked"].count) == ("In “C to 70”, not in “Top”", 14)
    nobody = client.get(address([three[2], top], f"&part-{three[2].pk}=in&part-{top.pk}=in"))
    text = nobody.content.decode().split('id="picked"')[1].split("</section>")[0]
    assert "Show the contacts" not in text
    assert "href" not in text


def test_the_segments_to_choose_from_say_when_they_were_calculated(client: Any, three: list[Any]) -> None:
    for page in ("/overlap/", "/segments/overlap/"):
        text = client.get(page, {"segment": three[0].pk}).content.decode()
        stamp = f'datetime="{three[0].latest.as_of:%Y-%m-%dT%H:%M:%SZ}"'
        assert text.split('id="overlap-segments"')[1].split("</fieldset>")[0].count(stamp) == 3, page


def test_who_was_erased_is_in_no_size_of_the_segments_to_choose_from(client: Any, three: list[Any]) -> None:
    members = three[0].latest.member_ids
    left = BitMap(list(members)[1:]).serialize()
    Calculation.objects.filter(pk=three[0].latest_id).update(members=left, erased={"members": 1})
    sizes = {pk: size for pk, _name, size, _as_of in offered("", [], mask=None)}
    assert sizes[three[0].pk] == len(members) - 1 == measured([three[0].pk])[three[0].pk].count


def test_criteria_of_every_pick_find_the_pick(three: list[Any]) -> None:
    everyone = BitMap(Contact.objects.values_list("pk", flat=True))
    chosen = _measured(three)
    for ways in map("".join, product(Way, repeat=3)):
        tree, expected = criteria(chosen, ways), picked(chosen, ways, everyone=everyone)
        if tree is None:
            assert ways == "eee"
            assert expected == everyone
        else:
            assert evaluate(parse(tree), context=Context(NOW, WARSAW)).members == expected, ways


def _measured(segments: list[Any]) -> list[Measured]:
    return list(measured([segment.pk for segment in segments]).values())


@pytest.mark.parametrize(
    ("ways", "count", "words"),
    [
        (("in", "out", "any"), 4, "In “A from 30”, not in “B from 50”"),
        (("any", "in", "out"), 4, "In “B from 50”, not in “C to 70”"),
        (("any", "out", "any"), 8, "Not in “B from 50”"),
        (("out", "out", "out"), 0, "Not in “A from 30”, “B from 50” or “C to 70”"),
        (("any", "any", "any"), 18, "All contacts"),
    ],
)
def test_a_part_is_picked_live_and_equals_its_list(
    client: Any, three: list[Any], ways: tuple[str, ...], count: int, words: str
) -> None:
    more = "".join(f"&part-{segment.pk}={way}" for segment, way in zip(three, ways, strict=True))
    page = client.get(address(three, more), headers={"HX-Request": "true"})
    one = page.context["picked"]
    assert (one.count, one.words) == (count, words)
    assert "<main" not in page.content.decode()
    assert bool(one.list_url) == bool(count)
    assert not count or listed(client.get(one.list_url)) == count
    assert bool(one.create_url) == (count > 0 and words != "All contacts")


def test_the_list_of_a_part_stays_that_of_its_calculations(client: Any, three: list[Any]) -> None:
    part = client.get(address(three)).context["rows"][0]
    Contact.objects.filter(lead_score=50).update(lead_score=10)
    again(three[1])
    assert listed(client.get(part.list_url)) == part.part.count
    Contact.objects.filter(lead_score=70).delete()
    page = client.get(part.list_url)
    assert listed(page) == part.part.count - 2
    assert "2 of them have been deleted since" in page.content.decode()


def test_times_that_differ_are_said_and_the_same_time_is_not(client: Any, three: list[Any]) -> None:
    assert "were not calculated at the same time" not in client.get(address(three)).content.decode()
    again(three[1])
    assert "were not calculated at the same time" in client.get(address(three)).content.decode()


def test_a_segment_never_calculated_is_left_out_and_named(client: Any, three: list[Any]) -> None:
    page = client.get(address([*three, create("Never")]))
    assert page.status_code == 200
    assert len(page.context["chosen"]) == 3
    assert "“Never” has not been calculated yet" in page.content.decode()
    alone = client.get(address([three[0], create("Not yet")])).content.decode()
    assert "Choose two segments or more" in alone


@pytest.mark.parametrize(
    "query",
    [
        *("segment=0", "segment=x", "segment=99999999999999999", "sort=name", "part-7=maybe", "part-7=in&part-7=out"),
        *("part-x=in", "page=0", "other=1", "q=%00", "q=a&q=b", "&".join(f"segment={pk}" for pk in range(900, 909))),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(client: Any, three: list[Any], query: str) -> None:
    page = client.get(address(three, f"&{query}"))
    assert page.status_code == 422
    assert "rows" not in page.context


@pytest.mark.parametrize(
    "value",
    [
        *("{0}.{1}", "{0}.{1}~i", "{0}.{1}~iii", "{0}.{1}~ix", "{0}.0~ii", "~", "~any", "x~i", "{0}~\x00", "9.9.9~any"),
        *("1.2.3.4.5.6.7.8.9~any", "{0}.{0}~", "99999999999999999999~i"),
    ],
)
def test_a_part_that_is_not_there_is_refused_with_no_rows(client: Any, three: list[Any], value: str) -> None:
    named = [segment.latest_id for segment in three]
    response = client.get("/contacts/", {"parts": value.format(*named)})
    assert response.status_code == 422
    assert "lines" not in response.context


def test_parts_are_sorted_and_turned_over(client: Any) -> None:
    everybody = [factories.contact().pk for _nth in range(70)]
    for bit in range(7):  # 70 contacts in as many parts: the numbers from 1 to 70 by their bits
        members = BitMap(pk for nth, pk in enumerate(everybody, 1) if nth >> bit & 1)
        kept = fixed_list(f"bit {bit}", members, now=NOW, by=None)
        calculated(f"Bit {bit}", criteria={"kind": "file", "file": kept.pk})
    segments = list(Segment.objects.all())
    first = client.get(address(segments, "&sort=-segments"))
    assert first.context["parts"] == 70
    assert len(first.context["rows"]) == 50
    assert sum(first.context["rows"][0].part.inside) == 6  # 63
    assert len(client.get(address(segments, "&sort=-segments&page=2")).context["rows"]) == 20


def test_the_page_takes_as_many_queries_for_many_as_for_two(client: Any, three: list[Any]) -> None:
    def queries(segments: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(segments), headers={"HX-Request": "true"}).status_code == 200
        return len(captured)

    more = [calculated(f"More {number}") for number in range(4)]
    queries(three)
    assert queries([*three, *more]) == queries(three[:2])


# --- as a file, and who may --------------------------------------------------------------------------------------
def test_the_file_has_every_part_and_no_formula(client: Any, three: list[Any]) -> None:
    evil = calculated("=1+1", criteria=SCORED | {"value": 80})
    response = client.get(address([three[0], evil]).replace("/overlap/", "/overlap/numbers/"))
    rows = list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0][0].startswith("'=1+1")
    assert [row[:3] for row in rows[1:]] == [["not in", "in", "12"], ["in", "in", "2"]]
    assert client.get("/overlap/numbers/").status_code == 422


def test_an_analyst_sees_parts_and_makes_nothing_of_them(three: list[Any], make_user: Any) -> None:
    reader = client_for(make_user("analyst"))
    page = reader.get(address(three))
    assert page.status_code == 200
    assert all(not row.create_url for row in page.context["rows"])
    text = page.content.decode().split("<main", 1)[1]
    assert "/segments/create" not in text
    assert "/overlap/numbers/" not in text
    assert reader.get(address(three).replace("/overlap/", "/overlap/numbers/")).status_code == 403


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


def test_who_sees_some_contacts_only_takes_apart_what_they_see(two: Split) -> None:
    few = fixed_list("few", two.mine[:1] | two.outside[:6], now=two.now, by=two.wide)
    segments = [
        calculated("Everybody", now=two.now, by=two.wide),
        calculated("Few", now=two.now, by=two.wide, criteria={"kind": "file", "file": few.pk}),
    ]
    page = two.sees(address(segments)).context
    assert [(row.name, row.part.count) for row in page["rows"]] == [("Only in “Everybody”", 3), ("In both", 1)]
    for row in page["rows"]:
        assert listed(two.sees(row.list_url)) == row.part.count
    outside = two.sees(address(segments, f"&part-{segments[0].pk}=any&part-{segments[1].pk}=out")).context["picked"]
    page = two.sees(outside.list_url)
    assert outside.count == listed(page) == len(two.mine) - 1
    assert "3 contacts now" in page.content.decode()  # and not how many there are beyond


def test_every_two_of_the_parts_share_nobody(three: list[Any]) -> None:
    chosen = _measured(three)
    sets = [picked(chosen, part.ways, everyone=BitMap()) for part in taken_apart(chosen)]
    assert all(not one & other for one, other in combinations(sets, 2))
