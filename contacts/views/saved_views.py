"""Saved views of the contact manager: save, rename, share, delete, open with."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.names import NameField
from config.pages import page
from config.requests import Request
from contacts import columns, saved_views
from contacts.listing import DEFAULT_SORT, Search, clean_address
from contacts.models import SavedView
from contacts.saved_views import ChangedMeanwhileError
from users.access import reads, signed_in

PER_PAGE = 25


class ViewForm(forms.Form):
    """A view's name and whom it is for."""

    name = NameField(label=gettext_lazy("Name"), max_length=120)
    shared = forms.BooleanField(label=gettext_lazy("for everybody in the account"), required=False)
    opens = forms.BooleanField(
        label=gettext_lazy("open the contact manager with it"), help_text=gettext_lazy("For you alone."), required=False
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, may_share: bool, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        if not may_share:
            del self.fields["shared"]


@require_safe
def views(request: Request) -> HttpResponse:
    """The views that the user may open."""
    user = signed_in(request)
    found = Paginator(saved_views.views_of(user), PER_PAGE).get_page(request.GET.get("page"))
    opens = saved_views.opens_with(user)
    rows = [(view, saved_views.address_of(view), saved_views.may_change(user, view)) for view in found.object_list]
    context = {"page": found, "rows": rows, "opens_with": opens}
    return page(request, "contacts/saved_views.html", context, part="rows")


@reads
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: Request) -> HttpResponse:
    """Saves the list of the address as a new view: its filters, its order, its columns."""
    user, now = signed_in(request), request.now
    search = Search.of(request)
    try:
        begun = saved_views.view_in(request)
    except ValidationError:
        begun = None
    form = ViewForm(request.POST if request.method == "POST" else None, may_share=user.may_write)
    context = {"search": search, "form": form, "back": manager_address(request), "here": request.get_full_path()}
    if search.errors:
        return page(request, "contacts/save_view.html", context, part="question", status=422)
    context["chips"] = search.chips()
    if request.method != "POST":
        return page(request, "contacts/save_view.html", context, part="question")
    if form.is_valid():
        shown, _gone = columns.chosen(request, begun)
        try:
            made = saved_views.save_view(
                user,
                name=form.cleaned_data["name"],
                shared=form.cleaned_data.get("shared", False),
                query=saved_views.normal(request.GET, default_sort=DEFAULT_SORT),
                columns=[column.name for column in shown],
                now=now,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if form.cleaned_data["opens"]:
                saved_views.open_with(user, made)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": made.name})
            return redirect(saved_views.address_of(made))
    return page(request, "contacts/save_view.html", context, status=422)


@reads
@require_POST
def save_again(request: Request, pk: int) -> HttpResponse:
    """Writes the list of the address into the view that it began with. The address is the list's."""
    view, now = saved_views.view_to_change(request, pk), request.now
    search = Search.of(request)
    if search.errors:
        messages.error(request, _("The view is as it was: the list cannot be narrowed as asked."))
        return redirect(manager_address(request))
    shown, _gone = columns.chosen(request, view)
    try:
        saved_views.change_view(
            view,
            revision=revision_in(request),
            now=now,
            by=signed_in(request),
            query=saved_views.normal(request.GET, default_sort=DEFAULT_SORT),
            columns=[column.name for column in shown],
            shared=view.shared,
        )
    except ChangedMeanwhileError:
        messages.error(request, _("Somebody else has changed this view meanwhile. Look at it, then save again."))
        return redirect(manager_address(request))
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    view.refresh_from_db()
    return redirect(saved_views.address_of(view))


def revision_in(request: Request) -> int:
    """The revision that the button was drawn with; 0, which no view has, where it is none."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@reads
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: int) -> HttpResponse:
    """A view's name, and whom it is for."""
    user, now = signed_in(request), request.now
    view = saved_views.view_to_change(request, pk)
    opens = saved_views.opens_with(user)
    begins = {"name": view.name, "shared": view.shared, "opens": view == opens, "revision": view.revision}
    form = ViewForm(request.POST if request.method == "POST" else None, may_share=user.may_write, initial=begins)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and changed(form, view, request, now=now):
            if form.cleaned_data["opens"] != (view == opens):
                saved_views.open_with(user, view if form.cleaned_data["opens"] else None)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("contacts:views")
    return page(request, "contacts/edit_view.html", {"view": view, "form": form}, part="question", status=status)


def changed(form: ViewForm, view: SavedView, request: Request, *, now: datetime) -> bool:
    """Whether the name and the sharing were written; if not, the form says why."""
    given = form.cleaned_data
    wanted = {"name": given["name"], "shared": given.get("shared", view.shared)}
    try:
        saved_views.change_view(view, revision=given["revision"] or 0, now=now, by=signed_in(request), **wanted)
    except ChangedMeanwhileError:
        form.add_error(None, _("Somebody else has changed this view meanwhile. Open the page anew."))
    except ValidationError as error:
        form.add_error(None, error)
    return form.is_valid()


@reads
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, pk: int) -> HttpResponse:
    """Deletes a view; asks first."""
    view = saved_views.view_to_change(request, pk)
    if request.method == "POST":
        view.delete()
        messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
        return redirect("contacts:views")
    return page(request, "contacts/delete_view.html", {"view": view}, part="question")


@reads
@require_POST
def opens(request: Request, pk: int = 0) -> HttpResponse:
    """Has the contact manager open with this view from now on; 0: with the plain list."""
    view = saved_views.view_for(request, pk) if pk else None
    saved_views.open_with(signed_in(request), view)
    if view is None:
        messages.success(request, _("The contact manager opens with the plain list."))
    else:
        messages.success(request, _("The contact manager opens with the view “%(name)s”.") % {"name": view.name})
    return redirect("contacts:views")


def manager_address(request: Request) -> str:
    """The list that the page was opened from."""
    return reverse("contacts:manager") + clean_address(request.GET).removesuffix("?")
