"""Batches: how what became of their items is answered."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query

from activities.services import Partly
from api.common import MOST_ITEMS, BatchOut, answer
from api.problems import Wrong, invalid

STATUSES = ("created", "updated", "unchanged", "skipped", "rejected")
Whole = Annotated[bool, Query(description="All items or none: one that is wrong refuses the batch.")]
ANSWERS: dict[int, Any] = {200: BatchOut, 207: BatchOut}
ALL_OR_REPORT = (
    "200: every item is accepted, and durable. 207: some are rejected, the others are written. 422: nothing is written."
)


@contextmanager
def whole_or_part(*, whole: bool) -> Iterator[None]:
    """With `whole` the batch is one transaction, which a refusal undoes."""
    if not whole:
        yield
        return
    with transaction.atomic():
        yield


def refuse_too_many(items: Any) -> None:
    """Raises: Problem (422), for no list, or one that is too long."""
    if not isinstance(items, list):
        raise invalid([Wrong(None, "items", "not_list", _("Give a list of items."))])
    if len(items) > MOST_ITEMS:
        told = {"most": MOST_ITEMS, "given": len(items)}
        said = _("At most %(most)s items at once; these are %(given)s.") % told
        raise invalid([Wrong(None, "items", "too_many", said)])


def answer_batch(
    statuses: Sequence[str], ids: Sequence[int | None], wrongs: dict[int, list[Wrong]], *, whole: bool
) -> HttpResponse:
    """200, or 207 where some are rejected. Raises: Problem (422), if nothing is accepted, or with `whole` not all."""
    rejected = statuses.count("rejected")
    if rejected and (whole or rejected == len(statuses)):
        raise invalid([each for item in sorted(wrongs) for each in wrongs[item]], nothing_written(len(statuses)))
    results: list[dict[str, Any]] = [
        {"item": item, "status": status} if pk is None else {"item": item, "status": status, "id": pk}
        for item, (status, pk) in enumerate(zip(statuses, ids, strict=True))
    ]
    for item, found in wrongs.items():
        results[item]["errors"] = [vars(each) for each in found]
    counts = {status: statuses.count(status) for status in STATUSES}
    return answer({"results": results, "counts": counts}, 207 if rejected else 200)


def nothing_written(items: int) -> str:
    return _("Of %(items)s items none is written.") % {"items": items}


def answer_partly(done: Partly, *, whole: bool) -> HttpResponse:
    """Of facts. Raises: as `answer_batch`."""
    wrongs: dict[int, list[Wrong]] = {}
    for error in done.errors:
        if error.item is not None:
            wrongs.setdefault(error.item, []).append(Wrong(error.item, error.field, error.code, error.message))
    return answer_batch(done.statuses, done.ids, wrongs, whole=whole)
