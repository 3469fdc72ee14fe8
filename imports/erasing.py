"""Files of imports go with a contact that they hold: uploads, reports, and the file of an import that was stopped.

What was not written has no ids: such files are searched for the names of those erased, of whom digests are left.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from unicodedata import normalize

from django.core.exceptions import ValidationError
from django.db import transaction
from pyroaring import BitMap

from contacts import normalising
from contacts.erasing.cleaners import going_on
from contacts.erasing.names import Named, Recognised
from imports import store
from imports.errors import FileError
from imports.models import Import, SourceFile, set_of
from imports.plans import plan_from
from imports.reading import Reading, Rows, plain_copy
from jobs.models import ACTIVE

MOST = {"csv": 32 << 20, "xlsx": 4 << 20}  # bytes searched: a larger file goes unread, for that takes a minute
LOOKED = ".looked"
ADDRESS = re.compile(r"[^\s,;|<>()\"'“”„:]+@[^\s,;|<>()\"'“”„:]+")
SPACED = re.compile(r"\+?\d[\d\s()./\u2010-\u2015\u2212-]{3,}\d")
NUMBER = re.compile(r"\+?\d{5,15}")
BETWEEN = re.compile(r"[,;|\t\n]")
EXTERNAL_IDS = ("external_id", "contact.external_id")


class Files:
    """Removes the files of imports that an erased contact was in, before its id leaves the sets."""

    name, order = "imports.files", 10

    def busy(self, at: datetime) -> bool:
        """Also of a file that was uploaded before, whenever its import was begun."""
        if going_on(Import, at):
            return True
        uploaded = Import.objects.filter(state__in=ACTIVE).values_list("work__uploaded", flat=True)
        return any(each is not None and datetime.fromisoformat(each) <= at for each in uploaded)

    def clean(self, ids: BitMap, after: int) -> int | None:
        job = Import.objects.filter(pk__gt=after).exclude(stored_as="").order_by("pk").first()
        if job is None:
            return None
        if set_of(job.people) & ids or (job.state not in ACTIVE and names_stand_in(job)):
            Import.objects.filter(pk=job.pk).update(stored_as="", reports_until=None)
            store.remove(*store.everything_of(job.stored_as))
        return job.pk


class Uploads:
    """Removes files not yet imported that name somebody erased: the columns are not known for sure, so all count."""

    name, order = "imports.uploads", 10

    def busy(self, at: datetime) -> bool:
        return False

    def clean(self, ids: BitMap, after: int) -> int | None:
        with transaction.atomic():
            rows = SourceFile.objects.select_for_update(of=("self",)).filter(pk__gt=after)
            source = rows.order_by("pk").first()
            if source is None:
                return None
            if named_in_upload(source.stored_as, plan_from(source.choices).reading, Recognised()):
                source.delete()
                store.remove(*store.everything_of(source.stored_as))
                return after
            return source.pk


def names_stand_in(job: Import) -> bool:
    """Whether somebody erased is named in what was not written: rejected rows, and rows of one that was stopped."""
    known, plan = Recognised(), plan_from(job.plan)
    places = [place for place, name in enumerate(plan.columns) if name in EXTERNAL_IDS]
    for ending in (store.REJECTED, store.PLAIN):
        path = store.path_of(job.stored_as + ending)
        if path.is_file() and named_in_rows(path, plan.reading, places, known):
            return True
    left = store.path_of(job.stored_as).is_file() and not store.path_of(job.stored_as + store.PLAIN).is_file()
    return left and named_in_upload(job.stored_as, plan.reading, known)


def named_in_rows(path: Path, reading: Reading, places: Sequence[int], known: Recognised) -> bool:
    """Of our own writing: the cells are what they are."""
    if not known.digests:
        return False
    if path.stat().st_size > MOST["csv"]:
        return True
    try:
        with path.open("rb") as file:
            for cells in Rows(file, delimiter=reading.divided_by):
                ids = [cells[place] for place in places if place < len(cells)]
                if any(map(known.knows, names_among(cells, ids))):
                    return True
    except FileError:
        return True
    return False


def named_in_upload(stored_as: str, reading: Reading, known: Recognised) -> bool:
    """Of anybody's writing: cells are what stands between any of the usual signs."""
    path, plain = store.path_of(stored_as), store.path_of(stored_as + LOOKED)
    if not path.is_file() or not known.digests:
        return False
    if path.stat().st_size > MOST[reading.format]:
        return True
    try:
        for _position in plain_copy(path, reading, plain):
            pass
        with plain.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                cells = BETWEEN.split(line)
                if any(map(known.knows, names_among(cells, cells))):
                    return True
    except FileError:
        return True
    finally:
        plain.unlink(missing_ok=True)
    return False


def names_among(cells: Iterable[str], ids: Iterable[str]) -> Iterator[Named]:
    """What may be an e-mail address or a phone in the cells; `ids` may be external ids."""
    for cell in cells:
        if "@" in cell:
            yield from (("email", normalize("NFC", each.lower()).rstrip(".")) for each in ADDRESS.findall(cell))
        for each in {*SPACED.findall(cell), *NUMBER.findall(cell)}:
            try:
                yield "phone", normalising.phone(each) or ""
            except ValidationError:
                continue
    for each in ids:
        bare = normalize("NFC", each).strip(' "\n')
        if bare:
            yield "external_id", bare
            yield "external_id", bare.removeprefix("'")
