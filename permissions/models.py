"""Permission groups: which users see the contacts of which categories alone."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tags.models import Category


class PermissionGroup(models.Model):
    """Its users see the contacts in its categories and below; with several groups, those of all of them together.

    A user without a group sees everybody; one whose groups name no category, nobody. Owners and administrators see
    everybody whatever groups they are in.
    """

    name = models.CharField(_("group name"), max_length=120)
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="permission_groups", blank=True)
    categories = models.ManyToManyField(Category, through="GroupCategory", related_name="+", blank=True)
    created_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)  # grows with every edit: a form opened before it is refused

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="permissiongroup_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="permissiongroup_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupCategory(models.Model):
    """A category that a group names. The category cannot go while it does: that would change what users see."""

    group = models.ForeignKey(PermissionGroup, on_delete=models.CASCADE, related_name="named")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "category"], name="groupcategory_once")]

    def __str__(self) -> str:
        return f"{self.group_id}: {self.category_id}"


class ChangeKind(models.TextChoices):
    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")


class GroupChange(models.Model):
    """What somebody did to a group. Permanent: it names what it speaks of, and outlives group, users and categories.

    `detail` holds what changed of: "name" [old, new], "users_in", "users_out", "categories_in", "categories_out"
    (names at that time), "freed" (the users who saw every contact from then on).
    """

    group = models.ForeignKey(PermissionGroup, null=True, on_delete=models.SET_NULL, related_name="changes")
    name = models.CharField(max_length=120)  # of the group, after the change
    kind = models.CharField(max_length=10, choices=ChangeKind)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.CharField(max_length=254)  # a user's name, or what did it: "manage.py"
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=ChangeKind.values), name="groupchange_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
