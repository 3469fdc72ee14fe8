"""Forms about the places of categories: where one is moved to, what becomes of what is in one that is deleted."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tags.deleting import Choice
from tags.models import Category
from tags.moving import places_for
from tags.tree import Branch, branches

TOP = "0"


def places(category: Category, tree: list[Branch]) -> list[Branch]:
    """Where it can stand, in the order of the tree."""
    fitting = {each.pk for each in places_for(category, [branch.category for branch in tree])}
    return [branch for branch in tree if branch.pk in fitting]


class MoveForm(forms.Form):
    """Below which category. `stood`: what it was below when it was asked."""

    below = forms.ChoiceField(label=_("Move it below"))
    stood = forms.IntegerField(min_value=0, max_value=2**62, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, category: Category, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tree = branches()
        self.by_id = {branch.pk: branch.category for branch in tree}
        offered = [(str(branch.pk), branch.indented) for branch in places(category, tree)]
        self.fields["below"].choices = [(TOP, _("At the top")), *offered]  # type: ignore[attr-defined]
        self.fields["below"].error_messages["invalid_choice"] = _("It can't be moved there.")

    def clean_below(self) -> Category | None:
        return self.by_id.get(int(self.cleaned_data["below"]))


class DeleteForm(forms.Form):
    """What becomes of the categories below and of the contacts."""

    UP, DOWN, GO = "up", "to", "delete"
    KEEP, MOVE, OUT = "keep", "to", "out"

    children = forms.ChoiceField(choices=[(UP, ""), (DOWN, ""), (GO, "")], required=False)
    children_to = forms.ChoiceField(required=False)
    contacts = forms.ChoiceField(choices=[(KEEP, ""), (MOVE, ""), (OUT, "")], required=False)
    contacts_to = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, category: Category, parent: Category | None, holds: bool, **kwargs: Any) -> None:
        """`holds`: contacts are in it, or below it."""
        super().__init__(*args, **kwargs)
        self.parent, self.leads, self.holds = parent, bool(category.numchild), holds
        tree = branches()
        self.by_id = {branch.pk: branch.category for branch in tree}
        outside = places(category, tree)
        self.children_places = [(TOP, _("At the top")), *((str(branch.pk), branch.indented) for branch in outside)]
        below = [(str(branch.pk), branch.indented) for branch in tree if branch.pk != category.pk]
        self.fields["children_to"].choices = [("", ""), *self.children_places]  # type: ignore[attr-defined]
        self.fields["contacts_to"].choices = [("", ""), *below]  # type: ignore[attr-defined]
        for name in ("children", "children_to", "contacts", "contacts_to"):
            self.fields[name].error_messages["invalid_choice"] = _("Choose a category that stays.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.leads and not given.get("children") and "children" not in self.errors:
            self.add_error("children", _("Choose what becomes of the categories below it."))
        if self.holds and not given.get("contacts") and "contacts" not in self.errors:
            self.add_error("contacts", _("Choose what becomes of the contacts."))
        if given.get("children") == self.DOWN and not given.get("children_to"):
            self.add_error("children_to", _("Choose where the categories below it go."))
        if given.get("contacts") == self.MOVE and not given.get("contacts_to"):
            self.add_error("contacts_to", _("Choose where the contacts go."))
        if given.get("contacts") == self.KEEP and self.parent is None:
            self.add_error("contacts", _("There is no category above it."))
        return given

    def choice(self) -> Choice:
        """As it was answered; where there was nothing to ask, as if those below moved up."""
        given = self.cleaned_data
        below, into = self.parent, self.parent
        if given["children"] == self.DOWN:
            below = self.by_id.get(int(given["children_to"]))
        if given["contacts"] == self.MOVE:
            into = self.by_id.get(int(given["contacts_to"]))
        if given["contacts"] == self.OUT:
            into = None
        return Choice(branch=given["children"] == self.GO, below=below, into=into)
