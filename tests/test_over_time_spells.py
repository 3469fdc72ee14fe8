"""Spells: what is counted of them beside an obviously right count, second by second (over time)."""

import itertools
import random
from typing import Any

import numpy as np
import pytest
from pyroaring import BitMap

from insights.over_time.spells import OPEN, Spells

NOW = 100


def made(rows: list[tuple[int, int, int]]) -> Spells:
    arrays = [np.array([row[part] for row in rows], dtype=np.int64) for part in range(3)]
    return Spells.of(*arrays, now=NOW)


def oracle(rows: list[tuple[int, int, int]]) -> dict[int, set[int]]:
    """The seconds at which each contact was in."""
    seconds: dict[int, set[int]] = {}
    for contact, start, end in rows:
        seconds.setdefault(contact, set()).update(range(min(start, NOW), NOW + 1 if end == OPEN else min(end, NOW)))
    return {contact: found for contact, found in seconds.items() if found}


def drawn(seed: int) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Spells that overlap, meet, are dated ahead; edges up to the one after now."""
    lot = random.Random(seed)
    rows = []
    for _nth in range(lot.randint(0, 40)):
        start = lot.randint(0, 105)
        rows.append((lot.randint(1, 9), start, OPEN if lot.random() < 0.3 else start + lot.randint(0, 40)))
    return rows, [*sorted(lot.sample(range(1, NOW), lot.randint(1, 8))), NOW + 1]


@pytest.mark.parametrize("seed", range(40))
def test_sizes_and_movement_are_those_counted_second_by_second(seed: int) -> None:
    rows, edges = drawn(seed)
    spells, seconds = made(rows), oracle(rows)
    at = [{contact for contact, there in seconds.items() if edge - 1 in there} for edge in edges]
    counted = spells.counted(edges)
    assert counted.sizes == tuple(map(len, at))
    for place, (begin, end) in enumerate(itertools.pairwise(edges)):
        met = {contact for contact, there in seconds.items() if there & set(range(begin, end))}
        before, after = at[place], at[place + 1]
        assert (counted.joined[place], counted.left[place]) == (len(after - before), len(before - after))
        assert counted.between[place] == len(met - before - after)
        assert set(spells.at(begin)) == before
        assert set(spells.met(begin, end)) - before - after == met - before - after
        assert counted.sizes[place] + counted.joined[place] - counted.left[place] == counted.sizes[place + 1]


@pytest.mark.parametrize("seed", range(40))
def test_newcomers_stay_as_long_as_counted_second_by_second(seed: int) -> None:
    rows, edges = drawn(seed)
    spells, seconds = made(rows), oracle(rows)
    first = {contact: min(there) for contact, there in seconds.items()}
    still, sizes = spells.survival(edges), spells.newcomers(edges)
    for place, (begin, end) in enumerate(itertools.pairwise(edges)):
        cohort = {contact for contact, second in first.items() if begin <= second < end}
        assert sizes[place] == len(cohort)
        assert set(spells.first_joined(begin, end)) == cohort
        for column, edge in enumerate(edges):
            assert still[place][column] == sum(edge - 1 in seconds[contact] for contact in cohort)


def test_only_some_contacts_are_left_within_a_set() -> None:
    spells = made([(1, 5, 9), (2, 6, OPEN), (70_000, 7, OPEN)]).within(BitMap([2, 9, 80_000]))
    assert (spells.contacts.tolist(), spells.start.tolist()) == ([2], [6])


@pytest.mark.parametrize("edges", [[10, 101], [101]])
def test_of_nobody_everything_is_nothing(edges: list[int]) -> None:
    counted: Any = Spells.none().counted(edges)
    assert counted.sizes == (0,) * len(edges)
    assert counted.joined == counted.left == counted.between == (0,) * (len(edges) - 1)
    assert Spells.none().survival(edges).sum() == 0
