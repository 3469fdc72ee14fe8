"""Several tags becoming one: every contact of any of them has the result, once, since it first had one of them.

It is one transaction, so nobody sees it half done; readers go on with what was before, whoever labels somebody with one
of these tags waits until it is over and labels with the result (`tags.following`). The tag that most contacts have is
the one that stays, whatever it is called then: the rows of the others are all that is written. What it took is in
docs/labels.md, "Merging".

Rows are given another tag rather than made anew: who deletes a contact meanwhile finds them, and the database has the
contacts' existence to check for none of them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from contacts.id_sets import id_array
from contacts.label_writes import note_write
from contacts.models import LabelKind, LabelWrite
from jobs.errors import Cancelled, JobProblem
from jobs.models import ACTIVE
from jobs.services import chunk, finish, heartbeat, wake
from tags import hooks, seeing
from tags.following import hold_tags
from tags.models import Category, MergedTag, PastTag, Tag, TagDeletion, TagMerge
from tags.selectors import merges_of
from tags.services import delete_tag, one_name, refuse_going, there_by_now
from tags.usage import InUseError, Use
from users.models import User

PIECE = 50_000  # contacts written between two signs of life: about a quarter of a second
AT_ONCE = 20_000  # rows to write up to which a page does not wait for a worker
FEWEST = 2

# Of contacts with several of the tags the earliest row stays. They are locked as those who delete them do it, first.
LOCK_CONTACTS = "SELECT FROM contacts_contact WHERE id = ANY(%(ids)s::int[]) ORDER BY id FOR KEY SHARE"
DROP_LATER = """
DELETE FROM tags_contacttag link USING (
    SELECT tag_id, contact_id, row_number() OVER (PARTITION BY contact_id ORDER BY assigned_at, tag_id) AS place
    FROM tags_contacttag WHERE tag_id = ANY(%(tags)s) AND contact_id = ANY(%(ids)s::int[])
) ranked
WHERE place > 1 AND link.tag_id = ranked.tag_id AND link.contact_id = ranked.contact_id
"""
GIVE_RESULT = """
UPDATE tags_contacttag SET tag_id = %(result)s
WHERE tag_id = ANY(%(others)s) AND contact_id BETWEEN %(first)s AND %(last)s
"""
STARS = """
INSERT INTO tags_tagstar (user_id, tag_id)
SELECT DISTINCT user_id, %(result)s::bigint FROM tags_tagstar WHERE tag_id = ANY(%(others)s) ON CONFLICT DO NOTHING
"""


# --- asking --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Plan:
    """What a merge would do, counted as of `at`. `tags`: with their numbers; `result`: the name, there already or new.

    `together`: contacts with at least one of the tags, each once; `several`: those with more than one.
    """

    tags: list[Tag]
    result: str
    is_new: bool
    together: int
    several: int
    followers: list[hooks.Follower]
    at: datetime

    @property
    def rows(self) -> int:
        """How many rows it writes at most."""
        return sum(tag.contacts_count or 0 for tag in self.tags) + self.several

    @property
    def changing(self) -> list[hooks.Follower]:
        """Those that will find other contacts than before."""
        return [follower for follower in self.followers if follower.changes]

    @property
    def staying(self) -> list[hooks.Follower]:
        """Those that mean what they meant."""
        return [follower for follower in self.followers if not follower.changes]


def planned(tags: Sequence[Tag], text: str, *, now: datetime) -> Plan:
    """What merging `tags` into the tag that `text` names would do. Changes nothing.

    Raises: ValidationError, with the reason.
    """
    name = one_name(text)
    existing = Tag.objects.filter(name=name).first()
    parts = sorted({*tags, *([existing] if existing else [])}, key=lambda tag: tag.name)
    refuse(parts, name)
    having = seeing.holders_of("tag", [tag.pk for tag in parts])
    for tag in parts:
        tag.contacts_count, tag.counted_at = len(having.get(tag.pk, BitMap())), now
    together, several = united(having)
    followers = hooks.followers(parts, name)
    return Plan(parts, name, existing is None, len(together), len(several), followers, now)


def refuse(parts: Sequence[Tag], name: str) -> None:
    """Raises: ValidationError, if these cannot become one tag."""
    if len(parts) < FEWEST:
        raise ValidationError(
            _("There is nothing to merge: %(name)s is the only tag chosen."), params={"name": name}, code="alone"
        )
    refuse_going(parts)


def ask_merge(tags: Sequence[Tag], text: str, *, now: datetime, by: str, user: User | None) -> TagMerge:
    """Has the tags merged into the one that `text` names, which is made if need be; a worker does it.

    Raises: ValidationError.
    """
    name = one_name(text)
    with transaction.atomic():
        made = not Tag.objects.filter(name=name).exists()
        result = there_by_now([name], now=now)[name]
        held = hold_tags({tag.pk for tag in tags} | {result}, alone=True)
        parts = list(Tag.objects.filter(pk__in={tag.pk for tag in held.values()}).order_by("name"))
        refuse([tag for tag in parts if not made or tag.pk != result], name)
        merge = TagMerge.objects.create(
            name=name,
            parts=[{"tag": tag.pk, "name": tag.name, "contacts": tag.contacts_count} for tag in parts],
            result_id=result,
            made=made,
            requested_at=now,
            by=by,
            user=user,
        )
        wake(merge, now=now)
    return merge


# --- doing ---------------------------------------------------------------------------------------------------
def carry_out(merge: TagMerge, now: datetime) -> bool:
    """The one step of a merge. A worker killed in it leaves nothing of it behind; the next begins anew.

    Raises: JobProblem, if one of the tags is gone or going.
    """
    try:
        with transaction.atomic():
            become_one(merge, now)
    except Cancelled:
        tidy_up(merge, now)  # whoever cancelled it could not: we held the tags
        raise
    return False


def become_one(merge: TagMerge, now: datetime) -> None:
    """All of it, in the transaction around."""
    held = hold_tags(merge.tag_ids, alone=True)
    if len({tag.pk for tag in held.values()}) < len(merge.tag_ids):
        raise JobProblem(gettext_noop("One of the tags no longer exists. Nothing was merged."))
    if going := TagDeletion.objects.filter(tag__in=held, state__in=ACTIVE).first():  # asked for while this had failed
        raise JobProblem(gettext_noop("“%(name)s” is just being deleted."), {"name": going.title})
    having = {pk: BitMap() for pk in held} | seeing.read("tag", list(held))
    together, several = united(having)
    result = max(having, key=lambda pk: (len(having[pk]), pk == merge.result_id))
    others = [pk for pk in having if pk != result]
    moving = BitMap.union(BitMap(), *(having[pk] for pk in others))
    followers = Counter[str]()
    for follower in hooks.followers([Tag(pk=pk, name=tag.name) for pk, tag in held.items()], merge.name):
        followers[follower.kind] += follower.several
    for done in write(several, moving, result=result, others=others):
        heartbeat(merge, progress=done, total=len(several) + len(moving))
    follow(merge, result=result, others=others, several=several, count=len(together), now=now)
    with chunk(merge, now=now, saves=("result", "contacts", "several", "follows")):
        merge.result_id = result
        merge.contacts, merge.several, merge.follows = len(together), len(several), dict(followers)
        merge.progress = merge.total
        finish(merge, now=merge.lease.clock() if merge.lease else now)


def united(having: dict[int, BitMap]) -> tuple[BitMap, BitMap]:
    """Those with at least one of the tags, and those with more than one."""
    together, several = BitMap(), BitMap()
    for members in having.values():
        several |= together & members
        together |= members
    return together, several


def write(several: BitMap, moving: BitMap, *, result: int, others: list[int]) -> Iterator[int]:
    """Has everyone of `moving` have the result alone of all these tags; after each piece the contacts done so far."""
    done = 0
    with connection.cursor() as cursor:
        for ids in pieces(several):
            cursor.execute(LOCK_CONTACTS, {"ids": id_array(ids)})
            cursor.execute(DROP_LATER, {"ids": id_array(ids), "tags": [result, *others]})
            done += len(ids)
            yield done
        for ids in pieces(moving):
            bounds = {"first": ids.min(), "last": ids.max()}
            cursor.execute(GIVE_RESULT, bounds | {"result": result, "others": others})
            done += len(ids)
            yield done


def pieces(ids: BitMap) -> Iterator[BitMap]:
    """The ids in their order, so many at a time."""
    bounds = [*range(0, len(ids), PIECE), len(ids)]
    for first, end in pairwise(bounds):
        yield ids[first:end]


def follow(merge: TagMerge, *, result: int, others: list[int], several: BitMap, count: int, now: datetime) -> None:
    """What named the tags names the result: who wrote them, stars, criteria, actions; then they are gone."""
    before = dict(Tag.objects.filter(pk__in=[result, *others]).values_list("pk", "name"))
    with connection.cursor() as cursor:
        cursor.execute(STARS, {"result": result, "others": others})
    TagMerge.objects.filter(result__in=others).update(result=result)
    MergedTag.objects.filter(tag__in=others).update(tag=result)
    PastTag.objects.filter(tag__in=others).update(tag=result)  # who had one of them had the result
    MergedTag.objects.bulk_create(MergedTag(pk=pk, name=before[pk], tag_id=result, merged_at=now) for pk in others)
    Tag.objects.filter(pk__in=others).delete()
    Tag.objects.filter(pk=result).update(name=merge.name, contacts_count=count, counted_at=now)
    renamed = {name: merge.name for name in before.values() if name != merge.name}
    hooks.follow(hooks.Renamed("tag", renamed), now=now)
    for hook in hooks.merged:
        hook(hooks.Merged(dict.fromkeys(others, result), merge.name), now)
    follow_in_writes(result=result, others=others, several=several)


def follow_in_writes(*, result: int, others: list[int], several: BitMap) -> None:
    """Who wrote the tags wrote the result. Last and in the order of ids, as who erases a contact takes these rows."""
    writes = LabelWrite.objects.filter(kind=LabelKind.TAG, label_id__in=others)
    held = list(writes.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    LabelWrite.objects.filter(pk__in=held).update(label_id=result)
    # Whoever had several has the result by more than one hand: undoing one of them takes it from nobody.
    note_write(LabelKind.TAG, result, several)


def may_be_retried(merge: TagMerge) -> bool:
    """Whether all its tags are still there."""
    return Tag.objects.filter(pk__in=merge.tag_ids).count() == len(merge.tag_ids)


def tidy_up(merge: TagMerge, _now: datetime) -> None:
    """After a merge that came to nothing: a result made for it alone goes again, unless somebody has used it since.

    Waits for nobody: who cancels holds the merge's row, for which the one that holds the tags may be waiting.
    """
    if not merge.made:
        return
    with transaction.atomic():
        tag = Tag.objects.select_for_update(skip_locked=True).filter(pk=merge.result_id or 0).first()
        if tag is None or tag.links.exists():
            return
        with suppress(InUseError):
            delete_tag(tag)


def uses_of_merged(label: Tag | Category) -> list[Use]:
    """A tag that is just being merged is not deleted."""
    if not isinstance(label, Tag):
        return []
    found = merges_of([label.pk])
    return [Use(_("Merging"), f"{', '.join(merge.others)} → {merge.name}", reverse("tags:merges")) for merge in found]
