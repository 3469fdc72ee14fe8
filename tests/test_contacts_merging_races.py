"""Contacts merged while others write about them: real transactions on several connections."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from pyroaring import BitMap

from activities.models import Activity, Order
from activities.services import record_activities, record_orders
from contacts.merging import merge_contacts
from contacts.models import Contact, ContactConsent, HistoryEntry
from contacts.services import GoneError, set_consent
from tags.assigning import assign_tag
from tags.models import ContactTag
from tags.services import delete_tag
from tests import factories
from tests.factories import NOW
from tests.test_activities_races import elsewhere

AT = "2026-11-20T10:00:00+01:00"


def merge(kept: Contact, *others: Contact) -> Contact:
    return merge_contacts([kept.pk, *(each.pk for each in others)], into=kept.pk, chosen={}, now=NOW, by="Ala")


def while_merging(account: Any, kept: Contact, other: Contact, *works: Callable[[], object]) -> list[BaseException]:
    """What fails of the works that begin while the two are merged, each of which waits for the end of it."""
    failed: list[BaseException] = []
    with transaction.atomic():
        merge(kept, other)
        threads = [elsewhere(account, work, failed) for work in works]
        for thread in threads:
            thread.join(0.4)
            assert thread.is_alive(), "it waits"
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return failed


def test_facts_that_come_in_meanwhile_are_the_kept_contacts(committed: None, account: Any) -> None:
    kept, other = factories.contact(), factories.contact(email="b@x.pl", external_id="K-2")
    names: list[dict[str, Any]] = [{"id": other.pk}, {"email": "b@x.pl"}, {"external_id": "K-2"}]
    batches = [[{"contact": name, "type": "page_view", "at": AT}] for name in names]
    works = [partial(record_activities, batch, account=account, now=NOW) for batch in batches]
    bought = [{"contact": {"id": other.pk}, "external_id": "Z", "at": AT, "total": 5}]
    assert not while_merging(account, kept, other, *works, partial(record_orders, bought, account=account, now=NOW))
    assert Activity.objects.filter(contact=kept).count() == 3
    assert Order.objects.get().contact_id == kept.pk


@pytest.mark.parametrize("known", [False, True])
def test_what_is_written_first_is_waited_for_and_comes_along(committed: None, account: Any, known: bool) -> None:
    kept, other, newsletter = factories.contact(), factories.contact(), factories.consent()
    vip = factories.tag("VIP", *([kept] if known else []))
    failed: list[BaseException] = []
    with transaction.atomic():
        assign_tag(BitMap([other.pk]), vip, now=NOW)
        set_consent(other, newsletter, "withdrawn", now=NOW, source="letter", by="Ala")
        record_activities([{"contact": {"id": other.pk}, "type": "page_view", "at": AT}], account=account, now=NOW)
        thread = elsewhere(account, partial(merge, kept, other), failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert not failed
    assert list(ContactTag.objects.values_list("contact_id", flat=True)) == [kept.pk]
    assert list(ContactConsent.objects.values_list("contact_id", "state")) == [(kept.pk, "withdrawn")]
    assert list(Activity.objects.values_list("contact_id", flat=True)) == [kept.pk]
    assert HistoryEntry.objects.filter(contact=kept, kind="consent_withdrawn").exists()


def test_two_that_merge_the_same_contacts_merge_them_once(committed: None, account: Any) -> None:
    kept, other, third = (factories.contact() for _ in range(3))
    factories.order(other, total=5)
    failed = while_merging(account, kept, other, partial(merge, third, other), partial(merge, other, kept))
    assert [type(each) for each in failed] == [GoneError, GoneError]
    assert Order.objects.get().contact_id == kept.pk
    assert set(Contact.objects.values_list("pk", flat=True)) == {kept.pk, third.pk}


def test_a_tag_deleted_meanwhile_goes_from_the_kept_contact_too(committed: None, account: Any) -> None:
    kept, other = factories.contact(), factories.contact()
    vip = factories.tag("VIP", other)
    assert not while_merging(account, kept, other, partial(delete_tag, vip))
    assert not ContactTag.objects.exists()


def test_an_answer_given_on_the_page_while_it_is_merged_is_the_kept_contacts(
    committed: None, account: Any, client_for: Callable, make_user: Callable
) -> None:
    kept, other, newsletter = factories.contact(), factories.contact(), factories.consent()
    client = client_for(make_user("marketer", email="m@x.pl"))
    address = f"/contacts/{other.pk}/consents/{newsletter.pk}/"
    answers: list[Any] = []

    def withdraw() -> None:
        answers.append(client.post(address, {"state": "withdrawn", "source": "a call"}))

    assert not while_merging(account, kept, other, withdraw)
    assert answers[0]["Location"] == f"/contacts/{kept.pk}/"
    assert list(ContactConsent.objects.values_list("contact_id", "state")) == [(kept.pk, "withdrawn")]
