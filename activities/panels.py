"""What activities add to a contact's page: the timeline, and the contact in a few numbers."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from activities import selectors, timeline
from activities.models import Activity, Order, Visit
from config.requests import Request
from contacts.manager import Belonging, Panel
from contacts.models import Contact


def timeline_panel(request: Request, contact: Contact) -> dict[str, Any]:
    """The part of the timeline that the page's address asks for."""
    return {"timeline": timeline.context(request, contact)}


def numbers_panel(request: Request, contact: Contact) -> dict[str, Any]:
    """Spending, the last visit and engagement, as of the request. Constant queries."""
    account, now = request.tenant, request.now
    engagement = selectors.engagement(contact, days=account.engagement_days, now=now, zone=account.zone)
    visit = selectors.last_visit(contact)
    spending = selectors.spending(contact)
    return {
        "spending": spending,
        "average": None if spending.average is None else round(spending.average, 2),
        "engagement": engagement,
        "reason": timeline.title_of(engagement.last) if engagement.last else "",
        "visit": visit,
        "visit_source": timeline.channel_told(visit) if visit else "",
        "currency": account.currency,
        "as_of": now,
    }


def belongings(_request: Request, contact: Contact) -> list[Belonging]:
    """What goes with a contact that is deleted."""
    return [
        Belonging(_("Activities"), Activity.objects.filter(contact=contact).count()),
        Belonging(_("Visits"), Visit.objects.filter(contact=contact).count()),
        Belonging(_("Orders"), Order.objects.filter(contact=contact).count()),
    ]


TIMELINE = Panel(
    name="timeline", template="activities/_timeline_panel.html", context=timeline_panel, order=10, aside=False
)
NUMBERS = Panel(name="numbers", template="activities/_numbers_panel.html", context=numbers_panel, order=5)
