"""Criteria that the contact manager is narrowed by: kept under a short key, which its address holds."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import Http404

from contacts.models import Contact, SavedView
from contacts.scrubbing import names_of
from segmentation.models import ContactQuery
from users.models import User

KEPT = timedelta(days=90)  # since somebody last opened it
OFTEN = timedelta(days=1)  # how exact `used_at` is
PER_PURGE = 1_000


def keep_query(criteria: dict[str, Any], *, now: datetime, by: User) -> ContactQuery:
    """The criteria, which the language has accepted, under a key; the same criteria of the same user under the same."""
    kept = ContactQuery.objects.filter(created_by=by, criteria=criteria).order_by("-pk").first()
    if kept is not None:
        return used(kept, now=now)
    key = secrets.token_urlsafe(8)
    return ContactQuery.objects.create(key=key, criteria=criteria, created_at=now, created_by=by, used_at=now)


def used(query: ContactQuery, *, now: datetime) -> ContactQuery:
    """Notes that the query is in use."""
    if query.used_at <= now - OFTEN:
        ContactQuery.objects.filter(pk=query.pk).update(used_at=now)
        query.used_at = now
    return query


def find_query(key: str) -> ContactQuery | None:
    """The criteria under a key. Whoever has the address may open it: it says who is asked for, never who they are."""
    return ContactQuery.objects.filter(key=key[:20]).first()


def query_for(key: str) -> ContactQuery:
    """The door of a page about a query. Raises: Http404."""
    found = find_query(key)
    if found is None:
        raise Http404(f"no query {key}")
    return found


def remove_old_queries(now: datetime) -> None:
    """Removes what nobody has opened for three months, and no saved view of the contact manager holds."""
    in_view = SavedView.objects.filter(query__contains=OuterRef("key"))
    unused = ContactQuery.objects.filter(used_at__lte=now - KEPT).exclude(Exists(in_view))
    old = unused.values_list("pk", flat=True)[:PER_PURGE]
    ContactQuery.objects.filter(pk__in=list(old)).delete()


def scrub_queries(contact: Contact) -> None:
    """Takes what an erased contact was called out of the criteria that lists are narrowed by."""
    names = names_of(contact)
    read = ContactQuery.objects.values_list("pk", "criteria")
    found = [pk for pk, criteria in read if names.without_them(criteria) != criteria]
    for query in ContactQuery.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=found).order_by("pk"):
        query.criteria = names.without_them(query.criteria)
        query.save(update_fields=["criteria"])
