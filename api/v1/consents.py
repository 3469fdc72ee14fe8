"""Consents: what people are asked to agree to, and their answers."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from api.common import In, Out, answer, batch_in, example, key_of, needs, now_of
from api.v1.attributes import require_administrator
from api.v1.batches import ALL_OR_REPORT, ANSWERS, Whole
from api.v1.labelling import put_on
from api.v1.schemas import ConsentIn, ContactName
from config.requests import Request
from contacts.models import Consent, ConsentWording
from contacts.services import create_consent

router = Router(tags=["Consents"])


class ConsentDefinitionOut(Out):
    model_config = example(
        {
            "key": "newsletter",
            "name_en": "Newsletter",
            "name_pl": "Newsletter",
            "channel": "email",
            "wording_version": 2,
            "text_en": "I want to receive the newsletter.",
            "text_pl": "Chcę otrzymywać newsletter.",
            "created_at": "2026-10-01T08:00:00Z",
            "retired_at": None,
        }
    )
    key: str
    name_en: str
    name_pl: str
    channel: str = Field(description="email, sms, phone or other")
    wording_version: int = Field(description="Which wording answers from now on are to.")
    text_en: str | None
    text_pl: str | None
    created_at: datetime
    retired_at: datetime | None = Field(description="Nobody is asked since: it can be withdrawn, not given.")


class ConsentsOut(Out):
    items: list[ConsentDefinitionOut]


class ConsentDefinitionIn(In):
    model_config = example(
        {
            "key": "newsletter",
            "name_en": "Newsletter",
            "name_pl": "Newsletter",
            "channel": "email",
            "text_en": "I want to receive the newsletter.",
            "text_pl": "Chcę otrzymywać newsletter.",
        },
        forbid=True,
    )
    key: str
    name_en: str
    name_pl: str
    channel: str = "email"
    text_en: str = Field("", description="What people read when they agree; left out: the name.")
    text_pl: str = ""


class ConsentsOfContact(In):
    model_config = example(
        {
            "contact": {"email": "ala@example.com"},
            "consents": {"newsletter": {"state": "given", "source": "checkout", "at": "2026-11-21T14:30:00+01:00"}},
        },
        forbid=True,
    )
    contact: ContactName
    consents: dict[str, ConsentIn] = Field(description="By the consent's key.")


ConsentsBatch = batch_in(ConsentsOfContact, "ConsentsBatch")


def told(consents: list[Consent]) -> list[dict[str, Any]]:
    """With the wording in force, which older ones may lack."""
    found = {
        (wording.consent_id, wording.version): wording
        for wording in ConsentWording.objects.filter(consent__in=consents)
    }
    items = []
    for consent in consents:
        wording = found.get((consent.pk, consent.wording_version))
        texts = {"text_en": wording and wording.text_en, "text_pl": wording and wording.text_pl}
        own = ConsentDefinitionOut.model_fields.keys() - texts.keys()
        items.append({name: getattr(consent, name) for name in own} | texts)
    return items


@router.get(
    "/consents",
    auth=needs("labels:read"),
    response=ConsentsOut,
    summary="List consents",
    description="All of them, in the order in which they were made.",
)
def list_consents(request: Request) -> HttpResponse:  # noqa: ARG001
    return answer({"items": told(list(Consent.objects.all()))})


@router.post(
    "/consents",
    auth=needs("labels:write"),
    response={201: ConsentDefinitionOut},
    summary="Create a consent",
    description="Only for keys that act for an owner or administrator.",
)
def create(request: Request, payload: ConsentDefinitionIn) -> HttpResponse:
    require_administrator(request)
    key = key_of(request)
    made = create_consent(**payload.model_dump(), now=now_of(request), by=key.by, user=key.user)
    return answer(told([made])[0], 201)


@router.post(
    "/consents/answers",
    auth=needs("labels:write"),
    response=ANSWERS,
    summary="Record answers of contacts",
    description=f"Given or withdrawn, each with its source. Every change is kept.\n\n{ALL_OR_REPORT}",
)
def record_answers(request: Request, payload: ConsentsBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return put_on(request, payload.items, "consents", whole=whole)  # type: ignore[attr-defined]
