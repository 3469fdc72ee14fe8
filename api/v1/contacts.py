"""Contacts: many at once, one by one."""

from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Query, Router

from api.auth import require_scope
from api.common import (
    CursorText,
    Limit,
    account_of,
    answer,
    answer_page,
    key_of,
    needs,
    now_of,
    page_of,
    read_cursor,
    write_cursor,
)
from api.models import Scope
from api.problems import Problem, Wrong, invalid
from api.v1.batches import ALL_OR_REPORT, ANSWERS, Whole, answer_batch, refuse_too_many, whole_or_part
from api.v1.people import contact_called, contact_named, told
from api.v1.schemas import ContactBatch, ContactChanged, ContactOut, ContactPatch
from contacts import normalising
from contacts.erasing.models import ErasureReason
from contacts.erasing.services import erase_contact
from contacts.handing_over import archive, note_handed_over
from contacts.models import Contact
from contacts.selectors import visible
from contacts.services.batches import record_contacts

router = Router(tags=["Contacts"])
WAYS = ("id", "external_id", "email")
Reason = Annotated[Literal[*ErasureReason.values], Query(description="Why, for the proof.")]  # type: ignore[valid-type]
Text = Annotated[str | None, Query(max_length=254)]


@router.post(
    "/contacts",
    auth=needs("contacts:write"),
    response=ANSWERS,
    summary="Create and change contacts",
    description="An item names its contact by `id`, `external_id` or `email`; see `match`. Its tags, categories and"
    f" consents need no scope beside `contacts:write`.\n\n{ALL_OR_REPORT}",
)
def record(
    request: HttpRequest,
    payload: ContactBatch,  # type: ignore[valid-type]
    *,
    whole: Whole = False,
    mode: str = Query(
        "both",
        pattern="^(create|update|both)$",
        description="create passes over contacts that there are, update those that there are not.",
    ),
    match: str = Query(
        "id,external_id,email", max_length=30, description="By which names a contact is found, with commas."
    ),
    empty: str = Query("keep", pattern="^(keep|clear)$", description="What null and empty texts do to what is there."),
) -> HttpResponse:
    items: Any = payload.items  # type: ignore[attr-defined]
    refuse_too_many(items)
    ways = [way for way in match.split(",") if way]
    if not ways or not set(ways) <= set(WAYS):
        raise invalid([Wrong(None, "match", "not_option", _("Name some of %(ways)s.") % {"ways": ", ".join(WAYS)})])
    with whole_or_part(whole=whole):
        key = key_of(request)
        outcomes = record_contacts(
            items,
            mode=mode,  # type: ignore[arg-type]
            match=ways,
            account=account_of(request),
            now=now_of(request),
            by=key.by,
            user=key.user,
            empty=empty,  # type: ignore[arg-type]
        )
        wrongs = {
            item: [Wrong(item, error.field, error.code, error.message) for error in outcome.errors]
            for item, outcome in enumerate(outcomes)
            if outcome.errors
        }
        ids = [outcome.contact_id for outcome in outcomes]
        return answer_batch([outcome.status for outcome in outcomes], ids, wrongs, whole=whole)


@router.get(
    "/contacts",
    auth=needs("contacts:read"),
    response=page_of(ContactOut, "ContactPage"),
    summary="List contacts",
    description="In the order of their ids.",
)
def contacts(request: HttpRequest, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    (after,) = read_cursor(cursor, "contacts", default=(0,))
    rows = list(visible(request.user).filter(pk__gt=after).order_by("pk")[: limit + 1])
    return answer_page(told(rows), limit, lambda item: write_cursor("contacts", item["id"]))


@router.get(
    "/contacts/find",
    auth=needs("contacts:read"),
    response=ContactOut,
    summary="A contact by e-mail or external id",
    description="Give one of them. What a merged contact was called leads to the contact it is now.",
    openapi_extra={"x-asked": "email=ala@example.com"},
)
def find(request: HttpRequest, email: Text = None, external_id: Text = None) -> HttpResponse:
    if (email is None) == (external_id is None):
        raise invalid([Wrong(None, "email", "contact", _("Give one of email and external_id."))])
    try:
        if email is not None:
            return answer_one(contact_called(request, "email", normalising.email(email) or ""))
        return answer_one(contact_called(request, "external_id", normalising.line(external_id, longest=254)))
    except ValidationError as error:
        raise Problem("not_found") from error


@router.get("/contacts/{int:contact_id}", auth=needs("contacts:read"), response=ContactOut, summary="A contact")
def contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    return answer_one(contact_named(request, contact_id))


def answer_one(person: Contact) -> HttpResponse:
    return answer(told([person])[0])


@router.patch(
    "/contacts/{int:contact_id}",
    auth=needs("contacts:write"),
    response=ContactOut | ContactChanged,
    summary="Change a contact",
    description="A key without the scope `contacts:read` is answered with `id` and `updated_at` alone.",
)
def change(request: HttpRequest, contact_id: int, payload: ContactPatch) -> HttpResponse:
    person, key = contact_named(request, contact_id), key_of(request)
    given = payload.model_dump(exclude_unset=True)
    [outcome] = record_contacts(
        [{"id": person.pk, **given}],
        mode="update",
        match=("id",),
        account=account_of(request),
        now=now_of(request),
        by=key.by,
        user=key.user,
        empty="clear",
    )
    if outcome.status == "skipped":  # erased a moment ago
        raise Problem("not_found")
    if outcome.errors or outcome.contact_id is None:
        raise invalid(Wrong(None, error.field, error.code, error.message) for error in outcome.errors)
    changed = contact_named(request, outcome.contact_id)
    if Scope.CONTACTS_READ not in key.scopes:
        return answer({"id": changed.pk, "updated_at": changed.updated_at})
    return answer_one(changed)


@router.delete(
    "/contacts/{int:contact_id}",
    auth=needs("contacts:write"),
    response={204: None},
    summary="Erase a contact",
    description="With all that is the contact's, for good. The old id of one that was merged: 409.",
)
def erase(
    request: HttpRequest,
    contact_id: int,
    reason: Reason = ErasureReason.ASKED.value,
) -> HttpResponse:
    person = contact_named(request, contact_id)
    if person.pk != contact_id:
        detail = _("This contact was merged into %(pk)s: erase that one.") % {"pk": person.pk}
        raise Problem("conflict", detail, more={"merged_into": person.pk})
    erase_contact(person, reason=reason, now=now_of(request), by=key_of(request).by)
    return HttpResponse(status=204)


@router.get(
    "/contacts/{int:contact_id}/archive",
    auth=needs("contacts:write"),
    summary="All data of a contact, to be handed over",
    description="A zip archive with JSON and CSV. It is noted in the contact's history. It takes the scope"
    " `contacts:read` as well.",
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def hand_over(request: HttpRequest, contact_id: int) -> HttpResponseBase:
    key = key_of(request)
    require_scope(key, Scope.CONTACTS_READ)
    person = contact_named(request, contact_id)
    note_handed_over(person, now=now_of(request), by=key.user, called=key.by)
    return FileResponse(
        archive(person), as_attachment=True, filename=f"contact-{person.pk}.zip", content_type="application/zip"
    )
