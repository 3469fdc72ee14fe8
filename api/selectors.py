"""Reads about keys of the API."""

from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.http import Http404

from api.models import ApiKey

LARGEST = 2**63 - 1
ORDERS: dict[str, tuple[str | OrderBy, ...]] = {
    "name": (Lower("name").asc(), "pk"),
    "-name": (Lower("name").desc(), "pk"),
    "used": (F("last_used_at").asc(nulls_first=True), "pk"),
    "-used": (F("last_used_at").desc(nulls_last=True), "pk"),
    "expires": (F("expires_at").asc(nulls_last=True), "pk"),
    "-expires": (F("expires_at").desc(nulls_first=True), "pk"),
    "made": ("created_at", "pk"),
    "-made": ("-created_at", "-pk"),
}


def key_for(pk: int) -> ApiKey:
    """The door to a key by its id, whatever its state. Raises: Http404."""
    key = keys().filter(pk=min(pk, LARGEST)).first()
    if key is None:
        raise Http404
    return key


def keys() -> QuerySet[ApiKey]:
    return ApiKey.objects.select_related("acts_for", "created_by", "revoked_by")


def working(now: datetime) -> Q:
    """Keys that open the API at this moment: those whose `state` is "active"."""
    return Q(revoked_at=None, acts_for__is_active=True) & (Q(expires_at=None) | Q(expires_at__gt=now))


def listed(*, now: datetime, ended: bool, sort: str) -> QuerySet[ApiKey]:
    """Keys that work, or those that do not any more. `sort`: one of ORDERS."""
    found = keys().exclude(working(now)) if ended else keys().filter(working(now))
    return found.order_by(*ORDERS[sort])
