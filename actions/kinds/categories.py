"""Add category, remove category. Both leave a permanent entry in each contact's history."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from pydantic import Field
from pyroaring import BitMap

from actions.kinds.base import Kind, Names, Params, Reference, author
from actions.kinds.forms import Draft, PartForm
from actions.models import ActionRun
from contacts.holding import holders
from jobs.errors import JobProblem
from tags import assigning, undoing
from tags.counting import count_category
from tags.models import Category, ContactCategory
from tags.pickers import allowed_to
from tags.tree import branches, readable_path, readable_paths
from users.models import User

INDENT = "\N{EN SPACE}\N{EN SPACE}"


class CategoryParams(Params):
    """One category by its id, and the name, after those above it, that it had when the action was planned."""

    category: int = Field(ge=1)
    name: str


class RemoveCategoryParams(CategoryParams):
    """`below`: also from every category under it, so that afterwards the contact is nowhere in that branch."""

    below: bool


class InTree(forms.models.ModelChoiceIterator):
    """The choices in the order of the tree, siblings by the alphabet, as everywhere."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        if self.field.empty_label is not None:
            yield "", str(self.field.empty_label)
        offered = {category.pk: category for category in self.queryset}
        for branch in branches():
            if branch.pk in offered:
                yield self.choice(offered[branch.pk])


class CategoryField(forms.ModelChoiceField):
    """The tree, a level further in for each level down."""

    iterator = InTree

    def __init__(self) -> None:
        super().__init__(Category.objects.all(), label=gettext_lazy("Category"), empty_label=gettext_lazy("Choose …"))

    def label_from_instance(self, obj: Any) -> str:
        return f"{INDENT * (obj.depth - 1)}{obj.name}"


class CategoryForm(PartForm):
    """Offers the categories that whoever asks may put contacts into."""

    category = CategoryField()

    def __init__(self, data: Any = None, *, now: datetime, by: User | None = None) -> None:
        super().__init__(data, now=now, by=by)
        field, allowed = self.fields["category"], allowed_to(by)
        if allowed is not None and isinstance(field, CategoryField):
            field.queryset = Category.objects.filter(pk__in=allowed)

    def plans(self) -> list[dict[str, Any]]:
        category = self.cleaned_data["category"]
        return [{"category": category.pk, "name": readable_path(category)}]

    def drafts(self) -> list[Draft]:
        return [Draft(self.said(plan), plan) for plan in self.plans()]

    def said(self, plan: dict[str, Any]) -> str:
        return _("Add category %(name)s") % {"name": plan["name"]}


class RemoveCategoryForm(CategoryForm):
    below = forms.BooleanField(
        label=gettext_lazy("also from the categories below it"),
        help_text=gettext_lazy("Without this, contacts of a category below it still count as being in it."),
        required=False,
        initial=True,
    )

    def plans(self) -> list[dict[str, Any]]:
        return [plan | {"below": self.cleaned_data["below"]} for plan in super().plans()]

    def said(self, plan: dict[str, Any]) -> str:
        return removed(plan["name"], below=plan["below"])


def removed(name: str, *, below: bool) -> str:
    if below:
        return _("Remove category %(name)s and those below it") % {"name": name}
    return _("Remove category %(name)s") % {"name": name}


class CategoryKind(Kind):
    """What adding and removing share."""

    undoable = True

    def references(self, params: CategoryParams) -> list[Reference]:
        return [Reference("category", params.category)]

    def named(self, params: CategoryParams, names: Names) -> str:
        return names.get(Reference("category", params.category), params.name)

    def category(self, params: CategoryParams) -> Category:
        """The category, kept from being deleted until the chunk is over."""
        with self.there(params):
            category = Category.objects.get(pk=params.category)
            assigning.hold(category)
        return category

    def permit(self, params: CategoryParams, *, by: User | None) -> None:
        """Only categories that show the author contacts, at the time of the run, however long ago it was planned."""
        self.refuse_others({params.category}, params, by=by)

    def permit_back(self, run: ActionRun, params: CategoryParams, *, by: User | None) -> None:
        self.refuse_others({params.category}, params, by=by)

    def refuse_others(self, categories: Iterable[int], params: CategoryParams, *, by: User | None) -> None:
        """Raises: JobProblem, if `by` may not use one of these."""
        allowed = allowed_to(by)
        if allowed is None or not (others := set(categories) - set(allowed)):
            return
        self.look_up(params)
        name = readable_paths(others)[min(others)]
        text = gettext_noop("%(user)s may not use the category %(name)s: their permission groups do not show it.")
        raise JobProblem(text, {"user": str(by), "name": name})

    def look_up(self, params: CategoryParams) -> Category:
        with self.there(params):
            return Category.objects.get(pk=params.category)

    @contextmanager
    def there(self, params: CategoryParams) -> Iterator[None]:
        """Turns a category that has been deleted into what the job's page says."""
        try:
            yield
        except Category.DoesNotExist:
            raise JobProblem(gettext_noop("The category %(name)s no longer exists."), {"name": params.name}) from None

    def finish(self, run: ActionRun, params: CategoryParams, *, now: datetime) -> None:
        recount_branch(params.category, now=now)

    def stopped(self, run: ActionRun, *, now: datetime) -> None:
        if run.changed_count:
            recount_branch(run.action.params["category"], now=now)


def recount_branch(pk: int, *, now: datetime) -> None:
    """Has the numbers on the categories' page right once the run's end is committed, as `recount_tag` does.

    From the root of the branch down: those above count the contacts of those below.
    """

    def count() -> None:
        if category := Category.objects.filter(pk=pk).first():
            count_category(Category.objects.get_root(category), now=now)

    transaction.on_commit(count, robust=True)


def branch_of(params: RemoveCategoryParams) -> set[int]:
    """The categories that it is taken out of; one that has been deleted stands alone."""
    [path] = Category.objects.filter(pk=params.category).values_list("path", flat=True) or [""]
    below = Category.objects.filter(path__startswith=path) if path and params.below else Category.objects.none()
    return {params.category, *below.values_list("pk", flat=True)}


class AddCategory(CategoryKind):
    name = "add_category"
    title = gettext_lazy("Add category")
    text = gettext_lazy("Puts the contacts into a category and notes it in their history.")
    icon = "folder-plus"
    Params = CategoryParams

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> CategoryForm:
        return CategoryForm(data, now=now, by=by)

    def sentence(self, params: CategoryParams, names: Names) -> str:
        return _("Add category %(name)s") % {"name": self.named(params, names)}

    def apply(self, run: ActionRun, params: CategoryParams, ids: BitMap, *, now: datetime) -> BitMap:
        by, user = author(run)
        category = self.category(params)
        return assigning.assign_category(ids, category, now=now, by=by, user=user, action_run_id=run.pk)

    def already(self, params: CategoryParams, ids: BitMap) -> BitMap:
        return holders(ContactCategory.objects.filter(category=params.category), ids)

    def standing(self, run: ActionRun, params: CategoryParams, ids: BitMap) -> BitMap:
        return undoing.category_still_on(ids, params.category, action_run_id=run.pk)

    def take_back(
        self, run: ActionRun, params: CategoryParams, ids: BitMap, *, now: datetime, by: User | None
    ) -> BitMap:
        with self.there(params):
            return undoing.take_category_back(
                ids, self.look_up(params), action_run_id=run.pk, now=now, by=str(by or ""), user=by
            )


class RemoveCategory(CategoryKind):
    name = "remove_category"
    title = gettext_lazy("Remove category")
    text = gettext_lazy("Takes the contacts out of a category and notes it in their history.")
    icon = "folder-minus"
    Params = RemoveCategoryParams

    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> RemoveCategoryForm:
        return RemoveCategoryForm(data, now=now, by=by)

    def sentence(self, params: RemoveCategoryParams, names: Names) -> str:
        return removed(self.named(params, names), below=params.below)

    def apply(self, run: ActionRun, params: RemoveCategoryParams, ids: BitMap, *, now: datetime) -> BitMap:
        by, user = author(run)
        category = self.category(params)
        return assigning.remove_category(
            ids, category, below=params.below, now=now, by=by, user=user, action_run_id=run.pk
        )

    def already(self, params: RemoveCategoryParams, ids: BitMap) -> BitMap:
        return ids - holders(ContactCategory.objects.filter(category__in=branch_of(params)), ids)

    def out_of_sight(self, params: RemoveCategoryParams, ids: BitMap, *, by: User | None) -> BitMap:
        allowed = allowed_to(by)
        if allowed is None:
            return BitMap()
        others = set(allowed) - branch_of(params)
        return ids - holders(ContactCategory.objects.filter(category__in=others), ids)

    def permit_back(self, run: ActionRun, params: CategoryParams, *, by: User | None) -> None:
        """All that the run took them out of: what was below the category then may lie elsewhere by now."""
        self.refuse_others({params.category, *undoing.categories_taken(run.pk)}, params, by=by)

    def standing(self, run: ActionRun, params: RemoveCategoryParams, ids: BitMap) -> BitMap:
        return undoing.categories_still_off(ids, action_run_id=run.pk)

    def take_back(
        self, run: ActionRun, params: RemoveCategoryParams, ids: BitMap, *, now: datetime, by: User | None
    ) -> BitMap:
        with self.there(params):
            return undoing.put_categories_back(
                ids, self.look_up(params), action_run_id=run.pk, now=now, by=str(by or ""), user=by
            )
