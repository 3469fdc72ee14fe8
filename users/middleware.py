"""Per request: one `now`, the user's language, the account's time zone; and analysts only read."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponse]


class PreferencesMiddleware:
    """Sets `request.now` and switches on the user's language and the account's time zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = timezone.now()  # type: ignore[attr-defined]
        language = request.user.language if request.user.is_authenticated else translation.get_language()
        with translation.override(language), timezone.override(request.tenant.timezone):  # type: ignore[attr-defined]
            request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]
            return self.get_response(request)


class ReadOnlyMiddleware:
    """Refuses every unsafe method of an analyst, unless the view is marked with `users.access.reads`."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_args: object) -> None:
        unsafe = request.method not in ("GET", "HEAD", "OPTIONS", "TRACE")
        if (
            unsafe
            and request.user.is_authenticated
            and not request.user.may_write
            and not getattr(view, "reads", False)
        ):
            raise PermissionDenied(_("Your role (analyst) may look at everything here but change nothing."))
