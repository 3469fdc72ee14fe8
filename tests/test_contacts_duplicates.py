"""Contacts that may be one person: who is found, what the pages show and to whom, comparing and merging by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from activities.models import Order
from contacts.duplicates import find_duplicates, look_again, mailbox
from contacts.models import Contact, NotDuplicate
from contacts.selecting import change_selection
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LIST, COMPARE = "/contacts/duplicates/", "/contacts/compare/"


@pytest.fixture(autouse=True)
def nothing_kept(account: Any) -> None:
    look_again()


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def found(account: Any) -> list[set[int]]:
    return [set(group.ids) for group in find_duplicates(account, now=NOW).groups]


def person(**fields: Any) -> Contact:
    fields.setdefault("email", None)
    return factories.contact(**fields)


def address(*people: Contact) -> str:
    return f"{COMPARE}?{'&'.join(f'id={each.pk}' for each in people)}"


def posted(*people: Contact, into: Contact | None = None, **keep: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"id": [each.pk for each in people], "into": (into or people[0]).pk, "sure": "yes"}
    given |= {f"seen-{each.pk}": each.updated_at.isoformat() for each in people}
    return given | {f"keep-{name}": each.pk for name, each in keep.items()}


# --- who is found ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ala@x.pl", "ala+sklep@x.pl"),
        ("ala+a@x.pl", "ala+b@x.pl"),
        ("ala.kot@gmail.com", "alakot@gmail.com"),
        ("al.a.kot@gmail.com", "ala.kot+x@googlemail.com"),
        ("ala@żółte.pl", "ala@xn--te-iia10m9a64b.pl"),
    ],
)
def test_the_same_mailbox_written_otherwise_is_found(account: Any, one: str, other: str) -> None:
    if "xn--" in other:
        other = "ala@" + "żółte.pl".encode("idna").decode()
    people = {person(email=one).pk, person(email=other).pk}
    person(email="ola@x.pl")
    assert found(account) == [people]
    assert mailbox(one) == mailbox(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ala@x.pl", "ala@y.pl"),
        ("a.la@x.pl", "ala@x.pl"),  # dots matter everywhere but at Gmail
        ("+a@x.pl", "+b@x.pl"),
        ('"a+b"@x.pl', '"a+c"@x.pl'),
        ("ala@gmail.com", "ala@x.pl"),
    ],
)
def test_other_mailboxes_are_other_people(account: Any, one: str, other: str) -> None:
    person(email=one)
    person(email=other)
    assert found(account) == []
    assert mailbox(one) != mailbox(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("600100200", "+48600100200", True),
        ("48600100200", "+48600100200", True),
        ("600100200", "48600100200", True),
        ("600100200", "600100200", True),
        ("481234567", "+48481234567", True),
        ("0600100200", "+48600100200", True),
        ("600100", "600100", True),
        ("600100", "+48600100", False),
        ("600100200", "+49600100200", False),
        ("600100200", "600100201", False),
    ],
)
def test_a_number_with_and_without_the_country_is_one(account: Any, one: str, other: str, same: bool) -> None:
    people = {person(phone=one).pk, person(phone=other).pk}
    assert found(account) == ([people] if same else [])


def test_in_germany_a_leading_zero_is_left_out_before_the_country(account: Any) -> None:
    account.timezone = "Europe/Berlin"
    people = {person(phone="0301234567").pk, person(phone="+49301234567").pk}
    assert found(account) == [people]


def test_who_shares_both_is_one_group_and_first(account: Any) -> None:
    person(phone="600100299"), person(phone="600100299")
    one, other = person(email="a@x.pl", phone="600100200"), person(email="a+b@x.pl", phone="+48600100200")
    groups = find_duplicates(account, now=NOW).groups
    assert next((set(group.ids), group.why) for group in groups) == ({one.pk, other.pk}, ["email", "phone"])
    assert len(groups) == 2


def test_another_accounts_contacts_are_none_of_ours(account: Any, other_account: Any) -> None:
    with tenant_context(other_account):
        person(phone="600100200")
        theirs = Contact.objects.count()
    person(phone="600100200")
    assert found(account) == []
    with tenant_context(other_account):
        Contact.objects.all().delete()
    assert theirs


# --- the list --------------------------------------------------------------------------------------------------
def test_the_list_shows_each_group_with_its_reason_and_number(client: Client) -> None:
    one, other = person(email="ala@x.pl", first_name="Ala"), person(email="ala+b@x.pl", first_name="Alicja")
    person(phone="600100200"), person(phone="600100200")
    text = client.get(LIST).content.decode()
    assert address(one, other).replace("&", "&amp;") in text
    assert "Ala" in text
    assert "Alicja" in text
    page = client.get(LIST, {"why": "phone"})
    assert [group["group"].phone for group in page.context["groups"]] == ["+48600100200"]
    assert page.context["numbers"] == {"email": 1, "phone": 1}


def test_duplicates_of_a_kind_that_there_is_not_are_refused_and_not_none(client: Client) -> None:
    assert client.get(LIST, {"why": "email"}).status_code == 200
    assert client.get(LIST, {"why": "name"}).status_code == 404


def test_who_is_gone_since_is_in_no_group(client: Client) -> None:
    one, other, third = (person(phone="600100200") for _ in range(3))
    assert len(client.get(LIST).context["groups"]) == 1
    other.delete()
    assert client.get(LIST).context["groups"][0]["group"].ids == (one.pk, third.pk)
    third.delete()
    assert client.get(LIST).context["groups"] == []


def test_a_dismissed_group_is_not_shown_again_but_with_somebody_new_is(client: Client, marketer: Any) -> None:
    one, other = person(phone="600100200"), person(phone="600100200")
    client.post(f"{LIST}dismiss/", {"id": [one.pk, other.pk]})
    assert client.get(LIST).context["groups"] == []
    assert NotDuplicate.objects.get().by == str(marketer)
    person(phone="600100200")
    client.post(f"{LIST}look/")
    assert len(client.get(LIST).context["groups"][0]["group"].ids) == 3


def test_the_list_costs_the_same_queries_whatever_it_shows(client: Client) -> None:
    def queries() -> int:
        look_again()
        with CaptureQueriesContext(connection) as made:
            client.get(LIST)
        return len(made)

    person(phone="600100200"), person(phone="600100200")
    few = queries()
    for n in range(10):
        person(phone=f"60010030{n}"), person(phone=f"60010030{n}")
    assert queries() == few


def test_a_restricted_user_finds_only_those_they_see(client_for: Callable, make_user: Callable) -> None:
    mine, too, outside = (person(phone="600100200") for _ in range(3))
    one, theirs = person(phone="600100300"), person(phone="600100300")
    media = factories.category("media", mine, too, one)
    user = make_user("marketer", email="r@x.pl")
    factories.permission_group("G", users=[user], categories=[media])
    client = client_for(user)
    groups = client.get(LIST).context["groups"]
    assert [group["group"].ids for group in groups] == [(mine.pk, too.pk)]
    assert client.get(address(mine, outside)).status_code == client.get(address(mine, Contact(pk=999_999))).status_code
    assert client.get(address(mine, outside)).status_code == 404
    assert client.post(COMPARE, posted(one, theirs)).status_code == 404
    assert client.post(f"{LIST}dismiss/", {"id": [one.pk, theirs.pk]}).status_code == 404
    assert client.post(COMPARE, posted(mine, too)).status_code == 302
    assert Contact.objects.filter(pk__in=[mine.pk, outside.pk, one.pk, theirs.pk]).count() == 4


@pytest.mark.parametrize("outsiders", [0, 1])
@pytest.mark.parametrize("shares", [{"phone": "600100200"}, {"email": "a+c@x.pl"}])
def test_nobody_outside_shows_in_how_duplicates_are_grouped(
    client_for: Callable, make_user: Callable, outsiders: int, shares: dict[str, str]
) -> None:
    one, other = person(email="a@x.pl", phone="600100200"), person(email="a+b@x.pl", phone="600100200")
    newer, newest = person(phone="600100300"), person(phone="600100300")
    for _n in range(outsiders):
        person(**shares), person(phone="600100300")
    user = make_user("marketer", email="r@x.pl")
    media = factories.category("media", one, other, newer, newest)
    factories.permission_group("G", users=[user], categories=[media])
    response = client_for(user).get(LIST)
    groups = [(group["group"].ids, group["group"].why) for group in response.context["groups"]]
    assert groups == [((one.pk, other.pk), ["email", "phone"]), ((newer.pk, newest.pk), ["phone"])]
    assert response.context["numbers"] == {"email": 1, "phone": 2}


def test_an_analyst_looks_and_changes_nothing(client_for: Callable, analyst: Any) -> None:
    one, other = person(phone="600100200"), person(phone="600100200")
    client = client_for(analyst)
    listed, compared = client.get(LIST).content.decode(), client.get(address(one, other)).content.decode()
    assert "dismiss/" not in listed
    assert 'name="sure"' not in compared
    assert client.post(COMPARE, posted(one, other)).status_code == 403
    assert client.post(f"{LIST}dismiss/", {"id": [one.pk, other.pk]}).status_code == 403
    assert client.post(f"{LIST}look/").status_code == 302
    assert Contact.objects.count() == 2


# --- side by side, and merging ---------------------------------------------------------------------------------
def test_merging_by_hand_keeps_what_was_chosen_and_leads_to_the_kept_contact(client: Client) -> None:
    one = person(email="a@x.pl", first_name="Ala", phone="600100200")
    other = person(email="b@x.pl", first_name="Alicja")
    factories.order(other, total=5)
    shown = client.get(address(one, other)).content.decode()
    assert "Ala" in shown
    assert "Alicja" in shown
    answer = client.post(COMPARE, posted(one, other, into=other, email=one, first_name=other))
    assert answer["Location"] == f"/contacts/{other.pk}/"
    kept = Contact.objects.get()
    assert (kept.pk, kept.email, kept.first_name, kept.phone) == (other.pk, "a@x.pl", "Alicja", "600100200")
    assert Order.objects.get().contact_id == kept.pk
    assert client.get(f"/contacts/{one.pk}/")["Location"] == f"/contacts/{kept.pk}/"


@pytest.mark.parametrize("left_out", ["sure", "into"])
def test_nothing_is_merged_without_saying_into_whom_and_being_sure(client: Client, left_out: str) -> None:
    one, other = person(), person()
    given = posted(one, other)
    del given[left_out]
    assert client.post(COMPARE, given).status_code == 422
    assert Contact.objects.count() == 2


def test_what_changed_meanwhile_is_looked_at_again(client: Client) -> None:
    one, other = person(), person()
    given = posted(one, other)
    Contact.objects.filter(pk=other.pk).update(updated_at=NOW + timedelta(seconds=1))
    assert client.post(COMPARE, given).status_code == 409
    assert Contact.objects.count() == 2


@pytest.mark.parametrize(
    "query", ["id=x", "id=99999999999999999999", "id=1%00", "id=-1", "id=" + "&id=".join(map(str, range(60)))]
)
def test_nonsense_is_nobody(client: Client, query: str) -> None:
    assert client.get(f"{COMPARE}?{query}").status_code in (404, 422)


def test_the_other_contact_is_found_by_id_or_address(client: Client) -> None:
    one, other = person(email="a@x.pl"), person(email="b@x.pl")
    for typed in (f"#{other.pk}", str(other.pk), " B@x.pl "):
        assert client.get(COMPARE, {"id": one.pk, "other": typed})["Location"] == address(one, other)
    for typed in ("a@x.pl", "zzz", "z@x.pl", "9" * 30, "\x00"):
        assert client.get(COMPARE, {"id": one.pk, "other": typed}).status_code == 422
    assert client.get(COMPARE).status_code == 200


def test_those_selected_are_compared_unless_they_are_too_many(client: Client, marketer: Any) -> None:
    people = [person() for _ in range(6)]
    change_selection(marketer, add=[each.pk for each in people[:2]], now=NOW)
    assert client.get(f"{COMPARE}?selected=yes").context["people"] == people[:2]
    change_selection(marketer, add=[each.pk for each in people], now=NOW)
    assert client.get(f"{COMPARE}?selected=yes").status_code == 422
