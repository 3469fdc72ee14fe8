"""The way in for operators: a host of its own, where no account is looked up and no user's cookie means anything.

What all other middleware does for users of accounts (their account, their session, their role) is not done here; what
a page needs besides (policy, language, form tokens) is.
"""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import convert_exception_to_response
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import get_urlconf, resolve, reverse, set_urlconf
from django.utils import timezone, translation
from django_htmx.middleware import HtmxMiddleware

from operators.services import signed_in

URLS = "operators.urls"
COOKIE = "sito_operator"
View = Callable[..., HttpResponse]


def in_the_open(view: View) -> View:
    """Marks a view that may be opened by whoever is not signed in."""
    view.in_the_open = True  # type: ignore[attr-defined]
    return view


class OperatorMiddleware:
    """Serves `OPERATOR_HOST` in place of the rest of the middleware; any other host never sees these pages."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        answer: Any = convert_exception_to_response(found)
        for layer in (HtmxMiddleware, XFrameOptionsMiddleware, CSPMiddleware):
            answer = convert_exception_to_response(layer(answer))
        self.answer: View = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not of_operators(request):
            return self.get_response(request)
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        before = get_urlconf()
        request.urlconf = URLS
        set_urlconf(URLS)
        try:
            request.now = timezone.now()  # type: ignore[attr-defined]
            signed = signed_in(request.COOKIES.get(COOKIE, ""), now=request.now)  # type: ignore[attr-defined]
            request.signed_in = signed  # type: ignore[attr-defined]
            request.operator = operator = signed.operator if signed is not None else None  # type: ignore[attr-defined]
            language = operator.language if operator is not None else translation.get_language_from_request(request)
            with translation.override(language), timezone.override(settings.TIME_ZONE):
                response = self.answer(request)
                response.headers.setdefault("Content-Language", language)
                response.headers.setdefault("Cache-Control", "private, no-store")
                return response
        finally:
            set_urlconf(before)


def of_operators(request: HttpRequest) -> bool:
    """Whether the host is the operators'. One that names the host wrongly is not."""
    try:
        host = request.get_host().rsplit(":", 1)[0].lower()
    except DisallowedHost:
        return False
    return bool(settings.OPERATOR_HOST) and host == settings.OPERATOR_HOST


def found(request: Any) -> HttpResponse:
    """What the view of the address answers to a form of our own; who is not signed in is asked to."""
    match = resolve(request.path_info)
    request.resolver_match = match
    view: View = match.func
    forms = CsrfViewMiddleware(lambda _request: HttpResponse())
    forms.process_request(request)
    if refusal := forms.process_view(request, view, match.args, match.kwargs):
        return refusal
    if request.operator is None and not getattr(view, "in_the_open", False):
        response: HttpResponse = HttpResponseRedirect(reverse("operators:sign_in"))
    else:
        response = view(request, *match.args, **match.kwargs)
    answered: HttpResponse = forms.process_response(request, response)  # type: ignore[assignment]
    return answered
