"""Forms about labels. What they take is judged by the services; a refusal comes back to the field."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tags.models import Category
from tags.normalising import LONGEST_TEXT
from tags.tree import Branch

PLAIN_TEXT = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}


class TagsInput(forms.TextInput):
    """Where tags are typed, everywhere the same: with scripts it offers those there are and says what a text becomes.

    `one`: it takes one name. `known`: only tags that there are already.
    """

    def __init__(self, attrs: dict[str, Any] | None = None, *, one: bool = False, known: bool = False) -> None:
        super().__init__(PLAIN_TEXT | (attrs or {}))
        self.one, self.known = one, known

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """The addresses are found when it is drawn: forms are read before there are any."""
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["attrs"] |= {
            "data-tags": "one" if self.one else "several",
            "data-suggestions": reverse("tags:suggestions"),
            "data-becomes": reverse("tags:becomes") + ("?of=old" if self.known else ""),
        }
        return context


class TagsForm(forms.Form):
    """The names of tags, as somebody types them."""

    names = forms.CharField(
        label=_("Tags"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=TagsInput(),
        help_text=_(
            "A comma separates two tags. Better without spaces: TORIC_LENSES is easier to type than two words."
        ),
        error_messages={"required": _("Type the name of a tag.")},
    )


class TagNameForm(forms.Form):
    """A tag's new name."""

    name = forms.CharField(
        label=_("New name"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=TagsInput({"autofocus": True}, one=True),
        error_messages={"required": _("Type the new name.")},
    )


class MergeForm(forms.Form):
    """What several tags will be called together."""

    name = forms.CharField(
        label=_("Name of the result"),
        max_length=LONGEST_TEXT,
        strip=False,
        widget=TagsInput(one=True),
        help_text=_("One of these tags, another one, or a new name."),
        error_messages={"required": _("Type the name of the result.")},
    )


class CategoryForm(forms.Form):
    """A new category and its place in the tree."""

    name = forms.CharField(
        label=pgettext_lazy("of a category", "Name"),
        max_length=1000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Type a name.")},
    )
    below = forms.TypedChoiceField(label=_("Below"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, tree: Iterable[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [(branch.pk, branch.indented) for branch in tree]
        self.fields["below"].choices = [("", _("At the top")), *places]  # type: ignore[attr-defined]

    def clean_below(self) -> Category | None:
        below = self.cleaned_data["below"]
        return Category.objects.filter(pk=below).first() if below is not None else None


class CategoryNameForm(forms.Form):
    """A category's new name."""

    name = forms.CharField(
        label=_("New name"),
        max_length=1000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": _("Type a name.")},
    )
