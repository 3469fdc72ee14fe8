"""Lists of past calculations as files: members, joined, left, by cause; one row for each who still is a contact."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from contacts.models import Contact
from exports import services, store
from exports.lists import NobodyError, export_list
from exports.models import ExportFile, ListExport
from jobs.lease import LEASE
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Movement, Segment
from tests.support.audiences import NOW, add_calculation, make_contacts, ready_segment
from tests.support.jobs import Worker

pytestmark = pytest.mark.django_db
FILES = "/exports/"
PARAMS = {"columns": ["id"], "separator": "comma", "bom": False}


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


@pytest.fixture
def people():
    return make_contacts(9)


@pytest.fixture
def step(people):
    """A calculation that four joined, three of them because data changed, and that two left."""
    segment = ready_segment(people[:5], at=clock(), name="Warm", refreshes=True)
    found = add_calculation(segment, people[2:], at=clock())
    for cause, ids in (("changed", people[5:8]), ("passed", people[8:])):
        Movement.objects.create(
            calculation=found, direction="joined", cause=cause, members=ids.serialize(), count=len(ids)
        )
    return found


def written(calculation, *, now=NOW, **more):
    export = export_list(calculation, params=PARAMS, now=now, by=None, **({"audience": "all"} | more))
    run_job("list_export", export.pk, now=now)
    export.refresh_from_db()
    return export


def rows(file: ExportFile) -> list[int]:
    return [int(line) for line in store.path_of(file.stored_as).read_text().split()[1:]]


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        ({"audience": "all"}, slice(2, 9)),
        ({"audience": "joined"}, slice(5, 9)),
        ({"audience": "left"}, slice(0, 2)),
        ({"audience": "joined", "cause": "changed"}, slice(5, 8)),
        ({"audience": "joined", "cause": "passed"}, slice(8, 9)),
    ],
)
def test_the_file_holds_exactly_the_list(step, people, asked, who):
    export = written(step, **asked)
    assert export.state == JobState.DONE
    assert rows(export.export_file) == list(people[who])
    assert export.export_file.rows == len(people[who])


def test_a_list_that_is_no_longer_the_last_stays_what_it_was(people):
    segment = ready_segment(people[:5])
    old = segment.latest
    add_calculation(segment, people[7:], at=NOW + timedelta(days=2))
    assert rows(written(old).export_file) == list(people[:5])


def test_the_deleted_are_counted_and_have_no_row(step, people):
    Contact.objects.filter(pk__in=people[2:4]).delete()
    file = written(step).export_file
    assert (file.rows, file.gone, rows(file)) == (5, 2, list(people[4:]))


def test_an_archived_segments_list_is_exported(step):
    """It is no action: the window does not matter."""
    later = step.segment.ready_until + timedelta(days=90)
    assert written(step, now=later).state == JobState.DONE


def test_an_empty_list_is_refused(step):
    with pytest.raises(NobodyError):
        written(step, audience="left", cause="passed")
    assert not ListExport.objects.exists()


def test_the_same_asked_for_twice_is_written_once(step):
    both = [export_list(step, audience="all", params=PARAMS, now=NOW, by=None) for _ in range(2)]
    assert both[0] == both[1]


def test_a_lost_file_is_begun_again_from_the_first_row(step, monkeypatch):
    from exports import making
    from jobs.lease import Lease, claim
    from jobs.registry import KINDS

    monkeypatch.setattr(making, "CHUNK", 3)
    export = export_list(step, audience="all", params=PARAMS, now=NOW, by=None)
    claimed = claim(KINDS["list_export"], export.pk, lease=Lease(lambda: NOW))
    assert KINDS["list_export"].step(claimed, NOW)
    store.remove(claimed.work["file"] + store.UNFINISHED)
    while KINDS["list_export"].step(claimed, NOW):
        pass
    export.refresh_from_db()
    assert (export.state, len(rows(export.export_file))) == (JobState.DONE, 7)


WORKER = """
from datetime import datetime
from exports import lists, making
from jobs.services import run
settings.MEDIA_ROOT = {media!r}
making.CHUNK = 3
real = making.append
def append(*args):
    written = real(*args)
    tell("inside")
    hear()
    return written
making.append = append
run("list_export", {pk}, now=datetime.fromisoformat({now!r}))
tell("over")
"""


@pytest.mark.slow
def test_a_list_whose_writer_was_killed_has_each_row_once(committed, step, people, settings):
    """Killed after the rows of the second chunk were written and before they were committed."""
    export = export_list(step, audience="all", params=PARAMS, now=NOW, by=None)
    with Worker(WORKER.format(pk=export.pk, now=NOW.isoformat(), media=settings.MEDIA_ROOT)) as process:
        assert process.heard() == "inside"
        process.go()
        assert process.heard() == "inside"
        process.kill()
    run_job("list_export", export.pk, now=NOW + LEASE)
    export.refresh_from_db()
    assert (export.state, export.changed_count) == (JobState.DONE, 7)
    assert rows(export.export_file) == list(people[2:])


def test_a_missing_column_fails_it_and_leaves_no_file(step, django_capture_on_commit_callbacks):
    params = PARAMS | {"columns": ["attribute:gone"]}
    with django_capture_on_commit_callbacks(execute=True):
        export = export_list(step, audience="all", params=params, now=NOW, by=None)
        run_job("list_export", export.pk, now=NOW)
    export.refresh_from_db()
    assert export.state == JobState.FAILED
    assert not ExportFile.objects.exists()


def test_what_is_over_is_forgotten_with_its_file(step):
    export = written(step)
    services.remove_expired(NOW + timedelta(days=6))
    assert ListExport.objects.exists()
    services.remove_expired(NOW + timedelta(days=8))
    assert not ExportFile.objects.exists()
    assert not ListExport.objects.exists()
    assert not store.path_of(export.work["file"] + ".csv").exists()


def test_a_file_that_is_being_written_is_not_taken_for_abandoned(step):
    export = export_list(step, audience="all", params=PARAMS, now=NOW, by=None)
    export.work = {"file": "exports/x", "size": 0}
    export.save()
    assert services.nobodys(["exports/x.part", "exports/y.part"]) == ["exports/y.part"]


# --- the pages -----------------------------------------------------------------------------------------------
def address(calculation):
    return reverse("exports:of_list", args=[calculation.segment_id, calculation.pk])


def checked(text):
    """Which list is chosen on the page."""
    radios = re.findall(r'<input[^>]*type="radio"[^>]*>', text)
    return [re.search(r'value="([^"]*)"', radio)[1] for radio in radios if "checked" in radio]


def test_the_page_offers_each_list_with_its_number(client, step):
    text = client.get(address(step), {"of": "joined:changed"}).content.decode()
    for words in ("Members (7)", "Joined (4)", "Joined: data changed (3)", "Joined: time passed (1)", "Left (2)"):
        assert words in text
    assert checked(text) == ["joined:changed", "csv"]


def test_what_was_chosen_is_written_and_listed_with_what_it_is_of(client, step, marketer):
    given = {"of": "joined:changed", "columns": ["id", "email"], "order": ["id", "email"], "separator": "comma"}
    assert client.post(address(step), given).headers["Location"] == FILES
    export = ListExport.objects.get()
    assert (export.audience, export.cause, export.requested_by) == ("joined", "changed", marketer)
    waiting = client.get(FILES).content.decode()
    assert "Being written" in waiting
    assert "every 2s" in waiting
    run_job("list_export", export.pk, now=clock())
    text = client.get(FILES).content.decode()
    assert "those who joined: data changed" in text
    assert "Being written" not in text
    assert ExportFile.objects.get().name.startswith("Warm, joined data changed 20")


@pytest.mark.parametrize(
    "given",
    [
        {"of": "left:passed", "columns": ["id"]},
        {"of": "others", "columns": ["id"]},
        {"of": "", "columns": ["id"]},
        {"of": "all", "columns": []},
        {"of": "all", "columns": ["attribute:gone"]},
        {"of": "all", "columns": ["id"], "separator": "dot"},
    ],
)
def test_bad_input_is_answered_422_and_begins_nothing(client, step, given):
    assert client.post(address(step), {"separator": "comma"} | given).status_code == 422
    assert not ListExport.objects.exists()


def test_moving_a_column_keeps_the_rest_and_begins_nothing(client, step):
    columns = ["email", "id"]
    given = {"of": "left", "columns": columns, "order": columns, "separator": "tab", "move": "up:id"}
    text = client.post(address(step), given).content.decode()
    assert text.index('name="order" value="id"') < text.index('name="order" value="email"')
    assert checked(text) == ["left", "csv"]
    assert not ListExport.objects.exists()


def test_cancelling_and_trying_again(client, step):
    export = export_list(step, audience="all", params=PARAMS, now=clock(), by=None)
    client.post(reverse("exports:list_cancel", args=[export.pk]))
    export.refresh_from_db()
    assert export.state == JobState.CANCELLED
    ListExport.objects.update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    assert "Try again" in client.get(FILES).content.decode()
    client.post(reverse("exports:list_retry", args=[export.pk]))
    export.refresh_from_db()
    assert export.state == JobState.WAITING


def test_one_that_failed_is_taken_off_the_page(client, step):
    export = export_list(step, audience="all", params=PARAMS, now=clock(), by=None)
    ListExport.objects.update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    client.post(reverse("exports:list_cancel", args=[export.pk]))
    assert not ListExport.objects.exists()
    assert "Being written" not in client.get(FILES).content.decode()


def test_an_analyst_sees_what_is_written_but_may_not(client_for, analyst, step):
    looking = client_for(analyst)
    export = export_list(step, audience="all", params=PARAMS, now=clock(), by=None)
    assert looking.get(address(step)).status_code == 403
    assert looking.post(address(step), {"of": "all"}).status_code == 403
    for name in ("list_cancel", "list_retry"):
        assert looking.post(reverse(f"exports:{name}", args=[export.pk])).status_code == 403
    text = looking.get(FILES).content.decode()
    assert "Being written" in text
    assert f"list-cancel-{export.pk}" not in text


def test_nobodys_id_and_another_accounts_are_not_found(client, client_for, other_account, make_user, step):
    export = export_list(step, audience="all", params=PARAMS, now=clock(), by=None)
    other = ready_segment(make_contacts(1), at=clock())
    assert client.get(reverse("exports:of_list", args=[other.pk, step.pk])).status_code == 404
    assert client.get(reverse("exports:of_list", args=[step.segment_id, 999_999])).status_code == 404
    assert client.post(reverse("exports:list_cancel", args=[999_999])).status_code == 404
    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.get(address(step)).status_code == 404
        assert stranger.post(reverse("exports:list_retry", args=[export.pk])).status_code == 404


def test_the_list_is_narrowed_by_what_a_file_holds_and_who_made_it(client, marketer, step):
    written(step, now=clock(), audience="left")
    export = export_list(step, audience="joined", params=PARAMS, now=clock(), by=marketer)
    run_job("list_export", export.pk, now=clock())
    left, mine = client.get(FILES, {"of": "left"}), client.get(FILES, {"by": "me"})
    assert left.content.decode().count("Download Warm") == 1
    assert "Download Warm, left" in left.content.decode()
    assert mine.content.decode().count("Download Warm") == 1
    assert "Download Warm, joined" in mine.content.decode()
    assert client.get(FILES, {"of": "odd"}).status_code == 422
    assert "Nothing fits" in client.get(FILES, {"of": "all"}).content.decode()


def test_the_columns_of_the_list_are_those_of_the_contract(client, step):
    """IP32."""
    written(step, now=clock())
    text = client.get(FILES).content.decode()
    head = text[text.index("<thead>") : text.index("</thead>")]
    found = [head.index(words) for words in ("Name", "Rows", "Size", "Created", "Expires", "Download")]
    assert found == sorted(found)


def test_the_list_costs_the_same_whatever_is_being_written(client, step):
    segments = [ready_segment(make_contacts(1), at=clock()) for _ in range(4)]
    export_list(step, audience="all", params=PARAMS, now=clock(), by=None)
    client.get(FILES)
    with CaptureQueriesContext(connection) as few:
        client.get(FILES)
    for segment in segments:
        export_list(Segment.objects.get(pk=segment.pk).latest, audience="all", params=PARAMS, now=clock(), by=None)
    with CaptureQueriesContext(connection) as many:
        client.get(FILES)
    assert len(many) == len(few)
