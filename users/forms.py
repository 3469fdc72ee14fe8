"""Forms about users."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.names import NameField
from users.models import Role, User


class SignInForm(AuthenticationForm):
    """E-mail and password. The answer to a wrong pair never says which of the two was wrong."""

    error_messages = {
        "invalid_login": _("The e-mail address and the password do not match."),
        "inactive": _("The e-mail address and the password do not match."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["username"].widget.attrs["maxlength"] = 254


class ResetForm(forms.Form):
    """The address that a link to set a new password goes to."""

    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


class ProfileForm(forms.ModelForm):
    """What a user decides about themselves."""

    class Meta:
        model = User
        fields = ["name", "language", "theme"]
        field_classes = {"name": NameField}
        labels = {"name": pgettext_lazy("person", "Name"), "language": _("Language"), "theme": _("Theme")}


class UserForm(forms.ModelForm):
    """A user as owners and administrators see them. Roles beyond one's own are not offered, and refused by services.

    asked: further fields for a new user (`users.parts`).
    """

    class Meta:
        model = User
        fields = ["email", "name", "role", "language"]
        field_classes = {"name": NameField}
        labels = {
            "email": _("E-mail"),
            "name": pgettext_lazy("person", "Name"),
            "role": _("Role"),
            "language": _("Language"),
        }
        help_texts = {
            "role": _(
                "Owners and administrators manage users and settings; marketers work with contacts and segments; "
                "analysts look at everything and change nothing."
            )
        }

    def __init__(self, *args: Any, by: User, asked: Mapping[str, forms.Field] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = dict(asked or {})
        self.fields.update(self.asked)
        if by.role != Role.OWNER:
            role = self.fields["role"]
            role.choices = [choice for choice in Role.choices if choice[0] != Role.OWNER]  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["language"]

    def given(self) -> dict[str, Any]:
        """The user's own fields, for the services."""
        return {name: value for name, value in self.cleaned_data.items() if name not in self.asked}

    def answers(self) -> dict[str, Any]:
        """What was answered to the further fields."""
        return {name: self.cleaned_data[name] for name in self.asked}

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip()
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Somebody here already uses this e-mail address."))
        return email

    def _post_clean(self) -> None:
        """Nothing: the services change the user, under their locks, and check the rest."""
