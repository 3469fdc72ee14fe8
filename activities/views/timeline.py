"""The timeline of a contact, fetched: the contact's page shows the same."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from activities.timeline import context
from config.requests import Request
from contacts.selectors import contact_for


@require_safe
def timeline(request: Request, pk: int) -> HttpResponse:
    """The card's content; asked for as a page, the contact's page at the same place."""
    contact = contact_for(request, pk)
    if not request.htmx:
        query = request.GET.urlencode()
        return redirect(reverse("contacts:contact", args=[pk]) + (f"?{query}" if query else "") + "#timeline")
    shown = context(request, contact)
    status = 422 if shown["refused"] else 200
    return render(request, "activities/_timeline.html", {"contact": contact, "timeline": shown}, status=status)
