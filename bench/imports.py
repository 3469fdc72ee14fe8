"""Import a million contacts from a CSV file: our run against bare COPY FROM of the same rows, in turns; and the memory.

The bare table is that of another account: the same columns, constraints, indexes and trigger. Ours also checks every
cell, looks for who is there already, writes each contact's history and a report of every row.

`DATABASE_URL=… python bench/imports.py [contacts] [pairs]`
"""

import csv
import json
import sys
from pathlib import Path

from made import compare, make_account

CONTACTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
PAIRS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
FIRST = ["Anna", "Żaneta", "Marek", "Świętosława", "Olga", "Piotr"]
LAST = ["Nowak", "Łęcka", "Król", "Wójcik", "Gąsior"]
CITIES = ["Warszawa", "Łódź", "Kraków", "Gdańsk"]
HEADINGS = ["e-mail", "telefon", "imię", "nazwisko", "id klienta", "status", "punkty", "źródło", "city", "diopters"]
COPY = """
COPY contacts_contact (email, phone, first_name, last_name, external_id, status, lead_score, source, attributes,
    created_at, updated_at) FROM STDIN (FORMAT csv)
"""


def row(n: int) -> list[str]:
    return [
        f"person{n}@example.com", f"+48{600_000_000 + n}", FIRST[n % 6], LAST[n % 5], f"K-{n}", "subscribed",
        str(n % 100), "fair", CITIES[n % 4], str(n % 12),
    ]  # fmt: skip


def main() -> None:
    make_account(0)
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from accounts.models import Account
    from imports.models import Import, Subject
    from imports.plans import plan_from
    from imports.services import keep_upload, start
    from jobs.services import run

    ours = Account.objects.get(schema_name="bench")
    other = Account.objects.filter(schema_name="barebench").first()
    if other is None:
        connection.set_schema_to_public()
        other = Account(schema_name="barebench", name="Bare")
        other.save(verbosity=0)
    for account in (other, ours):
        connection.set_tenant(account)
        make_attributes()
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    file, plain = folder / "bench.csv", folder / "bare.csv"
    with file.open("w", newline="") as one, plain.open("w", newline="") as two:
        mine, bare = csv.writer(one), csv.writer(two)
        mine.writerow(HEADINGS)
        for n in range(CONTACTS):
            cells = row(n)
            mine.writerow(cells)
            attributes = json.dumps({"city": cells[8], "diopters": int(cells[9])}, ensure_ascii=False)
            bare.writerow([*cells[:8], attributes, "2026-11-22 09:00+00", "2026-11-22 09:00+00"])
    print(f"{file.stat().st_size / 1e6:.0f} MB")

    def emptied() -> None:
        for account in (other, ours):
            connection.set_tenant(account)
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE contacts_contact CASCADE")

    def imported() -> None:
        connection.set_tenant(ours)
        now = timezone.now()
        with file.open("rb") as given:
            source = keep_upload(
                iter(lambda: given.read(1 << 20), b""), subject=Subject.CONTACTS, name="bench.csv", now=now, by=None
            )
        job = start(source, plan_from(source.choices), now=now, by=None)
        run("import", job.pk, now=now)
        done = Import.objects.latest("pk")
        assert (done.state, done.created_count) == ("done", CONTACTS), (done.state, done.problem, done.rejected_count)

    def copied() -> None:
        connection.set_tenant(other)
        with plain.open("rb") as given, connection.cursor() as cursor, cursor.copy(COPY) as copy:
            while data := given.read(1 << 20):
                copy.write(data)

    told = compare(imported, copied, pairs=PAIRS, prepare=emptied)
    print(f"import of {CONTACTS:,} contacts, {len(HEADINGS)} columns, against bare COPY FROM: {told}")
    file.unlink()
    plain.unlink()


def make_attributes() -> None:
    from contacts.models import Attribute

    for key, kind in (("city", "text"), ("diopters", "number")):
        Attribute.objects.get_or_create(key=key, defaults={"name": key, "type": kind})


main()
