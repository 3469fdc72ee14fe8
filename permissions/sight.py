"""The rule of permission groups: whose contacts a user sees (`contacts.sight`)."""

from collections.abc import Collection, Sequence
from functools import partial

from django.db import connection
from django.db.models import Q
from pyroaring import BitMap

from contacts.sight import NOBODY, Rule
from mirror import labels
from permissions.models import PermissionGroup
from tags import seeing
from tags.hooks import Kind
from tags.models import Category, ContactCategory
from tags.tree import readable_paths
from users.models import User

STEP = Category.steplen  # letters of a place in the tree for each level

# A row for each category at or below one that a group of the user names; a row of NULL where a group names none.
SHOWN = """
SELECT DISTINCT below.id
FROM permissions_permissiongroup_users member
LEFT JOIN permissions_groupcategory naming ON naming.group_id = member.permissiongroup_id
LEFT JOIN tags_category named ON named.id = naming.category_id
LEFT JOIN tags_category below ON starts_with(below.path, named.path)
WHERE member.user_id = %s
"""


def categories_of(user: User) -> list[int] | None:
    """The categories whose contacts the user sees, with everything below those named. None: all contacts."""
    if user.administers:
        return None
    with connection.cursor() as cursor:
        cursor.execute(SHOWN, [user.pk])
        rows = cursor.fetchall()
    return [category for (category,) in rows if category is not None] if rows else None


def rows(user: User) -> Q | None:
    categories = categories_of(user)
    if categories is None:
        return None
    if not categories:
        return NOBODY
    return Q(pk__in=ContactCategory.objects.filter(category__in=categories).values("contact_id"))


def ids(user: User) -> BitMap | None:
    categories = categories_of(user)
    return None if categories is None else members(categories)


def names(user: User) -> list[str]:
    """The categories that the user's groups name, as people read them; those below another are shown by that one."""
    named = PermissionGroup.objects.filter(users=user, categories__isnull=False).order_by()
    paths = dict(named.values_list("categories__path", "categories"))
    top = {pk for path, pk in paths.items() if not any(path[:end] in paths for end in range(STEP, len(path), STEP))}
    return list(readable_paths(top).values())


def holders(kind: Kind, those: Sequence[int]) -> dict[int, BitMap]:
    """The contacts exactly with each tag or in each category, kept while nothing changes them."""
    return labels.holders(kind, those, read=partial(seeing.read, kind))


def members(categories: Collection[int]) -> BitMap:
    """The contacts in any of these categories."""
    return BitMap.union(BitMap(), *holders("category", list(categories)).values()) if categories else BitMap()


RULE = Rule(rows=rows, ids=ids, names=names)
