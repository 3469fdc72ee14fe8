"""What a report is of, named by a token: `all`, `segment.7`, `tag.12`, `category.5`, `category.5.only`, `saved.3`.

Unlike the scopes of statistics a segment is named itself, so that a report follows its calculations.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from contacts.folding import folded, plain
from insights.statistics import scopes
from insights.statistics.scopes import Scope
from segmentation.contact_sets import whole
from segmentation.models import Calculation, SavedCriteria, Segment
from tags.following import pk_now
from tags.models import Tag
from tags.tree import branches

MOST = 200  # of a kind listed in the form at once
ALL = "all"
Choices = list[tuple[str, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Source:
    """What a token names now. `scope` None: a segment that was never calculated."""

    token: str
    name: str
    scope: Scope | None
    url: str = ""


def source(token: str) -> Source | None:
    """The one a token names; None: it is gone, or the token names nothing."""
    kind, *rest = token.split(".")
    pk = whole(rest[0]) if rest else 0
    if kind == "segment" and len(rest) == 1:
        return _of_segment(token, pk)
    if kind == "tag" and len(rest) == 1 and pk:
        token = f"tag.{pk_now(pk)}"
    scope = scopes.named(token) if kind != "calculation" else None
    return Source(token, scope.name, scope, scope.url) if scope else None


def _of_segment(token: str, pk: int) -> Source | None:
    segment = Segment.objects.filter(pk=pk).first()
    if segment is None:
        return None
    latest: Calculation | None = scopes.done(segment.latest_id) if segment.latest_id else None
    return Source(token, segment.name, scopes.of_calculation(segment, latest) if latest else None)


@dataclass(frozen=True)
class Offer:
    """What a report can be of, by kind, in whose name `sought` stands. `cut`: there are more than are listed."""

    kinds: Choices
    cut: bool
    sought: str


def offered(words: str) -> Offer:
    """At most `MOST` of each kind, of those in whose name the words stand."""
    sought = folded(words)
    titles = [(branch.pk, branch.title) for branch in branches()]
    found = {
        "segment": (_("Segments"), named(Segment.objects.all(), sought)),
        "tag": (_("Tags"), named(Tag.objects.all(), sought)),
        "category": (
            _("Categories with everything below"),
            [(pk, title) for pk, title in titles if sought in folded(title)][: MOST + 1],
        ),
        "saved": (_("Saved criteria"), named(SavedCriteria.objects.all(), sought)),
    }
    kinds = [
        (title, [(f"{kind}.{pk}", name) for pk, name in rows[:MOST]]) for kind, (title, rows) in found.items() if rows
    ]
    return Offer(kinds, cut=any(len(rows) > MOST for _title, rows in found.values()), sought=words)


def named(rows: QuerySet[Any], sought: str) -> list[tuple[int, str]]:
    """One more than are listed, if there is one."""
    rows = rows.alias(plain_name=plain("name")).filter(plain_name__contains=sought) if sought else rows
    return list(rows.order_by("name").values_list("pk", "name")[: MOST + 1])
