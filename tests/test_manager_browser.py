"""The contact manager in a browser: lists to choose from by keyboard, columns dragged, a view kept, an action begun."""

import re

import pytest
from django.utils.timezone import now as clock
from playwright.sync_api import expect

from actions.models import ActionRun
from contacts.models import ManagerChoice, SavedView
from jobs.services import run as run_job
from tags.models import ContactTag
from tests import factories
from tests.support.browser import sign_in, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(page, make_user):
    """Three contacts, eight tags; a marketer is at the contact manager, in English or in Polish."""
    user = make_user(language="en")
    people = [
        factories.contact(first_name=name, lead_score=score) for name, score in (("Ala", 3), ("Ewa", 5), ("Jan", 9))
    ]
    for number, name in enumerate(("ALFA", "BETA", "LODZ", "GAMMA", "DELTA", "OMEGA", "SIGMA", "VIP")):
        factories.tag(name, *people[: number % 3])
    sign_in(page, user)
    page.goto("/contacts/")
    return page


def names(page) -> list[str]:
    return page.locator(".manager .who .name").all_text_contents()


def test_a_tag_is_found_by_typing_and_chosen_by_keyboard(manager):
    manager.click(".more-filters > summary")
    manager.locator("#id_tag").press("Enter")
    expect(manager.locator("[data-pick][open] [data-pick-search]")).to_be_focused()
    manager.keyboard.type("łód")  # with or without strokes: found all the same
    expect(manager.locator("[data-pick][open] .form-check:visible")).to_have_text(["LODZ"])
    assert violations(manager) == []
    manager.keyboard.press("Enter")
    manager.wait_for_url(re.compile(r"tag=\d+"))
    expect(manager.locator(".manager .who")).to_have_count(2)
    assert manager.locator("#id_tag [data-picked]").text_content() == "LODZ"
    manager.keyboard.press("Escape")
    expect(manager.locator("#id_tag")).to_be_focused()
    assert not manager.locator("[data-pick][open]").count()
    manager.locator("#id_tag").click()
    manager.click("h1")  # elsewhere
    expect(manager.locator("[data-pick][open]")).to_have_count(0)


def test_columns_are_ticked_and_dragged_and_kept(manager):
    manager.click("#choose-columns")
    manager.wait_for_selector("dialog[open] .columns-form")
    manager.check("dialog [value=source]")
    manager.wait_for_selector("dialog [name=order][value=source]", state="attached")
    rows = manager.locator("dialog [data-drag-order] li")
    rows.last.drag_to(rows.first, target_position={"x": 60, "y": 3})
    order = manager.locator("dialog [name=order]")
    expect(order.first).to_have_value("source")
    manager.locator("dialog [value='down:source']").click()
    expect(order.nth(1)).to_have_value("source")
    assert violations(manager) == []
    manager.click("#save-columns")
    expect(manager.locator("dialog[open]")).to_have_count(0)
    manager.wait_for_url(re.compile(r"/contacts/$"))
    assert ManagerChoice.objects.get().columns[:2] == ["phone", "source"]
    expect(manager.locator(".manager th")).to_have_count(1 + len(ManagerChoice.objects.get().columns))


def test_a_view_is_saved_changed_and_saved_again(manager):
    manager.fill("#id_q", "a")
    manager.wait_for_selector("#view-save-as")
    manager.click("#view-save-as")
    manager.fill("dialog #id_name", "With an a")
    manager.click("#save-view")
    manager.wait_for_url(re.compile(r"view=\d+"))
    expect(manager.locator("#views-button .name-of")).to_have_text("With an a")
    expect(manager.locator("#view-changed")).to_have_count(0)
    manager.fill("#id_q", "jan")
    manager.wait_for_selector("#view-changed")
    assert violations(manager) == []
    manager.click("#view-save")
    manager.wait_for_selector("#view-changed", state="detached")
    assert SavedView.objects.get().query == "q=jan"
    manager.click("#views-button")
    manager.click("#views a[aria-current] >> nth=0")
    expect(manager.locator(".manager .who")).to_have_count(1)
    assert names(manager) == ["Jan"]


def test_those_ticked_are_tagged_and_the_page_follows_it_to_its_end(manager):
    for name in ("Ala", "Jan"):
        manager.locator("tr", has_text=name).locator("[name=ticked]").check()
    manager.wait_for_selector("#act-selected-button")
    expect(manager.locator("#chosen b")).to_have_text(re.compile(r"\b2\b"))
    manager.click("#act-selected-button")
    manager.click("#act-selected a[href*='add_tag']")
    manager.wait_for_url(re.compile(r"/actions/new/add_tag/\?selected=yes"))
    manager.fill("[name=tags]", "new")
    manager.locator("#add-action form .btn-primary").click()
    manager.wait_for_selector(".review")
    assert violations(manager) == []
    manager.click("#do-it")
    manager.wait_for_url(re.compile(r"/contacts/actions/$"))
    run = ActionRun.objects.get()
    run_job("action", run.pk, now=clock())
    manager.wait_for_selector(f"#undo-{run.pk}")
    assert ContactTag.objects.filter(tag__name="NEW").count() == 2
    assert violations(manager) == []
    manager.click(f"a[href$='?changed={run.pk}']")
    expect(manager.locator(".manager .who")).to_have_count(2)
    assert sorted(names(manager)) == ["Ala", "Jan"]
