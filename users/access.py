"""Who may open a view. Signing in is required everywhere (LoginRequiredMiddleware); writing is refused to analysts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from config.requests import Request
from users.models import User

View = Callable[..., HttpResponseBase]


def signed_in(request: Request) -> User:
    """The user behind the request, with the type that LoginRequiredMiddleware guarantees.

    Raises: PermissionDenied, should a view be opened to everybody by mistake.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def reads(view: View) -> View:
    """Marks a view whose POST changes no shared data (a live count, one's own preferences), so analysts may use it."""
    view.reads = True  # type: ignore[attr-defined]
    return view


def writers_only(view: View) -> View:
    """Refuses analysts, with 403, a page that is only good for changing something: its form would have no button."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not signed_in(request).may_write:
            raise PermissionDenied(_("Your role (analyst) may look at everything here but change nothing."))
        return view(request, *args, **kwargs)

    return guarded


def administrators_only(view: View) -> View:
    """Refuses everyone but owners and administrators with 403."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not signed_in(request).administers:
            raise PermissionDenied(_("Only owners and administrators may open this page."))
        return view(request, *args, **kwargs)

    return guarded
