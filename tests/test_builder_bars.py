"""Numbers as bars: each is in exactly one, in steps that people count in; what is chosen of them is marked right."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segmentation.builder.bars import BARS, Bar, Numbers, spread
from segmentation.builder.distribution import Line

WHOLE = st.lists(st.integers(-50, 400), min_size=1, max_size=60)
SPREAD_OUT = st.lists(st.integers(0, 10).map(lambda power: 3**power), min_size=1, max_size=60)
MONEY = st.lists(st.integers(0, 10**9), min_size=1, max_size=60)


def array(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


@settings(max_examples=150, deadline=None)
@example([-1], 1)
@given(st.one_of(WHOLE, SPREAD_OUT), st.integers(0, 40))
def test_every_number_is_in_the_one_bar_that_it_lies_in(numbers: list[int], zeros: int) -> None:
    found = spread(Numbers(array(numbers), zeros=zeros))
    assert found.whole
    assert found.total == len(numbers) + zeros
    everything = [*numbers, *[0] * zeros]
    for bar in found.bars:
        last = bar.last(whole=True)
        assert bar.count == sum(bar.low <= one and (last is None or one <= last) for one in everything)


@settings(max_examples=100, deadline=None)
@given(MONEY, st.integers(0, 40))
def test_amounts_are_counted_to_their_smallest_part(numbers: list[int], zeros: int) -> None:
    found = spread(Numbers(array(numbers), Fraction(1, 10_000), zeros=zeros))
    amounts = [Decimal(one) / 10_000 for one in numbers]
    for bar in found.bars:
        if bar.zero:
            assert bar.count == zeros + amounts.count(Decimal(0))
        else:
            last = bar.last(whole=found.whole)
            inside = [one for one in amounts if bar.low <= one and (not zeros or one)]
            assert bar.count == sum(last is None or (one <= last if found.whole else one < last) for one in inside)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=60))
def test_decimal_numbers_are_all_counted_in_bars_that_ascend(numbers: list[float]) -> None:
    found = spread(Numbers(np.array(numbers)))
    assert found.total == len(numbers)
    lows = [bar.low for bar in found.bars]
    assert lows == sorted(set(lows))
    assert len(lows) <= BARS + 2


def test_a_few_large_numbers_do_not_press_the_others_into_one_bar() -> None:
    """Sums that are spread over orders of magnitude: steps that grow, and an open end."""
    rng = np.random.default_rng(1)
    found = spread(Numbers((rng.lognormal(5, 1.5, 20_000) * 10_000).astype(np.int64), Fraction(1, 10_000), zeros=9))
    assert found.bars[0] == Bar(Decimal(0), Decimal(0), 9, zero=True)
    assert found.bars[-1].high is None
    assert max(bar.count for bar in found.bars) < 0.2 * found.total
    assert 100 < float(found.median or 0) < 200


def test_neighbouring_whole_numbers_have_a_bar_each() -> None:
    found = spread(Numbers(array([1, 1, 2, 5]), zeros=3))
    assert [(int(bar.low), bar.count) for bar in found.bars] == [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0), (5, 1)]
    assert (found.median, found.ninth) == (1, 5)


@pytest.mark.parametrize("numbers", [Numbers(array([])), Numbers(array([]), none=4)])
def test_nobody_has_no_bars(numbers: Numbers) -> None:
    assert spread(numbers).bars == ()


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne", "between"]),
    st.integers(-4, 30),
    st.integers(0, 20),
    st.lists(st.integers(0, 25), min_size=1, max_size=30),
    st.integers(0, 3),
)
def test_a_bar_is_marked_where_all_some_or_none_of_its_numbers_are_chosen(
    op: str, value: int, more: int, numbers: list[int], zeros: int
) -> None:
    holds: dict[str, Any] = {
        "gt": lambda one: one > value,
        "gte": lambda one: one >= value,
        "lt": lambda one: one < value,
        "lte": lambda one: one <= value,
        "eq": lambda one: one == value,
        "ne": lambda one: one != value,
        "between": lambda one: value <= one <= value + more,
    }
    line = Line.of(op, float(value), float(value + more if op == "between" else value))
    for bar in spread(Numbers(array(numbers), zeros=zeros)).bars:
        last = bar.last(whole=True)
        inside = range(int(bar.low), int(last if last is not None else bar.low + 50) + 1)
        chosen = [holds[op](one) for one in inside]
        expected = "on" if all(chosen) else "part" if any(chosen) else ""
        assert line.chosen(bar, whole=True) == expected or last is None
