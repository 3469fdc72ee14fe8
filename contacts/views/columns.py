"""Choosing the contact manager's columns and their order."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts import columns as catalogue
from contacts import saved_views
from contacts.listing import clean_address
from contacts.manager import Column
from contacts.models import SavedView
from contacts.ordered_choice import OrderedChoice
from contacts.views.saved_views import manager_address
from users.access import reads

TEMPLATE = "contacts/columns.html"


class ColumnsForm(OrderedChoice[Column], forms.Form):
    """The chosen columns are posted in `columns`, their order so far in `order`: one just chosen comes last.

    Buttons named `move` change the order; dragging changes that of `order`.
    """

    def __init__(self, data: Any = None, *, begins: list[str]) -> None:
        super().__init__(data)
        self.known = catalogue.every_column()
        ticked = data.getlist("columns") if data is not None else begins
        order = data.getlist("order") if data is not None else begins
        self.chosen = [name for name in dict.fromkeys([*order, *self.known]) if name in self.known and name in ticked]
        self.unknown = [name for name in ticked if name not in self.known]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.unknown:
            raise ValidationError(_("Some of these columns are no longer there. Look at the choice again."))
        if len(self.chosen) > catalogue.MOST:
            raise ValidationError(_("These are more columns than a list can show."))
        return cleaned


@reads
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: Request) -> HttpResponse:
    """Which columns, in which order; for oneself, or, where the list began with a view, for the list shown.

    The address is the list's. `do`: save, reset (what everybody begins with, or the view's own).
    """
    try:
        view = saved_views.view_in(request)
    except ValidationError:
        view = None
    shown, _gone = catalogue.chosen(request, view)
    begins = [column.name for column in shown]
    if request.method != "POST":
        return page(request, TEMPLATE, asking(request, ColumnsForm(begins=begins), view), part="question")
    form = ColumnsForm(request.POST, begins=begins)
    wish = request.POST.get("do", "save")
    if "move" in request.POST:
        form.move(request.POST["move"])
        return page(request, TEMPLATE, asking(request, form, view), part="question")
    if wish != "reset" and not form.is_valid():
        return page(request, TEMPLATE, asking(request, form, view), part="question", status=422)
    if view is not None:
        wanted = None if wish == "reset" or form.chosen == view.columns else form.chosen
        return redirect(with_columns(request, wanted))
    catalogue.keep_columns(request, None if wish == "reset" else form.chosen)
    messages.success(request, _("The columns are kept for you."))
    return redirect(with_columns(request, None))


def asking(request: Request, form: ColumnsForm, view: SavedView | None) -> dict[str, Any]:
    return {"form": form, "view": view, "back": manager_address(request), "here": request.get_full_path()}


def with_columns(request: Request, names: list[str] | None) -> str:
    """The list that the page was opened from, with these columns in its address, or without any."""
    query = request.GET.copy()
    query.pop("columns", None)
    if names is not None:
        query["columns"] = ",".join(names) or catalogue.NAME
    return reverse("contacts:manager") + clean_address(query).removesuffix("?")
