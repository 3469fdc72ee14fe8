"""The dry run of an action: how many contacts it would change and how many already are so, counted and not guessed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from actions.kinds import Kind
from actions.kinds.forms import Draft
from contacts.holding import holders
from contacts.models import Contact
from users.models import User


@dataclass(frozen=True)
class Forecast:
    """What a run begun at `at` would come to: the counts that a run keeps, so everyone in the audience is in one.

    `already` is None for a kind that changes no contact. `left`: those who said no to it, and are passed over;
    `overruled`: those of `changed` who said no to it; `unseen`: those whom who asks would not see any more.
    """

    at: datetime
    changed: int
    already: int | None
    gone: int
    left: int = 0
    overruled: int = 0
    unseen: int = 0


def unseen(review: Sequence[tuple[Draft, Forecast | None]]) -> int:
    """How many contacts who asks would not see any more: the most that one of the drafts takes from them."""
    return max((forecast.unseen for _draft, forecast in review if forecast), default=0)


def forecasts(
    kind: Kind, drafts: Sequence[Draft], *, audience: BitMap, now: datetime, by: User | None = None
) -> list[Forecast]:
    """The forecast of each of `drafts`, all of `kind`, for this audience. `by`: who asks.

    One query for who still exists and one for each draft.
    """
    present = holders(Contact.objects.all(), audience, column="pk")
    gone = len(audience) - len(present)
    found = []
    for draft in drafts:
        if draft.params is None:
            found.append(Forecast(now, len(present), 0, gone))
            continue
        params = kind.checked(draft.params)
        already, left = kind.already(params, present), kind.left(params, present, planned=now)
        told = len(already) if kind.changes_contacts else None
        changed = present - already - left
        overruled, unseen = kind.overruled(params, changed), kind.out_of_sight(params, changed, by=by)
        found.append(Forecast(now, len(changed), told, gone, len(left), len(overruled), len(unseen)))
    return found
