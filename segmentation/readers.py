"""Who reads a page: what a fixed list is called to them. docs/segments.md, "Who sees some contacts only"."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from config.requests import Request
from contacts.sight import whole_sight

_request: ContextVar[Request | None] = ContextVar("request", default=None)


class ReaderMiddleware:
    """Keeps the request at hand while it is answered: criteria are told in words far from any view."""

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        with read_by(request):
            return self.get_response(request)


@contextmanager
def read_by(request: Any) -> Iterator[None]:
    """What is told inside is told to the user behind this request."""
    before = _request.set(request)
    try:
        yield
    finally:
        _request.reset(before)


def list_name(pk: int, name: str, *, fixed: bool | None, by: int | None) -> str:
    """What a list is called to the reader: one of the account's lists by its name.

    A fixed list has the name of the search it was made of, and that may hold a person's: to who sees some contacts only
    those of others are called by their number. No reader (the command line, a job): the name.
    """
    request = _request.get()
    hidden = fixed and request is not None and by != request.user.pk and not whole_sight(request)
    # Translators: id: "#12"
    return _("A list of contacts, %(id)s") % {"id": f"#{pk}"} if hidden else name
