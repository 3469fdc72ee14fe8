"""Parameters of addresses: those that a route declares, and no others."""

from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from api.problems import Wrong, invalid

Run = Callable[..., HttpResponse]


def declared_only(run: Run) -> Run:
    """Wraps the running of an operation: a filter that it does not have is refused, never passed over.

    `?email=` on a list without that filter would be answered with everybody. Whoever may not use the route at all is
    told that first.
    """
    operation = unwrap(run).__self__
    declared = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }

    @wraps(run)
    def wrapped(request: HttpRequest, **path: Any) -> HttpResponse:
        unknown = [name for name in request.GET if name not in declared]
        if unknown:
            for allows in operation.auth_callbacks:
                allows(request)
            raise invalid(wrong(name, declared) for name in unknown)
        return run(request, **path)

    return wrapped


def wrong(name: str, declared: set[str]) -> Wrong:
    if not declared:
        return Wrong(None, name[:60], "unknown", _("This address has no parameters."))
    names = ", ".join(sorted(declared))
    return Wrong(
        None, name[:60], "unknown", _("There is no such parameter: this address has %(names)s.") % {"names": names}
    )
