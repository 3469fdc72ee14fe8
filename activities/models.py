"""What contacts did and bought. Rows here are facts: the engine reads them through the mirror (docs/mirror.md).

A column `written` that Django does not know holds the transaction that last wrote a row (mirror, migration 0001).
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from activities.builtin import NAMES, PARAMETERS
from contacts.models import Contact


class Channel(models.TextChoices):
    """How somebody came: the one rule of activities.sources."""

    UTM = "utm", _("Tagged link (UTM)")
    REFERRAL = "referral", _("Link on another site")
    SEARCH = "search", _("Search engine")
    AD = "ad", _("Paid ad")
    EMAIL = "email", _("E-mail")
    DIRECT = "direct", _("Direct")


class OrderStatus(models.TextChoices):
    NEW = "new", _("New")
    PAID = "paid", _("Paid")
    SHIPPED = "shipped", _("Shipped")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUNDED = "refunded", _("Refunded")


NOT_COUNTED = (OrderStatus.CANCELLED, OrderStatus.REFUNDED)  # such orders count nowhere, unless they are asked for


class ParameterType(models.TextChoices):
    TEXT = "text", _("Text")
    URL = "url", _("Address (URL)")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    DATE = "date", _("Date")
    DATETIME = "datetime", _("Date and time")


class ActivityType(models.Model):
    """A kind of thing that contacts do. Built-in ones are made by a migration and named by activities.builtin."""

    id = models.AutoField(primary_key=True)
    key = models.CharField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")  # empty: built in
    built_in = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="activitytype_key"),
            models.CheckConstraint(condition=Q(built_in=True) | ~Q(name=""), name="activitytype_name"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What it is called, a built-in one in the reader's language."""
        return self.name or gettext(NAMES.get(self.key, self.key))


class Parameter(models.Model):
    """A declared, typed detail of an activity type. Key and type are for good once activities of the type exist."""

    id = models.AutoField(primary_key=True)
    activity_type = models.ForeignKey(ActivityType, on_delete=models.CASCADE, related_name="parameters")
    key = models.CharField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")  # empty: built in
    type = models.CharField(_("type"), max_length=10, choices=ParameterType)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["activity_type", "key"], name="parameter_key_unique"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="parameter_key"),
            models.CheckConstraint(condition=Q(type__in=ParameterType.values), name="parameter_type"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What it is called, a built-in one in the reader's language."""
        return self.name or gettext(PARAMETERS.get(self.key, self.key))


class Activity(models.Model):
    """One thing that a contact did at one moment. Never changed after it is written; `params` hold declared ones only.

    Stored as: text and url as text (NFC, not empty), number as JSON number, boolean as JSON boolean, date as
    YYYY-MM-DD, datetime as YYYY-MM-DDTHH:MM:SS+00:00.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="activities", db_index=False)
    type = models.ForeignKey(ActivityType, on_delete=models.PROTECT, related_name="activities", db_index=False)
    at = models.DateTimeField()
    params = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["contact", "at"], name="activity_contact_at"),  # timelines, "why"
            # Types of the account's own, which may go while there are none of them; 1 to 12 are built in.
            models.Index(fields=["type"], name="activity_own_type", condition=Q(type__gt=12)),
        ]

    def __str__(self) -> str:
        return f"{self.type_id} at {self.at}"


class Sourced(models.Model):
    """Where somebody came from: the raw values as they arrived, and the channel of activities.sources."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.DIRECT)
    utm_source = models.CharField(max_length=500, blank=True, default="")
    utm_medium = models.CharField(max_length=500, blank=True, default="")
    utm_campaign = models.CharField(max_length=500, blank=True, default="")
    utm_term = models.CharField(max_length=500, blank=True, default="")
    utm_content = models.CharField(max_length=500, blank=True, default="")
    referrer = models.TextField(blank=True, default="")
    landing_url = models.TextField(blank=True, default="")

    class Meta:
        abstract = True


class Visit(Sourced):
    """One visit of the customer's site. Never changed after it is written."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="visits", db_index=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["contact", "at"], name="visit_contact_at")]
        constraints = [models.CheckConstraint(condition=Q(channel__in=Channel.values), name="visit_channel")]

    def __str__(self) -> str:
        return f"{self.channel} at {self.at}"


class Product(models.Model):
    """Something that is sold, as the latest order line told it: for lists to choose from, never for counting."""

    key = models.CharField(_("key"), max_length=200, unique=True)
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    category = models.CharField(_("category"), max_length=300, blank=True, default="", db_index=True)
    brand = models.CharField(_("brand"), max_length=200, blank=True, default="", db_index=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]
        constraints = [models.CheckConstraint(condition=~Q(key=""), name="product_key_not_empty")]

    def __str__(self) -> str:
        return self.name or self.key


class Order(Sourced):
    """One order. `total` is in the account's currency; `currency` is what the customer paid in."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="orders", db_index=False)
    external_id = models.CharField(_("number"), max_length=120, null=True, blank=True, unique=True)
    at = models.DateTimeField()
    total = models.DecimalField(_("total"), max_digits=18, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=10, choices=OrderStatus, default=OrderStatus.NEW)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["contact", "at"], name="order_contact_at")]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="order_channel"),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="order_currency"),
            models.CheckConstraint(
                condition=Q(external_id__isnull=True) | ~Q(external_id=""), name="order_external_id_not_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id or f"#{self.pk}"


class OrderLine(models.Model):
    """One line of an order, as sold: what it was called then. Written in the transaction that writes its order."""

    pk = models.CompositePrimaryKey("order_id", "position")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveSmallIntegerField()
    product = models.CharField(_("product"), max_length=200)  # Product.key
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    category = models.CharField(_("category"), max_length=300, blank=True, default="")
    brand = models.CharField(_("brand"), max_length=200, blank=True, default="")
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3, default=1)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=4)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(product=""), name="orderline_product_not_empty")]

    def __str__(self) -> str:
        return f"{self.product} × {self.quantity}"
