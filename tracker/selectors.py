"""Reading sites."""

import re
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import Http404

from tracker.models import Outcome, TrackedSite

KEY = re.compile(r"[a-z]{12}")
ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]{1,260}")


def listed(*, since: datetime) -> QuerySet[Any]:
    """Every site, with how many events were stored since that day, and when one last was."""
    stored = Q(counts__outcome=Outcome.STORED)
    return TrackedSite.objects.select_related("consent").annotate(
        stored=Coalesce(Sum("counts__number", filter=stored & Q(counts__day__gte=since.date())), 0),
        last_at=Max("counts__last_at", filter=stored),
    )


def site_for(pk: int) -> TrackedSite:
    """The door; 404 for any other."""
    found = TrackedSite.objects.select_related("consent", "created_by", "changed_by").filter(pk=pk).first()
    if found is None:
        raise Http404(f"no site {pk}")
    return found


def reporting(key: str) -> TrackedSite | None:
    """The site whose pages say this key."""
    return TrackedSite.objects.filter(key=key).first() if KEY.fullmatch(key) else None


def declared(origin: str) -> bool:
    """Whether pages of this origin may report, to whichever site."""
    return ORIGIN.fullmatch(origin) is not None and TrackedSite.objects.filter(origins__contains=[origin]).exists()
