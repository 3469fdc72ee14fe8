"""Who had a label and lost it is noted, whichever way it was lost; what is noted of a contact goes with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from pyroaring import BitMap

from contacts.erasing.services import erase_contact
from contacts.merging import merge_contacts
from contacts.models import Contact
from jobs.services import run
from tags.assigning import assign_category, assign_tag, remove_category, remove_tag
from tags.handing_over import former_categories, former_tags
from tags.merging import ask_merge
from tags.models import Category, ContactTag, PastCategory, PastKnown, PastTag, Tag
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
WHO: dict[str, Any] = {"by": "tests", "user": None}


def past(rows: Any) -> list[tuple[int, datetime]]:
    """(contact, since) of all rows."""
    return sorted(pair for row in rows for pair in zip(row.contacts, row.since, strict=True))


def test_a_removed_tag_is_noted_with_since_when_it_was_there() -> None:
    people = [factories.contact() for _ in range(3)]
    tag = factories.tag("VIP", *people)
    began = datetime.now(UTC)
    remove_tag(BitMap([people[0].pk, people[2].pk]), tag)
    row = PastTag.objects.get(tag=tag)
    assert past([row]) == [(people[0].pk, NOW), (people[2].pk, NOW)]
    assert (row.span.lower, row.span.upper) == (people[0].pk, people[2].pk + 1)
    assert row.removed_at >= began - timedelta(seconds=5)


def test_the_database_notes_what_nobody_told_it_of() -> None:
    first, second = factories.contact(), factories.contact()
    tags = [factories.tag(name, first, second) for name in ("ONE", "TWO")]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM tags_contacttag WHERE contact_id = %s", [first.pk])
    assert {row.tag_id: row.contacts for row in PastTag.objects.all()} == {tag.pk: [first.pk] for tag in tags}


def test_what_was_there_nowhere_is_no_note() -> None:
    remove_tag(BitMap([factories.contact().pk]), factories.tag("VIP"))
    assert not PastTag.objects.exists()


def test_a_category_is_noted_as_well() -> None:
    person = factories.contact()
    category = factories.category("klient/media", person)
    remove_category(BitMap([person.pk]), category, now=NOW, **WHO)
    assert past(PastCategory.objects.filter(category=category, below=False)) == [(person.pk, NOW)]


def test_an_erased_contact_leaves_no_note() -> None:
    gone, stays = factories.contact(), factories.contact()
    tag, category = factories.tag("VIP", gone, stays), factories.category("klient", gone)
    remove_tag(BitMap([gone.pk, stays.pk]), tag)
    assign_tag(BitMap([gone.pk]), tag, now=NOW)  # lost by being erased
    remove_category(BitMap([gone.pk]), category, now=NOW, **WHO)
    erase_contact(gone, now=NOW, by="tests")
    assert past(PastTag.objects.all()) == [(stays.pk, NOW)]
    assert not PastCategory.objects.exists()


def test_a_merged_contact_takes_along_what_it_once_had_and_loses_nothing() -> None:
    kept, other = factories.contact(), factories.contact()
    once, has = factories.tag("ONCE", other), factories.tag("HAS", other)
    remove_tag(BitMap([other.pk]), once)
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={}, now=NOW, by="tests")
    assert past(PastTag.objects.all()) == [(kept.pk, NOW)]  # no leaving of HAS
    assert PastTag.objects.get().tag == once
    row = PastTag.objects.get()
    assert row.span.lower <= kept.pk < row.span.upper
    assert ContactTag.objects.filter(tag=has, contact=kept).exists()


def test_whoever_had_a_merged_tag_once_had_the_result() -> None:
    people = [factories.contact() for _ in range(4)]
    first, second = factories.tag("FIRST", *people[:3]), factories.tag("SECOND", people[3])
    remove_tag(BitMap([people[3].pk]), second)
    merge = ask_merge([first, second], "BOTH", now=NOW, by="tests", user=None)
    run("tag_merge", merge.pk, now=NOW)
    merge.refresh_from_db()
    assert merge.result is not None
    assert past(PastTag.objects.filter(tag=merge.result)) == [(people[3].pk, NOW)]


def test_a_deleted_tag_takes_its_past_along() -> None:
    person = factories.contact()
    tag = factories.tag("VIP", person)
    remove_tag(BitMap([person.pk]), tag)
    Tag.objects.get(pk=tag.pk).delete()
    assert not PastTag.objects.exists()


def test_of_a_deleted_category_its_contacts_were_below_the_one_above() -> None:
    person = factories.contact()
    leaf = factories.category("klient/media/prasa", person)
    media = Category.objects.get(slug_path="klient/media")
    remove_category(BitMap([person.pk]), leaf, now=NOW, **WHO)
    Category.objects.get(pk=leaf.pk).delete()
    assert past(PastCategory.objects.filter(category=media, below=True)) == [(person.pk, NOW)]
    Category.objects.get(pk=media.pk).delete()
    top = Category.objects.get(slug_path="klient")
    assert past(PastCategory.objects.filter(category=top, below=True)) == [(person.pk, NOW)]
    Category.objects.get(pk=top.pk).delete()
    assert not PastCategory.objects.exists()


def test_since_when_it_is_noted_stands_in_one_row() -> None:
    assert PastKnown.objects.count() == 1


def test_many_deleted_at_once_are_taken_out_of_every_note() -> None:
    people = [factories.contact() for _ in range(6)]
    tag = factories.tag("VIP", *people)
    remove_tag(BitMap([each.pk for each in people]), tag)
    remove_tag(assign_tag(BitMap([people[1].pk]), tag, now=NOW), tag)
    Contact.objects.filter(pk__in=[each.pk for each in people[1:4]]).delete()
    assert past(PastTag.objects.all()) == [(each.pk, NOW) for each in (people[0], people[4], people[5])]


def test_putting_in_and_taking_out_within_a_branch_are_noted_apart() -> None:
    person = factories.contact()
    one, other = factories.category("klient/a", person), factories.category("klient/b")
    assign_category(BitMap([person.pk]), other, now=NOW, **WHO)
    remove_category(BitMap([person.pk]), one, now=NOW, **WHO)
    assert [row.category_id for row in PastCategory.objects.all()] == [one.pk]


def test_what_a_contact_once_had_is_in_its_archive() -> None:
    person, other = factories.contact(), factories.contact()
    tag, category = factories.tag("VIP", person, other), factories.category("klient/media", person)
    remove_tag(BitMap([person.pk, other.pk]), tag)
    remove_category(BitMap([person.pk]), category, now=NOW, **WHO)
    assert [(row["tag"], row["since"]) for row in former_tags(person)] == [("VIP", NOW)]
    assert [(row["category"], row["since"]) for row in former_categories(person)] == [("Klient / Media", NOW)]
    assert not list(former_categories(other))
