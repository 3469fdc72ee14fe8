"""Making, renaming, deleting and counting tags; one contact's tags and its history."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from pyroaring import BitMap

from contacts.models import EntryKind, HistoryEntry
from jobs.registry import TICKS
from tags import counting, hooks, services, usage
from tags.assigning import assign_tag
from tags.models import ContactTag, Tag
from tags.selectors import suggested, tags
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_typed_names_are_made_once_and_found_again() -> None:
    first = services.tags_named("krótkowzroczność, VIP", now=NOW)
    assert [tag.name for tag in first] == ["KROTKOWZROCZNOSC", "VIP"]
    assert services.tags_named("vip,KRÓTKOWZROCZNOŚĆ", now=NOW) == first[::-1]


def test_a_new_tag_says_zero_as_of_now() -> None:
    [tag] = services.tags_named("vip", now=NOW)
    assert (tag.contacts_count, tag.counted_at, tag.created_at) == (0, NOW, NOW)


def test_nothing_is_made_when_one_name_is_refused() -> None:
    with pytest.raises(ValidationError):
        services.tags_named("good," + "x" * 200, now=NOW)
    assert not Tag.objects.exists()


def test_a_rename_passes_the_gate_and_keeps_the_contacts() -> None:
    tag = factories.tag("OLD", factories.contact())
    assert services.rename_tag(tag, "  świeży ", now=NOW).name == "SWIEZY"
    assert Tag.objects.get(pk=tag.pk).links.count() == 1


def test_a_rename_to_a_name_that_is_taken_is_refused() -> None:
    tag, _taken = factories.tag("OLD"), factories.tag("TAKEN")
    with pytest.raises(ValidationError, match="already a tag TAKEN"):
        services.rename_tag(tag, "taken", now=NOW)
    assert Tag.objects.get(pk=tag.pk).name == "OLD"


def test_a_rename_to_two_names_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        services.rename_tag(factories.tag("OLD"), "a, b", now=NOW)
    assert refused.value.code == "comma"


def test_a_rename_to_itself_tells_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "renamed", [pytest.fail])
    assert services.rename_tag(factories.tag("VIP"), "vip", now=NOW).name == "VIP"


def test_those_who_keep_the_name_are_told_in_the_same_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[hooks.Renamed] = []
    monkeypatch.setattr(hooks, "renamed", [lambda change, _now: told.append(change)])
    services.rename_tag(factories.tag("OLD"), "new", now=NOW)
    assert told == [hooks.Renamed("tag", {"OLD": "NEW"})]


def test_a_rename_that_somebody_cannot_follow_does_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_change: hooks.Renamed, _now: object) -> None:
        raise RuntimeError("no")

    tag = factories.tag("OLD")
    monkeypatch.setattr(hooks, "renamed", [refuse])
    with pytest.raises(RuntimeError):
        services.rename_tag(tag, "new", now=NOW)
    assert Tag.objects.get(pk=tag.pk).name == "OLD"


def test_deleting_takes_the_tag_off_everybody_and_says_how_many() -> None:
    tag = factories.tag("VIP", factories.contact(), factories.contact())
    assert services.delete_tag(tag) == 2
    assert not Tag.objects.exists()
    assert not ContactTag.objects.exists()


def test_a_tag_in_use_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """ST15."""
    tag = factories.tag("VIP", factories.contact())
    monkeypatch.setattr(usage, "providers", [lambda _label: [usage.Use("Segment", "Best", "/x")]])
    with pytest.raises(usage.InUseError) as refused:
        services.delete_tag(tag)
    assert [use.name for use in refused.value.uses] == ["Best"]
    assert tag.links.count() == 1


def test_a_contacts_own_tags_leave_history(marketer) -> None:
    contact = factories.contact()
    given = {"now": NOW, "by": "Ewa", "user": marketer}
    assert [tag.name for tag in services.put_tags_on(contact, "vip, nowy", **given)] == ["VIP", "NOWY"]
    assert services.put_tags_on(contact, "VIP", **given) == []
    assert services.take_tag_off(contact, Tag.objects.get(name="VIP"), **given)
    assert not services.take_tag_off(contact, Tag.objects.get(name="VIP"), **given)
    assert sorted(HistoryEntry.objects.values_list("kind", "label", "by")) == [
        (EntryKind.TAG_ADDED, "NOWY", "Ewa"),
        (EntryKind.TAG_ADDED, "VIP", "Ewa"),
        (EntryKind.TAG_REMOVED, "VIP", "Ewa"),
    ]


def test_a_search_is_normalised_too() -> None:
    """ST7, ST6."""
    for name in ("KROTKOWZROCZNOSC", "VIP", "R_D"):
        factories.tag(name)
    assert [tag.name for tag in tags(text="krótko")] == ["KROTKOWZROCZNOSC"]
    assert [tag.name for tag in tags(text="r&d")] == ["R_D"]
    assert [tag.name for tag in tags(text="vip, wzrocz")] == ["KROTKOWZROCZNOSC", "VIP"]
    assert tags(text=" , ").count() == 3


def test_a_percent_sign_is_looked_for_as_what_it_became() -> None:
    factories.tag("ABC")
    assert not tags(text="a%c").exists()


def test_suggestions_begin_with_the_last_name_most_used_first() -> None:
    for name, count in (("VARILUX_X", 5), ("VARILUX_COMFORT", 9), ("OLD_VARILUX", 99), ("HOYA", 7)):
        Tag.objects.filter(pk=factories.tag(name).pk).update(contacts_count=count)
    assert [tag.name for tag in suggested("hoya, vari")] == ["VARILUX_COMFORT", "VARILUX_X", "OLD_VARILUX"]
    assert suggested("")[0].name == "OLD_VARILUX"


def test_counting_one_tag_says_when() -> None:
    """ST13."""
    tag = factories.tag("VIP", factories.contact(), factories.contact())
    counted = counting.count_tag(tag, now=NOW)
    assert (counted.contacts_count, counted.counted_at) == (2, NOW)


def test_the_scheduler_counts_every_quarter_of_an_hour() -> None:
    """ST13."""
    vip, none = factories.tag("VIP", factories.contact()), factories.tag("NONE")
    assert counting.count_due in TICKS
    assert counting.count_due(NOW) == NOW + timedelta(minutes=15)
    assert Tag.objects.get(pk=vip.pk).contacts_count == 1
    assert Tag.objects.get(pk=none.pk).contacts_count == 0
    assign_tag(BitMap([factories.contact().pk]), vip, now=NOW)
    assert counting.count_due(NOW + timedelta(minutes=14)) == NOW + timedelta(minutes=15)
    assert Tag.objects.get(pk=vip.pk).contacts_count == 1
    assert counting.count_due(NOW + timedelta(minutes=15)) == NOW + timedelta(minutes=30)
    assert Tag.objects.get(pk=vip.pk).contacts_count == 2


def test_without_labels_the_scheduler_has_nothing_to_come_back_for() -> None:
    assert counting.count_due(NOW) is None


def test_a_tag_put_on_or_taken_off_by_hand_is_counted_at_once() -> None:
    first, second = factories.contact(), factories.contact()
    [tag] = services.tags_named("vip", now=NOW)
    later = NOW + timedelta(minutes=3)
    given = {"by": "Ala", "user": None}
    for contact in (first, second):
        services.put_tags_on(contact, "VIP", now=later, **given)
    tag.refresh_from_db()
    assert (tag.contacts_count, tag.counted_at) == (2, later)
    services.take_tag_off(first, tag, now=later + timedelta(minutes=1), **given)
    tag.refresh_from_db()
    assert (tag.contacts_count, tag.counted_at) == (1, later + timedelta(minutes=1))
