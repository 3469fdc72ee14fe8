"""Every route of the API, by a key that sees some contacts only, one of another account, an analyst's, a bad one.

The routes are those of the API's own description: one without an entry here fails `test_every_route_is_walked`.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from actions.models import ActionRun
from activities.models import Activity, Order, Visit
from api.models import Scope
from api.v1.description import described, operations
from contacts.models import Contact
from jobs.models import ACTIVE
from jobs.services import run
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from tests.support.walking import changed, everything_stored, of_the_crowd
from tests.support.walking import told as told_words
from tests.support.world import TAGGED, World, make_world

pytestmark = pytest.mark.django_db
ABSENT = 2_000_000_000
HIGH = 100_000
ROUTES = {f"{each['x-method'].upper()} {each['x-path']}": each["x-scope"] for each in operations(described())}
Things = tuple[str, ...]
SEGMENTS: list[Things] = [("wide segment",), ("own segment",)]
CALCULATIONS: list[Things] = [
    ("wide segment", "wide calculation"), ("wide segment", "wide first"), ("own segment", "own calculation"),
]  # fmt: skip
STEP = "/segments/{segment_id}/calculations/{calculation_id}"

# By route: what its parts are walked with. Routes without parts need none.
SHOWN: dict[str, list[Things]] = {
    "GET /contacts/{contact_id}": [("mine",)],
    "PATCH /contacts/{contact_id}": [("mine",)],
    "GET /contacts/{contact_id}/archive": [("mine",)],
    "GET /contacts/{contact_id}/activities": [("mine",)],
    "GET /contacts/{contact_id}/visits": [("mine",)],
    "GET /contacts/{contact_id}/orders": [("mine",)],
    "GET /contacts/{contact_id}/products": [("mine",)],
    "GET /orders/{order_id}": [("my order",)],
    "GET /tags/{tag_id}": [("tag",)],
    "PATCH /tags/{tag_id}": [("tag",)],
    "GET /saved-criteria/{saved_id}": [("saved",)],
    "GET /segments/{segment_id}": SEGMENTS,
    "GET /segments/{segment_id}/calculations": SEGMENTS,
    "POST /segments/{segment_id}/refresh": SEGMENTS,
    "POST /segments/{segment_id}/use": SEGMENTS,
    "GET /segments/{segment_id}/members": SEGMENTS,
    f"GET {STEP}": CALCULATIONS,
    f"GET {STEP}/members": CALCULATIONS,
    f"GET {STEP}/joined": CALCULATIONS,
    f"GET {STEP}/left": CALCULATIONS,
    "GET /segments/{segment_id}/contacts/{contact_id}/why": [("wide segment", "mine"), ("own segment", "mine")],
    "GET /segments/{segment_id}/actions": SEGMENTS,
    "POST /segments/{segment_id}/actions": SEGMENTS,
    "POST /segments/{segment_id}/actions/dry-run": SEGMENTS,
    "GET /segments/{segment_id}/runs": SEGMENTS,
}
# What answers as an id does that nothing has; the last part is the hidden one.
HIDDEN: dict[str, list[Things]] = {
    "GET /contacts/{contact_id}": [("outsider",)],
    "PATCH /contacts/{contact_id}": [("outsider",)],
    "DELETE /contacts/{contact_id}": [("outsider",)],
    "GET /contacts/{contact_id}/archive": [("outsider",)],
    "GET /contacts/{contact_id}/activities": [("outsider",)],
    "GET /contacts/{contact_id}/visits": [("outsider",)],
    "GET /contacts/{contact_id}/orders": [("outsider",)],
    "GET /contacts/{contact_id}/products": [("outsider",)],
    "GET /orders/{order_id}": [("their order",)],
    "GET /segments/{segment_id}/contacts/{contact_id}/why": [("wide segment", "outsider")],
    "GET /actions/{action_id}": [("action",), ("recurring",)],
    "POST /actions/{action_id}/stop": [("action",), ("recurring",)],
    "GET /runs/{run_id}": [("run",), ("picked run",)],
    "POST /runs/{run_id}/cancel": [("run",), ("picked run",)],
    "GET /runs/{run_id}/undo": [("run",), ("picked run",)],
    "POST /runs/{run_id}/undo": [("run",), ("picked run",)],
    "GET /exports/{file_id}": [("file",), ("picked file",)],
    "GET /exports/{file_id}/download": [("file",), ("picked file",)],
}
# What is asked beside the bare address.
ASKED: dict[str, list[str]] = {
    "GET /contacts/find": ["email={outsider email}", "external_id={outsider external}"],
    "GET /orders/find": ["external_id={their number}"],
    "GET /segments": ["list=ready", "q=every"],
    "GET /tags": ["q=V", "limit=1"],
    f"GET {STEP}/members": ["details=true"],
}
AT = "2026-11-20T10:00:00+01:00"
TAG = {"kind": "add_tag", "params": {"tags": "WALKED"}}
# What is sent: each of the outsider's names stands for `OUTSIDER` in turn.
OUTSIDER = "OUTSIDER"
CRITERIA: list[Callable[[World], Any]] = [
    lambda _world: TAGGED,
    lambda world: {"kind": "segment", "op": "in", "segment": world.pk("wide segment")},
    lambda world: {"kind": "segment", "op": "in", "segment": world.pk("wide segment"), "at": "now"},
    lambda world: {"kind": "file", "file": world.pk("upload")},
    lambda world: {"kind": "saved", "criteria": world.pk("saved")},
    lambda _world: {"not": TAGGED},
]
ITEMS: dict[str, list[dict[str, Any]]] = {
    "POST /activities": [{"contact": OUTSIDER, "type": "page_view", "at": AT, "params": {}}],
    "POST /visits": [{"contact": OUTSIDER, "at": AT}],
    "POST /orders": [{"contact": OUTSIDER, "at": AT, "total": 1, "external_id": "walked"}],
    "POST /products": [{"key": "P1", "name": "Walked"}],
    "POST /tags/assign": [{"contact": OUTSIDER, "tags": ["VIP"]}],
    "POST /tags/remove": [{"contact": OUTSIDER, "tags": ["VIP"]}],
    "POST /categories/assign": [{"contact": OUTSIDER, "categories": [path]} for path in ("media", "vault")],
    "POST /categories/remove": [{"contact": OUTSIDER, "categories": [path]} for path in ("media", "vault")],
    "POST /consents/answers": [
        {"contact": OUTSIDER, "consents": {"newsletter": {"state": "withdrawn", "source": "walk"}}}
    ],
}
BODIES: dict[str, list[dict[str, Any]]] = {
    "POST /tags": [{"name": "walked"}],
    "PATCH /tags/{tag_id}": [{"name": "walked"}],
    "POST /categories": [{"name": "Walked"}],
    "POST /attributes": [{"key": "walked", "name": "Walked", "type": "text"}],
    "POST /consents": [{"key": "walked", "name_en": "Walked", "name_pl": "Walked"}],
    "PATCH /contacts/{contact_id}": [{"first_name": "Walked"}],
    "POST /segments/{segment_id}/actions": [TAG],
    "POST /segments/{segment_id}/actions/dry-run": [TAG, {"kind": "remove_tag", "params": {"tags": "VIP"}}],
}
TOKENS = "POST /tracking/tokens"
NAMED = ("POST /contacts", TOKENS, "POST /count", "POST /segments/preview", "POST /segments", "POST /saved-criteria")
COUNTED = ("/count", "/segments/preview")
NO_BODY = (
    "DELETE /contacts/{contact_id}", "POST /segments/{segment_id}/refresh", "POST /segments/{segment_id}/use",
    "POST /runs/{run_id}/cancel", "POST /runs/{run_id}/undo", "POST /actions/{action_id}/stop",
)  # fmt: skip


def bodies(route: str, world: World) -> Iterator[Any]:
    """Everything that is sent there."""
    outsider = world.things["outsider"]
    names = [{"id": outsider.pk}, {"email": outsider.email}, {"external_id": outsider.external_id}]
    for item in ITEMS.get(route, []):
        for name in names:
            yield {"items": [{key: name if value == OUTSIDER else value for key, value in item.items()}]}
    yield from BODIES.get(route, [])
    if route == "POST /contacts":
        for name in names:
            yield {"items": [{**name, "first_name": "Walked", "tags": ["WALKED"], "categories": ["media"]}]}
    elif route == TOKENS:
        for name in names:
            yield {"site": world.things["tracked site"].key, "contact": name}
    elif route in NAMED:
        for number, criteria in enumerate(CRITERIA):
            name = {} if route.removeprefix("POST ") in COUNTED else {"name": f"Walked {number}"}
            yield {**name, "criteria": criteria(world)}
    elif route.startswith("GET") or route in NO_BODY:
        yield None


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.MEDIA_ROOT, settings.ERASURE_JOURNAL = str(tmp_path / "media"), str(tmp_path / "journal")
    high_ids(Contact, Activity, Visit, Order)
    made = make_world()
    outsider = made.things["outsider"]
    theirs, mine = outsider.orders.first(), made.mine[0].orders.first()
    theirs.external_id = "hush-order"
    theirs.save()
    made.things |= {"their order": theirs, "my order": mine, "their number": theirs.external_id}
    made.things |= {"outsider email": outsider.email, "outsider external": outsider.external_id}
    return made


def high_ids(*models: Any) -> None:
    """So that no id of what is made from here is by chance one of the crowd's numbers, or the id of another kind."""
    with connection.cursor() as cursor:
        for place, model in enumerate(models, start=1):
            sequence = f"{model._meta.db_table}_id_seq"
            cursor.execute("SELECT setval(%s, greatest(%s, nextval(%s)))", [sequence, HIGH * place, sequence])


def address(route: str, values: list[Any]) -> str:
    path = route.split(" ", 1)[1]
    for value in values:
        start = path.index("{")
        path = f"{path[:start]}{value}{path[path.index('}') + 1 :]}"
    return path


def walked(world: World) -> Iterator[tuple[str, str, Any]]:
    """Every route with everything it is walked with: its method, its address, what is sent."""
    named = {name: world.pk(name) for name in world.things}
    for route in ROUTES:
        for things in SHOWN.get(route, [] if "{" in route else [()]):
            bare = address(route, [world.pk(name) for name in things])
            for question in ["", *ASKED.get(route, [])]:
                path = f"{bare}?{question.format_map(named)}" if question else bare
                for body in bodies(route, world):
                    yield route.split(" ", 1)[0], path, body


def numbers_in(said: Any) -> Iterator[int]:
    """All whole numbers of a JSON answer."""
    if isinstance(said, dict):
        said = list(said.values())
    if isinstance(said, list):
        for each in said:
            yield from numbers_in(each)
    elif type(said) is int:
        yield said


def told(answer: Any, world: World, path: str, body: Any) -> list[str]:
    """What an answer gives away of the crowd: its marks, its numbers, its ids."""
    found = told_words(answer, world, path)
    if "json" in answer.headers.get("Content-Type", ""):
        own = {contact.pk for contact in world.mine} | set(numbers_in(body))
        hushed = (set(numbers_in(answer.json())) - own) & (world.numbers | {world.things["outsider"].pk})
        found += [f"numbers {number}" for number in sorted(hushed)]
    return found


# --- the walk is whole ---------------------------------------------------------------------------------------
def test_every_route_is_walked() -> None:
    with_parts = {route for route in ROUTES if "{" in route}
    assert with_parts - (SHOWN.keys() | HIDDEN.keys()) == set()
    sent = BODIES.keys() | ITEMS.keys() | {*NAMED, *NO_BODY}
    assert {route for route in ROUTES if not route.startswith("GET")} - sent == set()
    assert (SHOWN.keys() | HIDDEN.keys() | sent | ASKED.keys()) - ROUTES.keys() == set()


def test_every_route_demands_a_scope() -> None:
    assert set(ROUTES.values()) == set(Scope.values)
    assert {route for route in ROUTES if not route.startswith("GET") and not ROUTES[route].endswith(":write")} == {
        "POST /count",
        "POST /segments/preview",
    }


# --- who sees some contacts only -----------------------------------------------------------------------------
def test_a_restricted_key_reads_counts_and_changes_nothing_outside(world: World) -> None:
    client, before, wrong = key_client(world.restricted, rate_per_minute=1_000_000), of_the_crowd(world), []
    for there, absent, method, body in hidden(world):
        got, expected = (client.ask(method, path, body) for path in (there, absent))
        if (got.status_code, got.content) != (404, expected.content):
            wrong.append(f"{method} {there}: {got.status_code}, and {expected.status_code} for {absent}")
    for method, path, body in walked(world):
        answer = client.ask(method, path, body)
        if answer.status_code >= 500 or (path in COUNTED and answer.status_code != 200):
            wrong.append(f"{method} {path} {body}: {answer.status_code}")
        wrong += [f"{method} {path} {body} {each}" for each in told(answer, world, path, body)]
    for job in ActionRun.objects.filter(state__in=ACTIVE):
        run("action", job.pk, now=timezone.now())
    assert wrong == []
    assert changed(before, of_the_crowd(world)) == []


def hidden(world: World) -> Iterator[tuple[str, str, str, Any]]:
    for route, each in HIDDEN.items():
        for things in each:
            values = [world.pk(name) for name in things]
            body = next(bodies(route, world))
            yield address(route, values), address(route, [*values[:-1], ABSENT]), route.split(" ", 1)[0], body


# --- another account -----------------------------------------------------------------------------------------
def test_a_key_of_another_account_has_nothing_of_this_one(world: World, other_account: Any) -> None:
    here, before, wrong = connection.tenant, of_the_crowd(world), []
    with tenant_context(other_account):
        theirs = key_client(rate_per_minute=1_000_000)
    mine = key_client(world.wide)
    for client, host in ((theirs, "acme"), (mine, "other")):
        strayed = KeyClient(client.token, client.key, host=f"{host}.testserver")
        assert strayed.send("get", "/contacts")[0] == 401
    for method, path, body in walked(world):
        answer = theirs.ask(method, path, body)
        if answer.status_code >= 500:
            wrong.append(f"{method} {path} {body}: {answer.status_code}")
        wrong += [f"{method} {path} {body} {each}" for each in told(answer, world, path, body)]
    connection.set_tenant(here)
    assert wrong == []
    assert changed(before, of_the_crowd(world)) == []


# --- keys that are no good, and whom they act for ------------------------------------------------------------
def everywhere(client: KeyClient, scope: str = "") -> dict[str, tuple[int, str]]:
    """Of every route, or those of a scope, the status and the code; with no body, and ids of nobody."""
    said = {}
    for route in (route for route, demanded in ROUTES.items() if not scope or demanded == scope):
        method, path = route.split(" ", 1)
        answer = client.ask(method, address(route, [ABSENT] * path.count("{")), b"{}" if method != "GET" else None)
        said[route] = (answer.status_code, answer.json().get("code", "") if answer.content else "")
    return said


def test_a_key_that_is_no_good_opens_nothing(owner: Any) -> None:
    now, before = timezone.now(), everything_stored()
    revoked, expired = key_client(owner), key_client(owner, now=now - timedelta(days=2), expires_at=now - timedelta(1))
    revoked.key.revoked_at = now
    revoked.key.save()
    stopped = key_client(make_user("marketer"))
    stopped.key.acts_for.is_active = False
    stopped.key.acts_for.save()
    for client in (revoked, expired, stopped, KeyClient("", revoked.key), KeyClient(revoked.token[:-1], revoked.key)):
        assert set(everywhere(client).values()) == {(401, "unauthenticated")}
    assert set(changed(before, everything_stored())) <= {"api_apikey", "users_user"}


# By the scope that the description names: routes that take contacts:read as well.
TWO = {
    "segments:read": {"GET /segments/{segment_id}/contacts/{contact_id}/why"},
    "contacts:write": {"GET /contacts/{contact_id}/archive"},
}


def test_a_route_takes_the_scope_that_it_demands_and_no_other(owner: Any) -> None:
    for scope in Scope.values:
        opened = everywhere(key_client(owner, scope), scope)
        shut = everywhere(key_client(owner, *(set(Scope.values) - {scope})), scope)
        assert set(shut.values()) == {(403, "scope_missing")}
        assert {route for route, (_status, code) in opened.items() if code == "scope_missing"} == TWO.get(scope, set())


def test_an_analysts_key_changes_nothing() -> None:
    client = key_client(make_user("analyst"))
    client.send("get", "/contacts")  # notes the key's use
    before, said = everything_stored(), everywhere(client)
    writing = {route for route, scope in ROUTES.items() if scope.endswith(":write")}
    assert {route for route, (_status, code) in said.items() if code == "read_only"} == writing
    assert changed(before, everything_stored()) == []
