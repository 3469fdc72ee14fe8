"""Tokens by which pages and links of a tracked site name a contact."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from activities.services.people import named
from api.common import In, Out, answer, example, needs, now_of
from api.problems import Wrong, invalid
from api.v1.people import contact_called, contact_named
from api.v1.schemas import ContactName
from config.requests import Request
from contacts.models import Contact
from tracker.selectors import reporting
from tracker.services import token_for
from tracker.tokens import DAYS, LONGEST_LIFE, Named

router = Router(tags=["Tracking"])


class TokenIn(In):
    model_config = example({"site": "qkxwmzpcuhvb", "contact": {"external_id": "K-17"}, "days": 7}, forbid=True)
    site: str = Field(description="The site's key, as its line on the pages says it.")
    contact: ContactName
    days: int = Field(DAYS, ge=1, le=LONGEST_LIFE.days, description="How long the token holds.")


class TokenOut(Out):
    model_config = example(
        {
            "token": "v1.qkxwmzpcuhvb.MTc5NjA0NTQwMDppZDo3.p7sUxdtczbZ3z2x0Uu2f6XfKk0l4yJr7S8R2cVqkT1A",
            "site": "qkxwmzpcuhvb",
            "contact": 7,
            "expires_at": "2026-11-28T13:30:00Z",
        }
    )
    token: str = Field(description="It names the contact by the id, so whoever reads it learns no address.")
    site: str
    contact: int
    expires_at: datetime = Field(description="Or earlier, a month after the site got another secret.")


@router.post(
    "/tracking/tokens",
    auth=needs("facts:write"),
    response=TokenOut,
    summary="Make a token that names a contact to the tracker",
    description="For one page or link: whoever opens it is taken for this contact on the pages of the site.",
)
def create(request: Request, payload: TokenIn) -> HttpResponse:
    site = reporting(payload.site)
    if site is None:
        raise invalid([Wrong(None, "site", "no_site", _("There is no site with this key."))])
    person = contact_in(request, payload.contact)
    now = now_of(request).replace(microsecond=0)
    lasts = timedelta(days=payload.days)
    token = token_for(site, Named("id", str(person.pk)), now=now, lasts=lasts)
    return answer({"token": token, "site": site.key, "contact": person.pk, "expires_at": now + lasts})


def contact_in(request: Request, given: ContactName) -> Contact:
    """Whom the body names. Raises: Problem (422), also for one that the key does not see."""
    try:
        way, value = named(given.model_dump(exclude_unset=True))
    except ValidationError as error:
        raise ValidationError({"contact": error}) from error
    try:
        return contact_named(request, value) if isinstance(value, int) else contact_called(request, way, value)
    except Http404 as error:
        wrong = Wrong(None, f"contact.{way}", "no_contact", _("There is no such contact."))
        raise invalid([wrong]) from error
