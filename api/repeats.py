"""Requests that are sent again: the work is done once, and answered the same every time."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from pyroaring import BitMap

from api.auth import Key, key_of
from api.models import ApiKey, IdempotentRequest
from api.problems import Problem, Wrong
from contacts.aliases import kept_for
from contacts.models import Contact
from contacts.scrubbing import LEFT
from contacts.selectors import visible

HEADER = "Idempotency-Key"
NAME = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_FOR = timedelta(days=1)
PURGED_AT_ONCE = 5_000
CLEANED_AT_ONCE = 50  # of up to a thousand items
KEPT_HEADERS = ("Content-Type", "Location")
Run = Callable[..., HttpResponse]


def once(run: Run) -> Run:
    """Wraps the running of an operation that writes: with an `Idempotency-Key` it does its work once.

    Answer and work are of one transaction. An answer that refuses is not kept: nothing was written, and the request
    may be mended and sent again under the same key.
    """
    callbacks = run.__self__.auth_callbacks  # type: ignore[attr-defined]

    @wraps(run)
    def wrapped(request: HttpRequest, **path: Any) -> HttpResponse:
        name = request.headers.get(HEADER)
        # Found here and not when the operation is made: what a router demands is given to it later.
        if (
            name is None
            or request.method == "GET"
            or not any(isinstance(each, Key) and each.scope.writes for each in callbacks)
        ):
            return run(request, **path)
        if not NAME.fullmatch(name):
            said = _("Give 1 to 255 letters, digits and signs, no spaces.")
            raise Problem("malformed", f"{HEADER}: {said}", errors=[Wrong(None, HEADER, "idempotency_key", said)])
        for demanded in callbacks:  # before anything is told: what the key may can have changed since
            demanded(request)
        return repeated(request, key_of(request), name, lambda: run(request, **path))

    return wrapped


def repeated(request: HttpRequest, key: ApiKey, name: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer kept under this name, or the work's.

    Raises: Problem: `in_progress` (409), `key_reused` (422).
    """
    now: datetime = request.now  # type: ignore[attr-defined]
    address = f"{request.method} {request.get_full_path()}\0".encode()
    digest = hashlib.sha256(address + request.body).digest()
    with transaction.atomic():
        hold(key, name)
        kept = IdempotentRequest.objects.filter(api_key=key, name=name).first()
        if kept is not None and kept.at > now - KEPT_FOR:
            return answered_before(request, kept, digest)
        if kept is not None:
            kept.delete()
        with transaction.atomic():
            response = work()
            if response.status_code >= 400:
                transaction.set_rollback(True)
        if response.status_code < 400:
            IdempotentRequest.objects.create(
                api_key=key,
                name=name,
                request_hash=digest,
                status=response.status_code,
                headers={header: response[header] for header in KEPT_HEADERS if header in response},
                body=response.content,
                about=getattr(request, "about", None),
                at=now,
            )
    return response


def hold(key: ApiKey, name: str) -> None:
    """Until the transaction ends nobody else works on this name. Raises: Problem (409), if somebody does already."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    digest = hashlib.sha256(f"api {schema} {key.pk} {name}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])
        if not cursor.fetchone()[0]:
            detail = _("A request with this idempotency key is being worked on: wait for its answer.")
            raise Problem("in_progress", detail, headers={"Retry-After": "1"})


def answered_before(request: HttpRequest, kept: IdempotentRequest, digest: bytes) -> HttpResponse:
    """The answer kept. Raises: Problem (404), if it tells of a contact that the key does not see any more."""
    if bytes(kept.request_hash) != digest:
        detail = _("This idempotency key was used for another request: make a new one for every request.")
        raise Problem("key_reused", detail)
    if kept.about is not None and kept.body and not still_seen(request, kept.about):
        raise Problem("not_found")
    response = HttpResponse(bytes(kept.body), status=kept.status, headers=kept.headers)
    response["Idempotent-Replayed"] = "true"
    return response


def still_seen(request: HttpRequest, pk: int) -> bool:
    """Whether the key sees the contact, or the one that it was merged into."""
    return visible(request.user).filter(pk__in=[pk, kept_for(pk) or pk]).exists()


def erase_kept(contact: Contact) -> None:
    """Answers that tell of the contact go with it."""
    IdempotentRequest.objects.filter(about=contact.pk).delete()


class KeptAnswers:
    """After an erasure, answers to batches hold no words on items that were refused: these may quote who was erased.

    What became of each item they tell still, so that a request sent again does not do its work again.
    """

    name, order = "api.kept", 50

    def busy(self, at: datetime) -> bool:
        return False

    def clean(self, ids: BitMap, after: int) -> int | None:
        kept = IdempotentRequest.objects.filter(pk__gt=after, status=207, about=None).order_by("pk")
        rows = list(kept.values_list("pk", "body")[:CLEANED_AT_ONCE])
        for pk, body in rows:
            answer = json.loads(bytes(body))
            for error in (error for each in answer.get("results", ()) for error in each.get("errors", ())):
                error["message"] = LEFT
            IdempotentRequest.objects.filter(pk=pk).update(body=json.dumps(answer, ensure_ascii=False).encode())
        return rows[-1][0] if len(rows) == CLEANED_AT_ONCE else None


def purge_kept(now: datetime) -> None:
    """Forgets answers that are repeated no more, the oldest first."""
    old = IdempotentRequest.objects.filter(at__lte=now - KEPT_FOR).order_by("at").values("pk")[:PURGED_AT_ONCE]
    IdempotentRequest.objects.filter(pk__in=old).delete()
