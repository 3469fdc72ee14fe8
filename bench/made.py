"""An account made for measuring: a million contacts straight from SQL, and medians of runs side by side."""

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.embedded.environment import provide
from config.embedded.folders import Folders

SERVICES = provide(Folders.from_environment())  # kept as long as this process lives

import django  # noqa: E402 (the services' addresses have to be known)

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


@dataclass(frozen=True)
class Cost:
    """What some work took: by the clock, and of the processors (ours and our database session's together).

    The clock tells nothing while others keep the machine busy; the processor time hardly changes.
    """

    seconds: float
    processor: float


def used() -> float:
    """Processor seconds of this process and, where /proc shows it, of its database session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) if stat.exists() else 0
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def cost(work: Callable[[], object]) -> Cost:
    before, started = used(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - started, used() - before)


def compare(
    ours: Callable[[], object], bare: Callable[[], object], *, pairs: int, prepare: Callable[[], object] = lambda: None
) -> str:
    """Runs both in turns, so that whatever else the machine does hits both alike, and tells the medians.

    `prepare` is called before each pair and not measured.
    """
    mine, theirs = [], []
    for _ in range(pairs):
        prepare()
        mine.append(cost(ours))
        theirs.append(cost(bare))
        print(f"  ours {mine[-1].seconds:.2f} s, bare {theirs[-1].seconds:.2f} s")
    told = []
    for name in ("seconds", "processor"):
        one, other = (statistics.median(getattr(each, name) for each in costs) for costs in (mine, theirs))
        told.append(f"{name} {one:.2f} against {other:.2f}, ratio {one / other:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return "; ".join([*told, f"peak {peak} MB"])
