"""The demo's data: fixed by seed and moment, believable, complete, and never on top of somebody's own."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Account
from actions.models import Action, ActionRun
from contacts.attributes import clean_attribute
from contacts.models import Attribute, AttributeType, Contact, ContactConsent, EntryKind, HistoryEntry
from demo.customers import CHUNK, Drawing
from demo.people import PROVINCES, TOWNS, WOMENS_SURNAMES, womans
from demo.seeding import empty
from exports.models import ExportFile
from jobs.models import JobState
from segmentation.models import Calculation, SavedCriteria, Segment, UploadedList
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import factories

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("committed")


def seeded(contacts: int = 1500, *, seed: int = 7, **options) -> str:
    said = StringIO()
    call_command("seed_demo", account="acme", contacts=contacts, seed=seed, now=NOW.isoformat(), stdout=said, **options)
    return said.getvalue()


def fingerprint() -> str:
    """Of every row that the seed wrote of contacts and labels, but for the transaction that wrote it."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for table in ("contacts_contact", "tags_contacttag", "tags_contactcategory", "contacts_contactconsent"):
            rows = f"SELECT (to_jsonb(t) - 'written')::text AS row FROM {table} t"
            cursor.execute(f"SELECT string_agg(row, '|' ORDER BY row) FROM ({rows}) written")
            digest.update((cursor.fetchone()[0] or "").encode())
    return digest.hexdigest()


def test_the_shop_is_there_with_everything_a_page_shows() -> None:
    said = seeded()
    assert Contact.objects.count() == 1500
    assert "1,500 contacts are in acme" in said
    assert {each.type for each in Attribute.objects.all()} == set(AttributeType.values)
    assert Category.objects.filter(slug_path="klient/media").exists()
    assert {"VIP", "REKLAMACJA", "KROTKOWZROCZNOSC", "SOCZEWKI PROGRESYWNE"} <= set(
        Tag.objects.values_list("name", flat=True)
    )
    assert 2 <= ContactTag.objects.count() / 1500 <= 3.5
    assert 1.2 <= ContactCategory.objects.count() / 1500 <= 1.5
    assert ContactConsent.objects.count() > 1500
    assert Contact.objects.filter(attributes__city="Warszawa").count() / 1500 == pytest.approx(0.12, abs=0.03)
    assert HistoryEntry.objects.filter(kind=EntryKind.CATEGORY_ADDED).exclude(by="").count() >= 1500
    assert not Tag.objects.filter(counted_at=None).exists()
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_every_category_of_a_contact_is_in_its_history() -> None:
    """IC3."""
    seeded(300)
    inside = Counter(ContactCategory.objects.values_list("contact_id", flat=True))
    added = Counter(HistoryEntry.objects.filter(kind=EntryKind.CATEGORY_ADDED).values_list("contact_id", flat=True))
    removed = Counter(HistoryEntry.objects.filter(kind=EntryKind.CATEGORY_REMOVED).values_list("contact_id", flat=True))
    assert inside == added - removed


def test_attributes_are_as_the_services_would_have_stored_them() -> None:
    seeded(500)
    attributes = {each.key: each for each in Attribute.objects.all()}
    for contact in Contact.objects.all():
        for key, value in contact.attributes.items():
            assert clean_attribute(attributes[key], value) == value, (key, value)


def test_the_same_seed_and_moment_give_the_same_data() -> None:
    empty(Account.objects.get(schema_name="acme"))  # ids begin at 1, wherever other tests have left the sequences
    seeded(400)
    first = fingerprint()
    seeded(400, reset=True, confirm="acme")
    assert fingerprint() == first
    seeded(400, reset=True, confirm="acme", seed=8)
    assert fingerprint() != first


def test_a_second_call_changes_nothing_and_says_so() -> None:
    seeded(200)
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


def test_segments_are_in_every_state_with_their_history() -> None:
    seeded()
    ready = [each for each in Segment.objects.select_related("latest") if each.ready_at(NOW)]
    assert len(ready) >= 4
    archived = Segment.objects.get(name="Zaproszenie na Dzień Wzroku")
    assert archived.latest
    assert not archived.ready_at(NOW)
    growing = Segment.objects.get(name="Nowi w ostatnich 30 dniach")
    history = list(growing.calculations.order_by("as_of"))
    assert len(history) == 9
    assert sum(each.joined_count or 0 for each in history[1:]) > 0
    assert sum(each.left_count or 0 for each in history[1:]) > 0
    for before, after in pairwise(history):
        assert after.member_ids == (before.member_ids - after.left_ids) | after.joined_ids
    assert not Segment.objects.exclude(refresh_every=None).exclude(next_refresh_at__gt=NOW).exists()
    assert SavedCriteria.objects.count() == 3
    assert Calculation.objects.exclude(state=JobState.DONE).count() == 1  # the one in creation


def test_nobody_is_in_a_calculation_made_before_they_came() -> None:
    seeded()
    first = Segment.objects.get(name="Szkła progresywne, ciepłe kontakty").calculations.earliest("as_of")
    newest = Contact.objects.filter(pk__in=list(first.member_ids)).latest("created_at")
    assert first.as_of
    assert newest.created_at <= first.as_of


def test_the_file_was_read_with_its_report() -> None:
    """IP15."""
    seeded()
    report = UploadedList.objects.get().report
    assert (report["not_found"], report["duplicate"], report["invalid"]) == (2, 3, 2)
    assert Calculation.objects.get(segment__name="Targi w Poznaniu (CSV)").count == report["matched"]


def test_actions_are_done_recurring_and_planned() -> None:
    seeded()
    assert ActionRun.objects.filter(state=JobState.DONE).count() == 3
    assert Action.objects.filter(every_refresh=True).count() == 1
    planned = Segment.objects.get(name="VIP z dużych miast")
    assert planned.actions.count() == 1
    file = ExportFile.objects.get()
    assert file.rows == file.calculation.count


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
