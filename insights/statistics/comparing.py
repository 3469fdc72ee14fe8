"""A number of a group beside the same number of the whole base: what differs, and which way."""

from dataclasses import dataclass
from fractions import Fraction

FEW = 30  # contacts: in smaller groups a share moves by several points when one of them changes
EVEN = (Fraction(95, 100), Fraction(105, 100))  # so near to the base an amount is called the same
POINTS_EVEN = Fraction(1, 2)  # percentage points: the same for shares


@dataclass(frozen=True)
class Beside:
    """Two numbers of one meaning: the group's `value` and the `base`'s. None: there is none, as of nothing's average.

    `share`: they are shares of one (0.25: a quarter), told in per cent, and their difference in points.
    """

    value: Fraction | None
    base: Fraction | None
    share: bool = False

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
            return "even" if abs(self.points) < POINTS_EVEN else "more" if self.points > 0 else "less"
        if self.index is None:
            return ""
        low, high = EVEN
        return "even" if low <= self.index / 100 <= high else "more" if self.index > 100 else "less"


def ratio(part: int | Fraction, whole: int) -> Fraction | None:
    """`part` of `whole`; None of nothing."""
    return Fraction(part) / whole if whole else None


def shares(part: int, whole: int, base_part: int, base_whole: int) -> Beside:
    """A share of the group beside the same share of the base."""
    return Beside(ratio(part, whole), ratio(base_part, base_whole), share=True)
