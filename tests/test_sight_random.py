"""Random criteria and random sights: what is seen is always the whole cut to the sight, at every node and cause."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from segmentation.models import Calculation
from segmentation.movements import before_of, moves
from segmentation.seen import seen
from segmentation.services.calculations import fill, write
from tests import population
from tests.population import NOWS, ZONES
from tests.support.audiences import NOW, add_calculation, make_segment
from tests.test_oracle import QUIET, trees

pytestmark = pytest.mark.django_db


def test_a_mask_cuts_every_node_of_any_tree(account: Any) -> None:
    world = population.settle(population.people(5)[:14])
    ids = sorted(evaluate(parse({"kind": "sample", "percent": 100, "salt": "all"}), context=at(NOWS[0])).members)

    @settings(QUIET, max_examples=40)
    @given(
        tree=trees(world), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES), mask=st.sets(st.sampled_from(ids))
    )
    def agrees(tree: Any, now: datetime, zone: Any, mask: set[int]) -> None:
        whole = evaluate(parse(tree), context=Context(now=now, zone=zone))
        cut = evaluate(parse(tree), context=Context(now=now, zone=zone, mask=BitMap(mask)))
        assert [node.members & BitMap(mask) for node in whole.nodes] == [node.members for node in cut.nodes]
        assert cut.context.everyone == whole.context.everyone & BitMap(mask)

    agrees()


def test_numbers_seen_are_those_of_the_sets_cut(account: Any) -> None:
    segment = make_segment(refreshes=True)
    people = st.sets(st.integers(1, 40))

    @settings(QUIET, max_examples=60)
    @given(before=people, after=people, mask=people, data=st.data())
    def agrees(before: set[int], after: set[int], mask: set[int], data: st.DataObject) -> None:
        add_calculation(segment, before)
        last = add_calculation(segment, after)
        changed = BitMap(data.draw(st.sets(st.sampled_from(sorted(before ^ after)))) if before ^ after else ())
        told = {
            (way, cause): ids
            for way, moved in (("joined", last.joined_ids), ("left", last.left_ids))
            for cause, ids in (("changed", moved & changed), ("passed", moved - changed))
            if ids
        }
        write(last, told)  # type: ignore[arg-type]
        shown = seen([last.pk], BitMap(mask))[last.pk]
        sets = (last.member_ids, last.joined_ids, last.left_ids)
        assert (shown.count, shown.joined, shown.left) == tuple(len(one & BitMap(mask)) for one in sets)
        assert shown.moves == {which: len(ids & BitMap(mask)) for which, ids in told.items() if ids & BitMap(mask)}
        assert sum(number for (way, _), number in shown.moves.items() if way == "left") == shown.left

    agrees()


def test_causes_are_told_of_the_contacts_of_the_sight_alone(account: Any) -> None:
    """Everyone who moved within a sight has one cause, whatever moved beyond it."""
    world = population.settle(population.people(4)[:14])
    segment = make_segment(refreshes=True)
    ids = sorted(evaluate(parse({"kind": "sample", "percent": 100, "salt": "all"}), context=at(NOWS[0])).members)

    @settings(QUIET, max_examples=30)
    @given(tree=trees(world), first=st.sets(st.sampled_from(ids)), mask=st.sets(st.sampled_from(ids)))
    def agrees(tree: Any, first: set[int], mask: set[int]) -> None:
        add_calculation(segment, first, at=NOWS[0])
        found = evaluate(parse(tree), context=Context(now=NOWS[-1], zone=ZONES[0], mask=BitMap(mask)))
        before = before_of(segment.pk)
        assert before is not None
        told = moves(found, before, version=segment.version_id or 0)
        for way, moved in (("joined", found.members - BitMap(first)), ("left", BitMap(first) - found.members)):
            sets = [members for (direction, _cause), members in told.items() if direction == way]
            assert BitMap.union(BitMap(), *sets) == moved
            assert sum(map(len, sets)) == len(moved)
            assert not [cause for direction, cause in told if direction == way and cause == "erased"]
        job = Calculation(segment=segment, version=segment.version)
        fill(job, found, before=BitMap(first), as_of=NOW)
        assert job.count == len(found.members)

    agrees()


def at(now: datetime) -> Context:
    return Context(now=now, zone=ZONES[0])
