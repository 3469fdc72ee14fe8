"""The contacts a user has selected in the contact manager: a set on the server, so that a million is as easy as one."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from pyroaring import BitMap

from contacts.models import Contact, Selection
from contacts.sight import sees, within
from users.models import User

KEPT = timedelta(days=7)  # since it was last changed


def selected(user: User | AnonymousUser) -> BitMap:
    """The ids selected, of contacts that `user` may see now. All are contacts still: `forget_contact` sees to it."""
    stored = Selection.objects.filter(user_id=user.pk or 0).values_list("members", flat=True).first()
    return within(BitMap.deserialize(bytes(stored)), sees(user)) if stored else BitMap()


def change_selection(user: User, *, add: Iterable[int] = (), drop: Iterable[int] = (), now: datetime) -> BitMap:
    """Takes `drop` out of the selection, then `add` in; returns what is selected now.

    Two windows that change it at once both do: the row is locked. Who is out of the user's sight leaves it.
    """
    with transaction.atomic():
        row = Selection.objects.select_for_update(no_key=True).filter(user=user).first()
        before = BitMap.deserialize(bytes(row.members)) if row else BitMap()
        after = within((before - BitMap(drop)) | BitMap(add), sees(user))
        keep(user, after, now=now)
    return after


def keep(user: User, members: BitMap, *, now: datetime) -> None:
    """Stores the selection; an empty one has no row."""
    if not members:
        Selection.objects.filter(user=user).delete()
        return
    members.run_optimize()
    Selection.objects.update_or_create(user=user, defaults={"members": members.serialize(), "changed_at": now})


def forget_contact(contact: Contact) -> None:
    """Takes a contact that is being deleted out of all selections, in the deleting transaction."""
    for row in Selection.objects.select_for_update(no_key=True, of=("self",)).select_related("user").order_by("pk"):
        members = BitMap.deserialize(bytes(row.members))
        if contact.pk in members:
            members.remove(contact.pk)
            keep(row.user, members, now=row.changed_at)


def exchange_contacts(others: Iterable[int], kept: int) -> None:
    """In all selections one contact takes the place of those that are merged into it, in the merging transaction."""
    gone = BitMap(others)
    for row in Selection.objects.select_for_update(no_key=True, of=("self",)).select_related("user").order_by("pk"):
        members = BitMap.deserialize(bytes(row.members))
        if members & gone:
            keep(row.user, (members - gone) | BitMap([kept]), now=row.changed_at)


def remove_old_selections(now: datetime) -> None:
    """Removes what has not been changed for a week."""
    Selection.objects.filter(changed_at__lte=now - KEPT).delete()
