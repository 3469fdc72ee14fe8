"""The contact manager: search, filter, sort, page."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from config.pages import page
from contacts.listing import Search, clean_address, columns_of
from contacts.selectors import visible


def manager(request: HttpRequest) -> HttpResponse:
    """The list that the address asks for; 422 and no rows when it asks for something there is not."""
    search = Search.of(request)
    context: dict[str, Any] = {"search": search, "sort": search.sort, "at": request.now}  # type: ignore[attr-defined]
    if not search.errors:
        context |= listed(request, search)
    response = page(request, "contacts/manager.html", context, part="rows", status=422 if search.errors else 200)
    if getattr(request, "htmx", False):
        response["HX-Push-Url"] = request.path + clean_address(request.GET).removesuffix("?")
    return response


def listed(request: HttpRequest, search: Search) -> dict[str, Any]:
    rows = search.page()
    contacts = list(rows.object_list)
    columns = columns_of(request, contacts)
    total = rows.paginator.count
    return {
        "rows": rows,
        "total": total,
        "columns": [column for column, _values in columns],
        "lines": [(contact, [(column, values.get(contact.pk)) for column, values in columns]) for contact in contacts],
        "chips": search.chips(),
        "notes": search.notes(total),
        "nobody": not total and not visible(request.user).exists(),
    }
