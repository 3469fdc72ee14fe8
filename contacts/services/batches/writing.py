"""What was decided, written: contacts, their history, labels and answers, each in one or two statements."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from contacts import hooks
from contacts.hooks import AgainError
from contacts.id_sets import id_array
from contacts.services.batches.answers import write_answers
from contacts.services.batches.deciding import Decided, Entry
from contacts.services.batches.people import UNIQUE, Person
from contacts.services.contacts import FIELDS
from users.models import User

NEW_IDS = "SELECT nextval(pg_get_serial_sequence('contacts_contact', 'id')) FROM generate_series(1, %s)"
TYPES = {"lead_score": "int"}
ROWS = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in FIELDS)
COLUMNS = ", ".join(FIELDS)
INSERT = f"""
INSERT INTO contacts_contact (id, created_at, updated_at, attributes, {COLUMNS})
SELECT id, %(now)s, updated_at, attributes, {COLUMNS}
FROM jsonb_to_recordset(%(rows)s::jsonb) AS w (id int, updated_at timestamptz, attributes jsonb, {ROWS})
"""  # noqa: S608 (our own names)
UPDATE = f"""
UPDATE contacts_contact c SET updated_at = w.updated_at, attributes = w.attributes,
    {", ".join(f"{name} = w.{name}" for name in FIELDS)}
FROM jsonb_to_recordset(%(rows)s::jsonb) AS w (id int, updated_at timestamptz, attributes jsonb, {ROWS})
WHERE c.id = w.id
"""  # noqa: S608 (our own names)
# Whose name changes is waited for by writers of facts: in their order, before the rows are written in any.
HOLD_ALONE = "SELECT FROM contacts_contact WHERE id = ANY (%s::int[]) ORDER BY id FOR UPDATE"
LET_GO = """
UPDATE contacts_contact SET email = CASE WHEN email = ANY (%(email)s) THEN NULL ELSE email END,
    external_id = CASE WHEN external_id = ANY (%(external_id)s) THEN NULL ELSE external_id END
WHERE id = ANY (%(ids)s::int[])
"""
LED = """
SELECT a.id FROM contacts_contactalias a JOIN contacts_contact c ON c.id = ANY (%(ids)s::int[])
    AND (a.kind = 'email' AND a.value = c.email OR a.kind = 'external_id' AND a.value = c.external_id)
WHERE a.contact_id <> c.id LIMIT 1
"""
BEARS_AGAIN = """
DELETE FROM contacts_contactalias a USING contacts_contact c
WHERE c.id = ANY (%(ids)s::int[]) AND a.contact_id = c.id
    AND (a.kind = 'email' AND a.value = c.email OR a.kind = 'external_id' AND a.value = c.external_id)
"""
# Arrays as literals and the details as one JSON text, as facts are written (activities.services.activities).
NOTE = """
INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id)
SELECT contact_id, %s, kind, '', detail, %s, %s
FROM ROWS FROM (unnest(%s::int[]), unnest(%s::text[]), jsonb_array_elements(%s::jsonb)) AS w (contact_id, kind, detail)
"""


def write(decided: Decided, *, now: datetime, by: str, user: User | None) -> None:
    """Writes it, and says "updated" of items whose labels or answers changed something.

    Raises: IntegrityError and AgainError, when somebody else was quicker.
    """
    write_people(decided.people, now=now)
    note(decided.entries, now=now, by=by, user=user)
    changed = put_labels(decided, now=now, by=by, user=user)
    answers = [(item, person.pk, answer) for item, person, answer in decided.answers]
    changed |= write_answers(answers, by=by, user=user)
    for told in hooks.written:
        told(len(decided.people), now=now)
    for item in changed:
        decision = decided.decisions[item]
        if decision.status == "unchanged":
            decision.status = "updated"


def write_people(people: Sequence[Person], *, now: datetime) -> None:
    new = [person for person in people if person.new]
    old = [person for person in people if not person.new]
    with connection.cursor() as cursor:
        if new:
            cursor.execute(NEW_IDS, [len(new)])
            for person, (pk,) in zip(new, cursor.fetchall(), strict=True):
                person.pk = pk
        if old:
            let_go(old, cursor)
            cursor.execute(UPDATE, {"rows": rows_of(old)})
        if new:
            cursor.execute(INSERT, {"rows": rows_of(new), "now": now})
        if renamed := {person.pk for person in people if person.new or names_changed(person)}:
            # Asked now: whoever has merged in between has let go of the name only with that.
            cursor.execute(LED, {"ids": id_array(renamed)})
            if cursor.fetchone() is not None:
                raise AgainError
            cursor.execute(BEARS_AGAIN, {"ids": id_array(renamed)})


def let_go(people: Iterable[Person], cursor: Any) -> None:
    """Holds those whose e-mail or external id changes, and frees these: another may get it in the same statement."""
    renamed = [person for person in people if names_changed(person)]
    if not renamed:
        return
    ids = id_array(person.pk for person in renamed)
    cursor.execute(HOLD_ALONE, [ids])
    left: dict[str, list[Any]] = {way: [] for way in UNIQUE}
    for person in renamed:
        for way in UNIQUE:
            if person.former[way] is not None and person.former[way] != person.own[way]:
                left[way].append(person.former[way])
    taken = {person.own[way] for person in renamed for way in UNIQUE}
    if taken & {*left["email"], *left["external_id"]}:
        cursor.execute(LET_GO, {"ids": ids, **left})


def names_changed(person: Person) -> bool:
    return any(person.former.get(way) != person.own[way] for way in UNIQUE)


def rows_of(people: Iterable[Person]) -> str:
    rows = [
        {"id": person.pk, "updated_at": person.updated_at.isoformat(), "attributes": person.attributes, **person.own}
        for person in people
    ]
    return json.dumps(rows, ensure_ascii=False, allow_nan=False)


def note(entries: Sequence[Entry], *, now: datetime, by: str, user: User | None) -> None:
    """Writes the history."""
    if not entries:
        return
    ids = id_array(entry.person.pk for entry in entries)
    kinds = "{" + ",".join(entry.kind.value for entry in entries) + "}"
    details = json.dumps([{"fields": entry.changes} for entry in entries], ensure_ascii=False, allow_nan=False)
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [now, by[:254], user.pk if user else None, ids, kinds, details])


def put_labels(decided: Decided, *, now: datetime, by: str, user: User | None) -> set[int]:
    """Puts the labels on; the items that changed something: of two that say the same, the first."""
    wanted: dict[str, dict[str, dict[int, int]]] = {}  # kind → name → contact → the first item
    for item, person, kind, names in decided.labels:
        for name in names:
            wanted.setdefault(kind, {}).setdefault(name, {}).setdefault(person.pk, item)
    changed: set[int] = set()
    for kind, by_name in wanted.items():
        labels = decided.drafts.labels[kind]
        for name, contact in labels.put(by_name, now=now, by=by, user=user):
            changed.add(by_name[name][contact])
    return changed
