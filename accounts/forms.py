"""The account's settings as a form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.timezones import timezone_names


class ZoneInput(forms.TextInput):
    """A text field that offers every time zone and narrows them while typing."""

    template_name = "accounts/_zone_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_zones"
        context["zones"] = timezone_names()
        return context


class SettingsForm(forms.ModelForm):
    """What owners and administrators decide for everybody in the account."""

    engagement_days = forms.IntegerField(
        label=_("Engagement window"),
        help_text=_("Days within which a contact must have done something to count as engaged."),
        min_value=1,
        max_value=3650,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), _("Type a whole number of days, from 1 to 3650.")
        ),
    )

    class Meta:
        model = Account
        fields = ["name", "timezone", "currency", "language", "engagement_days"]
        widgets = {"timezone": ZoneInput(attrs={"autocomplete": "off", "spellcheck": "false"})}
        labels = {
            "name": _("Name"),
            "timezone": _("Time zone"),
            "currency": _("Currency"),
            "language": _("Language"),
        }
        error_messages = {
            "name": {"required": _("Type the account's name.")},
            "timezone": {"required": _("Choose a time zone from the list.")},
            "currency": dict.fromkeys(
                ("required", "max_length"), _("A currency is three capital letters: PLN, EUR, USD.")
            ),
        }
        help_texts = {
            "timezone": _("Days in criteria begin and end in this zone, and all times are shown in it."),
            "currency": _("Three capital letters: PLN, EUR, USD."),
            "language": _("Of letters and reports that are for no particular user; each user chooses their own."),
        }

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()
