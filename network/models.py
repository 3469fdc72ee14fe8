"""What an account keeps of the network signal: that it takes part, and of each contact one bit at most."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Consent
from jobs.models import ACTIVE, Job


class Membership(models.Model):
    """The account takes part; without this row it does not. There is one.

    `consent`: contacts who have not given it are neither given nor asked about. `given` and `answered_at` are of the
    last exchange; it was not answered if this account had not taken part, or given, for long enough. `next_at`: when
    the next is due.
    """

    since = models.DateTimeField()
    by = models.CharField(max_length=254)
    consent = models.ForeignKey(
        Consent, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("consent")
    )
    next_at = models.DateTimeField()
    given = models.PositiveIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="membership_one")]

    def __str__(self) -> str:
        return f"since {self.since}"


class Switch(models.Model):
    """Who switched the network signal on or off, and when."""

    at = models.DateTimeField()
    by = models.CharField(max_length=254)
    on = models.BooleanField()

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{'on' if self.on else 'off'} at {self.at}"


class Elsewhere(models.Model):
    """A yes: the contact was engaged with others. No row is a no. `at`: when it was asked.

    Goes with its contact, with the address that was asked about (triggers of migration 0002), and with the consent that
    it takes (0004).
    """

    contact_id = models.IntegerField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"#{self.contact_id}"


class ChangedAddress(models.Model):
    """A contact whose e-mail address is a new one, while the account takes part: it is asked about a round later."""

    contact_id = models.IntegerField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"#{self.contact_id}"


class AgreedSince(models.Model):
    """A contact that has the chosen consent again, as of an earlier time than it was last asked about: no row is no no.

    Whose answer is later than that is known by its time.
    """

    contact_id = models.IntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"#{self.contact_id}"


class Phase(models.TextChoices):
    GIVE = "give"
    ASK = "ask"


class Exchange(Job):
    """One round's work: to give the addresses of contacts engaged here, then to ask about all.

    `engaged`: who is given, as a bitmap, while they are. The cursor is the last contact's id.
    """

    round = models.BigIntegerField()
    phase = models.CharField(max_length=4, choices=Phase, default=Phase.GIVE)
    engaged = models.BinaryField(null=True)
    began_at = models.DateTimeField(null=True)  # what is known of contacts is as of then

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(state__in=ACTIVE), name="exchange_one_at_a_time"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="exchange_phase"),
        ]

    def __str__(self) -> str:
        return f"{self.round}: {self.phase} {self.cursor}"
