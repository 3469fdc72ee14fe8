"""Forms about contacts. They carry what was typed; the services judge it, so every way in is judged alike."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from config.names import NameField
from contacts.attributes import plain_number
from contacts.models import Attribute, AttributeType, Consent, ConsentState, Contact, Status

PREFIX = "attribute-"


def typed(label: Any, *, longest: int, help_text: Any = "", **attrs: Any) -> forms.CharField:
    """A text that goes to the service as it was typed."""
    return forms.CharField(
        label=label,
        required=False,
        strip=False,
        empty_value="",
        help_text=help_text,
        widget=forms.TextInput(attrs={"maxlength": longest, **attrs}),
    )


class ContactForm(forms.Form):
    """A contact's own columns, then one field for each declared attribute. `asked`: further fields (`creating`)."""

    email = typed(_("E-mail"), longest=254, inputmode="email", autocomplete="off")
    phone = typed(_("Phone"), longest=60, inputmode="tel", autocomplete="off")
    first_name = typed(_("First name"), longest=120, autocomplete="off")
    last_name = typed(_("Last name"), longest=120, autocomplete="off")
    external_id = typed(_("External id"), longest=120, help_text=_("The contact's id in your shop or CRM."))
    status = forms.ChoiceField(label=_("Subscription status"), choices=Status.choices, initial=Status.SUBSCRIBED)
    lead_score = typed(_("Lead score"), longest=11, inputmode="numeric")
    source = typed(_("Source"), longest=120, help_text=_("Where the contact comes from: a shop, a fair, a form."))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        attributes: Iterable[Attribute],
        contact: Contact | None = None,
        asked: Mapping[str, forms.Field] | None = None,
    ) -> None:
        self.attributes, self.asked = list(attributes), dict(asked or {})
        super().__init__(data, initial=initial_of(contact, self.attributes) if contact else {"lead_score": "0"})
        for attribute in self.attributes:
            self.fields[PREFIX + attribute.key] = FIELDS[AttributeType(attribute.type)](attribute)
        self.fields.update(self.asked)
        if contact is None:
            del self.fields["seen"]
            if "agreed_asked" in self.data:
                self.ask_whether_agreed()

    def ask_whether_agreed(self) -> None:
        """For a name of somebody who was erased: have they agreed again, to what, and where is that from?"""
        self.fields |= agreed_fields()

    def agreed(self) -> tuple[Consent, str] | None:
        """What they have agreed to again, and the source; None: nobody was asked."""
        consent = self.cleaned_data.get("agreed_consent")
        return (consent, self.cleaned_data["agreed_source"]) if consent else None

    def agreed_group(self) -> list[forms.BoundField]:
        return [self[name] for name in AGREED if name in self.fields]

    def own_fields(self) -> list[forms.BoundField]:
        left_out = {"seen", *AGREED}
        return [self[name] for name in self.fields if not name.startswith(PREFIX) and name not in left_out]

    def attribute_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    def given(self, *, changed_only: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fields and attributes for the service. `changed_only`: those that differ from what the form began with."""
        about = [name for name in self.fields if name not in {"seen", *AGREED, *self.asked}]
        names = [name for name in about if not changed_only or name in self.changed_data]
        own = {name: self.cleaned_data[name] for name in names if not name.startswith(PREFIX)}
        extra = {name.removeprefix(PREFIX): self.cleaned_data[name] for name in names if name.startswith(PREFIX)}
        return own, extra

    def answers(self) -> dict[str, Any]:
        """What was answered to the further fields."""
        return {name: self.cleaned_data[name] for name in self.asked}

    def add_refused(self, error: ValidationError) -> None:
        """What the service refused, at its field."""
        for name, errors in error.error_dict.items():
            field = PREFIX + name.removeprefix("attributes.") if name.startswith("attributes.") else name
            self.add_error(field if field in self.fields else None, [linked(each) for each in errors])
        erased = any(each.code == "erased" for errors in error.error_dict.values() for each in errors)
        if erased and "seen" not in self.fields and not self.agreed_group():
            self.ask_whether_agreed()


AGREED = ("agreed_again", "agreed_consent", "agreed_source")


def agreed_fields() -> dict[str, forms.Field]:
    """All of them, or the contact is not entered."""
    choices = Consent.objects.filter(retired_at=None)
    return {
        "agreed_again": forms.BooleanField(label=_("This person has agreed again")),
        "agreed_consent": forms.ModelChoiceField(
            choices, label=_("To what"), empty_label=_("Choose a consent"), widget=forms.Select()
        ),
        "agreed_source": NameField(
            label=_("Source of the answer"), max_length=120, help_text=_("a letter of 3 May, a call, …")
        ),
    }


def linked(error: ValidationError) -> ValidationError:
    """The error, with the page of the contact whose name it was that was typed."""
    if error.code != "left_behind":
        return error
    address = reverse("contacts:contact", args=[(error.params or {})["pk"]])
    text = format_html('{} <a href="{}">{}</a>', next(iter(error)), address, _("Show the contact"))
    return ValidationError(text, code=error.code)


def initial_of(contact: Contact, attributes: Iterable[Attribute]) -> dict[str, Any]:
    """What the form begins with. `seen` is the state the changes will be based on."""
    names = ("email", "phone", "first_name", "last_name", "external_id", "status", "lead_score", "source")
    own = {name: getattr(contact, name) if getattr(contact, name) is not None else "" for name in names}
    extra = {
        PREFIX + attribute.key: typed_text(attribute, contact.attributes.get(attribute.key)) for attribute in attributes
    }
    return {**own, **extra, "lead_score": str(contact.lead_score), "seen": contact.updated_at.isoformat()}


def typed_text(attribute: Attribute, value: Any) -> Any:
    """A stored value as somebody would type it."""
    if value is None:
        return [] if attribute.type == AttributeType.CHOICES else ""
    match attribute.type:
        case AttributeType.NUMBER:
            text = plain_number(value)
            return text.replace(".", ",") if (get_language() or "").startswith("pl") else text
        case AttributeType.BOOLEAN:
            return "true" if value else "false"
        case AttributeType.DATETIME:
            return timezone.localtime(datetime.fromisoformat(value)).strftime("%Y-%m-%dT%H:%M:%S")
    return value


def text_field(attribute: Attribute) -> forms.Field:
    return typed(attribute.name, longest=1000)


def number_field(attribute: Attribute) -> forms.Field:
    return typed(attribute.name, longest=40, inputmode="decimal")


def boolean_field(attribute: Attribute) -> forms.Field:
    choices = [("", _("Not known")), ("true", _("Yes")), ("false", _("No"))]
    return forms.ChoiceField(label=attribute.name, required=False, choices=choices)


def date_field(attribute: Attribute) -> forms.Field:
    field = typed(attribute.name, longest=40)
    field.widget = forms.TextInput(attrs={"type": "date", "min": "0001-01-01", "max": "9999-12-31"})
    return field


def datetime_field(attribute: Attribute) -> forms.Field:
    field = typed(attribute.name, longest=40)
    field.widget = forms.TextInput(attrs={"type": "datetime-local", "step": "1"})
    return field


def choice_field(attribute: Attribute) -> forms.Field:
    choices = [("", "–"), *((option, option) for option in attribute.options)]
    return forms.ChoiceField(label=attribute.name, required=False, choices=choices)


def choices_field(attribute: Attribute) -> forms.Field:
    choices = [(option, option) for option in attribute.options]
    few = len(choices) <= 12
    widget: forms.Widget = forms.CheckboxSelectMultiple() if few else forms.SelectMultiple(attrs={"size": 8})
    return forms.MultipleChoiceField(label=attribute.name, required=False, choices=choices, widget=widget)


FIELDS = {
    AttributeType.TEXT: text_field,
    AttributeType.NUMBER: number_field,
    AttributeType.BOOLEAN: boolean_field,
    AttributeType.DATE: date_field,
    AttributeType.DATETIME: datetime_field,
    AttributeType.CHOICE: choice_field,
    AttributeType.CHOICES: choices_field,
}


KEY_HINT = _("How criteria, files and the API call it: small letters, digits, underscores. It never changes.")


def key_field(help_text: Any = KEY_HINT) -> forms.CharField:
    """The key of what an account declares."""
    plain = forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"})
    return forms.CharField(label=_("Key"), max_length=60, help_text=help_text, widget=plain)


class AttributeForm(forms.Form):
    """An attribute's definition. Options: one on each line."""

    name = forms.CharField(label=_("Name"), max_length=120)
    key = key_field()
    type = forms.ChoiceField(
        label=_("Type"),
        choices=AttributeType.choices,
        help_text=_("It can be changed later, as far as the values fit."),
    )
    options = forms.CharField(
        label=_("Options"),
        required=False,
        max_length=120_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One on each line; only for one or several of a list."),
    )

    def __init__(self, *args: Any, attribute: Attribute | None = None, **kwargs: Any) -> None:
        if attribute:
            kwargs["initial"] = {"name": attribute.name, "options": "\n".join(attribute.options)}
        super().__init__(*args, **kwargs)
        if attribute:
            del self.fields["key"], self.fields["type"]
            if not attribute.options:
                del self.fields["options"]

    def clean_options(self) -> list[str]:
        return list(self.cleaned_data["options"].splitlines())


class AnswerForm(forms.Form):
    """A contact's answer to a consent: given or withdrawn, and where the answer comes from."""

    source = forms.CharField(
        label=_("Source of the answer"),
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": _("a letter of 3 May, a call, …")}),
    )
    state = forms.ChoiceField(choices=ConsentState.choices, widget=forms.HiddenInput)


TICKS, ALL, NONE, CLEAR = "ticks", "all", "none", "clear"
MOST_ROWS = 200  # of a page of the manager, with room to grow


class IdsField(forms.Field):
    """Ids of contacts, as many as a page has. Gives a set."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: list[str] | None) -> BitMap:
        texts = value or []
        if len(texts) > MOST_ROWS or not all(is_id(text) for text in texts):
            raise ValidationError(_("These are no ids of contacts."))
        return BitMap(map(int, texts))


def is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 11 and int(text) < 2**31


class TicksForm(forms.Form):
    """The rows of a page of the manager, which of them are ticked, and the button pressed."""

    do = forms.ChoiceField(choices=[(name, name) for name in (TICKS, ALL, NONE, CLEAR)], required=False)
    shown = IdsField(required=False)
    ticked = IdsField(required=False)

    def clean_do(self) -> str:
        return self.cleaned_data["do"] or TICKS
