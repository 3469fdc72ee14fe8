"""People who sign in to one account."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    MARKETER = "marketer", _("Marketer")
    ANALYST = "analyst", _("Analyst")


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class UserManager(BaseUserManager["User"]):
    """Finds a user by e-mail whatever its case; makes none (services do)."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username or "")


class User(AbstractBaseUser):
    """A person with a role. Lives inside the account's schema: means nothing in another."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.MARKETER)
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", "English"), ("pl", "Polski")], default="en"
    )
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role"),
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme"),
            models.CheckConstraint(condition=models.Q(language__in=["en", "pl"]), name="user_language"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def may_write(self) -> bool:
        return self.role != Role.ANALYST

    @property
    def administers(self) -> bool:
        return self.role in (Role.OWNER, Role.ADMINISTRATOR)
