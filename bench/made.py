"""An account made for measuring: a million contacts straight from SQL, and medians of runs side by side."""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402 (after setup)
from django.db import connection  # noqa: E402 (after setup)

SCHEMA = "bench"
CONTACTS = """
INSERT INTO contacts_contact
    (email, phone, first_name, last_name, status, lead_score, source, attributes, created_at, updated_at)
SELECT 'person' || n || '@example.com', '+48' || (600000000 + n),
       (ARRAY['Anna', 'Żaneta', 'Marek', 'Świętosława', 'Olga', 'Piotr'])[1 + n %% 6],
       (ARRAY['Nowak', 'Łęcka', 'Król', 'Wójcik', 'Gąsior'])[1 + n %% 5], 'subscribed', n %% 100, 'fair',
       jsonb_build_object('city', (ARRAY['Warszawa', 'Łódź', 'Kraków', 'Gdańsk'])[1 + n %% 4], 'diopters', n %% 12),
       now() - n * interval '1 minute', now()
FROM generate_series(1, %s) n
"""


def make_account(contacts: int) -> None:
    """Leaves the connection inside account `bench` with that many contacts; uses the one that is there already."""
    from accounts.models import Account
    from contacts.models import Attribute, Contact

    connection.set_schema_to_public()
    call_command("migrate_schemas", shared=True, verbosity=0)
    account = Account.objects.filter(schema_name=SCHEMA).first()
    if account is None:
        account = Account(schema_name=SCHEMA, name="Bench")
        account.save(verbosity=0)
    connection.set_tenant(account)
    if Contact.objects.count() == contacts:
        return
    Contact.objects.all().delete()
    for key, kind in (("city", "text"), ("diopters", "number")):
        Attribute.objects.get_or_create(key=key, defaults={"name": key, "type": kind})
    with connection.cursor() as cursor:
        cursor.execute(CONTACTS, [contacts])
        cursor.execute("VACUUM ANALYZE contacts_contact")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(ours: Callable[[], object], bare: Callable[[], object], *, pairs: int) -> tuple[float, float]:
    """Medians of both, run in turns so that whatever else the machine does hits both alike."""
    mine, theirs = [], []
    for _ in range(pairs):
        mine.append(seconds(ours))
        theirs.append(seconds(bare))
        print(f"  ours {mine[-1]:.2f} s, bare {theirs[-1]:.2f} s, ratio {mine[-1] / theirs[-1]:.2f}")
    return statistics.median(mine), statistics.median(theirs)
