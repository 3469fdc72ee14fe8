"""Why a contact is in a segment, or is not."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponse
from ninja import Router
from pydantic import Field

from api.auth import require_scope
from api.common import Out, account_of, answer, example, key_of, needs, now_of
from api.models import Scope
from api.v1.criteria import sentences
from api.v1.people import contact_named
from config.requests import Request
from contacts.sight import sight
from segmentation.explaining import NoSuchContactError
from segmentation.explaining import why as explained
from segmentation.selectors import segment_for

router = Router(tags=["Segments"])


class CalculatedOut(Out):
    as_of: datetime
    member: bool


class ExplainedOut(Out):
    """One criterion, or a group of them."""

    path: str
    kind: str
    holds: bool
    to_change: bool = Field(description="The contact is outside, and this is among what would have to be otherwise.")
    sentence: str
    evidence: str | None = Field(None, description="What the data say: “3 visits, last 12 Nov 14:03”.")
    shown_at: str | None = Field(None, description="The criteria referred to are explained there.")
    nodes: list["ExplainedOut"] = []


class WhyOut(Out):
    model_config = example(
        {
            "segment": 12,
            "contact": 7,
            "now": "2026-11-21T13:30:00Z",
            "holds": True,
            "sentence": "lead score is above 20",
            "calculated": {"as_of": "2026-11-21T13:00:00Z", "member": True},
            "tree": {
                "path": "",
                "kind": "field",
                "holds": True,
                "to_change": False,
                "sentence": "lead score is above 20",
                "evidence": "lead score 30",
            },
        }
    )
    segment: int
    contact: int
    now: datetime
    holds: bool = Field(description="Whether the contact satisfies the criteria in force now.")
    sentence: str
    calculated: CalculatedOut | None = Field(description="What the last calculation said.")
    tree: ExplainedOut


@router.get(
    "/segments/{int:segment_id}/contacts/{int:contact_id}/why",
    auth=needs("segments:read"),
    response=WhyOut,
    summary="Why a contact is in a segment, or is not",
    description="Each criterion true or false, with the evidence. Takes the scope contacts:read as well.",
)
def why(request: Request, segment_id: int, contact_id: int) -> HttpResponse:
    require_scope(key_of(request), Scope.CONTACTS_READ)
    segment, person = segment_for(request, segment_id), contact_named(request, contact_id)
    try:
        told = explained(
            segment, person.pk, now=now_of(request), zone=account_of(request).zone, mask=sight(request)
        ).as_json()
    except NoSuchContactError as error:
        raise Http404(str(error)) from None
    [sentence] = sentences(request, [segment.version.criteria if segment.version else None])
    said: dict[str, Any] = {"segment": segment.pk, "sentence": sentence, **told}
    return answer(said)
