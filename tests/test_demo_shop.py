"""The shop of the demo: believable, complete, with its stories. Made once; these tests only read it."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Sum

from actions.models import Action, ActionRun
from activities.models import Activity, Order
from contacts.attributes import clean_attribute
from contacts.models import Attribute, AttributeType, Contact, ContactConsent, EntryKind, HistoryEntry
from exports.models import ExportFile
from jobs.models import JobState
from mirror.kinds import KINDS
from mirror.models import File
from mirror.reading import Reader
from segmentation.models import Calculation, SavedCriteria, Segment, UploadedList
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests.support.seeding import NOW, kept, seeded

CONTACTS = 1500


@pytest.fixture(scope="module", autouse=True)
def said(baseline: Any, django_db_blocker: Any) -> Iterator[str]:
    with kept(baseline, django_db_blocker):
        yield seeded(CONTACTS)


def test_the_shop_is_there_with_everything_a_page_shows(said: str) -> None:
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
    inside = Counter(ContactCategory.objects.values_list("contact_id", flat=True))
    added = Counter(HistoryEntry.objects.filter(kind=EntryKind.CATEGORY_ADDED).values_list("contact_id", flat=True))
    removed = Counter(HistoryEntry.objects.filter(kind=EntryKind.CATEGORY_REMOVED).values_list("contact_id", flat=True))
    assert inside == added - removed


def test_attributes_are_as_the_services_would_have_stored_them() -> None:
    attributes = {each.key: each for each in Attribute.objects.all()}
    for contact in Contact.objects.all():
        for key, value in contact.attributes.items():
            assert clean_attribute(attributes[key], value) == value, (key, value)


def test_segments_are_in_every_state_with_their_history() -> None:
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
    first = Segment.objects.get(name="Szkła progresywne, ciepłe kontakty").calculations.earliest("as_of")
    newest = Contact.objects.filter(pk__in=list(first.member_ids)).latest("created_at")
    assert first.as_of
    assert newest.created_at <= first.as_of


def test_the_file_was_read_with_its_report() -> None:
    """IP15."""
    report = UploadedList.objects.get().report
    assert (report["not_found"], report["duplicate"], report["invalid"]) == (2, 3, 2)
    assert Calculation.objects.get(segment__name="Targi w Poznaniu (CSV)").count == report["matched"]


def test_actions_are_done_recurring_and_planned() -> None:
    assert ActionRun.objects.filter(state=JobState.DONE).count() == 3
    assert Action.objects.filter(every_refresh=True).count() == 1
    planned = Segment.objects.get(name="VIP z dużych miast")
    assert planned.actions.count() == 1
    file = ExportFile.objects.get()
    assert file.rows == file.calculation.count


def test_unless_told_otherwise_they_are_in_proportion_to_the_contacts() -> None:
    assert (Activity.objects.count(), Order.objects.count()) == (15 * CONTACTS, CONTACTS)


def test_segments_of_behaviour_have_people_in_them_and_not_everybody() -> None:
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
        assert 0 < latest.count < 1000, (name, latest.count)


def test_a_past_calculation_knows_nothing_of_what_came_later() -> None:
    calculations = list(Segment.objects.get(name="Otworzyli ostatnią kampanię").calculations.order_by("as_of"))
    opened = Activity.objects.filter(type__key="email_open", params__campaign="newsletter-2026-11")
    assert len(calculations) > 10
    for each in calculations:
        assert set(each.member_ids) == set(opened.filter(at__lte=each.as_of).values_list("contact_id", flat=True))
    assert 0 < calculations[0].count < calculations[-1].count


def test_after_the_seed_everything_is_in_the_mirrors_files() -> None:
    assert {kind: tail.rows for kind, tail in Reader().tails.items()} == dict.fromkeys(KINDS, 0)
    filed = dict(File.objects.values_list("kind").annotate(Sum("rows")))
    assert (filed["activity"], filed["order"], filed["contact"]) == (15 * CONTACTS, CONTACTS, CONTACTS)
