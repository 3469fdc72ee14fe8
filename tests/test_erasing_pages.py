"""Erasing from a page and from the command line, the page of proofs, and a person entered again."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now as clock

from contacts.erasing import journal
from contacts.erasing.models import Cleaning, Erasure
from contacts.erasing.services import erase_contact
from contacts.models import Contact, ContactConsent, HistoryEntry
from tests import factories
from tests.support.audiences import ready_segment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    settings.ERASURE_JOURNAL = tmp_path / "erasures"


@pytest.fixture
def client(client_for: Callable, owner: Any) -> Client:
    return client_for(owner)


# --- from the page of a contact ----------------------------------------------------------------------------------
def test_erasing_from_the_page_leaves_a_proof_with_its_reason(client: Client, owner: Any) -> None:
    contact = factories.contact()
    asked = client.get(f"/contacts/{contact.pk}/delete/").content.decode()
    assert 'name="reason"' in asked
    done = client.post(f"/contacts/{contact.pk}/delete/", {"sure": "yes", "reason": "mistake"}, follow=True)
    proof = Erasure.objects.get()
    assert (proof.reason, proof.by) == ("mistake", str(owner))
    assert proof.short in done.content.decode()
    assert Cleaning.objects.get().active


@pytest.mark.parametrize("posted", [{}, {"sure": "yes", "reason": "because"}, {"sure": "yes", "reason": "\x00"}])
def test_without_being_sure_or_for_no_reason_nobody_is_erased(client: Client, posted: dict[str, str]) -> None:
    contact = factories.contact()
    assert client.post(f"/contacts/{contact.pk}/delete/", posted).status_code == 422
    assert not Erasure.objects.exists()


# --- the proofs --------------------------------------------------------------------------------------------------
def test_the_page_of_erasures_is_for_administrators(client_for: Callable, make_user: Callable) -> None:
    for role in ("marketer", "analyst"):
        client = client_for(make_user(role, email=f"{role}@x.pl"))
        assert client.get("/erasures/").status_code == client.post("/erasures/", {"name": "a"}).status_code == 403


def test_the_page_lists_proofs_and_says_whether_somebody_was_erased(client: Client) -> None:
    assert "empty" in client.get("/erasures/").content.decode()
    ala = factories.contact(email="ala@x.pl", phone="+48600100200", external_id="12")
    factories.visit(ala)
    erase_contact(ala, now=clock(), by="Ola")
    erase_contact(factories.contact(), now=clock(), by="Ola")
    shown = client.get("/erasures/")
    assert len(shown.context["lines"]) == 2
    assert "ala@x.pl" not in shown.content.decode()
    for name in (" ALA@x.pl", "+48 600-100-200", "12"):
        assert [proof.counts for proof, _things in client.post("/erasures/", {"name": name}).context["lines"]] == [
            {"visit": 1}
        ]
    nobody = client.post("/erasures/", {"name": "ola@x.pl"})
    assert (nobody.status_code, nobody.context["lines"]) == (200, [])


@pytest.mark.parametrize("name", ["", "  ", "\x00", "x" * 400, "a\ud800"])
def test_a_name_that_is_none_is_told(client: Client, name: str) -> None:
    assert client.post("/erasures/", {"name": name.encode("utf-8", "replace")}).status_code in (200, 422)
    if name in ("", "  ", "x" * 400):
        assert client.post("/erasures/", {"name": name}).status_code == 422
    assert client.get("/erasures/?page=999999999999999999999&page=x").status_code == 200


def test_the_page_takes_as_many_queries_for_any_number(client: Client, django_assert_max_num_queries: Any) -> None:
    for _number in range(7):
        erase_contact(factories.contact(), now=clock(), by="Ola")
    with django_assert_max_num_queries(16):
        client.get("/erasures/")


def test_a_database_that_was_put_back_is_told_on_the_page(client: Client) -> None:
    erase_contact(factories.contact(), now=clock(), by="Ola")
    journal.write_down(Erasure.objects.all())
    assert client.get("/erasures/").context["left"] == 0
    Erasure.objects.all().delete()
    assert client.get("/erasures/").context["left"] == 1


# --- entered again -----------------------------------------------------------------------------------------------
def test_the_form_refuses_an_erased_person_until_they_have_agreed_again(client: Client) -> None:
    newsletter = factories.consent()
    erase_contact(factories.contact(email="ala@x.pl"), now=clock() - timedelta(days=1), by="Ola")
    typed = {"email": "ala@x.pl", "status": "subscribed", "lead_score": "0"}
    refused = client.post("/contacts/new/", typed)
    assert refused.status_code == 422
    assert "agreed_again" in refused.content.decode()
    half = {**typed, "agreed_asked": "yes", "agreed_source": "the till"}
    assert client.post("/contacts/new/", half).status_code == 422
    assert not Contact.objects.exists()
    whole = {**half, "agreed_again": "on", "agreed_consent": newsletter.pk}
    assert client.post("/contacts/new/", whole).status_code == 302
    answer = ContactConsent.objects.get()
    assert (answer.contact.email, answer.state, answer.source) == ("ala@x.pl", "given", "the till")


# --- what stands beside a list that lost somebody -----------------------------------------------------------------
def test_the_list_of_a_calculation_says_how_many_were_erased(client: Client) -> None:
    people = [factories.contact() for _ in range(3)]
    segment = ready_segment([each.pk for each in people], at=clock())
    erase_contact(people[0], now=clock() + timedelta(minutes=5), by="Ola")
    from jobs.services import run

    run("cleaning", Cleaning.objects.get().pk, now=clock())
    listed = client.get(f"/contacts/?calculation={segment.latest_id}").content.decode()
    assert "3 contacts in the calculation" in listed
    assert "1 of them has been deleted since." in listed
    step = client.get(f"/segments/{segment.pk}/history/{segment.latest_id}/")
    assert step.context["erased"] == 1


# --- the command line --------------------------------------------------------------------------------------------
def test_a_file_of_people_is_erased_in_one_go(account: Any, tmp_path: Path) -> None:
    people = [factories.contact(email=f"p{n}@x.pl", external_id=f"X{n}") for n in range(4)]
    file = tmp_path / "people.txt"
    file.write_text(f"\ufeffP0@x.pl\n\n{people[1].pk}\nexternal:X2\nnobody@x.pl\np0@x.pl\n", encoding="utf-8")
    given = {"account": "acme", "file": str(file), "stdout": io.StringIO(), "stderr": (told := io.StringIO())}
    with pytest.raises(CommandError, match="These are 3"):
        call_command("erase", confirm=4, **given)
    call_command("erase", confirm=3, **given)
    assert list(Contact.objects.values_list("email", flat=True)) == ["p3@x.pl"]
    assert Erasure.objects.filter(completed_at__isnull=False, by="command line").count() == 3
    assert "nobody: nobody@x.pl" in told.getvalue()


def test_erase_replays_what_a_restore_brought_back(account: Any) -> None:
    ala = factories.contact(email="a@x.pl", now=clock() - timedelta(days=2))
    pk, made = ala.pk, ala.created_at
    call_command("erase", account="acme", contact=[str(pk)], confirm=1, stdout=io.StringIO())
    Erasure.objects.all().delete()
    Contact.objects.create(pk=pk, email="a@x.pl", created_at=made, updated_at=made)
    said = io.StringIO()
    call_command("erase", replay=True, account="acme", stdout=said)
    assert "1 proofs put back, 1 contacts erased again" in said.getvalue()
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "given", [{"account": "nobody"}, {"account": "acme"}, {"account": "acme", "contact": ["7"]}, {}]
)
def test_erasing_nobody_is_told(account: Any, given: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        call_command("erase", confirm=1, stderr=io.StringIO(), **given)


def test_an_archive_is_handed_over_by_command(account: Any, tmp_path: Path) -> None:
    ala = factories.contact(email="a@x.pl")
    factories.visit(ala)
    ready_segment([ala.pk], at=clock(), name="Best")
    file = tmp_path / "ala.zip"
    call_command("handover", str(file), account="acme", contact="A@x.pl", stdout=io.StringIO())
    with zipfile.ZipFile(file) as packed:
        told = json.loads(packed.read("contact.json"))
        assert {f"{name}.csv" for name in told} | {"contact.json"} == set(packed.namelist())
    assert len(told["visits"]) == 1
    assert [row["segment"] for row in told["segments"]] == ["Best"]
    assert HistoryEntry.objects.get().by == "command line"
    with pytest.raises(CommandError):
        call_command("handover", str(file), account="acme", contact="a@x.pl")
