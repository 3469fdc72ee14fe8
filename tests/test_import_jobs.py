"""Imports that are interrupted: killed, cancelled, failed; their reports, and what is removed when."""

import csv
import io
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.core.management.base import CommandError
from pyroaring import BitMap

from activities.models import Activity, Order
from contacts.erasing.cleaners import in_order
from contacts.erasing.services import erase_contact
from contacts.models import Contact, HistoryEntry
from imports import running, store
from imports.erasing import Files
from imports.models import Import, SourceFile, set_of
from imports.plans import plan_from
from imports.reports import Reports
from imports.rows import ActivityRows, ContactRows, OrderRows
from imports.services import go_on, remember, remove_old, start
from jobs.lease import LEASE
from jobs.registry import KINDS, JobKind
from jobs.services import cancel, run
from tests import factories
from tests.factories import NOW
from tests.support.importing import begun, carried_out, counts, csv_of, imported, upload
from tests.support.jobs import Worker

WEEK = timedelta(days=7)
DATA = csv_of("e-mail,first name", *(f"p{n}@example.com,P{n}" for n in range(8)), "broken,X", "p1@example.com,Q")
KILLED = """
from datetime import datetime
from imports.reports import Reports
from imports.rows import ContactRows
from jobs.services import run
settings.MEDIA_ROOT = {media!r}
ContactRows.most = 3
real = Reports.add
def add(*args, **more):
    real(*args, **more)
    tell("inside")
    hear()
Reports.add = add
run("import", {pk}, now=datetime.fromisoformat({now!r}))
"""


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path, account):
    settings.MEDIA_ROOT = str(tmp_path)


def report(job, ending=store.REPORT):
    text = store.path_of(job.stored_as + ending).read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def state(job):
    """What an import leaves, but for ids."""
    people = dict(Contact.objects.values_list("pk", "email"))
    return (
        counts(job), job.row_count, sorted(Contact.objects.values_list("email", "first_name")),
        sorted((people[pk], kind) for pk, kind in HistoryEntry.objects.values_list("contact_id", "kind")),
        [(row[0], row[1], row[3]) for row in report(job)], report(job, store.REJECTED),
        sorted(people[pk] for pk in set_of(job.people)), job.progress == job.total,
    )  # fmt: skip


@pytest.fixture
def whole():
    """What the import leaves when nothing interrupts it."""
    expected = state(imported(DATA))
    Contact.objects.all().delete()
    return expected


def test_an_import_stopped_at_any_chunk_and_resumed_gives_the_same(whole, monkeypatch):
    monkeypatch.setattr(ContactRows, "most", 3)
    real = Reports.add
    for stop in range(4):
        job, seen = begun(DATA), []

        def add(*args, stop=stop, seen=seen, **more):
            real(*args, **more)
            seen.append(1)
            if len(seen) == stop + 1:
                raise KeyboardInterrupt  # as a worker that is killed: nothing tidies up

        monkeypatch.setattr(Reports, "add", add)
        with pytest.raises(KeyboardInterrupt):
            run("import", job.pk, now=NOW)
        assert Import.objects.get(pk=job.pk).row_count == min(3 * stop, 10)
        job = carried_out(job, now=NOW + LEASE)
        assert (job.state, state(job)) == ("done", whole)
        Contact.objects.all().delete()


@pytest.mark.slow
def test_an_import_resumed_after_kill_9_gives_the_same(committed):
    expected = state(imported(DATA))
    Contact.objects.all().delete()
    job = begun(DATA)
    with Worker(KILLED.format(pk=job.pk, now=NOW.isoformat(), media=configured.MEDIA_ROOT)) as worker:
        assert worker.heard() == "inside"
        worker.go()
        assert worker.heard() == "inside"
        worker.kill()
    job.refresh_from_db()
    assert (job.state, job.row_count, Contact.objects.count()) == ("running", 3, 3)
    job = carried_out(job, now=NOW + LEASE)
    assert (job.state, state(job)) == ("done", expected)


@pytest.mark.parametrize(
    ("subject", "writer", "model", "data"),
    [
        ("orders", OrderRows, Order, csv_of(
            "number,date,e-mail,total,sku,price",
            *(f"A{n // 3},2026-11-01 10:00,anna@example.com,9,P{n},3" for n in range(12)),
        )),
        ("activities", ActivityRows, Activity, csv_of(
            "when,e-mail,type,url", *(f"2026-11-01 10:0{n},anna@example.com,page_view,/{n % 2}" for n in range(9)),
        )),
    ],
)  # fmt: skip
def test_facts_stopped_at_a_chunk_and_resumed_are_written_once(monkeypatch, subject, writer, model, data):
    """An order is never divided between two chunks."""
    factories.contact(email="anna@example.com")
    monkeypatch.setattr(writer, "most", 4)
    real, seen = running.tally, []

    def tally(*args):
        real(*args)
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "tally", tally)
    job = begun(data, subject)
    with pytest.raises(KeyboardInterrupt):
        run("import", job.pk, now=NOW)
    job = carried_out(job, now=NOW + LEASE)
    expected = {"orders": (12, 4), "activities": (9, 9)}[subject]
    assert (job.created_count, model.objects.count()) == expected


def test_a_cancelled_import_keeps_what_it_wrote_and_can_go_on(monkeypatch, whole):
    monkeypatch.setattr(ContactRows, "most", 3)
    job, steps = begun(DATA), []

    def step(of, now):
        steps.append(1)
        if len(steps) == 3:  # the plain copy, three rows, and now
            cancel(Import.objects.get(pk=job.pk), now=now)
        return running.carry_out(of, now)

    with monkeypatch.context() as patch:
        patch.setitem(KINDS, "import", JobKind("import", Import, step, stopped=running.tidy_up))
        run("import", job.pk, now=NOW)
    job.refresh_from_db()
    assert (job.state, job.row_count, Contact.objects.count()) == ("cancelled", 3, 3)
    assert job.may_be_retried
    assert go_on(job, now=NOW)
    job = carried_out(job)
    assert (job.state, state(job)) == ("done", whole)


def test_the_reports_name_each_row_and_are_safe_to_open():
    job = imported(csv_of("e-mail,first name", "a@example.com,=1+1", "=cmd,@SUM(A1)"))
    assert report(job)[1:] == [
        ["2", "Created", str(Contact.objects.get().pk), ""],
        ["3", "Rejected", "", "E-mail: “=cmd” is not an e-mail address."],
    ]
    assert report(job, store.REJECTED)[1][:3] == ["'=cmd", "'@SUM(A1)", "3"]


def test_nothing_is_written_of_a_file_that_breaks_further_down():
    data = csv_of("e-mail,first name", *(f"p{n}@example.com,P" for n in range(50)), '"open,x', "y@example.com,z")
    job = imported(data)
    assert (job.state, Contact.objects.count()) == ("failed", 0)
    assert "Row 52" in job.problem_text


def test_the_file_goes_when_it_is_imported_and_the_reports_after_a_week():
    job = imported(DATA)
    assert job.reports_until == NOW + WEEK
    assert store.path_of(job.stored_as + store.REPORT).is_file()
    remove_old(NOW + WEEK - timedelta(seconds=1))
    job.refresh_from_db()
    assert job.stored_as
    kept = [store.path_of(name) for name in store.everything_of(job.stored_as)]
    remove_old(NOW + WEEK)
    job.refresh_from_db()
    assert (job.stored_as, job.reports_until, job.created_count) == ("", None, 8)
    assert not any(path.exists() for path in kept)


def test_a_file_that_nobody_imports_goes_after_a_day():
    source = upload(DATA)
    path = store.path_of(source.stored_as)
    remove_old(NOW + timedelta(hours=23))
    assert path.is_file()
    remove_old(NOW + timedelta(days=1))
    assert not path.exists()
    assert not SourceFile.objects.exists()


def clean_files(pk):
    """The part of a pass that is the imports'."""
    for cleaner in in_order():
        after = 0 if cleaner.name.startswith("imports.") else None
        while after is not None:
            after = cleaner.clean(BitMap([pk]), after)


def test_reports_go_with_an_erased_contact():
    job = imported(DATA)
    gone = Contact.objects.get(email="p3@example.com")
    erase_contact(gone, now=NOW, by="x")
    clean_files(gone.pk)
    job.refresh_from_db()
    assert gone.pk not in set_of(job.people)
    assert (job.stored_as, len(set_of(job.people))) == ("", 7)


PERSON = {"email": "ola@example.com", "phone": "+48600100200", "external_id": "X-7"}


@pytest.mark.parametrize("row", ["Ola@Example.com,,,-1", ",600 100 200,,-1", ",,X-7,-1"])
@pytest.mark.parametrize("what", ["rejected", "stopped"])
def test_files_go_that_name_an_erased_contact_in_rows_that_were_not_written(row, what, monkeypatch):
    gone = factories.contact(**PERSON)
    heading = "e-mail,phone,external id,lead score"
    of_another = imported(csv_of(heading, "p1@example.com,,,x", ",700100200,,x", ",,X-77,x"))
    job = begun(csv_of(heading, "p2@example.com,,,1", row.replace("-1", "x")))
    if what == "rejected":
        job = carried_out(job)
        assert counts(job)[4] == 1
    else:
        monkeypatch.setattr(ContactRows, "most", 1)
        cancel(job, now=NOW)
    assert gone.pk not in set_of(job.people)
    erase_contact(gone, now=NOW, by="x")
    clean_files(gone.pk)
    job.refresh_from_db()
    of_another.refresh_from_db()
    assert (job.stored_as, job.reports_until) == ("", None)
    assert of_another.stored_as
    assert {path.name.partition(".")[0] for path in store.path_of(store.FOLDER).iterdir()} == {
        of_another.stored_as.rpartition("/")[2]
    }


@pytest.mark.parametrize(
    "rows",
    [("a;b", "x;Ola@Example.com"), ("a", "call 600 100 200, please"), ('a,b"c', 'X-7,"'), ("a\tb", "1\t0048600100200")],
)
def test_an_upload_goes_that_names_an_erased_contact(rows):
    gone = factories.contact(**PERSON)
    other, source = upload(csv_of("a", "p1@example.com")), upload(csv_of(*rows))
    erase_contact(gone, now=NOW, by="x")
    clean_files(gone.pk)
    assert list(SourceFile.objects.all()) == [other]
    assert not store.path_of(source.stored_as).exists()
    assert store.path_of(other.stored_as).exists()


def test_a_pass_waits_for_an_import_of_a_file_that_was_uploaded_before():
    source = upload(DATA)
    job = start(source, plan_from(source.choices), now=NOW + timedelta(hours=2), by=None)
    files = Files()
    assert (files.busy(NOW + timedelta(hours=1)), files.busy(NOW - timedelta(hours=1))) == (True, False)
    carried_out(job, now=NOW + timedelta(hours=2))
    assert not files.busy(NOW + timedelta(hours=1))


def test_columns_are_remembered_by_their_headings():
    source = upload(csv_of("adres,ktoś", "a@example.com,Ala"))
    plan = plan_from(source.choices)
    assert plan.columns == ["", ""]
    plan.columns = ["email", "first_name"]
    remember(plan, ["adres", "ktoś"], name="Shop", now=NOW, by=None)
    again = plan_from(upload(csv_of("Adres, KTOŚ ", "b@example.com,Ola")).choices)
    assert again.columns == ["email", "first_name"]
    assert plan_from(upload(csv_of("adres,inny", "b@example.com,Ola")).choices).columns == ["", ""]


def test_the_command_imports_a_file_and_tells(tmp_path, capsys, account):
    file, told = tmp_path / "people.csv", tmp_path / "told.csv"
    file.write_bytes(csv_of("adres;Imię", "a@example.com;Ala", "broken;X"))
    call_command("import", "contacts", str(file), account=account.schema_name, map=[["adres=email"]], report=str(told))
    out = capsys.readouterr().out
    assert "adres → email" in out
    assert "created\t1" in out
    assert "rejected\t1" in out
    assert "Rejected" in told.read_text("utf-8-sig")
    assert Contact.objects.get().first_name == "Ala"


@pytest.mark.parametrize(
    ("file", "more", "why"),
    [
        ("gone.csv", {}, "can't be read"),
        ("people.csv", {"map": [["nothing=email"]]}, "no column “nothing”"),
        ("people.csv", {"account": "nobody"}, "no account"),
        ("people.csv", {"map": [["Imię=nothing", "adres=email"]]}, "no field"),
        ("people.csv", {"category": ["gone"], "map": [["adres=email"]]}, "no category"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, account, file, more, why):
    (tmp_path / "people.csv").write_bytes(csv_of("adres;Imię", "a@example.com;Ala"))
    with pytest.raises(CommandError, match=why):
        call_command("import", "contacts", str(tmp_path / file), **({"account": account.schema_name} | more))
    assert not SourceFile.objects.exists()
    assert not Contact.objects.exists()
