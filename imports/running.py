"""An import as a job: first a plain copy of the file, read through once; then its rows, a chunk at a time.

Each chunk commits what it wrote, what became of its rows, and where it stands. A worker killed in it leaves nothing of
it behind, and the next goes on from there.
"""

import hashlib
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import islice

import numpy as np
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from pyroaring import BitMap

from accounts.models import Account
from imports import store
from imports.errors import FileError
from imports.models import Import, Outcome, Subject, packed, set_of
from imports.plans import Plan, plan_from, problems_of
from imports.reading import Rows, plain_copy
from imports.reading.limits import MOST_COLUMNS, MOST_ROWS
from imports.reports import Reports
from imports.rows import Doer, Result, Row, Writer, writer_for
from imports.rows.orders import NUMBER, OrderRows
from jobs.errors import JobProblem
from jobs.services import chunk, finish, heartbeat

KEPT = timedelta(days=7)  # reports hold what was wrong with people's data
MOST_TOGETHER = 1_000  # rows of one order
MOST_APART = 10_000  # orders whose rows stand apart; a file with more is not sorted at all
BEAT = 5.0  # seconds
COUNTS = tuple(f"{outcome.value}_count" for outcome in Outcome)
SAVES = (*COUNTS, "row_count", "stayed_withdrawn", "reasons", "people", "created", "updated", "work", "reports_until",
         "stored_as")  # fmt: skip


def carry_out(job: Import, now: datetime) -> bool:
    """One step."""
    with translation.override(language_of(job)):
        try:
            plan = plan_of(job)
            if not stands(job):
                prepare(job, plan, now=now)
                return True
            return advance(job, plan, now=now)
        except FileError as error:
            raise problem(str(error)) from error
        except FileNotFoundError as error:
            raise problem(_("The file is no longer in the store. Upload it again.")) from error


def plan_of(job: Import) -> Plan:
    """What is to be done. Raises: JobProblem, where something of it is no more."""
    if job.requested_by is None and job.work.get("of_user"):
        raise problem(_("Whoever asked for this import is no user any more."))
    plan = plan_from(job.plan)
    if problems := problems_of(plan):
        raise problem(" ".join(problems))
    return plan


def problem(text: str) -> JobProblem:
    """In the words of who asked for the import."""
    return JobProblem("%(problem)s", {"problem": text})


def language_of(job: Import) -> str:
    return job.requested_by.language if job.requested_by else account().language


def account() -> Account:
    return Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]


# --- the plain copy ----------------------------------------------------------------------------------------------
def stands(job: Import) -> bool:
    """Whether the plain copy is there, as long as it was made."""
    path = store.path_of(job.stored_as + store.PLAIN)
    return "size" in job.work and path.is_file() and path.stat().st_size == job.work["size"]


def prepare(job: Import, plan: Plan, *, now: datetime) -> None:
    """Makes the plain copy and reads it through: a fault of the file is found before any of it is written."""
    path = store.prepared(job.stored_as + store.PLAIN)
    beat = Beat(job)
    for _position in plain_copy(store.path_of(job.stored_as), plan.reading, path):
        beat()
    with path.open("rb") as file:
        rows = Rows(file, delimiter=plan.reading.divided_by)
        first = 0
        numbers = Numbers(plan)
        for cells in rows:
            if len(cells) > MOST_COLUMNS:
                raise FileError(_("Row %(row)d has more than %(limit)d columns.")
                                % {"row": rows.row, "limit": MOST_COLUMNS})  # fmt: skip
            if rows.row > MOST_ROWS:
                raise FileError(_("The file has more than %(limit)d rows.") % {"limit": MOST_ROWS})
            if not first and plan.reading.header and any(cells):
                first, header = rows.offset, rows.row
            else:
                numbers.add(cells)
            if rows.row % 50_000 == 0:
                beat()
    with chunk(job, now=now, saves=SAVES):
        made = {"size": path.stat().st_size, "apart": numbers.apart(), "delimiter": plan.reading.divided_by}
        job.work = {**job.work, **made}
        job.total = rows.row
        if "written" not in job.work:
            job.cursor, job.work["row"] = first, header if first else 0
            job.progress = job.work["row"]
            reports_of(job, plan).begin(job.work.get("headings", []))


class Beat:
    """Says "still here" now and then."""

    def __init__(self, job: Import) -> None:
        self.job = job
        self.last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self.last > BEAT:
            heartbeat(self.job, progress=self.job.progress, total=self.job.total)
            self.last = time.monotonic()


class Numbers:
    """The orders of a file whose rows do not stand together, or are too many; eight bytes for each order meanwhile."""

    def __init__(self, plan: Plan) -> None:
        self.place = plan.columns.index(NUMBER) if plan.subject == Subject.ORDERS else None
        self.runs: list[np.ndarray] = []
        self.now: list[int] = []
        self.long: list[str] = []
        self.last, self.rows = "", 0
        self.names: dict[int, str] = {}

    def add(self, cells: list[str]) -> None:
        if self.place is None:
            return
        number = cells[self.place].strip() if self.place < len(cells) else ""
        if number != self.last:
            self.last, self.rows = number, 0
            if number:
                self.now.append(hash_of(number))
        self.rows += 1
        if number and self.rows == MOST_TOGETHER + 1:
            self.long.append(number)
        if len(self.now) >= 1 << 16:
            self.runs.append(np.array(self.now, dtype=np.uint64))
            self.now = []

    def apart(self) -> list[int]:
        """Hashes of their numbers. A file of a million orders has two of one hash by chance once in ten million times.

        Raises: FileError, if there are too many to be told one by one.
        """
        self.runs.append(np.array(self.now, dtype=np.uint64))
        hashes, counts = np.unique(np.concatenate(self.runs), return_counts=True)
        found = [*map(int, hashes[counts > 1]), *map(hash_of, self.long)]
        if len(found) > MOST_APART:
            raise FileError(_("The rows of an order have to follow each other: sort the file by the orders' numbers."))
        return found


def hash_of(number: str) -> int:
    """63 bits of a number, the same in every process."""
    return int.from_bytes(hashlib.blake2b(number.encode(), digest_size=8).digest()) >> 1


# --- its rows ----------------------------------------------------------------------------------------------------
def advance(job: Import, plan: Plan, *, now: datetime) -> bool:
    """One chunk of rows."""
    with chunk(job, now=now, saves=SAVES):
        writer = writer_of(job, plan, now=now)
        rows, more = next_rows(job, plan, writer)
        results = writer.write(rows) if rows else []
        tally(job, results)
        job.stayed_withdrawn += getattr(writer, "stayed_withdrawn", 0)
        reports_of(job, plan).add(rows, results, width=len(plan.columns))
        job.progress = job.work["row"]
        if not more:
            job.progress = job.total
            job.reports_until = now + KEPT
            finish(job, now=now)
            name = job.stored_as
            transaction.on_commit(lambda: store.remove(name, name + store.PLAIN))
    return job.active


def writer_of(job: Import, plan: Plan, *, now: datetime) -> Writer:
    writer = writer_for(plan, Doer(account(), now, job.by, job.requested_by))
    if isinstance(writer, OrderRows):
        apart = set(job.work["apart"])
        writer.stands_apart = lambda number: hash_of(number) in apart
    return writer


def next_rows(job: Import, plan: Plan, writer: Writer) -> tuple[list[Row], bool]:
    """The rows of the next chunk, those that belong together together, and whether there are more behind them."""
    found: list[Row] = []
    with store.path_of(job.stored_as + store.PLAIN).open("rb") as file:
        rows = Rows(file, delimiter=plan.reading.divided_by, offset=job.cursor, row=job.work["row"])
        end = (rows.offset, rows.row)
        for cells in rows:
            row = Row(rows.row, cells)
            full = len(found) >= writer.most
            if full and not (len(found) < writer.most + MOST_TOGETHER and writer.together(found[-1], row)):
                job.cursor, job.work["row"] = end
                return found, True
            end = (rows.offset, rows.row)
            if any(cells):
                found.append(row)
        job.cursor, job.work["row"] = end
    return found, False


def tally(job: Import, results: list[Result]) -> None:
    """Counts what became of the rows, and notes whom they were about."""
    counts = Counter(result.status for result in results)
    for outcome in Outcome:
        name = f"{outcome.value}_count"
        setattr(job, name, getattr(job, name) + counts[outcome.value])
    job.row_count += len(results)
    if job.subject == Subject.ORDERS:
        orders = Counter(result.status for result in results if not result.goes_on)
        job.work["orders"] = dict(Counter(job.work.get("orders", {})) + orders)
    wrong = Counter(name for result in results for name in dict.fromkeys(field for field, _text in result.errors))
    job.reasons = dict(Counter(job.reasons) + Counter(dict(islice(wrong.items(), 200))))
    told = [result for result in results if result.contact and result.status not in ("rejected", "skipped")]
    job.people = packed(set_of(job.people) | BitMap([result.contact or 0 for result in told]))
    if job.subject == Subject.CONTACTS:
        for name in ("created", "updated"):
            ids = BitMap([result.contact or 0 for result in told if result.status == name])
            setattr(job, name, packed(set_of(getattr(job, name)) | ids))


def reports_of(job: Import, plan: Plan) -> Reports:
    return Reports(job, fields=plan.fields(), delimiter=plan.reading.divided_by)


def tidy_up(job: Import, now: datetime) -> None:
    """Of one that was stopped: its file stays, so that it can go on, and its reports, as long as those of others."""
    Import.objects.filter(pk=job.pk).update(reports_until=now + KEPT)
