"""Many contacts at once: found, made or changed, with labels, answers and history, in a fixed number of statements.

Each item has an outcome in its place; the wrong ones are left out and say why. What is written is what
`create_contact`, `update_contact`, `set_consent` and `assign_…` would have written of the items one after another.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from contacts.hooks import AgainError
from contacts.services.batches.deciding import Decisions
from contacts.services.batches.outcomes import BatchRefusedError, Empty, FieldError, Mode, Outcome, Status
from contacts.services.batches.people import NAMES, found_people
from contacts.services.batches.reading import read_items
from contacts.services.batches.writing import write
from users.models import User

MOST_ITEMS = 10_000
TURNS = 6  # of a batch that somebody else was quicker than
DEADLOCK = "40P01"

__all__ = ["MOST_ITEMS", "BatchRefusedError", "Empty", "FieldError", "Mode", "Outcome", "Status", "record_contacts"]


def record_contacts(  # noqa: PLR0913 - whom, how found, by whom
    items: Sequence[Any],
    *,
    mode: Mode = "both",
    match: Sequence[str] = NAMES,
    account: Account,
    now: datetime,
    by: str,
    user: User | None = None,
    localized: bool = False,
    empty: Empty = "keep",
    whole: bool = False,
) -> list[Outcome]:
    """Create and change contacts as `items` say, in one transaction; an outcome for each, in its place.

    Item: `id`, `email`, `phone`, `external_id`, `first_name`, `last_name`, `status`, `lead_score`, `source`,
    `attributes` {key: value}, `tags` [name], `categories` [path], `consents` {key: {"state", "source", "at"?}}.
    mode: "create" passes over contacts that there are, "update" those that there are not.
    match: the names by which a contact is found; one that it has by a merge does too, and stays a former name.
    empty: what an empty value does to what is there: "keep" or "clear".
    whole: all or none.

    Raises: BatchRefusedError with `whole` and an item that is rejected; ValidationError for more than 10,000 items.
    Source: docs/contacts.md, "Many at once".
    Measured: docs/contacts.md, "Many at once".
    """
    if len(items) > MOST_ITEMS:
        told = {"most": MOST_ITEMS, "given": len(items)}
        raise ValidationError(_("At most %(most)s items at once; these are %(given)s."), "too_many", told)
    if not set(match) <= set(NAMES):
        raise ValueError(match)
    for turn in range(1, TURNS + 1):
        try:
            with transaction.atomic(), timezone.override(account.zone):
                drafts = read_items(items, now=now, user=user, localized=localized, empty=empty)
                people = found_people(drafts, now=now, user=user)
                decided = Decisions(drafts, people, mode=mode, match=match, now=now).made()
                if whole and decided.rejected:
                    raise BatchRefusedError(decided.outcomes())
                write(decided, now=now, by=by, user=user)
                return decided.outcomes()
        except AgainError:
            if turn == TURNS:
                raise
        except (IntegrityError, OperationalError) as error:  # somebody else took a name, or waits for us
            if turn == TURNS or not passing(error):
                raise
    raise AssertionError


def passing(error: IntegrityError | OperationalError) -> bool:
    """Whether it came of somebody who wrote at the same time, so that another turn will find what they left."""
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", "") == DEADLOCK
