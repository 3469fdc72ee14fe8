"""Consents: what people are asked to agree to, in which words, and how one contact has answered."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.asked import page_number
from config.pages import page
from config.requests import Request
from contacts import history, services
from contacts.consent_forms import ConsentForm
from contacts.counting import counted, mask_name
from contacts.hooks import uses_of_consent
from contacts.models import Consent, ConsentState, ConsentWording, ContactConsent, EntryKind, HistoryEntry
from contacts.selectors import consent_counts, consent_for, contact_for, visible
from contacts.services.consents import EditedMeanwhileError, mark_of, wording_of
from contacts.sight import sight
from contacts.views.definitions import refuse
from users.access import administrators_only, signed_in

ANSWERS = (EntryKind.CONSENT_GIVEN, EntryKind.CONSENT_WITHDRAWN, EntryKind.CONSENT_RESTORED)
PER_PAGE = 20


@dataclass(frozen=True)
class Line:
    """A consent with its numbers; those who never answered are the rest."""

    consent: Consent
    given: int
    withdrawn: int
    everyone: int

    @property
    def unknown(self) -> int:
        return self.everyone - self.given - self.withdrawn


def consents(request: Request) -> HttpResponse:
    """All definitions, with how many contacts gave and withdrew each, and how many never answered."""
    lines, at = counted_lines(request)
    context = {
        "lines": [line for line in lines if line.consent.retired_at is None],
        "retired": [line for line in lines if line.consent.retired_at is not None],
        "at": at,
    }
    return page(request, "contacts/consents.html", context)


def counted_lines(request: Request) -> tuple[list[Line], Any]:
    """Every consent with its numbers of those whom the reader sees, and the time at which they were taken."""
    mask = sight(request)

    def count() -> tuple[dict[int, dict[str, int]], int]:
        return consent_counts(mask), len(mask) if mask is not None else visible(request.user).count()

    (counts, everyone), at = counted(f"consent-lines{mask_name(mask)}", count, now=request.now)
    return [
        Line(row, counts.get(row.pk, {}).get("given", 0), counts.get(row.pk, {}).get("withdrawn", 0), everyone)
        for row in Consent.objects.all()
    ], at


@require_GET
def consent(request: Request, pk: int) -> HttpResponse:
    """One consent: its numbers, each version of its wording with how many have agreed to it, what uses it."""
    row = consent_for(request, pk)
    lines, at = counted_lines(request)
    mask = sight(request)

    def count() -> dict[int, int]:
        answers = ContactConsent.objects.filter(consent=row, state=ConsentState.GIVEN)
        if mask is not None:
            answers = answers.filter(contact__in=visible(request.user))
        return dict(answers.order_by().values_list("wording_version").annotate(n=Count("contact_id")))

    by_version, by_version_at = counted(f"consent-versions:{row.pk}{mask_name(mask)}", count, now=request.now)
    texts = {wording.version: wording for wording in ConsentWording.objects.filter(consent=row).select_related("user")}
    versions = sorted({*texts, *by_version, row.wording_version}, reverse=True)
    context = {
        "consent": row,
        "line": next(line for line in lines if line.consent.pk == row.pk),
        "at": at,
        "versions": [(version, texts.get(version), by_version.get(version, 0)) for version in versions],
        "by_version_at": by_version_at,
        "uses": uses_of_consent(row),
    }
    return page(request, "contacts/consent.html", context)


@administrators_only
def create(request: Request) -> HttpResponse:
    """A new consent."""
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = signed_in(request)
        try:
            made = services.create_consent(**form.cleaned_data, now=request.now, by=str(user), user=user)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is created.") % {"name": made})
            return redirect("contacts:consents")
    return page(request, "contacts/consent_form.html", {"form": form}, status=422 if form.is_bound else 200)


@administrators_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a consent's names, channel and wording; another wording is a new version."""
    row = consent_for(request, pk)
    wording = wording_of(row)
    form = ConsentForm(request.POST or None, consent=row, wording=wording)
    status = 422 if form.is_bound else 200
    edited_meanwhile = False
    if request.method == "POST" and form.is_valid():
        user = signed_in(request)
        given = dict(form.cleaned_data)
        if not wording and not (given["text_en"] or given["text_pl"]):
            given["text_en"] = given["text_pl"] = None  # it was never written down, and is not now
        try:
            edited = services.edit_consent(row, **given, now=request.now, by=str(user), user=user)
        except EditedMeanwhileError:
            row = consent_for(request, pk)
            wording = wording_of(row)
            form = ConsentForm(sent_anew(request.POST, row, wording), consent=row, wording=wording)
            status, edited_meanwhile = 409, True
        except ValidationError as error:
            refuse(form, error)
        else:
            if edited.wording_version > row.wording_version:
                text = _("“%(name)s” is saved. Its wording is version %(version)s now.")
            else:
                text = _("“%(name)s” is saved.")
            messages.success(request, text % {"name": edited, "version": edited.wording_version})
            return redirect("contacts:consent", row.pk)
    context = {"form": form, "consent": row, "theirs": wording, "edited": edited_meanwhile}
    return page(request, "contacts/consent_form.html", context, status=status)


def sent_anew(sent: QueryDict, row: Consent, wording: ConsentWording | None) -> QueryDict:
    """What was typed, as a change of the definition shown beside it: saved once more it replaces that."""
    again = sent.copy()
    again["seen"] = mark_of(row, wording)
    return again


@administrators_only
def retire(request: Request, pk: int) -> HttpResponse:
    """Asks, with what gives it by itself; then nobody is asked for it any more."""
    row = consent_for(request, pk)
    if request.method == "POST":
        services.retire_consent(row, now=request.now)
        text = _("“%(name)s” is retired: it can be withdrawn, but not given any more.")
        messages.success(request, text % {"name": row})
        return redirect("contacts:consent", row.pk)
    lines, at = counted_lines(request)
    line = next(line for line in lines if line.consent.pk == row.pk)
    context = {"consent": row, "line": line, "at": at, "uses": uses_of_consent(row)}
    return page(request, "contacts/consent_retire.html", context, part="question")


@administrators_only
def bring_back(request: Request, pk: int) -> HttpResponse:
    """A retired consent can be given again."""
    row = consent_for(request, pk)
    if request.method == "POST":
        services.bring_back_consent(row)
        messages.success(request, _("“%(name)s” can be given again.") % {"name": row})
    return redirect("contacts:consent", row.pk)


@require_GET
def of_contact(request: Request, pk: int, consent_pk: int) -> HttpResponse:
    """How one contact has answered to one consent: each answer with its source and the wording it was to."""
    person, row = contact_for(request, pk), consent_for(request, consent_pk)
    entries = HistoryEntry.objects.filter(contact=person, kind__in=ANSWERS, detail__consent=row.key)
    rows = Paginator(entries.order_by("-at", "-id"), PER_PAGE).get_page(page_number(request.GET))
    texts = {wording.version: wording for wording in ConsentWording.objects.filter(consent=row)}
    answer = ContactConsent.objects.filter(contact=person, consent=row).first()
    context = {
        "contact": person,
        "consent": row,
        "answer": answer,
        "agreed_to": texts.get(answer.wording_version) if answer else None,
        "rows": rows,
        "lines": [
            (line, texts.get(entry.detail.get("wording_version")), entry.detail.get("wording_version"))
            for line, entry in zip(history.lines(rows.object_list, definitions=[]), rows.object_list, strict=True)
        ],
    }
    return page(request, "contacts/consent_of_contact.html", context, part="answers")
