"""The form of a new API key. What a key may be is judged by `services.create_key`."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Case, Value, When
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api.models import USUAL, USUAL_DAYS, ApiKey, Scope
from config.names import NameField
from config.templatetags.numbers import number
from users.models import Role, User

NEVER = "never"
DAYS = (
    ("30", gettext_lazy("in 30 days")),
    ("90", gettext_lazy("in 90 days")),
    ("365", gettext_lazy("in a year")),
    (NEVER, gettext_lazy("never: it works until it is revoked")),
)
GONE = {"invalid_choice": gettext_lazy("Choose from the list: what you chose is not there any more.")}


class KeyForm(forms.Form):
    """What a key is for, whom it acts for, what it may, how long. `like`: an earlier key that it is to be like."""

    use_required_attribute = False
    name = NameField(
        label=gettext_lazy("Name"),
        max_length=80,
        error_messages={"required": gettext_lazy("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": gettext_lazy("Shop")}),
        help_text=gettext_lazy("What uses it. In the history of contacts it stands as “API: Shop”."),
    )
    acts_for = forms.TypedChoiceField(
        label=gettext_lazy("Acts for"),
        coerce=int,
        error_messages={"required": gettext_lazy("Choose a user."), **GONE},
        help_text=gettext_lazy(
            "The key sees the contacts that this user sees, and may do no more than the user's role. It stops when the"
            " user is deactivated."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope.value, scope.label) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one."), **GONE},
        help_text=gettext_lazy(
            "Tick only what is needed: whoever gets hold of the key can do all of it. The tags, categories and consents"
            " that a contact is sent with need no scope of labels."
        ),
    )
    days = forms.ChoiceField(label=gettext_lazy("Expires"), choices=DAYS, error_messages=GONE)
    rate_per_minute = forms.IntegerField(
        label=gettext_lazy("Requests per minute"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        widget=forms.NumberInput(attrs={"class": "number-input", "inputmode": "numeric"}),
    )
    once = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, once: str, by: User, like: ApiKey | None = None) -> None:
        initial: dict[str, Any] = {"scopes": [scope.value for scope in USUAL], "days": str(USUAL_DAYS), "once": once}
        initial["acts_for"] = by.pk
        if like is not None:
            initial |= {"name": like.name, "scopes": like.scopes, "rate_per_minute": like.rate_per_minute}
            initial["acts_for"] = like.acts_for_id
            initial["days"] = days_of(like)
        super().__init__(data, initial=initial)
        mine_first = Case(When(pk=by.pk, then=Value(0)), default=Value(1))
        self.people = {user.pk: user for user in User.objects.filter(is_active=True).order_by(mine_first, "name", "pk")}
        self.fields["acts_for"].choices = [(str(pk), told(user)) for pk, user in self.people.items()]  # type: ignore[attr-defined]
        told_limit = _("Left empty: %(limit)s.") % {"limit": number(settings.API_RATE_PER_MINUTE)}
        self.fields["rate_per_minute"].help_text = told_limit

    @property
    def picks(self) -> list[tuple[Scope, bool]]:
        """Every scope, and whether it is ticked now."""
        chosen = {str(value) for value in self["scopes"].value() or []}
        return [(scope, scope.value in chosen) for scope in Scope]

    def clean(self) -> dict[str, Any]:
        """An analyst's key with a writing scope would be refused at its first use, where nobody looks."""
        given: dict[str, Any] = super().clean() or {}
        person = self.people.get(given.get("acts_for") or 0)
        writing = [scope for scope in given.get("scopes", ()) if Scope(scope).writes]
        if person is not None and not person.may_write and writing:
            text = _("%(name)s is an analyst, who may only read. Leave out: %(scopes)s.")
            self.add_error("scopes", text % {"name": person, "scopes": ", ".join(writing)})
        return given

    def asked(self, now: datetime) -> dict[str, Any]:
        """What a valid form asks for, as `create_key` takes it."""
        given = self.cleaned_data
        days = given["days"]
        return {
            "name": given["name"],
            "scopes": given["scopes"],
            "acts_for": self.people[given["acts_for"]],
            "expires_at": None if days == NEVER else now + timedelta(days=int(days)),
            "rate_per_minute": given["rate_per_minute"],
        }


def told(user: User) -> str:
    """ "Olga Nowak (olga@shop.example), Owner" as one line of the list."""
    return f"{user} ({user.email}), {Role(user.role).label}" if user.name else f"{user}, {Role(user.role).label}"


def days_of(key: ApiKey) -> str:
    """The choice next to how long a key was to live."""
    if key.expires_at is None:
        return NEVER
    lived = (key.expires_at - key.created_at).days
    return next((value for value, _label in DAYS[:-1] if lived <= int(value)), DAYS[-2][0])
