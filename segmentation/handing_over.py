"""Which segments a contact is in, for the archive that is handed over: as of their last calculations."""

from collections.abc import Iterator

from django.utils import timezone

from contacts.handing_over import Part, Row
from contacts.models import Contact
from segmentation.contact_pages import memberships


def segments(contact: Contact) -> Iterator[Row]:
    for membership in memberships(contact, now=timezone.now()):
        yield {"segment": membership.name, "as_of": membership.as_of}


PART = Part("segments", ("segment", "as_of"), segments)
