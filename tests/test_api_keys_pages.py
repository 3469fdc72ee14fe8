"""Settings → API keys: the list, a key made and shown once, one revoked; what a user's deactivation stops."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import ApiKey, Scope
from api.services import create_key, revoke_key
from tests.support.keys import KeyClient, key_client
from tests.support.posted import fields_of
from users.services import deactivate

pytestmark = pytest.mark.django_db
LIST, NEW = "/keys/", "/keys/new/"
TOKEN = re.compile(r'<code id="token">(sito_[a-z]{8}_[\w-]{43})</code>')
LINE = re.compile(r'<pre id="trial"[^>]*>(.*?)</pre>', re.DOTALL)


@pytest.fixture
def client(client_for, owner):
    return client_for(owner)


def text(response) -> str:
    return response.content.decode()


def sent(client, **given):
    """The form as it stands, with these answers; None: not sent."""
    form = fields_of(text(client.get(NEW)))
    form["name"] = "Shop"
    for name, value in given.items():
        if value is None:
            form.pop(name, None)
        else:
            form.setlist(name, value if isinstance(value, list) else [str(value)])
    return dict(form.lists())


def key_of(owner, **fields):
    given = {"name": "Shop", "scopes": ["contacts:read"], "acts_for": owner, "now": timezone.now()}
    return create_key(**{**given, **fields}).key


# --- who ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_only_owners_and_administrators_open_them(client_for, make_user, owner, role) -> None:
    key = key_of(owner)
    other, boss = client_for(make_user(role)), client_for(make_user("administrator"))
    for path in (LIST, NEW, f"/keys/{key.pk}/revoke/"):
        assert other.get(path).status_code == 403, path
        assert other.post(path, {"name": "x"}).status_code in (403, 405), path
        assert boss.get(path).status_code == 200, path
    assert LIST not in text(other.get("/contacts/"))
    assert ApiKey.objects.get().revoked_at is None


@pytest.mark.parametrize("pk", [10**6, 10**30])
def test_an_id_of_nobody_is_not_found(client, pk) -> None:
    path = f"/keys/{pk}/revoke/"
    assert [client.get(path).status_code, client.post(path).status_code] == [404, 404]


# --- making ---------------------------------------------------------------------------------------------------
def test_a_key_is_made_shown_once_and_its_line_works(client, owner, make_user) -> None:
    marketer = make_user("marketer", name="Marek")
    form = sent(client, acts_for=marketer.pk, scopes=["contacts:read", "facts:write"], days="30", rate_per_minute="90")
    answer = client.post(NEW, form)
    key = ApiKey.objects.get()
    token = TOKEN.search(text(answer))[1]
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (key.name, key.user, key.created_by, key.limit) == ("Shop", marketer, owner, 90)
    assert key.scopes == ["contacts:read", "facts:write"]
    assert timedelta(days=29) < key.expires_at - timezone.now() < timedelta(days=30)
    line = LINE.search(text(answer))[1].replace("&quot;", '"')
    assert line == f'curl -H "Authorization: Bearer {token}" "http://acme.testserver/api/v1/contacts?limit=1"'
    assert KeyClient(token, key).send("get", "/contacts?limit=1")[0] == 200
    for path in (LIST, NEW, f"{NEW}?like={key.pk}", f"/keys/{key.pk}/revoke/"):
        assert token[14:] not in text(client.get(path)), path
    assert token[14:] not in str(dict(client.session))


def test_the_line_of_a_key_that_only_writes_sends_an_empty_batch(client) -> None:
    answer = text(client.post(NEW, sent(client, scopes=["facts:write"])))
    assert r'-d "{\"items\": []}" "http://acme.testserver/api/v1/activities"' in LINE.search(answer)[1]
    token = TOKEN.search(answer)[1]
    assert KeyClient(token, ApiKey.objects.get()).send("post", "/activities", {"items": []})[0] == 200
    assert 'id="trial"' not in text(client.post(NEW, sent(client, scopes=["actions:write"])))


def test_a_form_that_is_sent_again_makes_no_second_key(client) -> None:
    form = sent(client)
    client.post(NEW, form)
    again = client.post(NEW, form, follow=True)
    assert "is not shown again" in text(again)
    assert TOKEN.search(text(again)) is None
    assert ApiKey.objects.count() == 1
    client.post(NEW, sent(client))
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"name": " "},
        {"name": "\x00"},
        {"name": "x" * 81},
        {"acts_for": None},
        {"acts_for": "1000000"},
        {"acts_for": "x"},
        {"scopes": None},
        {"scopes": ["contacts:read", "everything"]},
        {"days": "7"},
        {"days": None},
        {"days": "9" * 40},
        {"rate_per_minute": "0"},
        {"rate_per_minute": "9" * 40},
        {"once": "x" * 100},
    ],
)
def test_what_is_wrong_is_refused_with_the_form(client, bad) -> None:
    answer = client.post(NEW, sent(client, **bad))
    assert answer.status_code == 422
    assert 'id="key"' in text(answer)
    assert not ApiKey.objects.exists()


def test_no_key_is_made_for_a_deactivated_user_nor_a_writing_one_for_an_analyst(client, owner, make_user) -> None:
    gone, analyst = make_user("marketer"), make_user("analyst", name="Ada")
    deactivate(gone, by=owner)
    assert client.post(NEW, sent(client, acts_for=gone.pk)).status_code == 422
    writing = client.post(NEW, sent(client, acts_for=analyst.pk, scopes=["contacts:read", "facts:write"]))
    assert writing.status_code == 422
    assert "Leave out: facts:write." in text(writing)
    assert client.post(NEW, sent(client, acts_for=analyst.pk, scopes=["contacts:read"])).status_code == 200


def test_a_key_like_another_begins_with_its_settings(client, owner, make_user) -> None:
    marketer = make_user("marketer")
    key = key_of(marketer, scopes=["labels:read"], rate_per_minute=7, expires_at=timezone.now() + timedelta(days=60))
    form = fields_of(text(client.get(f"{NEW}?like={key.pk}")))
    got = [form["acts_for"], form.getlist("scopes"), form["days"], form["rate_per_minute"]]
    assert got == [str(marketer.pk), ["labels:read"], "90", "7"]
    for odd in ("x", "9" * 30, "0", "\x00"):
        assert client.get(NEW, {"like": odd}).status_code == 200


# --- the list -------------------------------------------------------------------------------------------------
def test_without_keys_the_page_says_what_to_do(client) -> None:
    assert "No API keys" in text(client.get(LIST))
    assert "No key has ended" in text(client.get(f"{LIST}?shown=ended"))


def test_keys_that_work_and_keys_that_ended_are_apart_with_their_states(client, owner, make_user) -> None:
    now, gone = timezone.now(), make_user("marketer", name="Marek Gone")
    working = key_of(owner, name="Working one", expires_at=now + timedelta(days=1))
    revoked = key_of(owner, name="Revoked one")
    revoke_key(revoked, now=now, by=owner)
    key_of(owner, name="Expired one", now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    key_of(gone, name="Stopped one")
    deactivate(gone, by=owner)
    shown, ended = text(client.get(LIST)), text(client.get(f"{LIST}?shown=ended"))
    names = ("Working one", "Revoked one", "Expired one", "Stopped one")
    assert [name in shown for name in names] == [True, False, False, False]
    assert [name in ended for name in names] == [False, True, True, True]
    assert f"sito_{working.prefix}_…" in shown
    assert "Never used" in shown
    assert "Stopped: user deactivated" in ended
    assert "Marek Gone" in ended


def test_the_list_is_sorted_and_an_address_that_is_wrong_is_refused(client, owner) -> None:
    for name, used in (("b", None), ("a", timezone.now()), ("c", timezone.now() - timedelta(days=1))):
        key = key_of(owner, name=f"{name}-key")
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=used)
    orders = {sort: re.findall(r">(\w)-key<", text(client.get(f"{LIST}?sort={sort}"))) for sort in ("name", "-used")}
    assert orders == {"name": ["a", "b", "c"], "-used": ["a", "c", "b"]}
    for bad in ("sort=x", "shown=x", "page=x", "shown=ended&shown=working", "q=1", "shown=%00"):
        assert client.get(f"{LIST}?{bad}").status_code == 422, bad


def test_its_queries_do_not_grow_with_the_keys(client, owner, make_user) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(LIST)
        return len(caught)

    key_of(owner)
    client.get(LIST)
    before = queries()
    for _ in range(5):
        key_of(make_user("marketer"))
    assert queries() == before


# --- revoking -------------------------------------------------------------------------------------------------
def test_revoking_asks_with_when_it_was_last_used_and_stops_it(client, owner) -> None:
    machine = key_client(owner, "contacts:read", name="Shop")
    path = f"/keys/{machine.key.pk}/revoke/"
    assert "It was never used." in text(client.get(path))
    machine.send("get", "/contacts?limit=1")
    asked = client.get(path, headers={"HX-Request": "true"})
    assert "It was last used" in text(asked)
    assert "<html" not in text(asked)
    client.post(path)
    machine.key.refresh_from_db()
    assert (machine.key.revoked_by, machine.send("get", "/contacts?limit=1")[0]) == (owner, 401)
    first = machine.key.revoked_at
    client.post(path)
    machine.key.refresh_from_db()
    assert machine.key.revoked_at == first
    assert "It was revoked already" in text(client.get(path))


# --- what stops with a user -----------------------------------------------------------------------------------
def test_the_page_that_deactivates_a_user_names_the_keys_that_stop(client, owner, make_user) -> None:
    marketer = make_user("marketer")
    key_of(owner, name="Not theirs")
    assert "API key" not in text(client.get(f"/users/{marketer.pk}/deactivate/", headers={"HX-Request": "true"}))
    revoke_key(key_of(marketer, name="Old"), now=timezone.now())
    key_of(marketer, name="Shop & co")
    key_of(marketer, name="CRM")
    told = text(client.get(f"/users/{marketer.pk}/deactivate/", headers={"HX-Request": "true"}))
    assert "2 API keys act for this user." in told
    assert "“CRM”, “Shop &amp; co”" in told
    assert f'href="{LIST}"' in told
    assert [name in told for name in ("Old", "Not theirs")] == [False, False]


def test_every_scope_can_be_ticked(client) -> None:
    form = sent(client, scopes=list(Scope.values), days="never")
    client.post(NEW, form)
    assert (ApiKey.objects.get().scopes, ApiKey.objects.get().expires_at) == (list(Scope.values), None)
