"""Undo and the export of a past list in a real browser, in both languages: asked, followed, told, downloaded."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now as clock

from actions import services
from actions.models import ActionRun, Undo
from contacts.models import Contact
from exports.models import ListExport
from jobs.services import run as run_job
from segmentation.models import Movement
from tags import services as tag_services
from tags.models import ContactTag, Tag
from tests import factories
from tests.support.audiences import add_calculation, make_contacts, ready_segment
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def signed_in(page, make_user):
    marketer = make_user(language="en")
    sign_in(page, marketer)
    return page


def tagged(people) -> ActionRun:
    tag = factories.tag("VIP")
    segment = ready_segment(people, at=clock(), name="Warm")
    action = services.plan_action(segment, kind="add_tag", params={"tag": tag.pk, "name": "VIP"}, now=clock(), by=None)
    run = action.runs.get()
    run_job("action", run.pk, now=clock())
    return run


def test_an_action_is_undone_from_its_list_by_keyboard(signed_in):
    """SG5: the numbers first, then the deed, then what became of it."""
    page, people = signed_in, make_contacts(12)
    run = tagged(people)
    tag_services.take_tag_off(Contact.objects.get(pk=people[0]), Tag.objects.get(), now=clock(), by="A", user=None)
    page.goto(f"/segments/{run.action.segment_id}/actions/")
    page.locator(f"#undo-{run.pk}").focus()
    page.keyboard.press("Enter")
    page.locator("#undo-confirmed").wait_for()
    assert page.locator(".undo-question .forecast dd").all_inner_texts() == ["11", "1"]
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#undo-confirmed").wait_for(state="hidden")
    assert not Undo.objects.exists()
    page.click(f"#undo-{run.pk}")
    page.click("#undo-confirmed")
    page.locator(f"#undo-cancel-{run.pk}").wait_for()
    run_job("undo", Undo.objects.get().pk, now=clock())
    page.locator(f"#undo-cancel-{run.pk}").wait_for(state="detached")  # the list looks again by itself
    page.locator(".chip").get_by_text(re.compile("^(Undone|Cofnięta)$")).wait_for()
    assert "11" in page.locator(".undone").inner_text()
    assert page.locator(f"#undo-{run.pk}").count() == 0
    assert not ContactTag.objects.exists()
    assert violations(page) == []


def test_a_list_of_the_history_is_exported_and_downloaded(signed_in, settings, tmp_path):
    """The number on the page, the file and its row are the same people."""
    settings.MEDIA_ROOT = str(tmp_path)
    page, people = signed_in, make_contacts(9)
    segment = ready_segment(people[:5], at=clock() - timedelta(hours=1), name="Warm", refreshes=True)
    step = add_calculation(segment, people[2:], at=clock())
    moved = people[5:8]
    Movement.objects.create(
        calculation=step, direction="joined", cause="changed", members=moved.serialize(), count=len(moved)
    )
    page.goto(f"/segments/{segment.pk}/history/{step.pk}/?cause=changed")
    page.locator(f"a[href*='/history/{step.pk}/export/'][href*='joined']").click()
    assert page.locator("input[name=of]:checked").get_attribute("value") == "joined:changed"
    assert violations(page) == []
    page.locator("input[name=columns][value=id]").check()
    page.locator("#up-id").wait_for()  # it stands in the order, last
    page.click("#up-id")
    page.wait_for_function("document.querySelectorAll('input[name=order]')[4].value == 'id'")
    page.click("#export-list")
    page.locator("#writing").wait_for()
    run_job("list_export", ListExport.objects.get().pk, now=clock())
    page.locator("#writing").wait_for(state="detached")
    assert violations(page) == []
    with page.expect_download() as download:
        page.locator("a[href^='/exports/'][hx-boost=false]").click()
    rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert [int(row[4]) for row in rows[1:]] == list(moved)
    assert page.locator("#rows td.num b").first.inner_text() == "3"
