"""What goes in and comes out of the routes of contacts, for the description: the services check it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.common import In, Out, batch_in, example

Moment = Annotated[
    str,
    Field(
        description="A moment, ISO 8601; without an offset it is in the account's time zone.",
        examples=["2026-11-21T14:30:00+01:00"],
    ),
]


class ContactName(In):
    """Names a contact by exactly one of these."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"minProperties": 1, "maxProperties": 1, "examples": [{"email": "ala@example.com"}]},
    )
    id: int | None = None
    email: str | None = None
    external_id: str | None = None


# --- contacts ------------------------------------------------------------------------------------------------
class ConsentIn(In):
    state: str = Field(description="given or withdrawn")
    source: str = Field(description="Where it was answered: “checkout”.", max_length=120)
    at: Moment | None = Field(
        None,
        description="When it was answered. Given again with a later moment, the person has agreed again, and that is"
        " noted; given again without one, nothing changes.",
    )


class ContactIn(In):
    """What is left out stays as it is. Tags and categories are added; nothing takes one off here."""

    model_config = example(
        {
            "email": "ala@example.com",
            "external_id": "K-17",
            "first_name": "Ala",
            "tags": ["VIP"],
        },
        forbid=True,
    )
    id: int | None = Field(None, description="Of a contact that there is.")
    email: str | None = None
    phone: str | None = None
    external_id: str | None = Field(None, description="The contact's number in your system.")
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = Field(None, description="subscribed, pending, unsubscribed or bounced")
    lead_score: int | None = None
    source: str | None = None
    attributes: dict[str, Any] = Field(
        {}, description='By the keys that `GET /attributes` lists: `{"city": "Lublin"}`; null clears a value.'
    )
    tags: list[str] = Field([], description="Names, added to those that it has; made if there are none.")
    categories: list[str] = Field([], description="Paths, added: `klient/media`.")
    consents: dict[str, ConsentIn] = Field(
        {},
        description="By the keys that `GET /consents` lists:"
        ' `{"newsletter": {"state": "given", "source": "checkout"}}`.',
    )


class ContactPatch(In):
    """What is left out stays; null or an empty text clears."""

    model_config = example({"first_name": "Ala", "phone": None, "lead_score": 12}, forbid=True)
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    status: str | None = None
    lead_score: int | None = None
    source: str | None = None
    attributes: dict[str, Any] = {}
    tags: list[str] = []
    categories: list[str] = []
    consents: dict[str, ConsentIn] = {}


ContactBatch = batch_in(ContactIn, "ContactBatch")


class ConsentOut(Out):
    state: str
    source: str
    changed_at: datetime
    wording_version: int


class ContactChanged(Out):
    """A contact that was changed by a key that may not read it."""

    model_config = example({"id": 7, "updated_at": "2026-11-21T13:30:00Z"})
    id: int
    updated_at: datetime


class ContactOut(Out):
    model_config = example(
        {
            "id": 7,
            "email": "ala@example.com",
            "phone": "+48600100200",
            "external_id": "K-17",
            "first_name": "Ala",
            "last_name": "Nowak",
            "status": "subscribed",
            "lead_score": 12,
            "source": "checkout",
            "attributes": {"city": "Lublin"},
            "tags": ["VIP"],
            "categories": ["klient/media"],
            "consents": {
                "newsletter": {
                    "state": "given",
                    "source": "checkout",
                    "changed_at": "2026-11-21T13:30:00Z",
                    "wording_version": 1,
                }
            },
            "created_at": "2026-11-21T13:30:00Z",
            "updated_at": "2026-11-21T13:30:00Z",
        }
    )
    id: int
    email: str | None
    phone: str | None
    external_id: str | None
    first_name: str
    last_name: str
    status: str
    lead_score: int
    source: str
    attributes: dict[str, Any]
    tags: list[str]
    categories: list[str]
    consents: dict[str, ConsentOut]
    created_at: datetime
    updated_at: datetime
