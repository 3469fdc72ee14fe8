"""Contacts merged into one: everything follows, nothing is counted twice, nothing is lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pyroaring import BitMap

from activities.models import Activity, Order, OrderLine, Visit
from activities.services import BatchError, record_activities, record_orders
from contacts.aliases import kept_for
from contacts.merging import merge_contacts, proposed
from contacts.models import ConsentState, Contact, ContactAlias, ContactConsent, EntryKind, HistoryEntry, NotDuplicate
from contacts.selecting import change_selection, selected
from contacts.services import GoneError, LostUpdateError, create_contact, set_consent
from mirror.compacting import compact
from mirror.units import UNITS
from segmentation.services import fixed_list
from tags.assigning import assign_tag
from tags.models import ContactCategory, ContactTag
from tests import factories
from tests.factories import NOW
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def merged(*people: Contact, into: Contact | None = None, **given: Any) -> Contact:
    given.setdefault("chosen", {})
    kept = into or people[0]
    return merge_contacts([person.pk for person in people], into=kept.pk, now=LATER, by="Ala", **given)


def busy(times: int, **fields: Any) -> Contact:
    contact = factories.contact(**fields)
    for n in range(times):
        factories.activity(contact, "page_view", url=f"/{n}")
        factories.visit(contact)
        factories.order(contact, lines=[{"product": "P1", "amount": 10}])
    return contact


def test_all_facts_become_those_of_the_kept_contact() -> None:
    kept, other, nobody = busy(1), busy(2), busy(1)
    merged(kept, other)
    for model in (Activity, Visit, Order):
        assert model.objects.filter(contact=kept).count() == 3
        assert model.objects.filter(contact=nobody).count() == 1
    assert OrderLine.objects.filter(order__contact=kept).count() == 3
    assert not Contact.objects.filter(pk=other.pk).exists()


def test_of_each_field_the_value_changed_last_is_proposed_an_empty_one_never() -> None:
    old = factories.contact(first_name="Ala", phone="600100200", lead_score=7, now=NOW - timedelta(days=2))
    new = factories.contact(first_name="Alicja", phone=None, lead_score=3, now=NOW)
    found = proposed([old, new])
    assert found["first_name"] == new.pk
    assert found["phone"] == old.pk
    assert found["lead_score"] == old.pk  # the highest


def test_who_unsubscribed_under_one_record_is_unsubscribed() -> None:
    kept = factories.contact(status="subscribed", now=NOW)
    other = factories.contact(status="unsubscribed", now=NOW - timedelta(days=9))
    assert merged(kept, other).status == "unsubscribed"


def test_a_chosen_value_is_kept_with_its_attributes() -> None:
    factories.attribute("city")
    factories.attribute("size", "number")
    kept = factories.contact(email="a@x.pl", attributes={"city": "Łódź"})
    other = factories.contact(email="b@x.pl", attributes={"city": "Gdynia", "size": 4})
    found = merged(kept, other, chosen={"email": other.pk, "attributes.city": kept.pk})
    found.refresh_from_db()
    assert (found.email, found.attributes) == ("b@x.pl", {"city": "Łódź", "size": 4})


def test_labels_are_united_each_since_the_first_had_it() -> None:
    kept, other = factories.contact(), factories.contact()
    earlier = NOW - timedelta(days=5)
    vip = factories.tag("VIP", kept)
    factories.tag("VIP", other, at=earlier)
    factories.tag("NOWY", other, at=earlier)
    factories.category("klient/media", other, at=earlier)
    merged(kept, other)
    assert ContactTag.objects.get(tag=vip).assigned_at == earlier
    assert set(ContactTag.objects.values_list("tag__name", "contact_id")) == {("VIP", kept.pk), ("NOWY", kept.pk)}
    assert list(ContactCategory.objects.values_list("contact_id", "assigned_at")) == [(kept.pk, earlier)]
    entry = HistoryEntry.objects.get(contact=kept, kind=EntryKind.MERGED)
    assert entry.detail["moved"] == {"tags": ["NOWY"], "categories": ["Klient / Media"]}


@pytest.mark.parametrize(
    ("own", "others", "result"),
    [
        (("given", 1), ("withdrawn", 2), "withdrawn"),
        (("given", 2), ("withdrawn", 1), "given"),
        (("withdrawn", 1), ("given", 2), "given"),
        (("withdrawn", 2), ("given", 1), "withdrawn"),
        (("given", 1), ("withdrawn", 1), "withdrawn"),
        (("withdrawn", 1), ("given", 1), "withdrawn"),
        (None, ("given", 1), "given"),
        (("given", 1), None, "given"),
    ],
)
def test_the_later_answer_to_a_consent_holds_and_of_two_at_once_the_withdrawal(
    own: tuple[str, int] | None, others: tuple[str, int] | None, result: str
) -> None:
    kept, other, newsletter = factories.contact(), factories.contact(), factories.consent()
    for person, answer in ((kept, own), (other, others)):
        if answer:
            factories.answer(person, newsletter, answer[0], at=NOW + timedelta(minutes=answer[1]))
    merged(kept, other)
    assert list(ContactConsent.objects.values_list("contact_id", "state")) == [(kept.pk, result)]


def test_both_histories_are_one_and_say_who_was_merged() -> None:
    kept = create_contact(fields={"email": "a@x.pl"}, now=NOW, by="Ala")
    other = create_contact(fields={"email": "b@x.pl", "first_name": "Ola"}, now=NOW, by="Ala")
    merged(kept, other, chosen={"email": kept.pk})
    entries = HistoryEntry.objects.filter(contact=kept)
    assert sorted(entries.values_list("kind", flat=True)) == ["created", "created", "merged"]
    entry = entries.get(kind="merged")
    assert entry.label == f"Ola (#{other.pk})"
    assert entry.detail["fields"] == {"first_name": ["", "Ola"]}


def test_what_the_others_were_called_leads_to_the_kept_contact_also_through_two_merges() -> None:
    first = factories.contact(email="a@x.pl", external_id="K-1")
    second = factories.contact(email="b@x.pl", external_id="K-2")
    third = factories.contact(email="c@x.pl")
    merged(second, first, chosen={"email": second.pk, "external_id": second.pk})
    merged(third, second, chosen={"email": third.pk})
    assert kept_for(first.pk) == kept_for(second.pk) == third.pk
    names = set(ContactAlias.objects.filter(contact=third).values_list("kind", "value"))
    assert names == {
        ("id", str(first.pk)),
        ("id", str(second.pk)),
        ("email", "a@x.pl"),
        ("email", "b@x.pl"),
        ("external_id", "K-1"),
    }


def test_data_that_come_later_for_one_of_the_others_are_the_kept_contacts(account: Any) -> None:
    kept = factories.contact(email="a@x.pl")
    other = factories.contact(email="b@x.pl", external_id="K-2")
    merged(kept, other, chosen={"email": kept.pk, "external_id": kept.pk})
    names: list[dict[str, Any]] = [{"email": "B@x.pl"}, {"external_id": "K-2"}, {"id": other.pk}, {"email": "a@x.pl"}]
    at = NOW.isoformat()
    record_activities([{"contact": name, "type": "page_view", "at": at} for name in names], account=account, now=NOW)
    record_orders([{"contact": {"email": "b@x.pl"}, "at": at, "total": 5}], account=account, now=NOW)
    assert Activity.objects.filter(contact=kept).count() == 4
    assert Order.objects.filter(contact=kept).count() == 1
    with pytest.raises(BatchError):
        record_activities([{"contact": {"email": "z@x.pl"}, "type": "login", "at": at}], account=account, now=NOW)


def test_selections_and_lists_hold_the_kept_contact_instead(marketer: Any) -> None:
    kept, other, third = (factories.contact() for _ in range(3))
    change_selection(marketer, add=[other.pk, third.pk], now=NOW)
    made = fixed_list("L", BitMap([other.pk]), now=NOW, by=None)
    merged(kept, other)
    made.refresh_from_db()
    assert selected(marketer) == BitMap([kept.pk, third.pk])
    assert made.matched_ids == BitMap([kept.pk])


def test_what_was_said_of_another_pair_holds_for_the_kept_contact() -> None:
    kept, other, third = (factories.contact() for _ in range(3))
    NotDuplicate.objects.create(first=other, second=third, at=NOW)
    NotDuplicate.objects.create(first=kept, second=other, at=NOW)
    merged(kept, other)
    assert list(NotDuplicate.objects.values_list("first_id", "second_id")) == [(kept.pk, third.pk)]


def test_nothing_is_merged_over_a_change_that_was_not_seen() -> None:
    kept, other = factories.contact(), factories.contact()
    with pytest.raises(LostUpdateError):
        merged(kept, other, seen={kept.pk: kept.updated_at, other.pk: NOW - timedelta(days=1)})
    assert Contact.objects.count() == 2


def test_a_contact_that_is_gone_is_said_to_be_and_nothing_is_merged() -> None:
    kept, other, third = (factories.contact() for _ in range(3))
    third.delete()
    with pytest.raises(GoneError):
        merged(kept, other, Contact(pk=third.pk or 999_999))
    assert Contact.objects.count() == 2


def test_an_action_is_not_undone_where_the_other_had_the_tag_as_well() -> None:
    from tags.undoing import tag_still_on

    kept, other, third = (factories.contact() for _ in range(3))
    vip = factories.tag("VIP")
    assign_tag(BitMap([kept.pk, other.pk, third.pk]), vip, now=NOW, action_run_id=1)
    merged(kept, other)
    assert tag_still_on(BitMap([kept.pk, other.pk, third.pk]), vip.pk, action_run_id=1) == BitMap([third.pk])


def test_a_withdrawal_is_not_given_back_by_undoing_an_action_that_withdrew_it_too() -> None:
    from contacts.services import restorable

    kept, other, newsletter = factories.contact(), factories.contact(), factories.consent()
    factories.answer(kept, newsletter, "given", at=NOW - timedelta(days=3))
    factories.answer(other, newsletter, ConsentState.WITHDRAWN, at=NOW - timedelta(days=2))
    set_consent([kept.pk], newsletter, "withdrawn", now=NOW, source="action", by="", action_run_id=1)
    merged(kept, other)
    assert not restorable(BitMap([kept.pk]), newsletter.pk, action_run_id=1)


def test_the_mirror_is_exact_before_and_after_files_are_made(committed: None, account: Any) -> None:
    kept, other, third = busy(3, now=timezone.now()), busy(4), busy(2)
    for unit in UNITS:
        compact(unit, now=timezone.now())
    assert_exact()
    merged(kept, other)
    assert_exact()
    merged(third, kept)
    assert_exact()
    for unit in UNITS:
        compact(unit, now=timezone.now())
    assert_exact()
    third.delete()
    assert_exact()
