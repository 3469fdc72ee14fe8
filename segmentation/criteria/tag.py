"""`tag`: the flat labels."""

from typing import Annotated, ClassVar, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, npgettext
from pydantic import Field
from pyroaring import BitMap

from segmentation.criteria import limits
from segmentation.criteria.base import Criterion, Reference, register
from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import RefusedError, below
from segmentation.criteria.evidence import labels_told
from segmentation.criteria.labels import Name, Table, Within
from segmentation.criteria.telling import window_told
from segmentation.criteria.values.base import OPPOSITE
from segmentation.criteria.words import Sentence, Words, phrase
from segmentation.parts.base import Choosing, Control, FormPart, Option, Subject, Tree, Typed, Values
from segmentation.parts.labels import label_operators
from segmentation.parts.moments import WindowInput
from tags.models import ContactTag
from tags.normalising import parts

TABLE = Table("tag", "tags_contacttag", label="tag_id", since="assigned_at")


class TagForm(FormPart):
    """Tags as chips, with suggestions; `a, b` typed is two tags."""

    kind = "tag"
    icon = "tag"

    def subjects(self, _choices: Choosing) -> list[Subject]:
        return [Subject("tag", _("Tag"), _("Labels"))]

    def controls(self, typed: Typed) -> list[Control]:
        op = typed.among("op", label_operators())
        return [
            Control("op", "select", _("condition"), [op], [Option(*one) for one in label_operators().items()]),
            Control(
                "tags",
                "chips",
                _("tags"),
                self._tags(typed),
                suggestions="tags",
                hint=_("a tag, then Enter"),
                seen="tag",
            ),
            *WindowInput(label=_("assigned when"), future=False).controls(typed),
        ]

    def read(self, typed: Typed) -> Tree:
        tags = self._tags(typed)
        if not tags:
            typed.complain("tags", _("Type at least one tag."))
        op = typed.one("op")
        criterion = {"kind": "tag", "op": op, "tags": tags, **WindowInput().read(typed)}
        typed.finish()
        return criterion

    def write(self, criterion: Tree) -> Values:
        return {
            "what": ["tag"],
            "op": [criterion["op"]],
            "tags": list(criterion["tags"]),
            **WindowInput().write(criterion),
        }

    @staticmethod
    def _tags(typed: Typed) -> list[str]:
        """The chips as they are, then what is typed beside them."""
        chips = [name for name in typed.values.get("tags", []) if name]
        new = typed.one("tags_new").strip()
        names = parts(new) or [new] if new else []
        return [*chips, *(name for name in names if name not in chips)]


@register
class TagCriterion(Criterion):
    """`{"kind": "tag", "op": "any", "tags": ["VIP"]}`; names are normalised as everywhere, then matched exactly."""

    form: ClassVar = TagForm()
    refers: ClassVar = {"tag": "tags"}

    kind: Literal["tag"]
    op: Literal["any", "all", "none"]
    tags: Annotated[list[Name], Field(min_length=1, max_length=limits.VALUES)]
    within: Within = None

    @property
    def names(self) -> list[str]:
        """The tags meant, each once; `a, b` means two."""
        return list(dict.fromkeys(name for typed in self.tags for name in parts(typed)))

    def refine(self) -> None:
        for at, typed in enumerate(self.tags):
            if not parts(typed):
                raise RefusedError(gettext_noop("Nothing is left of this tag's name."), at=f"tags[{at}]")

    def check(self, catalog: Catalog) -> None:
        known = catalog.tags(self.names)
        for at, typed in enumerate(self.tags):
            for name in parts(typed):
                if known[name] is None:
                    raise RefusedError(gettext_noop("There is no tag “{name}”."), at=f"tags[{at}]", name=name)

    def references(self) -> list[Reference]:
        """The tags meant, by their normalised names."""
        return [
            Reference("tag", name, below(self.path, f"tags[{at}]"))
            for at, typed in enumerate(self.tags)
            for name in parts(typed)
        ]

    def members(self, context: Context) -> BitMap:
        ids = [pk for pk in context.catalog.tags(self.names).values() if pk is not None]
        if self.op == "all":
            return BitMap.intersection(*TABLE.having_each(ids, self.within, context).values())
        having = TABLE.having_any(ids, self.within, context)
        return context.but(having) if self.op == "none" else having

    def sentence(self, words: Words) -> Sentence:
        names = words.all_of(self.names) if self.op == "all" else words.any_of(self.names)
        count = len(self.names)
        if self.within is None:
            template = {
                "any": npgettext("any of these", "has the tag {tags}", "has the tag {tags}", count),
                "all": npgettext("all of these", "has the tag {tags}", "has the tags {tags}", count),
                "none": npgettext(
                    "none of these", "does not have the tag {tags}", "does not have the tag {tags}", count
                ),
            }[self.op]
            return phrase(template, tags=names)
        # Translators: window: "in the last 30 days (since 23 Oct)", "from 1 Nov to 5 Nov" …
        template = {
            "any": npgettext(
                "any of these", "was given the tag {tags} {window}", "was given the tag {tags} {window}", count
            ),
            "all": npgettext(
                "all of these", "was given the tag {tags} {window}", "was given the tags {tags} {window}", count
            ),
            "none": npgettext(
                "none of these", "was not given the tag {tags} {window}", "was not given the tag {tags} {window}", count
            ),
        }[self.op]
        return phrase(template, tags=names, window=window_told(self.within, words))

    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        links = ContactTag.objects.filter(contact=contact, tag__name__in=self.names).order_by("assigned_at", "tag")
        since = list(links.values_list("tag__name", "assigned_at"))
        held = {name for name, _at in since}
        missing = [name for name in self.names if name not in held] if self.op == "all" else []
        return labels_told(since, missing, ngettext("does not have it", "has none of them", len(self.names)), words)

    def opposite(self) -> "TagCriterion | None":
        return self.model_copy(update={"op": OPPOSITE[self.op]}) if self.op in OPPOSITE else None
