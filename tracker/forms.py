"""Forms about sites."""

from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config.names import NameField
from contacts.models import Consent
from tracker.models import TrackedSite
from tracker.origins import origin_of
from tracker.services import Settings

MOST_ORIGINS = 20
LINES = 10_000


class SiteForm(forms.Form):
    """Name, origins, consent; and the state of the site that the form was opened with."""

    use_required_attribute = False
    name = NameField(
        label=pgettext_lazy("site", "Name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    origins = forms.CharField(
        label=gettext_lazy("Addresses"),
        max_length=LINES,
        error_messages={"required": gettext_lazy("Type at least one address.")},
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "placeholder": "https://shop.example"}),
        help_text=gettext_lazy(
            "One a line, each form that visitors see: with www. and without are two. Only pages there can report."
        ),
    )
    consent = forms.ModelChoiceField(
        label=gettext_lazy("Only who has given"),
        queryset=Consent.objects.none(),
        required=False,
        empty_label=gettext_lazy("No consent needed here: the visitor's agreement on the site decides"),
        error_messages={"invalid_choice": gettext_lazy("Choose from the list: what you chose is not there any more.")},
        help_text=gettext_lazy("Nothing is stored of a contact who has not given it, or has withdrawn it."),
    )
    active = forms.BooleanField(
        label=gettext_lazy("Record what is reported"),
        required=False,
        help_text=gettext_lazy("Off: reports are let go."),
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, site: TrackedSite | None = None) -> None:
        initial: dict[str, Any] = {"active": True, "seen": 0}
        kept = Q(retired_at=None)
        if site is not None:
            initial = {"name": site.name, "origins": "\n".join(site.origins), "consent": site.consent_id}
            initial |= {"active": site.active, "seen": site.revision}
            kept |= Q(pk=site.consent_id)
        super().__init__(data, initial=initial)
        consents: Any = self.fields["consent"]
        consents.queryset = Consent.objects.filter(kept)

    def clean_origins(self) -> list[str]:
        lines = [line for line in self.cleaned_data["origins"].splitlines() if line.strip()]
        found = list(dict.fromkeys(origin_of(line) for line in lines))
        if len(found) > MOST_ORIGINS:
            raise forms.ValidationError(_("At most %(most)s addresses.") % {"most": MOST_ORIGINS})
        return found

    @property
    def asked(self) -> Settings:
        """What a valid form asks for."""
        given = self.cleaned_data
        return Settings(given["name"], given["origins"], given["consent"], given["active"])


class LinkForm(forms.Form):
    """The contact whom a link shall name."""

    use_required_attribute = False
    contact = forms.CharField(
        label=gettext_lazy("Contact"),
        max_length=254,
        error_messages={"required": gettext_lazy("Type an e-mail, an external id or #id.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "ala@example.com"}),
        help_text=gettext_lazy("E-mail, external id or #id."),
    )
