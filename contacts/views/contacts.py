"""One contact: its page, making it, changing it, deleting it, its answers to consents."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.pages import page
from config.requests import Request
from contacts import creating, history, hooks, manager, services
from contacts.aliases import kept_for
from contacts.details import attribute_details, own_details
from contacts.erasing.models import ErasureReason
from contacts.erasing.services import erase_contact
from contacts.forms import AnswerForm, ContactForm
from contacts.manager import Belonging, Panel, Text
from contacts.models import Attribute, Consent, ConsentState, ConsentWording, Contact, ContactConsent
from contacts.selectors import consent_for, contact_for
from contacts.services import GoneError, LostUpdateError
from contacts.sight import sight
from users.access import signed_in, writers_only

HISTORY_PER_PAGE = 20


@require_GET
def contact(request: Request, pk: int) -> HttpResponse:
    """Everything about a contact; one that was merged into another leads there."""
    person = contact_or_kept(request, pk)
    if person.pk != pk:
        return redirect("contacts:contact", person.pk)
    return shown(request, person, part="history")


def contact_or_kept(request: Request, pk: int) -> Contact:
    """The door, also for the id of a contact that was merged: to the one it was merged into. Raises: Http404."""
    try:
        return contact_for(request, pk)
    except Http404:
        kept = kept_for(pk)
        if kept is None:
            raise
    return contact_for(request, kept)


def shown(
    request: Request, person: Contact, *, answer: tuple[Consent, AnswerForm] | None = None, part: str = ""
) -> HttpResponse:
    """The contact's page; with a refused answer to a consent, 422 and its form open."""
    definitions = list(Attribute.objects.all())
    context = {
        "contact": person,
        "details": own_details(person),
        "attributes": attribute_details(person, definitions),
        "consents": answers(person, answer),
        **history_part(request, person, definitions=definitions),
        "panels": panels(request, person, aside=False),
        "aside_panels": panels(request, person, aside=True),
    }
    refused = context["part_refused"] and bool(request.htmx)
    return page(request, "contacts/contact.html", context, part=part, status=422 if answer or refused else 200)


def history_part(
    request: Request, person: Contact, *, definitions: Iterable[Attribute] | None = None
) -> dict[str, Any]:
    """A page of the history, `?history=` of one part of it. Three queries."""
    asked = request.GET.get("history", "")
    counts = history.counts(person)
    known = asked in counts
    rows = history.Page(history.entries(person, part=asked), counts.get(asked, 0), per_page=HISTORY_PER_PAGE).get_page(
        request.GET.get("page")
    )
    address = reverse("contacts:contact", args=[person.pk])
    return {
        "parts": [
            {
                "name": name,
                "label": label,
                "count": counts[name],
                "page": f"{address}?history={name}" if name else address,
                "current": name == asked,
            }
            for name, label in history.parts()
        ],
        "part_refused": not known,
        "rows": rows,
        "lines": history.lines(
            rows.object_list if known else (),
            definitions=Attribute.objects.all() if definitions is None else definitions,
        ),
    }


def answers(person: Contact, refused: tuple[Consent, AnswerForm] | None) -> list[dict[str, Any]]:
    """Every consent with this contact's answer to it, if any; a retired one only where it was answered."""
    given = {each.consent_id: each for each in ContactConsent.objects.filter(contact=person)}
    texts = {(wording.consent_id, wording.version): wording.text for wording in ConsentWording.objects.all()}
    return [
        {
            "consent": consent,
            "answer": given.get(consent.pk),
            "wording": consent.pk in given and texts.get((consent.pk, given[consent.pk].wording_version)),
            "given": consent.pk in given and given[consent.pk].state == ConsentState.GIVEN,
            "withdrawn": consent.pk in given and given[consent.pk].state == ConsentState.WITHDRAWN,
            "form": refused[1] if refused and refused[0] == consent else AnswerForm(auto_id=f"consent-{consent.pk}-%s"),
            "open": bool(refused and refused[0] == consent),
        }
        for consent in Consent.objects.all()
        if consent.retired_at is None or consent.pk in given
    ]


def panels(request: Request, person: Contact, *, aside: bool) -> list[tuple[Panel, dict[str, Any]]]:
    chosen = sorted((each for each in manager.panels.values() if each.aside == aside), key=lambda each: each.order)
    return [(panel, panel.context(request, person)) for panel in chosen]


@writers_only
def create(request: Request) -> HttpResponse:
    """A new contact."""
    user = signed_in(request)
    form = ContactForm(
        request.POST or None, attributes=Attribute.objects.filter(retired_at=None), asked=creating.asked_of(user)
    )
    if request.method == "POST" and form.is_valid():
        fields, attributes = form.given(changed_only=False)
        try:
            made = creating.create(
                fields=fields,
                attributes=attributes,
                answers=form.answers(),
                agreed=form.agreed(),
                now=request.now,
                user=user,
            )
        except ValidationError as error:
            form.add_refused(error)
        else:
            messages.success(request, _("%(name)s is created.") % {"name": made})
            return redirect("contacts:contact", made.pk)
    return page(request, "contacts/form.html", {"form": form}, status=422 if form.is_bound else 200)


@writers_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a contact's details; nothing is written over what somebody else changed meanwhile."""
    person = contact_for(request, pk)
    form = ContactForm(request.POST or None, attributes=Attribute.objects.filter(retired_at=None), contact=person)
    status, conflict = 200, False
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                saved = save(request, person, form)
            except LostUpdateError:
                status, conflict = 409, True
            except ValidationError as error:
                form.add_refused(error)
            else:
                messages.success(request, _("%(name)s is saved.") % {"name": saved})
                return redirect("contacts:contact", saved.pk)
    return page(request, "contacts/form.html", {"form": form, "contact": person, "conflict": conflict}, status=status)


def save(request: Request, person: Contact, form: ContactForm) -> Contact:
    """Raises: LostUpdateError, also when the form does not say which state it is based on; ValidationError."""
    try:
        seen = datetime.fromisoformat(form.cleaned_data["seen"])
    except ValueError:
        raise LostUpdateError from None
    user = signed_in(request)
    fields, attributes = form.given(changed_only=True)
    try:
        return services.update_contact(
            person,
            fields=fields,
            attributes=attributes,
            now=request.now,
            by=str(user),
            user=user,
            seen=seen,
            localized=True,
        )
    except Contact.DoesNotExist:  # deleted, or merged into another, a moment ago
        raise Http404 from None


@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks, with what goes along; then erases the contact, and the files that hold it if that is wanted.

    Of one that was merged, also in this moment, nothing is erased: it asks about the contact it is now.
    """
    person = contact_or_kept(request, pk)
    if person.pk != pk:
        return erasing_asked(request, person, merged=pk, status=409 if request.method == "POST" else 200)
    if request.method != "POST":
        return erasing_asked(request, person)
    if "sure" not in request.POST:
        return erasing_asked(request, person, status=422)
    name, reason = str(person), request.POST.get("reason", ErasureReason.ASKED)
    if reason not in ErasureReason.values:
        return erasing_asked(request, person, status=422)
    try:
        with transaction.atomic():
            for copies in hooks.copies:
                copies.remove(request, person)
            proof = erase_contact(person, reason=reason, now=request.now, by=str(signed_in(request)))
    except GoneError:
        return erasing_asked(request, contact_or_kept(request, pk), merged=pk, status=409)
    told = {"name": name, "proof": proof.short}
    messages.success(request, _("%(name)s is erased. The proof of it is %(proof)s.") % told)
    return redirect("contacts:manager")


def erasing_asked(request: Request, person: Contact, *, merged: int | None = None, status: int = 200) -> HttpResponse:
    """The question. `merged`: the number asked for, of one who was merged into this contact."""
    places = [each for place in hooks.places for each in place(person, request.now)]
    context = {
        "contact": person,
        "belongings": belongings(request, person),
        "copies": [use for copies in hooks.copies for use in copies.found(request, person)],
        "places": [each for each in places if each.count] if sight(request) is None else [],
        "unsure": status == 422,
        "reasons": ErasureReason.choices,
        "merged": merged,
    }
    return page(request, "contacts/delete.html", context, part="question", status=status)


def belongings(request: Request, person: Contact) -> list[Belonging]:
    """What is the contact's, as far as there is any."""
    return [Belonging(label, count) for label, count in counted(request, person).items() if count]


def counted(request: Request, person: Contact) -> dict[Text, int]:
    """How much there is of each thing that is the contact's. A fixed number of queries."""
    own = [
        Belonging(_("History entries"), history.entries(person).count()),
        Belonging(_("Answers to consents"), ContactConsent.objects.filter(contact=person).count()),
    ]
    others = [each for belonging in manager.belongings for each in belonging(request, person)]
    return {each.label: each.count for each in (*others, *own)}


@require_POST
def answer(request: Request, pk: int, consent_pk: int) -> HttpResponse:
    """Record that a contact gave or withdrew a consent."""
    person, consent = contact_or_kept(request, pk), consent_for(request, consent_pk)
    form = AnswerForm(request.POST, auto_id=f"consent-{consent.pk}-%s")
    if form.is_valid():
        user = signed_in(request)
        record = partial(
            services.set_consent,
            consent=consent,
            state=form.cleaned_data["state"],
            now=request.now,
            source=form.cleaned_data["source"],
            by=str(user),
            user=user,
        )
        try:
            changed = record(person)
            if not changed and (kept := kept_for(person.pk)):  # merged while this was waiting for it
                person = contact_for(request, kept)
                changed = record(person)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return answered(request, person, recorded=bool(changed))
    return shown(request, person, answer=(consent, form), part="consents")


def answered(request: Request, person: Contact, *, recorded: bool) -> HttpResponse:
    """An answer to a consent was written, or it was so already."""
    if not Contact.objects.filter(pk=person.pk).exists():
        raise Http404
    if recorded:
        messages.success(request, _("The answer is recorded."))
    else:
        messages.info(request, _("It was so already: nothing changed."))
    if not request.htmx:
        return redirect("contacts:contact", person.pk)
    context = {"contact": person, "consents": answers(person, None), "saved": True, **history_part(request, person)}
    return page(request, "contacts/_consents.html", context)
