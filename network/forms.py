"""What has to be said before the network signal is switched on."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.models import Consent


class ConsentField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return _("Only who has given “%(name)s”") % {"name": obj.name}


class SwitchOnForm(forms.Form):
    """Whom it is about, and that this may be done."""

    use_required_attribute = False
    consent = ConsentField(
        label=gettext_lazy("Contacts that take part"),
        queryset=Consent.objects.none(),
        required=False,
        empty_label=gettext_lazy("Every contact with an e-mail address"),
        error_messages={"invalid_choice": gettext_lazy("Choose from the list: what you chose is not there any more.")},
        help_text=gettext_lazy(
            "Contacts who have not given it, or have withdrawn it, are neither given nor asked about."
        ),
    )
    agreed = forms.BooleanField(
        label=gettext_lazy("We may do this with the addresses of our contacts: it is in what we have told them."),
        error_messages={"required": gettext_lazy("Tick this once you have made sure.")},
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        consents: Any = self.fields["consent"]
        consents.queryset = Consent.objects.filter(retired_at=None)
