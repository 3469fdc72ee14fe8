"""Whom an action is for and how often it runs: asked beside the kind's own form part."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from actions.models import Audience
from segmentation.models import Segment

ONCE, EVERY = "once", "every"


class WhenForm(forms.Form):
    """For a refreshing segment; one calculated once leaves no choice, so its form has no fields."""

    use_required_attribute = False
    repeat = forms.ChoiceField(
        label=_("How often"),
        choices=[(ONCE, _("once")), (EVERY, _("after every refresh"))],
        initial=ONCE,
        widget=forms.RadioSelect,
    )
    audience = forms.ChoiceField(
        label=_("For whom"), choices=Audience.choices, initial=Audience.ALL, widget=forms.RadioSelect
    )

    def __init__(self, data: Any = None, *, segment: Segment) -> None:
        super().__init__(data)
        if not segment.refreshes:
            self.fields.clear()

    @property
    def audience_wanted(self) -> str:
        return str(self.cleaned_data.get("audience", Audience.ALL))

    @property
    def every_refresh(self) -> bool:
        return self.cleaned_data.get("repeat") == EVERY
