"""Forms about permission groups. People and categories are picked by boxes; the services judge the rest."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.names import NameField
from permissions.models import PermissionGroup
from permissions.selectors import BY_NAME, categories_named
from permissions.services import LONGEST_NAME
from tags.tree import Branch, branches
from users.models import User

NONE = "-"  # in a list of ids: there are none


class Ids(forms.TypedMultipleChoiceField):
    """Ids out of a known list, each by a box."""

    def __init__(self, ids: list[int], **kwargs: Any) -> None:
        choices = [(str(pk), "") for pk in ids]
        super().__init__(choices=choices, coerce=int, required=False, widget=forms.CheckboxSelectMultiple, **kwargs)


class AgreedField(forms.CharField):
    """The ids of the users of whom it is agreed that they see every contact, or nobody: one box stands for all."""

    def clean(self, value: Any) -> frozenset[int]:
        return ids_in(str(value or ""))


class SeenField(forms.CharField):
    """The ids of the groups that somebody was in when the form was opened. None: the form does not say."""

    def clean(self, value: Any) -> frozenset[int] | None:
        return ids_in(str(value)) if value else None


def ids_in(text: str) -> frozenset[int]:
    """The ids that a text lists; what is none is passed over: it agrees to nothing."""
    return frozenset(int(part) for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 18)


class GroupForm(forms.Form):
    """A group's name, users and categories, and the state of the group that the form was opened with."""

    name = NameField(
        label=gettext_lazy("Name of the group"),
        max_length=LONGEST_NAME,
        error_messages={"required": gettext_lazy("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    seen = forms.IntegerField(required=False, min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    freed = AgreedField(required=False, widget=forms.HiddenInput)
    blinded = AgreedField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, group: PermissionGroup | None = None) -> None:
        members = set(group.users.values_list("pk", flat=True)) if group else set()
        self.everybody = [
            user
            for user in User.objects.order_by("-is_active", *BY_NAME)
            if user.is_active or user.pk in members or data is not None
        ]
        self.tree = branches()
        initial: dict[str, Any] = {"seen": 0}
        if group:
            initial = {"name": group.name, "seen": group.revision, "users": sorted(members)}
            initial["categories"] = categories_named(group)
        super().__init__(data, initial=initial)
        gone = {"invalid_choice": _("Choose from the list: what you chose is not there any more.")}
        self.fields["users"] = Ids([user.pk for user in self.everybody], error_messages=gone)
        self.fields["categories"] = Ids([branch.pk for branch in self.tree], error_messages=gone)

    def chosen(self, name: str) -> set[int]:
        """The ids ticked now, whether or not the rest of the form is right."""
        known = {int(value) for value, _label in self.fields[name].choices}  # type: ignore[attr-defined]
        values = {str(value) for value in self[name].value() or []}
        return {pk for pk in known if str(pk) in values}

    @property
    def people(self) -> list[tuple[User, bool]]:
        """Everybody who can be picked, and whether they are."""
        chosen = self.chosen("users")
        return [(user, user.pk in chosen) for user in self.everybody if user.is_active or user.pk in chosen]

    @property
    def places(self) -> list[tuple[Branch, bool]]:
        """The tree, and what of it is picked."""
        chosen = self.chosen("categories")
        return [(branch, branch.pk in chosen) for branch in self.tree]


class GroupsOfForm(forms.Form):
    """The groups of one user."""

    seen = SeenField(required=False, widget=forms.HiddenInput)
    freed = AgreedField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        self.groups = list(PermissionGroup.objects.all())
        now = sorted(user.permission_groups.values_list("pk", flat=True))
        super().__init__(data, initial={"groups": now, "seen": ",".join(map(str, now)) or NONE})
        self.fields["groups"] = groups_field(self.groups)


def groups_field(groups: list[PermissionGroup]) -> forms.TypedMultipleChoiceField:
    """A box for each group."""
    return forms.TypedMultipleChoiceField(
        label=_("Permission groups"),
        choices=[(group.pk, group.name) for group in groups],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "In a group a marketer or analyst sees the contacts of its categories only; in none, every contact."
        ),
        error_messages={"invalid_choice": _("Choose from the list: what you chose is not there any more.")},
    )
