"""An example to begin from: orders of a shop, as WooCommerce tells of them, become contacts and orders in Sito.

    shop ── POST /orders, signed ──> this ── SQLite ──> Sito: contact, then order

An order is answered with 202 once it is safe in the SQLite file. From there it is sent to Sito in batches, again and
again while Sito cannot be reached. So nothing is lost while either side is away, and the shop never waits.
Needed: Python 3.11, `orders_queue.py`, and `sito_client.py` beside them. All is set in the environment:

    SITO_URL=https://shop.sito.example SITO_KEY=sito_…     a key with contacts:write and facts:write
    SHOP_SECRET=…                                          the webhook's secret, as the shop has it
    QUEUE=orders.sqlite3
    CONSENT=newsletter CONSENT_FIELD=_newsletter           optional: the order's field that says who ticked the box

    python connector.py serve      receives at :8080/orders (or PORT), and sends; behind a proxy that speaks https
    python connector.py send       sends what waits, once; for those who serve `application` with gunicorn
    python connector.py refused    shows what Sito refused, and why; `retry` puts it back in line
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from wsgiref.simple_server import make_server

from orders_queue import Queue, Waiting
from sito_client import Result, Sito, SitoError

LARGEST = 1024 * 1024
PAUSE_S = 2.0
# The shop's states as Sito calls them. A draft is no order yet: it is passed over.
STATES = {
    "pending": "new", "on-hold": "new", "processing": "paid", "completed": "completed",
    "cancelled": "cancelled", "failed": "cancelled", "trash": "cancelled", "refunded": "refunded",
}  # fmt: skip
# Where WooCommerce keeps from where the order came, and what Sito calls it.
SOURCE = {
    "_wc_order_attribution_utm_source": "utm_source",
    "_wc_order_attribution_utm_medium": "utm_medium",
    "_wc_order_attribution_utm_campaign": "utm_campaign",
    "_wc_order_attribution_utm_content": "utm_content",
    "_wc_order_attribution_utm_term": "utm_term",
    "_wc_order_attribution_referrer": "referrer",
    "_wc_order_attribution_session_entry": "landing_url",
}
log = logging.getLogger("connector")


# --- receiving -----------------------------------------------------------------------------------------------
class Receiver:
    """The WSGI application: takes an order whose signature is right, and keeps it."""

    def __init__(self, queue: Queue, *, secret: str) -> None:
        self.queue, self.secret = queue, secret.encode()

    def __call__(self, environ: Mapping[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status = self.receive(environ)
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")])
        return [b""]

    def receive(self, environ: Mapping[str, Any]) -> str:
        if (environ.get("PATH_INFO"), environ.get("REQUEST_METHOD")) != ("/orders", "POST"):
            return "404 Not Found"
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdecimal():
            return "411 Length Required"
        if int(length) > LARGEST:
            return "413 Content Too Large"
        body = environ["wsgi.input"].read(int(length))
        if not signed(body, environ.get("HTTP_X_WC_WEBHOOK_SIGNATURE", ""), self.secret):
            return "401 Unauthorized"
        if body.startswith(b"webhook_id="):  # the shop tries the address when the webhook is saved
            return "200 OK"
        try:
            number = order_number(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return "400 Bad Request"
        self.queue.put(number, body.decode())
        return "202 Accepted"


def signed(body: bytes, signature: str, secret: bytes) -> bool:
    """Whether the shop sent it: base64 of the HMAC-SHA-256 of the body."""
    right = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())
    return hmac.compare_digest(right, signature.encode())


# --- from the shop's words to Sito's -------------------------------------------------------------------------
def order_number(order: Mapping[str, Any]) -> str:
    return str(order.get("number") or order["id"])


def contact_of(order: Mapping[str, Any], *, consent: str = "", consent_field: str = "") -> dict[str, Any]:
    """Who bought, named by the e-mail address alone: guests have no number, and people buy under several accounts."""
    billing = order.get("billing") or {}
    found = {name: str(billing.get(name) or "").strip() for name in ("email", "phone", "first_name", "last_name")}
    contact: dict[str, Any] = {name: value for name, value in found.items() if value}
    if consent and str(meta_of(order).get(consent_field, "")).lower() in ("1", "yes", "true", "on"):
        given = {"state": "given", "source": f"order {order_number(order)}", "at": moment(order, "created")}
        contact["consents"] = {consent: given}
    return contact


def order_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order with its lines. Amounts are what was paid, tax included, as exact text."""
    meta = meta_of(order)
    source = {name: str(meta.get(key) or "") for key, name in SOURCE.items()}
    return {
        "contact": {"email": str((order.get("billing") or {}).get("email") or "").strip()},
        "external_id": order_number(order),
        "at": moment(order, "created"),
        "total": str(order["total"]),
        "currency": str(order.get("currency") or "") or None,
        "status": STATES[order["status"]],
        "lines": [line_of(line) for line in order.get("line_items") or ()],
        **{name: value for name, value in source.items() if value and not value.startswith("(")},  # "(direct)"
    }


def line_of(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "product": str(line.get("sku") or line.get("variation_id") or line["product_id"]),
        "name": str(line.get("name") or "") or None,
        "quantity": str(amount(line.get("quantity"))),
        "amount": str(amount(line.get("total")) + amount(line.get("total_tax"))),
    }


def amount(text: Any) -> Decimal:
    try:
        return Decimal(str(text or 0))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount") from error


def moment(order: Mapping[str, Any], which: str) -> str:
    """WooCommerce writes UTC without saying so. A shop's clock may be ahead: nothing has happened in the future."""
    at = datetime.fromisoformat(order[f"date_{which}_gmt"]).replace(tzinfo=UTC)
    return min(at, datetime.now(UTC)).isoformat()


def meta_of(order: Mapping[str, Any]) -> dict[str, Any]:
    return {each.get("key", ""): each.get("value") for each in order.get("meta_data") or ()}


# --- sending -------------------------------------------------------------------------------------------------
class Sender:
    """Sends what waits: first the contacts of a batch, then its orders."""

    def __init__(self, queue: Queue, sito: Sito, *, consent: str = "", consent_field: str = "") -> None:
        self.queue, self.sito = queue, sito
        self.consent, self.consent_field = consent, consent_field

    def send(self) -> int:
        """One batch; how many orders left the queue. Sent again after a crash it changes nothing: an order whose number
        is known stays one order.

        Raises: SitoError, when Sito cannot be reached or refuses the key; everything still waits.
        """
        rows = self.queue.waiting()
        ready = [(row, *read) for row in rows if (read := self.read(row))]
        contacts: dict[str, dict[str, Any]] = {}
        for _row, contact, _order in ready:  # of each what was said last, and every consent
            email = contact["email"].lower()
            contacts[email] = {**contacts.get(email, {}), **contact}
        found = dict(zip(contacts, self.sito.results("/contacts", contacts.values(), match="email"), strict=True))
        known = [(row, order) for row, contact, order in ready if self.settle(row, found[contact["email"].lower()])]
        results = self.sito.results("/orders", [order for _row, order in known])
        for (row, _order), result in zip(known, results, strict=True):
            if self.settle(row, result):
                self.queue.done(row)
        return len(rows)

    def read(self, row: Waiting) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Contact and order; None, if there is nothing to send of it."""
        try:
            told = json.loads(row.body)
            if told["status"] in ("checkout-draft", "auto-draft"):
                self.queue.done(row)
                return None
            contact = contact_of(told, consent=self.consent, consent_field=self.consent_field)
            if "email" not in contact:
                self.queue.refuse(row, "the order has no e-mail address")
                return None
            return contact, order_of(told)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            self.queue.refuse(row, f"this is no order as WooCommerce tells of it: {type(error).__name__}: {error}")
            return None

    def settle(self, row: Waiting, result: Result) -> bool:
        """Whether Sito took it. Of somebody who was erased nothing is kept here either."""
        if result.status != "rejected":
            return True
        if any(each.code == "erased" for each in result.errors):
            log.info("order %s: the buyer was erased from Sito and has not consented again", row.number)
            self.queue.done(row)
        else:
            self.queue.refuse(row, "; ".join(f"{each.field}: {each.message}" for each in result.errors))
        return False

    def run(self, pause: float = PAUSE_S) -> None:
        """Sends for ever."""
        while True:
            try:
                sent = self.send()
            except SitoError as error:
                log.warning("%s orders wait: %s", self.queue.count(), error)
                sent = 0
            if not sent:
                time.sleep(pause)


# --- running -------------------------------------------------------------------------------------------------
class SetupError(Exception):
    """What is missing in the environment, as a sentence."""


def set_to(name: str) -> str:
    """Raises: SetupError."""
    value = os.environ.get(name, "")
    if not value:
        raise SetupError(f"{name} is not set.")
    return value


def queue_here() -> Queue:
    return Queue(os.environ.get("QUEUE", "orders.sqlite3"))


def receiver_here() -> Receiver:
    return Receiver(queue_here(), secret=set_to("SHOP_SECRET"))


served = cache(receiver_here)


def sender_here() -> Sender:
    try:
        sito = Sito(set_to("SITO_URL"), set_to("SITO_KEY"))
    except ValueError as error:
        raise SetupError(str(error)) from error
    consent, consent_field = os.environ.get("CONSENT", ""), os.environ.get("CONSENT_FIELD", "")
    return Sender(queue_here(), sito, consent=consent, consent_field=consent_field)


def application(environ: Mapping[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """For a WSGI server: `gunicorn connector:application`."""
    return served()(environ, start)


def main(words: list[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        return run(words)
    except SetupError as error:
        print(f"{error} `python connector.py help` lists what is set in the environment.", file=sys.stderr)
    except SitoError as error:
        print(f"What waits stays in line: {error}", file=sys.stderr)
    return 1


def run(words: list[str]) -> int:
    match words:
        case ["serve"]:
            receiver, sender = receiver_here(), sender_here()
            threading.Thread(target=sender.run, daemon=True).start()
            make_server("", int(os.environ.get("PORT", "8080")), receiver).serve_forever()
        case ["send"]:
            sender = sender_here()
            while sender.send():
                pass
        case ["refused"]:
            for row in queue_here().refused():
                print(row.number, row.problem, sep="\t")
        case ["retry"]:
            print(queue_here().retry())
        case ["help" | "-h" | "--help"]:
            print(__doc__)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
