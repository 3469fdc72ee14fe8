"""Rows go into files exactly once, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from activities.models import Activity, ActivityType, Order, OrderLine, Parameter, Visit
from contacts.models import Attribute, Contact
from mirror import compacting, duck, parts, purging, staging, storing
from mirror.compacting import OvertakenError, compact
from mirror.kinds import LINE
from mirror.models import Cut, Discarded, File, Gone
from mirror.reading import Reader, Rows
from mirror.units import UNITS
from tests import factories
from tests.support.facts import Facts
from tests.support.mirror import assert_exact

STEPS = ["began", "snapshot", "copying", "copied", "named", "written", "stored", "swapping", "swapped in", "swapped"]
pytestmark = pytest.mark.usefixtures("committed", "account")


class Fault(Exception):  # noqa: N818
    """As if the power had gone."""


def bring_up_to_date(*, rebuild: bool = False) -> None:
    for unit in UNITS:
        compact(unit, now=timezone.now(), rebuild=rebuild)


def reaching(step: str, do, monkeypatch) -> None:
    """Calls `do` the first time a compaction reaches the step."""
    open_ = [True]

    def reached(here: str) -> None:
        if here == step and open_.pop() if open_ else False:
            do()

    monkeypatch.setattr(compacting, "reached", reached)


@contextmanager
def another_connection():
    other = connections.create_connection("default")
    other.set_tenant(connection.tenant)
    try:
        yield other
    finally:
        other.close()


def tails() -> dict[str, int]:
    return {kind: tail.rows for kind, tail in Reader().tails.items()}


def test_files_and_newer_rows_make_up_all_rows_after_every_step():
    facts = Facts()
    ids = facts.world()
    before = assert_exact()
    bring_up_to_date()
    assert assert_exact() == before
    assert all(before.values())
    assert tails() == dict.fromkeys(tails(), 0)
    facts.world(10)
    assert assert_exact()["order"] > before["order"]
    bring_up_to_date()
    assert_exact()
    for order in Order.objects.all()[:20]:
        facts.change_order(order)
    for contact in Contact.objects.all()[:7]:
        facts.change_contact(contact)
    assert tails()["order"] == 20
    assert_exact()
    bring_up_to_date()
    assert_exact()
    for model in (Activity, Visit):
        model.objects.filter(pk__in=list(model.objects.values_list("pk", flat=True)[:5])).delete()
    Order.objects.filter(pk__in=list(Order.objects.values_list("pk", flat=True)[:5])).delete()
    Contact.objects.filter(pk__in=ids[:3]).delete()
    assert Gone.objects.exists()
    assert_exact()
    bring_up_to_date()
    assert not Gone.objects.exists()
    assert_exact()
    bring_up_to_date(rebuild=True)
    assert_exact()


def test_what_was_deleted_is_in_no_file_any_more():
    facts = Facts()
    facts.world()
    bring_up_to_date()
    Contact.objects.all().delete()
    assert File.objects.exists()
    bring_up_to_date()
    assert not File.objects.exists()
    assert assert_exact() == dict.fromkeys(tails(), 0)


@pytest.mark.parametrize("step", STEPS)
def test_a_compaction_that_ends_anywhere_changes_nothing(step, monkeypatch):
    left = working_folders()  # of compactions that another test has killed
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    facts.world(5)
    for order in Order.objects.all()[:10]:
        facts.change_order(order)
    Activity.objects.filter(contact_id=ids[0]).delete()
    cuts = {cut.kind: cut.cut for cut in Cut.objects.all()}

    def fail() -> None:
        raise Fault

    reaching(step, fail, monkeypatch)
    for unit in UNITS:
        with pytest.raises(Fault):
            compact(unit, now=timezone.now())
        reaching(step, fail, monkeypatch)
    if step != "swapped":
        assert {cut.kind: cut.cut for cut in Cut.objects.all()} == cuts
    assert_exact()
    monkeypatch.undo()
    bring_up_to_date()
    assert_exact()
    purging.purge(timezone.now() + timedelta(days=2))
    assert_exact()
    stored = {path.name for path in Path(storing.local_path(storing.folder())).iterdir()}
    assert stored == {Path(name).name for name in File.objects.values_list("name", flat=True)}
    assert working_folders() == left


def working_folders() -> set[str]:
    return {path.name for path in duck.folder().iterdir() if path.name.startswith("compaction-")}


KILLED = """
import os, signal, django
django.setup()
from django.db import connection
from django.utils import timezone
from django_tenants.utils import schema_context
from mirror import compacting
connection.settings_dict["NAME"] = {name!r}
compacting.reached = lambda step: os.kill(os.getpid(), signal.SIGKILL) if step == {step!r} else None
with schema_context("acme"):
    compacting.compact("order", now=timezone.now())
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", ["copied", "stored", "swapped in"])
def test_a_killed_compaction_changes_nothing(step):
    facts = Facts()
    facts.world()
    bring_up_to_date()
    facts.world(5)
    code = KILLED.format(name=connection.settings_dict["NAME"], step=step)
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert tails()["order"] > 0
    assert_exact()
    bring_up_to_date()
    assert tails()["order"] == 0
    assert_exact()


@pytest.mark.parametrize("unit", UNITS)
def test_of_two_compactions_at_once_the_second_gives_up(unit, monkeypatch):
    facts = Facts()
    facts.world()
    bring_up_to_date()
    facts.world(5)
    reaching("copied", lambda: compact(unit, now=timezone.now()), monkeypatch)
    with pytest.raises(OvertakenError):
        compact(unit, now=timezone.now())
    assert_exact()
    made = set(Discarded.objects.values_list("name", flat=True))
    assert made
    assert not made & set(File.objects.values_list("name", flat=True))


@pytest.mark.parametrize("first", [True, False])
def test_a_table_emptied_meanwhile_stays_empty(first, monkeypatch):
    facts = Facts()
    facts.world()
    if not first:
        bring_up_to_date()
        facts.world(5)

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE contacts_contact RESTART IDENTITY CASCADE")
        facts.world(3)

    reaching("copied", empty, monkeypatch)
    with pytest.raises(OvertakenError):
        compact("activity", now=timezone.now())
    assert_exact()
    bring_up_to_date()
    assert_exact()


def test_ids_that_come_again_are_not_taken_for_the_deleted_ones():
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    Order.objects.filter(contact_id__in=ids[:5]).delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE contacts_contact RESTART IDENTITY CASCADE")
    facts.world()
    bring_up_to_date()
    assert assert_exact()["order"] > 0


def test_a_row_that_is_deleted_and_comes_back_is_there_once():
    facts = Facts()
    facts.world()
    bring_up_to_date()
    order = Order.objects.first()
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).delete()
        order.save(force_insert=True)
    assert_exact()
    bring_up_to_date()
    assert_exact()


def test_who_commits_late_with_an_early_number_is_not_lost():
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    with another_connection() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO activities_visit (contact_id, at, channel, utm_source, utm_medium, utm_campaign, utm_term,"
                " utm_content, referrer, landing_url) VALUES (%s, now(), 'direct', 'late', '', '', '', '', '', '')",
                [ids[0]],
            )
            cursor.execute("SAVEPOINT half")
            cursor.execute("UPDATE activities_order SET status = 'refunded'")
            cursor.execute("ROLLBACK TO half")
            cursor.execute("UPDATE activities_order SET status = 'shipped' WHERE contact_id = %s", [ids[1]])
        facts.visits(ids, 5)
        bring_up_to_date()
        assert tails()["visit"] == 5  # whose writers came after one that has not ended
        assert_exact()
        other.commit()
    assert tails()["visit"] == 6
    assert_exact()
    bring_up_to_date()
    assert tails()["visit"] == 0
    assert_exact()


def test_rows_changed_while_they_are_copied_are_read_from_the_database(monkeypatch):
    facts = Facts()
    facts.world()
    bring_up_to_date()
    facts.world(5)

    def change() -> None:
        for order in Order.objects.all()[:10]:
            facts.change_order(order)
        Order.objects.filter(pk__in=list(Order.objects.values_list("pk", flat=True)[10:15])).delete()

    reaching("copied", change, monkeypatch)
    compact("order", now=timezone.now())
    assert tails()["order"] == 10
    assert Gone.objects.filter(kind="order").count() == 5
    assert_exact()
    bring_up_to_date()
    assert_exact()


def test_lines_go_with_their_orders_whoever_deletes_or_moves_them():
    facts = Facts()
    facts.world()
    bring_up_to_date()
    first, second, third = Order.objects.filter(lines__isnull=False).distinct()[:3]
    OrderLine.objects.filter(order=first).delete()
    with transaction.atomic():
        third.save()
        OrderLine.objects.filter(order=third).delete()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE activities_orderline SET order_id = %s WHERE order_id = %s", [third.pk, second.pk])
    assert tails()["order"] == 3
    assert_exact()
    bring_up_to_date()
    assert_exact()


def test_an_order_that_moved_to_a_contact_erased_since_counts_for_nobody():
    """Not for the contact under which it is filed."""
    first, second = factories.contact(), factories.contact()
    order = factories.order(first, lines=[{"product": "P", "price": 5}])
    bring_up_to_date()
    Order.objects.filter(pk=order.pk).update(contact=second)
    assert_exact()
    second.delete()
    assert_exact()
    assert not Reader().ids(Rows(LINE)).size
    bring_up_to_date()
    assert_exact()
    assert not Gone.objects.exists()


def test_declared_later_a_parameter_or_attribute_needs_no_rebuild():
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    kind = ActivityType.objects.get(key="login")
    Parameter.objects.create(activity_type=kind, key="device", name="Device", type="text")
    Attribute.objects.create(key="size", name="Size", type="number")
    factories.activity(Contact.objects.get(pk=ids[0]), "login", device="Phone")
    Contact.objects.filter(pk=ids[1]).update(attributes={"size": 42})
    assert_exact()
    bring_up_to_date()
    assert_exact()
    assert tails() == dict.fromkeys(tails(), 0)


# --- other numbers, other columns --------------------------------------------------------------------------------
def test_files_of_another_cluster_are_not_read():
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    Cut.objects.update(system="1", cut=10**15)  # as a dump brings them; new rows have small numbers
    facts.visits(ids, 3)
    assert_exact()
    bring_up_to_date()
    assert tails()["visit"] == 0
    assert_exact()


def test_rows_with_numbers_of_another_cluster_are_mirrored_and_numbered_anew():
    facts = Facts()
    ids = facts.world()
    with connection.cursor() as cursor:
        for table in ("activities_visit", "activities_order"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER mirror_updated")
            cursor.execute(f"UPDATE {table} SET written = {10**15}")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER mirror_updated")
    bring_up_to_date()
    assert tails() == dict.fromkeys(tails(), 0)
    assert_exact()
    facts.visits(ids, 3)
    facts.change_order(Order.objects.first())
    assert (tails()["visit"], tails()["order"]) == (3, 1)
    bring_up_to_date()
    assert tails() == dict.fromkeys(tails(), 0)
    assert_exact()


def test_files_of_another_release_are_not_read_and_made_anew():
    Facts().world()
    bring_up_to_date()
    Cut.objects.update(layout="older")
    names = set(File.objects.values_list("name", flat=True))
    assert tails()["visit"] > 0
    assert_exact()
    bring_up_to_date()
    assert not names & set(File.objects.values_list("name", flat=True))
    assert_exact()


# --- shapes ------------------------------------------------------------------------------------------------------
def test_a_month_has_few_files_however_often_rows_arrive():
    facts = Facts()
    facts.declare()
    ids = [contact.pk for contact in facts.contacts(5)]
    for _ in range(12):
        facts.visits(ids, 10)
        compact("visit", now=timezone.now())
    assert File.objects.filter(kind="visit").count() <= 3
    assert_exact()


def test_many_rows_are_filed_by_years_and_by_months(monkeypatch):
    facts = Facts()
    ids = facts.world()
    bring_up_to_date()
    assert set(File.objects.filter(kind="order").values_list("part", flat=True)) == {"all"}
    monkeypatch.setattr(parts, "YEARS_FROM", 10)
    facts.orders(ids, 1)
    bring_up_to_date()
    assert set(File.objects.filter(kind="order").values_list("part", flat=True)) == {"2026"}
    assert_exact()
    monkeypatch.setattr(parts, "MONTHS_FROM", 10)
    facts.orders(ids, 1)
    bring_up_to_date()
    months = {f"2026-{month:02}" for month in range(1, 11)}
    assert set(File.objects.filter(kind="order").values_list("part", flat=True)) == months
    assert_exact()
    for order in Order.objects.all():
        facts.change_order(order)
    bring_up_to_date()
    assert_exact()


def test_many_types_and_many_pieces_come_to_the_same(monkeypatch, settings):
    facts = Facts()
    monkeypatch.setattr(staging, "BRANCHES", 5)
    facts.world(20, 3000)
    settings.ENGINE_MEMORY_MB = 0.1  # pieces of 12 kB; the database of this process is open already
    bring_up_to_date()
    assert_exact()


def test_rows_lie_in_the_order_in_which_they_happened():
    Facts().world(5, 3000)
    bring_up_to_date()
    with duck.cursor() as cursor:
        for file in File.objects.exclude(kind="contact"):
            moments = cursor.execute(
                f"SELECT moment FROM read_parquet('{storing.local_path(file.name)}') ORDER BY file_row_number"
            ).fetchnumpy()["moment"]
            assert (moments[1:] >= moments[:-1]).all()
            assert (moments[0], moments[-1]) == (file.first_at.replace(tzinfo=None), file.last_at.replace(tzinfo=None))
