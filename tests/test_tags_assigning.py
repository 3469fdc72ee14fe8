"""Labels on sets of contacts."""

from datetime import timedelta

import pytest
from pyroaring import BitMap

from contacts.models import Contact, EntryKind, HistoryEntry
from tags import assigning, services
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests import factories
from tests.factories import NOW

GONE = 2_000_000


def ids_of(*contacts: Contact) -> BitMap:
    return BitMap([contact.pk for contact in contacts])


@pytest.fixture
def people(db: None) -> list[Contact]:
    return [factories.contact() for _ in range(4)]


def test_a_tag_is_put_on_those_without_it_and_they_are_told(people: list[Contact]) -> None:
    vip = factories.tag("VIP", people[0])
    changed = assigning.assign_tag(ids_of(*people[:3]), vip, now=NOW + timedelta(days=1))
    assert changed == ids_of(*people[1:3])
    assert set(vip.links.values_list("contact_id", flat=True)) == set(ids_of(*people[:3]))


def test_whoever_has_the_tag_keeps_its_time(people: list[Contact]) -> None:
    vip = factories.tag("VIP", people[0])
    assigning.assign_tag(ids_of(*people), vip, now=NOW + timedelta(days=1))
    assert ContactTag.objects.get(contact=people[0]).assigned_at == NOW


def test_ids_of_contacts_that_are_gone_are_passed_over(people: list[Contact]) -> None:
    vip = factories.tag("VIP")
    assert assigning.assign_tag(BitMap([GONE, people[0].pk]), vip, now=NOW) == ids_of(people[0])
    assert assigning.remove_tag(BitMap([GONE, people[0].pk]), vip) == ids_of(people[0])


def test_no_ids_change_nothing(people: list[Contact]) -> None:
    assert assigning.assign_tag(BitMap(), factories.tag("VIP"), now=NOW) == BitMap()


def test_removing_a_tag_tells_who_had_it(people: list[Contact]) -> None:
    vip, other = factories.tag("VIP", people[0]), factories.tag("OTHER", *people)
    assert assigning.remove_tag(ids_of(*people), vip) == ids_of(people[0])
    assert assigning.remove_tag(ids_of(*people), vip) == BitMap()
    assert other.links.count() == 4


def test_mass_changes_of_tags_leave_no_history(people: list[Contact]) -> None:
    vip = factories.tag("VIP")
    assigning.assign_tag(ids_of(*people), vip, now=NOW)
    assigning.remove_tag(ids_of(*people), vip)
    assert not HistoryEntry.objects.exists()


def test_a_deleted_tag_is_refused_not_skipped(people: list[Contact]) -> None:
    vip = factories.tag("VIP")
    services.delete_tag(Tag.objects.get(pk=vip.pk))
    with pytest.raises(Tag.DoesNotExist):
        assigning.assign_tag(ids_of(*people), vip, now=NOW)


def test_adding_a_category_writes_history_with_its_readable_path(people: list[Contact], marketer) -> None:
    """IC3."""
    media = factories.category("klient/media", people[0])
    given = {"now": NOW, "by": "Ewa", "user": marketer, "action_run_id": 7}
    assert assigning.assign_category(ids_of(*people[:2]), media, **given) == ids_of(people[1])
    entry = HistoryEntry.objects.get()
    assert (entry.contact_id, entry.kind, entry.label) == (people[1].pk, EntryKind.CATEGORY_ADDED, "Klient / Media")
    assert (entry.at, entry.by, entry.user_id, entry.action_run_id) == (NOW, "Ewa", marketer.pk, 7)


def test_history_outlives_the_category(people: list[Contact]) -> None:
    """IC3."""
    from tags.categories import delete_category

    media = factories.category("klient/media")
    assigning.assign_category(ids_of(people[0]), media, now=NOW, by="Ewa", user=None)
    assigning.remove_category(ids_of(people[0]), media, now=NOW, by="Ewa", user=None)
    delete_category(media)
    assert list(HistoryEntry.objects.order_by("id").values_list("kind", "label")) == [
        (EntryKind.CATEGORY_ADDED, "Klient / Media"),
        (EntryKind.CATEGORY_REMOVED, "Klient / Media"),
    ]


def test_removing_a_category_leaves_those_below_unless_asked(people: list[Contact]) -> None:
    root, below = factories.category("klient", people[0]), factories.category("klient/media", people[0], people[1])
    Category.objects.get(pk=root.pk)
    assert assigning.remove_category(ids_of(*people), root, now=NOW, by="x", user=None) == ids_of(people[0])
    assert below.links.count() == 2


def test_removing_a_branch_names_every_category_left(people: list[Contact]) -> None:
    factories.category("klient", people[0])
    factories.category("klient/media", people[0], people[1])
    factories.category("klient/media/prasa", people[2])
    factories.category("klienteria", people[3])
    root = Category.objects.get(slug_path="klient")
    changed = assigning.remove_category(ids_of(*people), root, below=True, now=NOW, by="x", user=None)
    assert changed == ids_of(*people[:3])
    assert sorted(HistoryEntry.objects.values_list("contact_id", "label")) == sorted(
        [
            (people[0].pk, "Klient"),
            (people[0].pk, "Klient / Media"),
            (people[1].pk, "Klient / Media"),
            (people[2].pk, "Klient / Media / Prasa"),
        ]
    )
    assert ContactCategory.objects.count() == 1
