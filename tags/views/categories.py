"""The page of the category tree; making, renaming and counting one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.asked import problems_in
from config.pages import page
from config.requests import Request
from contacts.sight import require_whole_sight, sees_all, sight
from tags import categories as services
from tags import category_tree
from tags.counting import count_category
from tags.forms import CategoryForm, CategoryNameForm
from tags.models import Category
from tags.seeing import see_categories
from tags.selectors import category_for
from tags.tree import Branch, branches
from tags.usage import uses_of
from users.access import writers_only


def categories(request: Request) -> HttpResponse:
    """The whole tree, or what a search finds in it; POST makes a category, at the top or below another."""
    if request.method == "POST":
        require_whole_sight(request.user)
    tree = branches()
    form = CategoryForm(request.POST or None, tree=tree, initial={"below": request.GET.get("below", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_category(given["name"], below=given["below"], now=request.now)
        except ValidationError as error:
            form.add_error("below" if error.code == "being_deleted" else "name", error)
        except Category.DoesNotExist:
            form.add_error("below", _("This category has just been deleted."))
        else:
            text = _("“%(name)s” is created. In criteria: %(path)s")
            messages.success(request, text % {"name": made.name, "path": made.slug_path})
            return redirect(place_of(made.pk))
    if "below" in request.GET and not form.is_bound:
        form.fields["name"].widget.attrs["autofocus"] = True
    context = {"form": form} | shown(request, tree)
    refused = form.is_bound or context["problems"]
    return page(request, "tags/categories.html", context, part="tree", status=422 if refused else 200)


def shown(request: Request, tree: list[Branch]) -> dict[str, Any]:
    """What the page shows of the tree, with the reader's own numbers; nothing where the address can't be understood."""
    text = request.GET.get("q", "").replace("\x00", "")[: category_tree.LONGEST_QUERY]
    problems = problems_in(request.GET, texts=["q", "below"])
    see_categories([branch.category for branch in tree], sight(request), now=request.now)
    whole = sees_all(request.user)
    return {
        "rows": [] if problems else category_tree.rows(tree, text=text),
        "tree": tree,
        "q": text,
        "problems": problems,
        "deletions": category_tree.deletions() if whole else [],  # their numbers are of all contacts
        "whole": whole,
    }


def place_of(pk: int) -> str:
    """The address of the page at the row of one category, which is then marked and has the focus."""
    return f"{reverse('tags:categories')}#category-row-{pk}"


@writers_only
def rename(request: Request, pk: int) -> HttpResponse:
    """Asks for the new name, and renames; paths of all below follow."""
    require_whole_sight(request.user)
    category = category_for(request, pk)
    form = CategoryNameForm(request.POST or None, initial={"name": category.name})
    if request.method == "POST" and form.is_valid():
        try:
            new = services.rename_category(category, form.cleaned_data["name"], now=request.now)
        except ValidationError as error:
            form.add_error("name", error)
        except Category.DoesNotExist as error:
            raise Http404 from error
        else:
            text = _("“%(old)s” is now called “%(new)s”. In criteria: %(path)s")
            messages.success(request, text % {"old": category.name, "new": new.name, "path": new.slug_path})
            return redirect(place_of(new.pk))
    context = {"category": category, "form": form, "uses": uses_of(category)}
    return page(request, "tags/rename_category.html", context, part="question", status=422 if form.is_bound else 200)


@require_POST
def count(request: Request, pk: int) -> HttpResponse:
    """Counts one category and those below it, at once."""
    count_category(category_for(request, pk), now=request.now)
    if request.htmx:
        return page(request, "tags/categories.html#tree", shown(request, branches()))
    return redirect("tags:categories")
