"""The rule of permission groups: whose contacts a user sees (`contacts.sight`)."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Q
from pyroaring import BitMap

from contacts.id_sets import bitmap
from contacts.sight import NOBODY, Rule
from mirror.labels import holders
from permissions.models import PermissionGroup
from tags.models import Category, ContactCategory
from users.models import User


def named_to(user: User) -> list[str] | None:
    """The tree paths of the categories that the user's groups name. None: the user sees all contacts."""
    if user.administers:
        return None
    rows = list(PermissionGroup.objects.filter(users=user).order_by().values_list("pk", "categories__path"))
    return sorted({path for _group, path in rows if path is not None}) if rows else None


def categories_of(user: User) -> list[int] | None:
    """The categories whose contacts the user sees, with everything below those named. None: all contacts."""
    paths = named_to(user)
    if paths is None:
        return None
    if not paths:
        return []
    below = reduce(or_, (Q(path__startswith=path) for path in paths))
    return list(Category.objects.filter(below).values_list("pk", flat=True))


def rows(user: User) -> Q | None:
    categories = categories_of(user)
    if categories is None:
        return None
    if not categories:
        return NOBODY
    return Q(pk__in=ContactCategory.objects.filter(category__in=categories).values("contact_id"))


def ids(user: User) -> BitMap | None:
    categories = categories_of(user)
    if categories is None:
        return None
    return BitMap.union(BitMap(), *holders("category", categories, read=read).values())


def read(categories: Sequence[int]) -> dict[int, BitMap]:
    """The contacts in exactly each of these categories."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT category_id, string_agg(int4send(contact_id), '') FROM tags_contactcategory"
            " WHERE category_id = ANY(%s) GROUP BY category_id",
            [list(categories)],
        )
        return {category: bitmap(packed) for category, packed in cursor.fetchall()}


RULE = Rule(rows=rows, ids=ids)
