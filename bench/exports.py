"""Export a million contacts with ten columns: our run against bare COPY TO, in turns; and the peak memory.

`DATABASE_URL=… python bench/exports.py [contacts] [pairs] [format]`; a format is one of `exports.formats.FORMATS`, and
for an audience everybody agreed. One format a process, so that the peak is its own.
"""

import sys
from pathlib import Path
from secrets import token_hex

from made import compare, make_account

CONTACTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
FORMAT = sys.argv[3] if len(sys.argv) > 3 else "csv"
COLUMNS = [
    "id", "email", "phone", "first_name", "last_name", "status", "lead_score", "created_at", "attribute:city",
    "attribute:diopters",
]  # fmt: skip
BARE = """
COPY (SELECT id, email, phone, first_name, last_name, status, lead_score, created_at,
             attributes->>'city', attributes->>'diopters' FROM contacts_contact) TO STDOUT (FORMAT csv)
"""


def agree() -> None:
    from django.db import connection

    from contacts.models import Consent

    consent, new = Consent.objects.get_or_create(key="ads", defaults={"name_en": "Ads", "name_pl": "Reklamy"})
    if new:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO contacts_contactconsent (contact_id, consent_id, state, changed_at, source,"
                " wording_version) SELECT id, %s, 'given', now(), 'bench', 1 FROM contacts_contact",
                [consent.pk],
            )
            cursor.execute("VACUUM ANALYZE contacts_contactconsent")


def main() -> None:
    make_account(CONTACTS)
    from django.conf import settings
    from django.db import connection
    from pyroaring import BitMap

    from actions.services import plan_action
    from exports import store
    from exports.formats import FORMATS
    from exports.models import ExportFile
    from jobs.services import run
    from tests.support.audiences import NOW, ready_segment

    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM contacts_contact")
        first, last = cursor.fetchone()
    everyone = BitMap(range(first, last + 1))
    target = Path(settings.MEDIA_ROOT) / "bare.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    ready: list[int] = []
    params: dict[str, object] = {"format": FORMAT, "columns": COLUMNS}
    if FORMATS[FORMAT].audience:
        agree()
        params = {"format": FORMAT, "consent": "ads"}

    def prepare() -> None:
        for file in ExportFile.objects.all():
            store.remove(file.stored_as)
        action = plan_action(ready_segment(everyone, name=token_hex(8)), kind="export", params=params, now=NOW, by=None)
        ready.append(action.runs.get().pk)

    def bare() -> None:
        with target.open("wb", buffering=1 << 20) as file, connection.cursor() as cursor, cursor.copy(BARE) as copy:
            for data in copy:
                file.write(data)

    told = compare(lambda: run("action", ready[-1], now=NOW), bare, pairs=PAIRS, prepare=prepare)
    made = ExportFile.objects.latest("pk")
    print(
        f"export of {made.rows:,} rows as {FORMAT}, {len(made.columns)} columns, {made.size / 1e6:.0f} MB,"
        f" against bare COPY TO of ten: {told}"
    )
    target.unlink()


main()
