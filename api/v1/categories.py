"""Categories: the tree, a new one, and putting contacts into them and taking them out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field
from pyroaring import BitMap

from api.common import In, Out, answer, batch_in, example, key_of, needs, now_of
from api.v1.batches import ALL_OR_REPORT, ANSWERS, Whole
from api.v1.labelling import put_on, take_off
from api.v1.schemas import ContactName
from config.requests import Request
from contacts.sight import require_whole_sight, sight
from tags.assigning import remove_category
from tags.batches import Categories
from tags.categories import create_category
from tags.models import Category, ContactCategory
from tags.pickers import allowed_to
from tags.seeing import see_categories
from tags.tree import Branch, branches

router = Router(tags=["Categories"])


class CategoryOut(Out):
    """`contacts`: in exactly this one, `contacts_below`: in it or anywhere below it; those whom the key sees."""

    model_config = example(
        {
            "id": 5,
            "name": "Media",
            "path": "klient/media",
            "title": "Klient / Media",
            "below": "klient",
            "depth": 1,
            "contacts": 12,
            "contacts_below": 90,
            "counted_at": "2026-11-21T13:30:00Z",
        }
    )
    id: int
    name: str
    path: str = Field(description="What criteria and batches name it by.")
    title: str = Field(description="Its path as people read it.")
    below: str | None = Field(description="The path of the category above it; null: it stands at the top.")
    depth: int
    contacts: int | None
    contacts_below: int | None
    counted_at: datetime | None


class TreeOut(Out):
    items: list[CategoryOut]


class CategoryIn(In):
    model_config = example({"name": "Media", "below": "klient"}, forbid=True)
    name: str = Field(max_length=200)
    below: str | None = Field(None, max_length=500, description="The path of the category above; null: at the top.")


class CategoriesOfContact(In):
    model_config = example({"contact": {"external_id": "K-17"}, "categories": ["klient/media"]}, forbid=True)
    contact: ContactName
    categories: list[str] = Field(description="Paths.")


OutOfSight = Annotated[
    bool,
    Query(description="Also out of the last category that shows a contact to the key. Without it that is refused."),
]
CategoriesBatch = batch_in(CategoriesOfContact, "CategoriesBatch")


def told(request: Request, tree: Sequence[Branch]) -> list[dict[str, Any]]:
    """The whole tree: a category's number is of all below it."""
    see_categories([branch.category for branch in tree], sight(request), now=now_of(request))
    return [
        {
            "id": branch.pk,
            "name": branch.name,
            "path": branch.category.slug_path,
            "title": branch.title,
            "below": branch.category.slug_path.rpartition("/")[0] or None,
            "depth": branch.depth,
            "contacts": branch.category.contacts_count,
            "contacts_below": branch.category.subtree_count,
            "counted_at": branch.category.counted_at,
        }
        for branch in tree
    ]


@router.get(
    "/categories",
    auth=needs("labels:read"),
    response=TreeOut,
    summary="The tree of categories",
    description="All of it, each category before those below it.",
)
def tree(request: Request) -> HttpResponse:
    return answer({"items": told(request, branches())})


@router.post(
    "/categories",
    auth=needs("labels:write"),
    response={201: CategoryOut},
    summary="Create a category",
    description="Its path is made of its name. Only for keys that see all contacts.",
)
def create(request: Request, payload: CategoryIn) -> HttpResponse:
    require_whole_sight(request.user)
    above = None
    if payload.below is not None:
        path = payload.below.strip("/").lower()
        above = Category.objects.filter(slug_path=path).first() if "\0" not in path else None
        if above is None:
            raise ValidationError({"below": ValidationError(_("There is no such category."), code="no_category")})
    try:
        made = create_category(payload.name, below=above, now=now_of(request))
    except ValidationError as error:
        raise ValidationError({"below" if error.code == "being_deleted" else "name": error}) from error
    except Category.DoesNotExist as error:
        gone = ValidationError(_("This category has just been deleted."), code="no_category")
        raise ValidationError({"below": gone}) from error
    [item] = [item for item in told(request, branches()) if item["id"] == made.pk]
    return answer(item, 201)


@router.post(
    "/categories/assign",
    auth=needs("labels:write"),
    response=ANSWERS,
    summary="Put contacts into categories",
    description=f"Into exactly these. Each leaves an entry in the contact's history.\n\n{ALL_OR_REPORT}",
)
def assign(request: Request, payload: CategoriesBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return put_on(request, payload.items, "categories", whole=whole)  # type: ignore[attr-defined]


@router.post(
    "/categories/remove",
    auth=needs("labels:write"),
    response=ANSWERS,
    summary="Take contacts out of categories",
    description=f"Out of exactly these, not of those below them.\n\n{ALL_OR_REPORT}",
)
def remove(
    request: Request,
    payload: CategoriesBatch,  # type: ignore[valid-type]
    *,
    whole: Whole = False,
    out_of_sight: OutOfSight = False,
) -> HttpResponse:
    gate, key, now = Categories(key_of(request).user), key_of(request), now_of(request)
    allowed = allowed_to(key.user)

    def names(raw: Any) -> tuple[str, ...]:
        found = gate.read(raw)
        if problem := gate.refusal(found, new=False):
            raise problem
        return found

    def take(path: str, contacts: BitMap) -> BitMap:
        category = Category.objects.filter(pk=(gate.ids or {})[path]).first()
        if category is None:  # deleted a moment ago
            return BitMap()
        return remove_category(contacts, category, now=now, by=key.by, user=key.user)

    def refusal(contact: int, paths: Sequence[str]) -> ValidationError | None:
        if allowed is None or out_of_sight:
            return None
        inside = set(ContactCategory.objects.filter(contact=contact).values_list("category_id", flat=True))
        going = {(gate.ids or {})[path] for path in paths}
        if not going & inside or (inside - going) & set(allowed):
            return None
        said = _("You would not see this contact any more. Send out_of_sight=true if that is meant.")
        return ValidationError(said, code="out_of_sight")

    items = payload.items  # type: ignore[attr-defined]
    return take_off(request, items, "categories", names=names, take=take, refusal=refusal, whole=whole)
