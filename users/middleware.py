"""Per request: one `now`, the user's language, the account's time zone; and analysts only read."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.addresses import way_back

Handler = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends the signed-out to sign in, and then back: after a lost POST to the page of its form, not to its address."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:
        if request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        back = way_back(request.headers.get("Referer", ""), host=request.get_host())
        return redirect_to_login(back, self.get_login_url(view_func), self.get_redirect_field_name(view_func))


class PreferencesMiddleware:
    """Sets `request.now` and switches on the user's language and the account's time zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]
        language = request.user.language if request.user.is_authenticated else translation.get_language()
        with translation.override(language), timezone.override(request.tenant.timezone):  # type: ignore[attr-defined]
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")  # people's data stays out of disk caches
        return response


class ReadOnlyMiddleware:
    """Refuses every unsafe method of an analyst, unless the view is marked with `users.access.reads`."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_args: object) -> None:
        unsafe = request.method not in SAFE
        if (
            unsafe
            and request.user.is_authenticated
            and not request.user.may_write
            and not getattr(view, "reads", False)
        ):
            raise PermissionDenied(_("Your role (analyst) may look at everything here but change nothing."))
