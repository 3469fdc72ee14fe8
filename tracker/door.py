"""The way in for visitors' browsers: no session, no cookie, no language; only `/t.js` and `/t/events`."""

from http import HTTPStatus
from logging import getLogger
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from config.clients import client_address
from config.counting import WINDOW_S, Counters
from rollout.middleware import AccountMiddleware
from rollout.selectors import is_open
from tracker import counting, recording, reports
from tracker.bots import is_bot
from tracker.models import Outcome
from tracker.reports import ReportError
from tracker.script import script
from tracker.selectors import declared, reporting
from tracker.tokens import TOKEN

SCRIPT, EVENTS = "/t.js", "/t/events"
TYPES = ("", "text/plain", "application/json")
TOKEN_RATE = 120  # reports of one contact in a minute; the script sends one a second at most
RETRY_S = 30
counters = Counters("tracker")
logger = getLogger(__name__)


class RefusedError(Exception):
    """An answer in place of the work. `text`: for the developer of the page."""

    def __init__(self, status: HTTPStatus, text: str = "", **headers: str) -> None:
        self.status, self.text = status, text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(text)


class TrackerMiddleware(AccountMiddleware):
    """Serves both in place of the rest of the middleware, as `api.door` does for the API."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == SCRIPT:
            return script(request)
        if request.path_info != EVENTS:
            return self.get_response(request)
        allowed: dict[str, str] = {}
        try:
            response = self.answer(request, allowed)
        except RefusedError as refusal:
            headers = {"Content-Type": "text/plain; charset=utf-8"} | refusal.headers
            response = HttpResponse(refusal.text, status=refusal.status, headers=headers)
        except Error:
            logger.exception("Tracker: the database could not take a report")
            response = HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(RETRY_S)})
        for name, value in allowed.items():
            response[name] = value
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["Origin"])
        return response

    def answer(self, request: Any, allowed: dict[str, str]) -> HttpResponse:
        """`allowed`: gets the headers that let a page of a declared site read the answer, a refusal too."""
        if request.method not in ("POST", "OPTIONS"):
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, Allow="OPTIONS, POST")
        if self.process_request(request) is not None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no account at this host name.")
        if not is_open("tracking", request.tenant):
            raise RefusedError(HTTPStatus.NOT_FOUND, "Tracking is not open to this account.")
        origin = request.headers.get("Origin", "")[: reports.LARGEST]
        own = origin == f"{request.scheme}://{request.get_host()}"
        if own or declared(origin):
            allowed["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            if allowed:
                allowed["Access-Control-Allow-Methods"] = "POST"
                allowed["Access-Control-Allow-Headers"] = "Content-Type"
                allowed["Access-Control-Max-Age"] = "7200"
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        take(request, client_address(request), most=settings.TRACKER_RATE_PER_MINUTE)
        return receive(request, origin=origin, own=own)


def receive(request: Any, *, origin: str, own: bool) -> HttpResponse:
    """The same answer whatever came of the events: a page learns nothing of contacts by reporting."""
    now = timezone.now()
    try:
        report = reports.read(body_of(request), now=now)
    except ReportError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
    site = reporting(report.site)
    if site is None:
        raise RefusedError(HTTPStatus.FORBIDDEN, "There is no such site.")
    number = max(1, len(report.events))
    if not own and origin not in site.origins:
        counting.count(site, {Outcome.ORIGIN: number}, now=now)
        raise RefusedError(HTTPStatus.FORBIDDEN, "This site is not declared: Settings, Tracking.")
    if is_bot(request.headers.get("User-Agent", "")):
        counting.count(site, {Outcome.BOT: number}, now=now)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if TOKEN.fullmatch(report.token):  # what is none is counted with the address alone
        take(request, f"{site.key}:{report.token[-43:]}", most=TOKEN_RATE)
    counting.count(site, recording.record(report, site=site, account=request.tenant, now=now), now=now)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def take(request: Any, name: str, *, most: int) -> None:
    """One report more in this minute. Raises: RefusedError, when they were too many."""
    at = timezone.now().timestamp()
    [used] = counters.count([f"{request.tenant.schema_name}:{name}"], at=at)
    if used > most:
        wait = str(WINDOW_S - int(at) % WINDOW_S)
        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, "Too many reports in this minute.", Retry_After=wait)


def body_of(request: Any) -> bytes:
    """What was sent, so far as it may be read at all. Raises: RefusedError."""
    if (request.content_type or "").lower() not in TYPES or request.headers.get("Content-Encoding"):
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON as text/plain, not compressed.")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or -1)
    except ValueError:
        length = -1
    if length < 0 or "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
    if length > reports.LARGEST:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {reports.LARGEST} bytes.")
    try:
        body: bytes = request.read(length)
    except UnreadablePostError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The body ended early.") from error
    if len(body) != length:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The body ended before its Content-Length.")
    return body
