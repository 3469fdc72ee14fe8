"""The operators that labels share."""

from django.utils.translation import pgettext


def label_operators() -> dict[str, str]:
    """What can be asked of tags and categories."""
    return {
        "any": pgettext("operator", "has any of"),
        "all": pgettext("operator", "has all of"),
        "none": pgettext("operator", "has none of"),
    }
