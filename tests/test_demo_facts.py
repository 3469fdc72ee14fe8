"""What the demo's customers do: believable shapes, nothing before they came or after now. Drawn once, and only read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from activities.models import Activity, ActivityType, Channel, Order, OrderLine, OrderStatus, Product, Visit
from activities.sources import source_of
from contacts.models import ConsentState, Contact, ContactConsent
from demo.catalogue import GROUPS
from insights.engagement.figures import Asked, taken
from insights.engagement.moments import END, GONE, JOINED, NEW, PARTS, START, STATES, UNSUBSCRIBED
from tests.support.seeding import FACTS, NOW, drawn, kept, one, rows


@pytest.fixture(scope="module", autouse=True)
def shop(baseline: Any, django_db_blocker: Any) -> Iterator[None]:
    with kept(baseline, django_db_blocker):
        drawn(3000, activities=60_000)
        yield


@pytest.mark.parametrize("table", FACTS[:3])
def test_nobody_does_anything_before_they_came_or_after_now(table: str) -> None:
    outside = "contacts_contact c ON c.id = f.contact_id WHERE f.at < c.created_at OR f.at > %s"
    assert one(f"SELECT count(*) FROM {table} f JOIN {outside}", NOW) == 0


@pytest.mark.parametrize("table", FACTS[:3])
def test_a_few_do_most_and_some_nothing(table: str) -> None:
    counts = sorted((count for (count,) in rows(f"SELECT count(*) FROM {table} GROUP BY contact_id")), reverse=True)
    assert sum(counts[:300]) > 0.35 * sum(counts)  # a tenth of the contacts
    assert counts[0] > 8 * counts[len(counts) // 2]
    assert len(counts) < 0.93 * 3000


def test_it_grows_and_has_seasons_weekdays_and_hours() -> None:
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
    for table in (Visit, Order):
        found = list(table.objects.order_by("pk")[:1500])
        assert {each.channel for each in found} == set(Channel.values)
        for each in found:
            source = source_of(each.landing_url, each.referrer)
            assert each.channel == source.channel, each.landing_url
            for name in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"):
                assert getattr(each, name) == getattr(source, name)


def test_every_visit_begins_with_the_page_it_landed_on() -> None:
    for visit in Visit.objects.order_by("pk")[:200]:
        begun = Activity.objects.filter(contact=visit.contact_id, at=visit.at, type__key="page_view")
        assert visit.landing_url.partition("?")[0] in {each.params["url"] for each in begun}


def test_what_is_ordered_was_viewed_and_put_into_the_cart_before() -> None:
    for order in Order.objects.order_by("pk")[:100]:
        line = order.lines.get(position=1)
        for kind in ("product_view", "add_to_cart"):
            assert Activity.objects.filter(
                contact=order.contact_id, type__key=kind, params__product=line.product, at__lte=order.at
            ).exists()


def test_a_cart_is_of_something_viewed_before() -> None:
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


def test_statuses_have_a_history_that_ends_in_what_they_are_and_agrees_with_what_was_done() -> None:
    changes = rows("""
        SELECT contact_id, h.at, detail #>> '{fields,status,0}', detail #>> '{fields,status,1}' = c.status, c.created_at
        FROM contacts_historyentry h JOIN contacts_contact c ON c.id = contact_id
        WHERE kind = 'changed' AND (detail -> 'fields') ? 'status'""")
    assert len({contact for contact, *_ in changes}) == len(changes)
    assert all(created <= at <= NOW and to_present for _, at, _, to_present, created in changes)
    left = {contact: at for contact, at, before, *_ in changes if before == "subscribed"}
    assert set(left) == set(Contact.objects.filter(status__in=("unsubscribed", "bounced")).values_list("pk", flat=True))
    done = Activity.objects.filter(type__key="email_unsubscribe").values_list("contact_id", "at")
    assert all(left[contact] == at for contact, at in done)
    confirmed = {contact: at for contact, at, before, *_ in changes if before == "pending"}
    assert len(confirmed) > 300
    sent = Activity.objects.filter(type__key="email_sent", contact__in=list(confirmed)).values_list("contact_id", "at")
    assert len(sent) > 300
    assert all(at > confirmed[contact] for contact, at in sent)


def test_engagement_changes_for_every_reason_but_erasures() -> None:
    figures = taken(Asked(60), now=NOW, zone=ZoneInfo("Europe/Warsaw"), mask=None)
    counts = {part: sum(figures.change[state][part].count for state in STATES) for part in PARTS}
    assert {part for part, count in counts.items() if not count} == {GONE}
    came, went = (START, NEW, JOINED), (UNSUBSCRIBED, GONE)
    assert sum(counts[part] for part in came) - sum(counts[part] for part in went) == counts[END]


def test_parameters_are_the_declared_ones() -> None:
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
    extra = rows("""
        SELECT o.total - sum(l.amount), count(*), count(DISTINCT l.product), bool_and(l.amount = l.quantity * l.price)
        FROM activities_order o JOIN activities_orderline l ON l.order_id = o.id GROUP BY o.id""")
    assert len(extra) == 3000
    assert {str(delivery) for delivery, *_ in extra} == {"0.0000", "11.9900", "14.9900", "16.9900"}
    assert all(lines == different and exact for _, lines, different, exact in extra)
    assert {lines for _, lines, _, _ in extra} == {1, 2, 3, 4}
    assert set(OrderLine.objects.values_list("category", flat=True)) == set(GROUPS)
    assert OrderLine.objects.filter(name__icontains="płyn do soczewek").exists()
    assert set(OrderLine.objects.values_list("product", flat=True)) <= set(
        Product.objects.values_list("key", flat=True)
    )


def test_orders_are_mostly_completed_and_new_ones_are_young() -> None:
    by_status = dict(rows("SELECT status, count(*) FROM activities_order GROUP BY 1"))
    assert set(by_status) == set(OrderStatus.values)
    assert by_status["completed"] > 0.8 * 3000
    assert 0.02 < by_status["refunded"] / 3000 < 0.07
    assert not Order.objects.filter(status="new", at__lt=datetime(2026, 11, 13, tzinfo=UTC)).exists()
    assert set(Order.objects.values_list("currency", flat=True)) == {"PLN", "EUR"}


def test_some_never_bought_some_once_and_some_again_and_again() -> None:
    counts = [count for (count,) in rows("SELECT count(*) FROM activities_order GROUP BY contact_id")]
    assert 800 < len(counts) < 2000
    assert sum(count == 1 for count in counts) > 300
    assert sum(count >= 5 for count in counts) > 60


def test_the_bands_of_spending_are_all_there() -> None:
    """SD14."""
    bands = rows("""
        SELECT width_bucket(total, array[100, 500, 1000]), count(*) FROM
        (SELECT contact_id, sum(total) total FROM activities_order GROUP BY 1) spent GROUP BY 1""")
    assert {band for band, people in bands if people > 20} == {0, 1, 2, 3}
