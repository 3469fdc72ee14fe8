"""Labels that people put on contacts: tags (flat) and categories (a tree)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node

from contacts.models import Contact


class Tag(models.Model):
    """A short label in upper case; every name has passed `tags.normalising`."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    contacts_count = models.PositiveIntegerField(null=True)  # as of counted_at; recomputed by the scheduler
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="tag_name_not_empty")]

    def __str__(self) -> str:
        return self.name


class ContactTag(models.Model):
    """A tag on a contact, since `assigned_at`."""

    pk = models.CompositePrimaryKey("tag_id", "contact_id")
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="links", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tag_links")
    assigned_at = models.DateTimeField()


class Category(MP_Node):
    """A node of the tree. `slug_path` is its address in criteria: `klient/media`."""

    name = models.CharField(_("name"), max_length=120)
    slug_path = models.CharField(_("path"), max_length=500, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    node_order_by = ["name"]

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.CheckConstraint(condition=Q(slug_path__regex=r"^[^/\s][^/]*(/[^/]+)*$"), name="category_slug_path")
        ]

    def __str__(self) -> str:
        return self.name


class ContactCategory(models.Model):
    """A contact in exactly this category, since `assigned_at`; belonging to what lies above follows from the tree."""

    pk = models.CompositePrimaryKey("category_id", "contact_id")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="links", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="category_links")
    assigned_at = models.DateTimeField()
