"""Segments in a real browser: the note while typing, progress by itself, row menus, the question before deleting."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from contacts.models import Contact
from segmentation.models import Calculation, Reason, SavedCriteria, Segment
from segmentation.services import request_calculation
from tests.support.browser import sign_in, violations
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.browser
PAGES = ("", "in-creation/", "archive/", "create/", "{pk}/", "{pk}/settings/", "{pk}/criteria/", "{pk}/history/")
STEP = ("{pk}/history/{step}/", "{pk}/history/{step}/?show=left")


@pytest.fixture
def signed_in(page, make_user):
    marketer = make_user()
    sign_in(page, marketer)
    return page


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_pages_are_accessible_and_fit_in_either_theme(signed_in, theme, width):
    scored(3)
    segment = calculated(every=2, unit="day", now=timezone.now() - timedelta(hours=3))
    for hours in (2, 1):  # a plot of several steps, with people who joined and left
        Contact.objects.filter(pk=segment.latest.member_ids[0]).update(lead_score=0)
        scored(hours, score=30 + hours)
        request_calculation(segment, reason=Reason.MANUAL, now=timezone.now())
        calculate(segment, now=timezone.now() - timedelta(hours=hours))
    calculated("Old", now=timezone.now() - timedelta(days=3))
    create("Waiting", now=timezone.now())
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.emulate_media(color_scheme=theme)
    for address in (*PAGES, *STEP):
        signed_in.goto(f"/segments/{address.format(pk=segment.pk, step=segment.latest_id)}")
        assert violations(signed_in) == []
        assert signed_in.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_note_on_refreshing_follows_what_is_typed(signed_in):
    """IP6."""
    signed_in.goto("/segments/create/")
    signed_in.select_option("[name=refresh]", "auto")
    signed_in.fill("[name=refresh_every]", "2")
    signed_in.get_by_text("between windows no action can be added").wait_for()
    signed_in.fill("[name=readiness_hours]", "48")
    signed_in.get_by_text("always ready").wait_for()


def test_an_interval_put_right_loses_its_error_while_it_is_typed(signed_in):
    """IP5: the error does not stand beside the note about the right interval."""
    signed_in.goto("/segments/create/")
    signed_in.select_option("[name=refresh]", "auto")
    signed_in.fill("[name=refresh_every]", "0")
    signed_in.click("button[value=create]")
    error = signed_in.locator(".refresh .errors")
    error.wait_for()
    signed_in.fill("[name=refresh_every]", "2")
    signed_in.get_by_text("between windows no action can be added").wait_for()
    error.wait_for(state="detached")
    assert signed_in.get_attribute("[name=refresh_every]", "aria-invalid") is None


@pytest.mark.parametrize("path", ["/exports/", "/segments/{pk}/settings/", "/segments/{pk}/criteria/"])
def test_the_tab_in_force_is_in_sight_on_the_phone(signed_in, path):
    segment = calculated(every=2, unit="day", now=timezone.now())
    signed_in.set_viewport_size({"width": 390, "height": 900})
    signed_in.goto(path.format(pk=segment.pk))
    box = signed_in.locator(".tabs > [aria-current]").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["en", "pl"])
def test_no_choice_of_the_settings_is_cut(signed_in, width, language):
    from users.models import User

    User.objects.update(language=language)
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.goto("/segments/create/")
    signed_in.select_option("[name=refresh]", "auto")
    for select in signed_in.locator(".interval select").all():
        width_now = select.bounding_box()["width"]
        select.evaluate("element => { element.style.maxWidth = 'none'; element.style.width = 'max-content'; }")
        assert width_now >= select.bounding_box()["width"] - 1


def test_refresh_now_stays_on_the_segments_page_and_follows_it(signed_in):
    """SD9."""
    scored(3)
    segment = calculated(now=timezone.now())
    signed_in.goto(f"/segments/{segment.pk}/")
    scored(1, score=77)
    signed_in.get_by_role("button", name="Refresh now").click()
    signed_in.get_by_text("Waiting for its turn").wait_for()
    assert signed_in.url.endswith(f"/segments/{segment.pk}/")
    calculate(segment, now=timezone.now())
    signed_in.locator(".stat", has_text="4").wait_for()


@pytest.mark.parametrize(
    ("path", "field", "typed"),
    [
        ("actions/add/?kind=add_tag", "[name=tags]", "warm"),
        ("settings/", "[name=name]", "Renamed"),
        ("criteria/", ".criterion input[name$='-value']", "77"),
        ("history/{step}/export/", "[name=keep_as]", "Mine"),
    ],
)
def test_what_is_being_typed_stays_when_a_calculation_ends(signed_in, path, field, typed):
    scored(3)
    segment = calculated(now=timezone.now())
    request_calculation(segment, reason=Reason.MANUAL, now=timezone.now())
    signed_in.goto(f"/segments/{segment.pk}/{path.format(step=segment.latest_id)}")
    signed_in.fill(field, typed)
    scored(1, score=78)
    calculate(segment, now=timezone.now())
    signed_in.locator("#segment-head .tabs .n", has_text="4").wait_for()
    expect(signed_in.locator(field)).to_have_value(typed)
    expect(signed_in.locator(field)).to_be_focused()
    signed_in.get_by_text("Waiting for its turn").wait_for(state="detached")


def test_whom_an_action_reaches_follows_the_calculation(signed_in):
    scored(3)
    segment = create(now=timezone.now())
    signed_in.goto(f"/segments/{segment.pk}/actions/add/?kind=add_tag")
    signed_in.get_by_role("heading", name="Plan action").wait_for()
    calculate(segment, now=timezone.now())
    signed_in.locator("#reach .stat", has_text="3").wait_for()
    signed_in.get_by_role("heading", name="Add action").wait_for()


def test_a_segment_is_created_followed_and_found_ready(signed_in):
    """IP16, IP18, IP19: what was noted while typing need not be noted again; progress comes by itself."""
    now = timezone.now()
    saved = SavedCriteria.objects.create(name="Scored", criteria=SCORED, created_at=now, updated_at=now)
    scored(4)
    signed_in.goto(f"/segments/create/?from_saved={saved.pk}")
    signed_in.fill("[name=name]", "Warm leads")
    signed_in.select_option("[name=refresh]", "auto")
    signed_in.fill("[name=refresh_every]", "2")
    signed_in.get_by_text("between windows no action can be added").wait_for()
    signed_in.click("button[value=create]")
    signed_in.get_by_text("Waiting for its turn").wait_for()

    calculate(Segment.objects.get(), now=timezone.now())
    signed_in.get_by_text("Nothing is being calculated").wait_for()
    signed_in.get_by_role("link", name="Ready to use 1").click()
    signed_in.get_by_role("row", name="Warm leads").get_by_text("4", exact=True).wait_for()


def test_a_row_menu_opens_and_deleting_asks_in_a_dialog(signed_in):
    """IP22, IP34. The ids of row menus must not be those of anything else on the page."""
    for number in range(6):
        calculated(f"Segment {number}", now=timezone.now())
    signed_in.goto("/segments/")
    for number in range(6):
        signed_in.get_by_label(f"Menu of Segment {number}").click()
        signed_in.get_by_role("link", name="Go to contact manager").locator("visible=true").wait_for()
        signed_in.keyboard.press("Escape")
    signed_in.get_by_label("Menu of Segment 3").click()
    signed_in.get_by_role("link", name="Delete").locator("visible=true").click()
    signed_in.get_by_text("Delete the segment “Segment 3”?").wait_for()
    signed_in.get_by_role("button", name="Delete", exact=True).click()
    signed_in.get_by_text("Segment “Segment 3” was deleted.").wait_for()
    assert Segment.objects.count() == 5


def test_typing_in_the_search_keeps_the_focus_and_the_address(signed_in):
    """IP21."""
    calculated("Łódź", now=timezone.now())
    calculated("Zamość", now=timezone.now())
    signed_in.goto("/segments/")
    search = signed_in.get_by_label("Search by name")
    search.press_sequentially("lodz", delay=20)
    signed_in.get_by_text("Zamość").wait_for(state="detached")
    expect(search).to_be_focused()
    assert "q=lodz" in signed_in.url
    assert Calculation.objects.count() == 2
