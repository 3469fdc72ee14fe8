"""Writing the tree of categories.

Every change of the tree locks its table against other changes: treebeard computes a node's place from what it read,
so two that add at once would take the same place, and a rename would miss a child added meanwhile. Reading, and
putting contacts in categories, goes on.
"""

import re
import unicodedata
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from treebeard.exceptions import PathOverflow

from config import names
from contacts.folding import folded
from jobs.models import ACTIVE
from jobs.services import due
from tags.counting import COUNTED_EVERY
from tags.hooks import Renamed, follow
from tags.models import Category, CategoryDeletion, ContactCategory
from tags.usage import InUseError, uses_of

LONGEST_NAME = 120
LONGEST_PATH = 500


class NotEmptyError(Exception):
    """A category was to be deleted that has categories below it or contacts in it."""


def create_category(name: str, *, below: Category | None = None, now: datetime) -> Category:
    """Make a category, at the top or below another.

    Raises: ValidationError, if the name is bad or its path taken; Category.DoesNotExist, if `below` is gone.
    """
    name = clean_name(name)
    with transaction.atomic():
        lock_tree()
        parent = Category.objects.get(pk=below.pk) if below else None
        refuse_going(parent)
        fields = {
            "name": name,
            "slug_path": free_path(name, parent=parent),
            "created_at": now,
            "contacts_count": 0,
            "subtree_count": 0,
            "counted_at": now,
        }
        try:
            made: Category = Category.objects.add_child(parent, fields) if parent else Category.objects.add_root(fields)
        except PathOverflow as error:
            raise ValidationError(_("The tree can be no deeper than this."), code="too_deep") from error
        due(now + COUNTED_EVERY)
    return made


def rename_category(category: Category, name: str, *, now: datetime) -> Category:
    """Give a category another name: its path and those of all below it change, and criteria follow, at once.

    Raises: ValidationError, if the name is bad or its path taken.
    """
    name = clean_name(name)
    with transaction.atomic():
        lock_tree()
        here: Category = Category.objects.get(pk=category.pk)
        refuse_going(here)
        path = free_path(name, parent=Category.objects.get_parent(here), besides=here)
        old, here.name = here.slug_path, name
        here.save(update_fields=["name"])
        if path != old:
            move_paths(here, old=old, new=path, now=now)
            here.slug_path = path
    return here


def move_paths(category: Category, *, old: str, new: str, now: datetime) -> None:
    """Rewrite the paths of a whole branch and tell those that keep them."""
    branch = list(Category.objects.filter(path__startswith=category.path))
    names = {each.slug_path: new + each.slug_path[len(old) :] for each in branch}
    if any(len(path) > LONGEST_PATH for path in names.values()):
        raise ValidationError(_("The path of a category below this one would become too long."), code="too_long")
    for each in branch:
        each.slug_path = names[each.slug_path]
    Category.objects.bulk_update(branch, ["slug_path"], batch_size=500)
    follow(Renamed("category", names), now=now)


def delete_category(category: Category) -> None:
    """Delete a category that nothing is in and nothing names.

    Raises: NotEmptyError; InUseError, if criteria or actions name it.
    """
    with transaction.atomic():
        lock_tree()
        here = Category.objects.select_for_update().get(pk=category.pk)  # waits for those that put contacts in it
        if here.numchild or ContactCategory.objects.filter(category=here).exists():
            raise NotEmptyError
        if uses := uses_of(here):
            raise InUseError(uses)
        here.delete()


def refuse_going(category: Category | None) -> None:
    """Raises: ValidationError, if the category, or one above it with its branch, is just being deleted."""
    if category is None:
        return
    active = CategoryDeletion.objects.filter(state__in=ACTIVE, category__isnull=False).select_related("category")
    for deletion in active:
        going: Category = deletion.category
        if category.pk == going.pk or (deletion.branch and category.path.startswith(going.path)):
            raise ValidationError(
                _("“%(name)s” is just being deleted."), params={"name": category.name}, code="being_deleted"
            )


def lock_tree() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE tags_category IN SHARE ROW EXCLUSIVE MODE")


def clean_name(name: str) -> str:
    """Trimmed, single spaces. Raises: ValidationError."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise ValidationError(_("Type a name."), code="empty")
    if len(name) > LONGEST_NAME:
        raise ValidationError(
            _("This is too long: at most %(limit)s characters."), params={"limit": LONGEST_NAME}, code="too_long"
        )
    if "/" in name:
        raise ValidationError(_("“/” stands between levels: a name can't hold it."), code="slash")
    if names.clean_name(name) != name or any(unicodedata.category(character)[0] == "C" for character in name):
        raise ValidationError(_("The name holds a character that can't be seen. Type it anew."), code="control")
    if not slug(name):
        raise ValidationError(_("A name needs at least one letter or digit."), code="no_letters")
    return name


def slug(name: str) -> str:
    """The name as one step of a path: small letters, Polish ones plain, everything between words a hyphen."""
    return re.sub(r"[\W_]+", "-", folded(name)).strip("-")


def free_path(name: str, *, parent: Category | None, besides: Category | None = None) -> str:
    """The path that `name` has below `parent`. Raises: ValidationError, if it is taken or too long."""
    path = f"{parent.slug_path}/{slug(name)}" if parent else slug(name)
    if len(path) > LONGEST_PATH:
        raise ValidationError(_("The path “%(path)s…” is too long."), params={"path": path[:60]}, code="too_long")
    if Category.objects.filter(slug_path=path).exclude(pk=besides.pk if besides else None).exists():
        raise ValidationError(
            _("There is already a category with the path %(path)s."), params={"path": path}, code="taken"
        )
    return path
