"""`manage.py segment list|create|refresh|members`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Contact
from segmentation.models import Calculation, Segment
from tags.models import Tag
from tests.support.segments import SCORED, calculated, scored

pytestmark = pytest.mark.django_db


def segment(*arguments: str) -> str:
    out = StringIO()
    verb, *rest = arguments
    call_command("segment", verb, "--account", "acme", *rest, stdout=out)
    return out.getvalue()


@pytest.fixture
def criteria(tmp_path):
    file = tmp_path / "criteria.json"
    file.write_text(json.dumps(SCORED))
    return str(file)


def test_a_segment_is_created_and_calculated(criteria):
    scored(3)
    told = segment("create", "Warm leads", "--criteria", criteria, "--readiness", "5", "--every", "2d")
    made: Any = Segment.objects.get()
    assert "3 contacts, 3 joined, 0 left" in told
    assert (made.name, made.readiness_hours, made.refresh_every, made.refresh_unit) == ("Warm leads", 5, 2, "day")
    assert made.latest.count == 3


def test_the_work_can_be_left_to_the_workers(criteria):
    assert "is waiting" in segment("create", "Warm leads", "--criteria", criteria, "--queue")
    assert Calculation.objects.get().state == "waiting"


def test_segments_are_listed_with_their_count():
    scored(2)
    calculated("Warm leads")
    assert [line.split("\t")[2::2] for line in segment("list").splitlines()] == [["2", "Warm leads"]]


def test_a_segment_is_refreshed_by_id_or_name():
    made = calculated("Warm leads")
    assert "0 contacts" in segment("refresh", str(made.pk))
    assert "0 contacts" in segment("refresh", "WARM leads")
    assert Calculation.objects.count() == 3


def test_members_are_printed_as_ids_or_as_a_table():
    ids = scored(2)
    Contact.objects.filter(pk=ids[0]).update(first_name="=cmd()")
    calculated("Warm leads")
    assert segment("members", "Warm leads").split() == [str(pk) for pk in ids]
    table = segment("members", "Warm leads", "--csv").splitlines()
    assert table[0].startswith("id,email,")
    assert len(table) == 3
    assert "'=cmd()" in table[1]


@pytest.mark.parametrize("every", ["0h", "2", "d", "2w", "-1d", "999999999d", "²d"])
def test_an_odd_interval_is_refused(every, criteria):
    with pytest.raises(CommandError):
        segment("create", "Warm leads", "--criteria", criteria, "--every", every)


def test_a_failure_is_told_with_its_place(criteria):
    Tag.objects.create(name="VIP")
    made = calculated("Warm leads", criteria={"all": [{"kind": "tag", "op": "any", "tags": ["VIP"]}]})
    Tag.objects.all().delete()
    with pytest.raises(CommandError, match=r"VIP.*\(all\[0\]\.tags\[0\]\)"):
        segment("refresh", str(made.pk))


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "Taken", "--criteria", "{criteria}"),
        ("create", " ", "--criteria", "{criteria}"),
        ("create", "New", "--criteria", "/nowhere.json"),
        ("create", "New", "--criteria", "{broken}"),
        ("create", "New", "--criteria", "{criteria}", "--readiness", "0"),
        ("refresh", "Nobody"),
        ("members", "999999999"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, criteria, tmp_path):
    calculated("Taken")
    broken = tmp_path / "broken.json"
    broken.write_text('{"all": []}')
    with pytest.raises(CommandError):
        segment(*(part.format(criteria=criteria, broken=broken) for part in arguments))
    assert Segment.objects.count() == 1


def test_an_unknown_account_is_refused():
    with pytest.raises(CommandError, match="no account"):
        call_command("segment", "list", "--account", "nowhere")
