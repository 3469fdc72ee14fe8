"""Who brings the files up to date, when, and what is taken away in time."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.utils import timezone

from activities.models import Visit
from jobs import scheduler
from jobs.models import JobState
from jobs.services import run
from mirror import compacting, purging, services, storing, tasks
from mirror.labels import KEPT_S
from mirror.models import Compaction, Cut, Discarded, File, Horizon, LabelChange
from mirror.reading import Reader
from mirror.services import compact, touched
from tests import factories
from tests.support.facts import Facts
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.usefixtures("committed", "account")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _few(settings) -> None:
    settings.MIRROR_AT_ONCE, settings.MIRROR_LATER = 100, 20
    services._touched.clear()


def test_nothing_is_done_for_few_rows():
    facts = Facts()
    facts.world(5, 9)
    assert tasks.look(timezone.now()) is None
    assert not Compaction.objects.exists()


def test_many_rows_wake_a_job_that_brings_all_units_up_to_date(account):
    Facts().world(110, 400)
    now = timezone.now()
    tasks.look(now)
    job = Compaction.objects.get()
    assert job.units == ["contact", "activity", "visit", "order"]
    tasks.look(now)  # never two
    assert Compaction.objects.count() == 1
    done = run("compaction", job.pk, now=now)
    assert (done.state, done.cursor) == (JobState.DONE, 4)
    assert {tail.rows for tail in Reader().tails.values()} == {0}
    assert_exact()
    assert tasks.look(now) is None


def test_some_rows_wait_for_the_pause():
    facts = Facts()
    ids = facts.world(110, 400)
    now = timezone.now()
    compact(now=now)
    facts.visits(ids, 30)
    assert tasks.look(now) == now + timedelta(minutes=5)
    assert not Compaction.objects.exists()
    tasks.look(now + timedelta(minutes=6))
    assert Compaction.objects.get().units == ["visit"]


def test_deleted_rows_leave_the_files_within_a_day():
    Facts().world()
    now = timezone.now()
    compact(now=now)
    Visit.objects.first().delete()
    assert tasks.look(now) == now + timedelta(days=1)
    tasks.look(now + timedelta(days=1))
    assert Compaction.objects.get().units == ["visit"]


def test_what_a_long_transaction_holds_back_wakes_nobody(account):
    facts = Facts()
    ids = facts.world()
    compact(now=timezone.now())
    other = connections.create_connection("default")
    other.set_tenant(account)
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        facts.visits(ids, 150)
        assert tasks.worthwhile(timezone.now()) == ([], None)
        other.rollback()
        assert tasks.worthwhile(timezone.now())[0] == ["visit"]
    finally:
        other.close()


def test_a_job_that_fails_is_tried_again_ever_later(monkeypatch):
    Facts().world(110, 400)
    now = timezone.now()

    def fail(step: str) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(compacting, "reached", fail)
    for tries, minutes in ((1, 2), (2, 4), (3, 8)):
        tasks.look(now)
        run("compaction", Compaction.objects.first().pk, now=now)
        assert Compaction.objects.first().state == JobState.ERRORED
        assert tasks.look(now) == now + timedelta(minutes=minutes)
        assert Compaction.objects.count() == tries
        now += timedelta(minutes=minutes)
    assert_exact()
    monkeypatch.undo()
    tasks.look(now)
    run("compaction", Compaction.objects.first().pk, now=now)
    assert_exact()
    assert tasks.held_until() is None


def test_who_is_overtaken_goes_on_with_the_next_unit(monkeypatch):
    Facts().world(110, 400)
    now = timezone.now()
    tasks.look(now)
    once = [True]

    def overtake(step: str) -> None:
        if step == "copied" and once:
            once.clear()
            compacting.compact("contact", now=now)

    monkeypatch.setattr(compacting, "reached", overtake)
    assert run("compaction", Compaction.objects.get().pk, now=now).state == JobState.DONE
    assert {tail.rows for tail in Reader().tails.values()} == {0}
    assert_exact()


def test_importers_have_the_account_looked_at_now_and_then(account, monkeypatch):
    dues = []
    monkeypatch.setattr(services, "due", dues.append)
    now = timezone.now()
    for _ in range(50):
        touched(1_000, now=now)
    assert len(dues) == 3  # the first, and each 20,000 rows


def test_an_idle_tick_finds_nothing_to_do(account):
    Facts().world()
    compact(now=timezone.now())
    scheduler.tick(timezone.now())
    connection.set_tenant(account)
    assert not Compaction.objects.exists()


# --- taken away --------------------------------------------------------------------------------------------------
def test_replaced_files_stay_for_an_hour():
    Facts().world()
    now = timezone.now()
    compact(now=now)
    old = File.objects.get(kind="visit").name
    compact(now=now, rebuild=True)
    purging.purge(now + HOUR - timedelta(minutes=1))
    assert default_storage.exists(old)
    purging.purge(now + HOUR)
    assert not default_storage.exists(old)
    assert not Discarded.objects.exists()
    assert_exact()


def test_files_that_no_row_names_are_collected_once_they_are_old():
    name = default_storage.save(f"{storing.folder()}/stray.parquet", ContentFile(b"x"))
    now = timezone.now()
    purging.purge(now)
    assert default_storage.exists(name)
    purging.purge(now + 2 * HOUR)
    assert not default_storage.exists(name)


def test_a_file_in_the_making_is_not_collected_and_one_collected_is_not_taken_into_use(monkeypatch):
    Facts().world()
    now = timezone.now()

    def purge(step: str) -> None:
        if step == "stored":
            purging.purge(now + 3 * HOUR)

    monkeypatch.setattr(compacting, "reached", purge)
    compact(now=now)
    assert_exact()
    assert Cut.objects.get(kind="visit").cut

    def purge_too_late(step: str) -> None:
        if step == "stored":
            purging.purge(now + timedelta(days=2))

    monkeypatch.setattr(compacting, "reached", purge_too_late)
    with pytest.raises(compacting.OvertakenError):
        compacting.compact("visit", now=now, rebuild=True)
    assert_exact()


def test_changes_of_labels_are_forgotten_when_no_kept_set_can_depend_on_them(account):
    person = factories.contact()
    now = timezone.now()
    LabelChange.objects.all().delete()  # of tests before, emptied tables
    factories.tag("VIP", person)
    assert LabelChange.objects.count() == 1
    kept = timedelta(seconds=KEPT_S) + purging.MARGIN
    purging.purge(now)
    other = connections.create_connection("default")
    other.set_tenant(account)
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT 1 FROM contacts_contact")
            factories.tag("NEW", person)
            purging.purge(now + timedelta(minutes=1))  # with a snapshot open that has not seen NEW
        purging.purge(now + kept)
        assert LabelChange.objects.count() == 1  # VIP was settled at the first horizon
        purging.purge(now + kept + timedelta(minutes=1))
        assert LabelChange.objects.count() == 1
    finally:
        other.rollback()
        other.close()
    purging.purge(now + kept + timedelta(minutes=2))
    purging.purge(now + 3 * kept)
    assert not LabelChange.objects.exists()
    assert Horizon.objects.count() <= 2


def test_changes_of_labels_with_numbers_of_another_cluster_go_at_once():
    LabelChange.objects.create(kind="tag", label_id=1, written=10**15)
    purging.purge(timezone.now())
    assert not LabelChange.objects.filter(label_id=1).exists()
