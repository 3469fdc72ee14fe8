"""The card of a contact's page that tells its RFM scores, fetched when the page is there."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config.pages import page
from config.requests import Request
from contacts.manager import Panel
from contacts.selectors import contact_for
from contacts.sight import sight
from insights.rfm import standing

PANEL = Panel(  # last in its column: the scores come later, and would move what is below
    name="rfm", template="insights/_rfm_panel.html", context=lambda _request, _contact: {}, order=90
)


@require_safe
def rfm(request: Request, pk: int) -> HttpResponse:
    """Group, scores, and for who sees all contacts where the scores end: those tell of the other buyers."""
    person = contact_for(request, pk)
    context = {
        "contact": person,
        "standing": standing(person, now=request.now, zone=request.tenant.zone),
        "whole": sight(request) is None,
        "currency": request.tenant.currency,
        "at": request.now,
    }
    return page(request, "insights/rfm.html", context, part="scores")
