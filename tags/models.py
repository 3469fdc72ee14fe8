"""Labels that people put on contacts: tags (flat) and categories (a tree)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, IntegerRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import BooleanField, F, Func, Q, Value
from django.db.models.functions import Collate, Upper
from django.db.models.lookups import Regex
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from contacts.models import Contact
from jobs.models import ACTIVE, Job
from tags.signs import MARKS, TURNED, character_class

# What the gate (`tags.normalising`) would have changed, said again for the database. A Polish letter is looked for in
# its pieces, as the gate does: another mark may stand on it as well.
TURNED_IN_A_NAME = f"[{character_class(TURNED)}]"
POLISH_IN_PIECES = "Ł|[AE]\\u0328|[CNOS]\\u0301|Z[\\u0301\\u0307]"
SAYS_SOMETHING = rf"[^][ _(){{}}–{character_class(MARKS)}-]"  # a letter or a number


class Tag(models.Model):
    """A short label in upper case; every name has passed `tags.normalising`."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    contacts_count = models.PositiveIntegerField(null=True)  # as of counted_at; recomputed by the scheduler
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="tag_name_not_empty"),
            models.CheckConstraint(
                condition=Q(name=Func(F("name"), function="btrim"))
                & Q(name=Upper(Collate("name", "pg_unicode_fast")))
                & Q(
                    Func(F("name"), template="(%(expressions)s IS NFC NORMALIZED)", output_field=BooleanField()),
                ),
                name="tag_name_normalised",
            ),
            models.CheckConstraint(condition=~Q(name__regex=TURNED_IN_A_NAME), name="tag_name_signs"),
            models.CheckConstraint(
                condition=~Q(
                    Regex(Func(F("name"), template="normalize(%(expressions)s, NFD)"), Value(POLISH_IN_PIECES)),
                ),
                name="tag_name_polish_plain",
            ),
            models.CheckConstraint(condition=Q(name__regex=SAYS_SOMETHING), name="tag_name_says_something"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactTag(models.Model):
    """A tag on a contact, since `assigned_at`."""

    pk = models.CompositePrimaryKey("tag_id", "contact_id")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="links", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tag_links")
    assigned_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.contact_id}"


class TagStar(models.Model):
    """A tag that one user wants first in the lists."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="stars")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "tag"], name="tagstar_once")]

    def __str__(self) -> str:
        return f"{self.tag_id} of {self.user_id}"


class TagMerge(Job):
    """Several tags becoming one, all at once: nobody sees it half done.

    `parts` are the tags as they were when it was asked for: [{"tag": id, "name", "contacts"}]. `result` is the one that
    is left, under `name`. What followed it (`follows`: {"segment": 2, …}) is counted for the list of merges.
    """

    name = models.CharField(max_length=120)
    parts = models.JSONField()
    result = models.ForeignKey(Tag, null=True, on_delete=models.SET_NULL, related_name="merges")
    made = models.BooleanField(default=False)  # the result was a new name: if nothing comes of it, it goes again
    by = models.CharField(max_length=254)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    contacts = models.PositiveIntegerField(null=True)  # with the result, once it is done
    several = models.PositiveIntegerField(null=True)  # of them, those who had more than one of the tags
    follows = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def tag_ids(self) -> list[int]:
        """The tags that become one, the result's own among them."""
        return [part["tag"] for part in self.parts]

    @property
    def others(self) -> list[str]:
        """The names that were given up."""
        return [part["name"] for part in self.parts if part["name"] != self.name]


class MergedTag(models.Model):
    """What has become of the id of a tag that was merged: whoever still has it in hand is led to the result."""

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=120)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="merged")
    merged_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Category(MP_Node):
    """A node of the tree. `slug_path` is its address in criteria: `klient/media`.

    Written only by `tags.categories`, which locks the table: treebeard alone gives two writers the same place.
    """

    name = models.CharField(_("name"), max_length=120)
    slug_path = models.CharField(_("path"), max_length=500, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    contacts_count = models.PositiveIntegerField(null=True)  # exactly in this category, as of counted_at
    subtree_count = models.PositiveIntegerField(null=True)  # in it or anywhere below it, each contact once
    counted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(condition=Q(slug_path__regex=r"^[^/\s][^/]*(/[^/]+)*$"), name="category_slug_path"),
            models.CheckConstraint(
                condition=~Q(name="") & Q(name=Func(F("name"), function="btrim")), name="category_name_trimmed"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ContactCategory(models.Model):
    """A contact in exactly this category, since `assigned_at`; belonging to what lies above follows from the tree."""

    pk = models.CompositePrimaryKey("category_id", "contact_id")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="links", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="category_links")
    assigned_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.contact_id} in {self.category_id}"


class Past(models.Model):
    """Contacts who had a label and lost it in one statement. Written by triggers alone: nothing can forget it.

    `since`: of each of `contacts`, in their order, when they had got it; `span`: no contact of the row is outside.
    A contact may stand in several rows, and have the label again now, since a moment before `removed_at` too: what was
    undone, merged, or passed on within one statement. Contacts that are deleted leave it at once.
    """

    contacts = ArrayField(models.IntegerField())
    since = ArrayField(models.DateTimeField())
    span = IntegerRangeField()
    removed_at = models.DateTimeField()

    class Meta:
        abstract = True


class PastTag(Past):
    """Who had a tag."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="past")

    class Meta:
        indexes = [GistIndex(fields=["span"], name="pasttag_span")]

    def __str__(self) -> str:
        return f"{self.tag_id} until {self.removed_at}"


class PastCategory(Past):
    """Who was in a category. Of one that is deleted they were `below` the next above it; a trigger sees to it."""

    category = models.ForeignKey(Category, on_delete=models.DO_NOTHING, related_name="past")
    below = models.BooleanField(db_default=False)

    class Meta:
        indexes = [GistIndex(fields=["span"], name="pastcategory_span")]

    def __str__(self) -> str:
        return f"{self.category_id} until {self.removed_at}"


class PastKnown(models.Model):
    """Since when every loss of a label is written down: one row, made with the tables."""

    since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="pastknown_one")]

    def __str__(self) -> str:
        return f"since {self.since}"


class Deletion(Job):
    """A label that goes though many contacts have it. `title`: what it was called, which outlives it."""

    of_tag = False
    title = models.CharField(max_length=400)
    by = models.CharField(max_length=254)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.title


class TagDeletion(Deletion):
    """A tag that goes with all its contacts at once: nobody sees it half done."""

    of_tag = True
    tag = models.ForeignKey(Tag, null=True, on_delete=models.SET_NULL, related_name="deletions")

    class Meta(Deletion.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tag"], condition=Q(state__in=ACTIVE), name="tagdeletion_one_at_a_time")
        ]


class CategoryDeletion(Deletion):
    """A category that goes with many contacts in it: they are passed on in chunks, then it is deleted.

    `branch`: with everything below it. `into`: where its contacts are put; `passes` and none: that has gone as well.
    The cursor is the last contact passed on; the title is the readable path.
    """

    category = models.ForeignKey(Category, null=True, on_delete=models.SET_NULL, related_name="+")
    branch = models.BooleanField(default=False)
    passes = models.BooleanField(default=False)
    into = models.ForeignKey(Category, null=True, on_delete=models.SET_NULL, related_name="+")
    into_title = models.CharField(max_length=400, blank=True, default="")

    class Meta(Deletion.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["category"], condition=Q(state__in=ACTIVE), name="categorydeletion_one_at_a_time"
            )
        ]
