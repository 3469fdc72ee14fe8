"""After a contact is erased no table says what it was called, nor what stood there before an action."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection
from pyroaring import BitMap

from actions import services as actions
from actions.models import PickedContacts
from contacts.label_writes import rows_before
from contacts.merging import merge_contacts
from contacts.models import Contact, LabelWrite, SavedView
from contacts.services import create_contact, delete_contact
from jobs.services import run as run_job
from segmentation.contact_queries import keep_query
from tags.models import ContactCategory, ContactTag
from tests import factories
from tests.factories import NOW
from tests.support.audiences import ready_segment
from users.models import User

pytestmark = pytest.mark.django_db

HERS = {
    "email": "hania.zbyt@x.pl",
    "phone": "+48601777888",
    "external_id": "KX-77-1",
    "first_name": "Haniazbyt",
    "last_name": "Odrebska",
}
FORMER = {"email": "dawna.zbyt@x.pl", "external_id": "KX-77-0"}


def every_text() -> Iterator[tuple[str, str]]:
    """Each text and JSON value of the account's tables, with where it stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
            "USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' "
            "AND data_type IN ('text', 'character varying', 'jsonb', 'json')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            for (value,) in cursor.fetchall():
                yield f"{table}.{column}", value


def said_anywhere() -> set[str]:
    """Where one of her names stands, in whatever spelling an address or JSON has."""
    names = [*HERS.values(), *FORMER.values(), "601777888", "hania.zbyt", "dawna.zbyt"]
    return {where for where, value in every_text() if any(name.lower() in value.lower() for name in names)}


def picked(words: list[str], query: str) -> PickedContacts:
    return PickedContacts.objects.create(
        members=BitMap([1]).serialize(), count=1, words=words, query=query, taken_at=NOW, question=uuid4()
    )


def act(people: list[int], kind: str, **params: Any) -> None:
    segment = ready_segment(people, at=NOW, name=f"{kind} {params}")
    action = actions.plan_action(segment, kind=kind, params=params, now=NOW, by=None)
    run_job("action", action.runs.get().pk, now=NOW)


@pytest.fixture
def her() -> Contact:
    """With another merged into her, so that she has former names."""
    made, former = (create_contact(fields=fields, now=NOW, by="x") for fields in (HERS, FORMER))
    chosen = dict.fromkeys(HERS, made.pk)
    return merge_contacts([made.pk, former.pk], into=made.pk, chosen=chosen, now=NOW, by="Ala")


SEARCHES = ["hania.zbyt@x.pl", "HANIA.Zbyt@x.pl", "+48 601 777-888", "0048601777888", "KX-77-1", "dawna.zbyt@x.pl"]


def test_no_table_says_what_an_erased_contact_was_called(her: Contact, marketer: User, client_for: Any) -> None:
    for number, search in enumerate(SEARCHES):
        query = urlencode({"q": search, "status": "subscribed"})
        picked([f"Search: “{search}”"], f"?{query}")
        SavedView.objects.create(name=f"{number}", owner=marketer, query=query, created_at=NOW, changed_at=NOW)
    condition = {"kind": "field", "field": "email", "op": "equals", "value": "Hania.zbyt@x.pl"}
    kept = keep_query({"kind": "group", "op": "and", "items": [condition]}, now=NOW, by=marketer)
    picked(["E-mail is “hania.zbyt@x.pl”"], f"?advanced={kept.key}")
    told = {"actions_pickedcontacts.words", "actions_pickedcontacts.query", "contacts_savedview.query"}
    assert told | {"segmentation_contactquery.criteria"} <= said_anywhere()
    delete_contact(her)
    assert said_anywhere() == set()
    kept.refresh_from_db()
    assert kept.criteria["items"][0] == condition | {"value": "…"}
    view = SavedView.objects.order_by("name")[0]
    assert (view.query, view.revision) == (urlencode({"q": "…", "status": "subscribed"}), 2)
    factories.contact()
    page = client_for(marketer).get(f"/contacts/?{view.query}")
    assert (page.status_code, page.context["total"]) == (200, 0)


def test_what_others_are_called_stays(her: Contact, marketer: User) -> None:
    others = ["KX-77", "maria.hania.zbyt@x.pl", "hania.zbyt@x.pl.com", "486017778889", "KX-77-1-2", "hania"]
    rows = [picked([f"Search: “{search}”"], f"?{urlencode({'q': search})}") for search in others]
    # An external id may be any number: only a search for it is a search for her.
    score = picked(["Source: KX-77-1"], "?source=KX-77-1")
    before = [(row.words, row.query) for row in (*rows, score)]
    delete_contact(her)
    for row in (*rows, score):
        row.refresh_from_db()
    assert [(row.words, row.query) for row in (*rows, score)] == before


def test_what_stood_there_before_actions_is_forgotten_of_the_erased_alone() -> None:
    her, was, other = (factories.contact() for _ in range(3))
    newsletter, media, vip = factories.consent(), factories.category("media"), factories.tag("VIP")
    for person in (her, was, other):
        factories.answer(person, newsletter, source="a letter")
        ContactTag.objects.create(contact=person, tag=vip, assigned_at=NOW)
        ContactCategory.objects.create(contact=person, category=media, assigned_at=NOW)
    people = [her.pk, was.pk, other.pk]
    act(people, "remove_consent", consent=newsletter.pk, name="Newsletter", source="a call")
    act(people, "remove_tag", tag=vip.pk, name="VIP")
    act(people, "remove_category", category=media.pk, name="Media", below=False)
    merge_contacts([her.pk, was.pk], into=her.pk, chosen={}, now=NOW, by="Ala")

    def told() -> list[set[int]]:
        return [{row["contact_id"] for row in json.loads(rows)} for rows in rows_before(LabelWrite.objects.all())]

    assert told() == [set(people)] * 3
    delete_contact(Contact.objects.get(pk=her.pk))
    assert told() == [{other.pk}] * 3
