"""What changes the tree of categories: moving one, deleting one with what is in it. Each asks first, with numbers."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from contacts.sight import require_whole_sight
from tags import category_tree, moving
from tags.category_forms import DeleteForm, MoveForm
from tags.deleting import Deleted, dissolve, members_count
from tags.models import Category, ContactCategory
from tags.selectors import category_for
from tags.tree import readable_path
from tags.usage import InUseError, Use, uses_of
from tags.views.categories import place_of
from users.access import signed_in, writers_only

MOST_USES = 20  # named in a question about a whole branch


@writers_only
def move(request: Request, pk: int) -> HttpResponse:
    """Asks where to, and with `below` in the address tells what that would change; POST moves."""
    require_whole_sight(request.user)
    category = category_for(request, pk)
    parent = Category.objects.get_parent(category)
    given = request.POST if request.method == "POST" else request.GET if "below" in request.GET else None
    stood = parent.pk if parent else 0
    form = MoveForm(given, category=category, initial={"below": str(stood), "stood": stood})
    effect, status = None, 200
    if given is not None and form.is_valid():
        below = form.cleaned_data["below"]
        try:
            if request.method == "POST":
                moved = moving.move_category(
                    category,
                    below=below,
                    now=request.now,
                    stood=form.cleaned_data["stood"],
                )
                text = _("“%(name)s” is moved. In criteria: %(path)s")
                messages.success(request, text % {"name": moved.name, "path": moved.slug_path})
                return redirect(place_of(moved.pk))
            effect = moving.effect_of(category, below=below)
        except ValidationError as error:
            form.add_error("below", error)
        except moving.MovedMeanwhileError:
            form.add_error(None, _("Somebody has moved it meanwhile. Look again where it is to go."))
        except Category.DoesNotExist as error:
            raise Http404 from error
    if form.is_bound and form.errors:
        status = 422
    context = {
        "category": category,
        "title": readable_path(category),
        "form": form,
        "effect": effect,
        "stays": effect is not None and ((form.cleaned_data["below"] and form.cleaned_data["below"].pk) or 0) == stood,
        "stood": stood,
    }
    return page(request, "tags/move_category.html", context, part="question", status=status)


@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks what becomes of those below it and of its contacts, with numbers; POST does it, at once or as a job."""
    require_whole_sight(request.user)
    category = category_for(request, pk)
    parent = Category.objects.get_parent(category)
    numbers = asked(category, parent)
    given = request.POST if request.method == "POST" else None
    form = DeleteForm(given, category=category, parent=parent, holds=numbers["branch_contacts"] > 0)
    status, uses = 200, uses_of(category)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            user = signed_in(request)
            try:
                done = dissolve(category, form.choice(), now=request.now, by=str(user), user=user)
            except InUseError as error:
                uses = error.uses
            except ValidationError as error:
                form.add_error(None, error)
            except Category.DoesNotExist as error:
                raise Http404 from error
            else:
                messages.success(request, said(category, done))
                return redirect(place_of(parent.pk)) if parent else redirect("tags:categories")
    context = numbers | {"form": form, "uses": uses, "places": form.children_places}
    return page(request, "tags/delete_category.html", context, part="question", status=status)


def asked(category: Category, parent: Category | None) -> dict[str, Any]:
    """The numbers of the question, as of now."""
    below = list(Category.objects.filter(path__startswith=category.path).order_by("path"))
    own = ContactCategory.objects.filter(category=category)
    kept = own.filter(contact__category_links__category=parent).count() if parent else 0
    branch_uses: list[Use] = []
    for each in below[1:]:
        branch_uses += [
            Use(use.what, f"{use.name} ({each.name})", use.url, use.administrators) for use in uses_of(each)
        ]
    return {
        "category": category,
        "parent": parent,
        "below_count": len(below) - 1,
        "contacts": own.count(),
        "branch_contacts": members_count([each.pk for each in below]),
        "in_parent": kept,
        "branch_uses": branch_uses[:MOST_USES],
        "going": category_tree.going_of(category, category_tree.goings()),
    }


def said(category: Category, done: Deleted) -> str:
    """What it came to, in words."""
    if done.job is not None:
        text = _("“%(name)s” is being deleted: %(number)s contacts are in it.")
        return text % {"name": category.name, "number": number(done.contacts)}
    if not done.contacts:
        return _("“%(name)s” is deleted.") % {"name": category.name}
    text = ngettext(
        "“%(name)s” is deleted; %(number)s contact was in it.",
        "“%(name)s” is deleted; %(number)s contacts were in it.",
        done.contacts,
    )
    return text % {"name": category.name, "number": number(done.contacts)}
