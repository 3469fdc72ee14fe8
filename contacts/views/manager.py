"""The contact manager: search, filter, sort, page, select."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from pyroaring import BitMap

from config.pages import page
from contacts.forms import ALL, CLEAR, NONE, TICKS, TicksForm
from contacts.listing import Search, clean_address, columns_of
from contacts.manager import tools
from contacts.selecting import change_selection, selected
from contacts.selectors import visible
from users.access import signed_in

TEMPLATE = "contacts/manager.html"


def manager(request: HttpRequest) -> HttpResponse:
    """The list that the address asks for; 422 and no rows when it asks for something there is not."""
    search = Search.of(request)
    response = page(request, TEMPLATE, shown(request, search), part="rows", status=422 if search.errors else 200)
    if getattr(request, "htmx", False):
        response["HX-Push-Url"] = request.path + clean_address(request.GET).removesuffix("?")
    return response


def shown(request: HttpRequest, search: Search) -> dict[str, Any]:
    """What the page shows of a search; of a refused one no rows."""
    context: dict[str, Any] = {"search": search, "sort": search.sort, "at": request.now}  # type: ignore[attr-defined]
    return context if search.errors else context | listed(request, search)


def listed(request: HttpRequest, search: Search) -> dict[str, Any]:
    rows = search.page()
    contacts = list(rows.object_list)
    columns = columns_of(request, contacts)
    total = rows.paginator.count
    chosen = selected(request.user)
    return {
        "rows": rows,
        "total": total,
        "columns": [column for column, _values in columns],
        "lines": [
            (contact, contact.pk in chosen, [(column, values.get(contact.pk)) for column, values in columns])
            for contact in contacts
        ],
        "chips": search.chips(),
        "notes": search.notes(total),
        "nobody": not total and not visible(request.user).exists(),
        "tools": [tool for tool in tools.values() if not tool.selected],
        **selection(request, chosen),
    }


def selection(request: HttpRequest, chosen: BitMap) -> dict[str, Any]:
    """What the line about the selected contacts shows; `here`: the list it stands above."""
    mine = [tool for tool in tools.values() if tool.selected]
    return {"chosen": len(chosen), "chosen_tools": mine, "here": clean_address(request.GET)}


# --- selecting ------------------------------------------------------------------------------------------------
@require_POST
def select(request: HttpRequest) -> HttpResponse:
    """Changes what the user has selected. The address is that of the list, of which the form sends the page's ticks.

    `do`: ticks (nothing else), all (and everyone who fits), none (of those who fit), clear (nobody at all).
    """
    search = Search.of(request)
    form = TicksForm(request.POST)
    if not search.errors and not form.is_valid():
        search.refuse(_("The selection is as it was: this page does not ask for such a change."))
    if search.errors:
        return page(request, TEMPLATE, shown(request, search), part="rows", status=422)
    chosen = changed(request, search, form)
    if not getattr(request, "htmx", False):
        return redirect(reverse("contacts:manager") + clean_address(request.GET).removesuffix("?"))
    if form.cleaned_data["do"] == TICKS:
        return page(request, TEMPLATE, selection(request, chosen), part="selection")
    return page(request, TEMPLATE, shown(request, search), part="rows")


def changed(request: HttpRequest, search: Search, form: TicksForm) -> BitMap:
    """What is selected after the change. Ticks count only for contacts that the user may see."""
    do, user, now = form.cleaned_data["do"], signed_in(request), request.now  # type: ignore[attr-defined]
    rows, ticked = form.cleaned_data["shown"], form.cleaned_data["ticked"]
    seen = visible(user).filter(pk__in=rows & ticked).values_list("pk", flat=True)
    if do == CLEAR:
        return change_selection(user, drop=selected(user), now=now)
    if do == ALL:
        return change_selection(user, drop=rows, add=search.ids(), now=now)
    gone = rows | search.ids() if do == NONE else rows
    return change_selection(user, drop=gone, add=() if do == NONE else seen, now=now)
