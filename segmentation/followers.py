"""Segments that follow criteria of others: by a reference to saved criteria or to a segment, over any number between.

A change of what they refer to changes them with their next calculation, and whom their actions reach.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from segmentation import hooks
from segmentation.models import Segment

Origin = tuple[str, int]  # ("segment", id) or ("saved", id)

# Who refers to what, in criteria in force; `direct`: to its criteria themselves, not to what a calculation found.
EDGES = """
WITH written AS (
    SELECT 'segment' AS kind, s.id, v.criteria
    FROM segmentation_segment s JOIN segmentation_version v ON v.id = s.version_id
    UNION ALL
    SELECT 'saved', id, criteria FROM segmentation_savedcriteria
)
SELECT DISTINCT kind, id, one->>'kind',
       (one->>(CASE one->>'kind' WHEN 'saved' THEN 'criteria' ELSE 'segment' END))::int,
       one->>'kind' = 'saved' OR one->>'at' IS NOT DISTINCT FROM 'now' AS direct
FROM written, jsonb_path_query(
    criteria, 'strict $.** ? (@.type() == "object" && (@.kind == "saved" || @.kind == "segment"))') AS found(one)
"""


@dataclass(frozen=True)
class Follower:
    """A segment that follows. `direct`: its next calculation alone brings the change, no other is needed before."""

    segment: Segment
    direct: bool
    uses: list[hooks.Use]  # what acts on it by itself later


def followers(origin: Origin) -> list[Follower]:
    """The segments that follow it, by name; itself is none of them."""
    by_target: dict[Origin, list[tuple[Origin, bool]]] = defaultdict(list)
    for source, target, direct in references():
        by_target[target].append((source, direct))
    every = reached(origin, {target: [source for source, _direct in found] for target, found in by_target.items()})
    at_once = reached(
        origin, {target: [source for source, direct in found if direct] for target, found in by_target.items()}
    )
    ids = [pk for kind, pk in every if kind == "segment"]
    rows = Segment.objects.filter(pk__in=ids).select_related("version", "owner").order_by("name", "pk")
    return [Follower(row, ("segment", row.pk) in at_once, hooks.affected_by(row)) for row in rows]


def followed_by_others(user: int) -> set[int]:
    """The saved criteria that segments of others than the user follow, over anything between; two queries for all."""
    targets: dict[Origin, list[Origin]] = defaultdict(list)
    for source, target, _direct in references():
        targets[source].append(target)
    others = Segment.objects.exclude(owner=user).values_list("pk", flat=True)
    found = {target for pk in others for target in targets.get(("segment", pk), [])}
    found |= {target for one in list(found) for target in reached(one, targets)}
    return {pk for kind, pk in found if kind == "saved"}


def references() -> list[tuple[Origin, Origin, bool]]:
    """Who refers to what, and whether to its criteria themselves."""
    with connection.cursor() as cursor:
        cursor.execute(EDGES)
        rows = cursor.fetchall()
    return [((kind, pk), (what, referred), direct) for kind, pk, what, referred, direct in rows]


def reached(origin: Origin, edges: dict[Origin, list[Origin]]) -> set[Origin]:
    """All that `edges` lead to from `origin`, apart from itself."""
    found, open_ = {origin}, [origin]
    while open_:
        for source in edges.get(open_.pop(), []):
            if source not in found:
                found.add(source)
                open_.append(source)
    return found - {origin}


def uses_of_followers(found: Iterable[Follower]) -> list[hooks.Use]:
    """The segments that follow, and after each what acts on it."""
    uses = []
    for follower in found:
        name = follower.segment.name
        uses.append(hooks.Use(_("Segment"), name, reverse("segmentation:preview", args=[follower.segment.pk])))
        uses += [hooks.Use(use.what, f"{name}: {use.name}", use.url) for use in follower.uses]
    return uses
