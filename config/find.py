"""Find: one box over everything an account has. Apps register where they look, in their AppConfig.ready."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from config.pages import page

LONGEST = 200


@dataclass(frozen=True)
class Found:
    """One thing found: what it is called, where it is, what kind it is, and a line about it."""

    title: str
    url: str
    kind: str | Promise
    detail: str = ""
    icon: str = "chevron-right"


Finder = Callable[[HttpRequest, str], Iterable[Found]]
finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Add a place to look. It gets the request and a non-empty text, and gives at most some twenty, best first."""
    if finder not in finders:
        finders.append(finder)


def find(request: HttpRequest) -> HttpResponse:
    """The page of what was found, by kind."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    found = [thing for finder in finders for thing in finder(request, text)] if text else []
    groups = [(kind, list(things)) for kind, things in groupby(found, key=lambda thing: str(thing.kind))]
    return page(request, "frame/find.html", {"find_text": text, "find_asks": not text, "groups": groups})
