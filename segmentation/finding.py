"""Segments for the find box."""

from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from config.find import Findings, Found
from config.requests import Request
from contacts.folding import folded, plain
from segmentation.models import Segment

MOST = 20


def find_segments(request: Request, text: str) -> Findings:
    """Segments whose name holds the text, without regard to case and diacritics; those that begin with it first."""
    wanted = folded(text)
    begins = Case(When(plain_name__startswith=wanted, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = Segment.objects.alias(plain_name=plain("name")).filter(plain_name__contains=wanted)
    now = request.now
    found = [
        Found(
            title=row.name,
            url=reverse("segmentation:preview", args=[row.pk]),
            detail=_("ready to use") if row.ready_at(now) else "",
            icon="layers",
        )
        for row in rows.annotate(place=begins).order_by("place", "name")[:MOST]
    ]
    url = f"{reverse('segmentation:search')}?{urlencode({'q': text})}"
    return Findings(_("Segments"), found, total=rows.count() if len(found) == MOST else len(found), url=url)
