"""The list of export files and the download: who may, for how long, and what when the file is missing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from actions import services
from exports import store
from exports.models import ExportFile
from jobs.services import run as run_job
from tests.support.audiences import make_contacts, ready_segment

HTMX = {"HX-Request": "true"}
FILES = "/exports/"


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def make_file(name="Fair", number=2, **more):
    segment = ready_segment(make_contacts(number), at=clock(), name=name)
    params = {"columns": ["id", "email"], "separator": "comma", "bom": True} | more
    action = services.plan_action(segment, kind="export", params=params, now=clock(), by=None)
    run_job("action", action.runs.get().pk, now=clock())
    return ExportFile.objects.get(segment=segment)


def download(client, file):
    return client.get(reverse("exports:download", args=[file.pk]))


def test_the_list_shows_each_file(client):
    """IP32."""
    make_file("Fair in Poznań", 3)
    text = client.get(FILES).content.decode()
    assert "Fair in Poznań" in text
    assert ">3<" in text
    assert "Download" in text


def test_the_count_on_the_tab_comes_with_the_list(client):
    """A file that becomes ready while the list is looked at is counted at once."""
    make_file()
    told = client.get(FILES, headers=HTMX).content.decode()
    assert 'id="segment-tabs" hx-swap-oob="true"' in told
    assert 'Export files <span class="n num">1</span>' in told


def test_the_empty_list_says_how_a_file_comes_about(client):
    assert "Export is an action on a segment" in client.get(FILES).content.decode()


def test_the_list_is_searched_sorted_and_fetched_in_parts(client):
    make_file("Alpha", 1)
    make_file("Beta", 5)
    assert b"Alpha" not in client.get(FILES, {"q": "bet"}).content
    text = client.get(FILES, {"sort": "-rows"}, headers=HTMX).content.decode()
    assert text.index("Beta") < text.index("Alpha")
    assert "<html" not in text


@pytest.mark.parametrize("asked", [{"sort": "stored_as"}, {"page": "x"}, {"kind": "odd"}, {"q": "a\x00b"}])
def test_a_broken_address_shows_no_file_and_says_why(asked, client):
    make_file("Alpha", 1)
    response = client.get(FILES, asked)
    text = response.content.decode()
    assert response.status_code == 422
    assert "Nothing is shown" in text
    assert "Alpha" not in text


def test_a_file_made_just_now_expires_in_the_promised_seven_days(client):
    """IP32."""
    make_file("Alpha", 1)
    assert "in 7 days" in client.get(FILES).content.decode()


def test_the_list_costs_the_same_with_many_files(client):
    make_file("One")
    client.get(FILES)
    with CaptureQueriesContext(connection) as few:
        client.get(FILES)
    for number in range(8):
        make_file(f"More {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(FILES)
    assert len(many) == len(few)


def test_a_file_is_downloaded_under_the_segments_name(client):
    file = make_file('Fair "Poznań" / 2026')
    answer = download(client, file)
    content = b"".join(answer.streaming_content)
    assert answer.status_code == 200
    assert content == store.path_of(file.stored_as).read_bytes()
    assert answer["Content-Disposition"].startswith("attachment")
    assert "Fair%20" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]


def test_an_expired_file_is_refused_although_no_purge_has_run(client):
    file = make_file()
    ExportFile.objects.update(created_at=clock() - timedelta(days=8), expires_at=clock() - timedelta(seconds=1))
    answer = download(client, file)
    assert answer.status_code == 410
    assert "seven days" in answer.content.decode()
    assert "Fair" not in client.get(FILES).content.decode()


def test_a_missing_file_is_told_and_logged(client, caplog):
    file = make_file()
    store.remove(file.stored_as)
    answer = download(client, file)
    assert answer.status_code == 410
    assert "missing" in answer.content.decode()
    assert "not in the store" in caplog.text


def test_an_analyst_sees_the_list_but_may_not_download(client_for, analyst):
    file, looking = make_file(), client_for(analyst)
    assert "not for analysts" in looking.get(FILES).content.decode()
    assert download(looking, file).status_code == 403


def test_the_list_tells_an_analyst_once_why_nothing_can_be_downloaded(client_for, client, analyst):
    make_file()
    assert "personal data of many people" in client_for(analyst).get(FILES).content.decode()
    assert "personal data of many people" not in client.get(FILES).content.decode()


def test_nobody_downloads_without_signing_in(client_for):
    assert download(client_for(None), make_file()).status_code == 302


def test_another_accounts_file_is_not_found(client_for, other_account, make_user):
    file = make_file()
    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert download(stranger, file).status_code == 404
        assert "Fair" not in stranger.get(FILES).content.decode()
