"""Groups and causes in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from config.templatetags.numbers import number
from contacts.models import Status
from insights.engagement.erased import ALL, ENGAGED


def state_words(state: str) -> str:
    if state == ALL:
        return pgettext("contacts", "All")
    return pgettext("contacts", "Engaged") if state == ENGAGED else pgettext("contacts", "Unengaged")


def population_words(population: str) -> str:
    return _("All statuses") if population == ALL else str(Status(population).label)


def group_words(state: str, population: str) -> str:
    """ "Engaged, Subscribed"."""
    if population == ALL:
        return state_words(state)
    return pgettext("a group, and a subscription status", "%(group)s, status %(status)s") % {
        "group": state_words(state),
        "status": Status(population).label,
    }


def erased_words(count: int) -> str:
    """Beside a number of which so many can be listed no more; "" for none."""
    told = ngettext("(%(number)s erased since)", "(%(number)s erased since)", count)
    return told % {"number": number(count)} if count else ""


def change_words(part: str, state: str) -> str:
    """What a number of the change counts. `state`: of which group."""
    engaged = state == ENGAGED
    return {
        "start": _("in it at the start"),
        "new": _("new contacts"),
        "joined": _("subscribed meanwhile"),
        "moved_in": _("became engaged") if engaged else _("became unengaged"),
        "moved_out": _("became unengaged") if engaged else _("became engaged"),
        "unsubscribed": _("no longer subscribed"),
        "erased": _("erased"),
        "end": _("in it at the end"),
    }[part]
