"""New contacts that nothing speaks against, by the ten thousand: COPY, with their history.

A row is fresh if all its cells are right, and its e-mail and external id are known nowhere: no contact has them, no
merge, no erasure, no other row of the chunk. So what it becomes does not depend on any other row, and all of them may
be written before the rest. Everything else goes through `record_contacts`.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from contacts import hooks
from contacts.erasing.models import Erasure
from contacts.erasing.names import erased
from contacts.models import Attribute, EntryKind, Status
from contacts.sight import sees
from imports.plans import Plan
from imports.rows.base import Doer, Row
from imports.rows.cleaning import ATTRIBUTE, Cleaned, cleaner

NULL = "\\N"
PARTED = "\x1f"  # in no name: cleaning refuses what can't be seen
OWN = ("email", "phone", "external_id", "first_name", "last_name", "status", "lead_score", "source")
DEFAULTS: dict[str, Cleaned] = {
    "email": (NULL, ""),
    "phone": (NULL, ""),
    "external_id": (NULL, ""),
    "first_name": ("", ""),
    "last_name": ("", ""),
    "status": (Status.SUBSCRIBED.value, f'"status": [null, "{Status.SUBSCRIBED.value}"]'),
    "lead_score": ("0", '"lead_score": [null, 0]'),
    "source": ("", ""),
}
BY_ROW = ("tags", "categories", "consents", "id")  # what `record_contacts` alone knows how to judge
NEW_IDS = "SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id')) FROM generate_series(1, %s)"
KNOWN = """
WITH given AS MATERIALIZED (SELECT string_to_array(%(names)s, E'\x1f') AS names)
SELECT email FROM contacts_contact WHERE email = ANY (ARRAY(SELECT unnest(names) FROM given))
UNION ALL
SELECT value FROM contacts_contactalias WHERE kind = 'email' AND value = ANY (ARRAY(SELECT unnest(names) FROM given))
"""
KNOWN_IDS = KNOWN.replace("email", "external_id")
CONTACTS = f"COPY contacts_contact (id, {', '.join(OWN)}, attributes, created_at, updated_at) FROM STDIN"
HISTORY = "COPY contacts_historyentry (contact_id, at, kind, label, detail, by, user_id) FROM STDIN"


@dataclass(slots=True)
class Fresh:
    """A row as it will be written, all its cells cleaned."""

    place: int
    own: list[Cleaned]
    attributes: list[Cleaned]


class FreshContacts:
    """Writes the fresh rows of a chunk."""

    def __init__(self, plan: Plan, doer: Doer, labels: dict[str, list[str]]) -> None:
        self.doer = doer
        self.labels = {kind: names for kind, names in labels.items() if names}
        fields = plan.fields()
        attributes = {each.key: each for each in Attribute.objects.all()}
        self.width = len(plan.columns)
        chosen = [(place, name) for place, name in enumerate(plan.columns) if name]
        self.able = (
            plan.mode != "update"
            and not any(name.startswith(BY_ROW) for _place, name in chosen)
            and sees(doer.user) is None
        )
        self.own = []
        self.rest = []
        for place, name in chosen if self.able else ():
            clean = cleaner(fields[name], plan, attributes)
            if name.startswith(ATTRIBUTE):
                self.rest.append((place, clean))
            else:
                self.own.append((place, OWN.index(name), clean))
        self.match = OWN.index(plan.match) if self.able else 0

    def write(self, rows: Sequence[Row]) -> dict[int, int]:
        """The new contacts by the places of their rows; the other rows are left to others."""
        if not self.able:
            return {}
        with timezone.override(self.doer.account.zone):  # of moments without an offset
            fresh = self.unknown(self.cleaned(rows))
        if not fresh:
            return {}
        try:
            with transaction.atomic():
                return self.copy(fresh)
        except (
            IntegrityError,
            ValidationError,
            hooks.AgainError,
        ):  # somebody was quicker, or changed an attribute: one by one then
            return {}

    def cleaned(self, rows: Sequence[Row]) -> list[Fresh]:
        """Rows whose cells are all right."""
        found = []
        defaults = list(DEFAULTS.values())
        own, rest, width = self.own, self.rest, self.width
        for place, row in enumerate(rows):
            cells = row.cells
            if len(cells) != width:
                if len(cells) > width:
                    continue
                cells += [""] * (width - len(cells))  # spreadsheets leave out what is empty at the end
            try:
                values = defaults.copy()
                for column, index, clean in own:
                    value = clean(cells[column])
                    if value[0]:
                        values[index] = value
                attributes = [value for column, clean in rest if (value := clean(cells[column]))[0]]
            except ValidationError:
                continue
            if values[self.match][0] != NULL:
                found.append(Fresh(place, values, attributes))
        return found

    def unknown(self, rows: list[Fresh]) -> list[Fresh]:
        """Those whose names are nobody's, and no other row's. A name as COPY takes it is the name: it has no \\."""
        emails = Counter(row.own[0][0] for row in rows)
        ids = Counter(row.own[2][0] for row in rows)
        emails.pop(NULL, None)
        ids.pop(NULL, None)
        with connection.cursor() as cursor:
            # One text for all of them: as a list each name costs 4 µs.
            cursor.execute(KNOWN, {"names": PARTED.join(emails)})
            known = {value for (value,) in cursor.fetchall()}
            cursor.execute(KNOWN_IDS, {"names": PARTED.join(ids)})
            known_ids = {value for (value,) in cursor.fetchall()}
        known |= {value for value, n in emails.items() if n > 1 or "\\" in value}
        known_ids |= {value for value, n in ids.items() if n > 1 or "\\" in value}
        gone = erased_among(rows)
        return [
            row
            for row in rows
            if row.own[0][0] not in known
            and row.own[2][0] not in known_ids
            and not (gone and any((OWN[at], row.own[at][0]) in gone for at in (0, 1, 2)))
        ]

    def copy(self, rows: list[Fresh]) -> dict[int, int]:
        """Writes them with their history and with what everybody gets; ids are in the order of the file."""
        doer = self.doer
        readers = {kind: hooks.batch_labels[kind](doer.user) for kind in self.labels}
        names = {kind: reader.read(self.labels[kind]) for kind, reader in readers.items()}
        for kind, reader in readers.items():
            reader.hold(set(names[kind]), now=doer.now)
        with connection.cursor() as cursor:
            cursor.execute(NEW_IDS, [len(rows)])
            ids = [pk for (pk,) in cursor.fetchall()]
            # In the order of their addresses, as all batches take them: two at once wait, but not for each other.
            contacts = sorted(zip(ids, rows, strict=True), key=lambda each: (each[1].own[0][0], each[1].own[2][0]))
            now = doer.now.isoformat()
            self.send(cursor, CONTACTS, [contact_line(pk, row, now) for pk, row in contacts])
            start, end = entry_parts(doer)
            self.send(cursor, HISTORY, [entry_line(pk, row, start, end) for pk, row in zip(ids, rows, strict=True)])
        for kind, reader in readers.items():
            reader.put(dict.fromkeys(names[kind], ids), now=doer.now, by=doer.by, user=doer.user)
        return {row.place: pk for row, pk in zip(rows, ids, strict=True)}

    def send(self, cursor: object, statement: str, lines: list[str]) -> None:
        with cursor.copy(statement) as copy:  # type: ignore[attr-defined]
            copy.write("".join(lines))


def erased_among(rows: Sequence[Fresh]) -> Collection[tuple[str, str]]:
    """Those of their names that were an erased person's."""
    if not Erasure.objects.exists():
        return ()
    return erased({(OWN[at], row.own[at][0]) for row in rows for at in (0, 1, 2) if row.own[at][0] != NULL})


def contact_line(pk: int, row: Fresh, now: str) -> str:
    own = "\t".join([value for value, _entry in row.own])
    attributes = ", ".join([value for value, _entry in row.attributes])
    return f"{pk}\t{own}\t{{{attributes}}}\t{now}\t{now}\n"


def entry_parts(doer: Doer) -> tuple[str, str]:
    """What is alike in the first entries of all: before and behind what they tell."""
    by = doer.by[:254].replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")
    user = doer.user.pk if doer.user else NULL
    return f"\t{doer.now.isoformat()}\t{EntryKind.CREATED.value}\t\t", f"\t{by}\t{user}\n"


def entry_line(pk: int, row: Fresh, start: str, end: str) -> str:
    told = ", ".join([entry for _value, entry in (*row.own, *row.attributes) if entry])
    return f'{pk}{start}{{"fields": {{{told}}}}}{end}'
