"""Accounts and their host names: the only tables every account shares."""

from zoneinfo import ZoneInfo

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from accounts.timezones import validate_timezone

validate_currency = RegexValidator(r"^[A-Z]{3}\Z", _("A currency is three capital letters: PLN, EUR, USD."))
LANGUAGES = [("en", "English"), ("pl", "Polski")]


class Account(TenantMixin):
    """One customer: a name, its settings and a PostgreSQL schema of its own."""

    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Warsaw", validators=[validate_timezone])
    currency = models.CharField(_("currency"), max_length=3, default="PLN", validators=[validate_currency])
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="en")
    engagement_days = models.PositiveSmallIntegerField(_("engagement window"), default=90)
    created_at = models.DateTimeField(auto_now_add=True)
    next_due_at = models.DateTimeField(null=True, db_index=True)  # when the scheduler next has work here
    dues = models.PositiveBigIntegerField(default=0)  # how often work was announced: tells a look that more has come

    auto_create_schema = True
    auto_drop_schema = False  # services.delete_account asks first

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(engagement_days__gte=1, engagement_days__lte=3650), name="account_engagement_days"
            ),
            models.CheckConstraint(condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency"),
            models.CheckConstraint(condition=models.Q(language__in=["en", "pl"]), name="account_language"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Domain(DomainMixin):
    """A host name that leads to an account."""

    def __str__(self) -> str:
        return str(self.domain)
