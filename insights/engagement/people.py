"""Who was a contact at a moment of the past, and with which status: by the contacts there are and their history.

Of who was erased since only the proof is left (`erased`); who was merged into another counts as that one throughout.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import Lock

import numpy as np
from django.db import connection
from pyroaring import BitMap

from contacts.id_sets import masked
from contacts.models import Status
from insights.engagement.erased import microseconds
from mirror.kinds import CONTACT
from mirror.reading import Rows
from segmentation.criteria import Context

STATUSES = tuple(Status.values)
KEPT = 4_000_000  # contacts that are kept in a process: 9 bytes each
NOBODY = len(STATUSES)  # where there is no contact of that id


@dataclass(frozen=True)
class Rolls:
    """By id: when each came (microseconds since 1970) and its status now, as a place among `STATUSES`."""

    created: np.ndarray
    status: np.ndarray


# By schema: the stamp of the contacts, and what they are.
_kept: OrderedDict[str, tuple[tuple[int | str, ...], Rolls]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class People:
    """The contacts that the reader sees, at moments of the past."""

    context: Context

    def there(self, at: datetime) -> BitMap:
        """Those of them who had come by then."""
        if at >= self.context.now:
            return self.context.everyone
        return masked(self.rolls.created <= microseconds(at)) & self.context.everyone

    def arrivals(self, moments: list[datetime]) -> Iterator[tuple[datetime, BitMap]]:
        """`there` at several moments, which ascend: the contacts are looked through once."""
        edges = [microseconds(at) for at in moments]
        created = self.rolls.created
        late = np.flatnonzero((created > edges[0]) & (self.rolls.status != NOBODY)) if edges else np.empty(0, np.int64)
        late = late[np.argsort(created[late], kind="stable")]
        ends = np.searchsorted(created[late], edges, side="right")
        found, done = self.there(moments[0]).copy() if moments else BitMap(), 0
        for at, end in zip(moments, ends, strict=True):
            found |= BitMap(late[done:end].astype(np.uint32)) & self.context.everyone
            done = int(end)
            yield at, self.there(at) if at >= self.context.now else found.copy()

    def with_status(self, at: datetime) -> dict[str, BitMap]:
        """Those there at a moment, by the status they had then."""
        there = self.there(at)
        found = {status: who & there for status, who in self._now.items()}
        if at < self.context.now:
            for contact, then in _statuses_then(at).items():
                if contact in there:
                    for status, who in found.items():
                        (who.add if status == then else who.discard)(contact)
        return found

    @cached_property
    def _now(self) -> dict[str, BitMap]:
        status = self.rolls.status
        return {name: masked(status == place) & self.context.everyone for place, name in enumerate(STATUSES)}

    @cached_property
    def rolls(self) -> Rolls:
        """Of all contacts of the account. Read once in a process, as long as none comes, changes or goes."""
        schema, stamp = connection.schema_name, self.context.reader.tails["contact"].stamp  # type: ignore[attr-defined]
        known = _kept.get(schema)
        if known is not None and stamp is not None and known[0] == stamp:
            return known[1]
        found = self._read()
        if stamp is not None:
            _keep(schema, stamp, found)
        return found

    def _read(self) -> Rolls:
        places = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(STATUSES))
        rows = Rows(CONTACT, (CONTACT.column("created_at"), CONTACT.column("status")))
        query = (
            f"SELECT contact_id, epoch_us(created_at) AS created, (CASE status {places} END)::UTINYINT AS status"  # noqa: S608 - constants
            " FROM {rows}"
        )
        read = self.context.reader.select(rows, query)
        ids = np.asarray(read["contact_id"])
        room = int(ids.max()) + 1 if len(ids) else 1
        created, status = np.zeros(room, np.int64), np.full(room, NOBODY, np.uint8)
        created[ids], status[ids] = read["created"], read["status"]
        return Rolls(created, status)


def _keep(schema: str, stamp: tuple[int | str, ...], rolls: Rolls) -> None:
    with _lock:
        _kept[schema] = stamp, rolls
        _kept.move_to_end(schema)
        while len(_kept) > 1 and sum(len(each.status) for _stamp, each in _kept.values()) > KEPT:
            _kept.popitem(last=False)


def _statuses_then(at: datetime) -> dict[int, str]:
    """Of contacts whose status has changed since: what it was, by the first change after that moment.

    What tells of the statuses of others, who were merged into this one, is passed over.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (contact_id) contact_id, detail #>> '{fields,status,0}' FROM contacts_historyentry"
            " WHERE (detail -> 'fields') ? 'status' AND at > %s AND kind <> 'created' AND id <> ALL (ARRAY("
            "SELECT jsonb_array_elements_text(detail -> 'statuses')::bigint FROM contacts_historyentry"
            " WHERE kind = 'merged' AND at > %s AND detail ? 'statuses'))"
            " ORDER BY contact_id, at, id",
            [at, at],
        )
        return {contact: status for contact, status in cursor.fetchall() if status in STATUSES}
