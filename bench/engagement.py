"""The page of engagement at full size: cold, warm, and right after an event; beside the bare count in SQL.

    python -m bench.engagement [ACCOUNT]          # the account of bench.engine

Times are of the whole answer of the server, rendered; a visit is written before each "after an event" and taken away
at the end. Processor time of this process stands beside: PostgreSQL's is not in it.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_tenants.utils import schema_context  # noqa: E402

from accounts.models import Account, Domain  # noqa: E402
from activities.models import Visit  # noqa: E402
from contacts.models import Contact  # noqa: E402
from insights.engagement import filed_days, people  # noqa: E402
from users.models import Role, User  # noqa: E402

EMAIL = "bench-engagement@example.com"
BARE = """
SELECT count(*) FROM (
    SELECT contact_id FROM activities_activity t JOIN activities_activitytype k ON k.id = t.type_id
        WHERE k.key IN ('email_open', 'email_click', 'sms_click', 'product_view', 'add_to_cart') AND at > %(since)s
    UNION SELECT contact_id FROM activities_visit WHERE at > %(since)s
    UNION SELECT contact_id FROM activities_order WHERE at > %(since)s AND status NOT IN ('cancelled', 'refunded')
) engaged
"""


def main() -> None:
    account = Account.objects.get(schema_name=sys.argv[1] if len(sys.argv) > 1 else "bench_engine")
    host = Domain.objects.filter(tenant=account).values_list("domain", flat=True)[0]
    with schema_context(account.schema_name):
        user, _made = User.objects.get_or_create(email=EMAIL, defaults={"role": Role.OWNER})
        client, written = Client(headers={"host": host}), []
        client.force_login(user)
        contact = Contact.objects.order_by("pk")[0]

        def page(query: str = "") -> None:
            response = client.get(f"/engagement/?count=1{query}", headers={"hx-request": "true"})
            assert response.status_code == 200, response.status_code
            connection.set_tenant(account)

        def event() -> None:
            written.append(Visit.objects.create(contact=contact, at=timezone.now(), channel="direct").pk)

        def restarted() -> None:
            filed_days._kept.clear()  # noqa: SLF001 - as a process that has just begun
            people._kept.clear()  # noqa: SLF001 - likewise

        def emptied() -> None:
            restarted()
            cache.clear()

        try:
            page()
            tell("everything read anew", page, 3, emptied)
            tell("another process has read it", page, 5, restarted)
            tell("opened again", page, 9)
            tell("after an event", page, 9, event)
            tell("after an event, by days, all contacts", lambda: page("&by=day&of=all"), 9, event)
            tell("after an event, as of 40 days ago", lambda: page(f"&day={day_before(40)}"), 9, event)
            tell("after an event, window of 30 days", lambda: page("&days=30"), 9, event)
            tell("bare SQL: the engaged alone", lambda: bare(account), 3)
        finally:
            Visit.objects.filter(pk__in=written).delete()
            User.objects.filter(email=EMAIL).delete()


def day_before(days: int) -> str:
    return (timezone.now() - timedelta(days=days)).date().isoformat()


def bare(account: Account) -> None:
    connection.set_tenant(account)
    with connection.cursor() as cursor:
        cursor.execute(BARE, {"since": timezone.now() - timedelta(days=90)})
        cursor.fetchone()


def tell(name: str, work: Callable[[], None], times: int, before: Callable[[], None] = lambda: None) -> None:
    walls, processor = [], []
    for _ in range(times):
        before()
        wall, own = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processor.append(time.process_time() - own)
    print(f"{name}: {ms(walls)} ms, processor {ms(processor)} ms (medians of {times}, most {max(walls) * 1000:.0f})")


def ms(found: list[float]) -> str:
    return f"{statistics.median(found) * 1000:.0f}"


if __name__ == "__main__":
    main()
