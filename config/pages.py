"""What every page shares: the fragment-or-page helper and the frame's context."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, part: str = "", status: int = 200
) -> HttpResponse:
    """Render `template`, or only its partial `part` when HTMX asks for a fragment."""
    if part and getattr(request, "htmx", False) and not request.htmx.boosted:  # type: ignore[attr-defined]
        template = f"{template}#{part}"
    return render(request, template, context or {}, status=status)


def chrome(request: HttpRequest) -> dict[str, Any]:
    """The frame around each page: the account."""
    return {"account": getattr(request, "tenant", None)}
