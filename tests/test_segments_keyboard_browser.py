"""The lists and Create by keyboard alone, in both languages, and what a screen reader is told on the way."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from segmentation.models import Segment
from tests.support.browser import sign_in, violations
from tests.support.segments import SCORED, calculate, calculated, scored

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", ["en", "pl"])
NOBODY = {"all": [SCORED, {"not": SCORED}]}


@pytest.fixture
def language(request):
    return getattr(request, "param", "en")


@pytest.fixture
def signed_in(page, make_user, language):
    marketer = make_user(language=language)
    sign_in(page, marketer)
    return page


def tab_to(page, selector, *, most=160):
    """Presses Tab until the focus is on `selector`, as somebody without a mouse does."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


@LANGUAGES
def test_segments_are_ticked_and_deleted_after_a_question_by_keyboard(signed_in, language):
    now = timezone.now()
    for name in ("Ada", "Bela"):
        calculated(name, now=now)
    kept = calculated("Cyd", now=now)
    calculated("Dora", criteria={"kind": "segment", "segment": kept.pk, "op": "in"}, now=now - timedelta(days=9))
    signed_in.goto("/segments/?sort=name")
    assert signed_in.locator("html").get_attribute("lang") == language
    tab_to(signed_in, "[data-tick-all]")
    signed_in.keyboard.press("Space")
    expect(signed_in.locator("[data-ticked] b")).to_have_text("3")
    assert signed_in.locator("[data-ticked]").get_attribute("role") == "status"
    tab_to(signed_in, "#several button:not([formaction])")
    signed_in.keyboard.press("Enter")
    dialog = signed_in.locator("#dialog")
    dialog.locator(".btn-danger").wait_for()
    assert dialog.locator("input[name=segment]").count() == 2  # Dora, in the archive, holds Cyd
    assert "Dora" in dialog.locator("[role=alert]").inner_text()
    assert violations(signed_in) == []
    expect(dialog.locator(":focus")).to_have_count(1)
    tab_to(signed_in, "#dialog .btn-danger", most=10)
    signed_in.keyboard.press("Enter")
    signed_in.locator(".toast, [role=status]", has_text="Ada").first.wait_for()
    assert list(Segment.objects.order_by("name").values_list("name", flat=True)) == ["Cyd", "Dora"]


@LANGUAGES
def test_a_segment_is_created_from_a_ready_made_one_by_keyboard(signed_in, language):
    scored(2)
    signed_in.goto("/segments/ready-made/")
    signed_in.locator("#count-new_contacts b").wait_for()  # numbers come by themselves
    tab_to(signed_in, ".btn[href$='template=new_contacts']")
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**/segments/create/?template=new_contacts")
    tab_to(signed_in, "[name=name]")
    signed_in.keyboard.type("Nowi")
    tab_to(signed_in, "button[value=create]")
    signed_in.keyboard.press("Enter")
    signed_in.wait_for_url("**/segments/in-creation/")
    row = signed_in.get_by_role("row", name="Nowi")
    row.locator("[role=progressbar], progress, meter").first.wait_for()
    calculate(Segment.objects.get(), now=timezone.now())
    row.wait_for(state="detached")
    signed_in.goto("/segments/")
    signed_in.get_by_role("row", name="Nowi").wait_for()


def test_ticks_outlive_a_search_and_the_drawing_after_a_calculation(signed_in):
    now = timezone.now()
    calculated("Ada", now=now)
    calculated("Bela", now=now)
    signed_in.goto("/segments/?sort=name")
    signed_in.get_by_label("Select Ada").check()
    signed_in.get_by_role("searchbox").last.fill("a")
    signed_in.wait_for_url("**q=a**")
    expect(signed_in.get_by_label("Select Ada")).to_be_checked()
    expect(signed_in.get_by_label("Select Bela")).not_to_be_checked()
    expect(signed_in.locator("[data-ticked] b")).to_have_text("1")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_the_new_pages_are_accessible_and_fit_in_either_theme(signed_in, theme, width):
    scored(3)
    segment = calculated("Contradicts", criteria=NOBODY, now=timezone.now())
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.emulate_media(color_scheme=theme)
    for address in ("", "search/?health=attention", "ready-made/", f"delete/?segment={segment.pk}", f"{segment.pk}/"):
        signed_in.goto(f"/segments/{address}")
        assert violations(signed_in) == []
        assert signed_in.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
