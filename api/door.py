"""The one way in: everything below /api/ that is no page. Sessions, cookies and forms play no part in it."""

import re
from collections.abc import Callable
from logging import getLogger
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from api.auth import authenticate
from api.bodies import drain
from api.limits import refuse_beyond, take
from api.problems import MEDIA_TYPE, Problem, problem_of
from rollout.areas import area_of_api
from rollout.middleware import AccountMiddleware
from rollout.selectors import is_open
from segmentation.readers import read_by

PREFIX = "/api/"
PAGES = ("/api/v1/docs",)  # pages like all others
OPEN = ("/api/v1/openapi.json",)  # needs no key
JSON = re.compile(r"application/(?:json|[a-z0-9.-]+\+json)")
BODIES = ("POST", "PUT", "PATCH", "DELETE")
MEGABYTE = 1024 * 1024
logger = getLogger(__name__)


class ApiMiddleware(AccountMiddleware):
    """Serves the API in place of the rest of the middleware. Stands before the account is looked up: that may fail too.

    Whatever goes wrong is a problem document; every answer to a key bears what is left of its minute.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX) or request.path_info in PAGES:
            return self.get_response(request)
        head = request.method == "HEAD"
        with translation.override(language_of(request)):
            headers: dict[str, str] = {}
            try:
                response = self.answer(request, headers)
            except Exception as error:  # noqa: BLE001 - the last one who can turn it into an answer
                response = problem_of(error).response()
                drain(request)
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            response.headers.setdefault("Vary", "Accept-Language")
            if isinstance(response, HttpResponse):
                response.headers.setdefault("Content-Length", str(len(response.content)))
                if head:
                    response.content = b""
        return response

    def answer(self, request: Any, headers: dict[str, str]) -> HttpResponseBase:
        """`headers`: gets what the answer bears even if it is a refusal."""
        if self.process_request(request) is not None:
            raise Problem("not_found", _("There is no account at this host name."))
        request.now = timezone.now()
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(request.tenant.timezone):
            refuse_unreadable(request)
            if request.path_info not in OPEN:
                request.api_key = key = authenticate(request, now=request.now)
                request.user = key.user
                allowance = take(key, now=request.now)
                headers.update(allowance.headers)
                refuse_beyond(allowance)
            read_body(request)
            with read_by(request):
                return headers_alone(request) if request.method == "HEAD" else found(request)


def headers_alone(request: Any) -> HttpResponseBase:
    """As GET answers. What it would note of being read is undone: nothing is."""
    request.method = "GET"
    with transaction.atomic():
        response = found(request)
        transaction.set_rollback(True)
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()  # what it would have sent is closed with it
    return response


def found(request: Any) -> HttpResponseBase:
    """What the view of the address answers."""
    try:
        match = resolve(request.path_info)
    except Resolver404 as error:
        raise Problem("not_found", _("The API has no such address.")) from error
    area = area_of_api(request.path_info)
    if area and not is_open(area, request.tenant):
        raise Problem("not_found", _("This part of the API is not open to the account."))
    request.resolver_match = match
    view: Callable[..., HttpResponseBase] = match.func
    response = view(request, *match.args, **match.kwargs)
    if response.status_code == 405 and response.headers.get("Content-Type") != MEDIA_TYPE:
        allowed = response.headers.get("Allow", "")
        raise Problem("method_not_allowed", headers={"Allow": allowed.replace("GET", "GET, HEAD")})
    return response


def language_of(request: HttpRequest) -> str:
    """By Accept-Language alone: no cookie says anything here."""
    for code, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def refuse_unreadable(request: HttpRequest) -> None:
    """Raises: Problem (400), for an address that no program of ours writes: a zero byte, text that is no UTF-8."""
    try:
        parts = [request.path_info, *(text for pair in request.GET.lists() for text in (pair[0], *pair[1]))]
    except ValueError as error:
        raise Problem("malformed", _("There are too many parameters.")) from error
    if any("\0" in part or "�" in part for part in parts):
        raise Problem("malformed", _("The address has signs that are no text in UTF-8."))


def read_body(request: Any) -> None:
    """The body, so far as it may be read at all. Raises: Problem (400, 411, 413, 415)."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise Problem("length_required", _("Send the body with a Content-Length."))
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError as error:
        raise Problem("malformed") from error
    if length > settings.API_BODY_MB * MEGABYTE:
        raise Problem("too_large", _("A body has at most %(most)s MB.") % {"most": settings.API_BODY_MB})
    if length and request.method in BODIES:
        if not JSON.fullmatch((request.content_type or "").lower()) or request.headers.get("Content-Encoding"):
            raise Problem("unsupported_type", _("Send the body as application/json, not compressed."))
        if (request.content_params.get("charset") or "utf-8").lower() != "utf-8":
            raise Problem("unsupported_type", _("JSON is written in UTF-8."))
    body = request.read(length) if length > 0 else b""
    if len(body) != max(0, length):
        raise Problem("malformed", _("The body ended before its Content-Length."))
    request._body = body  # noqa: SLF001 - Django's own limit is that of forms
