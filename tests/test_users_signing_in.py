"""Users: signing in and out, accounts apart, too many attempts, forgotten passwords."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from tests.support.letters import link_in, lose_the_broker, sign_in, take_letters_at_once
from users import tasks
from users.models import User


@pytest.fixture
def worker(monkeypatch):
    take_letters_at_once(monkeypatch)


@pytest.fixture
def no_broker(monkeypatch):
    lose_the_broker(monkeypatch)


def body(response) -> str:
    return response.content.decode()


# --- signing in --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("spelling", ["ala@example.com", "ALA@Example.com", " ala@example.com "])
def test_one_signs_in_with_the_address_in_any_spelling(client_for, make_user, spelling):
    make_user(email="ala@example.com")
    response = sign_in(client_for(None), spelling)
    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_wrong_password_and_an_unknown_address_read_the_same(client_for, user):
    wrong = sign_in(client_for(None), user.email, "wrong password")
    unknown = sign_in(client_for(None), "nobody@example.com")
    said = "The e-mail address and the password do not match."
    for response in (wrong, unknown):
        assert response.status_code == 422
        assert said in body(response)


@pytest.mark.parametrize("email", ["", "no address", "x" * 300, "a\x00b@example.com"])
def test_a_strange_address_is_refused_quietly(client_for, email):
    assert sign_in(client_for(None), email).status_code == 422


def test_after_signing_in_one_is_where_one_was_going(client_for, user):
    assert sign_in(client_for(None), user.email, next="/profile/?a=1")["Location"] == "/profile/?a=1"


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "http:///evil.example", "javascript:x"])
def test_signing_in_never_leads_to_another_host(client_for, user, where):
    assert sign_in(client_for(None), user.email, next=where)["Location"] == "/"


def test_every_page_asks_to_sign_in_first(client_for):
    response = client_for(None).get("/profile/?a=1")
    assert response["Location"] == "/login/?next=/profile/%3Fa%3D1"


def test_who_is_signed_in_needs_no_sign_in_page(client_for, user):
    assert client_for(user).get("/login/").status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(client_for, user):
    client = client_for(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/profile/").status_code == 302


def test_an_analyst_may_sign_out(client_for, analyst):
    assert client_for(analyst).post("/logout/").status_code == 302


# --- accounts apart ----------------------------------------------------------------------------------------------
def test_a_session_means_nothing_in_another_account(client_for, user, other_account):
    with tenant_context(other_account):
        User(pk=user.pk, email=user.email, name="Same id", password=user.password).save(force_insert=True)
    session = client_for(user).cookies["sessionid"].value
    thief = Client(headers={"host": "other.testserver"})
    thief.cookies["sessionid"] = session
    response = thief.get("/profile/")
    connection.set_tenant(user_account(user))
    assert response["Location"].startswith("/login/")


def user_account(_user):
    from tests.support.accounts import ACCOUNTS

    return ACCOUNTS["acme"]


def test_a_password_means_nothing_in_another_account(client_for, user, other_account):
    with tenant_context(other_account):
        assert sign_in(client_for(None), user.email).status_code == 422


def test_the_same_address_may_be_used_in_two_accounts(user, make_user, other_account):
    with tenant_context(other_account):
        assert make_user(email=user.email).pk


# --- too many attempts -------------------------------------------------------------------------------------------
@pytest.fixture
def three_attempts(settings):
    settings.AXES_FAILURE_LIMIT = 3


def test_after_too_many_attempts_even_the_right_password_waits(client_for, user, three_attempts):
    client = client_for(None)
    for _ in range(3):
        response = sign_in(client, user.email, "wrong password")
    assert response.status_code == 429
    assert response["Retry-After"] == "900"
    assert "Wait 15 minutes" in body(response)
    assert sign_in(client, user.email).status_code == 429


def test_another_spelling_is_no_way_around(client_for, make_user, three_attempts):
    make_user(email="ala@example.com")
    for spelling in ("ala@example.com", "ALA@example.com", "Ala@Example.Com"):
        sign_in(client_for(None), spelling, "wrong password")
    assert sign_in(client_for(None), "aLA@example.com").status_code == 429


def test_others_are_not_kept_waiting(client_for, user, make_user, three_attempts):
    for _ in range(3):
        sign_in(client_for(None), user.email, "wrong password")
    assert sign_in(client_for(None), make_user().email).status_code == 302


def test_an_unknown_address_is_kept_waiting_too(client_for, three_attempts):
    for _ in range(3):
        response = sign_in(client_for(None), "nobody@example.com")
    assert response.status_code == 429


def test_the_wait_is_said_in_the_strangers_language(client_for, user, three_attempts):
    client = client_for(None)
    client.post("/language/", {"language": "pl"})
    for _ in range(3):
        response = sign_in(client, user.email, "wrong password")
    assert '<html lang="pl"' in body(response)


# --- forgotten passwords -----------------------------------------------------------------------------------------
def test_a_known_and_an_unknown_address_get_the_same_answer(client_for, user, worker):
    known = client_for(None).post("/password/reset/", {"email": user.email.upper()}, follow=True)
    unknown = client_for(None).post("/password/reset/", {"email": "nobody@example.com"}, follow=True)
    strip = re.compile(r'value="[^"]{64}"')
    assert strip.sub("", body(known)) == strip.sub("", body(unknown))
    assert [letter.to for letter in mail.outbox] == [[user.email]]


def test_the_link_is_on_the_accounts_own_host_and_sets_a_password_once(client_for, user, worker):
    client_for(None).post("/password/reset/", {"email": user.email})
    link = link_in(mail.outbox[0])
    assert link.startswith("http://acme.testserver/password/set/")
    path = link.removeprefix("http://acme.testserver")
    client = client_for(None)
    page = client.get(path, follow=True)
    form = page.redirect_chain[-1][0]
    assert client.post(form, {"new_password1": "short", "new_password2": "short"}).status_code == 422
    new = {"new_password1": "a new long password", "new_password2": "a new long password"}
    done = client.post(form, new, follow=True)
    assert "The password is set. Sign in with it." in body(done)
    assert sign_in(client_for(None), user.email, "a new long password").status_code == 302
    assert "This link no longer works" in body(client_for(None).get(path))


def test_a_new_password_ends_the_wait(client_for, user, worker, three_attempts):
    for _ in range(3):
        sign_in(client_for(None), user.email, "wrong password")
    client_for(None).post("/password/reset/", {"email": user.email})
    client = client_for(None)
    form = client.get(link_in(mail.outbox[0]).removeprefix("http://acme.testserver"), follow=True).redirect_chain[-1][0]
    client.post(form, {"new_password1": "a new long password", "new_password2": "a new long password"})
    assert sign_in(client_for(None), user.email, "a new long password").status_code == 302


def test_a_link_means_nothing_in_another_account(client_for, user, worker, make_user, other_account):
    client_for(None).post("/password/reset/", {"email": user.email})
    path = link_in(mail.outbox[0]).removeprefix("http://acme.testserver")
    with tenant_context(other_account):
        make_user(pk=user.pk, email=user.email)
        assert "This link no longer works" in body(client_for(None).get(path))


def test_a_link_is_too_old_after_three_days(client_for, user, worker):

    client_for(None).post("/password/reset/", {"email": user.email})
    path = link_in(mail.outbox[0]).removeprefix("http://acme.testserver")
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1), tick=False):
        assert "This link no longer works" in body(client_for(None).get(path))


@pytest.mark.parametrize("path", ["/password/set/xx/yy/", "/password/set/MQ/set-password/", "/password/set/%00/y/"])
def test_a_broken_link_says_so(client_for, path):
    response = client_for(None).get(path)
    assert response.status_code in (200, 404)


def test_a_user_who_was_let_go_gets_no_letter_and_can_use_none(client_for, user, worker):
    client_for(None).post("/password/reset/", {"email": user.email})
    path = link_in(mail.outbox[0]).removeprefix("http://acme.testserver")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert "This link no longer works" in body(client_for(None).get(path))
    client_for(None).post("/password/reset/", {"email": user.email})
    assert len(mail.outbox) == 1


def test_the_letter_is_in_the_users_language_whatever_the_strangers(client_for, make_user, worker):
    client = client_for(None)
    client.post("/language/", {"language": "pl"})
    client.post("/password/reset/", {"email": make_user(language="en", name="Ala").email})
    assert mail.outbox[0].subject == "A new password for Acme"
    assert "Hello Ala" in mail.outbox[0].body


def test_a_stranger_cannot_flood_a_user_with_letters(client_for, user, worker):
    for _ in range(8):
        client_for(None).post("/password/reset/", {"email": user.email})
    assert len(mail.outbox) == tasks.LETTERS_PER_HOUR


def test_a_bad_address_is_refused_at_the_field(client_for):
    response = client_for(None).post("/password/reset/", {"email": "nobody"})
    assert response.status_code == 422
    assert "valid email address" in body(response)


def test_without_a_broker_the_page_says_that_nothing_was_sent(client_for, user, no_broker):
    response = client_for(None).post("/password/reset/", {"email": user.email})
    assert response.status_code == 503
    assert "No letter can be sent right now" in body(response)


def test_a_letter_for_a_deleted_account_is_passed_over(account):
    tasks.send_reset_task("gone", "ala@example.com", "http://gone.testserver")
    assert mail.outbox == []
