"""`manage.py export`: a list as a file without a browser; what is refused leaves no file."""

from getpass import getuser
from socket import gethostname

import pytest
from django.core.management import CommandError, call_command

from exports.models import Download, ExportFile
from tests import factories
from tests.support.audiences import make_contacts, ready_segment


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "files")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out"


def export(target, *more, segment="Fair"):
    call_command("export", "--account", "acme", "--segment", segment, *more, str(target))


def test_a_list_is_written_offered_and_written_down(db, target, capsys):
    """IO7."""
    people = make_contacts(3)
    ready_segment(people, name="Fair")
    export(target, "--columns", "id,email", "--name", "id=No", "--no-bom", "--separator", "tab")
    lines = target.read_text().splitlines()
    assert lines[0].split("\t")[0] == "No"
    assert [int(line.split("\t")[0]) for line in lines[1:]] == list(people)
    assert target.stat().st_mode & 0o077 == 0
    assert "3 rows" in capsys.readouterr().out
    noted = Download.objects.get()
    assert (noted.how, noted.by, noted.program) == ("command", getuser(), f"manage.py export, {gethostname()}")


def test_an_audience_tells_who_is_left_out(db, target, capsys):
    factories.consent("ads")
    ready_segment(make_contacts(3), name="Fair")
    export(target, "--format", "meta", "--consent", "ads")
    assert target.read_text() == "email,phone,fn,ln\n"
    assert "3 without the consent" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [
    ["--format", "meta"], ["--columns", "gone"], ["--list", "left"], ["--name", "id="], ["--consent", "ads"],
])  # fmt: skip
def test_what_is_refused_leaves_no_file(db, target, wrong):
    ready_segment(make_contacts(1), name="Fair")
    with pytest.raises(CommandError):
        export(target, *wrong)
    assert not target.exists()
    assert not ExportFile.objects.exists()


def test_an_unknown_segment_and_a_file_that_is_there_are_refused(db, target):
    with pytest.raises(CommandError, match="no segment"):
        export(target, segment="Gone")
    ready_segment(make_contacts(1), name="Fair")
    target.write_text("mine")
    with pytest.raises(CommandError, match="exists"):
        export(target)
    assert target.read_text() == "mine"
