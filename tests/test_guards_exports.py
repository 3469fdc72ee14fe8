"""What a file gives away: no formula in its heading; nothing abandoned stays for want of a turn."""

import csv
import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now as clock

from actions import services as actions
from contacts.services.definitions import create_attribute
from exports import services, store
from jobs.services import run as run_job
from tests.support.audiences import make_contacts, ready_segment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_store(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def exported(user: Any, *columns: str, separator: str = "comma") -> Path:
    """The file of an export of one contact."""
    now = clock()
    segment = ready_segment(make_contacts(1), at=now)
    params = {"columns": list(columns), "separator": separator, "bom": False}
    run = actions.plan_action(segment, kind="export", params=params, now=now, by=user).runs.get()
    run_job("action", run.pk, now=now)
    run.refresh_from_db()
    return store.path_of(run.export_file.stored_as)


def test_a_heading_is_no_formula(marketer: Any) -> None:
    create_attribute(key="evil", name='=HYPERLINK("http://x";"y")', type="text")
    file = exported(marketer, "id", "attribute:evil")
    heading = next(csv.reader(io.StringIO(file.read_text())))
    assert heading == ["Id", """'=HYPERLINK("http://x";"y")"""]


def test_what_was_abandoned_goes_however_many_files_are_kept(marketer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "PER_PURGE", 2)
    kept = [exported(marketer, "id") for _ in range(5)]
    left = [kept[0].parent / f"left{number}.part" for number in range(3)]
    for file in left:
        file.write_text("by a killed worker")
    before = time.time() - 2 * 86400
    for file in (*kept, *left):
        os.utime(file, (before, before))
    services.remove_abandoned(clock())
    assert sum(file.exists() for file in left) == 1
    services.remove_abandoned(clock())
    assert not any(file.exists() for file in left)
    assert all(file.exists() for file in kept)
