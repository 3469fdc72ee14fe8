"""What contacts did and bought: recorded in batches, read of one contact."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import Http404, HttpResponse
from ninja import Query, Router

from activities import services
from activities.models import NOT_COUNTED, Activity, Order, OrderLine, Parameter, ParameterType, Product, Visit
from activities.services import Partly
from api.common import (
    CursorText,
    Limit,
    account_of,
    answer,
    answer_page,
    needs,
    now_of,
    page_of,
    read_cursor,
    write_cursor,
)
from api.v1.batches import ALL_OR_REPORT, ANSWERS, Whole, answer_partly, refuse_too_many, whole_or_part
from api.v1.fact_schemas import (
    ActivityBatch,
    ActivityOut,
    BoughtOut,
    OrderBatch,
    OrderOut,
    ProductBatch,
    ProductOut,
    VisitBatch,
    VisitOut,
)
from api.v1.moments import with_moments
from api.v1.people import contact_named
from config.requests import Request
from contacts.selectors import visible
from contacts.sight import require_whole_sight, sight

router = Router(tags=["Facts"])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SOURCE = (
    "channel", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "landing_url",
)  # fmt: skip
Record = Callable[..., Partly]


def recorded(request: Request, items: Any, record: Record, *, whole: bool) -> HttpResponse:
    refuse_too_many(items)
    with whole_or_part(whole=whole):
        done = record(items, account=account_of(request), now=now_of(request), sight=sight(request))
        return answer_partly(done, whole=whole)


@router.post(
    "/activities", auth=needs("facts:write"), response=ANSWERS, summary="Record activities", description=ALL_OR_REPORT
)
def record_activities(request: Request, payload: ActivityBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return recorded(request, payload.items, services.record_activities_partly, whole=whole)  # type: ignore[attr-defined]


@router.post("/visits", auth=needs("facts:write"), response=ANSWERS, summary="Record visits", description=ALL_OR_REPORT)
def record_visits(request: Request, payload: VisitBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return recorded(request, payload.items, services.record_visits_partly, whole=whole)  # type: ignore[attr-defined]


@router.post(
    "/orders",
    auth=needs("facts:write"),
    response=ANSWERS,
    summary="Record orders",
    description=f"An order whose number is there already is changed: it stays one order.\n\n{ALL_OR_REPORT}",
)
def record_orders(request: Request, payload: OrderBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    return recorded(request, payload.items, services.record_orders_partly, whole=whole)  # type: ignore[attr-defined]


@router.post(
    "/products",
    auth=needs("facts:write"),
    response=ANSWERS,
    summary="Record products",
    description=f"What products are called. Only for keys that see all contacts.\n\n{ALL_OR_REPORT}",
)
def record_products(request: Request, payload: ProductBatch, *, whole: Whole = False) -> HttpResponse:  # type: ignore[valid-type]
    require_whole_sight(request.user)
    refuse_too_many(payload.items)  # type: ignore[attr-defined]
    with whole_or_part(whole=whole):
        done = services.record_products_partly(payload.items, now=now_of(request))  # type: ignore[attr-defined]
        return answer_partly(done, whole=whole)


# --- reading -------------------------------------------------------------------------------------------------
def micros(at: datetime) -> int:
    return round((at - EPOCH).total_seconds() * 1_000_000)


def newest_first(rows: QuerySet[Any], cursor: str | None, kind: str, limit: int) -> list[dict[str, Any]]:
    """A page of facts of one contact, and one more row if there is any. `rows`: values with `id` and `at`."""
    if cursor is not None:
        at, pk = read_cursor(cursor, kind, default=(0, 0))
        moment = moment_of(at)
        rows = rows.filter(Q(at__lt=moment) | Q(at=moment, id__lt=pk), at__lte=moment)
    return list(rows.order_by("-at", "-id")[: limit + 1])


def moment_of(at: int) -> datetime:
    seconds, rest = divmod(at, 1_000_000)
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest)
    except (OverflowError, ValueError, OSError):
        return EPOCH


def page(items: list[dict[str, Any]], kind: str, limit: int) -> HttpResponse:
    return answer_page(items, limit, lambda item: write_cursor(kind, micros(item["at"]), item["id"]))


@router.get(
    "/contacts/{int:contact_id}/activities",
    auth=needs("contacts:read"),
    response=page_of(ActivityOut, "ActivityPage"),
    summary="A contact's activities, the newest first",
)
def contact_activities(
    request: Request,
    contact_id: int,
    *,
    limit: Limit = 100,
    cursor: CursorText = None,
    type: str | None = Query(None, max_length=60, description="The key of a type: only those."),  # noqa: A002
) -> HttpResponse:
    rows = Activity.objects.filter(contact=contact_named(request, contact_id))
    if type is not None:
        rows = rows.filter(type__key=type)
    found = newest_first(rows.values("id", "type__key", "at", "params"), cursor, "activities", limit)
    moments: dict[str, set[str]] = {}
    told = Parameter.objects.filter(type=ParameterType.DATETIME).values_list("activity_type__key", "key")
    for kind, key in told:
        moments.setdefault(kind, set()).add(key)
    items = [
        {
            "id": row["id"],
            "type": row["type__key"],
            "at": row["at"],
            "params": with_moments(row["params"], moments.get(row["type__key"], ())),
        }
        for row in found
    ]
    return page(items, "activities", limit)


@router.get(
    "/contacts/{int:contact_id}/visits",
    auth=needs("contacts:read"),
    response=page_of(VisitOut, "VisitPage"),
    summary="A contact's visits, the newest first",
)
def contact_visits(request: Request, contact_id: int, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    rows = Visit.objects.filter(contact=contact_named(request, contact_id)).values("id", "at", *SOURCE)
    return page(newest_first(rows, cursor, "visits", limit), "visits", limit)


ORDER = ("id", "contact_id", "external_id", "at", "total", "currency", "status", *SOURCE)


@router.get(
    "/contacts/{int:contact_id}/orders",
    auth=needs("contacts:read"),
    response=page_of(OrderOut, "OrderPage"),
    summary="A contact's orders with their lines, the newest first",
)
def contact_orders(request: Request, contact_id: int, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    rows = Order.objects.filter(contact=contact_named(request, contact_id)).values(*ORDER)
    return page(with_lines(newest_first(rows, cursor, "orders", limit)), "orders", limit)


def with_lines(orders: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two queries at most, whatever the number."""
    found = {order["id"]: {**order, "lines": []} for order in orders}
    lines = OrderLine.objects.filter(order__in=list(found)).order_by("order_id", "position")
    values: Iterable[Any] = lines.values(
        "order_id", "product", "name", "category", "brand", "quantity", "price", "amount"
    )
    for line in values:
        found[line.pop("order_id")]["lines"].append(line)
    return list(found.values())


@router.get(
    "/contacts/{int:contact_id}/products",
    auth=needs("contacts:read"),
    response=page_of(BoughtOut, "BoughtPage"),
    summary="What a contact bought, the last bought first: at most 1,000 products",
)
def contact_products(request: Request, contact_id: int, limit: Limit = 100) -> HttpResponse:
    bought = (
        OrderLine.objects.filter(order__contact=contact_named(request, contact_id))
        .exclude(order__status__in=NOT_COUNTED)
        .values("product")
        .annotate(
            told=Max("name"),
            orders=Count("order", distinct=True),
            pieces=Sum("quantity"),
            paid=Sum("amount"),
            last_at=Max("order__at"),
        )
        .order_by("-last_at", "product")[:limit]
    )
    items = [
        {
            "product": row["product"], "name": row["told"], "orders": row["orders"], "quantity": row["pieces"],
            "amount": row["paid"], "last_at": row["last_at"],
        }
        for row in bought
    ]  # fmt: skip
    return answer({"items": items, "next_cursor": None})


@router.get(
    "/orders/find",
    auth=needs("contacts:read"),
    response=OrderOut,
    summary="An order by its number",
    openapi_extra={"x-asked": "external_id=Z/2026/1"},
)
def find_order(
    request: Request, external_id: str = Query(..., max_length=120, description="The order's number.")
) -> HttpResponse:
    return one_order(request, Order.objects.filter(external_id=external_id))


@router.get("/orders/{int:order_id}", auth=needs("contacts:read"), response=OrderOut, summary="An order")
def order(request: Request, order_id: int) -> HttpResponse:
    return one_order(request, Order.objects.filter(pk=order_id))


def one_order(request: Request, rows: QuerySet[Order]) -> HttpResponse:
    """Raises: Http404, also for the order of a contact that the key does not see."""
    found = rows.filter(contact__in=visible(request.user)).values(*ORDER).first()
    if found is None:
        raise Http404
    return answer(with_lines([found])[0])


@router.get(
    "/products",
    auth=needs("labels:read"),
    response=page_of(ProductOut, "ProductPage"),
    summary="Products that orders or you have told of",
    description="Only for keys that see all contacts.",
)
def products(request: Request, limit: Limit = 100, cursor: CursorText = None) -> HttpResponse:
    require_whole_sight(request.user)
    (after,) = read_cursor(cursor, "products", default=(0,))
    rows = Product.objects.filter(pk__gt=after).order_by("pk")[: limit + 1]
    items: list[Any] = list(rows.values("pk", "key", "name", "category", "brand"))
    following = write_cursor("products", items[limit - 1]["pk"]) if len(items) > limit else None
    return answer(
        {
            "items": [{name: item[name] for name in ProductOut.model_fields} for item in items[:limit]],
            "next_cursor": following,
        }
    )
