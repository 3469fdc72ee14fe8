"""The network signal at full size: `python bench/network.py ACCOUNT`. Others are made as rows; all is undone.

Prints seconds on the clock and of this process, of giving, asking, erasing, and leaving.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_tenants.utils import tenant_context  # noqa: E402

from accounts.models import Account  # noqa: E402
from contacts.models import Contact  # noqa: E402
from jobs.services import run  # noqa: E402
from network import services  # noqa: E402
from network.models import Elsewhere, Exchange, Membership, Phase, Switch  # noqa: E402
from pool import services as pool  # noqa: E402
from pool.models import Given, Participant  # noqa: E402
from pool.rounds import length, round_at  # noqa: E402

OTHERS, EACH = 6, 100_000


@contextmanager
def timed(name: str) -> Iterator[None]:
    clock, own = time.perf_counter(), time.process_time()
    yield
    print(f"{name}: {time.perf_counter() - clock:.2f} s, of this process {time.process_time() - own:.2f} s", flush=True)


def main(name: str) -> None:
    account = Account.objects.get(schema_name=name)
    now = timezone.now()
    made = []
    with tenant_context(account):
        print(f"load {os.getloadavg()[0]:.1f}, {Contact.objects.count()} contacts")
        try:
            services.switch_on(consent=None, now=now - 2 * length(), by="bench")
            own = Participant.objects.get(account=account)
            emails = list(Contact.objects.filter(email__isnull=False).order_by("pk").values_list("email", flat=True))
            for number in range(OTHERS):
                [other] = Account.objects.bulk_create([Account(schema_name=f"bench_other{number}", name="other")])
                made.append(other)
                there = Participant.objects.create(account=other, since=now - timedelta(days=9))
                start = number * EACH // 2  # each half of it is another one's too
                pool.give(there, round_at(now) - 1, emails[start : start + EACH], now=now - length())
                pool.all_given(there, round_at(now) - 1, now=now - length())
            Given.objects.create(participant=own, round=round_at(now) - 1, addresses=1)
            Membership.objects.update(next_at=now)
            services.look(now)
            exchange_of(now)
            print(f"given {Membership.objects.get().given}, yes {Elsewhere.objects.count()}")
            with timed("forget one address"), transaction.atomic():
                pool.forget(emails[:1])
            with timed("off"):
                services.switch_off(now=now, by="bench")
        finally:
            if Membership.objects.exists():
                services.switch_off(now=now, by="bench")
            Exchange.objects.all().delete()
            Switch.objects.filter(by="bench").delete()
            for other in made:
                pool.forget_account(other)
                with connection.cursor() as cursor:
                    cursor.execute("DELETE FROM accounts_account WHERE id = %s", [other.pk])


def exchange_of(now: object) -> None:
    """The whole exchange; then what it took to ask, which begins where the phase changes."""
    job = Exchange.objects.get()
    began = {}

    def clock() -> object:
        phase = Exchange.objects.filter(pk=job.pk).values_list("phase", flat=True).first()
        began.setdefault(phase, time.perf_counter())
        return timezone.now()

    with timed("exchange"):
        run("network_exchange", job.pk, now=now, clock=clock)  # type: ignore[arg-type]
        ended = time.perf_counter()
    job.refresh_from_db()
    print(f"{job.state}; asking {ended - began.get(Phase.ASK, ended):.2f} s of it")


if __name__ == "__main__":
    main(sys.argv[1])
