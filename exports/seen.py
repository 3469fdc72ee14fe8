"""Whose files somebody who sees some contacts only is shown. docs/exports.md, "Who sees some contacts only"."""

from collections.abc import Iterator

from django.db.models import BinaryField, Case, F, OuterRef, QuerySet, Subquery, When
from pyroaring import BitMap

from actions.models import Audience
from config.requests import Request
from contacts.sight import sight
from exports.models import ExportFile, ListExport
from mirror.reading import Reader
from mirror.snapshots import snapshot
from segmentation.models import Movement, bitmap_of
from users.access import signed_in

MOVED = Movement.objects.filter(
    calculation=OuterRef("calculation"), direction=OuterRef("audience"), cause=OuterRef("cause")
)
# The contacts that a file was written of; those who were gone by then are no rows of it.
CONTENTS = Case(
    When(run__seen__isnull=False, then=F("run__seen")),
    When(list_export__seen__isnull=False, then=F("list_export__seen")),
    When(run__action__picked__isnull=False, then=F("run__action__picked__members")),
    When(cause__gt="", then=Subquery(MOVED.values("members")[:1])),
    When(audience=Audience.JOINED, then=F("calculation__joined")),
    When(audience=Audience.LEFT, then=F("calculation__left")),
    default=F("calculation__members"),
    output_field=BinaryField(),
)
AT_ONCE = 10


def contents(files: QuerySet[ExportFile]) -> Iterator[tuple[int, BitMap]]:
    """The contacts of each file, by its id."""
    rows = files.order_by("pk").annotate(contents=CONTENTS).values_list("pk", "contents")
    for pk, packed in rows.iterator(AT_ONCE):
        yield pk, bitmap_of(packed)


def shown(request: Request, files: QuerySet[ExportFile]) -> QuerySet[ExportFile]:
    """Those of `files` that the reader is shown: of who sees some contacts only, their own.

    And of these those of contacts whom they see still, all of them; the deleted ones are nobody's any more.
    """
    mask = sight(request)
    if mask is None:
        return files
    own = files.filter(created_by=signed_in(request))
    with snapshot():
        everyone = Reader().everyone
        seen = [pk for pk, held in contents(own) if (held & everyone) <= mask]
    return files.filter(pk__in=seen)


def may_see(request: Request, export: ListExport) -> bool:
    """Whether the reader is told of the writing of a list: of who sees some contacts only, of their own alone."""
    return sight(request) is None or export.requested_by_id == signed_in(request).pk
