"""The contact manager: search, filter, sort, page, select."""

from copy import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from pyroaring import BitMap

from config.pages import page
from config.requests import Request
from contacts import columns, saved_views
from contacts.forms import ALL, CLEAR, NONE, TICKS, TicksForm
from contacts.listing import DEFAULT_SORT, Search, clean_address
from contacts.manager import tools
from contacts.models import SavedView
from contacts.selecting import change_selection, selected
from contacts.selectors import visible
from contacts.sight import names, whole_sight
from users.access import signed_in

TEMPLATE = "contacts/manager.html"
VIEWS_SHOWN = 30  # in the menu above the list; the page of views has them all


def manager(request: Request) -> HttpResponse:
    """The list that the address asks for; 422 and no rows when it asks for something there is not."""
    user = signed_in(request)
    if not request.GET and not getattr(request, "htmx", False) and (own := saved_views.opens_with(user)):
        return redirect(saved_views.address_of(own))
    search = Search.of(request)
    context = shown(request, search)
    response = page(request, TEMPLATE, context, part="rows", status=422 if search.errors else 200)
    if getattr(request, "htmx", False):
        response["HX-Push-Url"] = request.path + clean_address(request.GET).removesuffix("?")
    return response


def shown(request: Request, search: Search) -> dict[str, Any]:
    """What the page shows of a search; of a refused one no rows."""
    view: SavedView | None = None
    try:
        view = saved_views.view_in(request)
    except ValidationError as error:
        search.refuse(" ".join(error.messages))
    context: dict[str, Any] = {"search": search, "sort": search.sort, "at": request.now}
    context |= viewed(request, view)
    if search.errors:
        return context | {"view_broken": view is not None and saved_wrong(request, view)}
    return context | listed(request, search, view)


def saved_wrong(request: Request, view: SavedView) -> bool:
    """Whether the view itself is refused as it was saved, whatever the address asks for beyond it."""
    saved = copy(request)
    saved.GET = QueryDict(view.query)
    return bool(Search.of(saved).errors)


def viewed(request: Request, view: SavedView | None) -> dict[str, Any]:
    """The view that the list began with, whether the list still is as it was saved, and the other views."""
    user = signed_in(request)
    mine = list(saved_views.views_of(user)[:VIEWS_SHOWN])
    opens = saved_views.opens_with(user)
    plain = reverse("contacts:manager") + (f"?view={saved_views.NO_VIEW}" if opens else "")
    found: dict[str, Any] = {
        "view": view,
        "views": [(each, saved_views.address_of(each)) for each in mine],
        "plain": plain,
        "stays": view.pk if view else saved_views.NO_VIEW if opens else "",
        "here": clean_address(request.GET),
    }
    if view is not None:
        names = columns.asked_names(request, view)
        same = saved_views.normal(request.GET, default_sort=DEFAULT_SORT) == view.query and names == view.columns
        found |= {
            "view_changed": not same,
            "view_url": saved_views.address_of(view),
            "may_change_view": saved_views.may_change(user, view),
        }
    return found


def listed(request: Request, search: Search, view: SavedView | None) -> dict[str, Any]:
    rows = search.page()
    chosen_columns, gone = columns.chosen(request, view)
    total = rows.paginator.count
    chosen = selected(request.user)
    nobody = not total and not visible(request.user).exists()
    return {
        "rows": rows,
        "total": total,
        "columns": chosen_columns,
        "columns_gone": len(gone),
        "lines": [
            (contact, contact.pk in chosen, cells)
            for contact, cells in columns.lines(request, chosen_columns, list(rows.object_list))
        ],
        "chips": search.chips(),
        "notes": search.notes(total),
        "unknown": "" if total else search.unknown(),
        "nobody": nobody,
        "shown_none": nobody and not whole_sight(request),
        "shown_by_none": nobody and not whole_sight(request) and not names(signed_in(request)),
        "tools": [tool for tool in tools.values() if not tool.selected],
        **selection(request, chosen, search),
    }


def selection(request: Request, chosen: BitMap, search: Search) -> dict[str, Any]:
    """What the line about the selected contacts shows; `here`: the list it stands above."""
    mine = [tool for tool in tools.values() if tool.selected]
    listed_of_them = len(chosen & search.listed) if chosen and search.filtered else len(chosen)
    return {
        "chosen": len(chosen),
        "chosen_listed": listed_of_them,
        "chosen_tools": mine,
        "here": clean_address(request.GET),
    }


# --- selecting ------------------------------------------------------------------------------------------------
@require_POST
def select(request: Request) -> HttpResponse:
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
        return page(request, TEMPLATE, selection(request, chosen, search), part="selection")
    return page(request, TEMPLATE, shown(request, search), part="rows")


def changed(request: Request, search: Search, form: TicksForm) -> BitMap:
    """What is selected after the change. Ticks count only for contacts that the user may see."""
    do, user, now = form.cleaned_data["do"], signed_in(request), request.now
    rows, ticked = form.cleaned_data["shown"], form.cleaned_data["ticked"]
    seen = visible(user).filter(pk__in=rows & ticked).values_list("pk", flat=True)
    if do == CLEAR:
        return change_selection(user, drop=selected(user), now=now)
    if do == ALL:
        return change_selection(user, drop=rows, add=search.ids(), now=now)
    gone = rows | search.ids() if do == NONE else rows
    return change_selection(user, drop=gone, add=() if do == NONE else seen, now=now)
