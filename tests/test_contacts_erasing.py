"""Erasing a contact: nothing of it lives on, under no name that it ever had."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils.timezone import now as clock

from actions import services as actions
from contacts.merging import merge_contacts
from contacts.models import AliasKind, Contact, ContactAlias
from contacts.services import GoneError, delete_contact, update_contact
from exports.models import ExportFile
from jobs.services import run as run_job
from tests import factories
from tests.factories import NOW
from tests.support.audiences import ready_segment
from tests.test_activities_races import elsewhere

SURE = {"sure": "yes", "copies": "yes"}


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(client_for: Any, marketer: Any) -> Client:
    return client_for(marketer)


def merge(kept: Contact, other: Contact, **chosen: int) -> Contact:
    return merge_contacts([kept.pk, other.pk], into=kept.pk, chosen=chosen, now=NOW, by="Ala")


# --- merged in the same moment ---------------------------------------------------------------------------------
def test_who_is_merged_while_they_are_erased_is_asked_about_again(
    committed: None, account: Any, client_for: Callable, make_user: Callable
) -> None:
    kept, other = factories.contact(first_name="Kept"), factories.contact()
    client = client_for(make_user("marketer", email="m@x.pl"))
    answers: list[Any] = []
    with transaction.atomic():
        merge(kept, other)
        thread = elsewhere(account, lambda: answers.append(client.post(f"/contacts/{other.pk}/delete/", SURE)))
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    told = answers[0].content.decode()
    assert answers[0].status_code == 409
    assert f"#{other.pk} was merged into" in told
    assert f'action="/contacts/{kept.pk}/delete/"' in told
    assert Contact.objects.filter(pk=kept.pk).exists()


def test_erasing_one_that_is_no_more_is_said(committed: None, account: Any) -> None:
    kept, other = factories.contact(), factories.contact()
    failed: list[BaseException] = []
    with transaction.atomic():
        merge(kept, other)
        thread = elsewhere(account, partial(delete_contact, other), failed)
        thread.join(0.5)
        assert thread.is_alive(), "it waits"
    thread.join(60)
    assert [type(each) for each in failed] == [GoneError]


@pytest.mark.django_db
def test_the_question_of_one_who_was_merged_is_about_the_contact_it_is_now(client: Client) -> None:
    kept, other = factories.contact(), factories.contact()
    merge(kept, other)
    asked = client.get(f"/contacts/{other.pk}/delete/")
    assert asked.status_code == 200
    assert f'action="/contacts/{kept.pk}/delete/"' in asked.content.decode()
    assert client.post(f"/contacts/{other.pk}/delete/", SURE).status_code == 409
    assert client.post(f"/contacts/{kept.pk}/delete/", SURE)["Location"] == "/contacts/"
    assert not Contact.objects.exists()
    assert client.get(f"/contacts/{other.pk}/delete/").status_code == 404


# --- files -----------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_files_written_before_a_merge_are_named_and_removed_too(client: Client) -> None:
    kept, other, stranger = (factories.contact() for _ in range(3))
    for name, person in (("Theirs", other), ("Else's", stranger)):
        segment = ready_segment([person.pk], at=clock(), name=name)
        params = {"columns": ["id", "email"], "separator": "comma", "bom": True}
        action = actions.plan_action(segment, kind="export", params=params, now=clock(), by=None)
        run_job("action", action.runs.get().pk, now=clock())
    merge(kept, other)
    copies = client.get(f"/contacts/{kept.pk}/delete/").context["copies"]
    assert [use.title for use in copies] == [ExportFile.objects.get(segment__name="Theirs").name]
    client.post(f"/contacts/{kept.pk}/delete/", SURE)
    assert [file.segment.name for file in ExportFile.objects.select_related("segment")] == ["Else's"]


# --- names borne again -----------------------------------------------------------------------------------------
def former() -> set[tuple[str, str]]:
    rows = ContactAlias.objects.exclude(kind=AliasKind.ID)
    return {(row.kind, row.value) for row in rows}


@pytest.mark.django_db
def test_a_former_name_that_a_merge_gives_back_leads_nowhere_else() -> None:
    kept, other = factories.contact(email="a@x.pl", external_id="A"), factories.contact(email="b@x.pl")
    merge(kept, other, email=other.pk)
    assert former() == {("email", "a@x.pl")}
    Contact.objects.filter(pk=kept.pk).update(email="c@x.pl")
    third = factories.contact(email="a@x.pl", external_id="C")
    merge(kept, third, email=third.pk, external_id=third.pk)
    assert former() == {("email", "c@x.pl"), ("external_id", "A")}


@pytest.mark.django_db
def test_a_former_name_that_is_typed_again_is_no_former_one() -> None:
    kept, other = factories.contact(email="a@x.pl"), factories.contact(email="b@x.pl", external_id="B")
    merge(kept, other, email=kept.pk, external_id=kept.pk)
    update_contact(kept, fields={"email": "b@x.pl"}, now=NOW, by="Ala")
    assert ("email", "b@x.pl") not in former()
    assert ("id", str(other.pk)) in {(row.kind, row.value) for row in ContactAlias.objects.all()}
