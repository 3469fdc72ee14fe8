"""Contacts, their typed attributes, consents and history."""

from django.conf import settings
from django.db import models
from django.db.models import CharField, F, Func, Q, TextField, Value
from django.db.models.functions import Coalesce, Concat, Lower, NullIf, Trim
from django.db.models.lookups import Exact
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contacts.folding import polish_key
from jobs.models import ACTIVE, Job


class Status(models.TextChoices):
    SUBSCRIBED = "subscribed", _("Subscribed")
    PENDING = "pending", _("Pending")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
    BOUNCED = "bounced", _("Bounced")


# By surname; who has no name is found in the same list by the e-mail or the phone number.
SORT_NAME = polish_key(
    Coalesce(
        NullIf(Trim(Concat(F("last_name"), Value(" "), F("first_name"))), Value("")),
        F("email"),
        F("phone"),
        Value(""),
        output_field=TextField(),
    )
)


class Contact(models.Model):
    """A person. `attributes` maps attribute keys to values, stored as docs/contacts.md says; a missing key is no value.

    That each key is declared and each value fits its declaration is kept by a trigger (migration 0002), for every way
    in, COPY included.
    """

    id = models.AutoField(primary_key=True)  # 32 bits: sets of ids are Roaring bitmaps, read as int4
    # Null and not "": unique where there is one. E-mail: trimmed, lower case, NFC; phone: + and digits.
    email = models.CharField(_("e-mail"), max_length=254, null=True, blank=True)  # noqa: DJ001
    phone = models.CharField(_("phone"), max_length=20, null=True, blank=True)  # noqa: DJ001
    external_id = models.CharField(_("external id"), max_length=120, null=True, blank=True)  # noqa: DJ001
    first_name = models.CharField(_("first name"), max_length=120, blank=True, default="")
    last_name = models.CharField(_("last name"), max_length=120, blank=True, default="")
    status = models.CharField(_("subscription status"), max_length=20, choices=Status, default=Status.SUBSCRIBED)
    lead_score = models.IntegerField(_("lead score"), default=0)
    source = models.CharField(_("source"), max_length=120, blank=True, default="")
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("details changed"))
    sort_name = models.GeneratedField(
        expression=SORT_NAME, output_field=TextField(db_collation="C"), db_persist=True, editable=False
    )

    class Meta:
        ordering = ["id"]
        # Each sorting has an index that ends in the id, so that a page far into a million is an index-only scan.
        # The words of the search box have a trigram index, contact_words (migration 0002).
        indexes = [
            models.Index(fields=["sort_name", "id"], name="contact_by_name"),
            models.Index(fields=["email", "id"], name="contact_by_email"),
            models.Index(fields=["lead_score", "id"], name="contact_by_score"),
            models.Index(fields=["created_at", "id"], name="contact_by_created"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="contact_email_unique"),
            models.UniqueConstraint(fields=["external_id"], name="contact_external_id_unique"),
            models.CheckConstraint(
                condition=Q(external_id__isnull=True) | ~Q(external_id=""), name="contact_external_id_not_empty"
            ),
            models.CheckConstraint(
                condition=Exact(Func(F("attributes"), function="jsonb_typeof", output_field=CharField()), "object"),
                name="contact_attributes_object",
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | (Q(email=Lower("email")) & Q(email__contains="@")),
                name="contact_email_normalised",
            ),
            models.CheckConstraint(
                condition=Q(phone__isnull=True) | Q(phone__regex=r"^\+?[0-9]{5,15}$"), name="contact_phone_normalised"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="contact_status"),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or self.phone or f"#{self.pk}"

    @property
    def initials(self) -> str:
        """One or two letters for the round picture."""
        words = [word for word in (self.first_name, self.last_name) if word] or [str(self).lstrip("#+")]
        return "".join(word[0] for word in words).upper()


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
    retired_at = models.DateTimeField(null=True)  # offered nowhere since; values and criteria stay as they are

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="attribute_key"),
            models.CheckConstraint(condition=Q(type__in=AttributeType.values), name="attribute_type"),
            models.CheckConstraint(condition=~Q(name=""), name="attribute_name_not_empty"),
            models.CheckConstraint(
                condition=(Q(type__in=["choice", "choices"]) & ~Q(options=[]))
                | (~Q(type__in=["choice", "choices"]) & Q(options=[])),
                name="attribute_options",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TypeChange(Job):
    """An attribute that gets another type, with all values that contacts have of it, in one transaction.

    Values that don't fit are taken away, if that was agreed to: `unfit` of them. `language`: that of the one who asked,
    in which the values are read ("3,5", "21.11.2026"), moments in the zone `zone`.
    """

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="type_changes")
    old_type = models.CharField(max_length=10, choices=AttributeType)
    new_type = models.CharField(max_length=10, choices=AttributeType)
    new_options = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=10)
    zone = models.CharField(max_length=64)
    unfit = models.BigIntegerField(default=0)
    changed_count = models.BigIntegerField(default=0)
    by = models.CharField(max_length=254)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["attribute"], condition=Q(state__in=ACTIVE), name="typechange_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.attribute_id}: {self.old_type} to {self.new_type}"


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
    retired_at = models.DateTimeField(null=True)  # nobody is asked since: it can be withdrawn, not given

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="consent_key"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="consent_channel"),
            models.CheckConstraint(condition=Q(wording_version__gte=1), name="consent_wording_version"),
            models.CheckConstraint(condition=~Q(name_en="") & ~Q(name_pl=""), name="consent_names_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the language in use."""
        return self.name_pl if (get_language() or "").startswith("pl") else self.name_en


class ConsentWording(models.Model):
    """What people read when they agreed: one version of a consent's text, in both languages.

    Never changed once somebody has answered to it (`contacts.services.consents`): another text is another version.
    """

    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="wordings", db_index=False)
    version = models.PositiveIntegerField()
    text_en = models.TextField(_("wording (English)"))
    text_pl = models.TextField(_("wording (Polish)"))
    created_at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, default="")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["consent", "version"], name="consentwording_version"),
            models.CheckConstraint(condition=Q(version__gte=1), name="consentwording_from_one"),
            models.CheckConstraint(condition=~Q(text_en="") & ~Q(text_pl=""), name="consentwording_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.consent_id}, version {self.version}"

    @property
    def text(self) -> str:
        """In the language in use."""
        return self.text_pl if (get_language() or "").startswith("pl") else self.text_en


class ConsentState(models.TextChoices):
    GIVEN = "given", _("Given")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ContactConsent(models.Model):
    """A contact's present answer; earlier answers are history entries. No row: unknown."""

    pk = models.CompositePrimaryKey("contact_id", "consent_id")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents", db_index=False)
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="answers", db_index=False)
    state = models.CharField(max_length=10, choices=ConsentState)
    changed_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    wording_version = models.PositiveIntegerField()

    class Meta:
        # Who gave it, and how many, are index-only scans.
        indexes = [models.Index(fields=["consent", "state", "contact"], name="contactconsent_by_state")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ConsentState.values), name="contactconsent_state"),
            models.CheckConstraint(condition=~Q(source=""), name="contactconsent_source"),
        ]

    def __str__(self) -> str:
        return f"{self.consent_id} {self.state}"


class EntryKind(models.TextChoices):
    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    CATEGORY_ADDED = "category_added", _("Category added")
    CATEGORY_REMOVED = "category_removed", _("Category removed")
    TAG_ADDED = "tag_added", _("Tag added")
    TAG_REMOVED = "tag_removed", _("Tag removed")
    CONSENT_GIVEN = "consent_given", _("Consent given")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("Consent withdrawn")
    CONSENT_RESTORED = "consent_restored", _("Consent changed back")
    MERGED = "merged", _("Merged")
    HANDED_OVER = "handed_over", _("Data handed over")


class HistoryEntry(models.Model):
    """One thing that happened to a contact. Permanent: it names what it speaks of and outlives it.

    `detail` by kind: changed: {"fields": {"phone": [old, new], "attributes.city": [old, new]}}; created: {"fields":
    {"phone": [null, new]}}; consents: {"consent": key, "pl": Polish name, "source", "wording_version"}, and "state"
    (given, withdrawn, unknown) where it was changed back; categories: {"undo": true} where an action was undone.
    merged: {"from": [id], "fields" as changed, "statuses": entries that tell of the others' statuses}; its label names
    those who were merged into this one.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="history", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=EntryKind)
    label = models.CharField(max_length=400, blank=True, default="")  # the name of the tag, category … at that time
    detail = models.JSONField(default=dict)
    by = models.CharField(max_length=254, blank=True, default="")  # a user's name, or what did it: "import", a segment
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    action_run_id = models.BigIntegerField(null=True)  # the action that did it, if one did

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["contact", "-at", "-id"], name="history_contact_at"),
            # Who had which status on a day of the past, and who became one: few entries among very many.
            models.Index(fields=["at"], condition=Q(detail__fields__has_key="status"), name="history_status_at"),
            models.Index(fields=["at"], condition=Q(kind="merged"), name="history_merged_at"),
        ]
        constraints = [models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="historyentry_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.label}".strip()


class AliasKind(models.TextChoices):
    """How a contact that is no more may still be named."""

    ID = "id"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"


class ContactAlias(models.Model):
    """What a contact was called before it was merged into another: later data in that name is the other's."""

    kind = models.CharField(max_length=11, choices=AliasKind)
    value = models.CharField(max_length=254)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="aliases")
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "value"], name="contactalias_unique"),
            models.CheckConstraint(condition=Q(kind__in=AliasKind.values), name="contactalias_kind"),
            models.CheckConstraint(condition=~Q(value=""), name="contactalias_value_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class NotDuplicate(models.Model):
    """Somebody has looked at these two and said that they are two people; `first` is the one of the smaller id."""

    first = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+", db_index=False)
    second = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="notduplicate_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="notduplicate_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id}, {self.second_id}"


class Selection(models.Model):
    """The contacts that a user has selected in the contact manager; paging and searching keep them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    members = models.BinaryField()  # Roaring bitmap of contact ids, never empty
    changed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.user_id}"


class SavedView(models.Model):
    """A list of the contact manager under a name: its filters, order and columns. Its owner's alone, or everybody's.

    `query` is the address as `contacts.saved_views.normal` writes it, so that two that ask for the same are equal.
    """

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    shared = models.BooleanField(_("for everybody in the account"), default=False)
    query = models.TextField(blank=True, default="")
    columns = models.JSONField(default=list)  # names of columns (`contacts.columns`), in order
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)  # grows with every change: one asked before it is refused

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="savedview_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="savedview_name_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class ManagerChoice(models.Model):
    """What a user has chosen for the contact manager: its columns, and the view that it opens with. No row: neither."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    columns = models.JSONField(null=True)  # names in order; null: those that everybody begins with
    opens_with = models.ForeignKey(SavedView, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.user_id}"


class LabelKind(models.TextChoices):
    """What can be put on contacts and taken off again by an action."""

    TAG = "tag"
    CATEGORY = "category"
    CONSENT = "consent"


class LabelWrite(models.Model):
    """One writing of a label, in the order of their ids: what undoing an action goes by (`contacts.label_writes`).

    An action's: those it really changed, with what stood there before. Another's: everyone it spoke of, and only where
    an action has written that label earlier. `undone`: it changes back what `action_run_id` did.
    """

    kind = models.CharField(max_length=8, choices=LabelKind)
    label_id = models.BigIntegerField()
    at = models.DateTimeField(null=True)  # the time that an action wrote into the rows
    contacts = models.BinaryField()  # Roaring bitmap of contact ids
    first = models.IntegerField()  # the lowest and the highest of them
    last = models.IntegerField()
    action_run_id = models.BigIntegerField(null=True)
    undone = models.BooleanField(default=False)
    before = models.BinaryField(null=True)  # compressed JSON: the rows as they were, where there were any

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["kind", "label_id", "id"], name="labelwrite_label"),
            models.Index(
                fields=["action_run_id"], condition=Q(action_run_id__isnull=False), name="labelwrite_action_run"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LabelKind.values), name="labelwrite_kind"),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="labelwrite_somebody"),
            models.CheckConstraint(
                condition=Q(action_run_id__isnull=False) | Q(undone=False, before__isnull=True),
                name="labelwrite_of_an_action",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.label_id}, {self.first} to {self.last}"


# Erasing has tables of its own (`contacts.erasing`).
from contacts.erasing.models import Cleaning, ErasedName, Erasure, ErasureKey  # noqa: E402, F401
