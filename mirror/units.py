"""What is brought up to date together: kinds whose files change in one transaction, with one cut."""

from mirror.kinds import ACTIVITY, CONTACT, LINE, ORDER, VISIT, Kind

# Lines are their orders': one mirror_gone speaks of both, and an order that is written anew takes its lines along.
UNITS: dict[str, tuple[Kind, ...]] = {
    "contact": (CONTACT,),
    "activity": (ACTIVITY,),
    "visit": (VISIT,),
    "order": (ORDER, LINE),
}
CHANGEABLE = ("contact", "order")  # rows of the others are for good, until they are deleted


def unit_of(kind: str) -> str:
    """The unit that a kind belongs to."""
    return next(name for name, kinds in UNITS.items() if any(each.name == kind for each in kinds))
