"""Answers to HTMX: messages travel in a header, and a signed-out user is sent to the sign-in page, not into a table."""

import json
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from config.addresses import way_back

Handler = Callable[[HttpRequest], HttpResponse]
DIALOG = "dialog"
LEAVING = ("HX-Redirect", "HX-Refresh", "HX-Location")


class FragmentMiddleware:
    """Adapts answers to requests made by HTMX; others pass untouched."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not getattr(request, "htmx", False):
            return response
        if response.status_code == 302 and leads_to_sign_in(response["Location"]):
            return to_sign_in(request)
        if response.status_code == 302 and request.htmx.target == DIALOG:  # type: ignore[attr-defined]
            return leaving(response)
        if response.status_code < 300 and not any(name in response for name in LEAVING):
            carry_messages(request, response)
        return response


def leaving(response: HttpResponse) -> HttpResponse:
    """The same answer for a question in a dialog: the page below it goes where it leads, and shows the messages."""
    response["HX-Redirect"] = response["Location"]
    del response["Location"]
    response.status_code = 204
    return response


def leads_to_sign_in(location: str) -> bool:
    return urlsplit(location).path == resolve_url(settings.LOGIN_URL)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Leave for the sign-in page, and come back to the page that asked, not to the fragment."""
    back = way_back(request.headers.get("HX-Current-URL", "/"))
    response = HttpResponse()
    response["HX-Redirect"] = f"{resolve_url(settings.LOGIN_URL)}?next={quote(back)}"
    return response


def carry_messages(request: HttpRequest, response: HttpResponse) -> None:
    """Put waiting messages into HX-Trigger as event "toasts", unless the page rendered them itself."""
    waiting = messages.get_messages(request)
    if getattr(waiting, "used", False):
        return
    said = [{"text": str(message), "level": message.level_tag} for message in waiting]
    if not said:
        return
    try:
        events = json.loads(response.get("HX-Trigger", "{}"))
    except ValueError:
        events = {name.strip(): None for name in response["HX-Trigger"].split(",")}
    response["HX-Trigger"] = json.dumps({**events, "toasts": {"messages": said}})
