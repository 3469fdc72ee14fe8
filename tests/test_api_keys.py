"""Who may use the API: keys, scopes, roles, sight, limits."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_tenants.utils import tenant_context

from api import limits
from api.forms import KeyForm, days_of
from api.models import ApiKey, Scope
from api.services import KeyRefusedError, create_key, revoke_key
from config import counting
from tests import factories
from tests.support.keys import KeyClient, key_client
from users.services import deactivate

pytestmark = pytest.mark.django_db
TOUCHED = "/contacts?limit=1"


def refused(client: KeyClient) -> tuple[int, str]:
    status, said = client.send("get", TOUCHED)
    return status, said["code"]


def test_a_key_is_shown_once_and_kept_as_a_hash(owner) -> None:
    made = create_key(name=" Shop ", scopes=["labels:read", "contacts:read"], acts_for=owner, now=timezone.now())
    kept = ApiKey.objects.get()
    assert made.token.startswith(f"sito_{kept.prefix}_")
    assert len(made.token) == 5 + 8 + 1 + 43
    assert made.token[-43:].encode() not in bytes(kept.secret_hash)
    assert (kept.name, kept.by, kept.scopes) == ("Shop", "API: Shop", ["contacts:read", "labels:read"])


def test_a_key_opens_the_api_and_is_noted_as_used_to_the_minute(time_machine) -> None:
    at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    time_machine.move_to(at, tick=False)
    client = key_client()
    assert client.send("get", TOUCHED)[0] == 200
    time_machine.move_to(at + timedelta(seconds=59), tick=False)
    client.send("get", TOUCHED)
    assert ApiKey.objects.get().last_used_at == at
    time_machine.move_to(at + timedelta(seconds=60), tick=False)
    client.send("get", TOUCHED)
    assert ApiKey.objects.get().last_used_at == at + timedelta(seconds=60)


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer sito_abcdefgh_", "Bearer x", "Bearer sito_ABCDEFGH_" + "a" * 43],
)
def test_what_is_no_key_is_refused_with_a_challenge(header: str) -> None:
    client = key_client()
    client.defaults["HTTP_AUTHORIZATION"] = header
    response = client.ask("get", TOUCHED)
    assert (response.status_code, response.headers["Content-Type"]) == (401, "application/problem+json")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_secret_with_a_known_prefix_is_refused() -> None:
    client = key_client()
    other = key_client()
    stolen = client.token[:14] + other.token[14:]
    assert refused(KeyClient(stolen, client.key)) == (401, "unauthenticated")


def test_a_revoked_an_expired_and_a_stopped_key_are_refused(owner, make_user) -> None:
    now = timezone.now()
    revoked, marketer = key_client(owner), make_user("marketer")
    expired = key_client(owner, now=now - timedelta(days=2), expires_at=now - timedelta(days=1))
    stopped = key_client(marketer)
    revoke_key(revoked.key, now=now, by=owner)
    deactivate(marketer, by=owner)
    said = [client.send("get", TOUCHED) for client in (revoked, expired, stopped)]
    assert [status for status, _ in said] == [401, 401, 401]
    assert len({problem["detail"] for _, problem in said}) == 3


def test_a_key_of_one_account_is_nothing_in_another(other_account) -> None:
    client = key_client()
    with tenant_context(other_account):
        assert refused(KeyClient(client.token, client.key)) == (401, "unauthenticated")


def test_a_session_opens_nothing_and_no_cookie_is_set(owner, client_for) -> None:
    browser = client_for(owner)
    response = browser.get("/api/v1/contacts")
    assert (response.status_code, response.cookies) == (401, {})
    assert key_client(owner).ask("get", TOUCHED).cookies == {}


def test_a_missing_scope_is_refused_and_named() -> None:
    client = key_client(None, "contacts:read")
    assert client.send("get", TOUCHED)[0] == 200
    status, said = client.send("post", "/activities", {"items": []})
    assert (status, said["code"]) == (403, "scope_missing")
    assert "facts:write" in said["detail"]


def test_a_key_that_acts_for_an_analyst_reads_and_writes_nothing(analyst) -> None:
    client = key_client(analyst)
    assert client.send("get", TOUCHED)[0] == 200
    assert [client.send("post", path, {"items": []})[1]["code"] for path in ("/contacts", "/orders")] == [
        "read_only",
        "read_only",
    ]


def test_only_administrators_make_and_revoke_keys_and_only_for_active_users(owner, marketer) -> None:
    with pytest.raises(KeyRefusedError):
        create_key(name="x", scopes=Scope.values, acts_for=marketer, now=timezone.now(), by=marketer)
    key = create_key(name="x", scopes=Scope.values, acts_for=marketer, now=timezone.now(), by=owner).key
    with pytest.raises(KeyRefusedError):
        revoke_key(key, now=timezone.now(), by=marketer)
    deactivate(marketer, by=owner)
    with pytest.raises(KeyRefusedError):
        create_key(name="x", scopes=Scope.values, acts_for=marketer, now=timezone.now(), by=owner)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["everything"]}),
        ("expires_at", {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}),
        ("rate_per_minute", {"rate_per_minute": 0}),
    ],
)
def test_a_bad_key_is_refused_at_its_field(owner, field: str, given: dict) -> None:
    good = {"name": "Shop", "scopes": ["contacts:read"], "acts_for": owner, "now": timezone.now()}
    with pytest.raises(ValidationError) as caught:
        create_key(**{**good, **given})
    assert list(caught.value.error_dict) == [field]


# --- limits --------------------------------------------------------------------------------------------------
def test_the_minute_of_a_key_runs_out_and_begins_anew(time_machine) -> None:
    at = datetime(2026, 11, 21, 12, 0, 40, tzinfo=UTC)
    time_machine.move_to(at, tick=False)
    client, other = key_client(rate_per_minute=2), key_client(rate_per_minute=2)
    left = [client.ask("get", TOUCHED).headers["RateLimit-Remaining"] for _ in range(2)]
    response = client.ask("get", TOUCHED)
    assert left == ["1", "0"]
    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert [response.headers[name] for name in ("Retry-After", "RateLimit-Limit", "RateLimit-Reset")] == [
        "20",
        "2",
        "20",
    ]
    assert other.send("get", TOUCHED)[0] == 200
    time_machine.move_to(at + timedelta(seconds=20), tick=False)
    assert client.send("get", TOUCHED)[0] == 200


def test_without_valkey_each_process_counts_for_itself(settings, time_machine, caplog) -> None:
    time_machine.move_to(datetime(2026, 11, 21, 12, 0, tzinfo=UTC), tick=False)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    counting.client.cache_clear()
    try:
        client = key_client(rate_per_minute=1)
        assert [client.send("get", TOUCHED)[0] for _ in range(2)] == [200, 429]
    finally:
        counting.client.cache_clear()
        limits.counters.away_until = 0
    assert "counted by each process" in caplog.text


# --- the command ---------------------------------------------------------------------------------------------
def told(*words: str) -> str:
    out = io.StringIO()
    call_command("keys", *words, "--account", "acme", stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_command_makes_lists_and_revokes_keys(marketer) -> None:
    factories.contact()
    token = told("create", "Shop", "--acts-for", marketer.email.upper(), "--scope", "contacts:read", "--expires", "30")
    key = ApiKey.objects.get()
    client = KeyClient(token, key)
    assert client.send("get", TOUCHED)[0] == 200
    assert told("list").split("\t")[:5] == [key.prefix, "Shop", "active", marketer.email, "contacts:read"]
    told("revoke", key.prefix)
    assert refused(client) == (401, "unauthenticated")
    assert told("list").split("\t")[2] == "revoked"


def test_a_key_of_the_command_is_by_itself_what_one_of_the_page_is(owner, analyst) -> None:
    told("create", "Shop", "--acts-for", owner.email)
    told("create", "Reports", "--acts-for", analyst.email)
    told("create", "For ever", "--acts-for", owner.email, "--expires", "never")
    ever, reports, shop = ApiKey.objects.all()
    form = KeyForm(once="x", by=owner)
    assert (shop.scopes, str(days_of(shop))) == (form["scopes"].initial, form["days"].initial)
    assert reports.scopes == ["contacts:read", "segments:read"]
    assert ever.expires_at is None


def test_the_command_lists_times_as_the_account_reads_its_clock(account, owner) -> None:
    key = create_key(
        name="x",
        scopes=["contacts:read"],
        acts_for=owner,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        expires_at=datetime(2031, 7, 1, 22, 30, tzinfo=UTC),
    ).key
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=datetime(2026, 1, 2, 23, 5, tzinfo=UTC))
    assert account.timezone == "Europe/Warsaw"
    assert told("list").split("\t")[5:] == ["2031-07-02 00:30", "2026-01-03 00:05"]


@pytest.mark.parametrize(
    "words",
    [
        ("create", "Shop", "--acts-for", "nobody@example.com"),
        ("create", " ", "--acts-for", "MARKETER"),
        ("create", "Shop", "--acts-for", "MARKETER", "--expires", "-1"),
        ("create", "Shop", "--acts-for", "MARKETER", "--expires", "99999999999"),
        ("create", "Shop", "--acts-for", "MARKETER", "--expires", "soon"),
        ("revoke", "abcdefgh"),
    ],
)
def test_the_command_says_what_is_wrong(marketer, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        told(*(marketer.email if word == "MARKETER" else word for word in words))
    assert ApiKey.objects.count() == 0
