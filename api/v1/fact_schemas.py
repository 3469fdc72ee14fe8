"""What goes in and comes out of the routes of facts, for the description: the services check it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.common import In, Out, batch_in, example
from api.v1.schemas import ContactName, Moment

Money = Annotated[float | str, Field(description="At most 4 decimals; as text it is exact.", examples=["119.98"])]
FROM_NEWSLETTER = {
    "channel": "email",
    "utm_source": "newsletter",
    "utm_medium": "email",
    "utm_campaign": "",
    "utm_term": "",
    "utm_content": "",
    "referrer": "",
    "landing_url": "https://sklep.example/?utm_source=newsletter&utm_medium=email",
}


class ActivityIn(In):
    model_config = example(
        {
            "contact": {"email": "ala@example.com"},
            "type": "page_view",
            "at": "2026-11-21T10:00:00+01:00",
            "params": {"url": "https://sklep.example/cennik"},
        },
        forbid=True,
    )
    contact: ContactName
    type: str = Field(description="The key of a type: page_view, product_view, add_to_cart, or one of the account's.")
    at: Moment
    params: dict[str, Any] = Field({}, description="Declared parameters of the type, by key.")


class SourceIn(In):
    landing_url: str | None = None
    referrer: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


class VisitIn(SourceIn):
    model_config = example(
        {
            "contact": {"external_id": "K-17"},
            "at": "2026-11-21T10:00:00+01:00",
            "landing_url": "https://sklep.example/?utm_source=newsletter&utm_medium=email",
        },
        forbid=True,
    )
    contact: ContactName
    at: Moment


class LineIn(In):
    product: str = Field(description="The product's key.")
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: Money | None = Field(None, description="1, if left out.")
    price: Money | None = None
    amount: Money | None = Field(None, description="Price × quantity, if left out.")


class OrderIn(SourceIn):
    """An order whose number is there already is changed: it stays one order."""

    model_config = example(
        {
            "contact": {"email": "ala@example.com"},
            "external_id": "Z/2026/1",
            "at": "2026-11-21T10:00:00+01:00",
            "total": "119.98",
            "status": "paid",
            "lines": [{"product": "P1", "name": "Żel", "category": "Uroda", "quantity": 2, "price": "54.99"}],
        },
        forbid=True,
    )
    contact: ContactName
    external_id: str | None = Field(None, description="The order's number. Without one each item is a new order.")
    at: Moment
    total: Money = Field(description="In the account's currency.")
    currency: str | None = Field(None, description="What the customer paid in; the account's, if left out.")
    status: str | None = Field(None, description="new, paid, shipped, completed, cancelled or refunded")
    lines: list[LineIn] | None = Field(None, description="Given lines replace all that there were.")


class ProductIn(In):
    model_config = example({"key": "P1", "name": "Żel", "category": "Uroda", "brand": "Ziaja"}, forbid=True)
    key: str
    name: str | None = None
    category: str | None = None
    brand: str | None = None


ActivityBatch = batch_in(ActivityIn, "ActivityBatch")
VisitBatch = batch_in(VisitIn, "VisitBatch")
OrderBatch = batch_in(OrderIn, "OrderBatch")
ProductBatch = batch_in(ProductIn, "ProductBatch")


class ActivityOut(Out):
    model_config = example(
        {"id": 31, "type": "page_view", "at": "2026-11-21T09:00:00Z", "params": {"url": "https://sklep.example/cennik"}}
    )
    id: int
    type: str
    at: datetime
    params: dict[str, Any]


class SourceOut(Out):
    channel: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_term: str
    utm_content: str
    referrer: str
    landing_url: str


class VisitOut(SourceOut):
    model_config = example(
        {
            "id": 12,
            "at": "2026-11-21T09:00:00Z",
            **FROM_NEWSLETTER,
        }
    )
    id: int
    at: datetime


class LineOut(Out):
    product: str
    name: str
    category: str
    brand: str
    quantity: str
    price: str
    amount: str


class OrderOut(SourceOut):
    model_config = example(
        {
            "id": 1024,
            "contact_id": 7,
            "external_id": "Z/2026/1",
            "at": "2026-11-21T09:00:00Z",
            "total": "119.9800",
            "currency": "PLN",
            "status": "paid",
            **FROM_NEWSLETTER,
            "lines": [
                {
                    "product": "P1",
                    "name": "Żel",
                    "category": "Uroda",
                    "brand": "Ziaja",
                    "quantity": "2.000",
                    "price": "54.9900",
                    "amount": "109.9800",
                }
            ],
        }
    )
    id: int
    contact_id: int
    external_id: str | None
    at: datetime
    total: str
    currency: str
    status: str
    lines: list[LineOut]


class ProductOut(Out):
    model_config = example({"key": "P1", "name": "Żel", "category": "Uroda", "brand": "Ziaja"})
    key: str
    name: str
    category: str
    brand: str


class BoughtOut(Out):
    """A product in a contact's orders; cancelled and refunded orders do not count."""

    model_config = example(
        {
            "product": "P1",
            "name": "Żel",
            "orders": 2,
            "quantity": "4.000",
            "amount": "219.9600",
            "last_at": "2026-11-21T09:00:00Z",
        }
    )

    product: str
    name: str
    orders: int
    quantity: str
    amount: str
    last_at: datetime
