"""The form of a consent: its names, its channel, what people read when they agree."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.forms import key_field
from contacts.models import Channel, Consent, ConsentWording
from contacts.services.consents import LONGEST_WORDING, mark_of


def wording_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=LONGEST_WORDING, widget=forms.Textarea(attrs={"rows": 4})
    )


class ConsentForm(forms.Form):
    """A consent's definition. An empty wording of a new one is its name."""

    key = key_field()
    name_en = forms.CharField(label=_("Name in English"), max_length=200)
    name_pl = forms.CharField(label=_("Name in Polish"), max_length=200)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices)
    text_en = wording_field(_("Wording in English"))
    text_pl = wording_field(_("Wording in Polish"))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)  # of which definition this is a change

    def __init__(
        self, *args: Any, consent: Consent | None = None, wording: ConsentWording | None = None, **kwargs: Any
    ) -> None:
        if consent:
            kwargs["initial"] = {
                "name_en": consent.name_en,
                "name_pl": consent.name_pl,
                "channel": consent.channel,
                "text_en": wording.text_en if wording else "",
                "text_pl": wording.text_pl if wording else "",
                "seen": mark_of(consent, wording),
            }
        super().__init__(*args, **kwargs)
        if consent:
            del self.fields["key"]
            for name in ("text_en", "text_pl"):
                self.fields[name].required = wording is not None
                self.fields[name].help_text = _(
                    "Another wording is a new version. Whoever has agreed has agreed to the earlier one."
                )
        else:
            del self.fields["seen"]
            for name in ("text_en", "text_pl"):
                self.fields[name].help_text = _("What people read when they agree. Left empty, it is the name.")
