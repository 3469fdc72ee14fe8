"""Pages of what went wrong: plain sentences in the user's language, a way on, nothing about the inside."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _
from django.views.decorators.csrf import requires_csrf_token


def unknown_host(_request: HttpRequest) -> HttpResponse:
    """A host that is no account's: says nothing about which accounts there are."""
    return HttpResponseNotFound("Not found", content_type="text/plain; charset=utf-8")


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return render(request, "404.html", status=404)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The refusal, with the sentence the code gave."""
    return render(request, "403.html", {"reason": str(exception)}, status=403)


def csrf_failure(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """A form that was open too long, or came from elsewhere."""
    said = _("This form has expired or did not come from this page. Nothing was saved: go back, reload and try again.")
    return forbidden(request, Exception(said))


def bad_request(_request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return HttpResponse(loader.render_to_string("400.html"), status=400)


def server_error(_request: HttpRequest, *_args: Any) -> HttpResponse:
    """Rendered without the request: what failed may be the database or the user's session."""
    return HttpResponse(loader.render_to_string("500.html"), status=500)
