"""The contact manager narrowed by a tag or a category: `?tag=ID`, `?category=ID`."""

from collections.abc import Iterator
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.forms.models import ModelChoiceIterator, ModelChoiceIteratorValue
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.requests import Request
from contacts.manager import ManagerFilter
from contacts.models import Contact
from contacts.sight import whole_sight
from tags.following import pk_now
from tags.models import Category, ContactCategory, ContactTag, Tag
from tags.tree import branches, readable_path

Contacts = QuerySet[Contact]
MOST_LISTED = 300  # tags in the list to choose from; any other is reached by its Who?


class UsedTags(ModelChoiceIterator):
    """The most used tags by name, and whichever is chosen now.

    For who sees some contacts only the first by name: how much others use them is not told.
    """

    field: "TagField"

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        yield "", self.field.empty_label or ""
        used = (F("contacts_count").desc(nulls_last=True), "pk") if self.field.whole else ("name",)
        most = Tag.objects.order_by(*used).values("pk")[:MOST_LISTED]
        for tag in Tag.objects.filter(Q(pk__in=most) | Q(pk=self.field.chosen)).order_by("name"):
            yield ModelChoiceIteratorValue(tag.pk, tag), tag.name


class TagField(forms.ModelChoiceField):
    """One tag by its id. Raises: ValidationError for one that does not exist."""

    iterator = UsedTags
    default_error_messages = {"invalid_choice": gettext_lazy("There is no such tag any more.")}

    def __init__(self, *, chosen: str, whole: bool, **kwargs: Any) -> None:
        self.whole = whole
        self.chosen = pk_now(int(chosen)) if chosen.isdecimal() and len(chosen) < 18 else None
        super().__init__(queryset=Tag.objects.all(), **kwargs)

    def to_python(self, value: Any) -> Any:
        """An address of before a merge leads to the contacts of the result."""
        text = str(value or "")
        return super().to_python(pk_now(int(text)) if text.isdecimal() and len(text) < 18 else value)


class Tree(ModelChoiceIterator):
    """The tree, each name set in by its depth."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        yield "", self.field.empty_label or ""
        for branch in branches():
            yield ModelChoiceIteratorValue(branch.pk, branch.category), branch.indented


class CategoryField(forms.ModelChoiceField):
    """One category by its id. Raises: ValidationError for one that does not exist."""

    iterator = Tree
    default_error_messages = {"invalid_choice": gettext_lazy("There is no such category any more.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Category.objects.all(), **kwargs)


class TagFilter(django_filters.Filter):
    field_class = TagField


class CategoryFilter(django_filters.Filter):
    field_class = CategoryField


def with_tag(queryset: Contacts, _name: str, tag: Tag | None) -> Contacts:
    if tag is None:
        return queryset
    return queryset.filter(Exists(ContactTag.objects.filter(contact=OuterRef("pk"), tag=tag)))


def in_category(queryset: Contacts, _name: str, category: Category | None) -> Contacts:
    """In it or anywhere below it."""
    if category is None:
        return queryset
    below = list(Category.objects.filter(path__startswith=category.path).values_list("pk", flat=True))
    return queryset.filter(Exists(ContactCategory.objects.filter(contact=OuterRef("pk"), category__in=below)))


TAG = ManagerFilter(
    name="tag",
    filter=lambda request: TagFilter(
        method=with_tag,
        label=gettext_lazy("Tag"),
        empty_label=gettext_lazy("Any"),
        chosen=request.GET.get("tag", ""),
        whole=whole_sight(request),
    ),
    words=lambda tag: _("Tag: %(name)s") % {"name": tag.name},
    criteria=lambda tag: {"kind": "tag", "op": "any", "tags": [tag.name]},
)


def category_filter(_request: Request) -> django_filters.Filter:
    return CategoryFilter(method=in_category, label=gettext_lazy("Category"), empty_label=gettext_lazy("Any"))


CATEGORY = ManagerFilter(
    name="category",
    filter=category_filter,
    words=lambda category: _("Category: %(name)s") % {"name": readable_path(category)},
    criteria=lambda category: {"kind": "category", "op": "any", "categories": [category.slug_path]},
)


def exactly_in(queryset: Contacts, _name: str, category: Category | None) -> Contacts:
    """In this very category, whoever is below it."""
    if category is None:
        return queryset
    return queryset.filter(Exists(ContactCategory.objects.filter(contact=OuterRef("pk"), category=category)))


CATEGORY_ONLY = ManagerFilter(
    name="category_only",
    filter=lambda _request: CategoryFilter(
        method=exactly_in, label=gettext_lazy("Category"), empty_label=gettext_lazy("Any"), widget=forms.HiddenInput
    ),
    words=lambda category: _("Category: %(name)s (only this level)") % {"name": readable_path(category)},
    criteria=lambda category: {
        "kind": "category",
        "op": "any",
        "categories": [category.slug_path],
        "only_this_level": True,
    },
    hidden=True,
)
