"""What the modules of `api.v1` build on: who asks, scopes, problems, pages by cursor, answers.

    router = Router(tags=["Tags"])

    @router.get("/tags", auth=needs("labels:read"), response=page_of(TagOut, "TagPage"), summary="List tags")
    def list_tags(request: HttpRequest, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
        (after,) = read_cursor(cursor, "tags", default=(0,))
        rows = list(Tag.objects.filter(pk__gt=after).order_by("pk")[: limit + 1])
        return answer_page([tag_out(row) for row in rows], limit, lambda item: write_cursor("tags", item["id"]))

`request.user` is whom the key acts for, so the doors of pages serve as they are: `sight(request)`,
`visible(request.user)`, `segment_for(request, pk)`. `request.tenant` is the account, `request.now` the moment,
`key_of(request).by` the name for histories. Raise `Problem(code, detail)`, or let the services' errors pass:
`register_problem` says what each becomes. A module's `router` is served once it is listed in `api.v1.MODULES`.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import BaseModel, ConfigDict, Field, SkipValidation, create_model
from pydantic_core import to_json

from accounts.models import Account
from api.auth import key_of, needs
from api.problems import Problem, Wrong, invalid, register_problem, wrongs_of

__all__ = [
    "Accepted",
    "BatchOut",
    "CursorText",
    "In",
    "Limit",
    "Out",
    "Problem",
    "ProblemOut",
    "Wrong",
    "WrongOut",
    "account_of",
    "answer",
    "answer_page",
    "batch_in",
    "invalid",
    "key_of",
    "needs",
    "now_of",
    "page_of",
    "read_cursor",
    "register_problem",
    "write_cursor",
    "wrongs_of",
]  # fmt: skip

MOST_ITEMS = 1000
LARGEST = 2**63 - 1


# --- schemas -------------------------------------------------------------------------------------------------
class In(BaseModel):
    """A body: what it does not declare is refused. Give each an example: `model_config = example({...})`."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What is answered, for the description alone: answers are written by `answer`, which checks nothing."""


def example(value: Any, *, forbid: bool = False) -> ConfigDict:
    """The configuration of a schema with this example; `forbid`: as `In` has it."""
    config = ConfigDict(json_schema_extra={"examples": [value]})
    if forbid:
        config["extra"] = "forbid"
    return config


class WrongOut(Out):
    """One thing that is wrong."""

    item: int | None = Field(description="The position in the batch, from 0; null: not in an item.")
    field: str = Field(description="Where in the item: “params.price”, “lines[2].amount”; empty: the item itself.")
    code: str = Field(description="For programs; it stays the same in every language.")
    message: str = Field(description="For people, in the language of Accept-Language.")


class ProblemOut(Out):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="For programs; it stays the same in every language.")
    detail: str
    errors: list[WrongOut] = Field(default=[], description="What is wrong, item by item and field by field.")


class Accepted(Out):
    """What became of one item."""

    item: int
    status: str = Field(description="created, updated, unchanged, skipped or rejected")
    id: int | None = None
    errors: list[WrongOut] = []


class BatchOut(Out):
    """What became of a batch, item by item."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {"item": 0, "status": "created", "id": 7},
                        {
                            "item": 1,
                            "status": "rejected",
                            "errors": [
                                {
                                    "item": 1,
                                    "field": "email",
                                    "code": "invalid_email",
                                    "message": "“x” is not an e-mail address.",
                                }
                            ],
                        },
                    ],
                    "counts": {"created": 1, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 1},
                }
            ]
        }
    )

    results: list[Accepted]
    counts: dict[str, int]


def batch_in(item: type[BaseModel], name: str) -> type[BaseModel]:
    """The schema of `{"items": […]}`. Its items are described, and not checked: the services do that, item by item."""
    described = Annotated[SkipValidation[list[item]], Field(json_schema_extra={"maxItems": MOST_ITEMS})]  # type: ignore[valid-type]
    return create_model(name, __config__=ConfigDict(extra="forbid"), items=(described, ...))


def page_of(item: type[BaseModel], name: str) -> type[BaseModel]:
    """The schema of one page of a list."""
    following = Annotated[
        str | None, Field(examples=["WyJjb250YWN0cyIsMTAwXQ"], description="null: this was the last.")
    ]
    return create_model(name, items=(list[item], ...), next_cursor=(following, ...))  # type: ignore[valid-type]


# --- who asks ------------------------------------------------------------------------------------------------
def account_of(request: HttpRequest) -> Account:
    account: Account = request.tenant  # type: ignore[attr-defined]
    return account


def now_of(request: HttpRequest) -> datetime:
    now: datetime = request.now  # type: ignore[attr-defined]
    return now


# --- answers -------------------------------------------------------------------------------------------------
def answer(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The payload as JSON: moments as ISO in UTC, money as text. Ten times as fast as through a schema."""
    return HttpResponse(to_json(payload), content_type="application/json", status=status, headers=dict(headers or {}))


# --- pages by cursor -----------------------------------------------------------------------------------------
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
CursorText = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; nothing: the first page.")
]


def write_cursor(kind: str, *values: int) -> str:
    """Where a list goes on, as a text that means nothing to whoever gets it. It carries no rights: ask them again."""
    return urlsafe_b64encode(json.dumps([kind, *values], separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(raw: str | None, kind: str, *, default: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers of a cursor of this kind of list, as many as `default` has; that is where a list begins.

    Raises: Problem (422) for anything that `write_cursor` did not write for such a list.
    """
    if raw is None:
        return default
    try:
        found = json.loads(urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
    except (ValueError, RecursionError):
        found = None
    if (
        not isinstance(found, list)
        or len(found) != len(default) + 1
        or found[0] != kind
        or not all(type(value) is int and -LARGEST <= value <= LARGEST for value in found[1:])
    ):
        raise invalid([Wrong(None, "cursor", "cursor", _("This is no cursor of this list."))])
    return tuple(found[1:])


def answer_page(items: Sequence[Any], limit: int, cursor: Callable[[Any], str]) -> HttpResponse:
    """A page of a list. `items`: up to one more than `limit`; `cursor`: the place after an item."""
    shown = items[:limit]
    return answer({"items": shown, "next_cursor": cursor(shown[-1]) if len(items) > limit else None})
