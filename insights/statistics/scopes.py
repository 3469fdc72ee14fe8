"""What statistics can be of: everybody, a tag, a category (with or without those below), a calculation of a segment,
whoever satisfies saved criteria, whoever the contact manager lists.

Each has a name for addresses: `all`, `tag.12`, `category.5`, `category.5.only`, `calculation.7`, `saved.3`. A list has
its own address, which its parts narrow further.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.listing import Search
from jobs.models import JobState
from segmentation.contact_sets import whole
from segmentation.criteria import Context, parse
from segmentation.criteria import category as categories
from segmentation.criteria import tag as tags
from segmentation.engine import evaluate
from segmentation.models import Calculation, SavedCriteria, Segment, bitmap_of
from tags.models import Category, Tag
from tags.tree import readable_path

ONLY = "only"  # this level


@dataclass(frozen=True)
class Scope:
    """A group of contacts. `kind`: `all`, `tag`, `category`, `segment`, `saved` or `contacts`, a list; `pk`: its own.

    criteria: that the same contacts satisfy, also later; None: there are none, as of a calculation of the past.
    as_of: when the group was found, if that is not now. find: the group in a context, all of it visible.
    """

    token: str
    kind: str
    pk: int
    name: str
    url: str
    list_url: str
    find: Callable[[Context], BitMap]
    criteria: dict[str, Any] | None = None
    as_of: datetime | None = None
    only: bool = False

    @property
    def everybody(self) -> bool:
        return self.kind == "all"


def everybody() -> Scope:
    return Scope(
        "all",
        "all",
        0,
        _("All contacts"),
        reverse("insights:statistics"),
        reverse("contacts:manager"),
        lambda context: context.everyone,
    )


def of_list(search: Search) -> Scope:
    """Whoever the contact manager lists."""
    words = "; ".join(chip.text for chip in search.chips())
    return Scope(
        "all",
        "contacts",
        0,
        words or _("All contacts"),
        f"{reverse('insights:contacts')}{search.query}",
        f"{reverse('contacts:manager')}{search.query}",
        lambda context: search.ids() & context.everyone,
    )


def of_tag(tag: Tag) -> Scope:
    """Whoever has it now."""
    return Scope(
        f"tag.{tag.pk}",
        "tag",
        tag.pk,
        tag.name,
        reverse("insights:tag", args=[tag.pk]),
        f"{reverse('contacts:manager')}?tag={tag.pk}",
        lambda context: tags.TABLE.having(tag.pk, None, context) & context.everyone,
        {"kind": "tag", "op": "any", "tags": [tag.name]},
    )


def of_category(category: Category, *, only: bool = False) -> Scope:
    """Whoever is in it now, or anywhere below it; `only`: in exactly this one."""

    def find(context: Context) -> BitMap:
        below = [category.pk] if only else context.catalog.categories_below(category.slug_path)
        return categories.TABLE.having_any(below, None, context) & context.everyone

    criteria = {"kind": "category", "op": "any", "categories": [category.slug_path]}
    url, listed = reverse("insights:category", args=[category.pk]), reverse("contacts:manager")
    return Scope(
        f"category.{category.pk}.{ONLY}" if only else f"category.{category.pk}",
        "category",
        category.pk,
        readable_path(category),
        f"{url}?level={ONLY}" if only else url,
        f"{listed}?category{'_only' if only else ''}={category.pk}",
        find,
        criteria | ({"only_this_level": True} if only else {}),
        only=only,
    )


def of_calculation(segment: Segment, calculation: Calculation) -> Scope:
    """The members of one calculation who still are contacts."""
    latest = calculation.pk == segment.latest_id
    url = reverse("insights:segment", args=[segment.pk])
    return Scope(
        f"calculation.{calculation.pk}",
        "segment",
        segment.pk,
        segment.name,
        url if latest else f"{url}?calculation={calculation.pk}",
        f"{reverse('contacts:manager')}?calculation={calculation.pk}",
        lambda context: bitmap_of(calculation.members) & context.everyone,
        {"kind": "segment", "segment": segment.pk, "op": "in"} if latest else None,
        calculation.as_of,
    )


def of_saved(saved: SavedCriteria) -> Scope:
    """Whoever satisfies saved criteria now. Its `find` raises CriteriaError, where they name something deleted."""
    return Scope(
        f"saved.{saved.pk}",
        "saved",
        saved.pk,
        saved.name,
        reverse("segmentation:saved_edit", args=[saved.pk]),
        f"{reverse('contacts:manager')}?saved={saved.pk}",
        lambda context: evaluate(parse(saved.criteria), context=context).members & context.everyone,
        {"kind": "saved", "criteria": saved.pk},
    )


def done(pk: int) -> Calculation | None:
    """A finished calculation with its members."""
    rows = Calculation.objects.filter(state=JobState.DONE).defer("joined", "left").select_related("segment")
    return rows.filter(pk=pk).first()


def named(token: str) -> Scope | None:
    """The one an address names, if it is still there."""
    kind, *rest = token.split(".")
    pk = whole(rest[0]) if rest else 0
    match kind, rest[1:]:
        case "all", [] if not rest:
            return everybody()
        case "tag", []:
            tag = Tag.objects.filter(pk=pk).first()
            return of_tag(tag) if tag else None
        case "category", [] | ["only"]:
            category = Category.objects.filter(pk=pk).first()
            return of_category(category, only=bool(rest[1:])) if category else None
        case "saved", []:
            saved = SavedCriteria.objects.filter(pk=pk).first()
            return of_saved(saved) if saved else None
        case "calculation", []:
            calculation = done(pk)
            return of_calculation(calculation.segment, calculation) if calculation else None
    return None
