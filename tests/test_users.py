"""Users: their own profiles, the list, adding, roles and letting go."""

import re
import threading
import time

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from django_tenants.utils import tenant_context

from tests.support.letters import link_in, lose_the_broker, sign_in, take_letters_at_once
from tests.support.people import PASSWORD
from users import selectors, services
from users.models import Role, User
from users.services import UserError

HTMX = {"HX-Request": "true"}


@pytest.fixture
def worker(monkeypatch):
    take_letters_at_once(monkeypatch)


@pytest.fixture
def no_broker(monkeypatch):
    lose_the_broker(monkeypatch)


def body(response) -> str:
    return response.content.decode()


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
