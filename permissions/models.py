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
