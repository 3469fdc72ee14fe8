"""The export action: members' data as a file."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from actions.kinds.base import Kind, Names
from actions.models import ActionRun
from actions.running import restart
from exports import making
from exports.choosing import ExportForm, sentence_of
from exports.making import ExportParams
from users.models import User


def title_of(run: ActionRun) -> str:
    """What the file is called, in the language of who asked for it: the segment, or how many contacts were picked."""
    with translation.override(making.language_of(run.action.created_by)):
        return run.action.place


class Export(Kind):
    """Writes a private file chunk by chunk (`exports.making`)."""

    name = "export"
    title = gettext_lazy("Export")
    text = gettext_lazy("Writes the contacts into a file that can be downloaded for seven days.")
    icon = "download"
    Params = ExportParams
    template = "exports/_fields.html"
    chunk = making.CHUNK
    changes_contacts = False

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> ExportForm:
        return ExportForm(data, now=now, by=by)

    def sentence(self, params: ExportParams, names: Names) -> str:
        return sentence_of(params)

    def begin(self, run: ActionRun, params: ExportParams, *, now: datetime) -> None:
        """Begins the file; begins all over if what was written so far is not there in full."""
        if not making.stands(run):
            restart(run)
            making.begin(run, params, by=run.action.created_by)

    def apply(self, run: ActionRun, params: ExportParams, ids: BitMap, *, now: datetime) -> BitMap:
        return making.append(run, params, ids)

    def left(self, params: ExportParams, ids: BitMap, *, planned: datetime) -> BitMap:
        """Of an audience: who did not agree, or has no address."""
        return making.left_out(params, ids)

    def already(self, params: ExportParams, ids: BitMap) -> BitMap:
        return BitMap()

    def finish(self, run: ActionRun, params: ExportParams, *, now: datetime) -> None:
        making.offer(
            run,
            params,
            now=now,
            run=run,
            segment_id=run.action.segment_id,
            calculation_id=run.calculation_id,
            audience=run.action.audience,
            name=making.file_name(title_of(run), now, params),
            created_by=run.action.created_by,
        )

    def stopped(self, run: ActionRun, *, now: datetime) -> None:
        """Removes the unfinished file once the end is committed."""
        transaction.on_commit(lambda: making.discard(run))
