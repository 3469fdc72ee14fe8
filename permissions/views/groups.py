"""The list of groups, making, changing and deleting one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.pages import page
from config.requests import Request
from contacts.services import LostUpdateError
from contacts.views.definitions import refuse
from permissions import selectors, services
from permissions.forms import GroupForm, ids_in
from permissions.models import PermissionGroup
from permissions.selectors import group_for
from permissions.services import BlindedError, Doer, FreedError
from permissions.words import lines
from users.access import administrators_only, signed_in

FORM = "permissions/form.html"


@require_safe
@administrators_only
def groups(request: Request) -> HttpResponse:
    """All groups, with how many contacts each shows now, and what was done to them."""
    context = {
        "rows": selectors.listed(),
        "at": request.now,
        "lines": lines(selectors.changes()),
    }
    return page(request, "permissions/groups.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: Request) -> HttpResponse:
    """A new group."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    if asked_to_save(request) and form.is_valid():
        try:
            made = services.create_group(**chosen(form), doer=doer(request))
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The group “%(name)s” is created.") % {"name": made})
            return redirect("permissions:groups")
    return shown(request, form, status=422 if asked_to_save(request) else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def group(request: Request, pk: int) -> HttpResponse:
    """One group: its name, users and categories, to be changed, and what was done to it.

    Nothing is written over what somebody else changed meanwhile (409). Who would see every contact from then on, or
    nobody, has to be agreed to (422).
    """
    here = group_for(request, pk)
    form = GroupForm(request.POST if request.method == "POST" else None, group=here)
    status = 422 if asked_to_save(request) else 200
    context: dict[str, Any] = {}
    if asked_to_save(request) and form.is_valid():
        try:
            saved = services.edit_group(
                here,
                **chosen(form),
                seen=form.cleaned_data["seen"] or 0,
                freed=form.cleaned_data["freed"],
                blinded=form.cleaned_data["blinded"],
                doer=doer(request),
            )
        except PermissionGroup.DoesNotExist as error:
            raise Http404 from error
        except LostUpdateError:
            status, context = 409, {"conflict": True}
        except FreedError as error:
            context = {"freed": error.users}
        except BlindedError as error:
            context = {"blinded": error.users}
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The group “%(name)s” is saved.") % {"name": saved})
            return redirect("permissions:groups")
    return shown(request, form, here, status=status, **context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks, with who would then see every contact, and deletes."""
    here = group_for(request, pk)
    status, problem = 200, ""
    if request.method == "POST":
        try:
            services.delete_group(here, freed=ids_in(request.POST.get("freed", "")), doer=doer(request))
        except PermissionGroup.DoesNotExist as error:
            raise Http404 from error
        except FreedError:
            status, problem = 422, _("Tick that these users may see every contact, or put them in another group first.")
        else:
            messages.success(request, _("The group “%(name)s” is deleted.") % {"name": here})
            return redirect("permissions:groups")
    users = list(here.users.values_list("pk", flat=True))
    reach = selectors.reach(selectors.categories_named(here), [], group=here)
    context = {"group": here, "users": users, "reach": reach, "freed": reach.freed, "problem": problem}
    return page(request, "permissions/delete.html", context, part="question", status=status)


@require_POST
@administrators_only
def look(request: Request, pk: int | None = None) -> HttpResponse:
    """What the users of a group as it stands in the form would see, while it is filled in."""
    here = group_for(request, pk) if pk is not None else None
    return page(request, f"{FORM}#effect", effect(request, GroupForm(request.POST, group=here), here))


def shown(
    request: Request,
    form: GroupForm,
    here: PermissionGroup | None = None,
    *,
    status: int,
    **more: Any,
) -> HttpResponse:
    """The form, with what it would do."""
    context = {
        "form": form,
        "group": here,
        "lines": lines(selectors.changes(here)) if here else [],
        **effect(request, form, here),
        **more,
    }
    return page(request, FORM, context, status=status)


def effect(request: Request, form: GroupForm, here: PermissionGroup | None) -> dict[str, Any]:
    reach = selectors.reach(form.chosen("categories"), form.chosen("users"), group=here)
    picked = bool(form.chosen("categories"))
    return {"reach": reach, "picked": picked, "group": here, "at": request.now}


def chosen(form: GroupForm) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("name", "users", "categories")}


def asked_to_save(request: Request) -> bool:
    """Not where it was only asked what the group would show."""
    return request.method == "POST" and "look" not in request.POST


def doer(request: Request) -> Doer:
    user = signed_in(request)
    return Doer(request.now, str(user), user)
