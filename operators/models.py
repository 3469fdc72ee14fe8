"""Those who run Sito, and where they are signed in. Shared tables: an operator is no user of any account."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import LANGUAGES


class Operator(models.Model):
    """A person with a password, made on the command line."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=120)
    password = models.CharField(max_length=128)  # hashed, as those of users
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="operator_email_unique"),
            models.CheckConstraint(condition=models.Q(language__in=["en", "pl"]), name="operator_language"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def named(self) -> bool:
        """Whether there is a name beside the address."""
        return self.name not in ("", self.email)

    @property
    def signature(self) -> str:
        """What the log calls the operator, also later: "Olga <op@example.com>", or the address alone."""
        return f"{self.name} <{self.email}>" if self.named else self.email


class SignedIn(models.Model):
    """A browser that an operator signed in with. Its cookie holds what `key` is the SHA-256 of."""

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="signed_in")
    key = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.operator_id} {self.at}"
