"""An account of which one marketer sees some contacts only: those in the category Media."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from pyroaring import BitMap

from contacts.models import Contact
from tags.models import Category, ContactCategory
from tests import factories
from tests.support.people import client_for, make_user
from tests.support.segments import scored
from users.models import Role, User

HOUR = timedelta(hours=1)


@dataclass
class Split:
    """`wide` sees everybody, `narrow` those of `mine`; both are marketers. All contacts have the lead score 30."""

    wide: User
    narrow: User
    mine: BitMap
    outside: BitMap
    media: Category
    now: datetime

    @property
    def everybody(self) -> BitMap:
        return self.mine | self.outside

    def sees(self, path: str, *, status: int = 200) -> Any:
        """The page as `narrow` has it."""
        response = client_for(self.narrow).get(path)
        assert response.status_code == status, response.content.decode()[:500]
        return response

    def sends(self, path: str, *, status: int = 302, **body: Any) -> Any:
        """What `narrow` is answered."""
        response = client_for(self.narrow).post(path, body)
        assert response.status_code == status, response.content.decode()[:500]
        return response

    def downloads(self, file: Any, *, by: User | None = None) -> int:
        """The status of the answer, read to its end, which closes the file."""
        response = client_for(by or self.narrow).get(f"/exports/{file.pk}/")
        response.getvalue()
        return int(response.status_code)

    def take_in(self, *ids: int) -> None:
        """Puts them into the category."""
        ContactCategory.objects.bulk_create(
            ContactCategory(category=self.media, contact_id=pk, assigned_at=self.now) for pk in ids
        )

    def take_out(self, *ids: int) -> None:
        ContactCategory.objects.filter(contact__in=ids).delete()


def split(mine: int = 4, outside: int = 7) -> Split:
    now = timezone.now().replace(microsecond=0)
    wide, narrow = make_user(Role.MARKETER, name="Wide"), make_user(Role.MARKETER, name="Narrow")
    own, others = scored(mine, start=0), scored(outside, start=1000)
    media = factories.category("Media", *Contact.objects.filter(pk__in=own))
    factories.permission_group("Media", users=[narrow], categories=[media])
    return Split(wide, narrow, BitMap(own), BitMap(others), media, now)


def listed(response: Any) -> int:
    """How many contacts the contact manager lists."""
    return int(response.context["total"])
