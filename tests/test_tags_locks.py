"""What erases a contact, renames a tag or merges some takes the same rows in one order: none waits for the other."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from pyroaring import BitMap

from contacts.label_writes import note_write
from contacts.models import Contact, LabelKind, LabelWrite
from contacts.services import contacts as erasing
from contacts.services import delete_contact
from jobs import services as jobs
from segmentation.contact_queries import keep_query
from segmentation.models import ContactQuery
from tags import counting, services
from tags.models import Tag, TagMerge
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user
from tests.test_tags_merging_at_once import ask, blocked, elsewhere, merged_while

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def her(account) -> Contact:
    return factories.contact(email="her@x.pl")


@pytest.fixture
def both(her) -> tuple[Tag, Tag]:
    """Two tags that an action once wrote for her; she has the second, whose rows will be given the first."""
    tags = factories.tag("A", factories.contact(), factories.contact()), factories.tag("B", her)
    for tag in tags:
        before = json.dumps([{"contact_id": her.pk, "assigned_at": NOW.isoformat()}])
        note_write(LabelKind.TAG, tag.pk, BitMap([her.pk]), at=NOW, action_run_id=1, before=before)
    return tags


def query(*tags: str) -> ContactQuery:
    items = [
        {"kind": "field", "field": "email", "op": "eq", "value": "her@x.pl"},
        {"kind": "tag", "op": "any", "tags": list(tags)},
    ]
    return keep_query({"all": items}, now=NOW, by=make_user("marketer"))


def free(row: ContactQuery | LabelWrite) -> bool:
    """Whether nobody else holds the row."""
    return type(row).objects.select_for_update(skip_locked=True).filter(pk=row.pk).exists()  # type: ignore[attr-defined]


def test_a_contact_erased_while_her_tags_are_merged(account, her, both, monkeypatch) -> None:
    merged_while(account, ask(*both, into="a"), monkeypatch, [lambda: delete_contact(her)])
    assert not Contact.objects.filter(pk=her.pk).exists()
    assert set(LabelWrite.objects.values_list("label_id", flat=True)) == {Tag.objects.get(name="A").pk}


def test_filters_are_renamed_in_the_order_of_ids(account, both) -> None:
    first, second = query("A"), query("A", "B")
    ContactQuery.objects.filter(pk=first.pk).update(used_at=NOW)  # its row stands behind the other one now
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert free(first)
            renaming = pool.submit(elsewhere(account, lambda: services.rename_tag(both[0], "z", now=NOW)))
            assert blocked(renaming)
            assert free(second)
        renaming.result(20)
    assert {tag for row in ContactQuery.objects.all() for tag in row.criteria["all"][1]["tags"]} == {"Z", "B"}


def test_a_merge_takes_what_undoing_goes_by_after_the_criteria_as_who_erases_does(
    account, her, both, monkeypatch
) -> None:
    query("A")
    merge: TagMerge = ask(*both, into="a")
    her.tag_links.all().delete()  # type: ignore[attr-defined]
    real = erasing.scrub_writes

    def scrub_writes(contact: Contact) -> None:
        begun.append(pool.submit(elsewhere(account, lambda: jobs.run("tag_merge", merge.pk, now=NOW))))
        assert blocked(begun[0])  # at the filter, out of which her address has been taken
        assert all(free(row) for row in LabelWrite.objects.all())
        real(contact)

    begun: list = []
    monkeypatch.setattr(erasing, "scrub_writes", scrub_writes)
    with ThreadPoolExecutor(1) as pool:
        delete_contact(her)
        begun[0].result(20)
    assert TagMerge.objects.get().state == "done"
    assert ContactQuery.objects.get().criteria["all"][0]["value"] == "…"


def test_tags_are_counted_while_one_of_them_is_merged(account, both) -> None:
    """Else the count waited for the merge, and a merge of two of those counted already for the count."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Tag.objects.select_for_update().get(pk=both[0].pk)
        pool.submit(elsewhere(account, lambda: counting.count_all(NOW))).result(20)
    assert list(Tag.objects.order_by("name").values_list("contacts_count", flat=True)) == [None, 1]
    counting.count_all(NOW)
    assert list(Tag.objects.order_by("name").values_list("contacts_count", flat=True)) == [2, 1]
