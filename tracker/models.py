"""The sites that report what contacts do there, what was stored of late, and counts. docs/tracker.md."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.secrets_renewed import RenewableSecret
from contacts.models import Consent


class TrackedSite(RenewableSecret):
    """A site of the customer. Its secret signs the tokens that say which contact a visitor is.

    `consent`: who has not given it is not tracked; None: the visitor's agreement on the site decides alone.
    """

    name = models.CharField(pgettext_lazy("site", "name"), max_length=120)
    key = models.CharField(max_length=12, unique=True)  # public: stands in the site's pages
    origins = models.JSONField(default=list)  # "https://shop.example": pages of these may report
    consent = models.ForeignKey(
        Consent, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("consent")
    )
    active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveIntegerField(default=1)  # grows with every edit: a form opened before it is refused

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(key="") & ~Q(secret=""), name="trackedsite_filled"),
        ]

    def __str__(self) -> str:
        return self.name


class SeenEvent(models.Model):
    """An event that was stored, kept for two days: a batch that comes again is stored once.

    It also says when the contact was last on the site: a visit ends with half an hour of silence. `uid` is the
    browser's, so it counts for this contact alone; `campaign`: of the visit, when one began with this event.
    """

    contact_id = models.IntegerField()  # no foreign key: `tracker.joining` has them go with their contact
    uid = models.UUIDField()
    site = models.ForeignKey(TrackedSite, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    stored_at = models.DateTimeField()
    campaign = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["contact_id", "at"], name="seenevent_contact_at"),
            models.Index(fields=["stored_at"], name="seenevent_stored"),
        ]
        constraints = [models.UniqueConstraint(fields=["contact_id", "uid"], name="seenevent_once")]

    def __str__(self) -> str:
        return str(self.uid)


class Outcome(models.TextChoices):
    """What became of an event, or of a whole report of them."""

    STORED = "stored", _("Stored")
    VISIT = "visit", _("Visits begun")
    REPEATED = "repeated", _("Came again, stored already")
    TESTED = "tested", _("Tests")
    NO_CONSENT = "no_consent", _("Not stored: the contact has not given the consent")
    NOBODY = "nobody", _("Not stored: the token names nobody")
    EXPIRED = "expired", _("Refused: the token has expired")
    TOKEN = "token", _("Refused: the token is not one of this site's")
    ORIGIN = "origin", _("Refused: from a page of an undeclared site")
    OFF = "off", _("Not stored: tracking was off")
    BOT = "bot", _("Ignored: a bot")
    WRONG = "wrong", _("Not stored: badly written")


class SiteCount(models.Model):
    """How many events of a site came to this on a day (in UTC). Kept for ninety days."""

    site = models.ForeignKey(TrackedSite, on_delete=models.CASCADE, related_name="counts", db_index=False)
    day = models.DateField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    number = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "day", "outcome"], name="sitecount_once"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="sitecount_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.outcome}: {self.number}"
