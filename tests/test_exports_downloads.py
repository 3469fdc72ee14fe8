"""Carrying files away: links for a quarter of an hour, the record of every download, and choices that are kept."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from exports import links, store
from exports.models import Download, ExportFile, Preset
from exports.services import remove_expired
from tests import factories
from tests.test_exports_pages import make_file
from users.models import User

HTMX = {"HX-Request": "true"}
LOG = "/exports/downloads/"


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


@pytest.fixture
def stranger(client_for):
    """Somebody who has not signed in."""
    return client_for(None)


def link(file, user):
    return links.link_for(file, user=user, now=clock()).url


def fetch(client, file, **more):
    return body(client.get(f"/exports/{file.pk}/", **more))


def body(answer):
    return b"".join(answer.streaming_content)


def test_whoever_holds_a_link_has_the_file_without_signing_in(stranger, marketer):
    """IO5."""
    file = make_file()
    answer = stranger.get(link(file, marketer))
    assert body(answer) == store.path_of(file.stored_as).read_bytes()
    assert "no-store" in answer["Cache-Control"]


def test_a_link_ends_after_a_quarter_of_an_hour(stranger, marketer):
    file = make_file()
    made = links.link_for(file, user=marketer, now=clock())
    with time_machine.travel(made.expires_at - timedelta(seconds=1), tick=False):
        assert body(stranger.get(made.url))
    with time_machine.travel(made.expires_at, tick=False):
        answer = stranger.get(made.url)
    assert answer.status_code == 410
    assert "no-store" in answer["Cache-Control"]
    assert marketer.name not in answer.content.decode()


def test_a_link_ends_with_the_file(marketer):
    file = make_file()
    late = file.expires_at - timedelta(minutes=1)
    assert links.link_for(file, user=marketer, now=late).expires_at <= file.expires_at


@pytest.mark.parametrize("spoil", [
    lambda url: url[:-2] + "/", lambda url: url.replace("/by/", "/by/x"), lambda url: url[:-1] + "A/",
    lambda url: f"{url.rpartition('/by/')[0]}/by/{'x' * 3000}/", lambda url: f"{url.rpartition('/by/')[0]}/by/%00/",
    lambda url: url.replace("/exports/", "/exports/9"), lambda url: url.replace("/exports/", "/exports/9" * 1),
])  # fmt: skip
def test_a_link_that_was_changed_leads_nowhere(stranger, marketer, spoil):
    url = link(make_file(), marketer)
    assert stranger.get(spoil(url)).status_code == 404
    assert not Download.objects.exists()


def test_a_link_is_of_one_file_alone(stranger, marketer):
    one, two = make_file("One"), make_file("Two")
    token = link(one, marketer).rpartition("/by/")[2]
    assert stranger.get(f"/exports/{two.pk}/by/{token}").status_code == 404


def test_a_link_is_nothing_in_another_account(client_for, marketer, other_account):
    url = link(make_file(), marketer)
    with tenant_context(other_account):
        assert client_for(None).get(url).status_code == 404


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "analyst"}])
def test_a_link_ends_when_its_maker_may_not_have_the_file_any_more(stranger, marketer, change):
    url = link(make_file(), marketer)
    User.objects.filter(pk=marketer.pk).update(**change)
    assert stranger.get(url).status_code == 410


def test_a_link_ends_when_its_maker_sees_part_of_the_contacts_only(stranger, marketer):
    file = make_file()
    url = link(file, marketer)
    factories.permission_group("Nobody", users=[marketer], categories=[])
    assert stranger.get(url).status_code == 410


def test_a_link_of_a_file_that_is_gone_leads_nowhere(stranger, marketer):
    file = make_file()
    url = link(file, marketer)
    file.delete()
    assert stranger.get(url).status_code == 404


def test_a_missing_file_is_told_by_link_too(stranger, marketer, caplog):
    file = make_file()
    store.remove(file.stored_as)
    assert stranger.get(link(file, marketer)).status_code == 410


def test_the_button_gives_a_link_that_works(client, stranger):
    import re

    file = make_file()
    answer = client.post(f"/exports/{file.pk}/link/", headers=HTMX)
    text = answer.content.decode()
    assert "<html" not in text
    url = re.search(r'value="https?://[^/]+(/[^"]+)"', text)[1]
    assert body(stranger.get(url)) == store.path_of(file.stored_as).read_bytes()
    assert Download.objects.get().how == "link"
    assert "<html" in client.post(f"/exports/{file.pk}/link/").content.decode()


def test_an_analyst_is_given_no_link(client_for, analyst):
    file = make_file()
    assert client_for(analyst).post(f"/exports/{file.pk}/link/").status_code == 403
    with pytest.raises(PermissionDenied):
        links.link_for(file, user=analyst, now=clock())


def test_no_link_is_given_to_an_expired_file_or_one_of_nobody(client):
    file = make_file()
    ExportFile.objects.update(created_at=clock() - timedelta(days=8), expires_at=clock() - timedelta(seconds=1))
    assert client.post(f"/exports/{file.pk}/link/").status_code == 410
    assert client.post("/exports/999999999999999999999/link/").status_code == 404
    assert client.get(f"/exports/{file.pk}/link/").status_code == 405


def test_every_download_is_written_down(client, marketer):
    """IO5: who, when, how, from where."""
    file = make_file("Fair", 3)
    fetch(client, file, headers={"User-Agent": "Mozilla/5.0 \x1b[31m"})
    noted = Download.objects.get()
    assert (noted.by, noted.how, noted.title, noted.rows) == (str(marketer), "page", "Fair", 3)
    assert (noted.address, noted.program) == ("127.0.0.1", "Mozilla/5.0 [31m")


@pytest.mark.parametrize(
    ("there", "forwarded", "address"),
    [
        ("10.0.0.9", "203.0.113.7, 198.51.100.4", "198.51.100.4"),
        ("fe80::1%eth0", "", "fe80::1"),
        ("unix:", "somewhere", None),
        ("10.0.0.9", "somewhere", "10.0.0.9"),
    ],
)
def test_the_address_is_what_the_proxy_saw_or_none(client, settings, there, forwarded, address):
    settings.HTTPS = True
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    response = client.get(f"/exports/{make_file('Fair', 3).pk}/", REMOTE_ADDR=there, headers=headers)
    assert b"".join(response.streaming_content)
    assert Download.objects.get().address == address


def test_what_is_refused_or_only_looked_at_is_not_written_down(client, client_for, analyst):
    file = make_file()
    client.head(f"/exports/{file.pk}/")
    client_for(analyst).get(f"/exports/{file.pk}/")
    assert not Download.objects.exists()


def test_the_files_row_tells_how_often_it_was_carried_away(client, marketer):
    file = make_file()
    assert "Not downloaded yet" in client.get("/exports/").content.decode()
    for _ in range(2):
        fetch(client, file)
    text = client.get("/exports/").content.decode()
    assert "Downloaded 2 times" in text
    assert marketer.name in text


def test_the_record_outlives_the_file_and_its_segment(client_for, owner):
    client, file = client_for(owner), make_file("Fair")
    fetch(client, file)
    remove_expired(clock() + timedelta(days=8))
    file.segment.delete()
    assert not ExportFile.objects.exists()
    assert "Fair" in client.get(LOG).content.decode()


def test_the_record_goes_after_two_years(client):
    file = make_file()
    fetch(client, file)
    remove_expired(clock() + timedelta(days=729))
    assert Download.objects.exists()
    remove_expired(clock() + timedelta(days=731))
    assert not Download.objects.exists()


def test_the_record_is_for_administrators(client, client_for, owner):
    assert client.get(LOG).status_code == 403
    assert "No file was downloaded yet" in client_for(owner).get(LOG).content.decode()


def test_the_record_is_searched_narrowed_and_fetched_in_parts(client_for, owner):
    client = client_for(owner)
    for name in ("Alpha", "Łódź"):
        fetch(client, make_file(name))
    found = client.get(LOG, {"q": "lodz", "how": "page"}, headers=HTMX).content.decode()
    assert "Łódź" in found
    assert "Alpha" not in found
    assert "<html" not in found
    assert "Nothing fits" in client.get(LOG, {"how": "api"}).content.decode()


@pytest.mark.parametrize("asked", [{"how": "x"}, {"page": "x"}, {"q": "a\x00b"}, {"odd": "1"}, {"q": ["a", "b"]}])
def test_a_broken_address_of_the_record_shows_nothing_and_says_why(asked, client_for, owner):
    assert client_for(owner).get(LOG, asked).status_code == 422


def test_the_record_costs_the_same_with_many_downloads(client_for, owner):
    client, file = client_for(owner), make_file()
    fetch(client, file)
    client.get(LOG)
    with CaptureQueriesContext(connection) as few:
        client.get(LOG)
    for _ in range(8):
        fetch(client, file)
    with CaptureQueriesContext(connection) as many:
        client.get(LOG)
    assert len(many) == len(few)


def choose(client, segment, move="", **given):
    fields = {"kind": "export", "columns": ["id", "email"], "order": ["email", "id"], "names": ["Adres", ""]}
    fields |= {"separator": "tab", "format": "csv", "move": move} | given
    return client.post(f"/segments/{segment.pk}/actions/add/", fields)


def test_a_choice_is_kept_by_name_and_taken_again(client, marketer):
    """IO5: columns, order and names, remembered."""
    segment = make_file().segment
    assert "Kept as “Mailing”" in choose(client, segment, "keep", keep_as="Mailing").content.decode()
    kept = Preset.objects.get(name="Mailing")
    assert (kept.user, kept.params["columns"], kept.params["names"]) == (marketer, ["email", "id"], {"email": "Adres"})
    text = choose(client, segment, "use", preset=str(kept.pk), columns=["phone"], order=["phone"], names=[""]).content
    text = text.decode()
    assert text.index('name="order" value="email"') < text.index('name="order" value="id"')
    assert 'name="order" value="phone"' not in text
    assert 'value="Adres"' in text


def test_keeping_under_the_same_name_changes_the_choice(client):
    segment = make_file().segment
    choose(client, segment, "keep", keep_as="Mailing")
    choose(client, segment, "keep", keep_as="mailing", format="xlsx")
    assert Preset.objects.exclude(name="").get().params["format"] == "xlsx"


def test_a_choice_needs_a_name_and_something_chosen(client):
    segment = make_file().segment
    assert "Give it a name" in choose(client, segment, "keep").content.decode()
    choose(client, segment, "keep", keep_as="None", columns=[])
    assert not Preset.objects.exclude(name="").exists()


def test_choices_are_ones_own(client, client_for, owner):
    segment = make_file().segment
    choose(client, segment, "keep", keep_as="Mailing")
    other, kept = client_for(owner), Preset.objects.get(name="Mailing")
    assert "Mailing" not in choose(other, segment).content.decode()
    choose(other, segment, "forget", preset=str(kept.pk))
    assert Preset.objects.filter(pk=kept.pk).exists()
    choose(client, segment, "forget", preset=str(kept.pk))
    assert not Preset.objects.filter(pk=kept.pk).exists()


def test_the_next_export_begins_with_the_last_choice(client):
    segment = make_file().segment
    answer = choose(client, segment, format="xlsx")
    given = {"kind": "export", "columns": ["phone"], "order": ["phone"], "names": ["Tel"], "format": "xlsx"}
    given |= {"separator": "comma"}
    reviewed = client.post(f"/segments/{segment.pk}/actions/add/", given)
    import re

    hidden = dict(re.findall(r'name="(calculation|question)" value="([^"]*)"', reviewed.content.decode()))
    assert answer.status_code == 200
    client.post(f"/segments/{segment.pk}/actions/add/", given | hidden | {"confirmed": "yes"})
    text = client.get(f"/segments/{segment.pk}/actions/add/?kind=export").content.decode()
    assert re.search(r'value="xlsx"[^>]*checked', text)
    assert 'value="Tel"' in text


@pytest.mark.parametrize(("given", "words"), [
    ({"names": ["x" * 121, ""]}, "at most 120"), ({"names": ["Same", "same"]}, "the same name"),
    ({"format": "exe"}, "exe"), ({"format": "meta"}, "Choose the consent"), ({"names": ["a\x00b", ""]}, "one line"),
    ({"format": "meta", "consent": "gone"}, "gone"), ({"columns": []}, "at least one column"),
])  # fmt: skip
def test_what_cannot_be_written_is_refused_on_the_form(client, given, words):
    segment = make_file().segment
    fields = {"kind": "export", "columns": ["id", "email"], "order": ["email", "id"], "names": ["", ""]}
    answer = client.post(f"/segments/{segment.pk}/actions/add/", fields | {"separator": "tab", "format": "csv"} | given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
