"""Undo a run on half of the contacts: each kind's run, its dry run and its undo, one after the other.

`DATABASE_URL=… python bench/undo.py [contacts]`
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from secrets import token_hex
from typing import Any

from made import cost, make_account

CONTACTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000


def main() -> None:
    make_account(CONTACTS)
    from django.db import connection
    from pyroaring import BitMap

    from actions.models import ActionRun
    from actions.services import plan_action, undo_run
    from actions.undoing import prospect
    from contacts.models import Consent
    from jobs.services import run as run_job
    from tags.models import Category, Tag
    from tests.support.audiences import NOW, ready_segment

    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM contacts_contact")
        first, last = cursor.fetchone()
    half = BitMap(range(first, last + 1, 2))
    name = token_hex(4).upper()
    tag = Tag.objects.create(name=f"T{name}")
    category = Category.objects.add_root({"name": name, "slug_path": name.lower()})
    consent = Consent.objects.create(key=f"c_{name.lower()}", name_en=name, name_pl=name)
    kinds: dict[str, dict[str, Any]] = {
        "add_tag": {"tag": tag.pk, "name": name},
        "remove_tag": {"tag": tag.pk, "name": name},
        "add_category": {"category": category.pk, "name": name},
        "remove_category": {"category": category.pk, "name": name, "below": True},
        "add_consent": {"consent": consent.pk, "name": name, "source": "fair"},
        "remove_consent": {"consent": consent.pk, "name": name, "source": "letter"},
    }

    def done(kind: str, hours: int) -> ActionRun:
        now = NOW + timedelta(hours=hours)
        segment = ready_segment(half, at=now, name=token_hex(8))
        run = plan_action(segment, kind=kind, params=kinds[kind], now=now, by=None).runs.get()
        told(f"{kind}, run", lambda: run_job("action", run.pk, now=now))
        return ActionRun.objects.get(pk=run.pk)

    def undone(run: ActionRun, hours: int) -> None:
        now = NOW + timedelta(hours=hours)
        told(f"{run.action.kind}, dry run of the undo", lambda: prospect(run, now=now))
        undo = undo_run(run, now=now, by=None)
        told(f"{run.action.kind}, undo", lambda: run_job("undo", undo.pk, now=now))
        undo.refresh_from_db()
        assert undo.back_count == len(half), undo.state

    for what in ("tag", "category", "consent"):
        put_on = done(f"add_{what}", 1)
        undone(done(f"remove_{what}", 2), 3)
        undone(put_on, 4)


def told(what: str, work: Callable[[], object]) -> None:
    took = cost(work)
    print(f"{what}: {took.seconds:.2f} s, processor {took.processor:.2f} s", flush=True)


main()
