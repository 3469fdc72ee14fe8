"""Pages of imports: the upload, the plan, what became of a file; who may, and who sees which."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from contacts.models import Contact
from imports import store
from imports.models import Import, Mapping, SourceFile
from jobs.services import run
from tests import factories
from tests.support.importing import begun, csv_of, imported, workbook_of
from tests.support.people import client_for as client_of
from tests.support.people import make_user as user_of

DATA = csv_of("e-mail;imię;born", "a@example.com;Ala;1.02.1980", "bad;X;31.02.1999", "b@example.com;Ola;")
IMPORTS, NEW = "/imports/", "/imports/new/"


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path, account):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def sent(client, data=DATA, name="fair.csv", subject="contacts"):
    answer = client.post(NEW, {"subject": subject, "file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302, answer.content.decode()
    return SourceFile.objects.latest("pk")


def page_of(source):
    return reverse("imports:plan", args=[source.pk])


ANSWERS = {
    "encoding": "utf-8", "delimiter": ";", "header": "yes", "decimal": ",", "dates": "dmy", "mode": "both",
    "match": "email", "empty": "keep", "column-0": "email", "column-1": "first_name", "column-2": "",
}  # fmt: skip


def test_a_file_is_uploaded_looked_at_and_imported(client):
    """The whole way."""
    factories.attribute("born", "date")
    source = sent(client)
    looked = client.get(page_of(source)).content.decode()
    assert "31.02.1999" in looked
    assert "is not an e-mail address" in looked
    assert "→ 1980-02-01" in looked
    assert not Contact.objects.exists()
    answer = client.post(page_of(source), ANSWERS | {"column-2": "attributes.born", "import": "yes", "tags": "fair"})
    job = Import.objects.get()
    assert answer.headers["Location"] == reverse("imports:import", args=[job.pk])
    run("import", job.pk, now=clock())
    told = client.get(answer.headers["Location"]).content.decode()
    assert "is not an e-mail address" in told
    assert f"?import={job.pk}.created" in told
    listed = client.get(f"/contacts/?import={job.pk}").content.decode()
    assert "a@example.com" in listed
    assert "b@example.com" in listed
    assert "fair.csv" in client.get(IMPORTS).content.decode()


def test_a_preview_writes_nothing(client):
    factories.contact(email="a@example.com", first_name="Anna")
    source = sent(client)
    text = client.post(page_of(source), ANSWERS | {"look": "yes", "tags": "fresh"}).content.decode()
    assert "Updated" in text
    assert list(Contact.objects.values_list("email", "first_name")) == [("a@example.com", "Anna")]


def test_a_preview_says_where_the_import_would_stop(client):
    source = sent(client, csv_of("e-mail,imię", "a@example.com,Anna", 'b@example.com,"Ola', "c@example.com,Jan"))
    answer = client.get(page_of(source))
    assert "Row 3 cannot be read as CSV" in answer.context["fault"]
    assert answer.context["fault"] in answer.content.decode()
    assert [row.number for row in answer.context["preview"]] == [2]


def test_a_heading_that_stands_twice_is_named(client):
    answer = client.get(page_of(sent(client, csv_of("email,email", "a@example.com,Anna"))))
    assert "“email” stands in the first row twice" in answer.content.decode()


def test_the_file_is_read_anew_when_it_was_read_wrongly(client):
    source = sent(client, csv_of("e-mail;imię", "a@example.com;Żaneta", encoding="iso8859-2"))
    text = client.post(page_of(source), ANSWERS | {"encoding": "iso8859-2"}).content.decode()
    assert "Żaneta" in text
    refused = client.post(page_of(source), ANSWERS | {"encoding": "utf-8"})
    assert refused.status_code == 422
    assert "cannot be read as UTF-8" in refused.content.decode()


def test_a_sheet_is_chosen(client):
    source = sent(client, workbook_of(["e-mail"], ["a@example.com"], title="Klienci"), "a.xlsx")
    assert "Klienci" in client.get(page_of(source)).content.decode()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"column-0": ""}, "Contacts are known by"),
        ({"column-1": "email"}, "Two columns"),
        ({"column-1": "password"}, "Select a valid choice"),
        ({"categories": "999999999"}, "Select a valid choice"),
        ({"mode": "destroy"}, "Select a valid choice"),
    ],
)
def test_a_plan_that_is_not_ready_is_not_begun(client, changes, why):
    source = sent(client)
    answer = client.post(page_of(source), ANSWERS | {"import": "yes"} | changes)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("data", "why"), [(b"", "empty"), (b"PK\x03\x04xxxx", "no XLSX"), (b"\x00\x01\xff", "not text")]
)
def test_a_file_that_is_no_table_is_refused(client, data, why):
    answer = client.post(NEW, {"subject": "contacts", "file": SimpleUploadedFile("x.csv", data)})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not SourceFile.objects.exists()


@pytest.mark.parametrize("given", [{}, {"subject": "people"}, {"subject": "contacts", "file": "text"}])
def test_an_upload_without_a_file_is_asked_back(client, given):
    assert client.post(NEW, given).status_code == 422


def test_sent_twice_it_is_imported_once(client):
    source = sent(client)
    first = client.post(page_of(source), ANSWERS | {"import": "yes"})
    assert first.status_code == 302
    assert client.post(page_of(source), ANSWERS | {"import": "yes"}).status_code == 404
    assert Import.objects.count() == 1


def test_columns_can_be_remembered_and_recalled(client):
    data = csv_of("adres;kto", "a@example.com;Ala")
    answers = {**ANSWERS, "remember_as": "Shop", "import": "yes"}
    del answers["column-2"]
    client.post(page_of(sent(client, data)), answers)
    source = sent(client, data)
    assert SourceFile.objects.get(pk=source.pk).choices["columns"] == ["email", "first_name"]
    del answers["import"]
    client.post(page_of(source), answers | {"column-1": "last_name", "remember_as": ""})
    mapping = Mapping.objects.get()
    client.post(f"{page_of(source)}?mapping={mapping.pk}", {"recall": "yes"})
    assert SourceFile.objects.get(pk=source.pk).choices["columns"] == ["email", "first_name"]
    assert client.post(f"{page_of(source)}?mapping=x", {"recall": "yes"}).status_code == 404


def test_an_import_is_stopped_and_goes_on(client, marketer):
    job = begun(DATA, by=marketer, now=clock())
    here = reverse("imports:import", args=[job.pk])
    assert "Waiting" in client.get(here).content.decode()
    client.post(f"{here}cancel/")
    job.refresh_from_db()
    assert job.state == "cancelled"
    client.post(f"{here}go-on/")
    run("import", job.pk, now=clock())
    job.refresh_from_db()
    assert (job.state, job.created_count) == ("done", 2)


def test_a_file_can_be_removed(client):
    source = sent(client)
    path = store.path_of(source.stored_as)
    client.post(reverse("imports:forget", args=[source.pk]))
    assert not SourceFile.objects.filter(stored_as=path.name).exists()
    assert "Nothing has been imported yet" in client.get(IMPORTS).content.decode()


@pytest.mark.parametrize("name", ["report", "rejected"])
def test_reports_are_downloaded_for_a_week_by_those_who_may_write(client_for, client, analyst, marketer, name):
    job = imported(DATA, now=clock(), by=marketer)
    here = reverse(f"imports:{name}", args=[job.pk])
    answer = client.get(here)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert b"is not an e-mail address" in b"".join(answer.streaming_content)
    assert client_for(analyst).get(here).status_code == 403
    Import.objects.update(reports_until=clock() - timedelta(seconds=1))
    assert client.get(here).status_code == 404


def test_analysts_see_imports_and_begin_none(client_for, analyst, marketer, client):
    job = imported(DATA, now=clock(), by=marketer)
    source = sent(client)
    reader = client_for(analyst)
    assert "fair.csv" in reader.get(IMPORTS).content.decode()
    assert NEW not in reader.get(IMPORTS).content.decode()
    assert reader.get(reverse("imports:import", args=[job.pk])).status_code == 200
    for path in (NEW, page_of(source), f"/imports/{job.pk}/cancel/", f"/imports/{job.pk}/go-on/"):
        assert reader.post(path, ANSWERS).status_code in (403, 404), path
    assert reader.get(NEW).status_code == 403


def test_who_sees_some_contacts_only_sees_their_own_imports(client_for, make_user, marketer):
    job = imported(DATA, now=clock(), by=marketer)
    user, media = make_user("marketer"), factories.category("media")
    factories.permission_group("Media", users=[user], categories=[media])
    other = client_for(user)
    assert "fair.csv" not in other.get(IMPORTS).content.decode()
    for name in ("import", "report", "rejected"):
        assert other.get(reverse(f"imports:{name}", args=[job.pk])).status_code == 404
    assert other.get(f"/contacts/?import={job.pk}").status_code == 422
    mine = imported(DATA, now=clock(), by=user, categories=[media.pk])
    assert other.get(reverse("imports:import", args=[mine.pk])).status_code == 200


def test_another_users_upload_and_another_accounts_imports_are_not_there(client_for, make_user, client, other_account):
    source = sent(client)
    assert client_for(make_user("marketer")).get(page_of(source)).status_code == 404
    job = imported(DATA, now=clock())
    with tenant_context(other_account):
        assert client_of(user_of("owner")).get(f"/imports/{job.pk}/").status_code == 404
    assert client.get(f"/imports/{job.pk + 1}/").status_code == 404
    assert client.get("/imports/99999999999999999999/").status_code == 404


def test_the_list_takes_as_many_queries_for_many_imports(client, marketer):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            client.get(IMPORTS)
        return len(caught)

    imported(DATA, now=clock(), by=marketer)
    queries()
    one = queries()
    for _n in range(3):
        imported(DATA, now=clock(), by=marketer)
    assert queries() == one


@pytest.mark.parametrize("query", ["page=0", "page=x", "sort=name", "what=1", "page=1&page=2"])
def test_an_address_that_means_nothing_is_refused(client, query):
    assert client.get(f"{IMPORTS}?{query}").status_code == 422


@pytest.mark.parametrize("value", ["0", "x", "1.made", "1.created.x", "9999999999999999999999", "\0"])
def test_a_list_of_no_import_is_refused(client, value):
    assert client.get("/contacts/", {"import": value}).status_code == 422
