"""Files to import, and imports of them."""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook

from imports.models import Import, Subject
from imports.plans import plan_from
from imports.services import keep_upload, start
from jobs.services import run
from tests.factories import NOW
from users.models import User


def csv_of(*rows: str, encoding: str = "utf-8") -> bytes:
    return "\n".join(rows).encode(encoding) + "\n".encode(encoding)


def workbook_of(*rows: Sequence[Any], title: str = "Sheet") -> bytes:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(list(row))
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def upload(data: bytes, subject: str = "contacts", *, name: str = "fair.csv", now: datetime = NOW, by=None):
    return keep_upload([data], subject=Subject(subject), name=name, now=now, by=by)


def begun(
    data: bytes, subject: str = "contacts", *, now: datetime = NOW, by: User | None = None, **choices: Any
) -> Import:
    """An import that waits. `choices` are changes of the proposed plan; `columns` may be a dict by place."""
    source = upload(data, subject, now=now, by=by)
    plan = plan_from(source.choices)
    columns = choices.pop("columns", {})
    for place, field in columns.items():
        plan.columns[place] = field
    return start(source, plan_from(plan.stored() | choices), now=now, by=by)


def carried_out(job: Import, *, now: datetime = NOW) -> Import:
    run("import", job.pk, now=now)
    return Import.objects.get(pk=job.pk)


def imported(data: bytes, subject: str = "contacts", *, now: datetime = NOW, **more: Any) -> Import:
    return carried_out(begun(data, subject, now=now, **more), now=now)


def counts(job: Import) -> tuple[int, ...]:
    """(created, updated, unchanged, skipped, rejected)."""
    return job.created_count, job.updated_count, job.unchanged_count, job.skipped_count, job.rejected_count
