"""The frame around each page, forms, find, errors, health, and what HTMX gets."""

import json
import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path, reverse

from config import find, health
from config.find import Findings, Found, register_finder

HTMX = {"HX-Request": "true"}


@login_not_required
def broken(_request):
    raise RuntimeError("the inside")


def with_message(request):
    messages.success(request, "Zapisano żółć")
    return HttpResponse("part")


urlpatterns = [path("", include("config.urls")), path("broken/", broken), path("said/", with_message)]
handler400, handler403 = "config.errors.bad_request", "config.errors.forbidden"
handler404, handler500 = "config.errors.not_found", "config.errors.server_error"
here = pytest.mark.urls(__name__)


def body(response) -> str:
    return response.content.decode()


# --- the frame ---------------------------------------------------------------------------------------------------
def test_every_page_has_its_language_a_skip_link_and_the_account(client_for, owner):
    html = body(client_for(owner).get("/profile/"))
    assert '<html lang="en">' in html
    assert '<a class="skip" href="#main">' in html
    assert "Acme" in html


def test_the_menu_marks_where_one_is(client_for, owner):
    html = body(client_for(owner).get("/users/new/"))
    assert re.search(r'<a href="/users/" aria-current="page">', html)
    assert html.count('aria-current="page"') == 1


def test_the_menu_shows_settings_only_to_who_may_change_them(client_for, marketer):
    assert "/users/" not in body(client_for(marketer).get("/profile/"))


@pytest.mark.parametrize(("theme", "attribute"), [("dark", 'data-bs-theme="dark"'), ("light", 'data-bs-theme="light"')])
def test_the_theme_is_set_by_the_server(client_for, make_user, theme, attribute):
    assert attribute in body(client_for(make_user(theme=theme)).get("/profile/"))


def test_the_devices_theme_needs_no_attribute(client_for, user):
    assert "data-bs-theme" not in body(client_for(user).get("/profile/")).split("<head>")[0]


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(client_for, user):
    response = client_for(user).get("/profile/")
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    html = body(response)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", html)
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def test_no_template_breaks_the_policy():
    offending = [
        f"{template.name}: {line.strip()}"
        for template in Path(settings.BASE_DIR, "templates").rglob("*.html")
        for line in template.read_text().splitlines()
        if re.search(r"\sstyle=|<style|\son[a-z]+=\"|hx-on|javascript:|<script>", line)
    ]
    assert offending == []


def test_htmx_brings_no_style_and_evaluates_nothing(client_for, user):
    html = body(client_for(user).get("/profile/"))
    config = json.loads(re.search(r"name=\"htmx-config\" content='([^']+)'", html)[1])
    assert config["includeIndicatorStyles"] is False
    assert config["allowEval"] is False
    assert config["historyCacheSize"] == 0  # no contacts in the browser's storage
    assert {"code": "422", "swap": True} in config["responseHandling"]


def test_pages_with_peoples_data_stay_out_of_caches(client_for, user):
    assert client_for(user).get("/profile/")["Cache-Control"] == "private, no-store"


def test_the_bare_address_leads_to_what_the_user_came_for(client_for, user):
    response = client_for(user).get("/")
    assert response.status_code == 302
    assert client_for(user).get(response["Location"]).status_code == 200


# --- forms -------------------------------------------------------------------------------------------------------
class Sample(forms.Form):
    name = forms.CharField(help_text="Unique.")
    note = forms.CharField(widget=forms.Textarea(attrs={"class": "tall"}), required=False)
    unit = forms.ChoiceField(choices=[("h", "hours")])
    agreed = forms.BooleanField(required=False)
    kind = forms.ChoiceField(choices=[("a", "Once")], widget=forms.RadioSelect)
    tags = forms.MultipleChoiceField(choices=[("v", "VIP")], widget=forms.CheckboxSelectMultiple)
    hidden = forms.CharField(widget=forms.HiddenInput)
    when = forms.SplitDateTimeField()

    def clean(self):
        raise forms.ValidationError("Not together.")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("name", r'<input type="text"[^>]*class="form-control"'),
        ("note", r'<textarea[^>]*class="form-control tall"'),
        ("unit", r'<select[^>]*class="form-select"'),
        ("agreed", r'<input type="checkbox"[^>]*class="form-check-input"'),
        ("kind", r'<input type="radio"[^>]*class="form-check-input"'),
        ("tags", r'<input type="checkbox"[^>]*class="form-check-input"'),
        ("when", r'<input type="text"[^>]*class="form-control"[^>]*>\s*<input type="text"[^>]*class="form-control"'),
    ],
)
def test_every_input_has_its_class(field, expected):
    assert re.search(expected, str(Sample()[field]))


@pytest.mark.parametrize("field", ["hidden", "kind", "tags"])
def test_what_is_no_text_field_does_not_look_like_one(field):
    assert "form-control" not in str(Sample()[field])


def test_a_field_is_tied_to_its_label_help_and_errors():
    html = Sample({"name": ""})["name"].as_field_group()
    assert '<label class="form-label" for="id_name">Name</label>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_what_may_be_left_empty_says_so():
    assert "optional" in Sample()["note"].as_field_group()
    assert "optional" not in Sample()["name"].as_field_group()


def test_choices_stand_in_a_named_group():
    html = Sample()["kind"].as_field_group()
    assert re.search(r"<fieldset[^>]*>\s*<legend[^>]*>Kind</legend>", html)
    assert '<label class="form-check-label" for="id_kind_0">Once</label>' in html


def test_an_error_of_no_field_stands_above_as_an_alert():
    assert re.search(r'role="alert">.*Not together\.', str(Sample({})), re.DOTALL)


def test_errors_are_escaped():
    form = Sample({})
    form.add_error("name", "<b>")
    assert "<b>" not in str(form)


# --- find --------------------------------------------------------------------------------------------------------
@pytest.fixture
def only_finder(monkeypatch):
    monkeypatch.setattr(find, "finders", [])


def test_find_shows_what_was_found_by_kind(client_for, user, only_finder):
    segment = Found("Segment lens", "/s/1", detail="1,863 contacts")
    register_finder(lambda request, text: Findings("Segments", [segment], total=1))
    register_finder(lambda request, text: Findings("Contacts", [Found("Ala <script>", "/c/1")], total=1))
    register_finder(lambda request, text: Findings("Tags", [], total=0))
    html = body(client_for(user).get("/find", {"q": "lens"}))
    assert html.index("<h2>Segments</h2>") < html.index("<h2>Contacts</h2>")
    assert "Segment lens" in html
    assert "Ala &lt;script&gt;" in html
    assert "<h2>Tags</h2>" not in html
    assert "more" not in html[html.index("<h2>Segments</h2>") : html.index("<dialog")]


def test_find_says_how_many_more_there_are_and_where(client_for, user, only_finder):
    ala = [Found("Ala", "/c/1")]
    register_finder(lambda request, text: Findings("Contacts", ala, total=48, url="/contacts/?q=ala"))
    register_finder(lambda request, text: Findings("Tags", ala, total=10_000, url="/tags/", counted_to_limit=True))
    html = body(client_for(user).get("/find", {"q": "ala"}))
    assert '<span class="faint num">48</span>' in html
    assert '<a href="/contacts/?q=ala">and 47 more</a>' in html
    assert '<span class="faint num">10,000+</span>' in html
    assert "more than 10,000" in html


def test_find_without_a_text_asks_nobody(client_for, user, only_finder):
    register_finder(lambda request, text: pytest.fail("asked"))
    assert "What are you looking for?" in body(client_for(user).get("/find", {"q": "  \x00"}))


def test_find_says_that_there_is_nothing(client_for, user, only_finder):
    assert "Nothing is called “qqq”" in body(client_for(user).get("/find", {"q": "qqq"}))


def test_find_needs_a_user(client_for):
    assert client_for(None).get("/find").status_code == 302


# --- errors ------------------------------------------------------------------------------------------------------
def test_an_unknown_host_is_a_plain_404_that_says_nothing(account):
    response = Client(headers={"host": "nobody.testserver"}).get("/users/")
    assert response.status_code == 404
    assert response.content == b"Not found"
    assert not response.cookies


def test_an_unknown_address_keeps_the_frame(client_for, user):
    response = client_for(user).get("/nowhere/")
    assert response.status_code == 404
    assert "This page does not exist" in body(response)
    assert 'id="menu"' in body(response)


def test_an_unknown_address_tells_strangers_nothing_of_the_frame(client_for):
    response = client_for(None).get("/nowhere/")
    assert response.status_code == 404
    assert 'id="menu"' not in body(response)


def test_a_refusal_says_why(client_for, marketer):
    response = client_for(marketer).get("/users/")
    assert response.status_code == 403
    assert "Only owners and administrators may open this page." in body(response)


@here
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_failure_says_so_and_shows_nothing_of_the_inside(client_for, user, headers):
    client = client_for(user)
    client.raise_request_exception = False
    response = client.get("/broken/", headers=headers)
    assert response.status_code == 500
    assert "Something went wrong on our side" in body(response)
    assert "the inside" not in body(response)


def test_an_expired_form_says_that_nothing_was_saved(account, user):
    strict = Client(enforce_csrf_checks=True, headers={"host": "acme.testserver"})
    strict.force_login(user, backend="users.backends.EmailBackend")
    response = strict.post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "Nothing was saved" in body(response)
    user.refresh_from_db()
    assert user.theme == "system"


# --- htmx --------------------------------------------------------------------------------------------------------
@here
def test_a_message_travels_with_a_fragment(client_for, user):
    client = client_for(user)
    events = json.loads(client.get("/said/", headers=HTMX)["HX-Trigger"])
    assert events == {"toasts": {"messages": [{"text": "Zapisano żółć", "level": "success"}]}}
    assert "Zapisano" not in body(client.get("/profile/"))  # said once


@here
def test_a_message_waits_for_a_page(client_for, user):
    client = client_for(user)
    assert "HX-Trigger" not in client.get("/said/")
    assert "Zapisano żółć" in body(client.get("/profile/"))


def test_a_signed_out_fragment_leads_the_whole_page_to_sign_in_and_back(client_for):
    response = client_for(None).get(
        "/users/?page=2", headers={**HTMX, "HX-Current-URL": "http://acme.testserver/users/?q=a"}
    )
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/login/?next=/users/%3Fq%3Da"


def test_a_signed_out_post_comes_back_to_the_page_of_its_form(client_for):
    response = client_for(None).post("/users/1/reactivate/", headers={"Referer": "http://acme.testserver/users/?q=a"})
    assert response["Location"] == "/login/?next=/users/%3Fq%3Da"


def test_a_signed_out_post_from_elsewhere_comes_back_to_the_start(client_for):
    response = client_for(None).post("/users/1/reactivate/", headers={"Referer": "http://evil.example/users/"})
    assert response["Location"] == "/login/?next=/"


# --- health ------------------------------------------------------------------------------------------------------
def test_health_is_told_on_any_host_without_signing_in(account):
    response = Client(headers={"host": "10.0.0.7"}).get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"database": True, "broker": True}


def test_health_fails_when_the_broker_is_away(account, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = Client().get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"database": True, "broker": False}


def test_health_fails_when_the_database_is_away(account, monkeypatch):
    monkeypatch.setattr(health, "database_answers", lambda: False)
    assert Client().get("/healthz").status_code == 503


# --- language and theme ------------------------------------------------------------------------------------------
def test_the_language_is_kept_with_the_user_and_for_the_pages_before_signing_in(client_for, user):
    client = client_for(user)
    response = client.post("/language/", {"language": "pl", "next": "/profile/"})
    assert response["Location"] == "/profile/"
    assert '<html lang="pl"' in body(client.get("/profile/"))
    client.post("/logout/")
    assert '<html lang="pl"' in body(client.get("/login/"))


def test_the_language_of_a_stranger_is_the_browsers(client_for):
    assert '<html lang="pl"' in body(client_for(None).get("/login/", headers={"Accept-Language": "pl-PL,pl;q=0.9"}))


@pytest.mark.parametrize("address", ["/language/", "/theme/"])
@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_a_switch_never_leads_to_another_host(client_for, user, address, where):
    assert client_for(user).post(address, {"language": "pl", "theme": "dark", "next": where})["Location"] == "/"


@pytest.mark.parametrize(("address", "data"), [("/language/", {"language": "xx"}), ("/theme/", {"theme": "xx"})])
def test_an_unknown_language_or_theme_changes_nothing(client_for, user, address, data):
    assert client_for(user).post(address, data).status_code == 302
    user.refresh_from_db()
    assert (user.language, user.theme) == ("en", "system")


def test_an_analyst_may_switch_too(client_for, analyst):
    client_for(analyst).post("/theme/", {"theme": "dark"})
    analyst.refresh_from_db()
    assert analyst.theme == "dark"


def test_every_address_of_the_menu_answers(client_for, owner):
    client = client_for(owner)
    addresses = re.findall(r'<li><a href="([^"]+)"', body(client.get("/profile/")))
    assert reverse("users:list") in addresses
    for address in addresses:
        assert client.get(address).status_code == 200, address
