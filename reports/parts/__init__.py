"""What a report can be made of."""

from reports.parts import buying, cohorts, doing, people
from reports.parts.base import Part, Side, Sides

__all__ = ["DEFAULT", "PARTS", "Part", "Side", "Sides"]

PARTS: dict[str, Part] = {part.key: part for part in (*people.PARTS, *doing.PARTS, *buying.PARTS, *cohorts.PARTS)}
DEFAULT = ("size", "attributes", "engagement", "activities", "visits", "revenue")  # ticked in a new report
