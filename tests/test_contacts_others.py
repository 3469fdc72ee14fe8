"""Contacts said not to be duplicates: listed, brought back, undone at once."""

import re

import pytest

from contacts.duplicates import look_again
from contacts.models import NotDuplicate
from tests import factories
from tests.factories import NOW
from tests.support.people import make_user

LIST, OTHERS = "/contacts/duplicates/", "/contacts/duplicates/others/"
BACK = f"{OTHERS}bring-back/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    look_again()
    return client_for(marketer)


def two(phone="600100200"):
    return [factories.contact(phone=phone), factories.contact(phone=phone)]


def test_what_was_said_can_be_undone_from_the_list_it_leads_to(client):
    ids = [person.pk for person in two()]
    said = client.post(f"{LIST}dismiss/", {"id": ids}, follow=True)
    text = said.content.decode()
    assert said.context["groups"] == []
    note = re.findall(r'<form[^>]*id="said".*?</form>', text, re.DOTALL)[0]
    assert BACK in note
    sent = [int(pk) for pk in re.findall(r'name="id" value="(\d+)"', note)]
    assert sorted(sent) == ids
    assert len(client.post(BACK, {"id": sent}, follow=True).context["groups"]) == 1
    assert 'id="said"' not in client.get(f"{LIST}?apart={ids[0]}&apart={ids[1]}").content.decode()


def test_pairs_said_to_be_others_are_listed_and_brought_back(client, marketer):
    ids = [person.pk for person in two()]
    assert client.get(OTHERS).context["lines"] == []
    client.post(f"{LIST}dismiss/", {"id": ids})
    [(pair, people)] = client.get(OTHERS).context["lines"]
    assert (pair.by, [person.pk for person in people]) == (str(marketer), ids)
    assert client.post(BACK, {"id": ids, "list": "yes"})["Location"] == OTHERS
    assert not NotDuplicate.objects.exists()


def test_of_several_only_those_named_are_brought_back(client):
    one, other, third = (factories.contact(phone="600100200") for _ in range(3))
    client.post(f"{LIST}dismiss/", {"id": [one.pk, other.pk, third.pk]})
    client.post(BACK, {"id": [one.pk, third.pk]})
    assert set(NotDuplicate.objects.values_list("first_id", "second_id")) == {(one.pk, other.pk), (other.pk, third.pk)}


def test_who_sees_some_contacts_is_told_of_those_alone(client_for):
    mine, outside = two()
    NotDuplicate.objects.create(first=mine, second=outside, at=NOW, by="Olga")
    ewa = make_user(name="Ewa")
    factories.permission_group("Media", users=[ewa], categories=[factories.category("media", mine)])
    narrow = client_for(ewa)
    assert narrow.get(OTHERS).context["lines"] == []
    assert narrow.get(LIST).context["apart"] == 0
    assert 'id="said"' not in narrow.get(f"{LIST}?apart={mine.pk}&apart={outside.pk}").content.decode()
    assert narrow.post(BACK, {"id": [mine.pk, outside.pk]}).status_code == 404
    assert NotDuplicate.objects.exists()


def test_an_analyst_reads_and_brings_nobody_back(client_for, analyst):
    one, other = two()
    NotDuplicate.objects.create(first=one, second=other, at=NOW)
    reader = client_for(analyst)
    assert BACK not in reader.get(OTHERS).content.decode()
    assert reader.post(BACK, {"id": [one.pk, other.pk]}).status_code == 403


@pytest.mark.parametrize("ids", [[], ["9" * 40], ["x"], ["1\x00"], ["999999", "999998"]])
def test_nobody_is_brought_back_by_ids_of_nobody(client, ids):
    assert client.post(BACK, {"id": ids}).status_code == 404
    assert client.get(LIST, {"apart": ids}).status_code == 200
