"""Names of contacts that are no more: whoever was merged into another is found under what they were called before."""

from collections.abc import Iterable
from datetime import datetime

from contacts.models import AliasKind, Contact, ContactAlias


def now_called(kind: str, values: Iterable[str]) -> dict[str, int]:
    """The contact that each of these ids, addresses or external ids leads to now, as far as there is one."""
    found = ContactAlias.objects.filter(kind=kind, value__in=list(values))
    return dict(found.values_list("value", "contact_id"))


def kept_for(pk: int) -> int | None:
    """The contact that the one of this id was merged into."""
    return now_called(AliasKind.ID, [str(pk)]).get(str(pk))


def leads_elsewhere(contact: Contact, kind: str) -> Contact | None:
    """The other contact that this one's address or external id leads to: one who was called so was merged into it."""
    value = getattr(contact, kind)
    if not value:
        return None
    found = ContactAlias.objects.filter(kind=kind, value=value).exclude(contact=contact).select_related("contact")
    return next((alias.contact for alias in found), None)


def called_before(contact: Contact) -> set[int]:
    """The ids of those who were merged into this contact: files written before hold it under them."""
    values = ContactAlias.objects.filter(kind=AliasKind.ID, contact=contact).values_list("value", flat=True)
    return {int(value) for value in values}


def bears_again(contact: Contact) -> None:
    """Its address and external id, as just written, are no former names of it any more."""
    for kind in (AliasKind.EMAIL, AliasKind.EXTERNAL_ID):
        ContactAlias.objects.filter(kind=kind, value=getattr(contact, kind) or "", contact=contact).delete()


def leave_aliases(kept: Contact, others: Iterable[Contact], *, left: Iterable[tuple[str, str]], now: datetime) -> None:
    """Has what led to the others lead to the one kept, and what else it was called (`left`: kind, value) as well.

    What leads to somebody else goes on leading there: facts to come in that name are not taken from them.
    """
    others = list(others)
    ContactAlias.objects.filter(contact__in=others).update(contact=kept)
    names = {(str(AliasKind.ID), str(other.pk)) for other in others} | set(left)
    ContactAlias.objects.bulk_create(
        [ContactAlias(kind=kind, value=value, contact=kept, since=now) for kind, value in sorted(names)],
        ignore_conflicts=True,
    )
