"""Exporting a list of a past calculation: whom it holds, asking for it, writing it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from pyroaring import BitMap

from actions.models import Audience
from actions.running import audience_in
from contacts.sight import sees, within
from exports import making
from exports.making import ExportParams
from exports.models import ListExport
from jobs import services as jobs
from jobs.models import ACTIVE, JobState
from jobs.services import chunk, finish
from segmentation.models import Calculation, Cause, Movement, bitmap_of
from segmentation.services.calculations import stored
from users.models import User

COUNTS = ("changed_count", "left_count", "gone_count", "work")


class NobodyError(Exception):
    """The list that was to be exported is empty."""


def people_in(calculation: Calculation, *, audience: str, cause: str = "") -> BitMap:
    """The list: as the history counts it. For a cause that moved nobody it is empty."""
    if not cause:
        return audience_in(calculation, Audience(audience))
    movement = Movement.objects.filter(calculation=calculation, direction=audience, cause=cause).first()
    return BitMap() if movement is None else movement.member_ids


def export_list(
    calculation: Calculation,
    *,
    audience: str,
    cause: str = "",
    params: dict[str, Any],
    now: datetime,
    by: User | None,
) -> ListExport:
    """Has this list written, as far as `by` sees whom it holds.

    The very same, asked for by the same person while it is being written, is that one.

    Raises: NobodyError, if the list is empty; pydantic.ValidationError.
    """
    wanted = ExportParams.model_validate(params).model_dump()
    mask = sees(by)
    people = within(people_in(calculation, audience=audience, cause=cause), mask)
    if not people:
        raise NobodyError
    what = {"audience": audience, "cause": cause, "params": wanted, "requested_by": by}
    with transaction.atomic():
        Calculation.objects.select_for_update(no_key=True).only("pk").get(
            pk=calculation.pk
        )  # one at a time: sent twice
        same = ListExport.objects.filter(calculation=calculation, state__in=ACTIVE, **what).first()
        if same is not None:
            return same
        seen = None if mask is None else stored(people)
        export = ListExport.objects.create(
            calculation=calculation, requested_at=now, total=len(people), seen=seen, **what
        )
        jobs.wake(export, now=now)
    return export


def carry_out(export: ListExport, now: datetime) -> bool:
    """One step. A worker killed in it leaves nothing of it behind; the next goes on from the cursor."""
    params = ExportParams.model_validate(export.params)
    if export.seen is None:
        people = people_in(export.calculation, audience=export.audience, cause=export.cause)
    else:
        people = bitmap_of(export.seen)
    with chunk(export, now=now, saves=COUNTS):
        export.total = len(people)
        if not making.stands(export):
            export.cursor = export.progress = export.changed_count = export.left_count = export.gone_count = 0
            making.begin(export, params, by=export.requested_by)
        start = people.rank(export.cursor)
        ids = people[start : start + making.CHUNK]
        reached = within(ids, sees(export.requested_by))
        written = making.append(export, params, reached)
        left = making.left_out(params, reached - written)
        export.changed_count += len(written)
        export.left_count += len(left)
        export.gone_count += len(ids) - len(written) - len(left)
        export.progress += len(ids)
        export.cursor = ids.max() if ids else export.cursor
        if start + len(ids) == len(people):
            offer(export, params, now=now)
            finish(export, now=now)
    return export.active


def offer(export: ListExport, params: ExportParams, *, now: datetime) -> None:
    """Puts the whole file beside those of actions."""
    calculation = export.calculation
    with translation.override(making.language_of(export.requested_by)):
        words = what_words(export.audience, export.cause)
        name = making.file_name(f"{calculation.segment.name}, {words}", calculation.as_of or now, params)
    making.offer(
        export,
        params,
        now=now,
        list_export=export,
        segment_id=calculation.segment_id,
        calculation=calculation,
        audience=export.audience,
        cause=export.cause,
        name=name,
        created_by=export.requested_by,
    )


def what_words(audience: str, cause: str = "") -> str:
    """What a list is of, in the reader's language: "joined: time passed"."""
    words = {Audience.ALL.value: _("members"), Audience.JOINED.value: _("joined"), Audience.LEFT.value: _("left")}
    return f"{words[audience]}: {Cause(cause).label}" if cause else words[audience]


def tidy_up(export: ListExport, now: datetime) -> None:  # noqa: ARG001 (as every kind of job is called)
    """Removes the unfinished file once the end is committed."""
    transaction.on_commit(lambda: making.discard(export))


def forget(export: ListExport) -> bool:
    """Removes one that failed, unless somebody has tried it again. Says whether it did."""
    return bool(ListExport.objects.filter(pk=export.pk, state__in=(JobState.FAILED, JobState.ERRORED)).delete()[0])
