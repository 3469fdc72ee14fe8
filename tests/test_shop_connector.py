"""The example of a connector: a shop's signed webhook becomes a contact and an order in Sito, and nothing is lost."""

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from connector import Receiver, Sender, contact_of, main
from django.utils import timezone
from orders_queue import Queue
from sito_client import Sito, SitoError

from activities.models import Order
from contacts.erasing.services import erase_contact
from contacts.models import Contact, ContactConsent
from tests import factories
from tests.support.live import sito_at
from tests.support.receiver import free_port

SECRET = "shop-secret"


@pytest.fixture
def queue(tmp_path) -> Queue:
    return Queue(str(tmp_path / "orders.sqlite3"))


@contextmanager
def listening(queue: Queue) -> Iterator[str]:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_args: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, Receiver(queue, secret=SECRET), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/orders"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def order(number: int = 727, **fields: Any) -> dict[str, Any]:
    """As WooCommerce tells of it (REST API v3), as far as anybody reads it."""
    return {
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "PLN",
        "date_created_gmt": "2026-11-20T10:00:00",
        "total": "119.98",
        "billing": {"first_name": "Ala", "last_name": "Nowak", "email": "Ala@Example.com", "phone": ""},
        "line_items": [
            {"product_id": 12, "sku": "P1", "name": "Żel", "quantity": 2, "total": "89.41", "total_tax": "20.57"}
        ],
        "meta_data": [
            {"key": "_wc_order_attribution_utm_source", "value": "newsletter"},
            {"key": "_wc_order_attribution_utm_medium", "value": "email"},
            {"key": "_newsletter", "value": "yes"},
        ],
        **fields,
    }


def post(url: str, body: bytes, *, secret: str = SECRET, path: str = "") -> int:
    """What the shop's webhook sends; the status of the answer."""
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    request = urllib.request.Request(url + path, data=body, headers={"X-WC-Webhook-Signature": signature})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def told(url: str, **fields: Any) -> int:
    return post(url, json.dumps(order(**fields)).encode())


def test_an_order_of_the_shop_becomes_contact_consent_and_order(live_site, queue) -> None:
    factories.consent("newsletter")
    sender = Sender(queue, sito_at(live_site), consent="newsletter", consent_field="_newsletter")
    with listening(queue) as shop:
        assert told(shop) == 202
        assert Order.objects.count() == 0
        assert sender.send() == 1
        assert told(shop, status="completed") == 202
        assert told(shop, number=728, status="checkout-draft") == 202
        assert sender.send() == 2
        assert sender.send() == 0
    person, bought = Contact.objects.get(), Order.objects.get()
    assert (person.email, person.first_name) == ("ala@example.com", "Ala")
    assert (bought.contact, bought.external_id, str(bought.total), bought.status) == (
        person,
        "727",
        "119.9800",
        "completed",
    )
    assert (bought.at, bought.channel) == (datetime(2026, 11, 20, 10, tzinfo=UTC), "email")
    [line] = bought.lines.all()
    assert (line.product, line.name, str(line.quantity), str(line.amount)) == ("P1", "Żel", "2.000", "109.9800")
    given = ContactConsent.objects.get()
    assert (given.state, given.source, given.changed_at) == ("given", "order 727", bought.at)


def test_what_was_erased_is_dropped_and_what_is_wrong_is_put_aside(live_site, queue) -> None:
    sito = sito_at(live_site)
    sito.send_contacts([{"email": "ala@example.com"}])
    erase_contact(Contact.objects.get(), reason="asked", now=timezone.now(), by="Olga")
    sender = Sender(queue, sito)
    good, tax = {"billing": {"email": "ola@example.com"}}, [{"product_id": 12, "total": "free"}]
    with listening(queue) as shop:
        told(shop)
        told(shop, number=1, billing={"email": ""})
        told(shop, number=2, billing={"email": "nobody"})
        told(shop, number=3, line_items=tax)
        told(shop, number=4, **good, status="unheard-of")
        told(shop, number=5, **good, total="much")
        told(shop, number=6, **good, currency="\ud800", line_items=[{"product_id": 1, "name": "\x00"}])
        told(shop, number=7, billing={"email": "\ud800\x00@example.com"})
        told(shop, number=8, **good, billing_email=None)
    while sender.send():
        pass
    assert [row.number for row in queue.refused()] == ["1", "2", "3", "4", "5", "6", "7"]
    assert all(row.problem for row in queue.refused())
    assert queue.waiting() == []
    assert list(Order.objects.values_list("external_id", "contact__email")) == [("8", "ola@example.com")]
    assert Contact.objects.count() == 1
    assert queue.retry() == 7


def test_while_sito_is_away_orders_wait_the_last_word_of_each(tmp_path, queue) -> None:
    sito = Sito(f"http://localhost:{free_port()}", "sito_key", patience=0)
    with listening(queue) as shop:
        told(shop)
        told(shop, number=9)
        told(shop, status="refunded")
        for _ in range(2):
            with pytest.raises(SitoError):
                Sender(queue, sito).send()
    queue = Queue(str(tmp_path / "orders.sqlite3"))  # the program died
    assert [(row.number, json.loads(row.body)["status"]) for row in queue.waiting()] == [
        ("9", "processing"),
        ("727", "refunded"),
    ]
    first = queue.waiting()[0]
    queue.put("9", "{}")
    queue.done(first)
    assert [row.number for row in queue.waiting()] == ["727", "9"]


def test_only_what_the_shop_signed_is_taken(queue) -> None:
    body = json.dumps(order()).encode()
    with listening(queue) as shop:
        assert post(shop, body, secret="another") == 401
        assert post(shop, body, path="/else") == 404
        assert post(shop, b"webhook_id=3") == 200
        for odd in (b"", b"{", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000):
            assert post(shop, odd) == 400, odd[:10]
    asked = {"PATH_INFO": "/orders", "REQUEST_METHOD": "POST"}
    for length, status in (("", "411"), ("x", "411"), (str(2**20 + 1), "413")):
        assert Receiver(queue, secret=SECRET).receive({**asked, "CONTENT_LENGTH": length})[:3] == status
    assert queue.waiting() == []


def test_a_shop_whose_clock_is_ahead_is_understood(queue) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()[:19]
    contact = contact_of(order(date_created_gmt=ahead), consent="newsletter", consent_field="_newsletter")
    assert datetime.fromisoformat(contact["consents"]["newsletter"]["at"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("words", "there", "code", "said"),
    [
        (["serve"], {}, 1, "SHOP_SECRET is not set."),
        (["serve"], {"SHOP_SECRET": "x"}, 1, "SITO_URL is not set."),
        (["send"], {"SITO_URL": "http://localhost:1"}, 1, "SITO_KEY is not set."),
        (["send"], {"SITO_URL": "shop", "SITO_KEY": "x"}, 1, "is no address of an account"),
        (["send"], {"SITO_URL": "http://localhost:1", "SITO_KEY": "x"}, 0, ""),  # nothing waits
        (["refused"], {}, 0, ""),
        (["sned"], {}, 2, "SHOP_SECRET="),
        ([], {}, 2, "SHOP_SECRET="),
        (["--help"], {}, 0, ""),
    ],
)
def test_what_is_not_set_is_said_in_a_sentence(words, there, code, said, tmp_path, monkeypatch, capsys) -> None:
    for name in ("SITO_URL", "SITO_KEY", "SHOP_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"QUEUE": str(tmp_path / "orders.sqlite3"), **there}.items():
        monkeypatch.setenv(name, value)
    assert main(words) == code
    out, err = capsys.readouterr()
    assert said in err
    assert ("SHOP_SECRET=" in out) == (words == ["--help"])
