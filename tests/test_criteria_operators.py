"""Every operator of every type: whom it finds, and that it and its negation share everyone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from contacts.models import Attribute, Contact
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate

pytestmark = pytest.mark.django_db

WARSAW = ZoneInfo("Europe/Warsaw")
NOW = datetime(2026, 11, 21, 13, 3, 22, tzinfo=UTC)  # 14:03:22 in Warsaw

# type of attribute: who -> value. Nobody else has one; `nobody` has none at all.
VALUES: dict[str, dict[str, Any]] = {
    "text": {"lodz": "Łódź", "street": "Straße", "percent": "100% wool_x", "istanbul": "İstanbul", "slash": "a\\b"},
    "number": {"minus": -3, "zero": 0, "tenth": 0.1, "third": 0.3, "five": 5, "big": 123456789012345},
    "boolean": {"yes": True, "no": False},
    "date": {
        "leap": "2000-02-29",
        "today": "2026-11-21",
        "month": "2026-10-22",
        "before": "2026-10-21",
        "next": "2026-11-27",
    },
    "datetime": {
        "midnight": "2026-11-20T23:00:00+00:00",  # 00:00 in Warsaw
        "evening": "2026-11-20T22:59:59+00:00",
        "now": "2026-11-21T13:03:22+00:00",
        "later": "2026-11-21T22:59:59+00:00",
    },
    "choice": {"pro": "pro", "free": "free"},
    "choices": {"both": ["free", "pro"], "one": ["pro"]},
}

CASES: list[tuple[str, str, Any, set[str]]] = [
    ("text", "eq", "łódź", {"lodz"}),
    ("text", "eq", "STRASSE", {"street"}),
    ("text", "eq", "sTRAßE", {"street"}),
    ("text", "eq", "i\u0307stanbul", {"istanbul"}),
    ("text", "eq", "istanbul", set()),
    ("text", "eq", "Ło\u0301dz\u0301", {"lodz"}),
    ("text", "ne", "łódź", {"street", "percent", "istanbul", "slash", "nobody"}),
    ("text", "in", ["ŁÓDŹ", "strasse", "none"], {"lodz", "street"}),
    ("text", "not_in", ["ŁÓDŹ", "strasse"], {"percent", "istanbul", "slash", "nobody"}),
    ("text", "contains", "%", {"percent"}),
    ("text", "contains", "_", {"percent"}),
    ("text", "contains", "\\", {"slash"}),
    ("text", "contains", "SS", {"street"}),
    ("text", "not_contains", "s", {"lodz", "slash", "percent", "nobody"}),
    ("text", "starts_with", "STRASS", {"street"}),
    ("text", "starts_with", "%", set()),
    ("text", "ends_with", "ÓDŹ", {"lodz"}),
    ("text", "ends_with", "a very long text that no value is as long as", set()),
    ("text", "matches", "^[łs]", {"lodz", "street"}),
    ("text", "matches", r"\d+%", {"percent"}),
    ("text", "matches", ".*", {"lodz", "street", "percent", "istanbul", "slash"}),
    ("number", "eq", 0.1, {"tenth"}),
    ("number", "eq", 0, {"zero"}),
    ("number", "eq", 5.0, {"five"}),
    ("number", "ne", 5, {"minus", "zero", "tenth", "third", "big", "nobody"}),
    ("number", "lt", 0, {"minus"}),
    ("number", "lte", 0, {"minus", "zero"}),
    ("number", "gt", 0.3, {"five", "big"}),
    ("number", "gte", 0.3, {"third", "five", "big"}),
    ("number", "gt", 123456789012344, {"big"}),
    ("number", "between", {"from": 0, "to": 0.3}, {"zero", "tenth", "third"}),
    ("number", "in", [0.3, 5], {"third", "five"}),
    ("number", "not_in", [0.3, 5], {"minus", "zero", "tenth", "big", "nobody"}),
    ("boolean", "is_true", None, {"yes"}),
    ("boolean", "is_false", None, {"no"}),
    ("date", "on", "2026-11-21", {"today"}),
    ("date", "before", "2026-10-22", {"leap", "before"}),
    ("date", "after", "2026-10-22", {"today", "next"}),
    ("date", "between", {"from": "2026-10-22", "to": "2026-11-21"}, {"month", "today"}),
    ("date", "last", {"n": 1, "unit": "day"}, {"today"}),
    ("date", "last", {"n": 1, "unit": "month"}, {"month", "today"}),
    ("date", "next", {"n": 1, "unit": "week"}, {"today", "next"}),
    ("date", "next", {"n": 6, "unit": "day"}, {"today"}),
    ("date", "ago", {"n": 30, "unit": "day"}, {"month"}),
    ("date", "ago", {"n": 1, "unit": "month"}, {"before"}),
    ("date", "anniversary", {"on": "today"}, {"today"}),
    ("date", "anniversary", {"in_next": 7}, {"today", "next"}),
    ("date", "anniversary", {"in_next": 6}, {"today"}),
    ("date", "anniversary", {"in_last": 31}, {"today", "month"}),
    ("date", "anniversary", {"in_next": 366}, {"leap", "today", "month", "before", "next"}),
    ("datetime", "on", "2026-11-21", {"midnight", "now", "later"}),
    ("datetime", "before", "2026-11-21", {"evening"}),
    ("datetime", "before", "2026-11-21T14:03:22", {"midnight", "evening"}),
    ("datetime", "after", "2026-11-20", {"midnight", "now", "later"}),
    ("datetime", "after", "2026-11-21T14:03:22+01:00", {"later"}),
    ("datetime", "between", {"from": "2026-11-21", "to": "2026-11-21T13:03:22Z"}, {"midnight", "now"}),
    ("datetime", "last", {"n": 1, "unit": "day"}, {"midnight", "now"}),
    ("datetime", "last", {"n": 15, "unit": "hour"}, {"midnight", "evening", "now"}),
    ("datetime", "last", {"n": 14, "unit": "hour"}, {"now"}),
    ("datetime", "next", {"n": 1, "unit": "day"}, {"now", "later"}),
    ("datetime", "next", {"n": 1, "unit": "hour"}, {"now"}),
    ("datetime", "ago", {"n": 1, "unit": "day"}, {"evening"}),
    ("datetime", "anniversary", {"on": "today"}, {"midnight", "now", "later"}),
    ("datetime", "anniversary", {"in_last": 2}, {"midnight", "evening", "now", "later"}),
    ("choice", "eq", "pro", {"pro"}),
    ("choice", "ne", "pro", {"free", "nobody"}),
    ("choice", "in", ["pro", "free"], {"pro", "free"}),
    ("choice", "not_in", ["pro"], {"free", "nobody"}),
    ("choices", "any", ["free", "gold"], {"both"}),
    ("choices", "all", ["pro", "free"], {"both"}),
    ("choices", "all", ["pro"], {"both", "one"}),
    ("choices", "none", ["free"], {"one", "nobody"}),
    *((kind, "is_set", None, set(values)) for kind, values in VALUES.items()),
    *((kind, "is_not_set", None, {"nobody"}) for kind in VALUES),
]


def people_with(kind: str) -> dict[int, str]:
    """Contacts that have the values of a type, and one who has none: id -> who."""
    Attribute.objects.create(
        key="value", name="Value", type=kind, options=["free", "gold", "pro"] if "choice" in kind else []
    )
    everyone = {**{who: {"value": value} for who, value in VALUES[kind].items()}, "nobody": {}}
    made = Contact.objects.bulk_create(
        Contact(first_name=who, attributes=attributes, created_at=NOW, updated_at=NOW)
        for who, attributes in everyone.items()
    )
    return {contact.pk: contact.first_name for contact in made}


@pytest.mark.parametrize(
    ("kind", "op", "value", "expected"), CASES, ids=lambda it: str(sorted(it) if isinstance(it, set) else it)[:40]
)
def test_an_operator_finds_whom_it_should(kind: str, op: str, value: Any, expected: set[str]) -> None:
    people = people_with(kind)
    criterion = {"kind": "attribute", "attribute": "value", "op": op} | ({} if value is None else {"value": value})
    found = evaluate(parse({"any": [criterion, {"not": criterion}]}), context=Context(now=NOW, zone=WARSAW))
    sets = found.member_of
    assert {people[pk] for pk in sets["any[0]"]} == expected
    assert {people[pk] for pk in sets["any[1]"]} == set(people.values()) - expected


def test_every_operator_of_every_type_has_a_case() -> None:
    from segmentation.criteria.attribute import TYPES

    expected = {(kind, op) for kind, type_ in TYPES.items() for op in type_.operators}
    assert expected == {(kind, op) for kind, op, _value, _expected in CASES}


def holding(criterion: dict[str, Any], *, now: datetime = NOW, zone: ZoneInfo = WARSAW) -> set[str]:
    members = evaluate(parse(criterion), context=Context(now=now, zone=zone)).members
    return set(Contact.objects.filter(pk__in=list(members)).values_list("first_name", flat=True))


def make(name: str, **fields: Any) -> Contact:
    return Contact.objects.create(**{"first_name": name, "created_at": NOW, "updated_at": NOW} | fields)


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("email", "eq", "ANNA@example.com", {"anna"}),
        ("email", "is_not_set", None, {"jan", "ZOE"}),
        ("phone", "starts_with", "+48", {"jan"}),
        ("phone", "not_contains", "48", {"anna", "ZOE"}),
        ("first_name", "eq", "zoe", {"ZOE"}),
        ("last_name", "is_set", None, {"anna"}),
        ("last_name", "is_not_set", None, {"jan", "ZOE"}),
        ("last_name", "ne", "kowalska", {"jan", "ZOE"}),
        ("last_name", "matches", ".*", {"anna"}),
        ("status", "eq", "bounced", {"jan"}),
        ("status", "not_in", ["bounced", "pending"], {"anna", "ZOE"}),
        ("lead_score", "gt", 20, {"ZOE"}),
        ("lead_score", "gte", 19.5, {"anna", "ZOE"}),
        ("lead_score", "lt", 99999999999, {"anna", "jan", "ZOE"}),
        ("lead_score", "in", [20, 20.5], {"anna"}),
        ("source", "in", ["Sklep"], {"anna"}),
        ("created_at", "last", {"n": 2, "unit": "day"}, {"anna", "jan"}),
        ("created_at", "on", "2026-11-20", {"jan"}),
        ("created_at", "is_set", None, {"anna", "jan", "ZOE"}),
    ],
)
def test_own_fields(field: str, op: str, value: Any, expected: set[str]) -> None:
    make("anna", email="anna@example.com", last_name="Kowalska", lead_score=20, source="sklep")
    make("jan", phone="+48500100200", status="bounced", lead_score=-1, created_at=NOW - timedelta(days=1))
    make("ZOE", lead_score=21, created_at=NOW - timedelta(days=40))
    criterion = {"kind": "field", "field": field, "op": op} | ({} if value is None else {"value": value})
    assert holding(criterion) == expected
    assert holding({"not": criterion}) == {"anna", "jan", "ZOE"} - expected


def test_id_is_a_number() -> None:
    first, second = make("first"), make("second")
    assert holding({"kind": "field", "field": "id", "op": "in", "value": [first.pk, 2_000_000_000]}) == {"first"}
    assert holding({"kind": "field", "field": "id", "op": "gt", "value": first.pk}) == {"second"}
    assert second.pk > first.pk


def test_a_tree_of_negations_is_what_it_says_for_a_contact_without_the_key() -> None:
    """`~Q(attributes__plan="pro")` would lose them."""
    Attribute.objects.create(key="plan", name="Plan", type="text")
    make("pro", attributes={"plan": "pro"})
    make("none")
    assert holding({"not": {"kind": "attribute", "attribute": "plan", "op": "eq", "value": "pro"}}) == {"none"}
    assert holding({"kind": "attribute", "attribute": "plan", "op": "ne", "value": "pro"}) == {"none"}


@pytest.mark.parametrize("value", [True, [6], "6", {"a": 6}, None])
def test_no_number_attribute_holds_what_only_looks_greater(value: Any) -> None:
    """`attributes__age__gt=5` would match true and lists; here they can't get in, by any way."""
    Attribute.objects.create(key="age", name="Age", type="number")
    with pytest.raises(IntegrityError), transaction.atomic():
        make("odd", attributes={"age": value})
    make("six", attributes={"age": 6})
    assert holding({"kind": "attribute", "attribute": "age", "op": "gt", "value": 5}) == {"six"}
