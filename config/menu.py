"""The left menu: groups of pages, of which only those that exist are shown."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from rollout.selectors import page_is_open


@dataclass(frozen=True)
class Item:
    """A page in the menu. `under` are further url names whose address also belongs to it."""

    label: str | Promise
    url_name: str
    icon: str
    under: tuple[str, ...] = ()
    administrators: bool = False
    writers: bool = False


MENU: list[tuple[str | Promise, list[Item]]] = [
    (
        _("Contacts"),
        [
            Item(_("Contact manager"), "contacts:manager", "users"),
            Item(_("Actions on contacts"), "actions:on_contacts", "zap"),
            Item(_("Import"), "imports:imports", "upload"),
            Item(_("Duplicates"), "contacts:duplicates", "copy", under=("contacts:compare",)),
            Item(_("Create segment"), "segmentation:create", "plus", writers=True),
            Item(
                _("Segments"),
                "segmentation:ready",
                "layers",
                under=("segmentation:in_creation", "segmentation:archive", "segmentation:search"),
            ),
            Item(pgettext_lazy("segments", "Ready-made"), "segmentation:templates", "layout-template"),
            Item(_("Saved criteria"), "segmentation:saved", "bookmark"),
            Item(_("Export files"), "exports:files", "download"),
        ],
    ),
    (
        _("Labels"),
        [
            Item(_("Tags"), "tags:tags", "tag"),
            Item(_("Categories"), "tags:categories", "folder"),
            Item(_("Consents"), "contacts:consents", "check"),
            Item(_("Attributes"), "contacts:attributes", "sliders-vertical"),
            Item(_("Activity types"), "activities:types", "activity"),
        ],
    ),
    (
        _("Insights"),
        [
            Item(_("Statistics"), "insights:statistics", "chart-column"),
            Item(_("Engagement"), "insights:engagement", "heart-pulse"),
            Item(_("Sunset"), "sunset:list", "sunset"),
            Item(_("Buyers"), "insights:buyers", "shopping-bag"),
            Item(_("Over time"), "insights:over_time", "chart-line"),
            Item(pgettext_lazy("of segments", "Overlap"), "insights:overlap", "combine", under=("insights:matrix",)),
            Item(_("Reports"), "reports:index", "file-chart-column"),
        ],
    ),
    (
        _("Settings"),
        [
            Item(_("Account"), "users:account", "building-2", administrators=True),
            Item(_("Users"), "users:list", "user-cog", administrators=True),
            Item(_("Permission groups"), "permissions:groups", "shield", administrators=True),
            Item(_("Erasures"), "contacts:erasures", "user-x", administrators=True),
            Item(_("API keys"), "api:keys", "key-round", under=("api:docs",), administrators=True),
            Item(_("Webhooks"), "webhooks:endpoints", "webhook", administrators=True),
            Item(_("Tracking"), "tracker:sites", "radar", administrators=True),
            Item(_("Network signal"), "network:signal", "network", administrators=True),
        ],
    ),
]


def address_of(url_name: str) -> str:
    """The address of a page, or "" while it does not exist."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups with their links for this user; `current` on the one whose address begins this page's, the longest."""
    groups: list[dict[str, Any]] = []
    best: dict[str, Any] = {}
    longest = 0
    account: Any = getattr(request, "tenant", None)
    administers = bool(getattr(request.user, "administers", False))
    writes = bool(getattr(request.user, "may_write", False))
    for title, items in MENU:
        links = []
        for item in items:
            url = address_of(item.url_name)
            if (
                not url
                or not page_is_open(item.url_name, account)
                or (item.administrators and not administers)
                or (item.writers and not writes)
            ):
                continue
            link = {"label": item.label, "url": url, "icon": item.icon, "current": False}
            for start in (url, *(address_of(name) for name in item.under)):
                if start and request.path.startswith(start) and len(start) > longest:
                    longest, best = len(start), link
            links.append(link)
        if links:
            groups.append({"title": title, "links": links})
    if best:
        best["current"] = True
    return groups
