"""What somebody else deleted a moment ago is answered like what never was: with the page for 404."""

import logging
from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse

from config.errors import not_found

Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger(__name__)


class VanishedMiddleware:
    """Answers 404 when a row goes between a view's look for it and the lock on it: a double click, two people.

    Only for POST, where rows are locked: a row that a page for reading misses is a fault and stays one.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if request.method != "POST" or not isinstance(exception, ObjectDoesNotExist):
            return None
        log.info("gone meanwhile: %s at %s", exception, request.path)
        return not_found(request, exception)
