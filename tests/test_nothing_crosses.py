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
from tests.support.world import MARK, World, make_world

ABSENT = 2_000_000_000
CONTACT, SEGMENTS = [("mine",)], [("wide segment",), ("own segment",)]
STEPS = [("wide segment", "wide calculation"), ("wide segment", "wide first"), ("own segment", "own calculation")]
TAG, CATEGORIES, TYPES = [("tag",)], [("category",), ("hidden category",)], [("type",), ("own type",)]
GROUP = [("group",)]
PARAMETER, ATTRIBUTE, CONSENT, SAVED, USER = (
    [("parameter",)],
    [("attribute",)],
    [("consent",)],
    [("saved",)],
    [("user",)],
)
VIEWS = [("shared view",), ("own view",)]
WEBHOOK, DELIVERY = [("webhook",)], [("webhook delivery",)]
TRACKED = [("tracked site",)]
STATISTICS = [("a tag", "tag"), ("a category", "hidden category"), ("a segment", "wide segment")]

# By address: what it is walked with, a tuple for each, in the order of its parts. Addresses without parts need none.
SHOWN: dict[str, list[tuple[str, ...]]] = {
    "actions:act": [("kind",)],
    "actions:add": SEGMENTS,
    "actions:list": SEGMENTS,
    "actions:stop": [("action",), ("recurring",)],
    "activities:parameter_create": TYPES,
    "activities:parameter_delete": PARAMETER,
    "activities:parameter_rename": PARAMETER,
    "activities:timeline": CONTACT,
    "activities:type": TYPES,
    "activities:type_delete": TYPES,
    "activities:type_rename": TYPES,
    "api:key_revoke": [("api key",)],
    "contacts:answer": [("mine", "consent")],
    "contacts:attribute": ATTRIBUTE,
    "contacts:attribute_bring_back": ATTRIBUTE,
    "contacts:attribute_delete": ATTRIBUTE,
    "contacts:attribute_place": ATTRIBUTE,
    "contacts:attribute_retire": ATTRIBUTE,
    "contacts:attribute_type": ATTRIBUTE,
    "contacts:attribute_type_again": [("type change",)],
    "contacts:attribute_type_change": [("type change",)],
    "contacts:consent": CONSENT,
    "contacts:consent_bring_back": CONSENT,
    "contacts:consent_of_contact": [("mine", "consent")],
    "contacts:consent_retire": CONSENT,
    "contacts:attribute_edit": ATTRIBUTE,
    "contacts:consent_edit": CONSENT,
    "contacts:contact": CONTACT,
    "contacts:delete": CONTACT,
    "contacts:edit": CONTACT,
    "contacts:view_delete": VIEWS,
    "contacts:view_edit": VIEWS,
    "contacts:view_opens": VIEWS,
    "contacts:view_save_again": VIEWS,
    "contacts:field": [("mine", "detail")],
    "contacts:hand_over": CONTACT,
    "exports:of_list": STEPS,
    "imports:cancel": [("own import",)],
    "imports:forget": [("own source",)],
    "imports:go_on": [("own import",)],
    "imports:import": [("own import",)],
    "imports:plan": [("own source",)],
    "insights:attributes": STATISTICS,
    "insights:category": CATEGORIES,
    "insights:compare": SEGMENTS,
    "insights:forecast": SEGMENTS,
    "insights:memberships": CONTACT,
    "insights:numbers": STATISTICS,
    "insights:rfm": CONTACT,
    "insights:segment": SEGMENTS,
    "insights:tag": TAG,
    "insights:why": SEGMENTS,
    "insights:why_contact": [("wide segment", "mine"), ("own segment", "mine")],
    "permissions:delete": GROUP,
    "permissions:group": GROUP,
    "permissions:groups_of": USER,
    "permissions:look": GROUP,
    "segmentation:cancel": SEGMENTS,
    "segmentation:copy": SEGMENTS,
    "segmentation:criteria_edit": SEGMENTS,
    "segmentation:delete": SEGMENTS,
    "segmentation:freeze": SEGMENTS,
    "segmentation:history": SEGMENTS,
    "segmentation:preview": SEGMENTS,
    "segmentation:progress": SEGMENTS,
    "segmentation:refresh": SEGMENTS,
    "segmentation:saved_count": SAVED,
    "segmentation:saved_delete": SAVED,
    "segmentation:saved_edit": SAVED,
    "segmentation:settings": SEGMENTS,
    "segmentation:step": STEPS,
    "segmentation:template_counts": [("template",)],
    "tags:add_category": CONTACT,
    "tags:add_tags": CONTACT,
    "tags:category_deletion": [("deletion",)],
    "tags:tag_deletion": [("tag deletion",)],
    "tags:stop_tag_deletion": [("tag deletion",)],
    "tags:move_category": CATEGORIES,
    "tags:retry_category_deletion": [("deletion",)],
    "tags:stop_category_deletion": [("deletion",)],
    "tags:count_category": CATEGORIES,
    "tags:count_tag": TAG,
    "tags:delete_category": CATEGORIES,
    "tags:delete_tag": TAG,
    "tags:remove_category": [("mine", "category")],
    "tags:remove_tag": [("mine", "tag")],
    "tags:rename_category": CATEGORIES,
    "tags:rename_tag": TAG,
    "tags:star": TAG,
    "tags:merge_progress": [("merge",)],
    "tags:retry_merge": [("merge",)],
    "tags:stop_merge": [("merge",)],
    "tracker:delete": TRACKED,
    "tracker:drop_secret": TRACKED,
    "tracker:edit": TRACKED,
    "tracker:link": TRACKED,
    "tracker:secret": TRACKED,
    "tracker:site": TRACKED,
    "tracker:test": TRACKED,
    "users:deactivate": USER,
    "users:edit": USER,
    "users:reactivate": USER,
    "users:send_link": USER,
    "users:password_set": [("uid", "token")],
    "webhooks:delete": WEBHOOK,
    "webhooks:delivery": DELIVERY,
    "webhooks:drop_secret": WEBHOOK,
    "webhooks:edit": WEBHOOK,
    "webhooks:endpoint": WEBHOOK,
    "webhooks:ping": WEBHOOK,
    "webhooks:replay": DELIVERY,
    "webhooks:replay_failed": WEBHOOK,
    "webhooks:secret": WEBHOOK,
    "webhooks:switch_off": WEBHOOK,
    "webhooks:switch_on": WEBHOOK,
}
# What a restricted user gets the very answer for that an id gets which nothing has; the last part is the hidden one.
HIDDEN: dict[str, list[tuple[str, ...]]] = {
    "actions:cancel": [("run",), ("picked run",)],
    "actions:retry": [("run",), ("picked run",)],
    "actions:undo": [("run",), ("picked run",)],
    "actions:undo_cancel": [("undo",), ("picked undo",)],
    "actions:undo_resume": [("undo",), ("picked undo",)],
    "activities:timeline": [("outsider",)],
    "contacts:consent_of_contact": [("outsider", "consent")],
    "contacts:contact": [("outsider",)],
    "contacts:delete": [("outsider",)],
    "contacts:edit": [("outsider",)],
    "contacts:hand_over": [("outsider",)],
    "contacts:view_delete": [("private view",)],
    "contacts:view_edit": [("private view",)],
    "contacts:view_opens": [("private view",)],
    "contacts:view_save_again": [("private view",)],
    "exports:by_link": [],  # needs no signing in: tests/test_exports_downloads.py
    "exports:download": [("file",), ("picked file",)],
    "exports:link": [("file",), ("picked file",)],
    "exports:list_cancel": [("list export",)],
    "exports:list_retry": [("list export",)],
    "imports:cancel": [("import",)],
    "imports:forget": [("source",)],
    "imports:go_on": [("import",)],
    "imports:import": [("import",)],
    "imports:plan": [("source",)],
    "imports:rejected": [("import",)],
    "imports:report": [("import",)],
    "insights:memberships": [("outsider",)],
    "insights:rfm": [("outsider",)],
    "insights:why_contact": [("wide segment", "outsider"), ("own segment", "outsider")],
    "segmentation:rejects": [("upload",)],
    "segmentation:upload": [("upload",)],
    "tags:add_category": [("outsider",)],
    "tags:add_tags": [("outsider",)],
}
# What is asked of an address beside its bare self. `{thing}`: its id.
ASKED: dict[str, list[str]] = {
    "contacts:compare": ["id={mine}", "id={mine}&id={outsider}", "id={mine}&other={outsider}", "selected=yes"],
    "contacts:duplicates": ["why=email", "why=phone"],
    "find": [f"q={MARK}", "q=%2B4877"],
    "insights:why": [f"q={MARK}", "q=Ola"],
    "insights:matrix": ["s={wide segment}&s={own segment}&s={other wide segment}"],
    "insights:category": ["count=1", "count=1&level=only"],
    "insights:compare": ["with={other wide segment}", "with={own segment}"],
    "insights:contacts": ["count=1", f"count=1&q={MARK}", "count=1&tag={tag}"],
    "insights:segment": ["count=1", "count=1&calculation={wide first}"],
    "insights:statistics": ["count=1", "count=1&weeks=52"],
    "insights:tag": ["count=1", "count=1&weeks=52"],
    "segmentation:values": [f"of=field.source&q={MARK}", f"of=attribute.city&q={MARK}", f"of=page_view.url&q={MARK}"],
    "tags:delete_tags": ["tag={tag}"],
    "tags:merge": ["tag={tag}&name=new"],
    "contacts:attribute_type": ["type=text", "type=number"],
    "tags:categories": ["q=vault"],
    "tags:move_category": ["below=0"],
    "tags:suggestions": ["names=V"],
    "tags:tags": ["q=VIP", "sort=-contacts_count"],
    "segmentation:search": ["q=every"],
}
# Each filter of the contact manager with what lies outside; a filter without an entry fails the walk.
FILTERS: dict[str, list[str]] = {
    "q": [MARK, f"{MARK}17", "#{outsider}"],
    "status": ["subscribed"],
    "lead_score": ["lead_score_from=60"],
    "created": ["created_from=2020-01-01"],
    "source": [f"{MARK} source"],
    "consent": ["newsletter:given"],
    "selected": ["yes"],
    "tag": ["{tag}"],
    "category": ["{category}", "{hidden category}"],
    "category_only": ["{category}", "{hidden category}"],
    "value": ["{attribute}:red"],
    "calculation": ["{wide calculation}", "{wide first}", "{own calculation}"],
    "moved": ["{wide calculation}.left", "{wide calculation}.left.changed"],
    "advanced": ["{query}"],
    "saved": ["{saved}"],
    "import": ["{import}", "{import}.created", "{own import}"],
    "list": ["{upload}"],
    "changed": ["{run}", "{recurring run}", "{picked run}"],
    "picked": ["{picked}"],
    "compared": ["{wide segment}.{own segment}.first"],
    "leaving": ["{wide segment}"],
    "joining": ["{wide segment}"],
    "among": [
        "tag.{tag}~status~v.subscribed",
        "calculation.{wide calculation}~lead_score~n.0:",
        "category.{hidden category}~age~d.2020-01-01:",
        "all~source~other",
        "all~consent~newsletter.given",
    ],
}
PUBLIC = {
    "api:docs",  # the description, the same for everybody
    "api:openapi",
    "tracker:events",  # of visitors' browsers: tests/test_tracker_reports.py
    "tracker:script",  # the same for everybody
    "users:login",
    "users:logout",
    "users:password_reset",
    "users:password_reset_sent",
    "users:password_set",
    "users:language",
}
# They end the walk, or show nobody's data.
NOT_SENT = (
    "/logout/",
    "/password/",
    "/profile/",
    "/login/",
    "/theme/",
    "/language/",
)


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
    def of(cls, user: Any, world: World) -> "Reader":
        client = browser(user)
        return cls(client, {path: client.get(path) for _address, path in shown(world)})

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


def shown(world: World) -> Iterator[tuple[Address, str]]:
    """Every address with everything it is walked with, and each of its questions."""
    named = {name: world.pk(name) for name in world.things}
    for address in addresses():
        for things in SHOWN.get(address.name, [] if address.parts else [()]):
            bare = url(address, world, things)
            yield address, bare
            for question in ASKED.get(address.name, []):
                yield address, f"{bare}?{question.format_map(named)}"
    for name, values in FILTERS.items():
        for value in values:
            asked = value.format_map(named).replace("#", "%23")
            yield Address("contacts:manager", (), None), "/contacts/?" + (asked if "=" in asked else f"{name}={asked}")


def hidden(world: World) -> Iterator[tuple[str, str, Any]]:
    for address in addresses():
        for things in HIDDEN.get(address.name, []):
            yield url(address, world, things), url(address, world, things, absent=True), world.pk(things[-1])


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
    for there, absent, pk in hidden(world):
        for send in (client.get, client.post):
            got, expected = same_as(send(there), pk), same_as(send(absent), ABSENT)
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
        for send in (client.get, client.post):
            answer = send(path)
            if answer.status_code >= 500:
                wrong.append(f"{path}: {answer.status_code}")
            wrong += [f"{path} {each}" for each in told(answer, world, path)]
    connection.set_tenant(here)
    assert wrong == []
    assert changed(before, of_the_crowd(world)) == []


def test_a_session_of_one_account_is_none_in_another(world: World) -> None:
    client = browser(world.wide)
    answers = {path: client.get(path, headers={"host": "other.testserver"}) for _address, path in shown(world)}
    inside = [path for path, answer in answers.items() if answer.status_code == 200 and told(answer, world, path)]
    open_to_all = {reverse(name) for name in PUBLIC - {"users:password_set"}}
    let_in = [p for p, answer in answers.items() if answer.status_code == 200 and p.split("?")[0] not in open_to_all]
    assert inside == []
    assert [path for path in let_in if not path.startswith("/password/")] == []


# --- the analyst ---------------------------------------------------------------------------------------------
def test_an_analyst_changes_nothing(world: World) -> None:
    analyst = Reader.of(world.analyst, world)
    assert [path for path, answer in analyst.pages.items() if answer.status_code >= 500] == []
    forms = [form for form in Reader.of(world.wide, world).forms() if not form.action.endswith("/star/")]  # one's own
    assert sent(analyst.client, forms, [], stored=everything_stored) == []


# --- signed out ----------------------------------------------------------------------------------------------
def test_signed_out_every_page_leads_to_signing_in(world: World) -> None:
    client, wrong = browser(None), []
    for address, path in shown(world):
        for send in (client.get, client.post):
            answer = send(path)
            wrong += [f"{path} {each}" for each in told(answer, world, path)]
            away = answer.status_code == 302 and answer.headers["Location"].startswith("/login/")
            if not away and address.name not in PUBLIC:
                wrong.append(f"{send.__name__} {path}: {answer.status_code}")
    assert wrong == []
