"""The pages of tracked sites, for owners and administrators, the script as it is served, and `manage.py tracker`."""

import gzip
import html
import io
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity, Visit
from contacts.hooks import uses_of_consent
from tests import factories
from tests.support.people import client_for, make_user
from tests.support.tracker import AGENT, SHOP, body, event, send, site, token
from tracker import tokens
from tracker.models import TrackedSite
from tracker.origins import origin_of
from tracker.samples import samples
from tracker.script import SOURCE, built
from tracker.tokens import Named, TokenError

pytestmark = pytest.mark.django_db
LIST = "/tracking/"
HUGE = 10**30
PARTS = ("site", "edit", "delete", "secret", "drop_secret", "test", "link")


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def client(client_for):
    return client_for(make_user("owner", name="Olga"))


@pytest.fixture
def here(now):
    return site(now=now)


def address(name, pk):
    return reverse(f"tracker:{name}", args=[pk])


def sent(**given):
    asked = {"name": "Shop", "origins": "https://shop.example\nwww.shop.example/x", "active": "on", "seen": 1} | given
    return {name: value for name, value in asked.items() if value is not None}


# --- who ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_only_owners_and_administrators_open_them(here, role):
    other, boss = client_for(make_user(role)), client_for(make_user("administrator"))
    for path in (LIST, f"{LIST}new/", *(address(name, here.pk) for name in PARTS)):
        assert other.get(path).status_code in (403, 405), path
        assert other.post(path, {}).status_code in (403, 405), path
        assert boss.get(path).status_code in (200, 405), path
    assert TrackedSite.objects.get().secret == here.secret


@pytest.mark.parametrize("pk", [10**6, HUGE])
def test_an_id_of_nobody_is_not_found(client, pk):
    for name in PARTS:
        for ask in (client.get, client.post):
            assert ask(address(name, pk)).status_code in (404, 405), name


# --- sites ----------------------------------------------------------------------------------------------------
def test_without_sites_the_page_says_what_they_are_for(client):
    assert f'href="{LIST}new/"' in client.get(LIST).content.decode()


def test_one_is_made_and_its_secret_shown_once(client):
    needed = factories.consent("tracking")
    answer = client.post(f"{LIST}new/", sent(consent=needed.pk), follow=True)
    made = TrackedSite.objects.get()
    assert (made.origins, made.consent, made.created_by.name) == ([SHOP, "https://www.shop.example"], needed, "Olga")
    assert made.secret in answer.content.decode()
    assert f'data-site="{made.key}"' in answer.content.decode().replace("&quot;", '"')
    assert answer["Cache-Control"] == "no-store"
    for path in (LIST, *(address(name, made.pk) for name in PARTS)):
        assert made.secret not in client.get(path).content.decode()
    assert [use.url for use in uses_of_consent(needed)] == [address("site", made.pk)]


@pytest.mark.parametrize(
    "bad",
    [{"name": None}, {"name": "\x00"}, {"name": "x" * 500}, {"origins": None}, {"origins": "\n \n"},
     {"origins": "\x00"},
     {"origins": "ftp://x.pl"}, {"origins": "https://"}, {"origins": "https://a:b@x.pl"}, {"origins": "https://x:99999"},
     {"origins": "https://*.x.pl"}, {"origins": "a b"}, {"origins": "x" * 400},
     {"origins": "null"}, {"origins": "https://NULL/"}, {"origins": "null:80"}, {"origins": f"{SHOP}\nnull"},
     {"origins": "\n".join(f"a{n}.pl" for n in range(21))},
     {"consent": "1000000"}, {"consent": "x"}, {"consent": "9" * 40}, {"seen": "9" * 40}],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_the_form(client, here, bad):
    for path in (f"{LIST}new/", address("edit", here.pk)):
        answer = client.post(path, sent(**bad))
        assert answer.status_code == 422, path
        assert 'id="site"' in answer.content.decode()
    assert TrackedSite.objects.get().revision == 1


@pytest.mark.parametrize(
    ("given", "origin"),
    [("Shop.PL/a?b#c", "https://shop.pl"), ("http://localhost:8080", "http://localhost:8080"), ("https://x.pl:443/", "https://x.pl"),
     ("żółte-buty.pl", "https://xn--te-buty-vhba13aw9h.pl"), ("https://10.0.0.1:81", "https://10.0.0.1:81")],
)  # fmt: skip
def test_an_address_becomes_its_origin(given, origin):
    if "xn--" in origin:
        origin = "https://" + "żółte-buty.pl".encode("idna").decode()
    assert origin_of(given) == origin


def test_nothing_is_saved_over_what_somebody_else_changed(client, here):
    assert client.post(address("edit", here.pk), sent(name="Mine")).status_code == 302
    assert client.post(address("edit", here.pk), sent(name="Late")).status_code == 409
    assert TrackedSite.objects.get().name == "Mine"


def test_a_retired_consent_stays_with_its_site_and_is_offered_to_no_other(client, now):
    needed = factories.consent("tracking", retired_at=now)
    here = site(now=now, consent=needed)
    assert client.post(address("edit", here.pk), sent(consent=needed.pk)).status_code == 302
    assert client.post(f"{LIST}new/", sent(consent=needed.pk)).status_code == 422


def test_a_new_secret_is_shown_once_and_the_old_one_can_be_ended(client, here):
    answer = client.post(address("secret", here.pk), follow=True)
    renewed = TrackedSite.objects.get()
    assert renewed.secret != here.secret
    assert renewed.previous_secret == here.secret
    assert renewed.secret in answer.content.decode()
    client.post(address("drop_secret", here.pk))
    assert TrackedSite.objects.get().previous_secret == ""


def test_a_deleted_site_is_refused_and_what_was_done_there_stays(client, here, now):
    ala = factories.contact(now=now)
    report = body(here, token(here, ala, now=now), [event(now)], now=now)
    send(client_for(None), report)
    assert re.search(r"\b1 event\b", client.get(address("delete", here.pk)).content.decode())
    client.post(address("delete", here.pk))
    assert send(client_for(None), report).status_code == 403
    assert (TrackedSite.objects.count(), Activity.objects.count()) == (0, 1)


def test_the_page_of_a_site_tells_what_came(client, here, now):
    given = token(here, factories.contact(now=now), now=now)
    send(client_for(None), body(here, given, [event(now)], now=now))
    send(client_for(None), body(here, "x", [event(now), event(now)], now=now))
    part = client.get(address("site", here.pk), headers={"HX-Request": "true"}).content.decode()
    rows = re.findall(r'<span class="name">([^<]+)</span></td>\s*<td class="r num"[^>]*>(\d+)</td>', part)
    assert [number for _label, number in rows] == ["1", "1", "2"]
    assert "<html" not in part


@pytest.mark.parametrize("path", ["list", "site", "part"])
def test_the_number_of_queries_is_constant(client, here, now, path):
    def ask():
        headers = {"HX-Request": "true"} if path == "part" else {}
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(LIST if path == "list" else address("site", here.pk), headers=headers).status_code == 200
        return len(asked)

    given = token(here, factories.contact(now=now), now=now)
    send(client_for(None), body(here, given, [event(now)], now=now))
    ask()
    few = ask()
    for number in range(3):
        site(now=now, name=f"Other {number}")
        send(client_for(None), body(here, ["x", given, ""][number], [event(now, "nosuch")], now=now))
    assert ask() == few


# --- trying ---------------------------------------------------------------------------------------------------
def test_the_test_page_is_counted_and_stores_nothing(client, here, now):
    browser = {"User-Agent": AGENT}
    page = client.get(address("test", here.pk), headers=browser).content.decode()
    given = re.search(r'data-token="([^"]+)"', page)[1]
    own = f"http://{client.get(LIST).wsgi_request.get_host()}"
    assert send(client_for(None), body(here, given, [event(now)], now=now), origin=own).status_code == 204
    assert Activity.objects.count() == 0
    part = client.get(address("test", here.pk), headers=browser | {"HX-Request": "true"})
    assert "note good" in part.content.decode()


@pytest.mark.parametrize("called", ["ala@example.com", "K-17", "#"])
def test_a_link_names_a_contact(client, here, now, called):
    ala = factories.contact(email="ala@example.com", external_id="K-17", now=now)
    answer = client.post(address("link", here.pk), {"contact": f"#{ala.pk}" if called == "#" else called})
    link = re.search(r"https://shop\.example/\?sito=([\w.-]+)", answer.content.decode())[1]
    assert tokens.read(link, key=here.key, keys=[here.secret], now=now) == Named("id", str(ala.pk))


@pytest.mark.parametrize("bad", ["", "\x00", "nobody@example.com", "#0", "#x", "#" + "9" * 50, "x" * 300])
def test_a_link_to_nobody_is_refused(client, here, bad):
    assert client.post(address("link", here.pk), {"contact": bad}).status_code == 422


# --- the script -----------------------------------------------------------------------------------------------
def test_the_script_is_small_cached_and_sets_no_cookie(client_for):
    client = client_for(None)
    plain = client.get("/t.js")
    assert (plain.status_code, len(plain.content) <= 4000, plain.cookies) == (200, True, {})
    assert plain.content == built().plain
    assert (plain["Content-Type"], plain["Vary"]) == ("text/javascript; charset=utf-8", "Accept-Encoding")
    assert "max-age" in plain["Cache-Control"]
    packed = client.get("/t.js", headers={"Accept-Encoding": "br, gzip"})
    assert (packed["Content-Encoding"], gzip.decompress(packed.content)) == ("gzip", plain.content)
    assert len(packed.content) < 2000
    assert "Content-Encoding" not in client.get("/t.js", headers={"Accept-Encoding": "gzip;q=0"})
    again = client.get("/t.js", headers={"If-None-Match": plain["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.post("/t.js").status_code == 405


def test_lines_of_the_script_can_lose_their_indent():
    assert "`" not in built().plain.decode(), "a text over several lines would be changed"
    code = [line for line in SOURCE.read_text().splitlines() if not line.strip().startswith("//")]
    assert all(line.count("//") == 0 for line in code)
    quoted = [
        text for line in code for text in re.findall('"[^"]*"', line)
    ]  # they keep their spaces; nothing else does
    assert not any(sign in line for line in code for sign in "'`")
    assert all(text.encode() in built().plain for text in quoted)


# --- trying it out in a browser of tests ------------------------------------------------------------------------
def test_who_tries_it_as_a_bot_is_told_that_it_is_ignored(client, here, now):
    robot, ordinary = {"User-Agent": "HeadlessChrome/127.0"}, {"User-Agent": AGENT}
    for page in (address("test", here.pk), address("site", here.pk)):
        assert "ignored" not in client.get(page, headers=ordinary).content.decode()
    assert "this browser tells is ignored" in client.get(address("test", here.pk), headers=robot).content.decode()
    named = token(here, Named(tokens.TEST, ""), now=now)
    send(client_for(None), body(here, named, [event(now)], now=now), agent=robot["User-Agent"])
    told = client.get(address("test", here.pk), headers=robot).content.decode()
    assert "The last ignored event arrived" in told
    assert "Press “I agree”" not in told
    told = client.get(address("site", here.pk), headers=ordinary).content.decode()
    assert "Only bots came so far" in told
    assert "The test works" not in told


# --- tokens of the documented code ----------------------------------------------------------------------------
RUNS = {
    "Python": ([sys.executable, "-c"], "print(sito_token('Ż-17', KEY, SECRET, 3))"),
    "JavaScript (Node)": (["node", "-e"], "console.log(sitoToken('Ż-17', KEY, SECRET, 3))"),
    "PHP": (["php", "-r"], "echo sito_token('Ż-17', KEY, SECRET, 3);"),
    "Perl": (["perl", "-e"], "print sito_token('Ż-17', KEY, SECRET, 3);"),
}


@pytest.mark.parametrize("language", RUNS)
def test_the_documented_code_makes_tokens_that_hold(here, now, language):
    start, call = RUNS[language]
    if shutil.which(start[0]) is None:
        pytest.skip(f"no {start[0]} here")
    text = (Path(project.BASE_DIR) / "docs" / "tracker.md").read_text()
    code = re.search(rf"\n{re.escape(language)}\n```\w+\n(.*?)```", text, re.DOTALL)[1]
    assert code.rstrip() == {each.language: each.code for each in samples(here)}[language]
    call = call.replace("KEY", f"'{here.key}'").replace("SECRET", f"'{here.secret}'")
    before = "use utf8;\n" if language == "Perl" else ""
    made = subprocess.run([*start, before + code + call], capture_output=True, text=True, check=True, timeout=60)
    given = made.stdout.strip()
    assert tokens.read(given, key=here.key, keys=[here.secret], now=now) == Named("external_id", "Ż-17")
    with pytest.raises(TokenError) as late:
        tokens.read(given, key=here.key, keys=[here.secret], now=now + timedelta(days=3, seconds=30))
    assert late.value.expired


def test_the_page_has_that_code_in_each_language_with_the_sites_key(client, here):
    text = html.unescape(client.get(address("site", here.pk)).content.decode())
    assert {each.language for each in samples(here)} == RUNS.keys()
    for each in samples(here):
        assert each.code in text
        assert each.call in text
        assert here.key in each.call
    assert "docs/" not in text


# --- the command ----------------------------------------------------------------------------------------------
def called(*given):
    out = io.StringIO()
    call_command("tracker", *given, stdout=out)
    return out.getvalue()


def test_the_command_adds_lists_and_makes_tokens(account, now):
    factories.consent("tracking")
    made = called("add", "--account", "acme", "--name", "Shop", "--origin", "shop.example", "--consent", "tracking")
    here = TrackedSite.objects.get()
    assert made.split() == ["key", here.key, "secret", here.secret]
    factories.contact(external_id="K-17", now=now)
    given = called("token", "--account", "acme", "--site", here.key, "--external-id", "K-17", "--days", "2").strip()
    assert tokens.read(given, key=here.key, keys=[here.secret], now=now) == Named("external_id", "K-17")
    assert f"{here.key} Shop: {SHOP}" in called("list", "--account", "acme")


@pytest.mark.parametrize(
    "given",
    [("list", "--account", "nosuch"), ("list", "--account", "public"),
     ("add", "--account", "acme", "--name", "x", "--origin", "ftp://x"),
     ("add", "--account", "acme", "--name", "x", "--origin", "x.pl", "--consent", "nosuch"),
     ("token", "--account", "acme", "--site", "nosuch", "--id", "1"),
     ("token", "--account", "acme", "--site", "KEY", "--id", "1000000"),
     ("token", "--account", "acme", "--site", "KEY", "--id", "ALA", "--days", "5000"),
     ("token", "--account", "acme", "--site", "KEY", "--id", "ALA", "--days", "0")],
)  # fmt: skip
def test_the_command_says_what_is_wrong(here, now, given):
    names = {"KEY": here.key, "ALA": str(factories.contact(now=now).pk)}
    with pytest.raises(CommandError):
        called(*(names.get(each, each) for each in given))


# --- at once --------------------------------------------------------------------------------------------------
def test_reports_that_come_at_once_are_stored_once_with_one_visit(committed, account):
    now = timezone.now()
    here, ala = site(now=now), factories.contact(now=now)
    given, same = token(here, ala, now=now), event(now)

    def one(client):
        try:
            return send(client, body(here, given, [event(now), same], now=now)).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(one, [client_for(None) for _n in range(8)])) == {204}
    assert (Activity.objects.count(), Visit.objects.count()) == (9, 1)
