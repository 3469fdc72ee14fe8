"""What operators type."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from rollout.settings import Mode, Setting


class SignInForm(forms.Form):
    username = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NamesInput(forms.Textarea):
    """Names of accounts, one a line."""

    def format_value(self, value: Any) -> str:
        return "\n".join(sorted(value)) if isinstance(value, frozenset | set | list | tuple) else str(value or "")


class NamesField(forms.CharField):
    """Accounts, one a line, by what they are called or by their names in addresses (schemas). Gives the schemas.

    A name that is the schema of one account means that one, whatever others are called.
    """

    widget = NamesInput(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        typed = {plain(line): line.strip()[:60] for line in str(super().clean(value)).splitlines() if line.strip()}
        found, called = self.there() if typed else (set(), {})
        errors, schemas = [], set()
        for name, shown in typed.items():
            meant = [name] if name in found else called.get(name, [])
            if len(meant) == 1:
                schemas.add(meant[0])
            elif meant:
                given = {"name": shown, "names": ", ".join(meant[:5])}
                errors.append(self.error(_("Several accounts are called “%(name)s”. Type which: %(names)s."), given))
            else:
                errors.append(self.error(_("There is no account “%(name)s”."), {"name": shown}))
        if errors:
            raise forms.ValidationError(errors[:5])
        return frozenset(schemas)

    @staticmethod
    def there() -> tuple[set[str], dict[str, list[str]]]:
        """The schemas of all accounts, and which of them are called so."""
        schemas, called = set(), defaultdict(list)
        rows = Account.objects.exclude(schema_name="public").order_by("schema_name").values_list("schema_name", "name")
        for schema, name in rows:
            schemas.add(schema)
            called[plain(name)].append(schema)
        return schemas, called

    @staticmethod
    def error(text: Any, given: dict[str, str]) -> forms.ValidationError:
        return forms.ValidationError(text, params=given)


def plain(name: str) -> str:
    """Small and capital letters, and how many spaces there are, tell no two names apart."""
    return " ".join(name.casefold().split())


class ShareField(forms.DecimalField):
    """Per cent, in tenths; one sentence for whatever is wrong with it."""

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(
                _("A share is from 0 to 99.9 per cent, in tenths. For all of them choose “All accounts”.")
            ) from error


class SettingForm(forms.Form):
    """Whom an area is open to."""

    mode = forms.ChoiceField(
        label=_("Open to"),
        widget=forms.RadioSelect,
        choices=[
            (Mode.EVERYBODY.value, _("All accounts")),
            (Mode.SOME.value, _("A share of the accounts, and those named below")),
            (Mode.NOBODY.value, _("No account")),
        ],
    )
    share = ShareField(
        label=_("Share"),
        min_value=Decimal(0),
        max_value=Decimal("99.9"),
        max_digits=3,
        decimal_places=1,
        required=False,
        help_text=_("From 0 to 99.9 per cent. A larger share only adds accounts: who has the area keeps it."),
        widget=forms.NumberInput(attrs={"step": "0.1", "inputmode": "decimal"}),
    )
    named = NamesField(
        label=_("Also open to these accounts"),
        required=False,
        max_length=100_000,
        help_text=_(
            "One a line, by either of the names under Accounts. They have it whatever the share is, unless it is open "
            "to no account."
        ),
    )
    left_out = NamesField(
        label=_("Never open to these accounts"),
        required=False,
        max_length=100_000,
        help_text=_("One a line, by either of the names under Accounts."),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        both = given.get("named", frozenset()) & given.get("left_out", frozenset())
        if both:
            self.add_error("left_out", _("Named in both lists: %(names)s.") % {"names": ", ".join(sorted(both))})
        return given

    def setting(self) -> Setting:
        given = self.cleaned_data
        return Setting(Mode(given["mode"]), given["share"] or Decimal(0), given["named"], given["left_out"])

    @classmethod
    def showing(cls, setting: Setting) -> "SettingForm":
        return cls(
            initial={
                "mode": setting.mode.value,
                "share": f"{setting.share:f}".removesuffix(".0"),
                "named": setting.named,
                "left_out": setting.left_out,
            }
        )
