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

    class Meta:
        model = Account
        fields = ["name", "timezone", "currency", "language", "engagement_days"]
        widgets = {"timezone": ZoneInput(attrs={"autocomplete": "off", "spellcheck": "false"})}
        labels = {
            "name": _("Name"),
            "timezone": _("Time zone"),
            "currency": _("Currency"),
            "language": _("Language"),
            "engagement_days": _("Engagement window"),
        }
        help_texts = {
            "timezone": _("Days in criteria begin and end in this zone, and all times are shown in it."),
            "currency": _("Three capital letters: PLN, EUR, USD."),
            "language": _("Of letters and reports that are for no particular user; each user chooses their own."),
            "engagement_days": _("Days within which a contact must have done something to count as engaged."),
        }

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()
