"""Every address of the product, as a restricted user, from another account, as an analyst, signed out.

The addresses are those of the URL configuration: a page without an entry here fails `test_every_address_is_walked`.
The world is made once, in a transaction that is rolled back at the end; each test runs in a savepoint of it. Of each
reader every page is fetched once, and looked through for all that may not be there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.template import Template
from django.test import override_settings
from django.test.utils import _TestState
from django.urls import reverse
from django_tenants.utils import tenant_context

from contacts import manager
from tests.support.accounts import ACCOUNTS
from tests.support.people import client_for, make_user
from tests.support.walked import ABSENT, ASKED, FILTERS, HIDDEN, NOT_SENT, PUBLIC, SHOWN
from tests.support.walking import (
    Address,
    Form,
    addresses,
    bodies,
    changed,
    everything_stored,
    forms_in,
    of_the_crowd,
    same_as,
    told,
)
from tests.support.world import World, make_world


@contextmanager
def rolled_back() -> Iterator[None]:
    """In the account, in a transaction, or a savepoint of the one that is open, of which nothing stays."""
    with tenant_context(ACCOUNTS["acme"]), transaction.atomic():  # what is made for the whole module may follow a test
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media"))),
        rolled_back(),
    ):
        # The client would copy the context of each template and each part of one, which nobody looks at here.
        patch.setattr(Template, "_render", _TestState.saved_data.template_render)
        cache.clear()
        world = make_world()
        world.things |= {"uid": "MQ", "token": "set-password", "detail": "first_name"}
        world.things |= {"a tag": "tag", "a category": "category", "a segment": "segment"}
        yield world


@pytest.fixture
def world(made: World) -> Iterator[World]:
    with rolled_back():
        yield made


@pytest.fixture(scope="module")
def restricted(made: World) -> "Reader":
    """The restricted user with all pages as they read them."""
    return Reader.of(made.restricted, made)


def browser(user: Any) -> Any:
    """As `client_for`; an error is an answer with 500."""
    client = client_for(user)
    client.raise_request_exception = False
    return client


@dataclass(frozen=True)
class Reader:
    """Somebody signed in, and every page as they read it."""

    client: Any
    pages: dict[str, Any]

    @classmethod
    def of(cls, user: Any, world: World, *, asked: bool = True) -> "Reader":
        client = browser(user)
        return cls(client, {path: client.get(path) for _address, path in shown(world, asked=asked)})

    def forms(self) -> list[Form]:
        """Every form that the pages hold, each once, but for those that show nobody's data."""
        forms: dict[Any, Form] = {}
        for path, answer in self.pages.items():
            if "html" in answer.headers.get("Content-Type", ""):
                forms |= {form.key: form for form in forms_in(answer, path)}
        return [form for form in forms.values() if not form.action.startswith(NOT_SENT)]


def url(address: Address, world: World, things: tuple[str, ...], *, absent: bool = False) -> str:
    values = [world.pk(name) for name in things]
    if absent:
        values[-1] = ABSENT
    return reverse(address.name, kwargs=dict(zip(address.parts, values, strict=True)))


def shown(world: World, *, asked: bool = True) -> Iterator[tuple[Address, str]]:
    """Every address with everything it is walked with; and each of its questions, and each filter of the contacts.

    Questions are answered behind the door that is the same for all of them: who stays outside meets it at each address.
    """
    named = {name: world.pk(name) for name in world.things}
    for address in addresses():
        for things in SHOWN.get(address.name, [] if address.parts else [()]):
            bare = url(address, world, things)
            yield address, bare
            for question in ASKED.get(address.name, []) if asked else []:
                yield address, f"{bare}?{question.format_map(named)}"
    for name, values in FILTERS.items() if asked else []:
        for value in values:
            asked = value.format_map(named).replace("#", "%23")
            yield Address("contacts:manager", (), None), "/contacts/?" + (asked if "=" in asked else f"{name}={asked}")


def hidden(world: World) -> Iterator[tuple[str, str]]:
    for address in addresses():
        for things in HIDDEN.get(address.name, []):
            yield url(address, world, things), url(address, world, things, absent=True)


# --- the walk is whole ---------------------------------------------------------------------------------------
def test_every_address_is_walked() -> None:
    known = SHOWN.keys() | HIDDEN.keys()
    assert [address.name for address in addresses() if address.parts and address.name not in known] == []


def test_every_filter_of_the_contact_manager_is_walked() -> None:
    assert sorted(manager.filters.keys() - FILTERS.keys()) == []


# --- the restricted user -------------------------------------------------------------------------------------
def test_a_restricted_user_reads_and_counts_nothing_outside(world: World, restricted: Reader) -> None:
    wrong = []
    for path, answer in restricted.pages.items():
        if answer.status_code >= 500:
            wrong.append(f"{path}: {answer.status_code}")
        wrong += [f"{path} {each}" for each in told(answer, world, path)]
    assert wrong == []


def test_outside_answers_as_what_does_not_exist(world: World, restricted: Reader) -> None:
    client, wrong = restricted.client, []
    for there, absent in hidden(world):
        for send in (client.get, client.post):
            got, expected = same_as(send(there), there), same_as(send(absent), absent)
            if got != expected or expected[0] not in (404, 405):
                wrong.append(f"{send.__name__} {there}: {got[0]}, and {expected[0]} for {absent}")
    assert wrong == []


def test_a_restricted_user_changes_nothing_outside_whatever_a_form_is_made_to_send(
    world: World, restricted: Reader
) -> None:
    foreign = [world.pk("outsider"), world.pk("hidden category"), world.pk("wide segment")]
    forms = restricted.forms()
    assert len(forms) > 30
    wrong = sent(
        restricted.client,
        forms,
        foreign,
        stored=lambda: of_the_crowd(world),
        told=lambda answer: told(answer, world),
    )
    assert wrong == []


def sent(
    client: Any, forms: list[Form], foreign: list[Any], *, stored: Any, told: Any = lambda _answer: []
) -> list[str]:
    """What goes wrong when all of it is sent. `stored` is compared at the end; if it changed, once more after each."""
    before, wrong = stored(), []
    posted = [(form.action, body) for form in forms for body in bodies(form, foreign)]
    with transaction.atomic():
        for action, body in posted:
            answer = client.post(action, body)
            wrong += [f"{action} {body} {each}" for each in told(answer)]
            if answer.status_code >= 500:
                wrong.append(f"{action} {body}: {answer.status_code}")
        moved = changed(before, stored())
        transaction.set_rollback(bool(moved))
    if moved:
        for action, body in posted:
            client.post(action, body)
            if changed(before, stored()):
                return [f"{action} {body} changed {moved}"]
    return wrong


# --- another account -----------------------------------------------------------------------------------------
def test_another_account_has_nothing_of_it(world: World) -> None:
    here, before = connection.tenant, of_the_crowd(world)
    with tenant_context(ACCOUNTS["other"]):
        client = browser(make_user("owner"))
    wrong = []
    for _address, path in shown(world):
        if path.startswith(NOT_SENT):
            continue
        for send in (client.get,) if "?" in path else (client.get, client.post):
            answer = send(path)
            if answer.status_code >= 500:
                wrong.append(f"{path}: {answer.status_code}")
            wrong += [f"{path} {each}" for each in told(answer, world, path)]
    connection.set_tenant(here)
    assert wrong == []
    assert changed(before, of_the_crowd(world)) == []


def test_a_session_of_one_account_is_none_in_another(world: World) -> None:
    client = browser(world.wide)
    answers = {
        path: client.get(path, headers={"host": "other.testserver"}) for _address, path in shown(world, asked=False)
    }
    inside = [path for path, answer in answers.items() if answer.status_code == 200 and told(answer, world, path)]
    open_to_all = {reverse(name) for name in PUBLIC - {"users:password_set"}}
    let_in = [p for p, answer in answers.items() if answer.status_code == 200 and p.split("?")[0] not in open_to_all]
    assert inside == []
    assert [path for path in let_in if not path.startswith("/password/")] == []


# --- the analyst ---------------------------------------------------------------------------------------------
def test_an_analyst_changes_nothing(world: World) -> None:
    analyst = Reader.of(world.analyst, world)
    assert [path for path, answer in analyst.pages.items() if answer.status_code >= 500] == []
    every = Reader.of(world.wide, world, asked=False).forms()
    forms = [form for form in every if not form.action.endswith("/star/")]  # one's own
    assert sent(analyst.client, forms, [], stored=everything_stored) == []


# --- signed out ----------------------------------------------------------------------------------------------
def test_signed_out_every_page_leads_to_signing_in(world: World) -> None:
    client, wrong = browser(None), []
    for address, path in shown(world, asked=False):
        for send in (client.get, client.post):
            answer = send(path)
            wrong += [f"{path} {each}" for each in told(answer, world, path)]
            away = answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
            if not away and address.name not in PUBLIC:
                wrong.append(f"{send.__name__} {path}: {answer.status_code}")
    assert wrong == []
