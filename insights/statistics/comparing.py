"""A number of a group beside the same number of the whole base: what differs, which way, and whether by chance alone.

A share is called larger or smaller only where a group of that size, drawn from the base by lot, would differ as much in
one case of twenty at most. So is how often something was done, by the number of times: whoever does it at all does it
so often as all of them on average. Amounts are taken to spread about as widely as they are large. A difference of less
than a twentieth is told as none, and so is any of which there are fewer than ten cases.
"""

from dataclasses import dataclass
from fractions import Fraction

FEW = 30  # contacts: in smaller groups a share moves by several points when one of them changes
EVEN = (Fraction(95, 100), Fraction(105, 100))  # so near to the base an average is called the same
BY_LOT = 1.96  # standard errors, within which 95 of 100 lots lie
CASES = 10  # times, orders: of fewer, drawn or expected, nothing is concluded
AMOUNTS = 2  # how much more widely sums of amounts spread than the number of amounts, if these spread as they are large


@dataclass(frozen=True)
class Beside:
    """Two numbers of one meaning: the group's `value` and the `base`'s. None: there is none, as of nothing's average.

    share: they are shares of one (0.25: a quarter), told in per cent, and their difference in points. by_lot: a group
    drawn by lot may well differ as much.
    """

    value: Fraction | None
    base: Fraction | None
    share: bool = False
    by_lot: bool = False

    @property
    def points(self) -> Fraction | None:
        """By how many percentage points the group's share is larger."""
        if self.value is None or self.base is None:
            return None
        return (self.value - self.base) * 100

    @property
    def index(self) -> Fraction | None:
        """The group's number where the base's is 100."""
        if self.value is None or not self.base or self.base < 0:
            return None
        return self.value / self.base * 100

    @property
    def way(self) -> str:
        """`more`, `less` or `even`; "" where there is nothing to compare."""
        if self.share:
            if self.points is None:
                return ""
            return "even" if self.by_lot or not self.points else "more" if self.points > 0 else "less"
        if self.index is None:
            return ""
        return "even" if self.close or self.by_lot else "more" if self.index > 100 else "less"

    @property
    def close(self) -> bool:
        """Whether two averages are as good as the same."""
        low, high = EVEN
        return self.index is not None and low <= self.index / 100 <= high


def ratio(part: int | Fraction, whole: int) -> Fraction | None:
    """`part` of `whole`; None of nothing."""
    return Fraction(part) / whole if whole else None


def shares(part: int, whole: int, base_part: int, base_whole: int) -> Beside:
    """A share of the group beside the same share of the base, which the group is part of."""
    value, base = ratio(part, whole), ratio(base_part, base_whole)
    by_lot = value is not None and base is not None and _by_lot(float(value - base), float(base), whole, base_whole)
    return Beside(value, base, share=True, by_lot=by_lot)


def times(own: tuple[int, int], all_: tuple[int, int], doers: int, *, per: int = 1, spread: int = 1) -> Beside:
    """How often, for `per` contacts: (times, contacts) of the group beside the base's. `doers`: of the base."""
    (number, size), (base_number, of) = own, all_
    expected, share = base_number * size / of if of else 0, size / of if of else 0
    together = max(base_number / doers, 1) if doers else 1  # times of one contact, who is in the group or is not
    error = (base_number * together * spread * share * (1 - share)) ** 0.5
    by_lot = max(number, expected) < CASES or abs(number - expected) <= BY_LOT * error
    return Beside(ratio(number * per, size), ratio(base_number * per, of), by_lot=by_lot)


def averages(value: Fraction | None, base: Fraction | None, cases: int, of: int) -> Beside:
    """An amount on average, of so many cases."""
    by_lot = cases < CASES
    if value is not None and base is not None and not by_lot:
        by_lot = abs(float(value - base)) <= BY_LOT * float(base) * (1 / cases - 1 / of) ** 0.5
    return Beside(value, base, by_lot=by_lot)


def _by_lot(differs: float, share: float, size: int, of: int) -> bool:
    """Whether `size` contacts, drawn from `of` without putting back, may well differ so much from their share."""
    rest = (of - size) / (of - 1) if of > 1 else 0
    return abs(differs) <= BY_LOT * (share * (1 - share) / size * rest) ** 0.5


# --- two groups, neither part of the other -----------------------------------------------------------------------
def two_shares(part: int, whole: int, other: int, other_whole: int) -> Beside:
    """A share of a group beside that of another. Whoever is in both makes a difference by lot no larger."""
    value, base = ratio(part, whole), ratio(other, other_whole)
    by_lot = False
    if value is not None and base is not None:
        pooled = (part + other) / (whole + other_whole)
        error = (pooled * (1 - pooled) * (1 / whole + 1 / other_whole)) ** 0.5
        by_lot = abs(float(value - base)) <= BY_LOT * error
    return Beside(value, base, share=True, by_lot=by_lot)


def two_averages(value: Fraction | None, other: Fraction | None, cases: int, others: int) -> Beside:
    """An amount on average, of so many cases of each group: amounts spread about as widely as they are large."""
    by_lot = min(cases, others) < CASES
    if value is not None and other is not None and not by_lot:
        by_lot = abs(float(value - other)) <= BY_LOT * float(other) * (1 / cases + 1 / others) ** 0.5
    return Beside(value, other, by_lot=by_lot)


def two_times(own: tuple[int, int, int], other: tuple[int, int, int], *, per: int = 1, spread: int = 1) -> Beside:
    """How often, for `per` contacts: (times, contacts, those of them who did it) of a group beside another's."""
    value, base = (ratio(number * per, size) for number, size, _doers in (own, other))
    together, of = own[0] + other[0], own[1] + other[1]
    error = sum(
        number * max(number / doers, 1) * spread / size**2 for number, size, doers in (own, other) if doers and size
    )
    by_lot = any(max(number, together * size / of if of else 0) < CASES for number, size, _doers in (own, other))
    if value is not None and base is not None and not by_lot:
        by_lot = abs(float(value - base)) <= BY_LOT * per * error**0.5
    return Beside(value, base, by_lot=by_lot)
