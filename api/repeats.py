"""Requests that are sent again: the work is done once, and answered the same every time."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from api.auth import Key, key_of
from api.models import ApiKey, IdempotentRequest
from api.problems import Problem, Wrong
from contacts.models import Contact

HEADER = "Idempotency-Key"
NAME = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_FOR = timedelta(days=1)
PURGED_AT_ONCE = 5_000
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
            wrong = Wrong(None, HEADER, "idempotency_key", _("Give 1 to 255 letters, digits and signs, no spaces."))
            raise Problem("malformed", errors=[wrong])
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
            return answered_before(kept, digest)
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


def answered_before(kept: IdempotentRequest, digest: bytes) -> HttpResponse:
    if bytes(kept.request_hash) != digest:
        detail = _("This idempotency key was used for another request: make a new one for every request.")
        raise Problem("key_reused", detail)
    response = HttpResponse(bytes(kept.body), status=kept.status, headers=kept.headers)
    response["Idempotent-Replayed"] = "true"
    return response


def erase_kept(contact: Contact) -> None:
    """Answers that tell of the contact go with it; those to batches hold ids, and go within a day."""
    IdempotentRequest.objects.filter(about=contact.pk).delete()


def purge_kept(now: datetime) -> None:
    """Forgets answers that are repeated no more, the oldest first."""
    old = IdempotentRequest.objects.filter(at__lte=now - KEPT_FOR).order_by("at").values("pk")[:PURGED_AT_ONCE]
    IdempotentRequest.objects.filter(pk__in=old).delete()
