"""Segments of nearly the same contacts (SG6): which are named, exactly, to whom, and what differs."""

import random
from itertools import combinations
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact
from insights import near as nearly
from insights.errors import NotKeptError
from insights.near import near
from segmentation.models import Calculation
from segmentation.services import fixed_list
from tests import factories
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculated, create, scored
from tests.support.split import Split, listed, split
from tests.test_movements import again

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


def of(name: str, ids: Any) -> Any:
    kept = fixed_list(name, BitMap(ids), now=NOW, by=None)
    return calculated(name, criteria={"kind": "file", "file": kept.pk})


def test_exactly_the_pairs_of_95_per_cent_are_named() -> None:
    rng = random.Random(7)
    people = [factories.contact().pk for _nth in range(60)]
    members = {}
    for nth in range(14):
        base = people[:40] if nth % 2 else people[15:]
        ids = [one for one in base if rng.random() > 0.02] or base
        members[of(f"S{nth}", ids).pk] = set(ids)
    expected = {
        (one, other)
        for one, other in combinations(sorted(members), 2)
        if 100 * len(members[one] & members[other]) >= 95 * len(members[one] | members[other])
    }
    found = near(mask=None)
    assert {(pair.first.segment, pair.second.segment) for pair in found.pairs} == expected
    assert len(expected) > 5
    assert found.whole
    alike = [pair.both / pair.either for pair in found.pairs]
    assert alike == sorted(alike, reverse=True)


def test_what_differs_stands_there_and_is_a_list(client: Any) -> None:
    people = [factories.contact().pk for _nth in range(41)]
    first, second = of("Ours", people[:40]), of("Theirs", people[1:])
    of("Few", people[:3])
    page = client.get("/overlap/near/")
    [row] = page.context["near"]
    assert (row["first"], row["second"], row["pair"].both) == (first, second, 39)
    assert (row["pair"].only_first, row["pair"].only_second) == (1, 1)
    for part in ("first", "second"):
        assert listed(client.get(f"{row['list_url']}.{part}")) == 1
    text = page.content.decode()
    assert f'href="/segments/{first.pk}/compare/?with={second.pk}"' in text
    assert text.count('class="sentence"') == 2
    assert "Few" not in text.split("<main", 1)[1]


def test_the_same_criteria_are_said_once(client: Any) -> None:
    scored(3)
    calculated("One")
    calculated("Other")
    text = client.get("/overlap/near/").content.decode()
    assert "Both have the same criteria" in text
    assert "exactly the same contacts" in text


def test_the_page_asks_for_them_and_has_them_at_once_while_nothing_has_changed(client: Any) -> None:
    scored(3)
    one = calculated("One")
    calculated("Other")
    assert 'hx-get="/overlap/near/"' in client.get("/overlap/").content.decode()
    assert "<main" not in client.get("/overlap/near/", headers={"HX-Request": "true"}).content.decode()
    text = client.get("/overlap/").content.decode()
    assert 'hx-get="/overlap/near/"' not in text
    assert "exactly the same contacts" in text
    again(one)
    with pytest.raises(NotKeptError):
        near(mask=None, only_kept=True)


def test_nobody_and_a_segment_alone_are_like_nothing(client: Any) -> None:
    for name in ("None", "Nobody"):
        calculated(name, criteria=SCORED | {"value": 1000})
    create("Never")
    assert not near(mask=None, only_kept=True).pairs
    assert "No two segments are nearly the same" in client.get("/overlap/near/").content.decode()
    assert client.get("/overlap/near/?x=1").status_code == 422


def test_so_many_of_one_size_are_told_to_be_compared_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    scored(3)
    for name in "abcd":
        calculated(name)
    monkeypatch.setattr(nearly, "NEAREST", 2)
    found = near(mask=None)
    assert not found.whole
    assert len(found.pairs) == 5  # of six: the first and the last are not compared


def test_who_was_erased_is_in_no_number(client: Any) -> None:
    people = scored(3)
    one = calculated("One")
    calculated("Other")
    Calculation.objects.filter(pk=one.latest_id).update(members=BitMap(people[:2]).serialize(), erased={"members": 1})
    assert not near(mask=None).pairs  # two of three


def test_who_sees_some_contacts_only_is_told_of_these() -> None:
    two: Split = split(mine=4, outside=7)
    everybody = calculated("Everybody", now=two.now, by=two.wide)
    kept = fixed_list("mine", two.mine, now=two.now, by=two.wide)
    mine = calculated("Mine", now=two.now, by=two.wide, criteria={"kind": "file", "file": kept.pk})
    assert not near(mask=None).pairs
    page = two.sees("/overlap/near/").context
    [row] = page["near"]
    assert (row["first"], row["second"]) == (everybody, mine)
    assert (row["pair"].both, row["pair"].either) == (4, 4)
    assert not near(mask=None).pairs  # kept apart


def test_as_many_queries_for_many_pairs_as_for_one(client: Any) -> None:
    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/overlap/near/").status_code == 200
        return len(captured)

    scored(3)
    calculated("One")
    calculated("Other")
    queries()
    before = queries()
    for number in range(4):
        calculated(f"More {number}")
    assert queries() == before


def test_a_pair_is_gone_once_its_calculations_differ() -> None:
    people = scored(3)
    one = calculated("One")
    calculated("Other")
    assert len(near(mask=None).pairs) == 1
    Contact.objects.filter(pk=people[0]).update(lead_score=1)
    again(one)
    assert not near(mask=None).pairs
