"""Forms about endpoints. What an address may be is judged by `addresses`."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.names import NameField
from segmentation.models import Segment
from webhooks.addresses import LONGEST, AddressError, NameUnknownError, resolved, target_of
from webhooks.models import CHOSEN, DeliveryState, Endpoint, EventKind
from webhooks.services import Settings

EVERY, SOME = "every", "some"
LOOK_SECONDS = 2.0  # for the host, while somebody waits for the form
HOURS = (("1", gettext_lazy("the last hour")), ("24", gettext_lazy("the last day")),
         ("168", gettext_lazy("the last seven days")), ("720", gettext_lazy("the last thirty days")))  # fmt: skip
GONE = {"invalid_choice": gettext_lazy("Choose from the list: what you chose is not there any more.")}


class EndpointForm(forms.Form):
    """Where to, of what, of which segments; and the state of the endpoint that the form was opened with."""

    use_required_attribute = False
    name = NameField(
        label=gettext_lazy("Name"),
        max_length=120,
        error_messages={"required": gettext_lazy("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("For you: what receives it, “Shop” say."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=LONGEST,
        error_messages={"required": gettext_lazy("Type the address that is to be called.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "inputmode": "url", "placeholder": "https://shop.example/sito"}
        ),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"),
        choices=[(kind.value, kind.label) for kind in CHOSEN],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one."), **GONE},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Which segments"),
        choices=[
            (EVERY, gettext_lazy("Every segment, those made later too; and files of contacts picked by hand")),
            (SOME, gettext_lazy("Only these:")),
        ],
        widget=forms.RadioSelect,
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, endpoint: Endpoint | None = None) -> None:
        self.endpoint = endpoint
        initial: dict[str, Any] = {"scope": EVERY, "events": [EventKind.JOINED, EventKind.LEFT], "seen": 0}
        if endpoint is not None:
            initial = {name: getattr(endpoint, name) for name in ("name", "url", "events")}
            initial |= {"scope": EVERY if endpoint.every_segment else SOME, "seen": endpoint.revision}
            initial["segments"] = list(endpoint.segments.values_list("pk", flat=True))
        super().__init__(data, initial=initial)
        self.everything = list(Segment.objects.order_by("name").values_list("pk", "name"))
        self.fields["segments"] = forms.TypedMultipleChoiceField(
            choices=[(str(pk), name) for pk, name in self.everything],
            coerce=int,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages=GONE,
        )

    def clean_url(self) -> str:
        try:
            target = target_of(self.cleaned_data["url"])
            resolved(target, seconds=LOOK_SECONDS)
        except AddressError as error:
            raise forms.ValidationError(str(error)) from error
        except NameUnknownError:
            pass  # a host that is not there yet: the test will say so
        return target.url

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("scope") == SOME and not given.get("segments") and "segments" not in self.errors:
            self.add_error("segments", _("Tick at least one segment, or choose every segment."))
        return given

    @property
    def picks(self) -> list[tuple[int, str, bool]]:
        """Every segment, and whether it is ticked now."""
        chosen = {str(value) for value in self["segments"].value() or []}
        return [(pk, name, str(pk) in chosen) for pk, name in self.everything]

    @property
    def asked(self) -> Settings:
        """What a valid form asks for."""
        given = self.cleaned_data
        segments = given["segments"] if given["scope"] == SOME else None
        return Settings(given["name"], given["url"], given["events"], segments)


class LogForm(forms.Form):
    """What the list of deliveries is narrowed to."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("Any state")), *DeliveryState.choices],
        widget=forms.Select(attrs={"aria-label": gettext_lazy("State")}),
    )
    event = forms.ChoiceField(
        label=gettext_lazy("Event"),
        required=False,
        choices=[("", gettext_lazy("Any event")), *EventKind.choices],
        widget=forms.Select(attrs={"aria-label": gettext_lazy("Event")}),
    )


class ReplayForm(forms.Form):
    """How far back what failed is sent again."""

    hours = forms.TypedChoiceField(
        label=gettext_lazy("What happened in"), choices=HOURS, coerce=int, initial="24", widget=forms.RadioSelect
    )
