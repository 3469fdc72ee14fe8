"""The dry run of an action: how many contacts it would change and how many already are so, counted and not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from actions.kinds import Kind
from actions.kinds.forms import Draft
from actions.models import Audience
from actions.running import audience_in
from contacts.holding import holders
from contacts.models import Contact
from segmentation.models import Calculation


@dataclass(frozen=True)
class Forecast:
    """What a run begun at `at` would come to: the counts that a run keeps, so everyone in the audience is in one.

    `already` is None for a kind that changes no contact.
    """

    at: datetime
    changed: int
    already: int | None
    gone: int


def forecasts(
    kind: Kind, drafts: Sequence[Draft], *, calculation: Calculation, audience: str, now: datetime
) -> list[Forecast]:
    """The forecast of each of `drafts`, all of `kind`, for an audience of this calculation.

    One query for who still exists and one for each draft.
    """
    wanted = audience_in(calculation, Audience(audience))
    present = holders(Contact.objects.all(), wanted, column="pk")
    gone = len(wanted) - len(present)
    found = []
    for draft in drafts:
        already = BitMap() if draft.params is None else kind.already(kind.checked(draft.params), present)
        told = len(already) if kind.changes_contacts else None
        found.append(Forecast(now, len(present) - len(already), told, gone))
    return found
