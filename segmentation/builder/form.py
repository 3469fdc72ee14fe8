"""The state of the criteria form: the layout, what is typed into it, and what is wrong with it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from pydantic import ValidationError

from config.requests import Request
from segmentation.builder import trees
from segmentation.builder.choices import Choices
from segmentation.builder.operations import pristine
from segmentation.builder.shape import Group, Item, Leaf, Shape, ShapeError, dump, empty, fill, load, refuse
from segmentation.builder.text import TextError, read_text, text_of
from segmentation.criteria import KINDS, Catalog, CriteriaError, Words, check, parse
from segmentation.parts.base import FormPart, Tree, Typed, UnfinishedError, Values
from segmentation.parts.conditions import prefix, used
from segmentation.templates import TEMPLATES, Template, emptied
from users.access import signed_in

if TYPE_CHECKING:
    from segmentation.builder.display import Display
    from segmentation.builder.drafts import Kept
    from segmentation.builder.live import Live
    from users.models import User

TRAVELS = {"undo": -1, "redo": 1}
LONGEST_ID = 19  # digits; what has as many or more names nothing


class BuilderErrors(ValueError):  # noqa: N818 - it stands for all of them
    """The criteria in the form can't be used; what is wrong stands at its place in the builder."""


@dataclass
class Builder:
    """The criteria form. Nothing in it is saved; pages ask it for `criteria()`."""

    shape: Shape
    place: str  # names the draft, and what is being edited: "segment:new", "segment:12", "saved:5"
    settings: Values = field(default_factory=dict)  # the other fields of the page's form, as typed
    problem: str = ""  # of the whole form
    operation: str = ""  # the button pressed, if it was one of the builder's
    focus: str = ""  # the element to focus after the next drawing
    notice: str = ""  # something to say about the button just pressed
    said: str = ""  # the same for those who do not see it
    moved: str = ""  # the node just moved
    as_sent: bool = False  # what a browser has sent just now: each field that its page showed must be among it
    refused: bool = False  # the button pressed could not be carried out: 422
    restored_at: datetime | None = None  # when the draft was kept that is shown
    kept_at: datetime | None = None  # when the draft was kept just now
    other: datetime | None = None  # when another window kept a draft that this page has not seen: nothing was kept
    window: str = ""  # which opened page this is; see segmentation.builder.drafts
    undo: bool = False  # whether there is a step back, and one on again
    redo: bool = False
    text: str | None = None  # the criteria as JSON, while they are edited so
    text_error: TextError | None = None
    errors: dict[str, dict[str, str]] = field(default_factory=dict)  # id -> field ("": the node itself) -> sentence
    shows_errors: bool = False

    def __post_init__(self) -> None:
        kind, _colon, key = self.place.partition(":")
        pk = int(key) if key.isascii() and key.isdecimal() and len(key) < LONGEST_ID else None
        self.origin = (kind, pk) if pk is not None and kind in ("segment", "saved") else None  # refers not to itself
        self.choices = Choices(
            without_segment=pk if kind == "segment" else None, without_saved=pk if kind == "saved" else None
        )
        self.live: Live | None = None
        self.display: Display | None = None
        self.catalog = Catalog()
        self.read: dict[str, Tree] = {}
        self.posted: Values = {}  # layout and fields as they were sent, before the button pressed was carried out
        self.behind: Shape | None = None  # while JSON is edited: the blocks as they were before
        self.sentence: SafeString | str = ""

    @property
    def operated(self) -> bool:
        """Whether one of the builder's own buttons was pressed: draw the page again, save nothing."""
        return bool(self.operation)

    @property
    def travels(self) -> bool:
        """Whether a step back or on was asked for."""
        return self.operation in TRAVELS

    @property
    def counts(self) -> bool:
        """Whether the numbers were asked for by a button."""
        return self.operation == "count"

    @cached_property
    def address(self) -> str:
        """Where the builder's buttons are answered: looked up once for a page of a thousand of them."""
        return reverse("segmentation:builder")

    @property
    def layout(self) -> str:
        """The hidden field."""
        return dump(self.behind or self.shape)

    @property
    def drawn(self) -> Values:
        """Layout and fields as a browser sends them; once they are ready to be drawn."""
        return {"shape": [self.layout]} | (self.display.sent() if self.display else {})

    def fields(self) -> Values:
        """Layout and fields as a form would send them, besides what the drawing adds."""
        found = {"shape": [self.layout]} | self.carried
        return found if self.text is None else found | {"json": [self.text]}

    @property
    def carried(self) -> Values:
        """What stands in the fields of all criteria."""
        leaves = (self.behind or self.shape).leaves()
        return {f"{leaf.id}-{name}": texts for leaf in leaves for name, texts in leaf.values.items()}

    @property
    def pristine(self) -> bool:
        return pristine(self.shape)

    def prepare(
        self, request: Request, *, counts: list[dict[str, Any]] | None = None, as_of: datetime | None = None
    ) -> None:
        """Makes ready what the templates draw; counts first, if a button asked for it. Keeps what was sent as a draft.

        counts: what each node came to in a past calculation, `[{"path", "count"}]`: for a page that is only read.
        as_of: the instant of that calculation: dates are told as they came to then.
        """
        from segmentation.builder.display import Drawer
        from segmentation.builder.live import counted_before, live

        now, zone = as_of or request.now, ZoneInfo(request.tenant.timezone)
        words = Words(now=now, zone=zone, catalog=self.catalog)
        if counts is not None:
            self.live = counted_before(self, counts, now=now)
            self.display = Drawer(self, self.live, words).display()
            return
        if request.method == "POST":
            self.remember(request)
        if self.counts and not self.problem:
            self.live = live(self, now=now, zone=zone)
            self.live.kept_at = self.kept_at
        self.tell(words)
        self.display = Drawer(self, self.live).display()
        self.remember_drawn(request)
        self.said = self.said or self.notice or self.display.standing(self.moved)

    def remember(self, request: Request) -> None:
        """Keeps the form as its user's draft and the change as a step, or takes a step back or on."""
        from segmentation.builder import drafts

        user = self._keeper(request)
        if user is None:
            return
        kept = drafts.keep_draft(user, self, drafts.Sent.of(request, self), now=request.now)
        if by := TRAVELS.get(self.operation):
            self.focus = f"builder-{self.operation}"
            kept = drafts.travel(user, self, by, kept)
        self._is_kept(kept)

    def remember_drawn(self, request: Request) -> None:
        """Notes what a page begins with, and the step that a button has made."""
        from segmentation.builder import drafts

        user = self._keeper(request)
        if user is None:
            return
        if request.method != "POST":
            self._is_kept(drafts.begin(user, self))
        elif self.operated and self.text is None:
            self._is_kept(drafts.keep_drawn(user, self, drafts.Sent.of(request, self)))

    def _keeper(self, request: Request) -> "User | None":
        """Whose draft this is; nobody's where it can't be drawn as it was sent."""
        return signed_in(request) if request.user and not (self.problem and self.text is None) else None

    def _is_kept(self, kept: "Kept") -> None:
        self.kept_at, self.other, self.undo, self.redo = kept.at, kept.other, kept.undo, kept.redo

    def show(self, form: Mapping[str, list[str]]) -> bool:
        """Shows criteria as they were sent once; False if they are of no use any more."""
        try:
            shape = load((form.get("shape") or [""])[0])
            fill(shape, form)
        except ShapeError:
            return False
        shape.last = max(shape.last, self.shape.last)  # an id never comes to mean something else
        self.shape, self.text, self.behind = shape, None, None
        return True

    def tell(self, words: Words) -> None:
        """Puts the criteria into words, what is unfinished as "…"."""
        from segmentation.builder.telling import told

        errors, shown, problem = self.errors, self.shows_errors, self.problem
        if not self.read:
            self.examine()
            self.errors, self.shows_errors, self.problem = errors, shown, problem
        self.sentence = told(self, words)

    # --- reading ---------------------------------------------------------------------------------------------
    def examine(self) -> bool:
        """Reads every criterion and notes what is wrong where; whether nothing is.

        Each criterion is read and checked alone, so that one that is unfinished hides nothing of the others.
        """
        self.errors, self.read = {}, {}
        if self.problem:
            return False
        for item in self.shape.items():
            if isinstance(item, Leaf):
                self._examine_leaf(item)
            elif not item.children:
                self.note(item.id, "", _("Nothing in here yet: add a criterion or remove this."))
        if not self.errors:
            built = self.built()
            try:
                check(parse(built.tree), self.catalog, origin=self.origin)
            except CriteriaError as error:
                self.note_criteria_error(error, built)
        return not self.errors and not self.problem

    def _examine_leaf(self, leaf: Leaf) -> None:
        part = part_of(leaf.values)
        if part is None:
            self.note(leaf.id, "what", _("Choose what to look at."))
            return
        try:
            tree = part.read(Typed(leaf.values, self.choices))
            check(parse(tree), self.catalog, origin=self.origin)
        except UnfinishedError as error:
            for name, message in error.errors.items():
                self.note(leaf.id, name, message)
        except CriteriaError as error:
            self.note(leaf.id, _field_at(error.path, leaf.values), error.message)
        else:
            self.read[leaf.id] = tree

    def _arrived(self) -> bool:
        """Whether no field is missing that the page showed: left out, "in the last 30 days" would mean "at any time".

        Asked only of what is to be used. After a button of the form the page shows what was taken instead.
        """
        if self.as_sent and self.text is None:
            for leaf in self.shape.leaves():
                part = part_of(leaf.values)
                for name in part.unsent(Typed(leaf.values, self.choices)) if part else ():
                    self.note(leaf.id, name, _("This did not arrive. Look at it and send the form again."))
        return not self.errors

    def note(self, node_id: str, name: str, message: str) -> None:
        """Writes down what is wrong at a node, or in one field of it."""
        self.errors.setdefault(node_id, {}).setdefault(name, message)

    def note_criteria_error(self, error: CriteriaError, built: trees.Built) -> None:
        """Puts what the language refuses at the node it is about; what is about the whole stands above the form."""
        node_id = built.node_at(error.path)
        if node_id is None or not error.path:
            self.problem = error.message
        else:
            self.note(node_id, "", error.message)

    def built(self) -> trees.Built:
        """The tree of everything; only after every criterion has been read."""
        return trees.to_tree(self.shape, lambda leaf: self.read[leaf.id])

    def built_item(self, item: Item) -> trees.Built:
        """The tree of one node; only if everything in it has been read."""
        return trees.item_tree(item, lambda leaf: self.read[leaf.id])

    def finished(self, item: Item) -> bool:
        """Whether the node and everything in it can be used."""
        if item.id in self.errors:
            return False
        return not isinstance(item, Group) or all(self.finished(child) for child in item.children)

    def criteria(self) -> Tree:
        """The criteria as the language writes them.

        Raises: BuilderErrors; every error is then shown at its place.
        """
        if not self.examine() or not self._arrived():
            self.shows_errors = True
            self.focus = "builder-json" if self.text is not None else self._first_wrong()
            raise BuilderErrors(self.problem or _("Some criteria are not finished."))
        return self.built().tree

    # --- as JSON ---------------------------------------------------------------------------------------------
    def to_text(self) -> None:
        """Shows the criteria as JSON; what is not finished stays as it is, and is marked."""
        if not self.examine():
            self.shows_errors = self.refused = True
            self.focus = self._first_wrong()
            self.notice = _("JSON can only say what is finished: finish what is marked, or remove it.")
            return
        self.open_text(text_of(self.built().tree))
        self.focus = "builder-json"

    def open_text(self, text: str) -> None:
        """The form with its criteria as JSON. The blocks stay behind it until the text is applied."""
        self.text, self.behind = text, self.shape
        try:
            self.shape = trees.to_shape(read_text(text, self.catalog, origin=self.origin), values_of)
        except TextError as error:
            self.text_error, self.problem = error, _("The JSON can't be used: %(problem)s") % {"problem": error.message}

    def apply_text(self) -> None:
        """Shows the blocks of the JSON, or what is wrong with it."""
        if self.text is None:
            refuse()
        if self.text_error is not None:
            self.refused, self.focus = True, "builder-json"
            return
        self.shape.last = max(self.shape.last, self.behind.last if self.behind else 0)
        self.text, self.behind = None, None
        self.focus = f"{self.shape.blocks[0].id}-menu"

    def leave_text(self) -> None:
        """Shows the blocks again as they were before the JSON."""
        if self.behind is None:
            refuse()
        self.shape, self.text, self.behind, self.text_error, self.problem = self.behind, None, None, None, ""
        self.focus = "builder-to-json"

    def _first_wrong(self) -> str:
        return next((f"{node}-{next(iter(wrong)) or 'menu'}" for node, wrong in self.errors.items()), "")

    # --- changing --------------------------------------------------------------------------------------------
    def insert(self, tree: Tree, values: Callable[[Tree], Values] | None = None) -> None:
        """Puts a copy of other criteria in: into an untouched form as they are, else beside what is there.

        `values`: what stands in the fields of each of them, if not what they say.
        """
        write = values or values_of
        other = trees.to_shape(tree, write)
        if self.pristine:
            last = self.shape.last
            self.shape = other
            self.shape.last = max(last, other.last)
            self.focus = f"{other.blocks[0].id}-menu"
            return
        framed = other.always is not None or other.leave_out is not None
        blocks = [trees.to_block(tree, self.shape, write)] if framed else trees.to_blocks(tree, self.shape, write)
        self.shape.blocks.extend(blocks)
        self.focus = f"{blocks[0].id}-menu"

    def insert_template(self, template: Template) -> None:
        """Puts ready-made criteria in; fields that only the account can fill in are empty and marked."""
        criteria = template.fitted(self.catalog).criteria
        self.insert(criteria, lambda criterion: emptied(values_of(criterion))[0])
        blanks = {leaf.id: emptied(values_of(leaf.source))[1] for leaf in self.shape.leaves() if leaf.source}
        self.examine()
        wrong = {node: self.errors.get(node, {}) for node in blanks}
        self.errors = {node: {name: wrong[node][name] for name in blanks[node]} for node in wrong if blanks[node]}
        if self.errors:
            self.shows_errors = True
            self.focus = next(f"{node}-{name}" for node, names in self.errors.items() for name in names)

    def insert_reference(self, saved_id: int) -> None:
        """Puts a live reference to saved criteria in, as a block of its own."""
        leaf = Leaf(self.shape.new_id(), values_of({"kind": "saved", "criteria": saved_id}))
        block = Group(self.shape.new_id(), "all", [leaf])
        self.shape.blocks = [block] if self.pristine and len(self.shape.tops()) == 1 else [*self.shape.blocks, block]
        self.focus = f"{leaf.id}-menu"


def _field_at(path: str, values: Values) -> str:
    """The field that the path within a criterion is about: `value.from` is the field `from`, if there is one.

    `where[0].value` is the field `value` of the first condition's row, `times.value` is `times_value`.
    """
    keys = re.findall(r"[a-z_]+", path)
    row = re.match(r"where\[(\d+)\]", path)
    if row and int(row[1]) < len(rows := used(values)):
        start = prefix(rows[int(row[1])])
        return start + next((key for key in reversed(keys) if start + key in values), "param")
    names = [name for key in reversed(keys) for name in (f"{keys[0]}_{key}", key)]
    return next((name for name in names if name in values), keys[0] if keys else "")


def part_of(values: Values) -> FormPart | None:
    """The form part of the kind chosen in `what`."""
    kind = KINDS.get((values.get("what") or [""])[0].partition(":")[0])
    return kind.form if kind else None


def values_of(criterion: Tree) -> Values:
    """What stands in the fields of a criterion."""
    part: FormPart = KINDS[criterion["kind"]].form
    return part.write(criterion)


# --- making one ----------------------------------------------------------------------------------------------
def from_criteria(tree: Tree | None, *, place: str) -> Builder:
    """The form showing `tree`, a valid one; None: one block that waits for its first criterion."""
    if tree is None:
        return Builder(empty(), place=place)
    try:
        return Builder(trees.to_shape(tree, values_of), place=place)
    except (KeyError, TypeError, ValidationError) as error:
        raise ValueError("from_criteria opens only what the language has accepted") from error


def from_template(key: str, *, place: str) -> Builder | None:
    """The form filled with ready-made criteria; None if there are none of that name."""
    builder = Builder(empty(), place=place)
    if key not in TEMPLATES:
        return None
    builder.insert_template(TEMPLATES[key])
    return builder
