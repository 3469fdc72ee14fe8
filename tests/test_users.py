"""Users: signing in and out, passwords and letters, profiles, and who may do what with whom."""

import re
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from kombu.exceptions import OperationalError

from tests.support.people import PASSWORD
from users import selectors, services, tasks
from users.models import Role, User
from users.services import UserError

HTMX = {"HX-Request": "true"}


def body(response) -> str:
    return response.content.decode()


def sign_in(client, email, password=PASSWORD, **more):
    return client.post("/login/", {"username": email, "password": password, **more})


@pytest.fixture
def worker(monkeypatch):
    """A worker that takes letters at once."""
    cache.clear()
    for task in (tasks.send_reset_task, tasks.send_invitation_task):
        monkeypatch.setattr(task, "delay", task)


@pytest.fixture
def no_broker(monkeypatch):
    def fail(*_args):
        raise OperationalError

    for task in (tasks.send_reset_task, tasks.send_invitation_task):
        monkeypatch.setattr(task, "delay", fail)


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
def link_in(letter) -> str:
    return re.search(r"https?://\S+", letter.body)[0]


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


# --- one's own profile -------------------------------------------------------------------------------------------
def test_one_changes_name_language_and_theme(client_for, user):
    client = client_for(user)
    response = client.post("/profile/", {"name": "Żaneta", "language": "pl", "theme": "dark"}, follow=True)
    assert '<html lang="pl" data-bs-theme="dark">' in body(response)
    assert "Żaneta" in body(response)


@pytest.mark.parametrize("bad", [{"name": ""}, {"name": "x" * 121}, {"language": "de"}, {"theme": "pink"}])
def test_a_bad_profile_is_refused_and_changes_nothing(client_for, user, bad):
    response = client_for(user).post("/profile/", {"name": "New", "language": "en", "theme": "light", **bad})
    assert response.status_code == 422
    user.refresh_from_db()
    assert (user.name, user.language, user.theme) == ("Marketer", "en", "system")


def test_one_cannot_give_oneself_a_role(client_for, user):
    client_for(user).post("/profile/", {"name": "New", "language": "en", "theme": "light", "role": "owner"})
    user.refresh_from_db()
    assert user.role == Role.MARKETER


def test_a_new_password_signs_other_devices_out_and_not_this_one(client_for, analyst):
    here, elsewhere = client_for(analyst), client_for(analyst)
    new = {"old_password": PASSWORD, "new_password1": "a new long password", "new_password2": "a new long password"}
    assert here.post("/profile/password/", new).status_code == 302
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old_password": "wrong"}, "old password was entered incorrectly"),
        ({"new_password2": "another long password"}, "didn’t match"),
        ({"new_password1": "short", "new_password2": "short"}, "at least 10 characters"),
        ({"new_password1": "password123456", "new_password2": "password123456"}, "too common"),
    ],
)
def test_a_bad_password_is_refused(client_for, user, fields, said):
    good = {"old_password": PASSWORD, "new_password1": "a new long password", "new_password2": "a new long password"}
    response = client_for(user).post("/profile/password/", {**good, **fields})
    assert response.status_code == 422
    assert said in body(response)


def test_a_password_like_ones_address_is_refused(make_user):
    with pytest.raises(ValidationError, match="too similar"):
        services.create_user(email="zanetalecka@example.com", name="Ż", role="marketer", password="zanetalecka1")


# --- the list of users -------------------------------------------------------------------------------------------
def test_administrators_see_everybody(client_for, owner, analyst, make_user):
    make_user(name="Let Go", is_active=False)
    html = body(client_for(owner).get("/users/"))
    for text in (owner.email, analyst.email, "Let Go", "deactivated"):
        assert text in html


@pytest.mark.parametrize("role", ["marketer", "analyst"])
@pytest.mark.parametrize(
    "address",
    ["/users/", "/users/new/", "/users/1/", "/users/1/deactivate/", "/users/1/reactivate/", "/users/1/link/"],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_others_see_and_change_nobody(client_for, make_user, role, address, method):
    assert getattr(client_for(make_user(role)), method)(address).status_code == 403


def test_the_list_asks_the_same_few_queries_for_many(client_for, owner, make_user, django_assert_max_num_queries):
    for _ in range(20):
        make_user()
    client = client_for(owner)
    client.get("/users/")
    with django_assert_max_num_queries(8):
        client.get("/users/")


def test_htmx_gets_the_rows_alone(client_for, owner):
    html = body(client_for(owner).get("/users/?q=owner", headers=HTMX))
    assert "<html" not in html
    assert owner.email in html


@pytest.mark.parametrize(("text", "found"), [("OWNER", True), ("nobody", False), ("%", False), ("\x00", True)])
def test_users_are_searched_by_name_and_address(client_for, owner, text, found):
    html = body(client_for(owner).get("/users/", {"q": text}, headers=HTMX))
    assert (owner.email in html) is found
    assert ("Nobody found" in html) is not found


def test_users_are_listed_in_the_order_of_the_polish_alphabet(make_user):
    names = ["Ala", "Ćwik", "Cyryl", "łucja", "Lech", "Mia", "Żaneta", "Zyta", "Źdźbło"]
    for name in names:
        make_user("analyst", name=name)
    in_order = ["Ala", "Cyryl", "Ćwik", "Lech", "łucja", "Mia", "Zyta", "Źdźbło", "Żaneta"]
    assert [user.name for user in selectors.users() if user.name in names] == in_order
    assert [user.name for user in selectors.users(sort="-name") if user.name in names] == in_order[::-1]


@pytest.mark.parametrize("sort", ["name", "-name", "role", "last_login", "-created_at", "password", "", "--", "'"])
@pytest.mark.parametrize("place", ["1", "999", "x", "-1"])
def test_any_order_and_page_is_answered(client_for, owner, sort, place):
    assert client_for(owner).get("/users/", {"sort": sort, "page": place}).status_code == 200


def test_those_who_may_sign_in_come_first(client_for, owner, make_user):
    make_user(name="AAA gone", is_active=False)
    html = body(client_for(owner).get("/users/", headers=HTMX))
    assert html.index(owner.name) < html.index("AAA gone")


# --- adding ------------------------------------------------------------------------------------------------------
NEW = {"email": "new@example.com", "name": "New One", "role": "marketer", "language": "pl"}


def test_a_new_user_gets_a_link_and_signs_in(client_for, administrator, worker):
    response = client_for(administrator).post("/users/new/", {**NEW, "language": "en"}, follow=True)
    assert "A link to set the password is on its way to new@example.com." in body(response)
    letter = mail.outbox[0]
    assert letter.to == ["new@example.com"]
    assert letter.subject == "Your access to Acme"
    client = client_for(None)
    form = client.get(link_in(letter).removeprefix("http://acme.testserver"), follow=True).redirect_chain[-1][0]
    client.post(form, {"new_password1": "a new long password", "new_password2": "a new long password"})
    assert sign_in(client_for(None), "NEW@example.com", "a new long password").status_code == 302


@pytest.fixture
def no_mail_server(settings, tmp_path):
    """What a demo has: letters go into a folder."""
    settings.EMAIL_BACKEND = "config.letters.FolderBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    return tmp_path / "mail"


def test_without_a_mail_server_letters_are_files_and_an_invited_user_can_start(
    client_for, owner, worker, no_mail_server
):
    given = {"email": "zoe@example.com", "name": "Zoë", "role": "marketer", "language": "pl"}
    html = body(client_for(owner).post("/users/new/", given, follow=True))
    assert f"written to the folder {no_mail_server}" in html
    assert "A letter to zoe@example.com with a link to set the password is written." in html
    [letter] = no_mail_server.iterdir()
    assert no_mail_server.stat().st_mode & 0o077 == 0, "others could read the link"
    link = re.search(r"https?://[^/\s]+(/password/set/\S+)", letter.read_text())[1]
    assert link not in html
    assert client_for(None).get(link, follow=True).status_code == 200


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        ("config.letters.FolderBackend", "written to the folder"),
        ("django.core.mail.backends.console.EmailBackend", "printed to the worker"),
        ("django.core.mail.backends.smtp.EmailBackend", ""),
    ],
)
def test_the_users_page_says_where_letters_go_when_they_are_not_sent(client_for, owner, settings, backend, told):
    settings.EMAIL_BACKEND = backend
    html = body(client_for(owner).get("/users/"))
    assert ("No mail server is set up" in html) == bool(told)
    assert told in html


def test_an_invited_user_cannot_sign_in_before(client_for, owner, worker):
    client_for(owner).post("/users/new/", NEW)
    for password in ("", "!", "None"):
        assert sign_in(client_for(None), NEW["email"], password).status_code == 422
    assert "invited" in body(client_for(owner).get("/users/"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "OWNER@x.example"}, "already uses this e-mail"),
        ({"email": "nobody"}, "valid email address"),
        ({"name": ""}, "required"),
        ({"role": "king"}, "valid choice"),
        ({"language": "de"}, "valid choice"),
    ],
)
def test_a_bad_new_user_is_refused_at_the_field(client_for, make_user, fields, said):
    owner = make_user("owner", email="owner@x.example")
    response = client_for(owner).post("/users/new/", {**NEW, **fields})
    assert response.status_code == 422
    assert said in body(response)
    assert User.objects.count() == 1


def test_an_address_taken_at_the_same_instant_is_refused_at_the_field(client_for, owner, monkeypatch):
    from users.forms import UserForm

    monkeypatch.setattr(UserForm, "clean_email", lambda form: form.cleaned_data["email"])
    response = client_for(owner).post("/users/new/", {**NEW, "email": owner.email.upper()})
    assert response.status_code == 422
    assert re.search(r'id="id_email_error">.*already uses', body(response))


def test_without_a_broker_the_user_is_made_and_the_page_says_what_is_missing(client_for, owner, no_broker):
    response = client_for(owner).post("/users/new/", NEW, follow=True)
    assert User.objects.filter(email=NEW["email"]).exists()
    assert "No letter can be sent right now" in body(response)


def test_the_database_refuses_a_second_user_with_the_address(user, make_user):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email=user.email.upper())


@pytest.mark.parametrize("fields", [{"role": "king"}, {"theme": "pink"}, {"language": "de"}])
def test_the_database_refuses_bad_users(user, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(**fields)


# --- roles -------------------------------------------------------------------------------------------------------
def changed(person: User, **fields: str) -> dict[str, str]:
    return {"email": person.email, "name": person.name, "role": person.role, **fields}


def test_an_administrator_changes_name_address_and_role(client_for, administrator, user):
    fields = {"email": "other@example.com", "name": "Other", "role": "analyst"}
    assert client_for(administrator).post(f"/users/{user.pk}/", fields).status_code == 302
    user.refresh_from_db()
    assert (user.email, user.name, user.role) == ("other@example.com", "Other", "analyst")


def test_a_new_role_holds_from_the_next_request(client_for, owner, marketer):
    client = client_for(marketer)
    services.edit_user(marketer, **changed(marketer, role="administrator"), by=owner)
    assert client.get("/users/").status_code == 200


def test_an_administrator_makes_no_owner(client_for, administrator, user):
    client = client_for(administrator)
    assert client.post("/users/new/", {**NEW, "role": "owner"}).status_code == 422
    assert client.post(f"/users/{user.pk}/", changed(user, role="owner")).status_code == 422
    assert client.post(f"/users/{administrator.pk}/", changed(administrator, role="owner")).status_code == 422
    assert not User.objects.filter(role="owner").exists()


def test_an_administrator_changes_no_owner(client_for, administrator, owner, make_user, worker):
    make_user("owner")
    client = client_for(administrator)
    for role in ("owner", "marketer"):
        fields = changed(owner, role=role, email="mine@example.com")
        assert client.post(f"/users/{owner.pk}/", fields).status_code == 422
    assert client.post(f"/users/{owner.pk}/deactivate/").status_code == 422
    owner_now = User.objects.get(pk=owner.pk)
    assert (owner_now.role, owner_now.email, owner_now.is_active) == ("owner", owner.email, True)


def test_services_refuse_what_forms_do_not_offer(administrator, user):
    with pytest.raises(UserError, match="Only an owner"):
        services.create_user(**{**NEW, "role": "owner"}, password=None, by=administrator)
    with pytest.raises(UserError, match="Only an owner"):
        services.edit_user(user, **changed(user, role="owner"), by=administrator)


def test_a_marketer_changes_nobody_by_any_way(marketer, user):
    with pytest.raises(UserError, match="Only owners and administrators"):
        services.edit_user(user, **changed(user, name="X"), by=marketer)


def test_an_owner_makes_another_and_then_may_step_down(client_for, owner, user):
    client = client_for(owner)
    response = client.post(f"/users/{owner.pk}/", changed(owner, role="marketer"))
    assert response.status_code == 422
    assert "This is the last owner" in body(response)
    assert client.post(f"/users/{user.pk}/", changed(user, role="owner")).status_code == 302
    assert client.post(f"/users/{owner.pk}/", changed(owner, role="marketer")).status_code == 302


def test_a_deactivated_owner_does_not_count(owner, make_user):
    make_user("owner", is_active=False)
    with pytest.raises(UserError, match="last owner"):
        services.edit_user(owner, **changed(owner, role="marketer"), by=owner)


def test_two_owners_cannot_demote_each_other_at_once(committed, account, make_user, monkeypatch):
    check = services.refuse_last_owner
    monkeypatch.setattr(services, "refuse_last_owner", lambda *given: (check(*given), time.sleep(0.3)))
    first, second = make_user("owner"), make_user("owner")
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def demote(person: User, by: User) -> None:
        try:
            connection.set_tenant(account)
            together.wait()
            services.edit_user(person, **changed(person, role="marketer"), by=by)
            outcomes.append("done")
        except UserError:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert User.objects.filter(role="owner").count() == 1


# --- letting go --------------------------------------------------------------------------------------------------
def test_who_is_let_go_is_out_at_once_and_may_come_back(client_for, owner, user):
    theirs, ours = client_for(user), client_for(owner)
    assert theirs.get("/profile/").status_code == 200
    assert ours.post(f"/users/{user.pk}/deactivate/").status_code == 302
    assert theirs.get("/profile/").status_code == 302
    assert sign_in(client_for(None), user.email).status_code == 422
    assert ours.post(f"/users/{user.pk}/reactivate/").status_code == 302
    assert sign_in(client_for(None), user.email).status_code == 302


def test_letting_go_asks_first(client_for, owner, user):
    response = client_for(owner).get(f"/users/{user.pk}/deactivate/")
    assert "Deactivate Marketer?" in body(response)
    assert User.objects.get(pk=user.pk).is_active


def test_the_question_alone_opens_in_a_dialog(client_for, owner, user):
    html = body(client_for(owner).get(f"/users/{user.pk}/deactivate/", headers=HTMX))
    assert "<html" not in html
    assert "Deactivate Marketer?" in html


@pytest.mark.parametrize("role", ["owner", "administrator"])
def test_nobody_lets_themselves_go(client_for, make_user, role):
    make_user("owner")
    me = make_user(role)
    response = client_for(me).post(f"/users/{me.pk}/deactivate/")
    assert response.status_code == 422
    assert "cannot deactivate yourself" in body(response)


def test_an_administrator_brings_no_owner_back(client_for, administrator, make_user):
    gone = make_user("owner", is_active=False)
    response = client_for(administrator).post(f"/users/{gone.pk}/reactivate/", follow=True)
    assert "Only an owner" in body(response)
    assert not User.objects.get(pk=gone.pk).is_active


def test_a_link_is_sent_once_more(client_for, owner, user, worker):
    client_for(owner).post(f"/users/{user.pk}/link/")
    assert [letter.to for letter in mail.outbox] == [[user.email]]


def test_no_link_is_sent_to_who_was_let_go(client_for, owner, make_user, worker):
    gone = make_user(is_active=False)
    response = client_for(owner).post(f"/users/{gone.pk}/link/", follow=True)
    assert "no link was sent" in body(response)
    assert mail.outbox == []


@pytest.mark.parametrize("address", ["reactivate", "link"])
def test_what_changes_needs_a_post(client_for, owner, user, address):
    assert client_for(owner).get(f"/users/{user.pk}/{address}/").status_code == 405


@pytest.mark.parametrize("address", ["", "deactivate/", "reactivate/", "link/"])
def test_a_user_of_another_account_does_not_exist(client_for, owner, make_user, other_account, address):
    with tenant_context(other_account):
        stranger = make_user(pk=owner.pk + 100_000)
    assert client_for(owner).post(f"/users/{stranger.pk}/{address}").status_code == 404
