"""Statistics of a tag, a category, a segment, everybody: each number against plain Python over the rows (IC9)."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from activities.models import Activity, Order, Visit
from contacts.models import Contact, ContactConsent
from insights.errors import NotKeptError
from insights.statistics import scopes, taking
from insights.statistics.taking import Statistics
from tags.models import ContactCategory, ContactTag
from tests import factories
from tests.support.segments import calculated

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = [ZoneInfo(name) for name in ("Europe/Warsaw", "America/St_Johns", "Africa/Cairo", "Pacific/Kiritimati")]
OPTIONS = ["basic", "pro", "żółty"]


@pytest.fixture
def people() -> list[Contact]:
    """Sixty with every type of attribute; half have the tag VIP, some are in categories; facts around edges."""
    draw = Random(7)
    for key, kind in (("city", "text"), ("size", "number"), ("lenses", "boolean"), ("born", "date")):
        factories.attribute(key, kind)
    factories.attribute("seen", "datetime")
    factories.attribute("plan", "choice", options=OPTIONS)
    factories.attribute("likes", "choices", options=OPTIONS)
    made = [_person(draw, place) for place in range(60)]
    made.append(factories.contact(now=NOW, email=None, phone="+48123456789"))
    factories.tag("VIP", *made[::2], at=NOW - timedelta(days=40))
    factories.category("media", *made[:10], at=NOW - timedelta(days=400))
    factories.category("media/press", *made[5:25], at=NOW - timedelta(days=10))
    consents = [factories.consent("newsletter"), factories.consent("sms", channel="sms")]
    for person in made[:40]:
        factories.answer(person, draw.choice(consents), draw.choice(["given", "withdrawn"]))
    return made


def _person(draw: Random, place: int) -> Contact:
    values: dict[str, Any] = {
        "city": draw.choice(["Warszawa", "warszawa", "Łódź", "Kraków", *(f"Wieś {n}" for n in range(12))]),
        "size": draw.choice([0, -3, 0.1, 12.5, 40, 41, 1000, draw.randint(0, 50)]),
        "lenses": draw.random() < 0.5,
        "born": draw.choice(["1950-01-01", "1999-12-31", f"19{draw.randint(60, 99)}-0{draw.randint(1, 9)}-15"]),
        "seen": f"2026-{draw.randint(1, 11):02}-{draw.choice([1, 28])}T23:30:00+00:00".replace("-1T", "-01T"),
        "plan": draw.choice(OPTIONS),
        "likes": sorted(draw.sample(OPTIONS, draw.randint(1, 3))),
    }
    for key in list(values):
        if draw.random() < 0.25:
            del values[key]
    person = factories.contact(
        now=NOW - timedelta(days=draw.choice([0, 20, 29, 31, 90, 180, 365, 400, 800, 1200])),
        attributes=values,
        lead_score=draw.choice([0, 0, 5, 20, -4, 77]),
        status=draw.choice(["subscribed", "pending", "bounced"]),
        source=draw.choice(["", "targi", "Targi", "sklep"]),
    )
    for _ in range(draw.randint(0, 6)):
        factories.activity(person, draw.choice(["page_view", "login"]), at=edge(draw))
        factories.visit(person, at=edge(draw), channel=draw.choice(["utm", "direct"]))
    for _ in range(draw.randint(0, 3)):
        status = draw.choice(["paid", "paid", "new", "cancelled", "refunded"])
        total = draw.choice(["10.01", "0.0001", "99999999999.9999", "250"])
        factories.order(person, at=edge(draw), total=total, status=status, currency=draw.choice(["PLN", "EUR"]))
    return person


def edge(draw: Random) -> datetime:
    """Around midnights, ends of weeks and months, and the night in which the clock is put back."""
    days = draw.choice([0, 1, 5, 6, 7, 13, 20, 27, 28, 50, 83, 84, 300, 360, 370, 700, -1, -8])
    at = datetime(2026, 11, 21, 23, 0, tzinfo=UTC) - timedelta(days=days)
    return at + timedelta(hours=draw.choice([-2, -1, 0, 1, 2]), microseconds=draw.choice([-1, 0, 1]))


def take(scope: Any = None, *, zone: ZoneInfo = WARSAW, mask: BitMap | None = None, weeks: int = 12) -> Statistics:
    return taking.taken(scope or scopes.everybody(), now=NOW, zone=zone, mask=mask, weeks=weeks)


def vip() -> Any:
    from tags.models import Tag

    return scopes.of_tag(Tag.objects.get(name="VIP"))


def members(of: Statistics) -> set[int]:
    return set(of.sets.group)


# --- whose -----------------------------------------------------------------------------------------------------
def test_a_tag_is_whoever_has_it_and_a_category_whoever_is_in_it_or_below(people: list[Contact]) -> None:
    from tags.models import Category

    media = Category.objects.get(slug_path="media")
    having = set(ContactTag.objects.filter(tag__name="VIP").values_list("contact", flat=True))
    below = set(ContactCategory.objects.filter(category__path__startswith=media.path).values_list("contact", flat=True))
    here = set(ContactCategory.objects.filter(category=media).values_list("contact", flat=True))
    assert members(take(vip())) == having
    assert members(take(scopes.of_category(media))) == below
    assert members(take(scopes.of_category(media, only=True))) == here != below
    assert members(take()) == {person.pk for person in people}


def test_a_segment_is_the_members_of_the_calculation_that_are_contacts_still(people: list[Contact]) -> None:
    segment = calculated(criteria={"kind": "field", "field": "lead_score", "op": "gte", "value": 5})
    counted = set(segment.latest.member_ids)
    gone = Contact.objects.filter(pk=min(counted))
    ContactConsent.objects.filter(contact__in=gone).delete()
    gone.delete()
    of = take(scopes.of_calculation(segment, segment.latest))
    assert members(of) == counted - {min(counted)}
    assert of.growth.points == ((segment.latest.as_of, len(counted)),)


# --- who they are ----------------------------------------------------------------------------------------------
def values_of(key: str, person: Contact) -> Any:
    match key:
        case "status" | "lead_score":
            return getattr(person, key)
        case "source":
            return person.source.casefold() or None
    value = person.attributes.get(key)
    return value.casefold() if key == "city" and value else value


def test_values_are_counted_as_the_contacts_have_them(people: list[Contact]) -> None:
    of = take(vip())
    group = members(of)
    keys = {f"a{one.pk}": one.key for one in Attribute()}
    for dimension, breakdown in of.breakdowns:
        key = keys.get(dimension.key, dimension.key)
        if breakdown.steps or key in ("age", "likes"):
            continue
        base, own = (
            Counter(values_of(key, person) for person in people if person.pk in ids)
            for ids in ({person.pk for person in people}, group)
        )
        for part in breakdown.parts:
            if part.name == "other":
                shown = {one.name.removeprefix("v.").casefold() for one in breakdown.parts if one.name[:2] == "v."}
                rest = [value for value in base if value is not None and value not in shown]
                assert (part.group, part.base) == (sum(own[v] for v in rest), sum(base[v] for v in rest)), key
                continue
            value: Any = None if part.name == "none" else part.name.removeprefix("v.")
            value = {"yes": True, "no": False}.get(value, value) if key == "lenses" else value
            value = value.casefold() if key in ("city", "source") and value else value
            assert (part.group, part.base) == (own[value], base[value]), (key, part)
        assert sum(part.group for part in breakdown.parts) == len(group)
        assert sum(part.base for part in breakdown.parts) == len(people)


def Attribute() -> Any:  # noqa: N802 - rows of that model
    from contacts.models import Attribute as Model

    return Model.objects.all()


def test_of_several_of_a_list_each_counts(people: list[Contact]) -> None:
    of = take(vip())
    ((dimension, breakdown),) = [one for one in of.breakdowns if one[0].name == "Likes"]
    assert breakdown.several
    for part in breakdown.parts:
        option = part.name.removeprefix("v.")
        having = {
            person.pk
            for person in people
            if (
                option in person.attributes.get("likes", [])
                if part.name != "none"
                else "likes" not in person.attributes
            )
        }
        assert (part.group, part.base) == (len(having & members(of)), len(having)), option
    assert {part.name for part in breakdown.parts} == {*(f"v.{option}" for option in OPTIONS), "none"}
    assert dimension.label("none")


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_steps_of_numbers_and_days_hold_everybody_once(people: list[Contact], zone: ZoneInfo) -> None:
    of = take(vip(), zone=zone)
    names = {dimension.name for dimension, breakdown in of.breakdowns if breakdown.steps}
    assert names == {"Lead score", "Size", "Born", "Seen"}
    for _dimension, breakdown in of.breakdowns:
        if breakdown.steps or breakdown.key == "age":
            assert sum(part.base for part in breakdown.parts) == len(people)
            assert sum(part.group for part in breakdown.parts) == of.group


# --- what they did and bought ----------------------------------------------------------------------------------
@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("weeks", [12, 52])
def test_weeks_are_those_of_the_account(people: list[Contact], zone: ZoneInfo, weeks: int) -> None:
    of = take(vip(), zone=zone, weeks=weeks)
    assert of.weeks.all[-1].first <= NOW.astimezone(zone).date() <= of.weeks.all[-1].last
    rows = Activity.objects.values_list("contact", "type__key", "at")
    compare(of, of.activities, [(contact, key, at) for contact, key, at in rows], zone)
    rows = Visit.objects.values_list("contact", "channel", "at")
    compare(of, of.visits, [(contact, key, at) for contact, key, at in rows], zone)


def compare(of: Statistics, found: Any, rows: list[tuple[int, str, datetime]], zone: ZoneInfo) -> None:
    weeks = of.weeks.all
    for one in found:
        base, own = [0] * len(weeks), [0] * len(weeks)
        who = set()
        for contact, key, at in rows:
            day = at.astimezone(zone).date()
            for place, week in enumerate(weeks):
                if key == one.key and week.first <= day <= week.last:
                    base[place] += 1
                    own[place] += contact in members(of)
                    who.add(contact)
        assert (one.base, one.group) == (tuple(base), tuple(own)), one.key
        assert (one.base_contacts, one.group_contacts) == (len(who), len(who & members(of))), one.key
    there = {key for _contact, key, at in rows if weeks[0].first <= at.astimezone(zone).date() <= weeks[-1].last}
    assert {one.key for one in found} == there


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_orders_that_count_are_summed_exactly_by_month(people: list[Contact], zone: ZoneInfo) -> None:
    of = take(vip(), zone=zone)
    counted = [order for order in Order.objects.all() if order.status not in ("cancelled", "refunded")]
    assert {order.currency for order in counted} == {"PLN", "EUR"}  # totals are in the account's, whatever was paid
    sums: dict[Any, list[Any]] = {"ever": [0, Decimal(), 0, Decimal()]}
    buyers: dict[str, set[int]] = {"ever": set(), "lately": set()}
    first, last = of.months.whole
    for order in counted:
        day = order.at.astimezone(zone).date()
        lately = first <= day <= last
        for name in ["ever", *([(day.year, day.month)] if lately else [])]:
            each = sums.setdefault(name, [0, Decimal(), 0, Decimal()])
            each[2] += 1
            each[3] += order.total
            if order.contact_id in members(of):
                each[0] += 1
                each[1] += order.total
        for name in ["ever", *(["lately"] if lately else [])]:
            buyers[name].add(order.contact_id)
    sales = of.sales
    assert [sales.ever.orders, sales.ever.revenue, sales.ever.base_orders, sales.ever.base_revenue] == sums["ever"]
    for month, sold in zip(of.months.all, sales.months, strict=True):
        wanted = sums.get((month.first.year, month.first.month), [0, 0, 0, 0])
        assert [sold.orders, sold.revenue, sold.base_orders, sold.base_revenue] == wanted, month
    assert (sales.base_buyers, sales.base_lately) == (len(buyers["ever"]), len(buyers["lately"]))
    own = members(of)
    assert (sales.buyers, sales.lately) == (len(buyers["ever"] & own), len(buyers["lately"] & own))


def test_consents_are_what_was_last_answered(people: list[Contact]) -> None:
    of = take(vip())
    for one in of.consents:
        states = dict(ContactConsent.objects.filter(consent=one.consent).values_list("contact", "state"))
        for state in ("given", "withdrawn", "unknown"):
            having = {person.pk for person in people if states.get(person.pk, "unknown") == state}
            assert getattr(one, state) == (len(having & members(of)), len(having))


# --- size over time --------------------------------------------------------------------------------------------
def test_of_a_tag_it_is_told_since_when_those_have_it_who_have_it(people: list[Contact]) -> None:
    tag = factories.tag("VIP", *people[1:9:2], at=NOW - timedelta(days=3))
    points = dict(take(scopes.of_tag(tag)).growth.points)
    today = NOW.astimezone(WARSAW).date()
    assert points[today] == 35
    assert points[today - timedelta(days=4)] == 31
    assert min(points) == today - timedelta(days=40)


def test_in_several_categories_somebody_counts_since_the_first(people: list[Contact]) -> None:
    from tags.models import Category

    of = take(scopes.of_category(Category.objects.get(slug_path="media")))
    counts = [count for _day, count in of.growth.points]
    assert counts[:2] == [0, 10]
    assert counts[-3:] == [10, 25, 25]
    assert of.group == 25


def test_of_everybody_it_is_told_when_they_came(people: list[Contact]) -> None:
    of = take()
    assert of.growth.points[-1] == (NOW.astimezone(WARSAW).date(), len(people))
    assert of.growth.says == "joined"


# --- sight -----------------------------------------------------------------------------------------------------
def test_whoever_sees_some_contacts_only_has_statistics_of_them_alone(people: list[Contact]) -> None:
    mask = BitMap(person.pk for person in people[::3])
    of = take(vip(), mask=mask)
    assert members(of) == {person.pk for person in people[::6]}
    assert of.sets.base == mask
    Contact.objects.exclude(pk__in=mask).update(lead_score=999, source="outside", status="unsubscribed")
    others = set(Contact.objects.exclude(pk__in=mask).values_list("pk", flat=True))
    ContactConsent.objects.filter(contact__in=others).update(state="given")
    before = [of.breakdowns, of.activities, of.visits, of.sales, of.growth, of.consents]
    Activity.objects.filter(contact__in=others).delete()
    Order.objects.filter(contact__in=others).delete()
    now = take(vip(), mask=mask)
    assert [now.breakdowns, now.activities, now.visits, now.sales, now.growth, now.consents] == before


def test_a_segments_past_sizes_are_cut_to_what_is_seen(people: list[Contact]) -> None:
    segment = calculated(criteria={"kind": "field", "field": "lead_score", "op": "gte", "value": 0})
    mask = BitMap(person.pk for person in people[:7])
    of = take(scopes.of_calculation(segment, segment.latest), mask=mask)
    ((_at, count),) = of.growth.points
    assert count == len(segment.latest.member_ids & mask) < segment.latest.count


# --- nothing there ---------------------------------------------------------------------------------------------
def test_of_nobody_and_of_nothing_there_are_statistics_too() -> None:
    empty = take()
    assert (empty.group, empty.base, empty.growth.points) == (0, 0, ())
    factories.attribute("city")
    factories.contact()
    of = take(scopes.of_tag(factories.tag("NOBODY")))
    assert (of.group, of.base, of.sales.base_buyers, of.activities) == (0, 1, 0, [])


# --- kept ------------------------------------------------------------------------------------------------------
@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made anew."""
    made: list[str] = []
    kept = taking.Taking.kept

    def noted(self: Any, what: str, kinds: Any, about: Any, make: Callable[[], Any]) -> Any:
        def making() -> Any:
            made.append(what)
            return make()

        return kept(self, what, kinds, about, making)

    monkeypatch.setattr(taking.Taking, "kept", noted)
    return made


def test_nothing_is_scanned_twice_until_something_changes(committed: None, account: Any, scans: list[str]) -> None:
    people = [factories.contact(now=NOW) for _ in range(3)]
    tag = factories.tag("VIP", people[0], at=NOW)
    factories.activity(people[0], at=NOW)
    cache.clear()
    first = take(scopes.of_tag(tag))
    assert {"breakdown", "activities", "visits", "sales", "growth"} <= set(scans)
    scans.clear()
    again = taking.taken(scopes.of_tag(tag), now=NOW, zone=WARSAW, mask=None, weeks=12, only_kept=True)
    assert not scans
    assert (again.breakdowns, again.activities, again.sales) == (first.breakdowns, first.activities, first.sales)
    factories.activity(people[0], at=NOW)
    assert take(scopes.of_tag(tag)).activities[0].total == 2
    assert scans == ["activities"]
    scans.clear()
    factories.tag("VIP", people[1], at=NOW)
    assert take(scopes.of_tag(tag)).group == 2
    assert {"breakdown", "activities", "visits", "sales", "growth"} <= set(scans)
    with pytest.raises(NotKeptError):
        taking.taken(scopes.everybody(), now=NOW, zone=WARSAW, mask=None, weeks=12, only_kept=True)


def test_what_is_kept_of_one_sight_is_not_shown_to_another(committed: None, account: Any) -> None:
    people = [factories.contact(now=NOW, lead_score=score) for score in (1, 2, 3)]
    tag = factories.tag("VIP", *people, at=NOW)
    cache.clear()
    wide = take(scopes.of_tag(tag))
    narrow = take(scopes.of_tag(tag), mask=BitMap([people[0].pk]))
    assert (wide.group, narrow.group, narrow.base) == (3, 1, 1)
    assert (
        sum(part.base for _one, breakdown in narrow.breakdowns for part in breakdown.parts if breakdown.key == "status")
        == 1
    )


# --- further attributes ---------------------------------------------------------------------------------------
def test_further_attributes_are_told_when_asked_for() -> None:
    for place in range(taking.AT_ONCE + 2):
        factories.attribute(f"key_{place}", position=place)
    factories.contact(attributes={f"key_{taking.AT_ONCE}": "x"})
    of = take()
    assert [one.name for one in of.more] == ["Key 12", "Key 13"]
    sets, found = taking.beyond(scopes.everybody(), now=NOW, zone=WARSAW, mask=None)
    assert len(sets.base) == 1
    assert [[part.base for part in breakdown.parts] for _one, breakdown in found] == [[1, 0], [1]]
