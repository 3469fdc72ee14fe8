"""What the pages about users say of their sight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from config.requests import Request
from contacts.models import Contact
from contacts.sight import sees
from permissions.forms import groups_field
from permissions.models import PermissionGroup
from permissions.selectors import groups_by_user, members_below
from permissions.services import Doer, set_groups_of
from permissions.sight import names
from users.access import signed_in
from users.models import User
from users.parts import Card, Mark, Question


@dataclass(frozen=True)
class Demoted:
    """What somebody would see by their groups; not `grouped`: they are in none, and would go on seeing everybody."""

    grouped: bool
    contacts: int


def marks(people: Sequence[User]) -> Mapping[int, Mark]:
    """A chip for those who see some contacts only, with their groups."""
    groups = groups_by_user([user.pk for user in people if not user.administers])
    return {
        pk: Mark(_("sees part"), _("Permission groups: %(names)s") % {"names": ", ".join(named)})
        for pk, named in groups.items()
    }


def about(request: Request, person: User) -> dict[str, Any]:
    """What somebody sees, as of now, and by which groups."""
    mask = sees(person)
    return {
        "person": person,
        "at": request.now,
        "part": mask is not None,
        "seen": len(mask) if mask is not None else None,
        "total": Contact.objects.count(),
        "groups": list(PermissionGroup.objects.filter(users=person)),
        "names": names(person) if mask is not None else [],
        "demoted": seen_when_demoted(person) if person.administers else None,
    }


def seen_when_demoted(person: User) -> Demoted:
    """How many contacts an owner or administrator would see as a marketer or analyst."""
    groups = PermissionGroup.objects.filter(users=person).prefetch_related("named")
    named = [{each.category_id for each in group.named.all()} for group in groups]
    [members] = members_below([set().union(*named)])
    return Demoted(grouped=bool(named), contacts=len(members))


def groups_of_a_new_user() -> forms.Field | None:
    """Which groups a new user is in, where there are any: from the first moment, not a minute later."""
    groups = list(PermissionGroup.objects.all())
    return groups_field(groups) if groups else None


def put_new_user(person: User, groups: Sequence[int], /, *, request: Request) -> None:
    by = signed_in(request)
    set_groups_of(person, groups, seen=(), doer=Doer(request.now, str(by), by))


CARD = Card(name="sight", template="permissions/_user_card.html", context=about, own=True)
QUESTION = Question(name="groups", field=groups_of_a_new_user, answer=put_new_user)
