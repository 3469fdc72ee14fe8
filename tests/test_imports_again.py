"""What Sito wrote, brought in again: exports, rows to put right, paths as pages show them."""

import csv
from io import StringIO

import pytest

from contacts.handing_over import cell
from contacts.models import Contact
from imports import store
from tags.categories import create_category
from tags.models import ContactCategory
from tests import factories
from tests.factories import NOW
from tests.support.audiences import ready_segment
from tests.support.importing import counts, csv_of, imported
from tests.test_exports import content, exported


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path, account):
    settings.MEDIA_ROOT = str(tmp_path)


def rejected(job):
    return store.path_of(job.stored_as + store.REJECTED).read_bytes()


def test_an_export_brought_in_again_changes_nothing():
    factories.attribute("city")
    people = [
        factories.contact(email="a@example.com", external_id="=1+1", first_name="@ala", phone="+48600700800"),
        factories.contact(email="b@example.com", external_id="-1", last_name="O'Hara", attributes={"city": "+x"}),
    ]
    factories.category("klient/media", *people)
    columns = ("email", "external_id", "first_name", "last_name", "phone", "attribute:city", "categories")
    file = content(exported(ready_segment([each.pk for each in people]), columns))
    before = list(Contact.objects.order_by("pk").values())
    assert b"'=1+1" in file
    assert counts(imported(file)) == (0, 0, 2, 0, 0)
    assert list(Contact.objects.order_by("pk").values()) == before


def test_rows_to_put_right_can_be_brought_in_again():
    wrong = imported(csv_of("email,phone,first name", "ala@@example.com,+48 501 777 888,@ala"))
    assert counts(wrong) == (0, 0, 0, 0, 1)
    row = list(csv.reader(StringIO(rejected(wrong).decode("utf-8-sig"))))[1]
    assert row[:3] == ["ala@@example.com", "+48 501 777 888", "'@ala"]
    right = imported(rejected(wrong).replace(b"@@", b"@"))
    assert counts(right) == (1, 0, 0, 0, 0)
    ala = Contact.objects.get()
    assert (ala.phone, ala.first_name) == ("+48501777888", "@ala")


def test_an_apostrophe_of_ones_own_stays():
    assert counts(imported(csv_of("email,first name", "a@example.com,'Abd", "b@example.com,''"))) == (2, 0, 0, 0, 0)
    assert sorted(Contact.objects.values_list("first_name", flat=True)) == ["''", "'Abd"]


def test_a_phone_is_handed_over_as_it_can_be_dialled():
    assert (cell("+48600700800"), cell("+1+1"), cell("=1+1")) == ("+48600700800", "'+1+1", "'=1+1")


@pytest.mark.parametrize(
    "typed", ["Klient / Stały", "Klient/Stały", "Klient > Stały", "klient › stały", "klient/staly", " KLIENT / STALY /"]
)
def test_a_category_is_known_by_its_path_as_pages_show_it(typed):
    above = create_category("Klient", now=NOW)
    staly = create_category("Stały", below=above, now=NOW)
    assert counts(imported(csv_of("email;categories", f"a@example.com;{typed}"))) == (1, 0, 0, 0, 0)
    assert ContactCategory.objects.get().category_id == staly.pk


def test_a_category_that_there_is_not_is_quoted_as_typed():
    create_category("Klient", now=NOW)
    job = imported(csv_of("email;categories", "a@example.com;Klient / Były"))
    assert "“Klient / Były”" in rejected(job).decode()
