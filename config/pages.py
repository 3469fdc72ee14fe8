"""What every page shares: the fragment-or-page helper and the frame's context."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.menu import address_of, menu


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, part: str = "", status: int = 200
) -> HttpResponse:
    """Render `template`, or only its partial `part` when HTMX asks for a fragment."""
    if part and getattr(request, "htmx", False) and not request.htmx.boosted:  # type: ignore[attr-defined]
        template = f"{template}#{part}"
    return render(request, template, context or {}, status=status)


def chrome(request: HttpRequest) -> dict[str, Any]:
    """The frame around each page: the account, the left menu, and which frame fits (none while signed out)."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "account": getattr(request, "tenant", None),
        "frame": "base.html" if signed_in else "bare.html",
        "menu_groups": menu(request) if signed_in else [],
        "find_url": address_of("find"),
    }
