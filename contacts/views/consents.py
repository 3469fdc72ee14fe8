"""Consents: what people are asked to agree to."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.pages import page
from contacts import services
from contacts.counting import counted, mask_name
from contacts.forms import ConsentForm
from contacts.models import Consent
from contacts.selectors import consent_counts, consent_for
from contacts.sight import sight
from contacts.views.definitions import refuse
from users.access import administrators_only


def consents(request: HttpRequest) -> HttpResponse:
    """All definitions, with how many contacts gave and withdrew each."""
    mask = sight(request)
    name = f"consent-answers{mask_name(mask)}"
    counts, at = counted(name, lambda: consent_counts(mask), now=request.now)  # type: ignore[attr-defined]
    lines = [(row, counts.get(row.pk, {})) for row in Consent.objects.all()]
    return page(request, "contacts/consents.html", {"lines": lines, "at": at})


@administrators_only
def create(request: HttpRequest) -> HttpResponse:
    """A new consent."""
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_consent(**form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is created.") % {"name": made})
            return redirect("contacts:consents")
    return page(request, "contacts/consent_form.html", {"form": form}, status=422 if form.is_bound else 200)


@administrators_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a consent's wording and channel."""
    consent = consent_for(request, pk)
    form = ConsentForm(request.POST or None, consent=consent)
    if request.method == "POST" and form.is_valid():
        try:
            edited = services.edit_consent(consent, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": edited})
            return redirect("contacts:consents")
    context = {"form": form, "consent": consent}
    return page(request, "contacts/consent_form.html", context, status=422 if form.is_bound else 200)
