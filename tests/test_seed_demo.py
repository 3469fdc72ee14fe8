"""Seeding the demo: fixed by seed and moment, as much as was asked for, never on top of somebody's own data."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from activities.models import Activity, ActivityType, Order, OrderLine, Product, Visit
from contacts.models import Contact
from demo.catalogue import PRODUCTS
from demo.customers import CHUNK, Drawing
from demo.loading import bare
from demo.people import PROVINCES, TOWNS, WOMENS_SURNAMES, womans
from demo.seeding import empty, held
from mirror.models import File
from tests import factories
from tests.support.seeding import FACTS, NOW, drawn, one, rows, seeded

pytestmark = pytest.mark.usefixtures("committed")


def fingerprint() -> str:
    """Of every row that the seed wrote of contacts, labels and facts, but for the transaction that wrote it."""
    digest = hashlib.sha256()
    labels = ("contacts_contact", "tags_contacttag", "tags_contactcategory", "contacts_contactconsent")
    for table in (*labels, *FACTS, "activities_product"):
        found = one(
            f"SELECT string_agg(j::text, '|' ORDER BY j::text) FROM (SELECT to_jsonb(t) - 'written' j FROM {table} t) x"
        )
        digest.update((found or "").encode())
    return digest.hexdigest()


def test_the_same_seed_and_moment_give_the_same_data() -> None:
    empty(Account.objects.get(schema_name="acme"))  # ids begin at 1, wherever other tests have left the sequences
    seeded(300)
    first = fingerprint()
    seeded(300, reset=True, confirm="acme")
    assert fingerprint() == first
    empty(Account.objects.get(schema_name="acme"))
    drawn(300, seed=8)
    assert fingerprint() != first


def test_a_second_call_changes_nothing_and_says_so() -> None:
    drawn(200)
    before = fingerprint()
    assert "200 contacts" in (said := seeded(300))
    assert "nothing is changed" in said
    assert fingerprint() == before


def test_an_account_with_data_of_its_own_is_left_alone() -> None:
    factories.tag("MINE")
    assert "nothing is changed" in seeded(100)
    assert not Contact.objects.exists()


def test_a_reset_asks_for_the_accounts_name(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.contact()
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError):
        seeded(100, reset=True)
    assert Contact.objects.count() == 1
    monkeypatch.setattr("builtins.input", lambda _question: "acme")
    seeded(100, reset=True)
    assert Contact.objects.count() == 100


@pytest.mark.parametrize(
    "options",
    [
        {"account": "nobody"},
        {"contacts": 0},
        {"contacts": -5},
        {"seed": -1},
        {"now": "yesterday"},
        {"now": "2026-99-99"},
    ],
)
def test_a_bad_option_is_one_sentence(options: dict) -> None:
    with pytest.raises(CommandError):
        call_command("seed_demo", **({"account": "acme", "contacts": 10} | options))


def test_a_woman_bears_the_womans_form_of_a_surname() -> None:
    assert [womans(name) for name in ("Kowalski", "Zawadzki", "Nowicki", "Nowak", "Zięba")] == [
        "Kowalska",
        "Zawadzka",
        "Nowicka",
        "Nowak",
        "Zięba",
    ]
    assert "Gżegżółka" in WOMENS_SURNAMES


def test_every_town_has_its_province() -> None:
    where = dict(zip(TOWNS.values, PROVINCES, strict=True))
    assert (where["Warszawa"], where["Zielona Góra"], where["Ełk"]) == (
        "mazowieckie",
        "lubuskie",
        "warmińsko-mazurskie",
    )
    assert len(set(PROVINCES)) == 16


def test_addresses_are_unique_and_can_reach_nobody(account) -> None:
    drawing = Drawing(seed=3, total=3 * CHUNK, now=NOW, zone=account.zone)
    emails = [each for first in range(0, 3 * CHUNK, CHUNK) for each in drawing.chunk(first).email if each]
    assert len(set(emails)) == len(emails)
    hosts = {email.rpartition("@")[2] for email in emails}
    assert all(host.endswith(".example") or host in ("example.com", "example.org", "example.net") for host in hosts)


def test_scores_have_a_heavy_tail_and_contacts_come_faster_each_year(account) -> None:
    drawn = Drawing(seed=3, total=CHUNK, now=NOW, zone=account.zone).chunk(0)
    scores = sorted(drawn.score)
    assert 0.2 < sum(score > 20 for score in scores) / CHUNK < 0.45
    assert scores[-1] > 30 * scores[CHUNK // 2]
    years = Counter(datetime.fromtimestamp(at, UTC).year for at in drawn.created.tolist())
    assert years[2025] > 1.5 * years[2022]
    assert drawn.created.max() <= NOW.timestamp()
    assert all(json.loads(each) is not None for each in drawn.attributes)


def test_there_are_exactly_as_many_as_were_asked_for() -> None:
    drawn(700, activities=9001, orders=801)
    assert (Activity.objects.count(), Order.objects.count()) == (9001, 801)
    assert Visit.objects.count() == round(9001 * 0.2)
    assert Product.objects.count() == len(PRODUCTS)
    assert set(ActivityType.objects.filter(activities__isnull=False).values_list("key", flat=True)) == set(
        ActivityType.objects.values_list("key", flat=True)
    )


@pytest.mark.parametrize(("activities", "orders"), [(0, 0), (0, 50), (1, 0), (60, 400), (40, 0)])
def test_odd_proportions_are_kept_to(activities: int, orders: int) -> None:
    drawn(120, activities=activities, orders=orders)
    assert (Activity.objects.count(), Order.objects.count()) == (activities, orders)
    assert OrderLine.objects.count() >= orders


@pytest.mark.parametrize("option", [{"activities": -1}, {"orders": -1}, {"activities": 10**12}, {"orders": 10**12}])
def test_numbers_that_cannot_be_are_refused(option: dict[str, int]) -> None:
    with pytest.raises(CommandError):
        call_command("seed_demo", **({"account": "acme", "contacts": 10} | option))


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """What spans several chunks is complete, and no id is given twice."""
    monkeypatch.setattr("demo.facts.CHUNK", 700)
    drawn(500)
    assert (Activity.objects.count(), Order.objects.count()) == (7500, 500)
    assert one("SELECT max(id) FROM activities_activity") == 7500
    early = "FROM activities_order o JOIN contacts_contact c ON c.id = o.contact_id WHERE o.at < c.created_at"
    assert one(f"SELECT count(*) {early}") == 0


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


def test_a_reset_takes_away_facts_files_and_own_activity_types() -> None:
    seeded(100)
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
