"""Whose request it is, by the key it bears; and what the key may."""

import hmac
import re
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase

from api.models import ApiKey, Scope
from api.problems import Problem
from api.services.keys import hashed

TOKEN = re.compile(r"sito_([a-z]{8})_([A-Za-z0-9_-]{43})")
MINUTE = timedelta(minutes=1)


def authenticate(request: HttpRequest, *, now: datetime) -> ApiKey:
    """The key of the request's `Authorization: Bearer …`, noted as used.

    Raises: Problem (401). Why a key is refused is told only to whoever has its secret.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refused(_("Send the key as “Authorization: Bearer sito_…”."))
    match = TOKEN.fullmatch(token.strip())
    key = ApiKey.objects.select_related("acts_for").filter(prefix=match[1]).first() if match else None
    if match is None or key is None or not hmac.compare_digest(bytes(key.secret_hash), hashed(match[2])):
        raise refused(_("There is no such key."), error="invalid_token")
    match key.state(now):
        case "revoked":
            raise refused(_("This key has been revoked."), error="invalid_token")
        case "expired":
            raise refused(_("This key has expired."), error="invalid_token")
        case "stopped":
            raise refused(_("The user whom this key acts for is deactivated."), error="invalid_token")
    if key.last_used_at is None or key.last_used_at <= now - MINUTE:
        used_before = Q(last_used_at=None) | Q(last_used_at__lte=now - MINUTE)
        ApiKey.objects.filter(used_before, pk=key.pk).update(last_used_at=now)
    return key


def refused(detail: str, *, error: str = "") -> Problem:
    challenge = 'Bearer realm="Sito"' + (f', error="{error}"' if error else "")
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def key_of(request: HttpRequest) -> ApiKey:
    """The key that the request bears. Raises: Problem (401), should it have come in by another way."""
    key = getattr(request, "api_key", None)
    if key is None:
        raise refused("")
    return cast("ApiKey", key)


def require_scope(key: ApiKey, scope: Scope) -> None:
    """Raises: Problem (403)."""
    if scope not in key.scopes:
        raise Problem("scope_missing", _("The key lacks the scope “%(scope)s”.") % {"scope": scope.value})


class Key(AuthBase):
    """What an operation demands of the key; see `needs`."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> ApiKey:
        key = key_of(request)
        require_scope(key, self.scope)
        if self.scope.writes and not key.user.may_write:
            raise Problem("read_only", _("The key acts for an analyst, who may read everything but change nothing."))
        return key


def needs(scope: str) -> Key:
    """The scope that an operation takes: `@router.get("/tags", auth=needs("labels:read"))`.

    One that writes is refused to a key that acts for an analyst.
    """
    return Key(Scope(scope))
