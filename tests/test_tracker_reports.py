"""What browsers report becomes visits and activities of the contact whom the token names, and of nobody else."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from activities.models import Activity, Visit
from contacts.merging import merge_contacts
from contacts.models import Contact
from contacts.services.consents import set_consent
from contacts.services.contacts import delete_contact
from tests import factories
from tests.support.tracker import SHOP, body, event, send, site, token
from tracker import counting, door, services
from tracker.models import Outcome, SeenEvent
from tracker.tokens import Named

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def client(client_for):
    return client_for(None)


@pytest.fixture
def shop(now):
    return site(now=now)


@pytest.fixture
def ala(now):
    return factories.contact(email="ala@example.com", external_id="K-17", now=now)


def outcomes(where, now):
    return {str(name): number for name, number in counting.counted(where, since=now).items()}


def stored():
    return [(row.type.key, row.params) for row in Activity.objects.select_related("type").order_by("at", "pk")]


# --- what is stored -------------------------------------------------------------------------------------------
def test_a_page_view_is_a_visit_with_its_source_and_an_activity(client, shop, ala, now):
    seen = event(
        now, url=f"{SHOP}/tonik?utm_source=news&utm_medium=email&sito=v1.x.y.z#a", referrer="https://www.google.pl/"
    )
    answer = send(client, body(shop, token(shop, ala, now=now), [seen], now=now))
    assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})
    visit = Visit.objects.get()
    assert (visit.contact_id, visit.channel, visit.utm_source) == (ala.pk, "email", "news")
    assert (visit.landing_url, visit.referrer) == (
        f"{SHOP}/tonik?utm_source=news&utm_medium=email#a",
        "https://www.google.pl/",
    )
    assert stored() == [("page_view", {"url": visit.landing_url, "title": "Shop"})]
    assert outcomes(shop, now) == {"stored": 1, "visit": 1}


@pytest.mark.parametrize(
    ("way", "left"),
    [("x?sito=TOKEN", "x"), ("x?a=1&sito=TOKEN#b", "x?a=1#b"), ("x?s%69to=TOKEN", "x?s%69to="),
     ("login?next=%2Foffer%3Fsito%3DTOKEN", "login?next=%2Foffer%3F"),
     ("login?next=%252Foffer%253Fsito%253DTOKEN%2526b", "login?next=%252Foffer%253F%2526b"),
     ("x?a=1%26sito%3DTOKEN&b=2", "x?a=1%26&b=2"), ("x/TOKEN/y", "x//y"), ("x#/y?t=DOTTED&c=3", "x#/y?t=&c=3")],
)  # fmt: skip
def test_no_address_that_is_stored_names_anybody_by_a_token(client, shop, ala, now, way, left):
    mine = token(shop, ala, now=now)
    told = f"{SHOP}/{way}".replace("TOKEN", mine).replace("DOTTED", mine.replace(".", "%2E"))
    seen = event(now, url=told, referrer=told, title=f"Not found: {told}")
    send(client, body(shop, mine, [seen], now=now))
    visit = Visit.objects.get()
    assert (visit.landing_url, visit.referrer) == (f"{SHOP}/{left}",) * 2
    [(_kind, params)] = stored()
    assert params["url"] == visit.landing_url
    assert mine.split(".")[2] not in params["title"]


def test_an_address_with_a_version_in_it_stays_and_a_token_cut_short_does_not(client, shop, ala, now):
    mine, api = token(shop, ala, now=now), f"{SHOP}/v1.assetsbundle.js?v=v1.2.3&h=v1.x.y"
    cut = f"{SHOP}/x?next=%3Fsito%3D{mine[:-30]}"
    for number, url in enumerate([api, cut]):
        send(client, body(shop, mine, [event(now + timedelta(seconds=number), url=url)], now=now))
    assert [params["url"] for _kind, params in stored()] == [api, f"{SHOP}/x?next=%3F"]


def test_click_ids_of_ads_make_it_an_ad(client, shop, ala, now):
    send(client, body(shop, token(shop, ala, now=now), [event(now, url=f"{SHOP}/?gclid=abc")], now=now))
    assert Visit.objects.get().channel == "ad"


def test_products_carts_and_searches_keep_what_they_declare(client, shop, ala, now):
    tonic = {"product": "P-17", "name": "Tonik", "category": "Uroda", "brand": "Ziaja", "price": 24.99, "secret": 1}
    events = [
        event(now, "product_view", params=tonic),
        event(now, "add_to_cart", params=tonic | {"quantity": 2}),
        event(now, "search", params={"query": "tonik", "results": 12}),
        event(now, "email_open", params={}),
        event(now, "product_view", params={"product": "P-18", "price": "a lot"}),
    ]
    send(client, body(shop, token(shop, ala, now=now), events, now=now))
    told = {name: value for name, value in tonic.items() if name != "secret"}
    assert stored() == [
        ("product_view", told | {"url": f"{SHOP}/"}),
        ("add_to_cart", told | {"quantity": 2}),
        ("search", {"query": "tonik", "results": 12}),
        ("product_view", {"product": "P-18", "url": f"{SHOP}/"}),
    ]
    assert outcomes(shop, now) == {"stored": 4, "visit": 1, "wrong": 1}


@pytest.mark.parametrize(
    ("gaps", "visits"), [([0, 29, 58], 1), ([0, 31], 2), ([0, 40, 20], 2), ([0, 50, 25], 1 + 1), ([40, 20], 1)]
)
def test_a_visit_ends_with_half_an_hour_of_silence(client, shop, ala, now, gaps, visits):
    begin = now - timedelta(hours=5)
    for minutes in gaps:
        at = begin + timedelta(minutes=minutes)
        send(client, body(shop, token(shop, ala, now=now), [event(at)], now=now))
    assert Visit.objects.count() == visits


def test_another_campaign_begins_another_visit_and_its_pages_belong_to_it(client, shop, ala, now):
    begin = now - timedelta(hours=1)
    for minutes, query in enumerate(["", "?utm_campaign=a", "", "?utm_campaign=a", "?utm_campaign=b", "?gclid=1"]):
        at = begin + timedelta(minutes=minutes)
        send(client, body(shop, token(shop, ala, now=now), [event(at, url=f"{SHOP}/{query}")], now=now))
    assert [visit.utm_campaign or visit.channel for visit in Visit.objects.order_by("at")] == ["direct", "a", "b", "ad"]


def test_a_batch_that_comes_again_is_stored_once(client, shop, ala, now):
    one, two = event(now), event(now)
    for events in ([one], [one, two, two], [two, one]):
        send(client, body(shop, token(shop, ala, now=now), events, now=now))
    assert (Activity.objects.count(), Visit.objects.count()) == (2, 1)
    assert outcomes(shop, now) == {"stored": 2, "visit": 1, "repeated": 4}


def test_anothers_event_ids_block_nothing(client, shop, ala, now):
    other, same = factories.contact(now=now), uuid4().hex
    for contact in (other, ala):
        send(client, body(shop, token(shop, contact, now=now), [event(now, id=same)], now=now))
    assert Activity.objects.values_list("contact_id", flat=True).distinct().count() == 2


def test_what_a_browser_kept_while_offline_has_its_own_time_whatever_its_clock_shows(client, shop, ala, now):
    ahead = now + timedelta(days=400)
    late = [event(ahead - timedelta(hours=3)), event(ahead - timedelta(hours=25)), event(ahead + timedelta(hours=1))]
    send(client, body(shop, token(shop, ala, now=now), late, now=ahead))
    first, second = Activity.objects.order_by("at").values_list("at", flat=True)
    assert abs(first - (now - timedelta(hours=3))) < timedelta(minutes=1)
    assert abs(second - now) < timedelta(minutes=1)
    assert outcomes(shop, now)["wrong"] == 1


# --- whose ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("way", "value"), [("external_id", "K-17"), ("email", "Ala@example.com"), ("id", None)])
def test_a_token_names_the_contact_in_three_ways(client, shop, ala, now, way, value):
    given = token(shop, Named(way, value or str(ala.pk)), now=now)
    send(client, body(shop, given, [event(now)], now=now))
    assert Activity.objects.get().contact_id == ala.pk


def test_who_was_merged_is_who_they_are_now(client, shop, ala, now, owner):
    other = factories.contact(external_id="K-18", now=now)
    given, kept = token(shop, Named("external_id", "K-18"), now=now), event(now)
    send(client, body(shop, given, [kept], now=now))
    merge_contacts([ala.pk, other.pk], into=ala.pk, chosen={}, now=now, by="Olga", user=owner)
    send(client, body(shop, given, [kept, event(now)], now=now))
    assert set(Activity.objects.values_list("contact_id", flat=True)) == {ala.pk}
    assert outcomes(shop, now) == {"stored": 2, "visit": 1, "repeated": 1}


def forged(given, **parts):
    names = ("version", "key", "body", "mark")
    return ".".join({**dict(zip(names, given.split("."), strict=True)), **parts}.values())


def test_a_token_that_is_not_the_sites_stores_nothing_and_is_counted(client, shop, ala, now, other_account):
    second = site(now=now, name="Second")
    victim = token(second, factories.contact(now=now), now=now)
    mine = token(shop, ala, now=now)
    bad = [
        forged(mine, body=victim.split(".")[2]), forged(mine, mark=victim.split(".")[3]), victim,
        forged(victim, key=shop.key), forged(mine, mark="A" * 43), forged(mine, version="v0"), mine[:-1], mine + "A",
        "", "v1", mine.upper(), "\x00" * 40, "v1." + "a" * 5000, "\ud800",
        token(shop, ala, now=now - timedelta(days=10)),
    ]  # fmt: skip
    for given in bad:
        assert send(client, body(shop, given, [event(now)], now=now)).status_code == 204
    assert (Activity.objects.count(), Visit.objects.count(), SeenEvent.objects.count()) == (0, 0, 0)
    assert outcomes(shop, now) == {"token": len(bad) - 1, "expired": 1}


def test_a_token_of_another_account_is_nothing_here(client, shop, ala, now, other_account):
    from django_tenants.utils import tenant_context

    with tenant_context(other_account):
        there = site(now=now)
        given = token(there, Named("id", str(ala.pk)), now=now)
    send(client, body(shop, given, [event(now)], now=now))
    assert send(client, body(there, given, [event(now)], now=now)).status_code == 403
    assert outcomes(shop, now) == {"token": 1}


def test_a_token_may_not_hold_for_years(client, shop, ala, now):
    from tracker import tokens

    given = tokens.signed(
        Named("id", str(ala.pk)), key=shop.key, secret=shop.secret, expires=now + timedelta(days=4000)
    )
    send(client, body(shop, given, [event(now)], now=now))
    assert outcomes(shop, now) == {"token": 1}


@pytest.mark.parametrize(
    "named", [("id", "0"), ("id", "9" * 40), ("id", "-1"), ("id", "x"), ("id", "٣"), ("external_id", "nobody"),
              ("external_id", ""), ("email", "a\x00b"), ("email", "who@example.com")],
)  # fmt: skip
def test_a_token_of_nobody_stores_nothing(client, shop, ala, now, named):
    given = token(shop, Named(*named), now=now)
    assert send(client, body(shop, given, [event(now)], now=now)).status_code == 204
    assert outcomes(shop, now) == {"nobody": 1}


def test_tokens_of_the_secret_before_hold_until_its_time_is_over(client, shop, ala, now, owner):
    old = token(shop, ala, now=now)
    services.renew_secret(shop, now=now, by=owner)
    send(client, body(shop, old, [event(now)], now=now))
    services.drop_previous(shop, now=now, by=owner)
    send(client, body(shop, old, [event(now)], now=now))
    assert outcomes(shop, now) == {"stored": 1, "visit": 1, "token": 1}


def test_an_erased_contact_is_not_told_of_any_more(client, shop, ala, now):
    given = token(shop, ala, now=now)
    send(client, body(shop, given, [event(now)], now=now))
    delete_contact(ala)
    send(client, body(shop, given, [event(now)], now=now))
    assert (Activity.objects.count(), SeenEvent.objects.count(), Contact.objects.count()) == (0, 0, 0)
    assert outcomes(shop, now)["nobody"] == 1


# --- consent --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("state", "count"), [(None, 0), ("withdrawn", 0), ("given", 1)])
def test_nothing_is_stored_without_the_consent_of_the_site(client, ala, now, state, count):
    needed, other = factories.consent("tracking"), factories.consent("newsletter")
    shop = site(now=now, consent=needed)
    factories.answer(ala, other, at=now)
    if state:
        factories.answer(ala, needed, state, at=now)
    send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now))
    assert (Activity.objects.count(), Visit.objects.count(), SeenEvent.objects.count()) == (count, count, count)
    assert outcomes(shop, now) == ({"stored": 1, "visit": 1} if count else {"no_consent": 1})


def test_a_withdrawal_holds_from_the_next_report_on(client, ala, now):
    needed = factories.consent("tracking")
    shop = site(now=now, consent=needed)
    factories.answer(ala, needed, at=now)
    given = token(shop, ala, now=now)
    send(client, body(shop, given, [event(now)], now=now))
    set_consent(ala, needed, "withdrawn", source="form", now=now, by="Olga", user=None)
    send(client, body(shop, given, [event(now)], now=now))
    assert outcomes(shop, now) == {"stored": 1, "visit": 1, "no_consent": 1}


def test_a_site_that_is_off_stores_nothing(client, ala, now):
    shop = site(now=now, active=False)
    send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now))
    assert (Activity.objects.count(), outcomes(shop, now)) == (0, {"off": 1})


# --- from where -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "origin",
    [None, "null", "https://evil.example", "http://shop.example", f"{SHOP}:8443", f"{SHOP}.evil.example", "x\x00"],
)
def test_only_declared_sites_may_report(client, shop, ala, now, origin):
    answer = send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now), origin=origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer
    assert (Activity.objects.count(), outcomes(shop, now)) == (0, {"origin": 1})


def test_a_declared_site_reads_the_answer_and_no_other_does(client, shop, ala, now):
    answer = send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now))
    assert (answer["Access-Control-Allow-Origin"], answer["Vary"], "Access-Control-Allow-Credentials" in answer) == (
        SHOP, "Origin", False,
    )  # fmt: skip
    for origin, allowed in ((SHOP, True), ("https://evil.example", False)):
        asked = client.options("/t/events", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert (asked.status_code, "Access-Control-Allow-Origin" in asked) == (204, allowed)


@pytest.mark.parametrize(
    ("agent", "bot"),
    [("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True), ("", True),
     ("curl/8.5.0", True),
     ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/128.0 Safari/537.36", True),
     ("facebookexternalhit/1.1", True), ("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) Chrome/127.0 Mobile", False),
     ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari", False)],
)  # fmt: skip
def test_bots_are_ignored(client, shop, ala, now, agent, bot):
    send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now), agent=agent)
    assert outcomes(shop, now) == ({"bot": 1} if bot else {"stored": 1, "visit": 1})


# --- what no browser sends ------------------------------------------------------------------------------------
BAD = [
    b"{", b"\xff\xfe", b"null", b"[]", b"{}", b'{"events": 1}', b"[" * 60_000, b'{"a":' * 9000 + b"1" + b"}" * 9000,
    json.dumps({"site": 1, "token": 2, "sent": 3, "events": []}).encode(), b'{"site": "x", "token": "y", "events": []}',
    b'{"site": "x", "token": "y", "sent": ' + b"9" * 5000 + b', "events": []}',
    b'{"site": "x", "token": "y", "sent": 1e999, "events": []}',
    b'{"site": "x", "token": "y", "sent": NaN, "events": []}',
    json.dumps({"site": "x", "token": "y", "sent": 1, "events": [{}] * 51}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_is_no_report_is_refused(client, shop, number):
    assert send(client, BAD[number]).status_code == 400


def test_events_that_are_none_are_left_out_and_the_others_stored(client, shop, ala, now):
    bad = [
        None, 7, "x", [], {}, event(now, id="x"), event(now, id=None), event(now, at="x"), event(now, at=True),
        event(now, at=10**400), event(now, "constructor"), event(now, [1]), event(now, params=[1]),
        event(now, params="x"),
    ]  # fmt: skip
    odd = event(now, "search", params={"query": {"deep": [1]}, "results": -1}, url=[1], title={"a": 1}, referrer=5)
    zero = event(now, url="a\x00b\ud800" + "x" * 9000, title="\u202e" * 5000, at=-1e13 + now.timestamp())
    answer = send(client, body(shop, token(shop, ala, now=now), [*bad, odd, zero, event(now)], now=now))
    assert answer.status_code == 204
    assert outcomes(shop, now)["stored"] == 2
    assert sorted(kind for kind, _params in stored()) == ["page_view", "search"]


def test_other_ways_of_asking_are_refused(client, shop, ala, now):
    fair = body(shop, token(shop, ala, now=now), [event(now)], now=now)
    assert send(client, " " * 70_000).status_code == 413
    assert send(client, "").status_code == 411
    assert send(client, fair, content_type="application/x-www-form-urlencoded").status_code == 415
    assert send(client, fair, headers={"Content-Encoding": "gzip"}).status_code == 415
    assert client.get("/t/events").status_code == client.put("/t/events").status_code == 405
    assert send(client, fair | {"site": "nosuchsiteno"}).status_code == 403
    assert send(client, fair | {"site": "x\x00"}).status_code == 403
    assert send(client, fair | {"site": "\ud800"}).status_code == 403
    assert client.generic("POST", "/t/events", json.dumps(fair), "text/plain", CONTENT_LENGTH="x").status_code == 411
    assert Activity.objects.count() == 0
    assert send(client, fair, content_type="application/json").status_code == 204


@pytest.mark.parametrize("limit", ["address", "token"])
def test_too_many_reports_in_a_minute_wait(client, shop, ala, now, settings, monkeypatch, limit):
    monkeypatch.setattr(door, "TOKEN_RATE", 2 if limit == "token" else 100)
    settings.TRACKER_RATE_PER_MINUTE = 2 if limit == "address" else 100
    near, far = (f"fd00::{uuid4().hex[:4]}" for _n in range(2))  # counted beside whatever ran in this minute
    given = [token(shop, ala, now=now), token(shop, factories.contact(now=now), now=now)]
    codes = [send(client, body(shop, given[0], [event(now)], now=now), REMOTE_ADDR=near) for _n in range(3)]
    assert [answer.status_code for answer in codes] in ([204, 204, 429], [204, 204, 204])  # a minute may have begun
    other = send(client, body(shop, given[1], [event(now)], now=now), REMOTE_ADDR=far)
    assert other.status_code == 204
    if codes[-1].status_code == 429:
        assert 0 < int(codes[-1]["Retry-After"]) <= 60
        assert codes[-1]["Access-Control-Allow-Origin"] == SHOP


def test_the_number_of_statements_does_not_grow_with_the_batch(client, shop, ala, now, django_assert_max_num_queries):
    given = token(shop, ala, now=now)
    send(client, body(shop, given, [event(now)], now=now))
    with django_assert_max_num_queries(22):
        events = [event(now, url=f"{SHOP}/?utm_campaign=a") for _n in range(50)]
        send(client, body(shop, given, events, now=now))
    assert outcomes(shop, now)["stored"] == 51


def test_what_no_browser_sends_again_goes(client, shop, ala, now):
    send(client, body(shop, token(shop, ala, now=now), [event(now)], now=now))
    services.remove_seen(now + services.SEEN - timedelta(minutes=1))
    counting.remove_old(now + counting.KEPT - timedelta(days=1))
    assert (SeenEvent.objects.count(), outcomes(shop, now)[Outcome.STORED]) == (1, 1)
    services.remove_seen(now + services.SEEN + timedelta(minutes=1))
    counting.remove_old(now + counting.KEPT + timedelta(days=2))
    assert (SeenEvent.objects.count(), outcomes(shop, now)) == (0, {})
