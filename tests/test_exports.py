"""Export: every member once, in the chosen columns, safe to open, kept seven days, resumed after a kill."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from actions import services
from actions.kinds import KINDS, KindError
from actions.models import ActionRun
from config.spreadsheets import defuse
from contacts.models import Contact
from exports import store, writing
from exports.columns import columns as all_columns
from exports.models import ExportFile
from exports.services import remove_expired
from jobs.lease import LEASE
from jobs.models import JobState
from jobs.services import run as run_job
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def export(segment, columns=("id", "email"), by=None, now=NOW, **more):
    params = {"columns": list(columns), "separator": "comma", "bom": False} | more
    action = services.plan_action(segment, kind="export", params=params, now=now, by=by)
    return action.runs.get()


def carry_out(run, now=NOW):
    run_job("action", run.pk, now=now)
    run.refresh_from_db()
    return run


def content(file):
    return store.path_of(file.stored_as).read_bytes()


def rows(file):
    return list(csv.reader(io.StringIO(content(file).decode())))


def exported(segment, columns=("id", "email"), **more):
    run = carry_out(export(segment, columns, **more))
    assert run.state == JobState.DONE, run.problem
    return run.export_file


def test_every_member_is_in_the_file_once(db, monkeypatch):
    monkeypatch.setattr(KINDS["export"], "chunk", 3)
    people = make_contacts(10)
    make_contacts(2)
    file = exported(ready_segment(people))
    assert [int(row[0]) for row in rows(file)[1:]] == list(people)
    assert (file.rows, file.size) == (10, len(content(file)))


def test_members_that_are_not_neighbours_by_id(db):
    people = make_contacts(9)
    wanted = people - type(people)(list(people)[::3])
    file = exported(ready_segment(wanted))
    assert [int(row[0]) for row in rows(file)[1:]] == list(wanted)


def test_an_empty_segment_gives_a_file_with_a_header(db):
    file = exported(ready_segment())
    assert (rows(file), file.rows) == ([["Id", "E-mail"]], 0)


def test_members_erased_meanwhile_are_told(db):
    people = make_contacts(4)
    segment = ready_segment(people)
    Contact.objects.filter(pk=people[1]).delete()
    file = exported(segment)
    assert (file.rows, file.gone, len(rows(file)) - 1) == (3, 1, 3)


def test_a_contact_erased_while_its_chunk_is_written_is_left_out_and_told(db, monkeypatch):
    people = make_contacts(4)
    real = writing.append
    written = []

    def erases_first(path, copy, *, at):
        if not written:
            written.append(True)
            Contact.objects.filter(pk=people[0]).delete()
        return real(path, copy, at=at)

    monkeypatch.setattr(writing, "append", erases_first)
    file = exported(ready_segment(people))
    assert (file.rows, file.gone, len(rows(file)) - 1) == (3, 1, 3)


def test_columns_stand_in_the_chosen_order(db):
    people = make_contacts(1, first_name="Żaneta", last_name="Łęcka")
    file = exported(ready_segment(people), ("last_name", "id", "first_name"))
    assert rows(file)[1] == ["Łęcka", str(people[0]), "Żaneta"]


def test_the_header_is_in_the_authors_language(db, make_user, monkeypatch):
    polish = make_user("marketer", language="pl")
    from django.utils import translation

    seen = []
    monkeypatch.setattr(writing, "header", lambda labels, **_: seen.append(translation.get_language()) or b"h\n")
    labels = []
    from exports import making

    real = making.wanted
    monkeypatch.setattr(making, "wanted", lambda params: labels.append(translation.get_language()) or real(params))
    exported(ready_segment(make_contacts(1)), by=polish)
    assert labels[0] == "pl"


DANGEROUS = [
    "=1+1", "+48", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\xa0=1", "\n=1", '=HYPERLINK("x")', "  @a", "-", "=",
]  # fmt: skip
HARMLESS = ["Anna", "ą=1", "1+1", "a-b", " x", "\xa0x", "#1", "'=1", "Łęcka", "żółw", '"=1"', "0", "€", "\u2003=1"]


@pytest.mark.parametrize("name", [*DANGEROUS, *HARMLESS])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(db, name):
    """IO5. The database and `config.spreadsheets` agree on what is dangerous."""
    people = make_contacts(1, last_name=name)
    file = exported(ready_segment(people), ("last_name",))
    assert rows(file)[1] == [defuse(name)]


def test_a_text_attribute_is_defused_and_a_number_is_not(db):
    factories.attribute("note")
    factories.attribute("balance", "number")
    people = make_contacts(1, attributes={"note": "=cmd()", "balance": -5}, lead_score=-7)
    file = exported(ready_segment(people), ("attribute:note", "attribute:balance", "lead_score"))
    assert rows(file)[1] == ["'=cmd()", "-5", "-7"]


def test_a_phone_is_exported_as_it_can_be_dialled(db):
    people = make_contacts(1, phone="+48994290661") | make_contacts(1, phone="600700800")
    assert rows(exported(ready_segment(people), ("phone",)))[1:] == [["+48994290661"], ["600700800"]]


@pytest.mark.parametrize("phone", ["+48=1", "=48600700800", "+", "+48 600", "+48600-1", "++48600700", "+4860070\n", ""])
def test_what_is_no_number_cannot_be_stored_as_a_phone(db, phone):
    """IO5. Why the phone needs no defusing."""
    with pytest.raises(IntegrityError), transaction.atomic():
        make_contacts(1, phone=phone)


def test_the_name_of_an_attribute_is_defused_in_the_header(db):
    factories.attribute("note", name="=cmd()")
    assert rows(exported(ready_segment(make_contacts(1)), ("attribute:note",)))[0] == ["'=cmd()"]


def test_separators_quotes_and_line_ends_inside_a_cell(db):
    name = 'a,b;c"d\ne\tf'
    people = make_contacts(1, last_name=name)
    for separator, sign in writing.SEPARATORS.items():
        file = exported(ready_segment(people), ("last_name", "id"), separator=separator)
        read = list(csv.reader(io.StringIO(content(file).decode(), newline=""), delimiter=sign))
        assert read[1] == [name, str(people[0])]


def test_the_mark_for_spreadsheets(db):
    assert content(exported(ready_segment(make_contacts(1)), bom=True)).startswith(b"\xef\xbb\xbf")


def test_every_kind_of_column(db, account):
    from accounts.models import Account

    Account.objects.update(timezone="Europe/Warsaw")
    for key, kind, more in (
        ("city", "text", {}), ("on", "boolean", {}), ("born", "date", {}), ("seen", "datetime", {}),
        ("size", "choice", {"options": ["S", "M"]}), ("likes", "choices", {"options": ["a", "b", "c"]}),
    ):  # fmt: skip
        factories.attribute(key, kind, **more)
    values = {
        "city": "Łódź", "on": True, "born": "1990-02-28", "seen": "2026-07-01T10:00:00+00:00", "size": "M",
        "likes": ["a", "c"],
    }  # fmt: skip
    people = make_contacts(1, attributes=values, created_at=NOW)
    [contact] = Contact.objects.filter(pk__in=people)
    consent = factories.consent("newsletter")
    factories.answer(contact, consent)
    factories.tag("VIP", contact)
    factories.tag("B2B", contact)
    keys = ["attribute:" + key for key in values]
    file = exported(ready_segment(people), (*keys, "created_at", "tags", "consent:newsletter", "status"))
    assert rows(file)[1] == [
        "Łódź", "true", "1990-02-28", "2026-07-01 12:00:00", "M", "a, c", "2026-11-21 09:00:00", "B2B, VIP", "given",
        "subscribed",
    ]  # fmt: skip


def test_what_a_contact_does_not_have_is_an_empty_cell(db):
    factories.attribute("city")
    people = make_contacts(1)
    file = exported(ready_segment(people), ("first_name", "phone", "attribute:city", "tags", "categories"))
    assert content(file).splitlines()[1] == b",,,,"


def test_every_column_there_is_can_be_exported(db):
    factories.attribute("city")
    factories.attribute("likes", "choices", options=["a"])
    factories.consent()
    keys = list(all_columns())
    file = exported(ready_segment(make_contacts(2)), keys)
    assert all(len(row) == len(keys) for row in rows(file))


def test_a_column_that_is_gone_fails_the_export_in_words(db):
    attribute = factories.attribute("city")
    run = export(ready_segment(make_contacts(1)), ("id", "attribute:city"))
    attribute.delete()
    carry_out(run)
    assert run.state == JobState.FAILED
    assert "city" in run.problem_text
    assert not ExportFile.objects.exists()


@pytest.mark.parametrize("wrong", [{"columns": []}, {"separator": "dot"}, {"bom": "yes"}, {"path": "/etc"}])
def test_unknown_parameters_are_refused(wrong):
    with pytest.raises(KindError):
        KINDS["export"].checked({"columns": ["id"], "separator": "comma", "bom": True} | wrong)


def test_files_lie_in_the_accounts_own_folder_under_names_nobody_guesses(db):
    segment = ready_segment(make_contacts(1))
    one, two = exported(segment), exported(segment)
    assert "/acme/" in default_storage.path(one.stored_as)
    assert one.stored_as != two.stored_as
    assert len(one.stored_as) > 40


def test_an_unfinished_file_is_not_offered(db, monkeypatch):
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    run = export(ready_segment(make_contacts(5)))
    run_job("action", run.pk, now=NOW, turn=timedelta(0))
    run.refresh_from_db()
    assert (run.state, run.progress) == (JobState.WAITING, 2)
    assert not ExportFile.objects.exists()
    assert carry_out(run).state == JobState.DONE


def test_rows_of_a_chunk_that_was_not_committed_are_written_once(db, monkeypatch):
    """As after a kill between writing and committing: the file is longer than what the row says."""
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    people = make_contacts(5)
    run = export(ready_segment(people))
    run_job("action", run.pk, now=NOW, turn=timedelta(0))
    run.refresh_from_db()
    with store.path_of(run.work["file"] + ".part").open("ab") as file:
        file.write(b"torn,ro")
    carry_out(run)
    assert [int(row[0]) for row in rows(run.export_file)[1:]] == list(people)


@pytest.mark.parametrize("damage", ["removed", "shortened"])
def test_an_unfinished_file_that_is_gone_or_short_is_begun_again(db, monkeypatch, damage):
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    people = make_contacts(5)
    run = export(ready_segment(people))
    run_job("action", run.pk, now=NOW, turn=timedelta(0))
    run.refresh_from_db()
    part = store.path_of(run.work["file"] + ".part")
    if damage == "removed":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:-3])
    carry_out(run)
    assert (run.state, run.changed_count, run.gone_count) == (JobState.DONE, 5, 0)
    assert [int(row[0]) for row in rows(run.export_file)[1:]] == list(people)


def test_a_cancelled_export_leaves_no_file(db, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(KINDS["export"], "chunk", 2)
    run = export(ready_segment(make_contacts(5)))
    run_job("action", run.pk, now=NOW, turn=timedelta(0))
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel_run(ActionRun.objects.get(pk=run.pk), now=NOW)
    assert not list(store.path_of("exports").iterdir())


def test_a_file_goes_after_a_week_from_store_and_list(db):
    """IP32."""
    file = exported(ready_segment(make_contacts(1)))
    path = store.path_of(file.stored_as)
    remove_expired(NOW + WEEK - timedelta(seconds=1))
    assert path.exists()
    remove_expired(NOW + WEEK)
    assert not path.exists()
    assert not ExportFile.objects.exists()


def test_what_a_killed_worker_left_in_the_store_is_removed(db):
    import os

    file = exported(ready_segment(make_contacts(1)))
    left = store.prepared("exports/abandoned.part")
    left.write_bytes(b"x")
    long_ago = (NOW - timedelta(days=2)).timestamp()
    for path in (left, store.path_of(file.stored_as)):
        os.utime(path, (long_ago, long_ago))
    remove_expired(NOW)
    assert not left.exists()
    assert store.path_of(file.stored_as).exists()


def test_deleting_a_segment_removes_its_files(db, django_capture_on_commit_callbacks):
    from segmentation.services import delete_segment

    file = exported(ready_segment(make_contacts(1)))
    path = store.path_of(file.stored_as)
    with django_capture_on_commit_callbacks(execute=True):
        delete_segment(file.segment)
    assert not path.exists()


def test_an_attribute_in_a_live_export_tells_where_it_is_used(db):
    from contacts.hooks import uses_of_attribute

    attribute = factories.attribute("city")
    export(ready_segment(make_contacts(1), name="Fair"), ("attribute:city",))
    assert any("Fair" in use.title for use in uses_of_attribute(attribute))


def test_the_lease_of_another_worker_is_respected(db):
    run = export(ready_segment(make_contacts(1)))
    ActionRun.objects.update(state=JobState.RUNNING, lease_owner="somebody", lease_until=NOW + LEASE)
    assert run_job("action", run.pk, now=NOW) is None
    assert connection.schema_name == "acme"
