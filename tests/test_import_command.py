"""`manage.py import` of files that are refused: what it says, and with a report asked for."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from contacts.models import Contact
from tests.support.importing import csv_of


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "store")


def test_a_broken_file_is_told_as_such_though_there_is_no_report(tmp_path, account):
    file, told = tmp_path / "quotes.csv", tmp_path / "told.csv"
    file.write_bytes(csv_of("email,first name", "a@example.com,Ala", 'b@example.com,"Ola'))
    with pytest.raises(CommandError, match="Row 3 cannot be read as CSV"):
        call_command("import", "contacts", str(file), account=account.schema_name, report=str(told))
    assert not told.exists()


def test_a_report_that_cannot_be_written_is_named(tmp_path, account, capsys):
    file, told = tmp_path / "people.csv", tmp_path / "nowhere" / "told.csv"
    file.write_bytes(csv_of("email,first name", "a@example.com,Ala"))
    with pytest.raises(CommandError, match=r"told\.csv can't be written"):
        call_command("import", "contacts", str(file), account=account.schema_name, report=str(told))
    assert Contact.objects.count() == 1
    assert "created\t1" in capsys.readouterr().out


def test_a_heading_that_stands_twice_is_named(tmp_path, account):
    file = tmp_path / "people.csv"
    file.write_bytes(csv_of("email,email", "a@example.com,Ala"))
    with pytest.raises(CommandError, match="“email” stands in the first row twice"):
        call_command("import", "contacts", str(file), account=account.schema_name)
