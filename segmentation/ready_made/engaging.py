"""Ready-made criteria about who is engaged."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from segmentation.parts.base import Tree
from segmentation.ready_made.base import Template, TemplateGroup

SUNSET_DAYS = 180


def engagement(state: str, days: int | None = None) -> Tree:
    return {"kind": "engagement", "state": state, **({"days": days} if days else {})}


ENGAGEMENT = TemplateGroup(
    "engagement",
    pgettext_lazy("ready-made criteria", "Engagement"),
    (
        Template(
            "engaged",
            _("Engaged"),
            _("Opened, clicked, visited, looked at a product or ordered within the account's window."),
            "heart-pulse",
            {"all": [engagement("engaged")]},
        ),
        Template(
            "unengaged",
            _("Unengaged"),
            _("Did none of that within the account's window."),
            "moon",
            {"all": [engagement("unengaged")]},
        ),
        Template(
            "interacted_30",
            _("Interacted within 30 days"),
            _("Opened, clicked, visited, looked at a product or ordered in the last 30 days."),
            "calendar-check",
            {"all": [engagement("engaged", 30)]},
        ),
        Template(
            "interacted_60",
            _("Interacted within 60 days"),
            _("Opened, clicked, visited, looked at a product or ordered in the last 60 days."),
            "calendar-check",
            {"all": [engagement("engaged", 60)]},
        ),
        Template(
            "interacted",
            _("Interacted within a number of days"),
            _("Opens with 14 days: put in how many you like."),
            "calendar-range",
            {"all": [engagement("engaged", 14)]},
        ),
        Template(
            "sunset",
            _("Sunset: unengaged for a long time"),
            _("Nothing for 180 days, and a contact for at least as long. Change both numbers for another length."),
            "sunset",
            {
                "all": [
                    engagement("unengaged", SUNSET_DAYS),
                    {
                        "not": {
                            "kind": "field",
                            "field": "created_at",
                            "op": "last",
                            "value": {"n": SUNSET_DAYS, "unit": "day"},
                        }
                    },
                ]
            },
        ),
    ),
)
