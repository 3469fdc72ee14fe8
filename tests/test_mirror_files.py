"""Files that are gone or altered cost time and nothing else; storages without paths; an account's files are its own."""

import os
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from activities.models import Order
from jobs import scheduler
from jobs.models import JobState
from jobs.services import run
from mirror import compacting, files, purging, reports, storing, tasks
from mirror.compacting import compact
from mirror.files import BrokenFileError
from mirror.kinds import ORDER
from mirror.models import Broken, Compaction, Discarded, File
from mirror.reading import Reader, Rows
from mirror.services import compact as bring_up_to_date
from mirror.services import forget
from mirror.snapshots import snapshot
from tests.support.facts import Facts
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.usefixtures("committed", "account")


@pytest.fixture(autouse=True)
def _speaking() -> None:
    reports._said.clear()


def remove(path: Path) -> None:
    path.unlink()


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def exchange(path: Path) -> None:
    """With another sound file that the mirror has now: one of a former test may have the very same rows."""
    other = File.objects.exclude(kind="order").first()
    path.write_bytes(Path(default_storage.path(other.name)).read_bytes())


def broken_file(how) -> File:
    file = File.objects.get(kind="order")
    how(Path(default_storage.path(file.name)))
    return file


@pytest.mark.parametrize("how", [remove, cut_short, empty, alter, exchange])
def test_a_broken_file_is_passed_over_reported_and_made_anew(how, account):
    facts = Facts()
    people = facts.world()
    bring_up_to_date(now=timezone.now())
    assert_exact()
    file = broken_file(how)
    facts.orders([people[0]], 1)
    assert_exact()  # inside a snapshot that writes nothing
    assert [broken.name for broken in Broken.objects.all()] == [file.name]
    account.refresh_from_db()
    assert account.next_due_at <= timezone.now()
    now = timezone.now()
    scheduler.tick(now)
    connection.set_tenant(account)
    job = Compaction.objects.get()
    assert job.units == ["order"]
    done = run("compaction", job.pk, now=now)
    assert done.state == JobState.DONE
    assert not Broken.objects.exists()
    assert not File.objects.filter(name=file.name).exists()
    Reader().select(Rows(ORDER), "SELECT count(*) FROM {rows}")
    assert not Broken.objects.exists()
    assert_exact()


def test_a_broken_file_that_has_to_be_written_anew_is_made_from_the_database():
    facts = Facts()
    facts.world()
    bring_up_to_date(now=timezone.now())
    broken_file(alter)
    facts.change_order(Order.objects.first())
    with pytest.raises(BrokenFileError):
        compact("order", now=timezone.now())
    assert_exact()
    bring_up_to_date(now=timezone.now())
    assert_exact()


def test_a_file_reported_for_nothing_is_not_made_anew():
    Facts().world()
    bring_up_to_date(now=timezone.now())
    file = File.objects.get(kind="order")
    reports.report(BrokenFileError("order", file.name))
    assert Broken.objects.exists()
    assert not tasks.broken("order")
    assert not Broken.objects.exists()


def test_a_file_that_is_out_of_use_is_not_reported():
    facts = Facts()
    facts.world()
    bring_up_to_date(now=timezone.now())
    with snapshot():
        old = Reader()
        assert old.tails["order"].cut
        names = list(File.objects.filter(kind="order").values_list("name", flat=True))
        old._parts(Rows(ORDER))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    bring_up_to_date(now=timezone.now(), units=["order"], rebuild=True)
    storing.remove_discarded(before=timezone.now() + timedelta(minutes=1))
    assert not default_storage.exists(names[0])
    reports.report(BrokenFileError("order", names[0]))
    assert not Broken.objects.exists()


def test_the_same_is_not_said_again_and_again(django_assert_num_queries):
    Facts().world()
    bring_up_to_date(now=timezone.now())
    file = broken_file(alter)
    reports.report(BrokenFileError("order", file.name))
    with django_assert_num_queries(0):
        reports.report(BrokenFileError("order", file.name))


def test_a_wrong_query_is_nobodys_broken_file():
    Facts().world()
    bring_up_to_date(now=timezone.now())
    for wrong in (
        "SELECT nothing FROM {rows}",
        "SELECT CAST('x' AS INTEGER) FROM {rows}",
        "SELECT error('x') FROM {rows}",
    ):
        with pytest.raises(duckdb.Error):
            Reader().select(Rows(ORDER), wrong)
    assert not Broken.objects.exists()


def test_a_file_altered_between_the_look_and_the_reading_is_noticed(monkeypatch):
    Facts().world()
    bring_up_to_date(now=timezone.now())
    path = files.path

    def then_gone(part, kind) -> str:
        found = path(part, kind)
        Path(found).unlink(missing_ok=True)
        monkeypatch.setattr(files, "path", path)
        return found

    monkeypatch.setattr(files, "path", then_gone)
    counted = Reader().select(Rows(ORDER), "SELECT count(*) AS n FROM {rows}")["n"][0]
    assert counted == Order.objects.count()
    assert Broken.objects.exists()


def test_a_checksum_is_made_once_for_a_process_and_a_file(monkeypatch):
    Facts().world()
    bring_up_to_date(now=timezone.now())
    made = []
    checksum = files.checksum
    monkeypatch.setattr(files, "checksum", lambda file: made.append(1) or checksum(file))
    for _ in range(3):
        Reader().ids(Rows(ORDER))
    assert len(made) == 1


OTHER_PROCESS = """
import django
django.setup()
from django.db import connection
from django.utils import timezone
from django_tenants.utils import schema_context
connection.settings_dict["NAME"] = {name!r}
from mirror.services import compact
with schema_context("acme"):
    compact(now=timezone.now())
"""


def test_what_another_process_made_is_read_at_once():
    facts = Facts()
    facts.world()
    bring_up_to_date(now=timezone.now())
    assert_exact()
    facts.world(5)
    code = OTHER_PROCESS.format(name=connection.settings_dict["NAME"])
    subprocess.run([sys.executable, "-c", code], env=os.environ, check=True)
    assert {tail.rows for tail in Reader().tails.values()} == {0}
    assert_exact()


def test_what_was_undone_leaves_nothing_behind_in_the_process(monkeypatch):
    facts = Facts()
    people = facts.world()
    bring_up_to_date(now=timezone.now())
    facts.orders([people[0]], 3)

    def read_and_fail(step: str) -> None:
        if step == "swapped in":
            Reader().ids(Rows(ORDER))
            raise RuntimeError

    monkeypatch.setattr(compacting, "reached", read_and_fail)
    with pytest.raises(RuntimeError):
        compact("order", now=timezone.now())
    monkeypatch.undo()
    assert_exact()


def test_accounts_do_not_see_each_others_files(account, other_account):
    Facts(1).world(20)
    bring_up_to_date(now=timezone.now())
    with tenant_context(other_account):
        facts = Facts(2)
        facts.world(40)
        assert_exact()
        bring_up_to_date(now=timezone.now())
        counts = assert_exact()
    assert counts["contact"] == 40
    assert assert_exact()["contact"] == 20
    purging.purge(timezone.now() + timedelta(days=2))
    with tenant_context(other_account):
        assert_exact()
        assert {Path(default_storage.path(name)).exists() for name in File.objects.values_list("name", flat=True)} == {
            True
        }


def test_a_forgotten_mirror_leaves_no_file_and_loses_no_row():
    Facts().world()
    bring_up_to_date(now=timezone.now())
    paths = [Path(default_storage.path(name)) for name in File.objects.values_list("name", flat=True)]
    assert {path.exists() for path in paths} == {True}
    forget()
    assert {path.exists() for path in paths} == {False}
    assert not Discarded.objects.exists()
    assert_exact()
    bring_up_to_date(now=timezone.now())
    assert_exact()


# --- a storage that is no folder of this machine -----------------------------------------------------------------
class Elsewhere(Storage):
    """As an object store: names, bytes, and no paths."""

    kept: dict[str, bytes] = {}
    opened: list[str] = []

    def _open(self, name: str, mode: str = "rb") -> ContentFile:
        self.opened.append(name)
        if name not in self.kept:
            raise ConnectionError(name)
        return ContentFile(self.kept[name], name=name)

    def _save(self, name: str, content) -> str:
        self.kept[name] = b"".join(content.chunks())
        return name

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.kept

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return [], [name.removeprefix(f"{path}/") for name in self.kept if name.startswith(f"{path}/")]

    def get_modified_time(self, name: str):
        return timezone.now() - timedelta(days=1)


@pytest.fixture
def elsewhere(settings) -> Elsewhere:
    Elsewhere.kept, Elsewhere.opened = {}, []
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.Elsewhere"}}
    return Elsewhere()


def test_a_storage_without_paths_serves_as_well(elsewhere):
    facts = Facts()
    facts.world()
    bring_up_to_date(now=timezone.now())
    assert len(elsewhere.kept) == File.objects.count()
    elsewhere.opened.clear()
    assert_exact()
    assert sorted(elsewhere.opened) == sorted(File.objects.values_list("name", flat=True))  # each once
    assert_exact()
    assert len(elsewhere.opened) == File.objects.count()
    for order in Order.objects.all()[:5]:
        facts.change_order(order)
    bring_up_to_date(now=timezone.now())
    assert_exact()
    name = File.objects.get(kind="order").name
    files.fetched_to(name).write_bytes(b"damaged")
    assert_exact()  # fetched again
    assert not Broken.objects.exists()
    elsewhere.kept[name] = BytesIO(elsewhere.kept[name]).getvalue()[:-1] + b"x"
    files.fetched_to(name).unlink()
    assert_exact()
    assert Broken.objects.get().name == name
    Discarded.objects.create(name=name, since=timezone.now() - timedelta(days=1))
    bring_up_to_date(now=timezone.now(), units=["order"], rebuild=True)
    assert_exact()


def test_copies_and_files_out_of_use_go_from_a_storage_without_paths(elsewhere):
    facts = Facts()
    facts.world()
    bring_up_to_date(now=timezone.now())
    assert_exact()
    old = File.objects.get(kind="order").name
    elsewhere.kept["mirror/other/stays.parquet"] = b"of another account"
    elsewhere.kept[f"{storing.folder()}/stray.parquet"] = b"of nobody"
    bring_up_to_date(now=timezone.now(), rebuild=True)
    purging.purge(timezone.now() + timedelta(hours=2))
    assert set(elsewhere.kept) == {*File.objects.values_list("name", flat=True), "mirror/other/stays.parquet"}
    assert not files.fetched_to(old).exists()
    assert_exact()
