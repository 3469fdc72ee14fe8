"""Actions and exports over the API: looked at before, added once, cancelled, undone; files and their links."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from actions.models import Action, ActionRun
from contacts.models import Contact, ContactConsent
from exports.models import ExportFile
from jobs.services import run
from tags.models import Category, ContactCategory, ContactTag
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from tests.support.segments import calculate, calculated, create, scored
from tests.support.split import split

pytestmark = pytest.mark.django_db
TAG = {"kind": "add_tag", "params": {"tags": "vip"}}
EXPORT = {"kind": "export", "params": {"columns": ["id", "email"], "names": {"email": "Address"}, "bom": False}}


@pytest.fixture
def client() -> KeyClient:
    return key_client(name="Shop")


def add(client: KeyClient, segment: Any, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    return client.send("post", f"/segments/{segment.pk}/actions", body, **headers)


def carried_out(client: KeyClient, segment: Any, body: dict[str, Any]) -> int:
    """The id of the run, which is done."""
    status, said = add(client, segment, body)
    assert status == 201, said
    [pk] = said["items"][0]["runs"]
    run("action", pk, now=timezone.now())
    return int(pk)


def wrongs(said: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in said["errors"]]


# --- adding --------------------------------------------------------------------------------------------------
def test_an_action_is_looked_at_added_and_told(client) -> None:
    ids = scored(3)
    factories.tag("VIP", Contact.objects.get(pk=ids[0]))
    segment = calculated(now=timezone.now())
    status, dry = client.send("post", f"/segments/{segment.pk}/actions/dry-run", TAG)
    assert (status, dry["starts"], dry["calculation"]) == (200, "now", segment.latest_id)
    [draft] = dry["items"]
    assert (draft["sentence"], draft["forecast"]["changed"], draft["forecast"]["already"]) == ("Add tag VIP", 2, 1)
    assert not Action.objects.exists()
    pk = carried_out(client, segment, TAG | {"calculation": dry["calculation"]})
    said = client.send("get", f"/runs/{pk}")[1]
    assert (said["state"], said["changed"], said["already"], said["by"]) == (
        "done", 2, 1, str(client.key.acts_for),
    )  # fmt: skip
    assert client.send("get", f"/segments/{segment.pk}/runs")[1]["items"] == [said]
    assert client.send("get", f"/actions/{said['action']}")[1]["runs"] == [pk]
    assert ContactTag.objects.filter(tag__name="VIP").count() == 3


def test_the_same_answer_sent_twice_adds_one_action_and_another_the_same_is_refused(client) -> None:
    segment = calculated(now=timezone.now(), every=1, unit="day")
    body = TAG | {"every_refresh": True}
    first, again = (add(client, segment, body, Idempotency_Key="one") for _time in range(2))
    assert first == again
    status, said = add(client, segment, body)
    assert (status, said["reason"], Action.objects.count()) == (409, "already_planned", 1)


def test_two_tags_are_two_actions(client) -> None:
    segment = calculated(now=timezone.now())
    said = add(client, segment, {"kind": "add_tag", "params": {"tags": "a, b"}})[1]
    assert [item["sentence"] for item in said["items"]] == ["Add tag A", "Add tag B"]


def test_no_action_is_added_when_the_window_is_closed_and_one_is_planned_while_it_is_calculated(client) -> None:
    closed = calculated("Closed", now=timezone.now() - timedelta(days=30))
    for path in ("actions", "actions/dry-run"):
        status, said = client.send("post", f"/segments/{closed.pk}/{path}", TAG)
        assert (status, said["reason"]) == (409, "window_closed")
    creating = create("Creating", now=timezone.now())
    dry = client.send("post", f"/segments/{creating.pk}/actions/dry-run", TAG)[1]
    assert (dry["starts"], dry["items"][0]["forecast"]) == ("planned", None)
    planned = add(client, creating, TAG)[1]["items"][0]
    assert client.send("get", f"/segments/{creating.pk}/actions")[1]["items"] == [planned]
    assert planned["runs"] == []
    assert client.send("post", f"/actions/{planned['id']}/stop")[1]["stopped_at"] is not None
    assert client.send("post", f"/actions/{planned['id']}/stop")[0] == 409
    calculate(creating, now=timezone.now())
    assert not ActionRun.objects.exists()


def test_an_action_is_not_added_on_another_calculation_than_was_looked_at(client) -> None:
    segment = calculated(now=timezone.now())
    looked_at = segment.latest_id
    client.send("post", f"/segments/{segment.pk}/refresh")
    calculate(segment, now=timezone.now())
    status, said = add(client, segment, TAG | {"calculation": looked_at})
    assert (status, said["reason"], Action.objects.count()) == (409, "result_changed", 0)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"kind": "nothing"}, ("kind", "not_option")),
        ({"kind": "add_tag"}, ("params.tags", "required")),
        ({"kind": "remove_tag", "params": {"tags": "NOBODYS"}}, ("params.tags", "invalid")),
        ({"kind": "add_tag", "params": {"tags": "x", "colour": 1}}, ("params.colour", "unknown")),
        ({"kind": "add_tag", "params": {"tags": {"a": 1}}}, ("params.tags", "invalid")),
        ({"kind": "add_category", "params": {"category": "no/where"}}, ("params.category", "invalid_choice")),
        ({"kind": "add_consent", "params": {"consent": "newsletter"}}, ("params.source", "required")),
        (TAG | {"every_refresh": True}, ("audience", "not_refreshing")),
        (TAG | {"audience": "joined"}, ("audience", "not_refreshing")),
    ],
)
def test_what_the_page_refuses_is_refused_at_its_parameter(client, body: dict[str, Any], wrong: Any) -> None:
    factories.consent("newsletter")
    segment = calculated(now=timezone.now())
    for path in ("actions", "actions/dry-run"):
        status, said = client.send("post", f"/segments/{segment.pk}/{path}", body)
        assert (status, wrongs(said)) == (422, [wrong])
    assert not Action.objects.exists()


def test_categories_are_named_by_path_and_consents_by_key(client) -> None:
    [pk] = scored(1)
    factories.consent("newsletter")
    factories.category("klient/media")
    segment = calculated(now=timezone.now())
    carried_out(client, segment, {"kind": "add_category", "params": {"category": "klient/media"}})
    carried_out(client, segment, {"kind": "add_consent", "params": {"consent": "newsletter", "source": "fair"}})
    assert ContactCategory.objects.get().category.slug_path == "klient/media"
    assert (ContactConsent.objects.get().contact_id, ContactConsent.objects.get().source) == (pk, "fair")
    carried_out(client, segment, {"kind": "remove_category", "params": {"category": "klient"}})  # with those below
    assert not ContactCategory.objects.exists()


def test_the_kinds_tell_their_parameters(client) -> None:
    items = {item["kind"]: item for item in client.send("get", "/actions/kinds")[1]["items"]}
    assert [param["name"] for param in items["add_consent"]["params"]] == ["consent", "source", "again"]
    assert items["remove_category"]["params"][1]["default"] is True
    assert {"add_tag", "remove_tag", "export"} < items.keys()


# --- cancelling and undoing ----------------------------------------------------------------------------------
def test_a_run_is_undone_once_after_its_numbers_were_asked_for(client) -> None:
    scored(3)
    segment = calculated(now=timezone.now())
    pk = carried_out(client, segment, TAG)
    assert client.send("get", f"/runs/{pk}/undo")[1]["changed_back"] == 3
    assert ContactTag.objects.count() == 3
    response = client.ask("post", f"/runs/{pk}/undo")
    assert (response.status_code, response.headers["Location"]) == (202, f"/api/v1/runs/{pk}")
    run("undo", ActionRun.objects.get(pk=pk).undo.pk, now=timezone.now())
    said = client.send("get", f"/runs/{pk}")[1]["undo"]
    assert (said["state"], said["changed_back"], ContactTag.objects.count()) == ("done", 3, 0)
    status, said = client.send("post", f"/runs/{pk}/undo")
    assert (status, said["reason"]) == (409, "undone")
    assert client.send("get", f"/runs/{pk}/undo")[0] == 409


def test_a_waiting_run_is_cancelled_and_one_that_is_over_is_not(client) -> None:
    scored(3)
    segment = calculated(now=timezone.now())
    [pk] = add(client, segment, TAG)[1]["items"][0]["runs"]
    assert client.send("post", f"/runs/{pk}/cancel")[1]["state"] == "cancelled"
    assert client.send("post", f"/runs/{pk}/cancel")[0] == 409
    assert client.send("post", f"/runs/{10**12}/cancel")[0] == 404


# --- exports -------------------------------------------------------------------------------------------------
def test_an_export_is_listed_and_downloaded_by_a_link_without_a_key(client, settings, tmp_path, client_for) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    scored(3)
    segment = calculated(now=timezone.now())
    carried_out(client, segment, EXPORT)
    [listed] = client.send("get", "/exports")[1]["items"]
    assert (listed["rows"], listed["columns"], listed["format"]) == (3, ["id", "email"], "csv")
    said = client.send("get", f"/exports/{listed['id']}")[1]
    assert {name: said[name] for name in listed} == listed
    response = client.ask("get", f"/exports/{listed['id']}/download")
    assert response.status_code == 303
    assert said["download"]["url"].startswith("http://acme.testserver/exports/")
    for url in (said["download"]["url"], response.headers["Location"]):
        file = client_for(None).get(url)
        lines = file.getvalue().decode().splitlines()
        assert (lines[0].split(",")[1], len(lines)) == ("Address", 4)
    ExportFile.objects.update(created_at=timezone.now() - timedelta(days=8), expires_at=timezone.now())
    assert client.send("get", f"/exports/{listed['id']}")[1]["code"] == "gone"
    assert client.send("get", "/exports")[1]["items"] == []


def test_an_analyst_sees_the_files_and_gets_no_link(client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    scored(3)
    carried_out(client, calculated(now=timezone.now()), EXPORT)
    file, analyst = ExportFile.objects.get(), key_client(make_user("analyst"))
    assert analyst.send("get", f"/exports/{file.pk}")[1]["download"] is None
    assert analyst.send("get", f"/exports/{file.pk}/download")[0] == 403


# --- who sees some contacts only -----------------------------------------------------------------------------
def test_a_restricted_key_acts_on_whom_it_sees_and_not_on_what_others_added(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    world = split()
    segment = calculated("Wide", now=world.now, by=world.wide)
    wide, narrow = key_client(world.wide), key_client(world.narrow)
    theirs = carried_out(wide, segment, EXPORT)
    dry = narrow.send("post", f"/segments/{segment.pk}/actions/dry-run", TAG)[1]
    assert dry["items"][0]["forecast"]["changed"] == len(world.mine)
    own = carried_out(narrow, segment, TAG)
    assert set(ContactTag.objects.values_list("contact_id", flat=True)) == set(world.mine)
    for path in (f"/runs/{theirs}", f"/exports/{ExportFile.objects.get().pk}"):
        assert narrow.send("get", path)[0] == 404
    action = ActionRun.objects.get(pk=theirs).action_id
    for path in (f"/runs/{theirs}/cancel", f"/runs/{theirs}/undo", f"/actions/{action}/stop"):
        assert narrow.send("post", path)[0] == 404
    runs = {item["id"]: item for item in narrow.send("get", f"/segments/{segment.pk}/runs")[1]["items"]}
    assert (runs[own]["changed"], runs[own]["total"]) == (len(world.mine), len(world.mine))
    assert (runs[theirs]["gone"], runs[theirs]["total"]) == (None, 0)
    vault = factories.category("vault")
    status, said = add(narrow, segment, {"kind": "add_category", "params": {"category": "vault"}})
    assert (status, said["errors"][0]["field"]) == (422, "params.category")
    assert Category.objects.filter(pk=vault.pk).exists()
