"""What the demo's customers do: believable shapes, nothing before they came or after now, fixed by seed and moment."""

import hashlib
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum

from accounts.models import Account
from activities.models import Activity, ActivityType, Channel, Order, OrderLine, OrderStatus, Product, Visit
from activities.sources import source_of
from contacts.models import ConsentState, Contact, ContactConsent
from demo.catalogue import GROUPS, PRODUCTS
from demo.loading import bare
from demo.seeding import empty, held, seed
from mirror.kinds import KINDS
from mirror.models import File
from mirror.reading import Reader
from segmentation.models import Segment

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FACTS = ("activities_activity", "activities_visit", "activities_order", "activities_orderline")
pytestmark = pytest.mark.usefixtures("committed")


def seeded(contacts: int = 1000, *, seed: int = 7, **options: Any) -> str:
    said = StringIO()
    call_command("seed_demo", account="acme", contacts=contacts, seed=seed, now=NOW.isoformat(), stdout=said, **options)
    return said.getvalue()


def drawn(contacts: int = 1000, *, activities: int | None = None) -> None:
    """Contacts and facts alone, without the stories."""
    account = Account.objects.get(schema_name="acme")
    wanted = contacts * 15 if activities is None else activities
    seed(account, contacts=contacts, activities=wanted, orders=contacts, seed=7, now=NOW, say=str)


def rows(sql: str, *values: Any) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def one(sql: str, *values: Any) -> Any:
    return rows(sql, *values)[0][0]


def fingerprint() -> str:
    """Of every row of facts, but for the transaction that wrote it."""
    digest = hashlib.sha256()
    for table in (*FACTS, "activities_product"):
        found = one(
            f"SELECT string_agg(j::text, '|' ORDER BY j::text) FROM (SELECT to_jsonb(t) - 'written' j FROM {table} t) x"
        )
        digest.update((found or "").encode())
    return digest.hexdigest()


def test_there_are_exactly_as_many_as_were_asked_for() -> None:
    seeded(700, activities=9001, orders=801)
    assert (Activity.objects.count(), Order.objects.count()) == (9001, 801)
    assert Visit.objects.count() == round(9001 * 0.2)
    assert Product.objects.count() == len(PRODUCTS)
    assert set(ActivityType.objects.filter(activities__isnull=False).values_list("key", flat=True)) == set(
        ActivityType.objects.values_list("key", flat=True)
    )


def test_unless_told_otherwise_they_are_in_proportion_to_the_contacts() -> None:
    seeded(300)
    assert (Activity.objects.count(), Order.objects.count()) == (4500, 300)


@pytest.mark.parametrize(("activities", "orders"), [(0, 0), (0, 50), (1, 0), (60, 400), (40, 0)])
def test_odd_proportions_are_kept_to(activities: int, orders: int) -> None:
    seeded(120, activities=activities, orders=orders)
    assert (Activity.objects.count(), Order.objects.count()) == (activities, orders)
    assert OrderLine.objects.count() >= orders


@pytest.mark.parametrize("option", [{"activities": -1}, {"orders": -1}, {"activities": 10**12}, {"orders": 10**12}])
def test_numbers_that_cannot_be_are_refused(option: dict[str, int]) -> None:
    with pytest.raises(CommandError):
        call_command("seed_demo", **({"account": "acme", "contacts": 10} | option))


def test_the_same_seed_and_moment_give_the_same_facts() -> None:
    empty(Account.objects.get(schema_name="acme"))  # ids begin at 1, wherever other tests have left the sequences
    seeded(300)
    first = fingerprint()
    seeded(300, reset=True, confirm="acme")
    assert fingerprint() == first
    seeded(300, reset=True, confirm="acme", seed=8)
    assert fingerprint() != first


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """What spans several chunks is complete, and no id is given twice."""
    monkeypatch.setattr("demo.facts.CHUNK", 700)
    drawn(500)
    assert (Activity.objects.count(), Order.objects.count()) == (7500, 500)
    assert one("SELECT max(id) FROM activities_activity") == 7500
    early = "FROM activities_order o JOIN contacts_contact c ON c.id = o.contact_id WHERE o.at < c.created_at"
    assert one(f"SELECT count(*) {early}") == 0


@pytest.mark.parametrize("table", FACTS[:3])
def test_nobody_does_anything_before_they_came_or_after_now(table: str) -> None:
    drawn()
    outside = "contacts_contact c ON c.id = f.contact_id WHERE f.at < c.created_at OR f.at > %s"
    assert one(f"SELECT count(*) FROM {table} f JOIN {outside}", NOW) == 0


@pytest.mark.parametrize("table", FACTS[:3])
def test_a_few_do_most_and_some_nothing(table: str) -> None:
    drawn(3000)
    counts = sorted((count for (count,) in rows(f"SELECT count(*) FROM {table} GROUP BY contact_id")), reverse=True)
    assert sum(counts[:300]) > 0.35 * sum(counts)  # a tenth of the contacts
    assert counts[0] > 8 * counts[len(counts) // 2]
    assert len(counts) < 0.93 * 3000


def test_it_grows_and_has_seasons_weekdays_and_hours() -> None:
    drawn(3000, activities=60_000)
    visits = dict(rows("SELECT extract(year FROM at)::int, count(*) FROM activities_visit GROUP BY 1"))
    assert visits[2025] > 1.3 * visits[2024] > 1.5 * visits[2023]
    whole = "WHERE at >= '2023-01-01' AND at < '2026-01-01'"
    by = "FROM at AT TIME ZONE 'Europe/Warsaw')::int, count(*) FROM activities_visit"
    months = dict(rows(f"SELECT extract(month {by} {whole} GROUP BY 1"))
    assert months[11] + months[12] > 1.5 * (months[7] + months[2])
    days = dict(rows(f"SELECT extract(isodow {by} GROUP BY 1"))
    assert days[7] > 1.15 * days[6]
    hours = dict(rows(f"SELECT extract(hour {by} GROUP BY 1"))
    assert hours[20] > 5 * hours.get(3, 0)


def test_the_rule_of_sources_gives_the_stored_channel() -> None:
    drawn()
    for table in (Visit, Order):
        found = list(table.objects.order_by("pk")[:1500])
        assert {each.channel for each in found} == set(Channel.values)
        for each in found:
            source = source_of(each.landing_url, each.referrer)
            assert each.channel == source.channel, each.landing_url
            for name in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"):
                assert getattr(each, name) == getattr(source, name)


def test_every_visit_begins_with_the_page_it_landed_on() -> None:
    drawn(300)
    for visit in Visit.objects.order_by("pk")[:200]:
        begun = Activity.objects.filter(contact=visit.contact_id, at=visit.at, type__key="page_view")
        assert visit.landing_url.partition("?")[0] in {each.params["url"] for each in begun}


def test_what_is_ordered_was_viewed_and_put_into_the_cart_before() -> None:
    drawn(300)
    for order in Order.objects.order_by("pk")[:100]:
        line = order.lines.get(position=1)
        for kind in ("product_view", "add_to_cart"):
            assert Activity.objects.filter(
                contact=order.contact_id, type__key=kind, params__product=line.product, at__lte=order.at
            ).exists()


def test_a_cart_is_of_something_viewed_before() -> None:
    drawn(300)
    unseen = """
        SELECT count(*) FROM activities_activity a
        JOIN activities_activitytype t ON t.id = a.type_id AND t.key = 'add_to_cart'
        WHERE NOT EXISTS (SELECT FROM activities_activity b JOIN activities_activitytype s ON s.id = b.type_id
            WHERE s.key = 'product_view' AND b.contact_id = a.contact_id AND b.at <= a.at
            AND b.params ->> 'product' = a.params ->> 'product')"""
    assert one("SELECT count(*) FROM activities_activity a JOIN activities_activitytype t ON t.id = a.type_id"
               " WHERE t.key = 'add_to_cart'") > 100  # fmt: skip
    assert one(unseen) == 0


def test_campaigns_are_sent_within_an_hour_to_those_who_agreed_and_opens_fade() -> None:
    drawn(2000)
    sent = rows("""
        SELECT params ->> 'campaign', count(*), max(at) - min(at), min(at) FROM activities_activity
        JOIN activities_activitytype t ON t.id = type_id AND t.key = 'email_sent' GROUP BY 1""")
    assert max(count for _, count, _, _ in sent) > 50
    assert all(spread.total_seconds() < 3600 for _, _, spread, _ in sent)
    agreed = ContactConsent.objects.filter(consent__key="email_marketing").values_list("contact_id", flat=True)
    written = Activity.objects.filter(type__key="email_sent").values_list("contact_id", flat=True).distinct()
    assert set(written) <= set(agreed)
    assert not Contact.objects.filter(pk__in=list(written), email=None).exists()
    delays = rows("""
        SELECT extract(epoch FROM a.at - s.at) / 3600 FROM activities_activity a
        JOIN activities_activitytype t ON t.id = a.type_id AND t.key = 'email_open'
        JOIN activities_activity s ON s.contact_id = a.contact_id AND s.params ->> 'campaign' = a.params ->> 'campaign'
        JOIN activities_activitytype u ON u.id = s.type_id AND u.key = 'email_sent'""")
    hours = [float(delay) for (delay,) in delays]
    assert min(hours) > 0
    assert (
        sum(hour < 6 for hour in hours)
        > 2 * sum(6 <= hour < 24 for hour in hours)
        > sum(hour >= 24 for hour in hours)
        > 0
    )
    opened = Activity.objects.filter(type__key="email_open").count()
    assert 0.08 < opened / Activity.objects.filter(type__key="email_sent").count() < 0.4
    assert 0.08 < Activity.objects.filter(type__key="email_click").count() / opened < 0.3


def test_nothing_is_sent_after_somebody_has_unsubscribed() -> None:
    drawn(2000)
    gone = dict(Activity.objects.filter(type__key="email_unsubscribe").values_list("contact_id", "at"))
    assert len(gone) > 10
    assert not [
        each
        for each in Activity.objects.filter(contact__in=list(gone), type__key__startswith="email_")
        if each.at > gone[each.contact_id]
    ]
    withdrawn = ContactConsent.objects.filter(
        contact__in=list(gone), consent__key="email_marketing", state=ConsentState.WITHDRAWN
    )
    assert len(withdrawn) > 5
    assert all(each.changed_at == gone[each.contact_id] for each in withdrawn)
    assert set(Contact.objects.filter(pk__in=list(gone)).values_list("status", flat=True)) == {"unsubscribed"}


def test_parameters_are_the_declared_ones() -> None:
    drawn(500)
    for kind in ActivityType.objects.prefetch_related("parameters"):
        declared = {each.key for each in kind.parameters.all()}
        met = {
            key
            for (key,) in rows(
                "SELECT DISTINCT jsonb_object_keys(params) FROM activities_activity WHERE type_id = %s", kind.pk
            )
        }
        assert met <= declared, kind.key
        assert met, kind.key


def test_an_order_is_its_lines_and_perhaps_delivery() -> None:
    drawn()
    extra = rows("""
        SELECT o.total - sum(l.amount), count(*), count(DISTINCT l.product), bool_and(l.amount = l.quantity * l.price)
        FROM activities_order o JOIN activities_orderline l ON l.order_id = o.id GROUP BY o.id""")
    assert len(extra) == 1000
    assert {str(delivery) for delivery, *_ in extra} == {"0.0000", "11.9900", "14.9900", "16.9900"}
    assert all(lines == different and exact for _, lines, different, exact in extra)
    assert {lines for _, lines, _, _ in extra} == {1, 2, 3, 4}
    assert set(OrderLine.objects.values_list("category", flat=True)) == set(GROUPS)
    assert OrderLine.objects.filter(name__icontains="płyn do soczewek").exists()
    assert set(OrderLine.objects.values_list("product", flat=True)) <= set(
        Product.objects.values_list("key", flat=True)
    )


def test_orders_are_mostly_completed_and_new_ones_are_young() -> None:
    drawn(3000)
    by_status = dict(rows("SELECT status, count(*) FROM activities_order GROUP BY 1"))
    assert set(by_status) == set(OrderStatus.values)
    assert by_status["completed"] > 0.8 * 3000
    assert 0.02 < by_status["refunded"] / 3000 < 0.07
    assert not Order.objects.filter(status="new", at__lt=datetime(2026, 11, 13, tzinfo=UTC)).exists()
    assert set(Order.objects.values_list("currency", flat=True)) == {"PLN", "EUR"}


def test_some_never_bought_some_once_and_some_again_and_again() -> None:
    drawn(3000)
    counts = [count for (count,) in rows("SELECT count(*) FROM activities_order GROUP BY contact_id")]
    assert 800 < len(counts) < 2000
    assert sum(count == 1 for count in counts) > 300
    assert sum(count >= 5 for count in counts) > 60


def test_the_tables_are_as_they_were_once_they_are_loaded() -> None:
    def shape() -> list[tuple]:
        return rows(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = current_schema()::regnamespace"
            " UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
            " ORDER BY 1, 2, 3"
        )

    before = shape()
    with connection.cursor() as cursor, bare(FACTS):
        assert len(shape()) < len(before) - 6
        cursor.execute("SELECT 1")
    assert shape() == before
    drawn(50)
    assert shape() == before
    assert Activity.objects.create(contact=Contact.objects.first(), type_id=1, at=NOW).pk == 751


def test_segments_of_behaviour_have_people_in_them_and_not_everybody() -> None:
    seeded(1200)
    names = [
        "Niezaangażowani od 90 dni",
        "Czempioni",
        "Otworzyli ostatnią kampanię",
        "Ray-Ban za ponad 300 zł w pół roku",
        "Wydali od 100 do 500 zł",
        "Zamawiali tylko z płatnych reklam",
        "Oprawki w ostatnim miesiącu, nigdy akcesoriów",
    ]
    for name in names:
        latest = Segment.objects.get(name=name).latest
        assert latest, name
        assert 0 < latest.count < 800, (name, latest.count)


def test_a_past_calculation_knows_nothing_of_what_came_later() -> None:
    seeded(1200)
    calculations = list(Segment.objects.get(name="Otworzyli ostatnią kampanię").calculations.order_by("as_of"))
    opened = Activity.objects.filter(type__key="email_open", params__campaign="newsletter-2026-11")
    assert len(calculations) > 10
    for each in calculations:
        assert set(each.member_ids) == set(opened.filter(at__lte=each.as_of).values_list("contact_id", flat=True))
    assert 0 < calculations[0].count < calculations[-1].count


def test_the_bands_of_spending_are_all_there() -> None:
    """SD14."""
    drawn(2000)
    bands = rows("""
        SELECT width_bucket(total, array[100, 500, 1000]), count(*) FROM
        (SELECT contact_id, sum(total) total FROM activities_order GROUP BY 1) spent GROUP BY 1""")
    assert {band for band, people in bands if people > 20} == {0, 1, 2, 3}


def test_after_the_seed_everything_is_in_the_mirrors_files() -> None:
    seeded(200)
    assert {kind: tail.rows for kind, tail in Reader().tails.items()} == dict.fromkeys(KINDS, 0)
    filed = dict(File.objects.values_list("kind").annotate(Sum("rows")))
    assert (filed["activity"], filed["order"], filed["contact"]) == (3000, 200, 200)


def test_a_reset_takes_away_facts_files_and_own_activity_types() -> None:
    seeded(200)
    names = list(File.objects.values_list("name", flat=True))
    assert all(default_storage.exists(name) for name in names)
    ActivityType.objects.create(key="own", name="Own")
    before = ActivityType.objects.count()
    empty(Account.objects.get(schema_name="acme"))
    assert not held()
    assert not any(default_storage.exists(name) for name in names)
    assert ActivityType.objects.count() == before - 1
    for table in (Activity, Visit, Order, OrderLine, Product, File):
        assert not table.objects.exists()


def test_products_of_ones_own_are_left_alone() -> None:
    Product.objects.create(key="MINE", updated_at=NOW)
    assert "1 products: nothing is changed" in seeded(50)
    assert not Contact.objects.exists()
