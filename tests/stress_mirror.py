"""Everything at once: writers, long transactions, compactions, purges, and counts, each compared with PostgreSQL.

`python tests/stress_mirror.py --account NAME --seconds 180` on an account that may be filled with nonsense (its
database is that of DATABASE_URL); `make stress MINUTES=3` makes throw-away services for it. Each role is a process of
its own.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROLES = {"writer": 3, "lingerer": 1, "compactor": 2, "checker": 2}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--account", default="acme")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--role", choices=list(ROLES))
    given = parser.parse_args()
    if given.role is None:
        return all_roles(given.account, given.seconds, given.seed)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django_tenants.utils import tenant_context

    from accounts.models import Account

    with tenant_context(Account.objects.get(schema_name=given.account)):
        done = Role(given.seed).run(given.role, given.seconds)
    print(json.dumps(done))
    return 1 if done.get("wrong") else 0


def all_roles(account: str, seconds: float, seed: int) -> int:
    """Runs all of them; prints what they did."""
    command = [sys.executable, __file__, "--account", account, "--seconds", str(seconds)]
    running = [
        (role, subprocess.Popen([*command, "--role", role, "--seed", str(seed + 100 * number)], stdout=subprocess.PIPE))
        for role, count in ROLES.items()
        for number in range(count)
    ]
    told: dict[str, Counter] = {role: Counter() for role in ROLES}
    failed = 0
    for role, process in running:
        output, _none = process.communicate()
        failed += process.returncode != 0
        lines = output.decode().splitlines()
        for line in lines[:-1]:
            print(role, line)
        told[role].update(json.loads(lines[-1]) if lines else {"died": 1})
    for role, counter in told.items():
        print(role, dict(counter))
    print("FAILED" if failed else f"right, seed {seed}")
    return failed


class Role:
    def __init__(self, seed: int) -> None:
        from tests.support.facts import Facts

        self.random = random.Random(seed)
        self.facts = Facts(seed)
        self.facts.number = seed * 1_000_000
        self.done: Counter = Counter()
        self.others = Others()

    def run(self, role: str, seconds: float) -> Counter:
        from tags.models import Tag

        self.facts.declare()
        for number in range(3):
            Tag.objects.get_or_create(name=f"STRESS{number}")
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.done["wrong"]:
            getattr(self, role)()
        return self.done

    # --- writing -------------------------------------------------------------------------------------------------
    def writer(self) -> None:
        """Some changes in one transaction; half of them take their time, some are undone in part or wholly."""
        from django.db import IntegrityError, OperationalError, transaction

        try:
            with transaction.atomic():
                for _ in range(self.random.randint(1, 4)):
                    self.change()
                if self.random.random() < 0.3:
                    try:
                        with transaction.atomic():
                            self.change()
                            self.change()
                            raise UndoError  # noqa: TRY301
                    except UndoError:
                        self.done["undone"] += 1
                if self.random.random() < 0.5:
                    self.others.wait_for(self.random.randint(1, 5), seconds=0.2)
                self.others.tell()
                if self.random.random() < 0.1:
                    raise UndoError  # noqa: TRY301
            self.done["commits"] += 1
        except UndoError:
            self.done["rolled back"] += 1
        except (IntegrityError, OperationalError):
            self.done["refused"] += 1  # a contact erased meanwhile, a deadlock

    def lingerer(self) -> None:
        """A transaction that writes early and ends late."""
        from django.db import IntegrityError, OperationalError, transaction

        try:
            with transaction.atomic():
                self.change()
                self.others.wait_for(self.random.randint(1, 60), seconds=3)
                self.change()
                self.others.tell()
                if self.random.random() < 0.3:
                    raise UndoError  # noqa: TRY301
            self.done["commits"] += 1
        except UndoError:
            self.done["rolled back"] += 1
        except (IntegrityError, OperationalError):
            self.done["refused"] += 1

    def change(self) -> None:  # noqa: C901, PLR0912 - a list of what can happen
        from activities.models import Activity, Order, OrderLine, Visit
        from contacts.models import Contact
        from tags.models import ContactTag, Tag

        facts, some = self.facts, self.random.random()
        ids = list(Contact.objects.values_list("pk", flat=True)[:2000])
        if len(ids) < 100 or some < 0.1:
            ids += [contact.pk for contact in facts.contacts(self.random.randint(1, 10))]
        elif some < 0.35:
            facts.activities(ids, self.random.randint(1, 60))
        elif some < 0.45:
            facts.visits(ids, self.random.randint(1, 20))
        elif some < 0.6:
            facts.orders(ids, self.random.randint(1, 10))
        elif some < 0.75:
            for order in self.some(Order, 3):
                facts.change_order(order)
                if self.random.random() < 0.2:
                    Order.objects.filter(pk=order.pk).update(contact_id=self.random.choice(ids))
        elif some < 0.85:
            for contact in self.some(Contact, 3):
                facts.change_contact(contact)
        elif some < 0.92:
            tag = Tag.objects.get(name=f"STRESS{self.random.randrange(3)}")
            ContactTag.objects.filter(tag=tag, contact_id__in=self.random.sample(ids, 20)).delete()
            ContactTag.objects.bulk_create(
                [
                    ContactTag(tag=tag, contact_id=each, assigned_at=facts.moment())
                    for each in self.random.sample(ids, 20)
                ],
                ignore_conflicts=True,
            )
        elif some < 0.97:
            model = self.random.choice([Activity, Visit, Order])
            keys = [each.pk for each in self.some(model, 5)]
            if model is Order:
                OrderLine.objects.filter(order_id__in=keys).delete()
            model.objects.filter(pk__in=keys).delete()
        else:
            for contact in self.some(Contact, 2):
                contact.delete()

    def some(self, model, count: int) -> list:
        last = model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        return list(model.objects.filter(pk__gte=self.random.randint(0, last)).order_by("pk")[:count])

    # --- compacting ----------------------------------------------------------------------------------------------
    def compactor(self) -> None:
        """Any unit, sometimes from nothing; and purges as if hours had passed, under the readers' feet."""
        from django.utils import timezone

        from mirror import storing
        from mirror.compacting import OvertakenError, compact
        from mirror.units import UNITS

        self.others.wait_for(self.random.randint(1, 20), seconds=1)
        try:
            outcome = compact(self.random.choice(list(UNITS)), now=timezone.now(), rebuild=self.random.random() < 0.1)
            self.done["compactions"] += 1
            self.done["rows filed"] += outcome.rows
            self.done["files made"] += outcome.made
        except OvertakenError:
            self.done["overtaken"] += 1
        if self.random.random() < 0.2:
            self.done["purged"] += storing.remove_discarded(before=timezone.now() - timedelta(seconds=1))

    # --- counting ------------------------------------------------------------------------------------------------
    def checker(self) -> None:
        """All kinds, in one snapshot that may grow old over it; and who has a label."""
        import numpy as np
        from django.db import connection

        from activities.models import ActivityType
        from mirror import reading
        from mirror.kinds import KINDS, ORDER
        from mirror.reading import Reader, Rows
        from mirror.snapshots import snapshot

        if not self.done["snapshots"]:
            report = reading.report

            def counted(broken) -> None:
                self.done["files gone under a reader"] += 1
                report(broken)

            reading.report = counted
        with snapshot(), connection.cursor() as cursor:
            reader = Reader()
            everyone = np.array(reader.everyone, dtype=np.int64)
            if self.random.random() < 0.2:
                self.others.wait_for(self.random.randint(1, 80), seconds=4)  # files may go meanwhile
            first = self.facts.moment() if self.random.random() < 0.5 else None
            for kind in KINDS.values():
                types = ActivityType.objects.values_list("pk", flat=True) if kind.name == "activity" else [0]
                for type_ in types:
                    window = first if kind.moment is not None else None
                    rows = Rows(kind, columns=(*self.columns(kind),), type=type_, first=window)
                    extra = (
                        f"sum(CAST(total * {10_000 // getattr(ORDER.columns['total'], 'unit', 1)} AS BIGINT))"
                        if kind is ORDER
                        else "count(*)"
                    )
                    found = reader.select(
                        rows,
                        f"SELECT contact_id, count(*) AS n, sum({kind.key.name}) AS keys, {extra} AS more"
                        " FROM {rows} GROUP BY 1",
                    )
                    there = np.isin(found["contact_id"], everyone)
                    here = (
                        int(there.sum()), int(found["n"][there].sum()), int(found["keys"][there].sum()),
                        int(found["more"][there].sum()),
                    )  # fmt: skip
                    self.compare(f"{kind.name} {type_}", here, self.plainly(cursor, kind, type_, window))
            self.labels(cursor)
            self.buyers(cursor)
        self.done["snapshots"] += 1

    @staticmethod
    def columns(kind) -> list:
        return [kind.columns["total"]] if kind.name == "order" else list(kind.columns.values())[:1]

    def plainly(self, cursor, kind, type_: int, window) -> tuple:
        extra = "sum((t.total * 10000)::bigint)" if kind.name == "order" else "count(*)"
        conditions, params = ["true"], []
        if type_:
            conditions.append("t.type_id = %s")
            params.append(type_)
        if window is not None:
            conditions.append("t.at >= %s")
            params.append(window)
        cursor.execute(
            f"SELECT count(DISTINCT {kind.contact.sql}), count(*), COALESCE(sum({kind.key.sql}), 0)::bigint,"
            f" COALESCE({extra}, 0)::bigint FROM {kind.source} WHERE {' AND '.join(conditions)}",
            params,
        )
        return cursor.fetchone()

    def buyers(self, cursor) -> None:
        """What buyers come to, kept of the files, beside what has been written since."""
        from zoneinfo import ZoneInfo

        from pyroaring import BitMap

        from segmentation.criteria import Context
        from segmentation.criteria.standing import standing

        now = self.facts.moment()
        found = standing(Context(now=now, zone=ZoneInfo("Europe/Warsaw"), only=BitMap([1])))
        if found is None:
            return
        cursor.execute(
            "SELECT contact_id, (extract(epoch FROM max(at)) * 1000000)::bigint, count(*),"
            " sum((total * 10000)::bigint)::bigint"
            " FROM activities_order WHERE status NOT IN ('cancelled', 'refunded') AND at <= %s GROUP BY 1",
            [now],
        )
        here = sorted(zip(*(each.tolist() for each in found), strict=True))
        self.compare(f"buyers at {now}", here, sorted(cursor.fetchall()))
        self.done["buyers"] += 1

    def labels(self, cursor) -> None:
        from pyroaring import BitMap

        from mirror.labels import holders
        from tags.models import ContactTag, Tag

        tags = list(Tag.objects.filter(name__startswith="STRESS").values_list("pk", flat=True))

        def read(some) -> dict[int, BitMap]:
            self.done["label sets read"] += len(some)
            return {
                tag: BitMap(ContactTag.objects.filter(tag_id=tag).values_list("contact_id", flat=True)) for tag in some
            }

        for tag, ids in holders("tag", tags, read=read).items():
            now = set(ContactTag.objects.filter(tag_id=tag).values_list("contact_id", flat=True))
            self.compare(f"tag {tag}", set(ids), now)
            self.done["label sets"] += 1

    def compare(self, what: str, here, there) -> None:
        self.done["comparisons"] += 1
        if here != there:
            self.done["wrong"] += 1
            print(f"{what}: {here} instead of {there}", flush=True)


class Others:
    """What other processes have ended meanwhile: PostgreSQL tells it with their commits."""

    def __init__(self) -> None:
        import psycopg
        from django.db import connection

        self.channel = f"stress_{connection.schema_name}"
        self.connection = psycopg.connect(
            **connection.get_connection_params() | {"cursor_factory": None}, autocommit=True
        )
        self.connection.execute(f"LISTEN {self.channel}")

    def tell(self) -> None:
        """Told when the transaction commits."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {self.channel}")

    def wait_for(self, commits: int, *, seconds: float) -> None:
        """Until so many transactions of others have committed from now on, but not longer than that."""
        for _told in self.connection.notifies(timeout=0):
            pass
        for _told in self.connection.notifies(timeout=seconds, stop_after=commits):
            pass


class UndoError(Exception):
    """Take it back."""


if __name__ == "__main__":
    sys.exit(main())
