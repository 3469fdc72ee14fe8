"""Answers to consents of a batch: read, compared with those there are, and written with their history.

As `set_consent` would for each of them, one after another; and with a time of their own, which files of what people
said earlier have: such an answer is to the wording of that time, and gives way to a later one. Given again at a later
time it is a person who agreed anew; without a time it is a copy of what stands already.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _
from pyroaring import BitMap

from config.names import clean_name
from contacts import normalising
from contacts.attributes import clean_datetime
from contacts.id_sets import id_array
from contacts.label_writes import note_writes
from contacts.models import Attribute, Consent, ConsentState, ConsentWording, EntryKind, LabelKind
from contacts.services.consents import LONGEST_SOURCE
from users.models import User

STATES = tuple(ConsentState.values)  # not a set: what is given may be anything
HELD = "SELECT * FROM contacts_consent ORDER BY id FOR SHARE"
THERE = """
SELECT a.contact_id, a.consent_id, a.state, a.changed_at, a.wording_version
FROM contacts_contactconsent a JOIN unnest(%s::int[], %s::bigint[]) AS w (contact_id, consent_id)
    USING (contact_id, consent_id)
ORDER BY a.contact_id, a.consent_id FOR UPDATE OF a
"""
WRITE = """
INSERT INTO contacts_contactconsent (contact_id, consent_id, state, source, wording_version, changed_at)
SELECT * FROM jsonb_to_recordset(%s::jsonb) AS w (
    contact_id int, consent_id bigint, state text, source text, wording_version int, changed_at timestamptz)
ORDER BY contact_id, consent_id
ON CONFLICT (contact_id, consent_id) DO UPDATE SET state = EXCLUDED.state, changed_at = EXCLUDED.changed_at,
    source = EXCLUDED.source, wording_version = EXCLUDED.wording_version
"""
NOTE = """
INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id)
SELECT contact_id, at, kind, label, detail, %s, %s FROM jsonb_to_recordset(%s::jsonb) AS w (
    contact_id int, at timestamptz, kind text, label text, detail jsonb)
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """`own_time`: said at that time, rather than told now."""

    consent: Consent
    state: ConsentState
    source: str
    at: datetime
    own_time: bool
    version: int

    @property
    def given(self) -> bool:
        return self.state == ConsentState.GIVEN


class Answering:
    """The definitions, held until the transaction ends as `set_consent` holds one."""

    def __init__(self, *, now: datetime, localized: bool) -> None:
        self.now, self.localized = now, localized
        self.consents = {each.key: each for each in Consent.objects.raw(HELD)}
        self.sources: dict[Any, str] = {}  # what was typed → as it is kept: a batch repeats itself
        self.wordings: dict[int, list[tuple[datetime, int]]] = {}
        for consent, at, version in ConsentWording.objects.order_by("created_at", "version").values_list(
            "consent_id", "created_at", "version"
        ):
            self.wordings.setdefault(consent, []).append((at, version))

    def read(self, key: Any, raw: Any) -> Answer:
        """Raises: ValidationError."""
        consent = self.consents.get(key)
        if consent is None:
            raise ValidationError(_("There is no such consent."), code="unknown")
        if not isinstance(raw, dict) or not raw.keys() <= {"state", "source", "at"}:
            raise ValidationError(_("Give an object of state, source and at."), code="not_object")
        if raw.get("state") not in STATES:
            raise ValidationError(_("The state is given or withdrawn."), code="not_state")
        source = self.source(raw.get("source"))
        if not source:
            raise ValidationError(_("Say where the answer comes from."), code="no_source")
        state = ConsentState(raw["state"])
        if state == ConsentState.GIVEN and consent.retired_at is not None:
            raise ValidationError(
                _("“%(name)s” is retired: it can be withdrawn, but not given any more."),
                params={"name": consent.name},
                code="retired",
            )
        at, own_time = self.time_of(raw.get("at"))
        return Answer(
            consent, state, source, at, own_time, self.version(consent, at) if own_time else consent.wording_version
        )

    def source(self, raw: Any) -> str:
        if not isinstance(raw, str):
            return clean_name(normalising.line(raw, longest=LONGEST_SOURCE))
        if raw not in self.sources:
            self.sources[raw] = clean_name(normalising.line(raw, longest=LONGEST_SOURCE))
        return self.sources[raw]

    def time_of(self, raw: Any) -> tuple[datetime, bool]:
        if raw is None or raw == "":
            return self.now, False
        at = datetime.fromisoformat(clean_datetime(Attribute(), raw, self.localized))
        if at > self.now:
            raise ValidationError(_("This time is still to come."), code="future")
        return at, True

    def version(self, consent: Consent, at: datetime) -> int:
        """The wording that people read at that time; before the first of them, that one."""
        versions = self.wordings.get(consent.pk, [])
        if not versions:
            return consent.wording_version
        return versions[max(bisect_right(versions, at, key=lambda each: each[0]) - 1, 0)][1]


@dataclass(slots=True)
class Standing:
    """What a contact has answered by now."""

    state: str
    at: datetime
    version: int
    written: Answer | None = None

    def moved_by(self, answer: Answer) -> bool:
        """Whether the answer is another than this one, and no earlier one; or the person agreed again."""
        if answer.own_time and answer.at < self.at:
            return False
        if answer.state != self.state:
            return True
        return answer.given and (self.version < answer.version or (answer.own_time and self.at < answer.at))


def write_answers(wanted: Sequence[tuple[int, int, Answer]], *, by: str, user: User | None) -> set[int]:
    """Writes (item, contact, answer) in their order, with the history; which items changed something.

    The caller holds the contacts.
    """
    if not wanted:
        return set()
    standing = answers_there({(contact, answer.consent.pk) for _item, contact, answer in wanted})
    changed: set[int] = set()
    entries: list[dict[str, Any]] = []
    asked: dict[int, BitMap] = {}
    for item, contact, answer in wanted:
        asked.setdefault(answer.consent.pk, BitMap()).add(contact)
        pair = contact, answer.consent.pk
        if pair not in standing or standing[pair].moved_by(answer):
            standing[pair] = Standing(answer.state, answer.at, answer.version, answer)
            changed.add(item)
            entries.append(entry_of(contact, answer))
    rows = [row_of(contact, each.written) for (contact, _consent), each in standing.items() if each.written]
    with connection.cursor() as cursor:
        if rows:
            cursor.execute(WRITE, [json.dumps(rows)])
            cursor.execute(NOTE, [by[:254], user.pk if user else None, json.dumps(entries)])
    note_writes(LabelKind.CONSENT, asked)
    return changed


def answers_there(pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Standing]:
    contacts, consents = zip(*sorted(pairs), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(THERE, [id_array(contacts), id_array(consents)])
        return {(contact, consent): Standing(*rest) for contact, consent, *rest in cursor.fetchall()}


def row_of(contact: int, answer: Answer) -> dict[str, Any]:
    return {
        "contact_id": contact,
        "consent_id": answer.consent.pk,
        "state": answer.state.value,
        "source": answer.source,
        "wording_version": answer.version,
        "changed_at": answer.at.isoformat(),
    }


def entry_of(contact: int, answer: Answer) -> dict[str, Any]:
    """Its entry in the history, at the time of the answer."""
    return {
        "contact_id": contact,
        "at": answer.at.isoformat(),
        "kind": (EntryKind.CONSENT_GIVEN if answer.given else EntryKind.CONSENT_WITHDRAWN).value,
        "label": answer.consent.name_en,
        "detail": {
            "consent": answer.consent.key,
            "pl": answer.consent.name_pl,
            "source": answer.source,
            "wording_version": answer.version,
        },
    }
