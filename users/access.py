"""Who may open a view. Signing in is required everywhere (LoginRequiredMiddleware); writing is refused to analysts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]


def reads(view: View) -> View:
    """Marks a view whose POST changes no shared data (a live count, one's own preferences), so analysts may use it."""
    view.reads = True  # type: ignore[attr-defined]
    return view


def administrators_only(view: View) -> View:
    """Refuses everyone but owners and administrators with 403."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.administers:  # type: ignore[union-attr]
            raise PermissionDenied(_("Only owners and administrators may open this page."))
        return view(request, *args, **kwargs)

    return guarded
