"""What is wrong with a segment, and how it is put right, in a real browser and in both languages (SG7)."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from segmentation.models import Calculation, Segment
from tags.models import Tag
from tests import factories
from tests.support.browser import sign_in, violations
from tests.support.segments import SCORED, calculate, calculated, create, scored
from tests.test_segments_keyboard_browser import NOBODY

pytestmark = pytest.mark.browser
TAGGED = {"all": [{"kind": "tag", "op": "any", "tags": ["GONE"]}]}


@pytest.fixture
def signed_in(page, make_user):
    administrator = make_user("administrator", language="pl")
    sign_in(page, administrator)
    return page


def test_those_that_need_attention_are_found_and_lead_to_what_is_wrong(signed_in):
    now, page = timezone.now(), signed_in
    scored(3)
    calculated("Sound", now=now)
    calculated("Impossible", criteria=NOBODY, now=now)
    page.goto("/segments/")
    expect(page.locator("#segments tbody tr")).to_have_count(2)
    page.select_option("[name=health]", "attention")
    expect(page.locator("#segments tbody tr")).to_have_count(1)
    assert "health=attention" in page.url
    page.locator("#segments .health .chip").first.click()
    expect(page.locator("#health .note").first).to_be_visible()
    assert violations(page) == []


def test_a_failed_calculation_is_told_with_its_place_and_tried_again(signed_in):
    now, page = timezone.now(), signed_in
    factories.tag("GONE")
    made = create("Broken", criteria=TAGGED, now=now)
    Tag.objects.all().delete()
    calculate(made, now=now)
    page.goto(f"/segments/{made.pk}/")
    trouble = page.locator(".note.bad[role=alert]:not(#failure)")
    expect(trouble).to_contain_text("all[0]")
    trouble.locator("summary").click()
    expect(trouble).to_contain_text(f"job calculation {Calculation.objects.get().pk}")
    assert violations(page) == []
    factories.tag("GONE", factories.contact())
    trouble.locator("form button").click()
    page.locator("#segment-progress, progress, [role=progressbar]").first.wait_for(state="attached")
    calculate(Segment.objects.get(), now=timezone.now())
    page.goto(f"/segments/{made.pk}/")
    expect(page.locator(".stat a")).to_have_text("1")
    expect(page.locator(".note.bad[role=alert]:not(#failure)")).to_have_count(0)


def test_a_closed_window_takes_no_action_and_says_how_it_opens(signed_in):
    now, page = timezone.now(), signed_in
    scored(2)
    made = calculated("Old", criteria={"all": [SCORED]}, now=now - timedelta(days=3))
    page.goto(f"/segments/{made.pk}/actions/add/")
    assert page.locator("form[action*='/actions/add/']").count() == 0
    page.goto(f"/segments/{made.pk}/")
    expect(page.locator(".note.plain").first).to_be_visible()
    assert violations(page) == []
    page.locator("form[action$='/refresh/'] button").first.click()
    expect(page.locator("form[action$='/cancel/'] button").first).to_be_visible()
