"""Which keys read which segment: noted when they do, and told before the segment is deleted."""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from api.models import ApiKey, SegmentRead
from config.menu import address_of
from segmentation.hooks import Use
from segmentation.models import Segment

LATELY = timedelta(days=30)  # a program that read it so lately goes on reading it
NOTED_EVERY = timedelta(hours=1)
NOTE = """
INSERT INTO api_segmentread AS kept (api_key_id, segment_id, at)
SELECT %(key)s, id, %(now)s FROM segmentation_segment WHERE id = %(segment)s FOR KEY SHARE
ON CONFLICT (api_key_id, segment_id) DO UPDATE SET at = EXCLUDED.at WHERE kept.at <= %(before)s
"""


def note_read(key: ApiKey, segment: Segment, *, now: datetime) -> None:
    """Once an hour at most, so that reading page by page writes next to nothing."""
    before = now - NOTED_EVERY
    if SegmentRead.objects.filter(api_key=key, segment=segment, at__gt=before).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"key": key.pk, "segment": segment.pk, "now": now, "before": before})


def uses_of(segment: Segment) -> list[Use]:
    """The keys still in use that have read it; those that did lately keep it from being deleted."""
    now = timezone.now()
    reads = SegmentRead.objects.filter(segment=segment).select_related("api_key__acts_for").order_by("-at")
    url = address_of("api:keys")
    return [
        Use(_("API key"), read.api_key.name, url, live=read.at > now - LATELY)
        for read in reads
        if read.api_key.state(now) == "active"
    ]
