"""The Python client: at a live site, and at servers that fail in every way."""

import ast
import inspect
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
import sito_client
from django.utils import timezone
from sito_client import FIRST_PAUSE_S, LONGEST_PAUSE_S, MOST_ITEMS, Sito, SitoError, UnreachableError

from activities.models import Order
from contacts.models import Contact
from tests import factories
from tests.support.live import cut, passed_on, said, sito_at
from tests.support.receiver import Listening, free_port
from tests.support.segments import calculate, calculated, scored
from tests.support.tracker import site
from tracker import tokens

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DONE = {"results": [{"item": 0, "status": "created", "id": 7}], "counts": {}}
ITEM = {"email": "ala@example.com"}


# --- at a live site -------------------------------------------------------------------------------------------
def test_contacts_and_orders_are_sent_read_changed_and_erased(live_site) -> None:
    sito = sito_at(live_site, language="pl")
    people = [{"email": f"p{n}@example.com", "first_name": "Zażółć"} for n in range(MOST_ITEMS + 1)]
    people[3] = {"email": "nobody"}
    report = sito.send_contacts(people)
    assert dict(report.counts) == {"created": MOST_ITEMS, "rejected": 1}
    [refused] = report.rejected
    assert (refused.item, refused.given, refused.errors[0].field) == (3, {"email": "nobody"}, "email")
    assert "nobody" in refused.errors[0].message
    assert report.ids[3] is None
    assert sum(1 for _contact in sito.contacts()) == MOST_ITEMS

    order = {"contact": {"email": "p0@example.com"}, "external_id": "Z/1", "at": NOW, "total": Decimal("1E+2")}
    assert dict(sito.send_orders([order]).counts) == {"created": 1}
    found = sito.find_contact(email="p0@example.com")
    assert found is not None
    [bought] = sito.facts(found["id"], "orders")
    assert (bought["total"], bought["at"]) == ("100.0000", "2026-11-20T12:00:00Z")

    assert sito.change_contact(found["id"], first_name=None)["first_name"] == ""
    sito.erase_contact(found["id"], reason="asked")
    assert sito.find_contact(email="p0@example.com") is None
    with pytest.raises(SitoError) as caught:
        sito.contact(found["id"])
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    again = sito.send_contacts([people[0]])
    assert again.rejected[0].errors[0].code == "erased"
    with pytest.raises(SitoError) as caught:
        sito.send_contacts([ITEM, {"email": "x"}], whole=True)
    assert (caught.value.errors[0].item, Contact.objects.filter(email=ITEM["email"]).exists()) == (1, False)


def test_a_token_names_a_contact_to_the_tracker(live_site) -> None:
    now = timezone.now()
    shop, ala = site(now=now), factories.contact(email="ala@example.com")
    sito = sito_at(live_site)
    for token, days in (
        (sito.tracking_token(shop.key, email="ala@example.com"), 30),
        (sito.tracking_token(shop.key, contact_id=ala.pk, days=2), 2),
    ):
        ends = now + timedelta(days=days)
        secrets = shop.secrets_at(now)
        assert tokens.read(token, key=shop.key, keys=secrets, now=ends - timedelta(minutes=1)) == ("id", str(ala.pk))
        with pytest.raises(tokens.TokenError, match="expired"):
            tokens.read(token, key=shop.key, keys=secrets, now=ends + timedelta(minutes=1))
    with pytest.raises(SitoError, match="contact") as caught:
        sito.tracking_token(shop.key)
    assert caught.value.code == "invalid"


def test_an_answer_lost_on_the_way_leaves_one_order(live_site) -> None:
    """Without a number each item is an order of its own: only the idempotency key keeps it from being two."""
    order = {"contact": ITEM, "at": NOW, "total": "10"}
    with Listening() as proxy:
        proxy.answers = [passed_on(live_site, proxy, lose=True), passed_on(live_site, proxy)]
        sito = sito_at(live_site, through=proxy.url(""))
        sito_at(live_site).send_contacts([ITEM])
        report = sito.send_orders([order])
    assert len(proxy.got) == 2
    assert report.ids == list(Order.objects.values_list("pk", flat=True))
    assert len(report.ids) == 1


def test_members_are_read_and_a_fresh_calculation_is_waited_for(live_site) -> None:
    sito = sito_at(live_site)
    ids = scored(3)
    segment = calculated("Warm")
    assert [each["id"] for each in sito.members(segment.pk)] == ids
    ids += scored(2, start=3)
    sito.sleep = lambda _seconds: calculate(segment, now=datetime.now(UTC))  # what a worker does meanwhile
    fresh = list(sito.members(segment.pk, fresh=True, details=True))
    assert [each["id"] for each in fresh] == ids
    assert fresh[-1]["contact"]["lead_score"] == 30
    assert [each["name"] for each in sito.segments()] == ["Warm"]
    assert sito.segment(segment.pk)["calculation"]["count"] == 5
    assert sito.count({"kind": "field", "field": "lead_score", "op": "gt", "value": 20}) == 5


# --- at servers that fail -------------------------------------------------------------------------------------
class Patient:
    """Sees how long the client waits; its clock goes by that alone."""

    def __init__(self, sito: Sito) -> None:
        self.pauses: list[float] = []
        sito.sleep, sito.clock = self.pauses.append, lambda: sum(self.pauses)


def at(receiver, **more) -> tuple[Sito, Patient]:
    sito = Sito(receiver.url(""), "sito_key", timeout=5, **more)
    return sito, Patient(sito)


def test_it_waits_as_long_as_it_is_asked_and_sends_the_same_request_again(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)
    later = format_datetime(NOW + timedelta(seconds=40), usegmt=True)
    with Listening() as server:
        server.answers = [
            said(503, {"code": "unavailable"}, Retry_After="7"),
            said(429, {"code": "too_many_requests"}, Retry_After=later),
            said(409, {"code": "in_progress"}, Retry_After="1"),
            said(502, b"<h1>Bad gateway</h1>"),
            cut,
            said(200, DONE),
        ]
        sito, patient = at(server)
        report = sito.send_contacts([ITEM])
    assert report.ids == [7]
    assert len({(one.headers["Idempotency-Key"], one.body) for one in server.got}) == 1
    assert len(server.got) == 6
    seven, forty, one, *_rest = patient.pauses
    assert (7 <= seven <= 8, 40 <= forty <= 41, one >= 1) == (True, True, True)
    assert len(patient.pauses) == 5


def test_pauses_grow_until_the_patience_is_over() -> None:
    with Listening(answers=[503]) as server:
        sito, patient = at(server, patience=100)
        with pytest.raises(SitoError) as caught:
            sito.send_contacts([ITEM])
    assert caught.value.status == 503
    assert 30 < sum(patient.pauses) <= 100
    longest = [min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**n) for n in range(len(patient.pauses))]
    assert all(most / 2 <= pause <= most for most, pause in zip(longest, patient.pauses, strict=True))


def test_nobody_there_is_told_after_the_patience() -> None:
    sito = Sito(f"http://localhost:{free_port()}", "sito_key", patience=10)
    patient = Patient(sito)
    with pytest.raises(UnreachableError, match="no answer"):
        sito.send_contacts([ITEM])
    assert 1 < sum(patient.pauses) <= 10


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 500])
def test_a_refusal_is_raised_at_once_with_what_was_done_before_it(status) -> None:
    problem = {"code": "x", "detail": "No.", "errors": [{"item": None, "field": "f", "code": "c", "message": "m"}]}
    full = {"results": [{"item": n, "status": "created", "id": n} for n in range(MOST_ITEMS)]}
    with Listening() as server:
        server.answers = [said(200, full), said(status, problem)]
        sito, patient = at(server)
        with pytest.raises(SitoError, match=f"{status} x: No. \\(f: m\\)") as caught:
            sito.send_contacts({"email": f"{n}@example.com"} for n in range(MOST_ITEMS + 5))
    assert caught.value.report is not None
    assert caught.value.report.ids == list(range(MOST_ITEMS))
    assert patient.pauses == []


def test_a_batch_of_which_nothing_is_written_is_told_item_by_item() -> None:
    wrongs = [{"item": n, "field": "email", "code": "invalid_email", "message": f"m{n}"} for n in (0, 1, 1)]
    with Listening() as server:
        server.answers = [said(422, {"code": "invalid", "errors": wrongs})]
        report = at(server)[0].send_contacts([ITEM, ITEM])
    assert [(one.item, [each.message for each in one.errors]) for one in report.rejected] == [
        (0, ["m0"]),
        (1, ["m1", "m1"]),
    ]


def test_batches_have_at_most_a_thousand_items_and_eight_megabytes() -> None:
    def answers(handler) -> None:
        items = server.got[-1].body.count(b'"email"')
        said(200, {"results": [{"item": n, "status": "created", "id": n} for n in range(items)]})(handler)

    with Listening() as server:
        server.answers = [answers]
        sito = at(server)[0]
        assert sito.send_contacts({"email": str(n)} for n in range(2001)).counts["created"] == 2001
        assert [one.body.count(b'"email"') for one in server.got] == [1000, 1000, 1]
        assert len({one.headers["Idempotency-Key"] for one in server.got}) == 3
        server.got.clear()
        sito.send_contacts({"email": str(n), "first_name": "ł" * 1_000_000} for n in range(9))
        assert [len(one.body) < 8.1 * 2**20 for one in server.got] == [True] * 3
        assert sito.send_contacts([]).ids == []
        assert len(server.got) == 3
        with pytest.raises(ValueError, match="at most 1000"):
            sito.send_contacts(({"email": str(n)} for n in range(1001)), whole=True)
        assert len(server.got) == 3


def test_dates_amounts_and_odd_letters_are_sent_as_the_api_reads_them() -> None:
    item = {"at": NOW, "day": NOW.date(), "total": Decimal("0.10"), "tags": {"a"}, "name": "Żółć \ud800"}
    with Listening() as server:
        server.answers = [said(200, DONE)]
        at(server)[0].send_orders([item])
    told = (
        '{"items":[{"at":"2026-11-20T12:00:00+00:00","day":"2026-11-20","total":"0.10","tags":["a"],"name":"Żółć ?"}]}'
    )
    assert server.got[0].body.decode() == told
    for odd in (float("nan"), object()):
        with pytest.raises((TypeError, ValueError)):
            at(server)[0].send_orders([{"total": odd}])


def test_the_key_is_sent_nowhere_else() -> None:
    with Listening() as elsewhere, Listening() as server:
        server.answers = [said(302, b"", Location=elsewhere.url("/stolen"))]
        for ask in (lambda sito: sito.contact(7), lambda sito: sito.send_contacts([ITEM])):
            with pytest.raises(SitoError, match="302"):
                ask(at(server)[0])
    assert elsewhere.got == []
    for bad in ("http://shop.sito.example", "ftp://shop.sito.example", "shop.sito.example", "https://"):
        with pytest.raises(ValueError, match=r"."):
            Sito(bad, "sito_key")
    assert Sito("http://shop.intranet", "sito_key", allow_http=True).base == "http://shop.intranet/api/v1"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"'])
def test_what_is_not_sito_is_said(body) -> None:
    with Listening() as server:
        server.answers = [said(200, body)]
        with pytest.raises(UnreachableError, match="not Sito"):
            at(server)[0].contact(7)


def test_it_is_one_file_of_the_standard_library_for_python_3_9() -> None:
    tree = ast.parse(inspect.getsource(sito_client), feature_version=(3, 9))
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
