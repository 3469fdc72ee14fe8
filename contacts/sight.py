"""What each user sees of the account's contacts: the one question that every list, count and change asks first.

`sees` answers for a user as a set of ids, `rows` as a condition on rows; the two say the same. The rule itself is
registered by the app of permission groups; without one nobody sees anybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _
from pyroaring import BitMap

from config.requests import Request
from users.models import User

NOBODY = Q(pk__in=[])


@dataclass(frozen=True)
class Rule:
    """`rows` and `ids` answer None for somebody who sees every contact; `names` says in words what the others see."""

    rows: Callable[[User], Q | None]
    ids: Callable[[User], BitMap | None]
    names: Callable[[User], list[str]]


_rules: list[Rule] = []


def register_rule(rule: Rule) -> None:
    """The rule that holds from now on; there is one."""
    _rules[:] = [rule]


def rows(user: User | AnonymousUser) -> Q | None:
    """The condition on contacts that `user` may see; None: all of them."""
    if not _rules or not isinstance(user, User):
        return NOBODY
    return _rules[0].rows(user)


def sees(user: User | AnonymousUser | None) -> BitMap | None:
    """The ids of the contacts that `user` may see, as of this snapshot; None: all of them.

    user: None stands for the account itself, which sees everybody: a segment made on the command line, say.
    """
    if user is None:
        return None
    if not _rules or not isinstance(user, User):
        return BitMap()
    return _rules[0].ids(user)


def sight(request: Request) -> BitMap | None:
    """`sees` for the user behind the request, found once in it."""
    if not hasattr(request, "sight"):
        request.sight = sees(request.user)  # type: ignore[attr-defined]
    found: BitMap | None = request.sight  # type: ignore[attr-defined]
    return found


class AsSeen(TypedDict):
    """What is counted for somebody is as of when, by whose days, of which contacts; None: of all."""

    now: datetime
    zone: ZoneInfo
    mask: BitMap | None


def as_seen(request: Request) -> AsSeen:
    """By the user behind the request, at its moment."""
    return {"now": request.now, "zone": request.tenant.zone, "mask": sight(request)}


def whole_sight(request: Request) -> bool:
    """`sees_all` for the user behind the request, found once in it and without their set of contacts."""
    if hasattr(request, "sight"):
        return sight(request) is None
    if not hasattr(request, "whole_sight"):
        request.whole_sight = sees_all(request.user)  # type: ignore[attr-defined]
    found: bool = request.whole_sight  # type: ignore[attr-defined]
    return found


def names(user: User) -> list[str]:
    """The names of the categories that show contacts to a user who does not see all of them; none: they see nobody."""
    return _rules[0].names(user) if _rules else []


def sees_all(user: User | AnonymousUser | None) -> bool:
    """Whether `user` sees every contact of the account."""
    return user is None or rows(user) is None


def within(ids: BitMap, mask: BitMap | None) -> BitMap:
    """Those of `ids` that may be seen. `mask`: as `sees` answers."""
    return ids if mask is None else ids & mask


def require_whole_sight(user: User | AnonymousUser) -> None:
    """For what changes contacts all over the account (renaming a tag, moving a category).

    Raises: PermissionDenied, for who sees some contacts only.
    """
    if not sees_all(user):
        raise PermissionDenied(
            _("You see some of the contacts only, and this changes others as well: ask an administrator.")
        )
