"""The page of the category tree and what can be done to one category."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.pages import page
from contacts.sight import require_whole_sight, sight
from tags import categories as services
from tags.counting import count_category
from tags.forms import CategoryForm, CategoryNameForm
from tags.models import Category, ContactCategory
from tags.seeing import see_categories
from tags.selectors import category_for
from tags.tree import Branch, branches
from tags.usage import InUseError, uses_of
from users.access import writers_only


def categories(request: HttpRequest) -> HttpResponse:
    """The whole tree; POST makes a category, at the top or below another."""
    if request.method == "POST":
        require_whole_sight(request.user)
    form = CategoryForm(request.POST or None, initial={"below": request.GET.get("below", "")})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made = services.create_category(given["name"], below=given["below"], now=request.now)  # type: ignore[attr-defined]
        except ValidationError as error:
            form.add_error("name", error)
        except Category.DoesNotExist:
            form.add_error("below", _("This category has just been deleted."))
        else:
            text = _("“%(name)s” is created. In criteria: %(path)s")
            messages.success(request, text % {"name": made.name, "path": made.slug_path})
            return redirect("tags:categories")
    context = {"tree": seen_tree(request), "form": form, "whole": sight(request) is None}
    return page(request, "tags/categories.html", context, status=422 if form.is_bound else 200)


def seen_tree(request: HttpRequest) -> list[Branch]:
    """The tree with the reader's numbers."""
    tree = branches()
    see_categories([branch.category for branch in tree], sight(request), now=request.now)  # type: ignore[attr-defined]
    return tree


@writers_only
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for the new name, and renames; paths of all below follow."""
    require_whole_sight(request.user)
    category = category_for(request, pk)
    form = CategoryNameForm(request.POST or None, initial={"name": category.name})
    if request.method == "POST" and form.is_valid():
        try:
            new = services.rename_category(category, form.cleaned_data["name"], now=request.now)  # type: ignore[attr-defined]
        except ValidationError as error:
            form.add_error("name", error)
        except Category.DoesNotExist as error:
            raise Http404 from error
        else:
            text = _("“%(old)s” is now called “%(new)s”. In criteria: %(path)s")
            messages.success(request, text % {"old": category.name, "new": new.name, "path": new.slug_path})
            return redirect("tags:categories")
    context = {"category": category, "form": form, "uses": uses_of(category)}
    return page(request, "tags/rename_category.html", context, part="question", status=422 if form.is_bound else 200)


@writers_only
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, and deletes an empty category that nothing names."""
    require_whole_sight(request.user)
    category = category_for(request, pk)
    status, uses = 200, uses_of(category)
    if request.method == "POST":
        try:
            services.delete_category(category)
        except InUseError as error:
            status, uses = 422, error.uses
        except services.NotEmptyError:
            status = 422
        except Category.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("“%(name)s” is deleted.") % {"name": category.name})
            return redirect("tags:categories")
    context = {
        "category": category,
        "uses": uses,
        "contacts": ContactCategory.objects.filter(category=category).count(),
    }
    return page(request, "tags/delete_category.html", context, part="question", status=status)


@require_POST
def count(request: HttpRequest, pk: int) -> HttpResponse:
    """Counts one category and those below it, at once."""
    count_category(category_for(request, pk), now=request.now)  # type: ignore[attr-defined]
    if request.htmx:  # type: ignore[attr-defined]
        return page(request, "tags/categories.html#tree", {"tree": seen_tree(request), "whole": sight(request) is None})
    return redirect("tags:categories")
