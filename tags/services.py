"""Writing tags: making, renaming and deleting them, and one contact's labels with their history."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from pyroaring import BitMap

from contacts.models import Contact, EntryKind, HistoryEntry
from jobs.models import ACTIVE
from jobs.services import due_later
from tags.assigning import assign_category, assign_tag, remove_category, remove_tag
from tags.counting import COUNTED_EVERY, count_tag
from tags.following import hold_tags
from tags.hooks import Renamed, follow
from tags.models import Category, Tag, TagDeletion
from tags.normalising import normalise
from tags.selectors import merges_of
from tags.usage import InUseError, uses_of
from users.models import User


def tags_named(text: str, *, now: datetime) -> list[Tag]:
    """The tags that `text` names, in its order; those that do not exist yet are made. Held until the transaction ends.

    Two that name the same new tag at once get the same one; whoever names one that is just being merged, the result.
    Raises: ValidationError, as `tags.normalising.normalise`.
    """
    names = normalise(text)
    ids: dict[str, int] = {}
    held: dict[int, Tag] = {}
    with transaction.atomic():
        while missing := [name for name in names if ids.get(name) not in held]:  # again, if one has just been deleted
            ids |= there_by_now(missing, now=now)
            held |= hold_tags(ids[name] for name in missing)
        found = Tag.objects.in_bulk({tag.pk for tag in held.values()})
    return list({(tag := found[held[ids[name]].pk]).pk: tag for name in names}.values())


MAKE = """
INSERT INTO tags_tag (name, created_at, contacts_count, counted_at)
SELECT name, %s, 0, %s FROM unnest(%s::text[]) WITH ORDINALITY AS w (name, place) ORDER BY place
ON CONFLICT DO NOTHING RETURNING name, id
"""
TAKE_BACK = "DELETE FROM tags_tag WHERE id = ANY (%s::bigint[])"


def there_by_now(names: Iterable[str], *, now: datetime) -> dict[str, int]:
    """The ids of the tags with these names, which have passed the gate; those that do not exist yet are made."""
    return there_or_made(names, now=now)[0]


def there_or_made(names: Iterable[str], *, now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """As `there_by_now`, and those of them that were made here, which nobody else sees before the transaction ends."""
    ids = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
    missing = sorted(set(names) - ids.keys())
    made: dict[str, int] = {}
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(MAKE, [now, now, missing])
            made = dict(cursor.fetchall())
        ids |= made
        if missing := [name for name in missing if name not in made]:  # somebody else was quicker
            ids |= dict(Tag.objects.filter(name__in=missing).values_list("name", "pk"))
        due_later(now + COUNTED_EVERY)  # its callers lock tags next
    return ids, made


def take_back(made: Iterable[int]) -> None:
    """Unmakes tags that this very transaction made (`there_or_made`) and put on nobody."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_BACK, [sorted(made)])


def rename_tag(tag: Tag, text: str, *, now: datetime) -> Tag:
    """Give the tag a free name; criteria that name it follow in the same transaction.

    Raises: ValidationError, if the text is no one name, the name is taken (`taken`), or the tag is being merged or
    deleted; Tag.DoesNotExist.
    """
    name = one_name(text)
    try:
        with transaction.atomic():
            locked = Tag.objects.select_for_update().get(pk=tag.pk)
            refuse_going([locked])
            if locked.name == name:
                return locked
            old, locked.name = locked.name, name
            locked.save(update_fields=["name"])
            follow(Renamed("tag", {old: name}), now=now)
    except IntegrityError as error:
        if "tags_tag_name" not in str(error):
            raise
        raise ValidationError(
            _("There is already a tag %(name)s. Choose another name."), params={"name": name}, code="taken"
        ) from error
    return locked


def one_name(text: str) -> str:
    """The one name that `text` becomes. Raises: ValidationError."""
    names = normalise(text)
    if len(names) != 1:
        raise ValidationError(_("A comma separates two tags: type one name."), code="comma")
    return names[0]


def refuse_going(tags: Iterable[Tag]) -> None:
    """Raises: ValidationError, if one of the locked tags is just being merged with others, or deleted."""
    ids = [tag.pk for tag in tags]
    if deletion := TagDeletion.objects.filter(tag__in=ids, state__in=ACTIVE).first():
        raise ValidationError(
            _("“%(name)s” is just being deleted."), params={"name": deletion.title}, code="being_deleted"
        )
    if under_way := merges_of(ids).first():
        raise ValidationError(
            _("%(names)s are just being merged into %(name)s: wait until that is done."),
            params={"names": ", ".join(under_way.others), "name": under_way.name},
            code="being_merged",
        )


def delete_tag(tag: Tag) -> int:
    """Delete the tag and take it off every contact. Returns from how many.

    Raises: as `lock_unused`.
    """
    with transaction.atomic():
        locked = lock_unused(tag.pk)
        with connection.cursor() as cursor:  # the ORM would fetch every row first
            cursor.execute("DELETE FROM tags_contacttag WHERE tag_id = %s", [locked.pk])
            taken_off = int(cursor.rowcount)
        locked.delete()
    return taken_off


def lock_unused(pk: int) -> Tag:
    """The tag, which nobody puts on contacts before this transaction ends; those that are at it are waited for.

    Raises: InUseError, if criteria or actions name it; Tag.DoesNotExist.
    """
    locked = Tag.objects.select_for_update().get(pk=pk)
    if uses := uses_of(locked):
        raise InUseError(uses)
    return locked


def put_tags_on(contact: Contact, text: str, *, now: datetime, by: str, user: User | None) -> list[Tag]:
    """Put the tags that `text` names on one contact, with its history. Returns those it did not have.

    Raises: ValidationError, as `tags.normalising.normalise`.
    """
    with transaction.atomic():
        added = [tag for tag in tags_named(text, now=now) if assign_tag(BitMap([contact.pk]), tag, now=now)]
        note(contact, EntryKind.TAG_ADDED, [tag.name for tag in added], now=now, by=by, user=user)
    recount(added, now=now)
    return added


def take_tag_off(contact: Contact, tag: Tag, *, now: datetime, by: str, user: User | None) -> bool:
    """Take one tag off one contact, with its history. Returns whether it had it."""
    with transaction.atomic():
        had = bool(remove_tag(BitMap([contact.pk]), tag))
        note(contact, EntryKind.TAG_REMOVED, [tag.name] if had else [], now=now, by=by, user=user)
    recount([tag] if had else [], now=now)
    return had


def put_in_category(contact: Contact, category: Category, *, now: datetime, by: str, user: User | None) -> bool:
    """Put one contact in a category, with its history. Returns whether it was not in it."""
    with transaction.atomic():
        return bool(assign_category(BitMap([contact.pk]), category, now=now, by=by, user=user))


def take_out_of_category(contact: Contact, category: Category, *, now: datetime, by: str, user: User | None) -> bool:
    """Take one contact out of exactly this category, with its history. Returns whether it was in it."""
    with transaction.atomic():
        return bool(remove_category(BitMap([contact.pk]), category, now=now, by=by, user=user))


def recount(changed: list[Tag], *, now: datetime) -> None:
    """Count what a person just changed, each by itself and after the change: two counted in it could wait for another.

    A tag deleted meanwhile is passed over.
    """
    for tag in Tag.objects.filter(pk__in=[each.pk for each in changed]):
        count_tag(tag, now=now)


def note(contact: Contact, kind: EntryKind, labels: list[str], *, now: datetime, by: str, user: User | None) -> None:
    """Write down what happened to one contact."""
    HistoryEntry.objects.bulk_create(
        HistoryEntry(contact=contact, at=now, kind=kind, label=label, by=by, user=user) for label in labels
    )
