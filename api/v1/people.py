"""Doors to contacts, and contacts as they are answered."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest

from api.v1.moments import with_moments
from contacts.aliases import kept_for, now_called
from contacts.models import AliasKind, Attribute, AttributeType, Consent, Contact, ContactConsent
from contacts.selectors import visible
from tags.models import ContactCategory, ContactTag

OWN = ("id", "email", "phone", "external_id", "first_name", "last_name", "status", "lead_score", "source", "attributes")
MOMENTS = ("created_at", "updated_at")


def contact_named(request: HttpRequest, pk: int) -> Contact:
    """The door to a contact; the id of one that was merged leads to the one it is now.

    Raises: Http404, also for one that the key does not see.
    """
    people = visible(request.user)
    found = people.filter(pk=pk).first()
    if found is None and (kept := kept_for(pk)) is not None:
        found = people.filter(pk=kept).first()
    if found is None:
        raise Http404
    request.about = found.pk  # type: ignore[attr-defined]
    return found


def contact_called(request: HttpRequest, kind: str, value: str) -> Contact:
    """The door by an address or an external id, as it is written in the table; former names lead on.

    Raises: Http404.
    """
    people = visible(request.user)
    found = people.filter(**{kind: value}).first()
    if found is None and kind in (AliasKind.EMAIL, AliasKind.EXTERNAL_ID):
        found = people.filter(pk=now_called(kind, [value]).get(value, 0)).first()
    if found is None:
        raise Http404
    request.about = found.pk  # type: ignore[attr-defined]
    return found


def told(contacts: Iterable[Contact]) -> list[dict[str, Any]]:
    """Contacts as they are answered, with their labels. Four queries, whatever the number."""
    people = {
        contact.pk: {
            **{name: getattr(contact, name) for name in OWN},
            "tags": [],
            "categories": [],
            "consents": {},
            **{name: getattr(contact, name) for name in MOMENTS},
        }
        for contact in contacts
    }
    if not people:
        return []
    moments = set(Attribute.objects.filter(type=AttributeType.DATETIME).values_list("key", flat=True))
    for person in people.values():
        person["attributes"] = with_moments(person["attributes"], moments)
    ids = list(people)
    tags = ContactTag.objects.filter(contact__in=ids).order_by("tag__name").values_list("contact_id", "tag__name")
    for pk, tag in tags:
        people[pk]["tags"].append(tag)
    categories = ContactCategory.objects.filter(contact__in=ids).order_by("category__slug_path")
    for pk, path in categories.values_list("contact_id", "category__slug_path"):
        people[pk]["categories"].append(path)
    for answer in ContactConsent.objects.filter(contact__in=ids).select_related("consent").order_by("consent_id"):
        consent: Consent = answer.consent
        people[answer.contact_id]["consents"][consent.key] = {
            "state": answer.state,
            "source": answer.source,
            "changed_at": answer.changed_at,
            "wording_version": answer.wording_version,
        }
    return list(people.values())
