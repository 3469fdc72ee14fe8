"""What the pages about users say of keys that act for somebody: they stop with the user."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from api import selectors
from config.templatetags.numbers import number
from users.models import User
from users.parts import Going

NAMED = 10


def keys_of(person: User) -> Going | None:
    """The keys that work now because the user is active; of one who is deactivated none does."""
    working = selectors.keys().filter(selectors.working(timezone.now()), acts_for=person)
    names = list(working.values_list("name", flat=True))
    if not names:
        return None
    text = ngettext(
        "%(number)s API key acts for this user. It stops working when the user is deactivated, and only reads when the"
        " user becomes an analyst: %(names)s.",
        "%(number)s API keys act for this user. They stop working when the user is deactivated, and only read when the"
        " user becomes an analyst: %(names)s.",
        len(names),
    )
    told = ", ".join(f"“{name}”" for name in names[:NAMED]) + (" …" if len(names) > NAMED else "")
    return Going(text % {"number": number(len(names)), "names": told}, [(_("API keys"), reverse("api:keys"))])
