"""Which values an attribute has, for its page: the most frequent ones of the contacts that the reader sees."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count
from django.db.models.fields.json import KeyTransform

from contacts.models import Attribute
from contacts.selectors import visible
from users.models import User

SHOWN = 12


@dataclass(frozen=True)
class Values:
    """The most frequent values as they are stored, each with its number, and how many different ones there are."""

    frequent: list[tuple[Any, int]]
    different: int


def values_of(attribute: Attribute, user: User | AnonymousUser) -> Values:
    """One reading of the contacts. Options of a list are counted one by one, also where a contact has several."""
    with_value = visible(user).filter(attributes__has_key=attribute.key).order_by()
    if attribute.type == "choices":
        return options_of(attribute, with_value)
    counted = with_value.values_list(KeyTransform(attribute.key, "attributes")).annotate(n=Count("pk")).order_by("-n")
    frequent = list(counted[:SHOWN])
    return Values(frequent, counted.count() if len(frequent) == SHOWN else len(frequent))


def options_of(attribute: Attribute, with_value: Any) -> Values:
    inner, params = with_value.values_list("attributes").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT one, count(*) FROM ({inner}) AS found (attributes),"  # noqa: S608 - the queryset's own text
            " jsonb_array_elements_text(attributes -> %s) AS each (one) GROUP BY one ORDER BY 2 DESC, 1",
            [*params, attribute.key],
        )
        found = [(one, n) for one, n in cursor.fetchall()]
    return Values(found[:SHOWN], len(found))
