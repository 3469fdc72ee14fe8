"""Details changed where they stand, the parts of the history, the archive of a contact's data, erasing."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Attribute, Contact, ContactConsent, HistoryEntry
from contacts.services import create_contact, set_consent, update_contact
from exports.models import ExportFile
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


def here(contact: Contact, name: str) -> str:
    return f"/contacts/{contact.pk}/fields/{name}/"


def posted(contact: Contact, **values: Any) -> dict[str, Any]:
    return {"seen": contact.updated_at.isoformat(), **values}


# --- details ---------------------------------------------------------------------------------------------------
def test_a_field_is_changed_where_it_stands_and_the_page_follows(client: Client) -> None:
    contact = factories.contact(first_name="Ala", last_name="Nowak")
    form = client.get(here(contact, "first_name"), headers=HTMX).content.decode()
    assert 'value="Ala"' in form
    assert "<html" not in form
    saved = client.post(here(contact, "first_name"), posted(contact, first_name=" Ola "), headers=HTMX)
    text = saved.content.decode()
    assert saved.status_code == 200
    assert 'id="contact-name" hx-swap-oob="true">Ola Nowak<' in text
    assert "Details changed" in text
    contact.refresh_from_db()
    assert contact.first_name == "Ola"
    assert HistoryEntry.objects.get().detail == {"fields": {"first_name": ["Ala", "Ola"]}}


def test_an_attribute_is_changed_and_cleared_alone(client: Client) -> None:
    factories.attribute("size", "number")
    factories.attribute("city")
    contact = factories.contact(attributes={"size": 4, "city": "Łódź"})
    typed = {"attribute-size": "5,5".replace(",", "."), "attribute-city": "not asked about"}
    assert client.post(here(contact, "attributes.size"), posted(contact, **typed), headers=HTMX).status_code == 200
    contact.refresh_from_db()
    assert contact.attributes == {"size": 5.5, "city": "Łódź"}
    cleared = posted(contact, **{"attribute-size": ""})
    assert client.post(here(contact, "attributes.size"), cleared, headers=HTMX).status_code == 200
    contact.refresh_from_db()
    assert contact.attributes == {"city": "Łódź"}


def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays(client: Client) -> None:
    contact = factories.contact(email="a@x.pl")
    factories.contact(email="b@x.pl")
    for typed in ("nonsense", "b@x.pl", "a\x00b"):
        answer = client.post(here(contact, "email"), posted(contact, email=typed), headers=HTMX)
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.content.decode()
    page = client.post(here(contact, "email"), posted(contact, email="nonsense"))
    assert page.status_code == 422
    assert "<html" in page.content.decode()
    contact.refresh_from_db()
    assert contact.email == "a@x.pl"


def test_nothing_is_written_over_what_somebody_else_changed_until_it_was_seen(client: Client) -> None:
    contact = factories.contact(first_name="Ala")
    stale = posted(contact, first_name="Mine")
    update_contact(contact, fields={"first_name": "Theirs"}, now=NOW + timedelta(minutes=1), by="x")
    answer = client.post(here(contact, "first_name"), stale, headers=HTMX)
    assert answer.status_code == 422
    assert "Theirs" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    contact.refresh_from_db()
    assert contact.first_name == "Theirs"
    assert client.post(here(contact, "first_name"), posted(contact, first_name="Mine"), headers=HTMX).status_code == 200


def test_without_scripts_the_pencil_leads_to_the_whole_form_and_saving_back_to_the_page(client: Client) -> None:
    contact = factories.contact()
    assert client.get(here(contact, "phone"))["Location"] == f"/contacts/{contact.pk}/edit/#id_phone"
    saved = client.post(here(contact, "phone"), posted(contact, phone="600 100 200"))
    assert saved["Location"] == f"/contacts/{contact.pk}/"


@pytest.mark.parametrize("name", ["attributes.none", "none", "id", "created_at", "seen", "attributes."])
def test_there_is_no_such_field(client: Client, name: str) -> None:
    contact = factories.contact()
    assert client.get(here(contact, name), headers=HTMX).status_code == 404
    assert client.post(here(contact, name), posted(contact, **{name: "1"}), headers=HTMX).status_code == 404


def test_a_retired_attribute_is_shown_and_not_changed(client: Client) -> None:
    attribute = factories.attribute("size", "number")
    with_value, without = factories.contact(attributes={"size": 4}), factories.contact()
    Attribute.objects.filter(pk=attribute.pk).update(retired_at=NOW)
    assert "retired" in client.get(f"/contacts/{with_value.pk}/").content.decode()
    assert "detail-attributes-size" not in client.get(f"/contacts/{without.pk}/").content.decode()
    assert client.get(here(with_value, "attributes.size"), headers=HTMX).status_code == 404


def test_an_analyst_has_no_pencil_and_changes_nothing(client_for: Callable, analyst: Any) -> None:
    contact = factories.contact(first_name="Ala")
    client = client_for(analyst)
    assert "/fields/" not in client.get(f"/contacts/{contact.pk}/").content.decode()
    assert client.get(here(contact, "first_name"), headers=HTMX).status_code == 403
    assert client.post(here(contact, "first_name"), posted(contact, first_name="x")).status_code == 403


@pytest.mark.parametrize("part", ["fields/first_name/", "data/", "delete/", "edit/"])
def test_a_contact_out_of_sight_is_not_there(client_for: Callable, make_user: Callable, part: str) -> None:
    outside = factories.contact()
    user = make_user("marketer", email="r@x.pl")
    factories.permission_group("G", users=[user], categories=[factories.category("media")])
    client = client_for(user)
    for method in (client.get, client.post):
        assert method(f"/contacts/{outside.pk}/{part}", headers=HTMX).status_code == 404


def test_the_page_costs_the_same_queries_whatever_the_contact_has(client: Client) -> None:
    def queries(contact: Contact) -> int:
        with CaptureQueriesContext(connection) as made:
            client.get(f"/contacts/{contact.pk}/")
        return len(made)

    quiet, busy = factories.contact(), factories.contact()
    for n in range(12):
        factories.attribute(f"a{n}")
        factories.tag(f"T{n}", busy)
        factories.category(f"c{n}", busy)
        factories.answer(busy, factories.consent(f"k{n}"))
        factories.order(busy, total=n)
    queries(quiet)
    assert queries(busy) <= queries(quiet) + 3  # the newest order's lines, what engagement was found by


# --- consents --------------------------------------------------------------------------------------------------
def test_an_answer_changes_the_card_and_the_history_beside_it(client: Client) -> None:
    contact, consent = factories.contact(), factories.consent()
    address = f"/contacts/{contact.pk}/consents/{consent.pk}/"
    answer = client.post(address, {"state": "given", "source": "a call"}, headers=HTMX)
    text = answer.content.decode()
    assert "<html" not in text
    assert 'id="history" hx-swap-oob="innerHTML"' in text
    assert "a call" in text
    refused = client.post(address, {"state": "withdrawn", "source": ""}, headers=HTMX)
    assert refused.status_code == 422
    assert "<html" not in refused.content.decode()
    assert ContactConsent.objects.get().state == "given"


# --- history ---------------------------------------------------------------------------------------------------
def test_the_history_is_narrowed_to_a_part_of_it(client: Client) -> None:
    contact = create_contact(fields={"email": "a@x.pl"}, now=NOW, by="Ala")
    set_consent(contact, factories.consent(), "given", now=NOW, source="form", by="Ala")
    page = client.get(f"/contacts/{contact.pk}/?history=consents")
    assert [line.sentence.split()[0] for line in page.context["lines"]] == ["Consent"]
    assert [part["count"] for part in page.context["parts"]] == [2, 1, 0, 1]
    assert client.get(f"/contacts/{contact.pk}/?history=labels").context["lines"] == []


@pytest.mark.parametrize("asked", ["x", "\x00", "'"])
def test_what_the_history_does_not_have_shows_nothing_and_says_so(client: Client, asked: str) -> None:
    contact = create_contact(fields={"email": "a@x.pl"}, now=NOW, by="Ala")
    page = client.get(f"/contacts/{contact.pk}/", {"history": asked}, headers=HTMX)
    assert page.status_code == 422
    assert "alert" in page.content.decode()
    assert client.get(f"/contacts/{contact.pk}/", {"history": asked}).status_code == 200


# --- the archive -----------------------------------------------------------------------------------------------
def unpacked(answer: Any) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_the_archive_holds_everything_as_json_and_a_table_for_each_kind(client: Client, marketer: Any) -> None:
    factories.attribute("city")
    contact = factories.contact(email="a@x.pl", first_name="=cmd()", attributes={"city": "Łódź"})
    factories.tag("VIP", contact)
    factories.category("klient/media", contact)
    factories.answer(contact, factories.consent())
    factories.activity(contact, "page_view", url="/cennik")
    factories.visit(contact, utm_source="x")
    factories.order(contact, lines=[{"product": "P1", "amount": "10.50"}], external_id="Z/1")
    somebody = factories.contact(email="b@x.pl")
    factories.order(somebody, total=99)
    answer = client.post(f"/contacts/{contact.pk}/data/")
    assert f"contact-{contact.pk}.zip" in answer["Content-Disposition"]
    packed = unpacked(answer)
    everything = json.loads(packed.read("contact.json"))
    fields = {row["field"]: row["value"] for row in everything["contact"]}
    assert (fields["email"], fields["attributes.city"], fields["id"]) == ("a@x.pl", "Łódź", contact.pk)
    assert [row["tag"] for row in everything["tags"]] == ["VIP"]
    assert [row["category"] for row in everything["categories"]] == ["Klient / Media"]
    assert [row["state"] for row in everything["consents"]] == ["given"]
    assert [row["params"] for row in everything["activities"]] == [{"url": "/cennik"}]
    assert [row["utm_source"] for row in everything["visits"]] == ["x"]
    assert [(row["external_id"], row["total"]) for row in everything["orders"]] == [("Z/1", "10.5")]
    assert [row["product"] for row in everything["order_lines"]] == ["P1"]
    assert "b@x.pl" not in packed.read("contact.json").decode()
    rows = list(csv.reader(io.StringIO(packed.read("contact.csv").decode("utf-8-sig"))))
    assert ["first_name", "'=cmd()"] in rows
    assert {name.removesuffix(".csv") for name in packed.namelist()} == {*everything, "contact.json"}
    entry = HistoryEntry.objects.get(contact=contact)
    assert (entry.kind, entry.by, entry.user) == ("handed_over", str(marketer), marketer)


def test_asking_for_the_archive_writes_nothing_and_an_analyst_gets_none(client_for: Callable, analyst: Any) -> None:
    contact = factories.contact()
    assert client_for(analyst).post(f"/contacts/{contact.pk}/data/").status_code == 403
    assert client_for(analyst).get(f"/contacts/{contact.pk}/data/").status_code == 403
    assert not HistoryEntry.objects.exists()


# --- erasing ---------------------------------------------------------------------------------------------------
def exported(*members: Contact, by: Any) -> ExportFile:
    from pyroaring import BitMap

    from exports.models import ListExport
    from segmentation.models import Calculation

    segment = factories.segment()
    done = Calculation.objects.create(
        segment=segment,
        version=segment.version,
        reason="first",
        state="done",
        requested_at=NOW,
        finished_at=NOW,
        as_of=NOW,
        members=BitMap([each.pk for each in members]).serialize(),
        joined=BitMap().serialize(),
        left=BitMap().serialize(),
        count=len(members),
        joined_count=0,
        left_count=0,
    )
    made = ListExport.objects.create(calculation=done, params={}, requested_at=NOW, state="done")
    return ExportFile.objects.create(
        list_export=made, segment=segment, calculation=done, name="a.csv", stored_as=f"exports/{segment.pk}.csv",
        columns=[], rows=len(members), size=1, created_at=NOW, expires_at=NOW + timedelta(days=3650), created_by=by,
    )  # fmt: skip


def test_files_that_hold_the_contact_are_told_and_removed_with_it(client: Client, marketer: Any) -> None:
    contact, other, third = (factories.contact() for _ in range(3))
    mine, others = exported(contact, other, by=marketer), exported(other, third, by=marketer)
    shown = client.get(f"/contacts/{contact.pk}/delete/")
    assert [copy.title for copy in shown.context["copies"]] == ["a.csv"]
    client.post(f"/contacts/{contact.pk}/delete/", {"sure": "yes"})
    assert list(ExportFile.objects.values_list("pk", flat=True)) == [others.pk]
    client.post(f"/contacts/{third.pk}/delete/", {"sure": "yes"})
    assert not ExportFile.objects.filter(pk__in=[mine.pk, others.pk]).exists()


def test_what_led_to_an_erased_contact_leads_nowhere(client: Client) -> None:
    from contacts.merging import merge_contacts

    kept, other = factories.contact(), factories.contact()
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={}, now=NOW, by="x")
    assert client.get(f"/contacts/{other.pk}/").status_code == 302
    client.post(f"/contacts/{kept.pk}/delete/", {"sure": "yes"})
    assert client.get(f"/contacts/{other.pk}/").status_code == 404
