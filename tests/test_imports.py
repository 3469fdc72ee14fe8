"""Imports of contacts: what becomes of rows, labels and answers; and that COPY writes what the services would."""

from datetime import date, timedelta

import pytest
from pyroaring import BitMap

from contacts.erasing.services import erase_contact
from contacts.merging import merge_contacts
from contacts.models import Contact, ContactConsent, HistoryEntry
from contacts.services import create_consent, create_contact, set_consent
from imports.models import Import, Outcome, set_of
from imports.plans import Plan, problems_of
from imports.reading import Reading
from imports.rows.fresh import FreshContacts
from imports.running import advance, plan_of, prepare
from imports.services import NotReadyError
from tags.models import ContactCategory, ContactTag
from tests import factories
from tests.factories import NOW
from tests.support.importing import begun, carried_out, counts, csv_of, imported, workbook_of

LATER = NOW + timedelta(hours=1)
PEOPLE = csv_of(
    "e-mail;imię;telefon;city;punkty;status",
    "ANNA@example.com;Anna;+48 600 700 800;Łódź;7;subskrybuje",
    "ola@example.com;Ola;;;;",
)


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path, account):
    settings.MEDIA_ROOT = str(tmp_path)
    factories.attribute("city")


def test_rows_become_contacts():
    job = imported(PEOPLE)
    assert (job.state, counts(job)) == ("done", (2, 0, 0, 0, 0))
    anna = Contact.objects.get(email="anna@example.com")
    assert (anna.first_name, anna.phone, anna.lead_score, anna.status) == ("Anna", "+48600700800", 7, "subscribed")
    assert anna.attributes == {"city": "Łódź"}
    assert set_of(job.people) == set_of(job.created) == BitMap(Contact.objects.values_list("pk", flat=True))


def test_rows_of_a_workbook_become_contacts():
    factories.attribute("born", "date")
    rows = (["e-mail", "telefon", "born"], ["a@example.com", 48600700800, date(1980, 2, 1)], [], ["b@example.com"])
    job = imported(workbook_of(*rows))
    assert counts(job) == (2, 0, 0, 0, 0)
    found = Contact.objects.order_by("email").values_list("phone", "attributes")
    assert list(found) == [("48600700800", {"born": "1980-02-01"}), (None, {})]


def test_the_same_file_twice_changes_nothing():
    imported(PEOPLE)
    before = list(Contact.objects.values()), HistoryEntry.objects.count()
    job = imported(PEOPLE, now=LATER)
    assert counts(job) == (0, 0, 2, 0, 0)
    assert (list(Contact.objects.values()), HistoryEntry.objects.count()) == before
    assert (len(set_of(job.people)), len(set_of(job.updated))) == (2, 0)


def test_what_differs_is_updated_and_empty_cells_leave_what_is_there():
    anna = factories.contact(
        email="anna@example.com", first_name="Ania", last_name="Nowak", attributes={"city": "Łódź"}
    )
    job = imported(csv_of("e-mail,first name,last name,city", "anna@example.com,Anna,,"))
    assert counts(job) == (0, 1, 0, 0, 0)
    anna.refresh_from_db()
    assert (anna.first_name, anna.last_name, anna.attributes) == ("Anna", "Nowak", {"city": "Łódź"})


def test_empty_cells_clear_where_that_is_asked_for():
    anna = factories.contact(email="anna@example.com", last_name="Nowak", attributes={"city": "Łódź"})
    imported(csv_of("e-mail,last name,city", "anna@example.com,,"), empty="clear")
    anna.refresh_from_db()
    assert (anna.last_name, anna.attributes) == ("", {})


@pytest.mark.parametrize(("mode", "expected"), [("create", (1, 0, 0, 1, 0)), ("update", (0, 1, 0, 1, 0))])
def test_only_new_ones_or_only_those_there_are(mode, expected):
    factories.contact(email="anna@example.com")
    assert counts(imported(PEOPLE, mode=mode)) == expected


def test_contacts_are_known_by_their_external_id():
    shop = factories.contact(external_id="K-1", email="old@example.com")
    job = imported(csv_of("id klienta,e-mail", "K-1,new@example.com", "K-2,two@example.com"), match="external_id")
    assert counts(job) == (1, 1, 0, 0, 0)
    shop.refresh_from_db()
    assert shop.email == "new@example.com"


def test_wrong_rows_are_left_out_and_say_why():
    factories.attribute("born", "date")
    lines = (
        "no-address,,,", "b@example.com,12,,", "c@example.com,,31.02.1999,", "d@example.com,,,a lot", ",,,",
        ",+48600700800,,", "e@example.com,,,,too many", "f@example.com,,,5",
    )  # fmt: skip
    job = imported(csv_of("e-mail,phone,born,score", *lines))
    assert counts(job) == (1, 0, 0, 0, 6)
    assert (job.row_count, job.reasons["email"], job.reasons["attributes.born"]) == (7, 2, 1)


def test_of_two_rows_about_one_contact_the_later_one_stays():
    job = imported(csv_of("e-mail,first name", "a@example.com,One", "b@example.com,B", "a@example.com,Two"))
    assert counts(job) == (2, 1, 0, 0, 0)
    assert Contact.objects.get(email="a@example.com").first_name == "Two"


def test_numbers_and_dates_are_read_as_the_file_writes_them():
    factories.attribute("born", "date")
    factories.attribute("seen", "datetime")
    factories.attribute("size", "number")
    imported(csv_of(
        "e-mail;born;seen;size", "a@example.com;1.02.1980;21.11.2026 9:30;1 234,5", "b@example.com;1980-02-01;;-2",
    ))  # fmt: skip
    a, b = Contact.objects.order_by("email").values_list("attributes", flat=True)
    assert a == {"born": "1980-02-01", "seen": "2026-11-21T08:30:00+00:00", "size": 1234.5}
    assert b == {"born": "1980-02-01", "size": -2}


def test_labels_are_put_on_everybody_and_on_each(account):
    media, press = factories.category("media"), factories.category("press")
    known = factories.contact(email="anna@example.com", first_name="Anna")
    data = csv_of("e-mail,tags,categories", "anna@example.com,VIP,press", "ola@example.com,,")
    job = imported(data, tags=["FAIR"], categories=[media.pk])
    assert counts(job) == (1, 1, 0, 0, 0)
    tags = set(ContactTag.objects.values_list("contact__email", "tag__name"))
    assert tags == {("anna@example.com", "FAIR"), ("anna@example.com", "VIP"), ("ola@example.com", "FAIR")}
    assert set(ContactCategory.objects.filter(contact=known).values_list("category", flat=True)) == {media.pk, press.pk}
    assert counts(imported(data, tags=["FAIR"], categories=[media.pk], now=LATER)) == (0, 0, 2, 0, 0)


def consent():
    return create_consent(key="news", name_en="News", name_pl="Wieści", channel="email", now=NOW)


def answers():
    return dict(ContactConsent.objects.values_list("contact__email", "state"))


def test_a_consent_given_by_everybody_is_not_given_back_to_who_has_withdrawn_it():
    news, anna = consent(), factories.contact(email="anna@example.com")
    set_consent(anna, news, "withdrawn", now=NOW, source="form", by="Anna")
    job = imported(PEOPLE, consents=["news"], consent_source="Fair", now=LATER)
    assert answers() == {"anna@example.com": "withdrawn", "ola@example.com": "given"}
    assert (job.stayed_withdrawn, job.created_count) == (1, 1)
    assert ContactConsent.objects.get(contact__email="ola@example.com").source == "Fair"


def test_answers_stand_in_columns_and_a_later_one_counts():
    news = consent()
    for name in ("old", "new"):
        set_consent(factories.contact(email=f"{name}@example.com"), news, "withdrawn", now=NOW, source="form", by="x")
    data = csv_of(
        "e-mail,zgoda,when", "old@example.com,tak,2020-01-01 10:00", "new@example.com,tak,2026-11-21 13:30",
        "no@example.com,nie,", "odd@example.com,maybe,",
    )  # fmt: skip
    columns = {1: "consents.news", 2: "consents_at"}
    job = imported(data, columns=columns, consent_source="Paper", now=LATER)
    assert counts(job) == (1, 1, 1, 0, 1)
    assert answers() == {"old@example.com": "withdrawn", "new@example.com": "given", "no@example.com": "withdrawn"}


def test_a_consent_given_again_counts_if_the_file_says_when():
    news = consent()
    for name in ("when", "copy"):
        set_consent(factories.contact(email=f"{name}@example.com"), news, "given", now=NOW, source="form", by="x")
    data = csv_of("e-mail,zgoda,when", "when@example.com,tak,2026-11-21 13:30", "copy@example.com,tak,")
    job = imported(data, columns={1: "consents.news", 2: "consents_at"}, consent_source="Fair", now=LATER)
    assert counts(job) == (0, 1, 1, 0, 0)
    told = dict(ContactConsent.objects.values_list("contact__email", "source"))
    assert told == {"when@example.com": "Fair", "copy@example.com": "form"}


def test_consents_need_a_source():
    consent()
    with pytest.raises(NotReadyError, match="Say where"):
        begun(PEOPLE, consents=["news"])


def test_whoever_was_erased_stays_so():
    consent()
    gone = create_contact(fields={"email": "anna@example.com"}, now=NOW, by="x")
    erase_contact(gone, now=NOW, by="x")
    job = imported(PEOPLE, consents=["news"], consent_source="Old list", now=LATER)
    assert counts(job) == (1, 0, 0, 0, 1)
    assert not Contact.objects.filter(email="anna@example.com").exists()


def test_whoever_was_merged_is_found_under_the_former_address():
    kept, other = factories.contact(email="kept@example.com"), factories.contact(email="anna@example.com")
    merge_contacts([kept.pk, other.pk], into=kept.pk, chosen={"email": kept.pk}, now=NOW, by="x")
    assert counts(imported(PEOPLE, now=LATER)) == (1, 1, 0, 0, 0)
    kept.refresh_from_db()
    assert (kept.first_name, kept.email) == ("Anna", "kept@example.com")


def test_who_sees_some_contacts_only_imports_into_what_they_see(account, make_user):
    media, other = factories.category("media"), factories.category("other")
    user = make_user("marketer")
    factories.permission_group("Media", users=[user], categories=[media])
    outside = factories.contact(email="anna@example.com", first_name="X")
    job = imported(PEOPLE, by=user, categories=[media.pk])
    assert counts(job) == (1, 0, 0, 0, 1)
    outside.refresh_from_db()
    assert outside.first_name == "X"
    assert counts(imported(PEOPLE, by=user, categories=[other.pk], now=LATER)) == (0, 0, 0, 0, 2)


def test_an_attribute_that_has_gone_stops_the_import():
    job = begun(PEOPLE)
    Import.objects.filter(pk=job.pk).update(plan={**job.plan, "columns": ["email", "attributes.gone", "", "", "", ""]})
    job = carried_out(job)
    assert (job.state, Contact.objects.count()) == ("failed", 0)
    assert "attributes.gone" in job.problem_text


ODD = [
    "a@example.com,Ala,,+48 22 123-45-67,Łódź,1,red,VIP",
    'b@example.com,"O""Brien \\ back",N\\N,,"tab\tand ""quotes""",2,blue,',
    "C@Example.com,  spaced  ,,00481234567,żółć,,,",
    "zażółć@example.com,x,K 1,,,0,,",
    ",nobody,K-2,,,,,",
    "d.e+f@sub.example.co.uk,\u0061\u0301,K-3,600700800,1.50,-3,,",
]


def test_copy_writes_what_the_services_write(account, monkeypatch):
    """Rows and histories are the same whichever way new contacts take; only ids and places in time differ."""
    factories.attribute("score2", "number")
    factories.attribute("color", "choice", options=["blue", "red"])
    header = "e-mail,first name,external id,phone,city,score2,color"
    data = csv_of(header, *(line.rpartition(",")[0] for line in ODD))
    found = []
    for by_copy in (True, False):
        written = FreshContacts.write if by_copy else (lambda self, rows: {})
        monkeypatch.setattr(FreshContacts, "write", written)
        job = imported(data, match="email")
        people = list(Contact.objects.order_by("email").values())
        history = list(HistoryEntry.objects.order_by("contact__email").values())
        for row in (*people, *history):
            del row["id"]
            row.pop("contact_id", None)
        found.append((counts(job), people, history))
        Contact.objects.all().delete()
    assert found[0] == found[1]
    assert found[0][0] == (4, 0, 0, 0, 2)


def test_new_contacts_take_the_quick_way(django_assert_max_num_queries):
    """One by one or in batches would be slower; the bench says how much."""
    lines = [f"p{n}@example.com,P{n}" for n in range(500)]
    job = begun(csv_of("e-mail,first name", *lines))
    job.lease_owner = ""
    Import.objects.filter(pk=job.pk).update(state="running")
    job.state = "running"
    plan = plan_of(job)
    prepare(job, plan, now=NOW)
    with django_assert_max_num_queries(30):
        advance(job, plan, now=NOW)
    assert job.created_count == 500


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"columns": ["email", "email"]}, "Two columns"),
        ({"columns": ["", "first_name"]}, "known by"),
        ({"columns": ["email", "nothing"]}, "no field"),
        ({"categories": [999]}, "deleted"),
        ({"consents": ["gone"], "consent_source": "x"}, "no more"),
        ({"subject": "orders", "columns": ["contact.email", "at"]}, "Number"),
        ({"subject": "orders", "columns": ["contact.email", "contact.id"]}, "one column"),
        ({"subject": "orders", "columns": ["contact.email", "lines.product"]}, "price or an amount"),
        ({"subject": "activities", "columns": ["at"]}, "whose each row is"),
        ({"subject": "activities", "columns": ["at", "contact.email"], "kind": "gone"}, "no such type"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_says_why(changes, why):
    given = {"subject": "contacts", "reading": Reading(format="csv"), "columns": ["email", "first_name"]} | changes
    assert any(why in problem for problem in problems_of(Plan.model_validate(given)))


def test_every_outcome_is_counted(account):
    assert {f"{outcome.value}_count" for outcome in Outcome} <= {field.name for field in Import._meta.fields}
