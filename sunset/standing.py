"""Whether a sunset is as it was set up. If something was deleted, changed or stopped, it acts on nobody and says so."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from accounts.models import Account
from actions.models import Action
from contacts.models import Consent
from permissions.selectors import narrowed
from rollout.selectors import Since, history_of
from segmentation.criteria import Catalog, CriteriaError, check, parse, references
from segmentation.models import Segment
from sunset.models import Stage, State, Sunset
from tags.following import tag_now
from tags.models import MergedTag, Tag

AREA = "sunset"  # of the rollout
TAG, UNTAG, WITHDRAW = "sunset_tag", "sunset_untag", "sunset_withdraw"
KINDS = {TAG: Stage.QUIET, WITHDRAW: Stage.DUE, UNTAG: Stage.BACK}


@dataclass(frozen=True)
class Fault:
    """What is not as it was set up; `text` is translated where it is shown. `url`: where to look.

    remedy: what else than ending it helps, as `text`.
    """

    text: str
    params: dict[str, Any]
    url: str = ""
    mendable: bool = False  # by letting it go on: nobody's work would be undone
    changeable: bool = False  # by changing the sunset
    remedy: str = ""

    @property
    def words(self) -> str:
        """In the reader's language."""
        return gettext(self.text) % self.params

    @property
    def advice(self) -> str:
        """The remedy in the reader's language."""
        return gettext(self.remedy) % self.params if self.remedy else ""


def tag_of(sunset: Sunset) -> Tag | None:
    """Its tag, or what that was merged into; None: it was deleted."""
    try:
        return tag_now(sunset.tag_id)
    except Tag.DoesNotExist:
        return None


def holding(tag: Tag) -> Sunset | None:
    """The sunset, not ended, whose tag it is."""
    ids = [tag.pk, *MergedTag.objects.filter(tag=tag).values_list("pk", flat=True)]
    return Sunset.objects.filter(tag_id__in=ids).exclude(state=State.ENDED).first()


def actions_of(sunset: Sunset) -> list[Action]:
    """Its recurring actions that were not stopped."""
    found = Action.objects.filter(kind__in=KINDS, params__sunset=sunset.pk, every_refresh=True, stopped_at=None)
    return list(found.order_by("pk"))


@dataclass(frozen=True)
class Around:
    """What sunsets depend on, as it is now, read for all of them at once.

    tags: by the id that a sunset noted; a merged one leads to the result, a deleted one is missing. holding: by the
    tag's own id, the sunsets not ended that have it, the newest first. doing: what is done again and again, by sunset.
    window: the account's, of engagement. area: when this one was open to the account. unusable: of the saved criteria
    that there are, those that name something that is gone, and what. authors: of what is done again and again, by
    sunset. narrowed: the users who do not see every contact, by id.
    """

    window: int
    area: Since
    tags: Mapping[int, Tag]
    holding: Mapping[int, Sequence[tuple[int, str]]]
    consents: Mapping[int, Consent]
    saved: AbstractSet[int]
    unusable: Mapping[int, CriteriaError]
    doing: Mapping[int, AbstractSet[tuple[str, int | None]]]
    authors: Mapping[int, AbstractSet[int]]
    narrowed: Mapping[int, str]

    def tag(self, sunset: Sunset) -> Tag | None:
        """Its tag, or what that was merged into; None: it was deleted."""
        return self.tags.get(sunset.tag_id)

    def closed(self, sunset: Sunset) -> bool:
        """Whether the area was closed to the account at any moment since somebody last let it go on."""
        return self.area.closed_since(sunset.on_since)

    def faults(self, sunset: Sunset) -> list[Fault]:
        """What keeps it from acting, if it is on; what would keep it from going on, if it is paused."""
        found = [*of_window(sunset, self), *of_labels(sunset, self), *of_segments(sunset), *of_owners(sunset, self)]
        return [*of_closing(sunset, self), *found, *of_actions(sunset, self)] if sunset.on else found


def around(sunsets: Sequence[Sunset]) -> Around:
    """Nine queries, and those of the saved criteria, however many they are.

    The account is read as it is now, not as a request or a job found it.
    """
    account = Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]
    live = list(Sunset.objects.exclude(state=State.ENDED).values_list("pk", "name", "tag_id"))
    noted = {each.tag_id for each in sunsets} | {tag for _pk, _name, tag in live}
    became = dict(MergedTag.objects.filter(pk__in=noted).values_list("pk", "tag"))
    there = Tag.objects.in_bulk({became.get(pk, pk) for pk in noted})
    tags = {pk: there[became.get(pk, pk)] for pk in noted if became.get(pk, pk) in there}
    holding: dict[int, list[tuple[int, str]]] = {}
    for pk, name, tag in live:
        if tag in tags:
            holding.setdefault(tags[tag].pk, []).append((pk, name))
    consents = {pk for each in sunsets for pk in each.consent_ids}
    saved = {each.versions["left_out"] for each in sunsets if each.versions.get("left_out")}
    catalog = Catalog()
    there_still = {pk for pk in saved if pk in catalog.saved}
    doing: dict[int, set[tuple[str, int | None]]] = {}
    authors: dict[int, set[int]] = {}
    recurring = Action.objects.filter(kind__in=KINDS, every_refresh=True, stopped_at=None)
    ours = recurring.filter(params__sunset__in=[each.pk for each in sunsets])
    for kind, params, author in ours.values_list("kind", "params", "created_by"):
        doing.setdefault(params["sunset"], set()).add((kind, params.get("consent")))
        authors.setdefault(params["sunset"], set()).add(author)
    return Around(
        window=account.engagement_days,
        area=history_of(AREA, account),
        tags=tags,
        holding=holding,
        consents=Consent.objects.in_bulk(consents),
        saved=there_still,
        unusable=unusable(there_still, catalog),
        doing=doing,
        authors=authors,
        narrowed={user.pk: str(user) for user in narrowed()},
    )


def unusable(saved: AbstractSet[int], catalog: Catalog) -> dict[int, CriteriaError]:
    """Why saved criteria cannot be used; those that can be are left out. As many queries for many as for few."""
    catalog.tags(tags_named(saved, catalog))  # all read at once, and kept
    found = {}
    for pk in saved:
        try:
            check(parse({"kind": "saved", "criteria": pk}), catalog)
        except CriteriaError as error:
            found[pk] = error
    return found


def tags_named(saved: AbstractSet[int], catalog: Catalog) -> set[str]:
    """The tags that saved criteria name, or the criteria that these refer to."""
    tags: set[str] = set()
    seen: set[tuple[str, Any]] = set()
    waiting: list[tuple[str, Any]] = [("saved", pk) for pk in saved]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        try:
            named = references(parse(catalog.criteria(*here)))
        except CriteriaError:
            continue  # told by the check
        tags |= {str(each.key) for each in named if each.kind == "tag"}
        waiting += [(each.kind, each.key) for each in named if each.kind in {"saved", "segment"}]
    return tags


def faults(sunset: Sunset) -> list[Fault]:
    """As `Around.faults`, of one."""
    return around([sunset]).faults(sunset)


def of_window(sunset: Sunset, now: Around) -> list[Fault]:
    """Whoever the account counts as engaged is never asked nor withdrawn from, whatever the window was once."""
    if now.window <= sunset.days:
        return []
    text = gettext_noop(
        "The account's engagement window in days (%(window)s) is longer than this sunset's days without a sign of life "
        "(%(days)s)."
    )
    remedy = gettext_noop(
        "Change its days, or have an administrator set a shorter engagement window. Then it goes on by itself."
    )
    return [Fault(text, {"window": now.window, "days": sunset.days}, changeable=True, remedy=remedy)]


def of_closing(sunset: Sunset, now: Around) -> list[Fault]:
    """Nothing is done until the look of the scheduler that pauses it, be the area open again by then."""
    if not now.closed(sunset):
        return []
    return [Fault(gettext_noop("This area was closed to the account meanwhile."), {}, mendable=True)]


def of_labels(sunset: Sunset, now: Around) -> list[Fault]:
    found = []
    tag = now.tag(sunset)
    if tag is None:
        found.append(Fault(gettext_noop("The tag %(name)s has been deleted."), {"name": sunset.tag_name}))
    else:
        for pk, name in [other for other in now.holding.get(tag.pk, ()) if other[0] != sunset.pk][:1]:
            text = gettext_noop(
                "The tag %(name)s is by now that of the sunset %(other)s as well: each needs one of its own."
            )
            found.append(Fault(text, {"name": tag.name, "other": name}, reverse("sunset:sunset", args=[pk])))
    gone: Sequence[str] = [name for pk, name in sunset.consents if pk not in now.consents]
    found += [Fault(gettext_noop("The consent %(name)s has been deleted."), {"name": name}) for name in gone]
    left_out = sunset.versions.get("left_out")
    if left_out and left_out not in now.saved:
        found.append(Fault(gettext_noop("The saved criteria of those who are left alone have been deleted."), {}))
    elif left_out in now.unusable:
        text = gettext_noop("Who is left alone cannot be told: %(problem)s")
        remedy = gettext_noop(
            "Change these saved criteria, or choose others for the sunset. Then it goes on by itself."
        )
        url = reverse("segmentation:saved_edit", args=[left_out])
        found.append(Fault(text, {"problem": now.unusable[left_out].message}, url, changeable=True, remedy=remedy))
    return found


def of_segments(sunset: Sunset) -> list[Fault]:
    found = []
    for stage in Stage:
        segment: Segment | None = sunset.segment_of(stage)
        if segment is None:
            text = gettext_noop("The segment “%(stage)s” has been deleted.")
            found.append(Fault(text, {"stage": stage.label}))
            continue
        url = reverse("segmentation:preview", args=[segment.pk])
        if segment.version_id != sunset.versions.get(stage):
            text = gettext_noop("The criteria of the segment %(name)s were changed.")
            found.append(Fault(text, {"name": segment.name}, url))
        if sunset.on and not segment.refreshes:
            text = gettext_noop("The segment %(name)s does not refresh any more.")
            found.append(Fault(text, {"name": segment.name}, url, mendable=True))
    return found


def of_owners(sunset: Sunset, now: Around) -> list[Fault]:
    """A segment holds nobody whom its owner does not see: of a part of the contacts it was never asked."""
    text = gettext_noop(
        "Its segments hold only contacts that their owner %(user)s sees, and these are not all contacts any more."
    )
    remedy = gettext_noop(
        "Have an administrator let %(user)s see every contact again: then it goes on by itself. Or end it, and have "
        "somebody who sees every contact set up a new one."
    )
    users = sorted(owners_of(sunset) & now.narrowed.keys())
    return [Fault(text, {"user": now.narrowed[pk]}, remedy=remedy) for pk in users]


def owners_of(sunset: Sunset) -> set[int]:
    segments = (sunset.segment_of(stage) for stage in Stage)
    return {each.owner_id for each in segments if each is not None and each.owner_id is not None}


def of_actions(sunset: Sunset, now: Around) -> list[Fault]:
    there = now.doing.get(sunset.pk, set())
    wanted = {(TAG, None), (UNTAG, None), *((WITHDRAW, pk) for pk in sunset.consent_ids)}
    found = []
    for kind, _consent in sorted(wanted - there, key=str):
        segment = sunset.segment_of(KINDS[kind])
        if segment is not None:
            text = gettext_noop("An action on the segment %(name)s was stopped.")
            url = reverse("actions:list", args=[segment.pk])
            found.append(Fault(text, {"name": segment.name}, url, mendable=True))
    text = gettext_noop(
        "Its actions reach only contacts that their author %(user)s sees, and these are not all contacts any more."
    )
    users = sorted(now.authors.get(sunset.pk, set()) & now.narrowed.keys() - owners_of(sunset))
    found += [Fault(text, {"user": now.narrowed[pk]}, mendable=True) for pk in users]
    return found


def whole_rows() -> QuerySet[Sunset]:
    """Sunsets, each read with its segments and their criteria."""
    return Sunset.objects.select_related("quiet__version", "due__version", "back__version", "left_out")


def with_segments(pk: int) -> Sunset | None:
    """A sunset with its segments, in one query."""
    return whole_rows().filter(pk=pk).first()
