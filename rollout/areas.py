"""Areas of the product that can be opened to some accounts: a registry, filled in the apps' AppConfig.ready."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from django.utils.functional import Promise


@dataclass(frozen=True)
class Area:
    """One area. What is not named here stays open while it is closed.

    `opens`: what accounts get by it; `closed`: what becomes of what was built with it, when it is closed to them.
    `pages`: names of addresses, "app:name" with `*` for any ending; `api`: how addresses of the API begin.
    Jobs and scheduled looks name their area where they are registered (`jobs.registry`).
    """

    key: str
    name: str | Promise
    opens: str | Promise
    closed: str | Promise
    pages: tuple[str, ...] = ()
    api: tuple[str, ...] = ()


AREAS: dict[str, Area] = {}


def register(area: Area) -> None:
    """Makes `area` known. Called from the app's `AppConfig.ready`."""
    if AREAS.get(area.key, area) != area:
        raise ValueError(f"two areas are called {area.key}")
    AREAS[area.key] = area
    area_of_page.cache_clear()


@cache
def area_of_page(name: str) -> str:
    """The key of the area that the address of this name ("app:name") belongs to; "" for one that is always open."""
    found = (area.key for area in AREAS.values() if any(fnmatchcase(name, pattern) for pattern in area.pages))
    return next(found, "")


def area_of_api(path: str) -> str:
    """The same of an address of the API."""
    return next((area.key for area in AREAS.values() if area.api and path.startswith(area.api)), "")
