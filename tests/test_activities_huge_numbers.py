"""Whole numbers of thousands of digits, which Python reads but does not write, are refused like anything else."""

import re
from typing import Any

import pytest

from activities.models import Activity, Order, Visit
from activities.services import BatchError, record_activities, record_orders, record_visits
from contacts.models import Contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
AT = "2026-11-20T10:00:00+01:00"
HUGE = 10**5000
GIVEN = {"number": HUGE, "negative": -HUGE, "list": [HUGE], "object": {"a": HUGE}}


@pytest.fixture
def ala() -> Contact:
    return factories.contact()


def refused(account: Any, record: Any, item: dict[Any, Any]) -> list[tuple[str, str]]:
    """(field, code) of everything that is wrong with the one item; and nothing was written."""
    with pytest.raises(BatchError) as caught:
        record([item], account=account, now=NOW)
    assert not any(model.objects.exists() for model in (Activity, Visit, Order))
    assert all(error.message for error in caught.value.errors)
    assert {error.item for error in caught.value.errors} == {0}
    return [(error.field, error.code) for error in caught.value.errors]


def activity(contact: Any, **more: Any) -> dict[str, Any]:
    return {"contact": {"id": contact.pk}, "type": "page_view", "at": AT, **more}


@pytest.mark.parametrize("kind", ["text", "url", "number", "boolean", "date", "datetime"])
@pytest.mark.parametrize("given", GIVEN)
def test_as_parameters_of_any_type(account: Any, ala: Contact, kind: str, given: str) -> None:
    factories.activity_type("thing", value=kind)
    item = activity(ala, type="thing", params={"value": GIVEN[given]})
    assert [field for field, _code in refused(account, record_activities, item)] == ["params.value"]


@pytest.mark.parametrize("given", ["number", "list"])
@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (record_activities, "type at params contact"),
        (record_visits, "at referrer utm_source contact"),
        (record_orders, "at total external_id currency status lines referrer contact"),
    ],
    ids=["activities", "visits", "orders"],
)
def test_in_any_field(account: Any, ala: Contact, record: Any, fields: str, given: str) -> None:
    needed = {record_activities: {"type": "page_view"}, record_visits: {}, record_orders: {"total": 1}}[record]
    for field in fields.split():
        item = {"contact": {"id": ala.pk}, "at": AT, **needed, field: GIVEN[given]}
        assert [re.match(r"\w+", name)[0] for name, _code in refused(account, record, item)] == [field]


@pytest.mark.parametrize("way", ["id", "email", "external_id", HUGE], ids=["id", "email", "external_id", "odd"])
def test_as_what_names_a_contact(account: Any, way: Any) -> None:
    [(field, _code)] = refused(account, record_activities, {"contact": {way: HUGE}, "type": "page_view", "at": AT})
    assert field.startswith("contact")


def test_as_the_name_of_a_field_or_parameter(account: Any, ala: Contact) -> None:
    assert refused(account, record_activities, {**activity(ala), HUGE: 1}) == [("…", "unknown")]
    assert refused(account, record_activities, activity(ala, params={HUGE: 1})) == [("params.…", "no_parameter")]


@pytest.mark.parametrize("field", ["product", "name", "quantity", "price", "amount"])
def test_in_lines_of_orders(account: Any, ala: Contact, field: str) -> None:
    item = {"contact": {"id": ala.pk}, "at": AT, "total": 1, "lines": [{"product": "P", "price": 5, field: HUGE}]}
    assert [name for name, _code in refused(account, record_orders, item)] == [f"lines[0].{field}"]
