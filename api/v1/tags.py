"""Tags: their list, new ones, renaming, and putting them on contacts and taking them off."""

from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field
from pyroaring import BitMap

from api.common import (
    CursorText,
    In,
    Limit,
    Out,
    answer,
    answer_page,
    batch_in,
    example,
    needs,
    now_of,
    page_of,
    read_cursor,
    write_cursor,
)
from api.v1.batches import ALL_OR_REPORT, ANSWERS, Whole
from api.v1.labelling import put_on, take_off
from api.v1.schemas import ContactName
from config.requests import Request
from contacts.sight import require_whole_sight, sight
from tags import selectors, services
from tags.assigning import remove_tag
from tags.batches import Tags
from tags.models import Tag
from tags.seeing import see_tags

router = Router(tags=["Tags"])


class TagOut(Out):
    """`contacts`: how many that the key sees have it, as of `counted_at`."""

    model_config = example(
        {
            "id": 3,
            "name": "VIP",
            "contacts": 1863,
            "counted_at": "2026-11-21T13:30:00Z",
            "created_at": "2026-10-01T08:00:00Z",
        }
    )
    id: int
    name: str
    contacts: int | None
    counted_at: datetime | None
    created_at: datetime


class TagsOut(Out):
    items: list[TagOut]


class TagIn(In):
    model_config = example({"name": "VIP, nowy klient"}, forbid=True)
    name: str = Field(max_length=1000, description="One name or several with commas between them.")


class TagRename(In):
    model_config = example({"name": "VIP"}, forbid=True)
    name: str = Field(max_length=1000)


class TagsOfContact(In):
    model_config = example({"contact": {"email": "ala@example.com"}, "tags": ["VIP"]}, forbid=True)
    contact: ContactName
    tags: list[str]


TagsBatch = batch_in(TagsOfContact, "TagsBatch")
Search = Annotated[str | None, Query(max_length=200, description="What the name holds.")]


def told(tags: list[Tag], request: Request) -> list[dict[str, Any]]:
    see_tags(tags, sight(request), now=now_of(request))
    return [
        {
            "id": tag.pk,
            "name": tag.name,
            "contacts": tag.contacts_count,
            "counted_at": tag.counted_at,
            "created_at": tag.created_at,
        }
        for tag in tags
    ]


@router.get(
    "/tags",
    auth=needs("labels:read"),
    response=page_of(TagOut, "TagPage"),
    summary="List tags",
    description="In the order of their ids.",
)
def list_tags(request: Request, limit: Limit = 100, cursor: CursorText = None, q: Search = None) -> HttpResponse:
    (after,) = read_cursor(cursor, "tags", default=(0,))
    found = selectors.tags(text=q or "").filter(pk__gt=after).order_by("pk")
    return answer_page(told(list(found[: limit + 1]), request), limit, lambda item: write_cursor("tags", item["id"]))


@router.post(
    "/tags",
    auth=needs("labels:write"),
    response={201: TagsOut},
    summary="Create tags",
    description="Names are normalised: upper case, plain Polish letters. A tag that there is already is answered too.",
)
def create(request: Request, payload: TagIn) -> HttpResponse:
    try:
        made = services.tags_named(payload.name, now=now_of(request))
    except ValidationError as error:
        raise ValidationError({"name": error}) from error
    return answer({"items": told(made, request)}, 201)


@router.get("/tags/{int:tag_id}", auth=needs("labels:read"), response=TagOut, summary="A tag")
def tag(request: Request, tag_id: int) -> HttpResponse:
    return answer(told([selectors.tag_for(request, tag_id)], request)[0])


@router.patch(
    "/tags/{int:tag_id}",
    auth=needs("labels:write"),
    response=TagOut,
    summary="Rename a tag",
    description="Criteria that name it follow. A name that is taken is refused: tags are merged by people, on the page"
    " of tags. Only for keys that see all contacts.",
)
def rename(request: Request, tag_id: int, payload: TagRename) -> HttpResponse:
    require_whole_sight(request.user)
    found = selectors.tag_for(request, tag_id)
    try:
        renamed = services.rename_tag(found, payload.name, now=now_of(request))
    except ValidationError as error:
        raise ValidationError({"name": error}) from error
    return answer(told([renamed], request)[0])


@router.post(
    "/tags/assign",
    auth=needs("labels:write"),
    response=ANSWERS,
    summary="Put tags on contacts",
    description=f"Tags that there are not yet are made.\n\n{ALL_OR_REPORT}",
)
def assign(request: Request, payload: TagsBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return put_on(request, payload.items, "tags", whole=whole)  # type: ignore[attr-defined]


@router.post(
    "/tags/remove",
    auth=needs("labels:write"),
    response=ANSWERS,
    summary="Take tags off contacts",
    description=f"A tag that there is not is refused.\n\n{ALL_OR_REPORT}",
)
def remove(request: Request, payload: TagsBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    gate = Tags(None)
    known: dict[str, int] = {}

    def names(raw: Any) -> tuple[str, ...]:
        found = gate.read(raw)
        if missing := [name for name in found if name not in known]:
            known.update(Tag.objects.filter(name__in=missing).values_list("name", "pk"))
        if missing := [name for name in missing if name not in known]:
            raise ValidationError(_("There is no tag %(names)s."), code="no_tag", params={"names": ", ".join(missing)})
        return found

    def take(name: str, contacts: BitMap) -> BitMap:
        return remove_tag(contacts, Tag(pk=known[name], name=name))

    return take_off(request, payload.items, "tags", names=names, take=take, whole=whole)  # type: ignore[attr-defined]
