"""Reading permission groups: what they name, and how many contacts their users see, as of now."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import Prefetch, Q, QuerySet
from django.shortcuts import get_object_or_404
from pyroaring import BitMap

from config.requests import Request
from contacts.models import Contact
from permissions.models import GroupChange, PermissionGroup
from permissions.sight import categories_of, holders
from tags.models import Category
from tags.tree import Branch, branches
from users.models import Role, User

ADMINISTERING = (Role.OWNER, Role.ADMINISTRATOR)
CHANGES_SHOWN = 50
BY_NAME = ("name", "email", "pk")


def group_for(_request: Request, pk: int) -> PermissionGroup:
    """The door to a group. Raises: Http404."""
    return get_object_or_404(PermissionGroup, pk=pk)


def groups_known_to(user: User) -> QuerySet[PermissionGroup]:
    """Those whose names a user may read: all, for who sees every contact; else their own."""
    groups = PermissionGroup.objects.all()
    return groups if categories_of(user) is None else groups.filter(users=user)


def narrowed() -> list[User]:
    """The users who do not see every contact (`sight.categories_of`), in one query."""
    grouped = PermissionGroup.users.through.objects.values("user_id")
    return list(User.objects.filter(pk__in=grouped).exclude(role__in=ADMINISTERING).order_by(*BY_NAME))


@dataclass(frozen=True)
class Row:
    """A group in the list: its users and categories, and how many contacts it shows them."""

    group: PermissionGroup
    users: list[User]
    categories: list[Branch]
    contacts: int


def listed() -> list[Row]:
    """All groups by name. The same number of queries for any number of them."""
    users = User.objects.order_by("-is_active", *BY_NAME)
    groups = list(PermissionGroup.objects.prefetch_related(Prefetch("users", queryset=users), "named"))
    tree = branches()
    named = {group.pk: {each.category_id for each in group.named.all()} for group in groups}
    seen = members_below([named[group.pk] for group in groups], tree)
    return [
        Row(
            group,
            list(group.users.all()),
            [branch for branch in tree if branch.pk in named[group.pk]],
            len(members),
        )
        for group, members in zip(groups, seen, strict=True)
    ]


def members_below(several: Iterable[Collection[int]], tree: list[Branch] | None = None) -> list[BitMap]:
    """For each collection of categories, the contacts in those and everything below them."""
    tree = branches() if tree is None else tree
    paths = {branch.pk: branch.category.path for branch in tree}
    within = [
        [pk for pk, path in paths.items() if any(path.startswith(paths[each]) for each in named if each in paths)]
        for named in several
    ]
    found = holders("category", sorted({pk for each in within for pk in each})) if any(within) else {}
    return [BitMap.union(BitMap(), *(found[pk] for pk in each)) for each in within]


@dataclass(frozen=True)
class Reach:
    """What users of a group see, or would see, and whom else a change touches."""

    contacts: int
    total: int
    narrowed: list[User] = field(default_factory=list)  # who sees every contact so far
    freed: list[User] = field(default_factory=list)  # who would see every contact from then on
    unbound: list[User] = field(default_factory=list)  # owners and administrators: they see all whatever their groups


def reach(categories: Collection[int], users: Collection[int], *, group: PermissionGroup | None = None) -> Reach:
    """What the users of a group of these categories would see. `group`: the one that would become so."""
    [members] = members_below([categories])
    chosen = list(User.objects.filter(pk__in=users).order_by(*BY_NAME))
    before = set(group.users.values_list("pk", flat=True)) if group else set()
    grouped = set(User.objects.filter(pk__in=users, permission_groups__isnull=False).values_list("pk", flat=True))
    return Reach(
        contacts=len(members),
        total=Contact.objects.count(),
        narrowed=[user for user in chosen if not user.administers and user.pk not in grouped],
        freed=freed_by(before - set(users), leaving=[group.pk] if group else []),
        unbound=[user for user in chosen if user.administers],
    )


def freed_by(users: Collection[int], *, leaving: Collection[int]) -> list[User]:
    """Those of `users` who would be in no group without these, and so see every contact; others stay as they are."""
    if not users or not leaving:
        return []
    left = PermissionGroup.users.through.objects.filter(~Q(permissiongroup_id__in=leaving), user_id__in=users)
    staying = set(left.values_list("user_id", flat=True))
    restricted = User.objects.filter(pk__in=users).exclude(role__in=ADMINISTERING)
    return [user for user in restricted.order_by(*BY_NAME) if user.pk not in staying]


def blinded_by(categories: Collection[int], users: Collection[int], *, group: PermissionGroup) -> list[User]:
    """Those of `users` who see contacts now, and nobody once they and these categories are the group's."""
    if categories or not users:
        return []
    others = PermissionGroup.objects.exclude(pk=group.pk).filter(users__in=users)
    elsewhere = set(others.values_list("users", flat=True))
    shown = set(others.filter(categories__isnull=False).values_list("users", flat=True))
    members = set(group.users.values_list("pk", flat=True))
    named = group.named.exists()
    restricted = User.objects.filter(pk__in=users).exclude(role__in=ADMINISTERING).order_by(*BY_NAME)
    return [
        user
        for user in restricted
        if user.pk not in shown and (named if user.pk in members else user.pk not in elsewhere)
    ]


def groups_by_user(users: Collection[int]) -> dict[int, list[str]]:
    """The names of the groups of each of these users, in one query; who is in none is left out."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = PermissionGroup.objects.filter(users__in=users).order_by("name").values_list("users", "name")
    for user, name in rows:
        found[user].append(name)
    return dict(found)


def changes(group: PermissionGroup | None = None) -> QuerySet[GroupChange]:
    """What was done to a group, or to any, the latest first."""
    found = GroupChange.objects.all() if group is None else GroupChange.objects.filter(group=group)
    return found[:CHANGES_SHOWN]


def categories_named(group: PermissionGroup) -> list[int]:
    return list(Category.objects.filter(pk__in=group.named.values("category_id")).values_list("pk", flat=True))
