"""A contact's details changed where they stand, one field at a time."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts.details import Detail, DetailForm, one_detail
from contacts.models import Attribute, Contact
from contacts.selectors import contact_for
from contacts.services import LostUpdateError
from contacts.views.contacts import history_part, save
from users.access import writers_only


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: Request, pk: int, name: str) -> HttpResponse:
    """The field with what is to be typed; `?shown` the field as it stands. Without scripts: the whole form."""
    person = contact_for(request, pk)
    found = one_detail(person, name)
    if found is None:
        raise Http404
    detail, attributes = found
    scripted = bool(request.htmx)
    if request.method == "POST":
        return changed(request, person, detail, attributes)
    if not scripted:
        return redirect(f"{reverse('contacts:edit', args=[pk])}#id_{detail.input}")
    context: dict[str, Any] = {"contact": person, "detail": detail}
    if "shown" in request.GET:
        return page(request, "contacts/_field.html", context)
    form = DetailForm(None, contact=person, detail=detail, attributes=attributes)
    return page(request, "contacts/_field_form.html", context | {"form": form})


def changed(request: Request, person: Contact, detail: Detail, attributes: list[Attribute]) -> HttpResponse:
    """Saves the field; what is wrong with it is said at it (422, without scripts on a page of its own)."""
    form = DetailForm(request.POST, contact=person, detail=detail, attributes=attributes)
    scripted = bool(request.htmx)
    theirs = ""
    if form.is_valid():
        try:
            saved = save(request, person, form)
        except LostUpdateError:
            person = contact_for(request, person.pk)
            now = one_detail(person, detail.name)
            theirs = (now[0].text if now else "") or _("nothing")
            given = request.POST.copy()
            given["seen"] = person.updated_at.isoformat()
            form.data = given
        except ValidationError as error:
            form.add_refused(error)
        else:
            return done(request, saved, detail.name, scripted=scripted)
    context = {"contact": person, "detail": detail, "form": form, "theirs": theirs}
    template = "contacts/_field_form.html" if scripted else "contacts/field.html"
    return page(request, template, context, status=422)


def done(request: Request, saved: Contact, name: str, *, scripted: bool) -> HttpResponse:
    """The field as it is now, and with it what else on the page speaks of it."""
    if not scripted:
        messages.success(request, _("%(name)s is saved.") % {"name": saved})
        return redirect("contacts:contact", saved.pk)
    found = one_detail(saved, name)
    context = {"contact": saved, "detail": found and found[0]}
    return page(request, "contacts/_field_saved.html", context | history_part(request, saved))
