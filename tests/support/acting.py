"""Adding actions to segments through their pages."""

from uuid import uuid4

from django.urls import reverse
from django.utils.timezone import now as clock

from actions import services
from contacts.models import Contact
from segmentation.models import Segment
from tests.support.audiences import make_contacts, ready_segment


def add_url(segment):
    return reverse("actions:add", args=[segment.pk])


def list_url(segment):
    return reverse("actions:list", args=[segment.pk])


def add_tag(client, segment, **more):
    meant = services.calculation_meant(
        Segment.objects.get(pk=segment.pk), calculating=services.under_way_of(segment.pk), now=clock()
    )
    given = {"kind": "add_tag", "tags": "vip", "confirmed": "yes", "calculation": meant or ""}
    given["question"] = uuid4().hex
    return client.post(add_url(segment), given | more)


def ready(number=3, **more):
    return ready_segment(make_contacts(number), at=clock(), **more)


def segment_contacts(segment):
    return list(Contact.objects.filter(pk__in=segment.latest.member_ids))
