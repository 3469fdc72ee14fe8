"""Deleting a category with whatever is in it and below it: what becomes of both is decided in the one question.

Those below it are moved, with all their contacts, or go as well. The contacts of what goes are put into another
category or taken out; each keeps an entry of both in its history. Up to `AT_ONCE` of them it is one transaction,
beyond a job.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from contacts.id_sets import bitmap
from jobs.errors import JobProblem
from jobs.models import ACTIVE
from jobs.services import chunk, finish, wake
from tags.assigning import assign_category, remove_category
from tags.categories import lock_tree, refuse_going
from tags.counting import count_category
from tags.models import Category, CategoryDeletion, ContactCategory, Deletion
from tags.moving import placed
from tags.tree import readable_path, readable_paths_below, sort_key
from tags.usage import InUseError, Use, uses_of
from users.models import User

AT_ONCE = 10_000  # contacts in what goes, two rows of history each: a second; more of them are passed on by a job
CHUNK = 10_000

# The lowest ids beyond the cursor that are in any of the categories: each is read along its index, no further.
NEXT = """
SELECT string_agg(int4send(contact_id), '') FROM (
    SELECT DISTINCT contact_id FROM unnest(%(labels)s::bigint[]) AS going (id), LATERAL (
        SELECT contact_id FROM tags_contactcategory WHERE category_id = going.id AND contact_id > %(after)s
        ORDER BY contact_id LIMIT %(most)s
    ) first
    ORDER BY contact_id LIMIT %(most)s
) next
"""


@dataclass(frozen=True)
class Choice:
    """What becomes of those below the category and of the contacts in what goes.

    branch: those below go as well; else they move to `below` (None: to the top). into: where contacts are put; None:
    they are taken out.
    """

    branch: bool = False
    below: Category | None = None
    into: Category | None = None


@dataclass(frozen=True)
class Deleted:
    """What it came to: how many contacts had what has gone, or have what the job is at."""

    contacts: int = 0
    job: Deletion | None = None


def dissolve(category: Category, choice: Choice, *, now: datetime, by: str, user: User | None) -> Deleted:
    """Delete the category as chosen.

    Raises: InUseError, if criteria, actions or permission groups name it or, of a branch, one below; ValidationError,
    if something can't be moved where it was to go; Category.DoesNotExist.
    """
    with transaction.atomic():
        lock_tree()
        here = Category.objects.select_for_update().get(pk=category.pk)  # waits for those that put contacts in it
        refuse_going(here)
        going = branch_of(here) if choice.branch else [here]
        refuse_used(going)
        into = destination(choice.into, going)
        touched = [root_of(here), into, *([] if choice.branch else Category.objects.get_children(here))]
        if not choice.branch:
            move_children(here, below=destination(choice.below, going), now=now)
        total, job = members_count([each.pk for each in going]), None
        if total > AT_ONCE:
            job = CategoryDeletion.objects.create(
                category=here,
                title=readable_path(here),
                branch=choice.branch,
                passes=into is not None,
                into=into,
                into_title=readable_path(into) if into else "",
                by=by[:254],
                user=user,
                requested_at=now,
                total=total,
            )
            wake(job, now=now)
        else:
            while ids := next_in(going, after=0):
                pass_on(here, ids, branch=choice.branch, into=into, now=now, by=by, user=user)
            remove(going)
    recount(touched, now=now)
    return Deleted(total, job)


def carry_on(job: CategoryDeletion, now: datetime) -> bool:
    """One step of a deletion: a chunk of contacts is passed on; when none is left, the category goes."""
    with chunk(job, now=now):
        here = Category.objects.filter(pk=job.category_id).first()
        if here is None:
            finish(job, now=now)
            return False
        into = goal_of(job)
        root = root_of(here)
        going = branch_of(here) if job.branch else [here]
        if ids := next_in(going, after=job.cursor):
            pass_on(here, ids, branch=job.branch, into=into, now=now, by=job.by, user=job.user)
            job.cursor = ids.max()
            job.progress += len(ids)
            job.total = max(job.total, job.progress)
        elif job.cursor:
            job.cursor = 0  # once more from the beginning: somebody may have been put in meanwhile
        else:
            lock_tree()
            list(Category.objects.select_for_update().filter(pk__in=[each.pk for each in going]))
            if next_in(going, after=0):
                return True  # by somebody who was waited for just now
            end(job, here, going)
            finish(job, now=now)
    if not job.active:
        recount([root, into], now=now)
    return job.active


def goal_of(job: CategoryDeletion) -> Category | None:
    """Where the job's contacts are put. Raises: JobProblem, if that is gone."""
    if job.passes and job.into is None:
        text = gettext_noop("The category that the contacts were to be put in has been deleted: %(title)s.")
        raise JobProblem(text, {"title": job.into_title})
    return job.into


def end(job: CategoryDeletion, here: Category, going: Sequence[Category]) -> None:
    """The last step. Raises: JobProblem, if something has come to need the category meanwhile."""
    if not job.branch and here.numchild:
        raise JobProblem(gettext_noop("A category has been put below it meanwhile: move that elsewhere first."), {})
    try:
        refuse_used(going)
    except InUseError as error:
        text = gettext_noop("Meanwhile it has come to be named by: %(uses)s. Nobody is in it any more.")
        raise JobProblem(text, {"uses": error.named}) from error
    remove(going)


def pass_on(
    here: Category,
    ids: BitMap,
    *,
    branch: bool,
    into: Category | None,
    now: datetime,
    by: str,
    user: User | None,
) -> None:
    """Put these contacts where they are to be, then take them out: at no moment are they in neither."""
    if into is not None:
        assign_category(ids, into, now=now, by=by, user=user)
    remove_category(ids, here, below=branch, now=now, by=by, user=user)


def next_in(going: Sequence[Category], *, after: int) -> BitMap:
    """The next contacts that are in one of the categories."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"labels": [each.pk for each in going], "after": after, "most": CHUNK})
        return bitmap(cursor.fetchone()[0])


def move_children(here: Category, *, below: Category | None, now: datetime) -> None:
    """Those right below it, with their branches, to another place. Raises: ValidationError that names the one."""
    children = sorted(Category.objects.get_children(here), key=lambda each: sort_key(each.name))
    for child in children:
        child = Category.objects.get(pk=child.pk)  # noqa: PLW2901 - its path changes with each move before
        place = Category.objects.get(pk=below.pk) if below else None
        try:
            placed(child, below=place, now=now)
        except ValidationError as error:
            said = {"name": child.name, "why": " ".join(error.messages)}
            raise ValidationError(_("“%(name)s” can't be moved: %(why)s"), params=said, code="child") from error


def destination(place: Category | None, going: Sequence[Category]) -> Category | None:
    """The same category as it is now. Raises: ValidationError, if it goes itself or has gone."""
    if place is None:
        return None
    current = Category.objects.filter(pk=place.pk).first()
    if current is None or current.pk in {each.pk for each in going}:
        raise ValidationError(_("Choose a category that stays."), code="goes")
    refuse_going(current)
    return current


def refuse_used(going: Sequence[Category]) -> None:
    """Raises: InUseError with everything that names one of them; of several, with the name of which."""
    titles = readable_paths_below(going[0])
    found: list[Use] = []
    for each in going:
        for use in uses_of(each):
            name = use.name if len(going) == 1 else f"{use.name} ({titles[each.pk]})"
            found.append(Use(use.what, name, use.url, use.administrators))
    goals = CategoryDeletion.objects.filter(state__in=ACTIVE, into__in=[each.pk for each in going])
    found += [Use(_("Being deleted, its contacts are put here"), deletion.title) for deletion in goals]
    if found:
        raise InUseError(found)


def branch_of(category: Category) -> list[Category]:
    """It and everything below it, from the top."""
    return list(Category.objects.filter(path__startswith=category.path).order_by("path"))


def members_count(ids: Sequence[int]) -> int:
    """How many contacts are in at least one of the categories."""
    return int(ContactCategory.objects.filter(category__in=ids).values("contact_id").distinct().count())


def remove(going: Sequence[Category]) -> None:
    """Nobody is in them any more."""
    Category.objects.get(pk=going[0].pk).delete()  # treebeard takes along what is below


def root_of(category: Category) -> Category:
    """The top of the tree that it is in."""
    root: Category = Category.objects.get(path=category.path[: Category.steplen])
    return root


def recount(touched: Iterable[Category | None], *, now: datetime) -> None:
    """The trees in which these are now, at once; those that have gone are passed over."""
    here = Category.objects.filter(pk__in=[each.pk for each in touched if each is not None])
    tops = {path[: Category.steplen] for path in here.values_list("path", flat=True)}
    for root in Category.objects.filter(path__in=tops):
        count_category(root, now=now)
