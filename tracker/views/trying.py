"""Trying it out: a page with the script on it, and a link that names a contact."""

from datetime import timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.pages import page
from config.requests import Request
from contacts.models import Contact
from tracker import recording, services, tokens
from tracker.arriving import arrived
from tracker.bots import is_bot
from tracker.forms import LinkForm
from tracker.selectors import site_for
from tracker.tokens import Named
from users.access import administrators_only, reads

FOR_TEST = timedelta(minutes=10)
FOR_LINK = timedelta(hours=1)


@require_safe
@administrators_only
def test(request: Request, pk: int) -> HttpResponse:
    """A page of our own that reports with a token of nobody: all is checked, nothing stored, a test counted."""
    here = site_for(pk)
    a_bot = is_bot(request.headers.get("User-Agent", ""))
    context = {"site": here, "a_bot": a_bot} | arrived(here, now=request.now)
    if not request.htmx:
        context["token"] = services.token_for(here, Named(tokens.TEST, ""), now=request.now, lasts=FOR_TEST)
    return page(request, "tracker/test.html", context, part="tested")


@reads
@require_POST
@administrators_only
def link(request: Request, pk: int) -> HttpResponse:
    """A link to the site as a contact of one's choice: what is done after opening it is recorded of that contact."""
    here, form = site_for(pk), LinkForm(request.POST)
    made = ""
    if form.is_valid():
        found = contact_called(form.cleaned_data["contact"])
        if found is None:
            form.add_error("contact", _("There is no such contact."))
        elif here.origins:
            token = services.token_for(here, Named("id", str(found.pk)), now=request.now, lasts=FOR_LINK)
            made = f"{here.origins[0]}/?sito={token}"
    context = {"site": here, "link_form": form, "link": made, "until": request.now + FOR_LINK}
    return page(request, "tracker/link.html", context, part="link", status=422 if form.errors else 200)


def contact_called(given: str) -> Contact | None:
    """Administrators see every contact, so nothing is cut here."""
    text = given.strip()
    one = Named("id", text[1:]) if text.startswith("#") else Named("email" if "@" in text else "external_id", text)
    pk = recording.found(one)
    return Contact.objects.filter(pk=pk).first() if pk else None
