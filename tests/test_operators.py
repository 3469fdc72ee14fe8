"""Operators: a host of their own, cookies that mean nothing elsewhere, and what they can do there."""

import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from accounts.names import validate_account_name
from accounts.services import refuse_taken
from operators.door import COOKIE
from operators.models import Operator, SignedIn
from operators.services import STAYS, let_go, set_password
from rollout.areas import AREAS
from rollout.models import Change
from rollout.services import setting_now
from rollout.settings import Mode
from tests import factories
from tests.support.people import PASSWORD, AccountClient
from tests.support.rollout import EVERYBODY, NOBODY, make_operator, operator_client, set_area, share

pytestmark = pytest.mark.django_db
PAGES = ("/", "/areas/tracking/", "/accounts/", "/log/")
SETTING = {"mode": "some", "share": "25", "named": "other", "left_out": ""}


@pytest.fixture
def operator(account) -> Operator:
    return make_operator()


@pytest.fixture
def client(operator) -> AccountClient:
    return operator_client(operator)


def text_of(response) -> str:
    return response.content.decode()


def agreed_in(response) -> str:
    [found] = re.findall(r'name="agreed" value="(\w+)"', text_of(response))
    return found


# --- who gets in ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES)
def test_an_operator_opens_the_pages_and_others_are_asked_to_sign_in(client, page):
    assert client.get(page).status_code == 200
    stranger = operator_client().get(page)
    assert (stranger.status_code, stranger["Location"]) == (302, "/sign-in/")


@pytest.mark.parametrize("page", ["/areas/tracking/", "/areas/tracking/change/", "/sign-in/", "/accounts/", "/log/"])
def test_on_a_host_of_an_account_there_are_no_such_pages(client_for, owner, page):
    assert client_for(owner).get(page).status_code == 404


@pytest.mark.parametrize(
    "page", ["/segments/", "/contacts/", "/api/v1/tags", "/t.js", "/t/events", "/login/", "/users/"]
)
def test_on_the_operators_host_there_is_nothing_of_accounts(client, page):
    assert client.get(page).status_code == 404


def test_an_operators_cookie_means_nothing_on_a_host_of_an_account(client, client_for):
    visitor = client_for(None)
    for name in (COOKIE, "sessionid"):
        visitor.cookies[name] = client.cookies[COOKIE].value
    assert visitor.get("/contacts/")["Location"].startswith("/login/")


def test_a_users_cookie_means_nothing_on_the_operators_host(client_for, owner, account):
    stranger, theirs = operator_client(), client_for(owner).cookies["sessionid"].value
    for name in (COOKIE, "sessionid"):
        stranger.cookies[name] = theirs
    assert stranger.get("/").status_code == 302


def test_a_user_of_an_account_does_not_sign_in_as_operator(owner):
    assert operator_client().post("/sign-in/", {"username": owner.email, "password": PASSWORD}).status_code == 422


def test_an_operator_does_not_sign_in_to_an_account(operator, client_for):
    answer = client_for(None).post("/login/", {"username": operator.email, "password": PASSWORD})
    assert answer.status_code in (404, 422)


def test_the_cookie_is_for_this_host_and_out_of_reach_of_scripts(client):
    cookie = client.cookies[COOKIE]
    assert (cookie["domain"], cookie["httponly"], cookie["samesite"]) == ("", True, "Strict")
    assert not SignedIn.objects.filter(key=cookie.value).exists()


@pytest.mark.parametrize("given", [("op@example.com", "no"), ("no@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_read_the_same(operator, given):
    answer = operator_client().post("/sign-in/", dict(zip(("username", "password"), given, strict=True)))
    assert answer.status_code == 422
    assert "The e-mail address and the password do not match." in text_of(answer)


@pytest.mark.parametrize("email", ["", "none", "a\x00b@example.com", "x" * 300 + "@example.com"])
def test_a_strange_address_is_refused_quietly(account, email):
    assert operator_client().post("/sign-in/", {"username": email, "password": "x\x00"}).status_code == 422


def test_after_ten_wrong_passwords_even_the_right_one_waits(operator, settings):
    stranger = operator_client()
    right = {"username": operator.email, "password": PASSWORD}
    for _ in range(settings.AXES_FAILURE_LIMIT):
        stranger.post("/sign-in/", {"username": operator.email.upper(), "password": "wrong"})
    answer = stranger.post("/sign-in/", right)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert stranger.post("/sign-in/", right).status_code == 302


def test_signing_in_ends_by_itself(client):
    with time_machine.travel(timezone.now() + STAYS, tick=False):
        assert client.get("/").status_code == 302


def test_signing_out_ends_it_for_the_cookie_as_well(client):
    kept = client.cookies[COOKIE].value
    client.post("/sign-out/")
    client.cookies[COOKIE] = kept
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("ended", [let_go, lambda operator: set_password(operator, "another horse battery")])
def test_who_is_let_go_or_has_a_new_password_is_signed_out(client, operator, ended):
    ended(operator)
    assert client.get("/").status_code == 302


def test_forms_of_other_sites_are_refused(operator):
    stranger = operator_client()
    stranger.handler.enforce_csrf_checks = True
    answer = stranger.post("/sign-in/", {"username": operator.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert COOKIE not in stranger.cookies


def test_without_a_host_for_operators_there_are_no_pages(client):
    with override_settings(OPERATOR_HOST=""):
        assert client.get("/").status_code == 404


def test_an_account_cannot_take_the_operators_host(account):
    with pytest.raises(ValidationError):
        validate_account_name("operator")
    with pytest.raises(ValidationError):
        refuse_taken("shop", ["operator.localhost"])


def test_pages_bear_the_policy_of_all_pages_and_are_kept_nowhere(client):
    answer = client.get("/")
    assert "script-src" in answer["Content-Security-Policy"]
    assert (answer["X-Frame-Options"], answer["Cache-Control"]) == ("DENY", "private, no-store")


# --- what is shown -----------------------------------------------------------------------------------------------
def test_nothing_of_what_is_in_an_account_is_shown(client, owner):
    factories.contact(email="secret@example.com")
    for page in PAGES:
        said = text_of(client.get(page))
        assert "secret@example.com" not in said
        assert owner.email not in said


def test_accounts_are_found_by_name_and_host(client):
    assert "other.localhost" in text_of(client.get("/accounts/"))
    assert "other.localhost" not in text_of(client.get("/accounts/?q=acme"))
    assert "No such account" in text_of(client.get("/accounts/?q=%25%00&page=99999999999999999999"))
    part = text_of(client.get("/accounts/?q=acme", headers={"HX-Request": "true"}))
    assert "<html" not in part
    assert "acme.localhost" in part


def test_an_accounts_closed_areas_are_named(client):
    set_area("tracking", NOBODY)
    assert text_of(client.get("/accounts/")).count('class="chip plain" href="/areas/tracking/"') == 2


@pytest.mark.parametrize("page", PAGES)
def test_pages_take_as_many_queries_for_many_accounts_as_for_two(client, page):
    set_area("tracking", NOBODY)

    def number() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(page).status_code == 200
        return len(found)

    number()
    before = number()
    Account.objects.bulk_create(Account(schema_name=f"shop{place}", name="Shop") for place in range(30))
    for place in range(5):
        set_area("tracking", share(place + 1))
    number()
    assert number() == before


def test_pages_are_in_the_operators_language(client):
    client.post("/language/", {"language": "pl"})
    assert 'lang="pl"' in text_of(client.get("/"))
    client.post("/language/", {"language": "xx"})
    assert 'lang="pl"' in text_of(client.get("/"))


# --- changing ------------------------------------------------------------------------------------------------------
def test_a_change_is_shown_with_numbers_and_done_when_agreed_to(client, account):
    asked = client.post("/areas/tracking/change/", SETTING | {"share": "0"})
    assert "closes for <b>1</b>" in text_of(asked)
    assert setting_now(AREAS["tracking"]) == EVERYBODY
    done = client.post("/areas/tracking/change/", SETTING | {"share": "0", "agreed": agreed_in(asked)})
    assert (done.status_code, done["Location"]) == (302, "/areas/tracking/")
    assert setting_now(AREAS["tracking"]) == share(0, named=["other"])
    assert Change.objects.get().who == "Olga <op@example.com>"
    for page in ("/", "/accounts/"):
        assert re.search(r"As of <time [^>]+>\d+ \w+, \d\d:\d\d</time> UTC\.", text_of(client.get(page)))
    for page in ("/log/", "/areas/tracking/"):
        assert "Olga &lt;op@example.com&gt;" in text_of(client.get(page))
        assert re.search(r"\d\d:\d\d</time> UTC", text_of(client.get(page)))


@pytest.mark.parametrize("name", ["", "op@example.com"])
def test_without_a_name_an_operator_signs_with_the_address_alone(name):
    assert Operator(email="op@example.com", name=name).signature == "op@example.com"


def test_a_change_agreed_to_before_another_is_shown_anew(client):
    agreed = agreed_in(client.post("/areas/tracking/change/", SETTING))
    set_area("tracking", NOBODY)
    answer = client.post("/areas/tracking/change/", SETTING | {"agreed": agreed})
    assert answer.status_code == 409
    assert setting_now(AREAS["tracking"]).mode is Mode.NOBODY
    assert agreed_in(answer) != agreed


def test_a_share_is_shown_as_it_was_typed(client):
    set_area("tracking", share(20))
    assert 'name="share" value="20"' in text_of(client.get("/areas/tracking/"))


def test_accounts_are_named_by_what_they_are_called_or_by_their_names_in_addresses(client, account):
    Account.objects.bulk_create([Account(schema_name="optyk", name="Optyk Zielony, Kraków")])
    typed = SETTING | {"share": "0", "named": "ACME\n\n optyk  zielony, KRAKÓW \n"}
    asked = client.post("/areas/tracking/change/", typed)
    client.post("/areas/tracking/change/", typed | {"agreed": agreed_in(asked)})
    assert setting_now(AREAS["tracking"]) == share(0, named=["acme", "optyk"])


def test_a_name_that_two_accounts_have_is_refused_with_both_unless_it_is_ones_own(client, account):
    rows = [("optyk1", "Optyk"), ("optyk2", "optyk"), ("sklep", "Sklep"), ("sklep2", "Sklep")]
    Account.objects.bulk_create(Account(schema_name=schema, name=name) for schema, name in rows)
    answer = client.post("/areas/tracking/change/", SETTING | {"named": "sklep\nOptyk\nno such shop"})
    assert answer.context["form"].errors["named"] == [
        "Several accounts are called “Optyk”. Type which: optyk1, optyk2.",
        "There is no account “no such shop”.",
    ]


@pytest.mark.parametrize("typed", ["150", "-1", "12.34", "1e400", "half"])
def test_a_wrong_share_is_told_in_one_sentence(client, typed):
    errors = client.post("/areas/tracking/change/", SETTING | {"share": typed}).context["form"].errors["share"]
    assert errors == ["A share is from 0 to 99.9 per cent, in tenths. For all of them choose “All accounts”."]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "sometimes"},
        {"mode": ""},
        {"share": "100"},
        {"share": "-1"},
        {"share": "1e400"},
        {"share": "12.34"},
        {"named": "nobody"},
        {"named": "other", "left_out": "other"},
        {"named": "a\x00b"},
        {"left_out": "x" * 200_000},
    ],
)
def test_a_bad_form_changes_nothing(client, wrong):
    assert client.post("/areas/tracking/change/", SETTING | wrong).status_code == 422
    assert not Change.objects.exists()


@pytest.mark.parametrize("page", ["/areas/none/", "/areas/none/change/", "/areas/%00/", "/areas/" + "x" * 5000 + "/"])
def test_what_is_not_there_is_404(client, page):
    assert client.get(page).status_code == 404


# --- the command line ------------------------------------------------------------------------------------------------
def told(*arguments: str) -> str:
    out = StringIO()
    call_command("operator", *arguments, stdout=out)
    return out.getvalue()


def test_operators_are_made_listed_and_let_go(account):
    said = told("create", "jan@example.com", "--name", "Jan")
    assert "operator.localhost" in said
    jan = Operator.objects.get()
    answer = operator_client().post(
        "/sign-in/", {"username": jan.email, "password": said.split("Password: ")[1].strip()}
    )
    assert answer.status_code == 302
    with pytest.raises(CommandError, match="already"):
        told("create", "JAN@example.com")
    told("remove", "jan@example.com")
    assert "let go" in told("list")
    told("create", "jan@example.com", "--password", PASSWORD)
    assert "active" in told("list")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "no address"),
        ("create", "a@example.com", "--password", "short"),
        ("remove", "a@example.com"),
        ("password", "a@example.com"),
    ],
)
def test_the_command_refuses_what_means_nothing(account, arguments):
    with pytest.raises(CommandError):
        told(*arguments)
    assert not Operator.objects.exists()
