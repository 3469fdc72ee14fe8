"""Uploading a file, proposing what its columns are, having it imported, remembering how, and removing what is old."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from config.names import clean_name
from imports import store
from imports.errors import FileError
from imports.fields import fields_of
from imports.guessing import fingerprint, found_dates, found_decimal, guessed
from imports.models import Import, Mapping, SourceFile, Subject
from imports.plans import Plan, plan_from, problems_of
from imports.reading import Reading, repeated, sample, sniffed
from jobs import services as jobs
from jobs.models import ACTIVE, JobState
from users.models import User

ABANDONED = timedelta(days=1)  # a file that nobody said "import" of, and what a killed process left
PER_PURGE = 500
STOPPED = (JobState.FAILED, JobState.ERRORED, JobState.CANCELLED)
# Of a remembered mapping: how the file is read, and what it is about, come from the file.
REMEMBERED = frozenset({"columns", "mode", "match", "empty", "kind", "dates", "decimal"})


class NotReadyError(Exception):
    """The plan can't be carried out; `problems` say why."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


# --- a file and its plan -------------------------------------------------------------------------------------------
def keep_upload(chunks: Iterable[bytes], *, subject: Subject, name: str, now: datetime, by: User | None) -> SourceFile:
    """Keeps the file, with the plan that its looks suggest.

    Raises: FileError, in the reader's words, if nothing can be made of it.
    """
    stored_as, size = store.write(chunks)
    try:
        reading = sniffed(store.path_of(stored_as))
        plan = proposed(stored_as, reading, subject=subject, by=by)
    except FileError:
        store.remove(stored_as)
        raise
    return SourceFile.objects.create(
        subject=subject,
        name=clean_name(name)[:200] or "csv",
        stored_as=stored_as,
        size=size,
        choices=plan.stored(),
        created_at=now,
        created_by=by,
    )


def proposed(stored_as: str, reading: Reading, *, subject: Subject, by: User | None) -> Plan:
    """What the columns most likely are: as they were the last time for the same headings, else by their names."""
    rows = sample(store.path_of(stored_as), reading)
    headings = headings_in(rows, reading)
    body = rows[1:] if reading.header else rows
    cells = [cell for row in body for cell in row if cell]
    columns = guessed(headings, fields_of(subject), subject=subject)
    plan = Plan(
        subject=subject,
        reading=reading,
        columns=columns,
        dates=found_dates(cells),
        decimal=found_decimal(cells, delimiter=reading.divided_by),
    )
    if plan.match not in columns:
        plan.match = next((way for way in ("external_id", "id") if way in columns), "email")
    last = remembered(subject, headings, by=by).first() if reading.header else None
    return with_mapping(plan, last) if last else plan


def headings_in(rows: Sequence[Sequence[str]], reading: Reading) -> list[str]:
    """The names of the columns; of a file without them, their numbers.

    Where the first row names them, there are no others: a row with more cells was divided wrongly.
    """
    width = len(rows[0]) if rows and reading.header else max((len(row) for row in rows), default=0)
    first = list(rows[0]) if rows and reading.header else []
    return [
        first[place] if place < len(first) and first[place] else _("Column %(number)d") % {"number": place + 1}
        for place in range(width)
    ]


def open_questions(plan: Plan, rows: list[list[str]]) -> list[str]:
    """What keeps the import from beginning, and why it may be so: a heading that stands twice makes the row none."""
    problems = problems_of(plan)
    if problems and not plan.reading.header and (name := repeated(rows)):
        told = _("“%(name)s” stands in the first row twice: it was not taken for headings.") % {"name": name[:60]}
        return [told, *problems]
    return problems


# --- remembered mappings ----------------------------------------------------------------------------------------
def remembered(subject: str, headings: Sequence[str], *, by: User | None) -> Any:
    """What was remembered for files with these headings, the reader's own before those of the whole account."""
    of_reader = Q(owner=by) if by else Q(owner=None)
    return Mapping.objects.filter(of_reader, subject=subject, fingerprint=fingerprint(subject, headings))


def with_mapping(plan: Plan, mapping: Mapping) -> Plan:
    """The plan as it was remembered; columns that mean nothing any more are left out."""
    chosen = {name: value for name, value in mapping.choices.items() if name in REMEMBERED}
    made = plan_from(plan.stored() | chosen)
    fields = made.fields()
    made.columns = [name if name in fields else "" for name in made.columns][: len(plan.columns)]
    made.columns += [""] * (len(plan.columns) - len(made.columns))
    return made


def remember(plan: Plan, headings: Sequence[str], *, name: str, now: datetime, by: User | None) -> Mapping:
    """Remembers the plan for the next file with these headings. A name that is there already means the new one."""
    chosen = {key: value for key, value in plan.stored().items() if key in REMEMBERED}
    made, _new = Mapping.objects.update_or_create(
        subject=plan.subject,
        name=clean_name(name)[:120],
        owner=by,
        defaults={
            "fingerprint": fingerprint(plan.subject, headings),
            "headings": list(headings),
            "choices": chosen,
            "changed_at": now,
        },
    )
    return made


# --- imports -----------------------------------------------------------------------------------------------------
def start(source: SourceFile, plan: Plan, *, now: datetime, by: User | None, remember_as: str = "") -> Import:
    """Has the file imported. Asked for twice, it is imported once.

    Raises: NotReadyError; SourceFile.DoesNotExist, if it is being imported already.
    """
    rows = sample(store.path_of(source.stored_as), plan.reading)
    if problems := open_questions(plan, rows):
        raise NotReadyError(problems)
    headings = headings_in(rows, plan.reading)
    with transaction.atomic():
        locked = SourceFile.objects.select_for_update().get(pk=source.pk)
        if clean_name(remember_as):
            remember(plan, headings, name=remember_as, now=now, by=by)
        job = Import.objects.create(
            subject=plan.subject,
            name=locked.name,
            stored_as=locked.stored_as,
            plan=plan.stored(),
            requested_by=by,
            by=_("Import: %(name)s") % {"name": locked.name},
            requested_at=now,
            work={
                "headings": headings,
                "of_user": by is not None,
                "uploaded": locked.created_at.isoformat(),
            },
        )
        locked.delete()
        jobs.wake(job, now=now)
    return job


def forget_upload(source: SourceFile) -> None:
    """Removes a file that is not going to be imported."""
    with transaction.atomic():
        locked = SourceFile.objects.select_for_update().filter(pk=source.pk).first()
        if locked is not None:
            locked.delete()
            transaction.on_commit(lambda: store.remove(*store.everything_of(locked.stored_as)))


def go_on(job: Import, *, now: datetime) -> bool:
    """Sets an import that was stopped or failed going again, from where it stood. Says whether it did."""
    return bool(job.stored_as) and jobs.retry(job, now=now, ended=STOPPED)


def remove_old(now: datetime) -> None:
    """Removes files nobody imported, files and reports whose week is over, and what killed processes left."""
    for source in SourceFile.objects.filter(created_at__lte=now - ABANDONED)[:PER_PURGE]:
        store.remove(*store.everything_of(source.stored_as))
        source.delete()
    for job in Import.objects.exclude(state__in=ACTIVE).filter(reports_until__lte=now)[:PER_PURGE]:
        store.remove(*store.everything_of(job.stored_as))
        Import.objects.filter(pk=job.pk).update(stored_as="", reports_until=None)
    names = store.strays(older_than=(now - ABANDONED).timestamp())[:PER_PURGE]
    stems = {name.partition(".")[0] for name in names}
    kept = set(SourceFile.objects.filter(stored_as__in=stems).values_list("stored_as", flat=True))
    kept |= set(Import.objects.filter(stored_as__in=stems).values_list("stored_as", flat=True))
    store.remove(*(name for name in names if name.partition(".")[0] not in kept))
