"""Batches of activities and visits: what is stored, what is refused, with the item and the field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.models import Activity, ActivityType, Visit
from activities.services import BatchError, record_activities, record_visits
from contacts.models import Contact
from contacts.services import create_contact
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
AT = "2026-11-20T10:00:00+01:00"


@pytest.fixture
def ala() -> Contact:
    return factories.contact(email="ala@example.com", external_id="K-1")


def item(contact: Any = None, type: str = "page_view", at: Any = AT, **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"contact": contact or {"email": "ala@example.com"}, "type": type, "at": at, **more}


def refused(account, *items: Any, record=record_activities) -> list[tuple[int | None, str, str]]:
    """(item, field, code) of everything that is wrong; and nothing was written."""
    before = Activity.objects.count() + Visit.objects.count()
    with pytest.raises(BatchError) as caught:
        record(list(items), account=account, now=NOW)
    assert Activity.objects.count() + Visit.objects.count() == before
    assert all(error.message for error in caught.value.errors)
    return [(error.item, error.field, error.code) for error in caught.value.errors]


def stored(account, params: dict[str, Any], type: str = "thing") -> dict[str, Any]:  # noqa: A002
    record_activities([item(type=type, params=params)], account=account, now=NOW)
    return Activity.objects.latest("id").params


# --- activities ------------------------------------------------------------------------------------------------
def test_a_contact_is_named_by_id_email_or_external_id(account, ala) -> None:
    ways: list[dict[str, Any]] = [{"id": ala.pk}, {"email": " ALA@Example.com "}, {"external_id": "K-1"}]
    assert record_activities([item(way) for way in ways], account=account, now=NOW) == 3
    assert list(Activity.objects.values_list("contact_id", flat=True)) == [ala.pk] * 3


def test_a_contact_stored_from_a_decomposed_address_is_found_by_it(account) -> None:
    made = create_contact(fields={"external_id": "Łódź-ó"}, now=NOW, by="test")
    record_activities([item({"external_id": "Łódź-o\u0301"})], account=account, now=NOW)
    assert Activity.objects.get().contact_id == made.pk


def test_an_empty_batch_is_none(account) -> None:
    assert record_activities([], account=account, now=NOW) == 0
    assert record_visits([], account=account, now=NOW) == 0


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-20T10:00:00+01:00", datetime(2026, 11, 20, 9, 0, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        ("2026-11-20 10:00", datetime(2026, 11, 20, 9, 0, tzinfo=UTC)),  # the account's zone
        ("2026-07-20T10:00:00.25", datetime(2026, 7, 20, 8, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # comes twice: the first
        (datetime(2026, 11, 20, 10, 0, tzinfo=UTC), datetime(2026, 11, 20, 10, 0, tzinfo=UTC)),
        (datetime(2026, 11, 20, 10, 0), datetime(2026, 11, 20, 9, 0, tzinfo=UTC)),  # noqa: DTZ001
        (NOW + timedelta(hours=24), NOW + timedelta(hours=24)),
    ],
)
def test_moments(account, ala, given: Any, meant: datetime) -> None:
    record_activities([item(at=given)], account=account, now=NOW)
    assert Activity.objects.get().at == meant


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("2026-11-20", "not_datetime"),
        ("yesterday", "not_datetime"),
        ("2026-13-40T10:00:00", "not_datetime"),
        ("2026-11-20T10:00:00+25:00", "not_datetime"),
        ("20261120T100000", "not_datetime"),
        (1_763_630_000, "not_datetime"),
        (True, "not_datetime"),
        ({}, "not_datetime"),
        ("2026-11-20T10:00:00\0", "not_datetime"),
        ("2026-03-29T02:30:00", "skipped_hour"),
        (NOW + timedelta(hours=24, seconds=1), "future"),
        ("9999-12-31T23:59:59", "future"),
        ("9999-12-31T23:59:59-12:00", "future"),
        ("1969-12-31T23:59:59Z", "too_early"),
        ("0001-01-01T00:00:00", "too_early"),
        ("0001-01-01T00:00:00+14:00", "too_early"),
        (None, "required"),
    ],
)
def test_moments_that_are_refused(account, ala, given: Any, code: str) -> None:
    assert refused(account, item(at=given)) == [(0, "at", code)]


@pytest.mark.parametrize(
    ("type_", "given", "kept"),
    [
        ("text", "  ża\u0307ba \n x ", "żȧba   x"),
        ("text", "z\u0307ółw", "żółw"),
        ("text", 12, "12"),
        ("text", "x" * 1000, "x" * 1000),
        ("url", "https://sklep.pl/ą?b=%zz#c", "https://sklep.pl/ą?b=%zz#c"),
        ("url", "/cennik", "/cennik"),
        ("url", "h" * 4000, "h" * 4000),
        ("number", 12, 12),
        ("number", -1.5, -1.5),
        ("number", "12.50", 12.5),
        ("number", 1e3, 1000),
        ("number", 999_999_999_999_999, 999_999_999_999_999),
        ("boolean", True, True),
        ("boolean", "no", False),
        ("boolean", 1, True),
        ("date", "2026-11-20", "2026-11-20"),
        ("datetime", "2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00+00:00"),
        ("datetime", "2026-11-20T10:00", "2026-11-20T09:00:00+00:00"),  # the account's zone
    ],
)
def test_parameters_are_stored_by_their_type(account, ala, type_: str, given: Any, kept: Any) -> None:
    factories.activity_type("thing", value=type_)
    found = stored(account, {"value": given})
    assert found == {"value": kept}
    assert type(found["value"]) is type(kept)


@pytest.mark.parametrize("given", [None, "", "   "])
@pytest.mark.parametrize("type_", ["text", "url", "number", "boolean", "date", "datetime"])
def test_nothing_is_no_value(account, ala, type_: str, given: Any) -> None:
    factories.activity_type("thing", value=type_)
    assert stored(account, {"value": given}) == {}


@pytest.mark.parametrize(
    ("type_", "given", "code"),
    [
        ("text", "a\0b", "control_signs"),
        ("text", "a\x1bb", "control_signs"),
        ("text", "a\ud800b", "control_signs"),
        ("text", "x" * 1001, "too_long"),
        ("text", True, "not_text"),
        ("text", ["a"], "not_text"),
        ("text", float("nan"), "not_text"),
        ("url", "h" * 4001, "too_long"),
        ("url", "https://sklep.pl/\0", "control_signs"),
        ("number", float("nan"), "not_number"),
        ("number", float("inf"), "not_number"),
        ("number", "NaN", "not_number"),
        ("number", "1 000", "not_number"),
        ("number", True, "not_number"),
        ("number", [1], "not_number"),
        ("number", 10**15, "too_long"),
        ("number", "1e999", "too_long"),
        ("number", "0." + "1" * 11, "too_long"),
        ("boolean", "maybe", "not_boolean"),
        ("boolean", 2, "not_boolean"),
        ("date", "2026-02-30", "not_date"),
        ("date", "2026-11-20T10:00", "not_date"),
        ("date", 20261120, "not_date"),
        ("datetime", "2026-11-20", "not_datetime"),
        ("datetime", "0001-01-01T00:00+10:00", "not_datetime"),
    ],
)
def test_parameters_that_are_refused(account, ala, type_: str, given: Any, code: str) -> None:
    factories.activity_type("thing", value=type_)
    assert refused(account, item(type="thing", params={"value": given})) == [(0, "params.value", code)]


@pytest.mark.parametrize("key", ["price", "quantity"])
def test_built_in_prices_and_quantities_are_not_negative(account, ala, key: str) -> None:
    assert refused(account, item(type="add_to_cart", params={key: -1})) == [(0, f"params.{key}", "negative")]
    factories.activity_type("thing", **{key: "number"})
    assert stored(account, {key: -1}) == {key: -1}, "an account's own may mean anything"


def test_every_error_names_its_item_and_field(account, ala) -> None:
    found = refused(
        account,
        item(),
        item(type="no_such"),
        item({"email": "nobody@example.com"}, params={"color": "red", "url": "\0"}),
        {"contact": {"id": ala.pk}, "type": "login", "at": AT, "when": 1},
        {},
        "text",
    )
    assert found == [
        (1, "type", "no_type"),
        (2, "params.color", "no_parameter"),
        (2, "params.url", "control_signs"),
        (2, "contact.email", "no_contact"),
        (3, "when", "unknown"),
        (4, "contact", "required"),
        (4, "type", "required"),
        (4, "at", "required"),
        (5, "", "not_object"),
    ]


def test_an_error_says_where(account, ala) -> None:
    with pytest.raises(BatchError, match=r"items\[1\]\.params\.color: The type has no such parameter\."):
        record_activities([item(), item(params={"color": 1})], account=account, now=NOW)


@pytest.mark.parametrize(
    ("contact", "field", "code"),
    [
        ({}, "contact", "contact"),
        ({"id": 1, "email": "ala@example.com"}, "contact", "contact"),
        ({"phone": "123456"}, "contact", "contact"),
        ("ala@example.com", "contact", "contact"),
        ({"id": "1"}, "contact", "contact"),
        ({"id": True}, "contact", "contact"),
        ({"id": 0}, "contact.id", "no_contact"),
        ({"id": -1}, "contact.id", "no_contact"),
        ({"id": 2**31}, "contact.id", "no_contact"),
        ({"id": 10**30}, "contact.id", "no_contact"),
        ({"email": ""}, "contact", "required"),
        ({"email": "a\0@example.com"}, "contact", "control_signs"),
        ({"external_id": "no"}, "contact.external_id", "no_contact"),
        ({"external_id": "x" * 300}, "contact", "too_long"),
    ],
)
def test_contacts_that_are_refused(account, ala, contact: Any, field: str, code: str) -> None:
    assert refused(account, {"contact": contact, "type": "login", "at": AT}) == [(0, field, code)]


@pytest.mark.parametrize(
    ("items", "code"), [({"items": []}, "not_list"), ("abc", "not_list"), ([{}] * 10_001, "too_many")]
)
def test_a_batch_is_a_list_of_a_fair_length(account, items: Any, code: str) -> None:
    with pytest.raises(BatchError) as caught:
        record_activities(items, account=account, now=NOW)
    assert [(error.item, error.path, error.code) for error in caught.value.errors] == [(None, "items", code)]


def test_of_very_many_errors_the_first_hundred_are_told(account) -> None:
    with pytest.raises(BatchError) as caught:
        record_activities([{}] * 1000, account=account, now=NOW)
    assert len(caught.value.errors) == 100


@pytest.mark.parametrize("params", [[], "x", 1, True])
def test_parameters_are_an_object(account, ala, params: Any) -> None:
    assert refused(account, item(params=params)) == [(0, "params", "not_object")]


def test_odd_keys_are_named_and_refused(account, ala) -> None:
    assert refused(account, item(params={"a\ud800": 1, 7: 2})) == [
        (0, "params.a\ud800", "no_parameter"),
        (0, "params.7", "no_parameter"),
    ]


def test_a_parameter_declared_later_is_taken_at_once(account, ala) -> None:
    from activities.services import add_parameter

    add_parameter(ActivityType.objects.get(key="login"), key="device", name="Device", type="text")
    assert stored(account, {"device": "phone"}, "login") == {"device": "phone"}


# --- visits ----------------------------------------------------------------------------------------------------
def test_a_visit_keeps_what_was_given_and_its_channel(account, ala) -> None:
    landing = "https://sklep.pl/?utm_source=fb&utm_medium=cpc&utm_campaign=wios%C5%82a&gclid=x"
    record_visits(
        [{"contact": {"id": ala.pk}, "at": AT, "landing_url": landing, "referrer": "https://l.facebook.com/"}],
        account=account,
        now=NOW,
    )
    made = Visit.objects.get()
    assert (made.channel, made.utm_source, made.utm_medium, made.utm_campaign) == ("ad", "fb", "cpc", "wiosła")
    assert (made.landing_url, made.referrer) == (landing, "https://l.facebook.com/")


def test_utm_values_that_are_given_count_instead_of_the_addresss(account, ala) -> None:
    given = {"utm_source": "Biuletyn", "utm_medium": "email", "utm_term": "", "utm_content": None}
    landing = "https://sklep.pl/?utm_source=x&utm_term=y&utm_content=z"
    record_visits([{"contact": {"id": ala.pk}, "at": AT, "landing_url": landing, **given}], account=account, now=NOW)
    made = Visit.objects.get()
    assert (made.channel, made.utm_source, made.utm_term, made.utm_content) == ("email", "Biuletyn", "y", "z")


def test_what_a_broken_address_hides_does_not_break_the_writing(account, ala) -> None:
    landing = "https://sklep.pl/?utm_source=a%00b%ED%A0%80&utm_medium=" + "m" * 600
    record_visits([{"contact": {"id": ala.pk}, "at": AT, "landing_url": landing}], account=account, now=NOW)
    made = Visit.objects.get()
    assert made.utm_source.startswith("a b")
    assert made.utm_medium == "m" * 500


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("landing_url", "h" * 4001, "too_long"),
        ("referrer", "https://a.pl/\0", "control_signs"),
        ("utm_source", "x" * 501, "too_long"),
        ("utm_source", ["x"], "not_text"),
        ("channel", "ad", "unknown"),
        ("utm_id", "7", "unknown"),
    ],
)
def test_visits_that_are_refused(account, ala, field: str, value: Any, code: str) -> None:
    item = {"contact": {"id": ala.pk}, "at": AT, field: value}
    assert refused(account, item, record=record_visits) == [(0, field, code)]
