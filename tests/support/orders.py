"""People who ordered things, and criteria about orders."""

from typing import Any

from tests import factories
from tests.support.asking import ago

ORDERS: dict[str, list[dict[str, Any]]] = {
    "nobody": [],
    "once": [{"at": ago(10), "total": 50, "channel": "ad"}],
    "tenths": [{"at": ago(5), "total": "0.1"}, {"at": ago(4), "total": "0.2"}],
    "big": [
        {"at": ago(300), "total": 700, "channel": "ad"},
        {"at": ago(20), "total": 200, "channel": "ad"},
        {"at": ago(2), "total": 100, "channel": "search", "currency": "EUR"},
    ],
    "broken": [
        {"at": ago(9), "total": 500, "status": "cancelled", "channel": "ad"},
        {"at": ago(8), "total": 400, "status": "refunded", "channel": "ad"},
    ],
    "partly": [{"at": ago(9), "total": 500, "status": "cancelled"}, {"at": ago(8), "total": 30, "channel": "ad"}],
}


def order(measure: str, op: str, value: Any, *where: Any, **more: Any) -> dict[str, Any]:
    tree = {"kind": "order", "measure": measure, "op": op, "value": value, **more}
    return {**tree, "where": list(where)} if where else tree


def purchase(measure: str, op: str, value: Any, *where: Any, **more: Any) -> dict[str, Any]:
    return {**order(measure, op, value, *where, **more), "kind": "purchase"}


def test(param: str, op: str, value: Any) -> dict[str, Any]:
    return {"param": param, "op": op, "value": value}


test.__test__ = False  # type: ignore[attr-defined]


def ordering() -> dict[str, int]:
    """Who has which orders, as in ORDERS."""
    made = {name: factories.contact(first_name=name) for name in ORDERS}
    for name, orders in ORDERS.items():
        for fields in orders:
            factories.order(made[name], **fields)
    return {name: contact.pk for name, contact in made.items()}


def buying() -> dict[str, int]:
    """Who bought cameras and straps."""
    made = {name: factories.contact(first_name=name) for name in ("nothing", "pieces", "apart", "cancelled")}
    camera = {"product": "C-1", "name": "Aparat Łódź", "category": "Foto/Aparaty", "brand": "ŁÓDŹ"}
    strap = {"product": "S-1", "name": "Pasek", "category": "Foto", "brand": ""}
    factories.order(
        made["pieces"],
        lines=[
            {**camera, "quantity": "0.1", "price": 10},
            {**camera, "quantity": "0.2", "price": 10},
            {**strap, "amount": 5},
        ],
    )
    factories.order(made["apart"], at=ago(40), lines=[{**camera, "quantity": 2, "amount": 200}])
    factories.order(made["apart"], at=ago(4), lines=[{**strap, "quantity": 3, "amount": 30}])
    factories.order(made["cancelled"], status="cancelled", lines=[{**camera, "amount": 100}])
    return {name: contact.pk for name, contact in made.items()}
