"""Find: one box over everything an account has. Apps register where they look, in their AppConfig.ready."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.functional import Promise

from config.pages import page
from config.requests import Request

LONGEST = 200


@dataclass(frozen=True)
class Found:
    """One thing found: what it is called, where it is, and a line about it."""

    title: str
    url: str
    detail: str = ""
    icon: str = "chevron-right"


@dataclass(frozen=True)
class Findings:
    """What was found of one kind: the best of it, how many there are in all, and the list that searches for the same.

    `counted_to_limit`: counting stopped at `total`, there are more.
    """

    kind: str | Promise
    things: Sequence[Found]
    total: int
    url: str = ""
    counted_to_limit: bool = False

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.total - len(self.things)


Finder = Callable[[Request, str], Findings]
finders: list[Finder] = []


def register_finder(finder: Finder) -> None:
    """Add a place to look. It gets the request and a non-empty text, and shows at most some twenty, best first."""
    if finder not in finders:
        finders.append(finder)


def find(request: Request) -> HttpResponse:
    """The page of what was found, by kind."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    found = [finder(request, text) for finder in finders] if text else []
    groups = [findings for findings in found if findings.things]
    return page(request, "frame/find.html", {"find_text": text, "find_asks": not text, "groups": groups})
