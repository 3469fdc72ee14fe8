"""Answers to consents changed back: what an action wrote is replaced by what stood there before it."""

from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb
from pyroaring import BitMap

from contacts.holding import holders
from contacts.id_sets import bitmap, id_array
from contacts.label_writes import note_write, rows_before, standing, written_by
from contacts.models import Consent, ContactConsent, EntryKind, LabelKind
from users.models import User

LOCK = """
SELECT FROM contacts_contactconsent WHERE consent_id = %s AND contact_id = ANY (%s::int[])
ORDER BY contact_id FOR UPDATE
"""
# Where there was no answer there is none again; an answer is as it was: since when, from where, to which wording.
RESTORE = """
WITH before AS (
    SELECT row.* FROM unnest(%(before)s::jsonb[]) AS part, jsonb_to_recordset(part) AS row (
        contact_id int, state text, changed_at timestamptz, source text, wording_version int)
    WHERE contact_id = ANY (%(ids)s::int[])
), forgotten AS (
    DELETE FROM contacts_contactconsent answer USING before
    WHERE answer.consent_id = %(consent)s AND answer.contact_id = before.contact_id AND before.state IS NULL
    RETURNING answer.contact_id
), restored AS (
    UPDATE contacts_contactconsent answer SET state = before.state, changed_at = before.changed_at,
        source = before.source, wording_version = before.wording_version
    FROM before
    WHERE answer.consent_id = %(consent)s AND answer.contact_id = before.contact_id AND before.state IS NOT NULL
    RETURNING answer.contact_id
), changed AS (
    SELECT contact_id FROM forgotten UNION ALL SELECT contact_id FROM restored
), written AS (
    INSERT INTO contacts_historyentry (contact_id, at, kind, label, detail, by, user_id, action_run_id)
    SELECT contact_id, %(now)s, %(kind)s, %(label)s, %(detail)s || jsonb_build_object(
        'state', coalesce(state, 'unknown'), 'source', coalesce(source, ''), 'wording_version', wording_version
    ), %(by)s, %(user)s, %(run)s
    FROM changed JOIN before USING (contact_id)
)
SELECT string_agg(int4send(contact_id), '') FROM changed
"""


def restorable(ids: BitMap, consent: int, *, action_run_id: int) -> BitMap:
    """Those of `ids` whose answer still is the one that this run wrote. Changes nothing."""
    if not ids:
        return BitMap()
    mine = written_by(action_run_id, ids).filter(kind=LabelKind.CONSENT, label_id=consent)
    answers = ContactConsent.objects.filter(consent=consent, changed_at__in=list(mine.values_list("at", flat=True)))
    return standing(action_run_id, LabelKind.CONSENT, consent, ids) & holders(answers, ids)


def restore_consent(
    ids: BitMap, consent: Consent, *, action_run_id: int, now: datetime, by: str, user: User | None
) -> BitMap:
    """Changes the answers that this run wrote back to those before it, with the history.

    Never gives a consent that was not given before the run. The answers are locked first: what is found to be still the
    run's cannot be answered anew in between.

    Shape: of `ids`, those changed back; the others have answered since, or are gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [consent.pk, id_array(ids)])
    back = restorable(ids, consent.pk, action_run_id=action_run_id)
    if not back:
        return back
    writes = written_by(action_run_id, back).filter(kind=LabelKind.CONSENT, label_id=consent.pk)
    values: dict[str, Any] = {
        "before": rows_before(writes),
        "ids": id_array(back),
        "consent": consent.pk,
        "now": now,
        "kind": EntryKind.CONSENT_RESTORED,
        "label": consent.name_en,
        "detail": Jsonb({"consent": consent.key, "pl": consent.name_pl}),
        "by": by[:254],
        "user": user.pk if user else None,
        "run": action_run_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(RESTORE, values)
        changed = bitmap(cursor.fetchone()[0])
    note_write(LabelKind.CONSENT, consent.pk, changed, action_run_id=action_run_id, undone=True)
    return changed
