"""Attributes that the account keeps of its contacts: their list, and a new one."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import Field

from api.common import In, Out, answer, example, key_of, needs
from config.requests import Request
from contacts.models import Attribute
from contacts.services import create_attribute

router = Router(tags=["Attributes"])


class AttributeOut(Out):
    model_config = example(
        {
            "key": "plan",
            "name": "Plan",
            "type": "choice",
            "options": ["free", "pro"],
            "created_at": "2026-10-01T08:00:00Z",
            "retired_at": None,
        }
    )
    key: str
    name: str
    type: str = Field(description="text, number, boolean, date, datetime, choice or choices")
    options: list[str] = Field(description="Of choice and choices: the values that there are.")
    created_at: datetime
    retired_at: datetime | None = Field(description="Offered nowhere since; values stay.")


class AttributesOut(Out):
    items: list[AttributeOut]


class AttributeIn(In):
    model_config = example({"key": "plan", "name": "Plan", "type": "choice", "options": ["free", "pro"]}, forbid=True)
    key: str = Field(description="Small letters, digits and underscores, a letter first; for good.")
    name: str
    type: str
    options: list[str] = []


def told(attribute: Attribute) -> dict[str, Any]:
    return {name: getattr(attribute, name) for name in AttributeOut.model_fields}


def require_administrator(request: Request) -> None:
    """Raises: PermissionDenied."""
    if not key_of(request).user.administers:
        raise PermissionDenied(_("Only keys that act for an owner or administrator may do this."))


@router.get(
    "/attributes",
    auth=needs("labels:read"),
    response=AttributesOut,
    summary="List attributes",
    description="All of them (at most 300), in the order of forms.",
)
def list_attributes(request: Request) -> HttpResponse:  # noqa: ARG001
    return answer({"items": [told(attribute) for attribute in Attribute.objects.all()]})


@router.post(
    "/attributes",
    auth=needs("labels:write"),
    response={201: AttributeOut},
    summary="Create an attribute",
    description="Only for keys that act for an owner or administrator.",
)
def create(request: Request, payload: AttributeIn) -> HttpResponse:
    require_administrator(request)
    made = create_attribute(key=payload.key, name=payload.name, type=payload.type, options=payload.options)
    return answer(told(made), 201)
