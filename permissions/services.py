"""Writing permission groups, each change with its line of history.

Every change locks the table of groups against other changes: who would be in no group afterwards, and so see every
contact, is told from what all groups hold. Reading goes on.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from config.names import clean_name
from contacts.services import LostUpdateError
from permissions.models import ChangeKind, GroupChange, PermissionGroup
from permissions.selectors import BY_NAME, blinded_by, freed_by
from tags.models import Category
from tags.tree import readable_paths
from users.models import User

LONGEST_NAME = 120


class FreedError(Exception):
    """Users would be in no group afterwards and so see every contact, which nobody has agreed to."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = list(users)
        super().__init__(", ".join(str(user) for user in self.users))


class BlindedError(Exception):
    """Users who see contacts now would see nobody afterwards, which nobody has agreed to."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = list(users)
        super().__init__(", ".join(str(user) for user in self.users))


@dataclass(frozen=True)
class Doer:
    """Who changes groups, and when: a user, or what else does it."""

    now: datetime
    by: str
    user: User | None = None


def create_group(name: str, *, users: Collection[int], categories: Collection[int], doer: Doer) -> PermissionGroup:
    """A new group. Its users see its contacts from their next request on.

    Raises: ValidationError, if the name is bad or taken, or a user or category is gone.
    """
    with transaction.atomic():
        lock_groups()
        group = PermissionGroup.objects.create(name=free_name(name), created_at=doer.now)
        detail = put(group, users=users, categories=categories)
        note(group, ChangeKind.CREATED, detail, doer)
    return group


def edit_group(
    group: PermissionGroup,
    *,
    name: str,
    users: Collection[int],
    categories: Collection[int],
    seen: int,
    freed: Collection[int] = (),
    blinded: Collection[int] = (),
    doer: Doer,
) -> PermissionGroup:
    """The group with this name, these users and categories; nothing is noted where nothing changes.

    seen: the revision that the change is based on. freed: users of whom it is agreed that they see every contact then;
    blinded: that they see nobody.
    Raises: LostUpdateError; FreedError; BlindedError; ValidationError as `create_group`; PermissionGroup.DoesNotExist.
    """
    with transaction.atomic():
        lock_groups()
        here = PermissionGroup.objects.get(pk=group.pk)
        if here.revision != seen:
            raise LostUpdateError
        detail: dict[str, Any] = {}
        if (new := free_name(name, besides=here)) != here.name:
            detail["name"] = [here.name, new]
            here.name = new
        gone = set(here.users.values_list("pk", flat=True)) - set(users)
        free = refuse_freed(freed_by(gone, leaving=[here.pk]), agreed=freed)
        refuse_blinded(blinded_by(categories, users, group=here), agreed=blinded)
        detail |= put(here, users=users, categories=categories)
        if detail:
            touch(here)
            note(here, ChangeKind.CHANGED, detail | free, doer)
    return here


def delete_group(group: PermissionGroup, *, freed: Collection[int] = (), doer: Doer) -> None:
    """Delete the group. Users of its own alone see every contact then, which must be agreed to (`freed`).

    Raises: FreedError; PermissionGroup.DoesNotExist.
    """
    with transaction.atomic():
        lock_groups()
        here = PermissionGroup.objects.get(pk=group.pk)
        users = list(here.users.order_by(*BY_NAME))
        free = refuse_freed(freed_by([user.pk for user in users], leaving=[here.pk]), agreed=freed)
        named = readable_paths(set(here.named.values_list("category_id", flat=True)))
        detail = {"users_out": [str(user) for user in users], "categories_out": list(named.values())}
        note(here, ChangeKind.DELETED, {name: each for name, each in detail.items() if each} | free, doer)
        here.delete()


def set_groups_of(
    user: User, groups: Collection[int], *, seen: Collection[int] | None, freed: Collection[int] = (), doer: Doer
) -> None:
    """Put the user in exactly these groups.

    seen: the groups they were in when that was chosen; None: it is not known.
    Raises: LostUpdateError, if they are in others by now; FreedError, as `edit_group`; ValidationError, if a group is
    gone.
    """
    with transaction.atomic():
        lock_groups()
        before = {group.pk: group for group in PermissionGroup.objects.filter(users=user)}
        if seen is None or before.keys() != set(seen):
            raise LostUpdateError
        wanted = {group.pk: group for group in PermissionGroup.objects.filter(pk__in=groups)}
        if len(wanted) < len(set(groups)):
            raise ValidationError({"groups": _("A group that you chose has just been deleted.")})
        out = before.keys() - wanted.keys()
        free: dict[str, Any] = {}
        if not wanted:
            free = refuse_freed(freed_by([user.pk], leaving=out), agreed=freed)
        for group in (group for pk, group in wanted.items() if pk not in before):
            group.users.add(user)
            note(touch(group), ChangeKind.CHANGED, {"users_in": [str(user)]}, doer)
        for group in (before[pk] for pk in out):
            group.users.remove(user)
            note(touch(group), ChangeKind.CHANGED, {"users_out": [str(user)]} | free, doer)


# --- steps of the above, under its lock -----------------------------------------------------------------------
def lock_groups() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE permissions_permissiongroup IN SHARE ROW EXCLUSIVE MODE")


def free_name(name: str, *, besides: PermissionGroup | None = None) -> str:
    """The name as it is stored. Raises: ValidationError, if it is empty, too long or taken."""
    name = clean_name(name)
    if not name:
        raise ValidationError({"name": _("Type a name.")})
    if len(name) > LONGEST_NAME:
        raise ValidationError({"name": _("This is too long: at most %(limit)s characters.") % {"limit": LONGEST_NAME}})
    others = PermissionGroup.objects.exclude(pk=besides.pk) if besides else PermissionGroup.objects
    if others.filter(name__iexact=name).exists():
        raise ValidationError({"name": _("There is already a group with this name.")})
    return name


def put(group: PermissionGroup, *, users: Collection[int], categories: Collection[int]) -> dict[str, Any]:
    """Give the group exactly these users and categories; what that changed, by name, without what did not change.

    Raises: ValidationError, if one of them is gone. The categories are held until the transaction ends.
    """
    people = {user.pk: user for user in User.objects.filter(pk__in=users).order_by(*BY_NAME)}
    held = set(Category.objects.select_for_update(no_key=True).filter(pk__in=categories).values_list("pk", flat=True))
    if len(people) < len(set(users)):
        raise ValidationError({"users": _("A user that you chose is not there any more.")})
    if len(held) < len(set(categories)):
        raise ValidationError({"categories": _("A category that you chose has just been deleted.")})
    members = {user.pk: user for user in group.users.order_by(*BY_NAME)}
    named = set(group.named.values_list("category_id", flat=True))
    titles = readable_paths(held | named)
    detail = {
        "users_in": [str(user) for pk, user in people.items() if pk not in members],
        "users_out": [str(user) for pk, user in members.items() if pk not in people],
        "categories_in": [title for pk, title in titles.items() if pk in held - named],
        "categories_out": [title for pk, title in titles.items() if pk in named - held],
    }
    group.users.set(people)
    group.categories.set(held)
    return {name: each for name, each in detail.items() if each}


def refuse_freed(freed: list[User], *, agreed: Collection[int]) -> dict[str, Any]:
    """What the history says of those who see every contact then. Raises: FreedError, for one not agreed to."""
    if {user.pk for user in freed} - set(agreed):
        raise FreedError(freed)
    return {"freed": [str(user) for user in freed]} if freed else {}


def refuse_blinded(blinded: list[User], *, agreed: Collection[int]) -> None:
    """Raises: BlindedError, for one not agreed to."""
    if {user.pk for user in blinded} - set(agreed):
        raise BlindedError(blinded)


def touch(group: PermissionGroup) -> PermissionGroup:
    """Saves the group as changed: a form opened before is refused."""
    group.revision += 1
    group.save(update_fields=["name", "revision"])
    return group


def note(group: PermissionGroup, kind: ChangeKind, detail: dict[str, Any], doer: Doer) -> None:
    GroupChange.objects.create(
        group=group, name=group.name, kind=kind, detail=detail, at=doer.now, by=doer.by, user=doer.user
    )
