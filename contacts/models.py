"""Contacts, their typed attributes, consents and history."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    SUBSCRIBED = "subscribed", _("Subscribed")
    PENDING = "pending", _("Pending")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    BOUNCED = "bounced", _("Bounced")


class Contact(models.Model):
    """A person. `attributes` maps attribute keys to values, stored as docs/contacts.md says; a missing key is no value."""

    id = models.AutoField(primary_key=True)  # 32 bits: sets of ids are Roaring bitmaps, read as int4
    email = models.CharField(_("e-mail"), max_length=254, null=True, blank=True)  # trimmed, lower case
    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True)  # + and digits
    external_id = models.CharField(_("external id"), max_length=120, null=True, blank=True)
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    status = models.CharField(_("subscription status"), max_length=20, choices=Status, default=Status.SUBSCRIBED)
    lead_score = models.IntegerField(_("lead score"), default=0)
    source = models.CharField(_("source"), max_length=120, blank=True, default="")
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="contact_email_unique"),
            models.UniqueConstraint(fields=["external_id"], name="contact_external_id_unique"),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | (Q(email=Lower("email")) & Q(email__contains="@")),
                name="contact_email_normalised",
            ),
            models.CheckConstraint(
                condition=Q(phone__isnull=True) | Q(phone__regex=r"^\+?[0-9]{5,18}$"), name="contact_phone_normalised"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="contact_status"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.phone or f"#{self.pk}"


class AttributeType(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATE = "date", _("Date")
    DATETIME = "datetime", _("Date and time")
    CHOICE = "choice", _("One of a list")
    CHOICES = "choices", _("Several of a list")


class Attribute(models.Model):
    """A typed property that this account keeps of its contacts."""

    key = models.CharField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    type = models.CharField(_("type"), max_length=10, choices=AttributeType)
    options = models.JSONField(_("options"), default=list, blank=True)  # for choice and choices: the allowed values
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="attribute_key"),
            models.CheckConstraint(condition=Q(type__in=AttributeType.values), name="attribute_type"),
        ]

    def __str__(self) -> str:
        return self.name


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PHONE = "phone", _("Phone call")
    OTHER = "other", _("Other")


class Consent(models.Model):
    """What people are asked to agree to."""

    key = models.CharField(_("key"), max_length=60, unique=True)
    name_en = models.CharField(_("name (English)"), max_length=200)
    name_pl = models.CharField(_("name (Polish)"), max_length=200)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    wording_version = models.PositiveIntegerField(_("wording version"), default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="consent_key")]

    def __str__(self) -> str:
        return self.name_en


class ConsentState(models.TextChoices):
    GIVEN = "given", _("Given")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ContactConsent(models.Model):
    """A contact's present answer; earlier answers are history entries. No row: unknown."""

    pk = models.CompositePrimaryKey("consent_id", "contact_id")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="answers", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    state = models.CharField(max_length=10, choices=ConsentState)
    changed_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    wording_version = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ConsentState.values), name="contactconsent_state"),
            models.CheckConstraint(condition=~Q(source=""), name="contactconsent_source"),
        ]


class EntryKind(models.TextChoices):
    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    CATEGORY_ADDED = "category_added", _("Category added")
    CATEGORY_REMOVED = "category_removed", _("Category removed")
    TAG_ADDED = "tag_added", _("Tag added")
    TAG_REMOVED = "tag_removed", _("Tag removed")
    CONSENT_GIVEN = "consent_given", _("Consent given")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("Consent withdrawn")


class HistoryEntry(models.Model):
    """One thing that happened to a contact. Permanent: it names what it speaks of and outlives it."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=EntryKind)
    label = models.CharField(max_length=400, blank=True, default="")  # the name of the tag, category … at that time
    detail = models.JSONField(
        default=dict
    )  # changed: {"fields": {"phone": [old, new]}}; consents: source, wording version
    by = models.CharField(
        max_length=254, blank=True, default=""
    )  # the user's name, or what did it: "import", "API key …"
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    action_run_id = models.BigIntegerField(null=True)  # the action that did it, if one did

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["contact", "-at"], name="history_contact_at")]
