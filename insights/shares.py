"""Shares of parts that share nobody and are a whole together: rounded so that they add to exactly 100 %."""

from collections.abc import Sequence

from config.templatetags.numbers import SPACE, number, percent_of

HUNDREDTHS, TENTHS = 10_000, 1_000  # of a per cent, in the whole


def divided(counts: Sequence[int], pieces: int) -> list[int]:
    """How many of `pieces` go to each, by its part of their sum. Of nobody: none.

    By the largest remainder: each share is rounded down, and what is missing goes to those that lost most by it; of
    equal ones to the first.
    """
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    found = [count * pieces // whole for count in counts]
    lost = sorted(range(len(counts)), key=lambda place: (-(counts[place] * pieces % whole), place))
    for place in lost[: pieces - sum(found)]:
        found[place] += 1
    return found


def hundredths(counts: Sequence[int]) -> list[int]:
    """Each part of their sum in hundredths of a per cent, which add to 10,000."""
    return divided(counts, HUNDREDTHS)


def shares(counts: Sequence[int]) -> list[str]:
    """To two decimals: "37.42 %"; of nobody –."""
    if not sum(counts):
        return [number(None)] * len(counts)
    return [f"{number(share / 100, 2)}{SPACE}%" for share in hundredths(counts)]


def short_shares(counts: Sequence[int]) -> list[str]:
    """To one decimal, as `percent_of` writes each alone: what is not none never reads 0.0, nor what is not all 100."""
    whole = sum(counts)
    return [
        percent_of(share, TENTHS) if 0 < share < TENTHS else percent_of(count, whole)
        for count, share in zip(counts, divided(counts, TENTHS), strict=True)
    ]
