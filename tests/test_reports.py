"""Reports: each number of their parts against plain Python over the rows; what is compared, what is gone."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pyroaring import BitMap

from activities.models import Activity, Order, Visit
from contacts.models import Contact
from insights.errors import NotKeptError
from insights.statistics.comparing import Beside, two_shares, two_times
from reports.models import Report
from reports.parts import PARTS
from reports.tables import Section, Table
from reports.taking import Content, taken
from segmentation.models import SavedCriteria
from tests import factories
from tests.factories import NOW
from tests.support.segments import calculated

pytestmark = pytest.mark.django_db
WARSAW = ZoneInfo("Europe/Warsaw")
ENGAGING = {"email_open", "email_click", "sms_click", "product_view", "cart"}
COUNTED = {"new", "paid", "shipped", "completed"}


@pytest.fixture
def people() -> list[Contact]:
    """Forty over eight months, with facts around the ends of months; half have VIP, a third NEWS, some both."""
    draw = Random(11)
    factories.attribute("city")
    made = []
    for place in range(40):
        city = {"city": draw.choice(["Lublin", "lublin", *(f"Wieś {n}" for n in range(14))])} if place % 5 else {}
        came = NOW - timedelta(days=draw.choice([0, 1, 20, 40, 60, 90, 200]), hours=draw.randint(0, 23))
        made.append(factories.contact(now=came, attributes=city, lead_score=draw.randint(0, 40)))
        for _ in range(draw.randint(0, 4)):
            factories.activity(made[-1], draw.choice(["product_view", "page_view", "login"]), at=edge(draw))
            factories.visit(made[-1], at=edge(draw), channel=draw.choice(["ad", "email", "direct"]))
        for _ in range(draw.randint(0, 3)):
            status, total = draw.choice(["paid", "paid", "new", "cancelled", "refunded"]), draw.choice(["10.01", "250"])
            channel = draw.choice(["ad", "email"])
            factories.order(made[-1], at=edge(draw), status=status, total=total, channel=channel)
    factories.tag("VIP", *made[::2])
    factories.tag("NEWS", *made[::3])
    return made


def edge(draw: Random) -> datetime:
    days = draw.choice([0, 1, 6, 7, 20, 27, 28, 45, 50, 83, 84, 120, 200, -1])
    return NOW - timedelta(days=days, hours=draw.choice([0, 11, 12, 13, 14]))


def report(
    of: str, beside: str = "", *, parts: Any = None, dimensions: tuple[str, ...] = (), weeks: int = 12
) -> Report:
    chosen = [{"key": key, "name": key} for key in dimensions]
    made = list(parts or [key for key in PARTS if key != "attributes" or dimensions])
    return Report.objects.create(
        name="R", of=of, of_name="Of", beside=beside, beside_name="Beside", parts=made, dimensions=chosen, weeks=weeks,
        created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def content(made: Report, *, mask: BitMap | None = None, only_kept: bool = False) -> Content:
    return taken(made, now=NOW, zone=WARSAW, mask=mask, only_kept=only_kept)


def section(found: Content, key: str) -> Section:
    return next(one for one in found.sections if one.key == key)


def values(table: Table) -> dict[str, list[Any]]:
    """Each row's numbers, without those that compare."""
    return {row.label: [cell.value for cell in row.cells if not isinstance(cell.value, Beside)] for row in table.rows}


def token(name: str) -> str:
    from tags.models import Tag

    return f"tag.{Tag.objects.get(name=name).pk}"


def holders(name: str) -> set[int]:
    return set(Contact.objects.filter(tag_links__tag__name=name).values_list("pk", flat=True))


def local(at: datetime) -> date:
    return at.astimezone(WARSAW).date()


def months_back(count: int) -> list[tuple[int, int]]:
    today = local(NOW)
    return [divmod(today.year * 12 + today.month - 1 - n, 12) for n in range(count - 1, -1, -1)]


def month(at: datetime) -> tuple[int, int]:
    return local(at).year, local(at).month - 1


# --- numbers ---------------------------------------------------------------------------------------------------
def test_two_groups_are_told_beside_each_other_exactly(people: list[Contact]) -> None:
    found = content(report(token("VIP"), token("NEWS")))
    groups = [holders("VIP"), holders("NEWS")]
    assert [side.size for side in found.sides] == [len(group) for group in groups]
    monday = local(NOW) - timedelta(days=local(NOW).weekday(), weeks=11)
    within = range(84)
    (visits, *weekly) = section(found, "visits").tables
    rows = values(visits)
    for channel, label in (("ad", "Paid ad"), ("email", "E-mail"), ("direct", "Direct")):
        own = [v for v in Visit.objects.filter(channel=channel) if (local(v.at) - monday).days in within]
        expected = [[v.contact_id for v in own if v.contact_id in group] for group in groups]
        assert rows[label][0::4] == [len(each) for each in expected]
        assert rows[label][2::4] == [len(set(each)) for each in expected]
        assert rows[label][3::4] == [
            Fraction(len(set(each)), len(group)) for each, group in zip(expected, groups, strict=True)
        ]
    for table, group in zip(weekly, groups, strict=True):
        counted = sum(sum(row) for row in values(table).values())
        all_ = [v for v in Visit.objects.filter(contact__in=group) if (local(v.at) - monday).days in within]
        assert counted == len(all_)


def test_sources_of_orders_are_told_by_channel(people: list[Contact]) -> None:
    groups = [holders("VIP"), {person.pk for person in people}]
    for beside in ("base", "all"):
        rows = values(section(content(report(token("VIP"), beside)), "orders").tables[0])
        monday = local(NOW) - timedelta(days=local(NOW).weekday(), weeks=11)
        for channel, label in (("ad", "Paid ad"), ("email", "E-mail")):
            own = [
                order
                for order in Order.objects.filter(channel=channel, status__in=COUNTED)
                if 0 <= (local(order.at) - monday).days < 84
            ]
            expected: list[Any] = []
            for group in groups:
                orders = [order for order in own if order.contact_id in group]
                buyers = {order.contact_id for order in orders}
                expected += [len(orders), sum(order.total for order in orders), len(buyers)]
                expected.append(Fraction(len(buyers), len(group)))
            assert rows[label] == expected


@pytest.mark.parametrize("weeks", [12, 26])
def test_revenue_of_each_month_per_member_and_per_order(people: list[Contact], weeks: int) -> None:
    group = holders("VIP")
    table = section(content(report(token("VIP"), weeks=weeks)), "revenue").tables[-1]
    rows = [[cell.value for cell in row.cells] for row in table.rows[::-1]]
    for row, wanted in zip(rows, months_back(3 if weeks == 12 else 6), strict=True):
        totals = [o.total for o in Order.objects.filter(contact__in=group, status__in=COUNTED) if month(o.at) == wanted]
        total = sum(totals, Decimal(0))
        assert row[:3] == [len(totals), total, Fraction(total) / len(group)]
        assert row[3] == (Fraction(total) / len(totals) if totals else None)


@pytest.mark.parametrize("by", ["joined", "first"])
def test_cohorts_tell_who_is_active_in_each_later_month_and_their_revenue(people: list[Contact], by: str) -> None:
    found = content(report(token("VIP"), weeks=26))
    active, revenue = section(found, by).tables
    group, months = holders("VIP"), months_back(6)
    orders = [order for order in Order.objects.filter(contact__in=group) if order.status in COUNTED]
    came: dict[int, tuple[int, int]] = {}
    if by == "joined":
        came = {person.pk: month(person.created_at) for person in Contact.objects.filter(pk__in=group)}
    else:
        for order in sorted(orders, key=lambda one: one.at):
            came.setdefault(order.contact_id, month(order.at))
    did = {(a.contact_id, month(a.at)) for a in Activity.objects.select_related("type") if a.type.key in ENGAGING}
    did |= {(visit.contact_id, month(visit.at)) for visit in Visit.objects.all()}
    did |= {(order.contact_id, month(order.at)) for order in orders}
    assert any(row.cells[0].value for row in active.rows)
    for place, row in enumerate(active.rows):
        cohort = {pk for pk, when in came.items() if when == months[place]}
        later = months[place:]
        numbers: list[Any] = [cell.value for cell in row.cells]
        amounts: list[Any] = [cell.value for cell in revenue.rows[place].cells]
        assert numbers[0] == amounts[0] == len(cohort)
        if not cohort:
            assert set(numbers[1:]) == {None}
            continue
        assert numbers[1 : len(later) + 1] == [sum((pk, when) in did for pk in cohort) for when in later]
        assert amounts[1 : len(later) + 1] == [
            sum((o.total for o in orders if o.contact_id in cohort and month(o.at) == when), Decimal(0))
            for when in later
        ]


def test_values_of_a_text_are_those_frequent_in_either_group(people: list[Contact]) -> None:
    found = content(report(token("VIP"), token("NEWS"), parts=["attributes"], dimensions=(f"a{city()}",)))
    (table,) = section(found, "attributes").tables
    rows = values(table)
    groups = [holders("VIP"), holders("NEWS")]
    towns = {person.pk: str(person.attributes.get("city", "")).casefold() for person in people}
    for label, numbers in rows.items():
        if label in ("no value", "other values"):
            continue
        assert numbers[0::2] == [sum(towns[pk] == label.casefold() for pk in group) for group in groups]
    assert [sum(numbers[place] for numbers in rows.values()) for place in (0, 2)] == list(map(len, groups))
    assert "other values" in rows


def city() -> int:
    from contacts.models import Attribute

    return int(Attribute.objects.get(key="city").pk)


def test_engaged_and_unengaged_are_everybody(people: list[Contact]) -> None:
    rows = values(section(content(report("all", parts=["engagement"])), "engagement").tables[0])
    since = timedelta(days=90)
    did = {
        a.contact_id for a in Activity.objects.select_related("type") if a.type.key in ENGAGING and recent(a.at, since)
    }
    did |= {visit.contact_id for visit in Visit.objects.all() if recent(visit.at, since)}
    did |= {order.contact_id for order in Order.objects.filter(status__in=COUNTED) if recent(order.at, since)}
    assert [rows[label][0] for label in ("engaged", "unengaged")] == [len(did), len(people) - len(did)]


def recent(at: datetime, since: timedelta) -> bool:
    return local(at) > local(NOW) - since and at <= NOW


def test_whoever_sees_some_contacts_only_is_told_of_them_alone(people: list[Contact]) -> None:
    mask = BitMap(person.pk for person in people[:10])
    found = content(report(token("VIP"), "base"), mask=mask)
    assert [side.size for side in found.sides] == [5, 10]
    assert found.base == 10
    alone = content(report(token("VIP"), "base"))
    assert alone.base == 40


# --- what it is of ---------------------------------------------------------------------------------------------
def test_a_report_follows_the_calculations_of_its_segment_and_the_saved_criteria(people: list[Contact]) -> None:
    criteria = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
    segment = calculated(criteria=criteria)
    saved = SavedCriteria.objects.create(name="Warm", criteria=criteria, created_at=NOW, updated_at=NOW)
    made = report(f"segment.{segment.pk}", f"saved.{saved.pk}", parts=["consents", "size"])
    warm = sum(person.lead_score > 20 for person in people)
    assert [side.size for side in content(made).sides] == [warm, warm]
    Contact.objects.filter(pk=people[0].pk).update(lead_score=90 if people[0].lead_score <= 20 else 0)
    step = 1 if people[0].lead_score <= 20 else -1
    assert [side.size for side in content(made).sides] == [warm, warm + step]


def test_what_is_gone_is_told_and_the_rest_still_stands(people: list[Contact]) -> None:
    from contacts.models import Attribute

    made = report(token("VIP"), token("NEWS"), parts=["attributes", "revenue"], dimensions=("status", f"a{city()}"))
    lose("NEWS")
    Contact.objects.update(attributes={})
    Attribute.objects.filter(key="city").delete()
    found = content(made)
    assert [side.name for side in found.sides] == ["VIP"]
    assert len(found.gone) == 2
    assert "“Beside” is no longer there" in found.gone[0]
    assert len(section(found, "attributes").tables) == 1
    lose("VIP")
    found = content(made)
    assert (found.sides, found.sections) == ((), ())
    assert any("“Of” is no longer there" in sentence for sentence in found.gone)


def lose(name: str) -> None:
    from tags.models import ContactTag, Tag

    ContactTag.objects.filter(tag__name=name).delete()
    Tag.objects.filter(name=name).delete()


def test_criteria_that_name_something_deleted_are_counted_for_nobody(people: list[Contact]) -> None:
    criteria = {"kind": "tag", "op": "any", "tags": ["NEVER"]}
    saved = SavedCriteria.objects.create(name="Broken", criteria=criteria, created_at=NOW, updated_at=NOW)
    found = content(report(f"saved.{saved.pk}"))
    assert found.sides == ()
    assert "NEVER" in found.gone[0]


def test_of_a_segment_never_calculated_there_is_nothing_to_count(people: list[Contact]) -> None:
    found = content(report(f"segment.{factories.segment('Later').pk}"))
    assert found.sides == ()
    assert "has not been calculated yet" in found.gone[0]


# --- cost ------------------------------------------------------------------------------------------------------
def test_opened_again_it_scans_nothing_until_a_row_changes(committed: None, account: Any) -> None:
    cache.clear()
    made = [factories.contact(now=NOW - timedelta(days=3)) for _ in range(3)]
    factories.tag("VIP", *made[:2])
    factories.visit(made[0], at=NOW - timedelta(days=2))
    factories.order(made[1], at=NOW - timedelta(days=2))
    saved = report(token("VIP"), "base", dimensions=("status", "lead_score"))
    first = content(saved)
    again = content(saved, only_kept=True)
    assert [values(table) for part in again.sections for table in part.tables] == [
        values(table) for part in first.sections for table in part.tables
    ]
    factories.visit(made[2], at=NOW - timedelta(days=2))
    with pytest.raises(NotKeptError):
        content(saved, only_kept=True)


def test_the_number_of_queries_does_not_grow(people: list[Contact], client_for: Any, user: Any) -> None:
    client = client_for(user)
    made = report(token("VIP"), "base")
    made.owner = user
    made.save()

    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/reports/{made.pk}/?count=1").status_code == 200
        return len(captured)

    queries()
    before = queries()
    more = [factories.contact(now=timezone.now()) for _ in range(15)]
    factories.tag("VIP", *more)
    for person in more:
        factories.visit(person, at=timezone.now())
        factories.order(person, at=timezone.now())
    assert queries() <= before


# --- what differs ----------------------------------------------------------------------------------------------
def test_two_groups_differ_only_beyond_what_chance_makes() -> None:
    assert two_shares(50, 100, 52, 100).way == "even"
    assert two_shares(80, 100, 20, 100).way == "more"
    assert two_shares(0, 0, 20, 100).way == ""
    assert two_times((100, 100, 90), (300, 100, 90)).way == "less"
    assert two_times((9, 100, 9), (2, 100, 2)).way == "even"
    assert two_times((200, 100, 1), (100, 100, 100)).way == "even"  # one alone did it all
