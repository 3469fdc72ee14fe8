"""One segment of the demo, as told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from segmentation.services.segments import Settings
from users.models import User

Criteria = dict[str, Any]


@dataclass(frozen=True)
class Story:
    """One segment: its settings, its criteria, and how long ago it was made."""

    settings: Settings
    criteria: Criteria
    made: timedelta


@dataclass
class Told:
    """What the stories share."""

    account: Account
    now: datetime
    by: User | None
    saved: dict[str, int] = field(default_factory=dict)
