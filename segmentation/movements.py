"""Why each contact joined or left with a calculation. docs/segments.md, "Causes".

Between two calculations three things may have happened: data changed, then time passed, then criteria were edited. The
cause of a contact's move is the last of these steps at which it went over. So the present data are looked at twice
more, by the previous criteria: now, and at the previous instant; and only where that can tell something.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_array
from segmentation.criteria import Catalog, Context, CriteriaError, Criterion, Node, check, criteria, parse
from segmentation.criteria.base import Target
from segmentation.engine import Evaluation, evaluate
from segmentation.models import Calculation, Cause, Direction, bitmap_of

FEW = 5_000  # moved contacts whose own rows are read; of more the whole tree is evaluated anew
OWN = ("field", "attribute")  # kinds that look at a contact's own values

Moves = dict[tuple[Direction, Cause], BitMap]


@dataclass(frozen=True)
class Before:
    """The calculation before: which it was, whom it found, when and by what."""

    calculation: int
    members: BitMap
    as_of: datetime
    version: int
    criteria: Any
    erased: int = 0  # members that are in its set no more: they have left as well


def before_of(segment_id: int) -> Before | None:
    """The last done calculation of a segment, if it has one."""
    names = ("pk", "members", "as_of", "version", "version__criteria", "erased")
    found = Calculation.objects.filter(segment__latest=F("pk"), segment=segment_id).values_list(*names).first()
    if found is None:
        return None
    pk, members, as_of, version, tree, erased = found
    return Before(pk, bitmap_of(members), as_of, version, tree, erased.get("members", 0))


def moves(found: Evaluation, before: Before, *, version: int, alive: Callable[[], None] = lambda: None) -> Moves:
    """Who joined and who left since `before`, by cause: every one of them exactly once, no set empty.

    found: what the calculation itself found, in the snapshot that still is open. version: of its criteria.
    alive: called now and then while this takes its time; what it raises stops it.
    """
    joined, left = found.members - before.members, before.members - found.members
    told: Moves = {}
    if joined:
        told[Direction.JOINED, Cause.IMPORTED] = joined & _created_after(before.as_of, joined)
        joined -= told[Direction.JOINED, Cause.IMPORTED]
    if left:
        told[Direction.LEFT, Cause.ERASED] = left - found.context.reader.everyone
        left -= told[Direction.LEFT, Cause.ERASED]
    for cause, in_before_step in _Steps(found, before, version, alive).backwards():
        if not joined and not left:
            break
        inside = in_before_step(joined | left)
        told[Direction.JOINED, cause], told[Direction.LEFT, cause] = joined - inside, left & inside
        joined, left = joined & inside, left - inside
    told[Direction.JOINED, Cause.CHANGED], told[Direction.LEFT, Cause.CHANGED] = joined, left
    return {which: members for which, members in told.items() if members}


@dataclass
class _Steps:
    """The steps between two calculations, the last one first."""

    found: Evaluation
    before: Before
    version: int
    alive: Callable[[], None]

    def backwards(self) -> Iterator[tuple[Cause, Callable[[BitMap], BitMap]]]:
        """Each step that can have moved somebody, and of given contacts those who were inside before it."""
        catalog = self.found.context.catalog
        tree: Node | None = self.found.tree
        if self.version != self.before.version:
            tree = self._earlier_tree(catalog)
            if tree is None:
                yield Cause.EDITED, lambda moved: moved & self.before.members  # nobody would have moved by no criteria
                return
            earlier = tree
            yield Cause.EDITED, lambda moved: self._now(earlier, moved)
        if tree is not None and self.before.as_of < self.found.context.now:
            all_of_it = list(followed(tree, catalog, set()))
            if any(criterion.moves_with_time(catalog) for criterion in all_of_it):
                then = tree
                own = any(one.kind in OWN and getattr(one, "op", "") == "last" for one in all_of_it)
                yield Cause.PASSED, lambda moved: self._then(then, moved, own_values=own)

    def _earlier_tree(self, catalog: Catalog) -> Node | None:
        """The previous criteria; None if they can't be evaluated any more."""
        try:
            tree = parse(self.before.criteria)
            check(tree, catalog)
        except CriteriaError:
            return None
        return tree

    def _now(self, tree: Node, moved: BitMap) -> BitMap:
        return self._members(tree, moved, now=self.found.context.now)

    def _then(self, tree: Node, moved: BitMap, *, own_values: bool) -> BitMap:
        """At the previous instant. Values of contacts whose own have changed since count up to the present as well."""
        as_of, now = self.before.as_of, self.found.context.now
        touched = moved & _changed_after(as_of, moved) if own_values else BitMap()
        found = BitMap()
        if rest := moved - touched:
            found |= self._members(tree, rest, now=as_of, until=now)
        if touched:
            found |= self._members(tree, touched, now=as_of, until=now, own_until=now)
        return found

    def _members(
        self,
        tree: Node,
        moved: BitMap,
        *,
        now: datetime,
        until: datetime | None = None,
        own_until: datetime | None = None,
    ) -> BitMap:
        context = self.found.context
        if len(moved) > FEW and until is None:
            looked = copy.copy(context)  # with all it has read
        else:
            only = moved if len(moved) <= FEW else None
            looked = Context(
                now, context.zone, context.mask, only, until=until, own_until=own_until, catalog=context.catalog
            )
        looked.progress = lambda _done, _total: self.alive()
        return evaluate(tree, context=looked).members & moved


def followed(tree: Node, catalog: Catalog, seen: set[Target]) -> Iterator[Criterion]:
    """The criteria of a tree and of all that it has evaluated, each tree once."""
    for criterion in criteria(tree):
        yield criterion
        target = criterion.target()
        if target is not None and target.evaluated and target not in seen:
            seen.add(target)
            yield from followed(parse(catalog.criteria(target.kind, target.id)), catalog, seen)


def _created_after(at: datetime, among: BitMap) -> BitMap:
    return _with_time_after("created_at", at, among)


def _changed_after(at: datetime, among: BitMap) -> BitMap:
    return _with_time_after("updated_at", at, among)


def _with_time_after(column: str, at: datetime, among: BitMap) -> BitMap:
    query = f"SELECT string_agg(int4send(id), '') FROM contacts_contact WHERE {column} > %s"  # noqa: S608 - a constant
    params: list[Any] = [at]
    if len(among) <= FEW:
        query += " AND id = ANY(%s::int[])"
        params.append(id_array(among))
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return bitmap(cursor.fetchone()[0])
