"""`category`: labels in a tree. A category means itself and everything below, unless `only_this_level`."""

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, npgettext
from pydantic import Field
from pyroaring import BitMap

from segmentation.criteria import limits
from segmentation.criteria.base import Criterion, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError
from segmentation.criteria.evidence import labels_told
from segmentation.criteria.labels import Table, Within
from segmentation.criteria.telling import window_told
from segmentation.criteria.values.base import OPPOSITE
from segmentation.criteria.words import Sentence, Words, phrase
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values
from segmentation.parts.labels import label_operators
from segmentation.parts.moments import WindowInput
from tags.models import ContactCategory

TABLE = Table("category", "tags_contactcategory", label="category_id", since="assigned_at")
Path = Annotated[str, Field(min_length=1, max_length=limits.TEXT)]


class CategoryForm(FormPart):
    """Categories out of the tree."""

    kind = "category"
    icon = "folder"

    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("category", _("Category"), _("Labels"))]

    def controls(self, typed: Typed) -> list[Control]:
        op = typed.among("op", label_operators())
        level = [typed.one("only_this_level")] if typed.one("only_this_level") == "on" else []
        return [
            Control("op", "select", _("condition"), [op], [Option(*one) for one in label_operators().items()]),
            Control("categories", "pick", _("categories"), typed.many("categories"), typed.choices.categories),
            Control("only_this_level", "check", _("only this level"), level),
            *WindowInput(label=_("assigned when"), future=False).controls(typed),
        ]

    def read(self, typed: Typed) -> Tree:
        criterion: Tree = {"kind": "category", "op": typed.one("op"), "categories": typed.many("categories")}
        if not criterion["categories"]:
            typed.complain("categories", _("Choose at least one category."))
        if typed.one("only_this_level"):
            criterion["only_this_level"] = True
        criterion |= WindowInput().read(typed)
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {
            "what": ["category"],
            "op": [criterion["op"]],
            "categories": list(criterion["categories"]),
            "only_this_level": ["on"] if criterion.get("only_this_level") else [],
            **WindowInput().write(criterion),
        }


@register
class CategoryCriterion(Criterion):
    """`{"kind": "category", "op": "any", "categories": ["klient/media"]}`."""

    form: ClassVar = CategoryForm()
    refers: ClassVar = {"category": "categories"}

    kind: Literal["category"]
    op: Literal["any", "all", "none"]
    categories: Annotated[list[Path], Field(min_length=1, max_length=limits.VALUES)]
    only_this_level: bool = False
    within: Within = None

    def check(self, catalog: Catalog) -> None:
        for at, path in enumerate(self.categories):
            if path not in catalog.categories:
                raise RefusedError(
                    gettext_noop("There is no category “{path}”."), at=f"categories[{at}]", path=path[:120]
                )

    def members(self, context: Context) -> BitMap:
        meant = [self._ids(path, context.catalog) for path in self.categories]
        if self.op == "all":
            return BitMap.intersection(*(TABLE.having_any(ids, self.within, context) for ids in meant))
        having = TABLE.having_any(list({pk for ids in meant for pk in ids}), self.within, context)
        return context.but(having) if self.op == "none" else having

    def sentence(self, words: Words) -> Sentence:
        names = [self._name(path, words.catalog) for path in self.categories]
        told = words.all_of(names) if self.op == "all" else words.any_of(names)
        count = len(names)
        if self.within is None:
            template = {
                "any": npgettext(
                    "any of these", "is in the category {categories}", "is in the category {categories}", count
                ),
                "all": npgettext(
                    "all of these", "is in the category {categories}", "is in the categories {categories}", count
                ),
                "none": npgettext(
                    "none of these", "is not in the category {categories}", "is not in the category {categories}", count
                ),
            }[self.op]
            return phrase(template, categories=told)
        # Translators: window: "in the last 30 days (since 23 Oct)", "from 1 Nov to 5 Nov" …
        template = {
            "any": npgettext(
                "any of these",
                "was put in the category {categories} {window}",
                "was put in the category {categories} {window}",
                count,
            ),
            "all": npgettext(
                "all of these",
                "was put in the category {categories} {window}",
                "was put in the categories {categories} {window}",
                count,
            ),
            "none": npgettext(
                "none of these",
                "was not put in the category {categories} {window}",
                "was not put in the category {categories} {window}",
                count,
            ),
        }[self.op]
        return phrase(template, categories=told, window=window_told(self.within, words))

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        meant = {path: self._ids(path, context.catalog) for path in self.categories}
        ids = {pk for below in meant.values() for pk in below}
        links = ContactCategory.objects.filter(contact=contact, category__in=ids).order_by("assigned_at", "category")
        found = list(links.values_list("category", "category__slug_path", "assigned_at"))
        held = {pk for pk, _path, _at in found}
        missing = [path for path, below in meant.items() if held.isdisjoint(below)] if self.op == "all" else []
        return labels_told(
            [(names_of(path, words.catalog), at) for _pk, path, at in found],
            [self._name(path, words.catalog) for path in missing],
            ngettext("is not in it", "is in none of them", len(self.categories)),
            words,
        )

    def opposite(self) -> "CategoryCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None

    def _ids(self, path: str, catalog: Catalog) -> list[int]:
        return [catalog.categories[path].id] if self.only_this_level else catalog.categories_below(path)

    def _name(self, path: str, catalog: Catalog) -> str:
        name = names_of(path, catalog)
        # Translators: a category without those below it
        return _("{category} (only this level)").format(category=name) if self.only_this_level else name


def names_of(path: str, catalog: Catalog) -> str:
    """`Klient / Media`; as written where there is no such category (any more)."""
    steps = path.split("/")
    known = [catalog.categories.get("/".join(steps[: at + 1])) for at in range(len(steps))]
    return " / ".join(category.name if category else step for category, step in zip(known, steps, strict=True))
