"""Editing in place, saving columns and the first tick in a browser: nothing is lost, broken off or moved."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.support.browser import WATCH, sign_in, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def page_of(page, make_user):
    user = make_user(language="pl")
    sign_in(page, user)
    return page


def test_scores_that_come_later_move_nothing(page_of):
    person = factories.contact()
    factories.category("media/press", person)
    factories.order(person, total=100)
    page_of.add_init_script(WATCH)
    page_of.set_viewport_size({"width": 1280, "height": 2400})  # what is out of sight may move unnoticed
    page_of.goto(f"/contacts/{person.pk}/")
    page_of.locator("#rfm .rfm-scores dl").first.wait_for()
    assert page_of.evaluate("shift") == 0


def test_one_detail_is_open_at_a_time_and_escape_leaves_it_as_it_was(page_of):
    person = factories.contact(first_name="Ala", lead_score=3)
    page_of.goto(f"/contacts/{person.pk}/")
    page_of.click("#detail-first_name .change")
    expect(page_of.locator("#detail-first_name.open input[name=first_name]")).to_be_focused()
    page_of.keyboard.press("Escape")
    expect(page_of.locator(".detail.open")).to_have_count(0)
    expect(page_of.locator("#detail-first_name .change")).to_be_focused()
    page_of.click("#detail-first_name .change")
    page_of.wait_for_selector("#detail-first_name.open")
    page_of.click("#detail-lead_score .change")  # nothing was typed in the other: it closes
    page_of.wait_for_selector("#detail-lead_score.open")
    expect(page_of.locator(".detail.open")).to_have_count(1)
    page_of.fill("#detail-lead_score input[name=lead_score]", "x")
    page_of.keyboard.press("Enter")
    page_of.wait_for_selector("#detail-lead_score .invalid-feedback")
    page_of.click("#detail-first_name .change")
    expect(page_of.locator("#detail-lead_score input[name=lead_score]")).to_be_focused()
    expect(page_of.locator(".detail.open")).to_have_count(1)
    page_of.keyboard.press("Escape")
    expect(page_of.locator("#detail-lead_score dd > span")).to_have_text("3")
    assert violations(page_of) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_first_tick_moves_no_row(page_of, width):
    for name in ("Ala", "Ewa"):
        factories.contact(first_name=name)
    page_of.set_viewport_size({"width": width, "height": 900})
    page_of.goto("/contacts/")
    row = page_of.locator(".manager tbody tr").last
    before = row.bounding_box()
    page_of.locator("[name=ticked]").first.check()
    expect(page_of.locator("#act-selected-button")).to_be_visible()
    assert row.bounding_box() == before


def test_columns_saved_at_once_after_ticks_leave_no_error(page_of):
    factories.contact(first_name="Ala")
    errors = []
    page_of.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page_of.goto("/contacts/")
    page_of.click("#choose-columns")
    page_of.wait_for_selector("dialog[open] .columns-form")
    page_of.evaluate(
        """() => {
            for (const box of [...document.querySelectorAll(".columns-choice input")].slice(0, 3)) box.click();
            document.querySelector("#save-columns").click();
        }"""
    )
    page_of.wait_for_selector("dialog[open]", state="detached")
    expect(page_of.locator("[data-l]").first).to_be_visible()
    assert errors == []


def test_on_a_phone_two_contacts_are_compared_side_by_side(page_of):
    people = [factories.contact(first_name=name, phone="600100200") for name in ("Ala", "Alicja")]
    page_of.set_viewport_size({"width": 390, "height": 800})
    page_of.goto(f"/contacts/compare/?id={people[0].pk}&id={people[1].pk}")
    for heading in page_of.locator(".compare thead th").all():
        box = heading.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_on_a_phone_five_contacts_scroll_in_their_table_and_the_fields_stay_named(page_of):
    people = [factories.contact(first_name=f"Ala{number}", phone="600100200") for number in range(5)]
    page_of.set_viewport_size({"width": 390, "height": 800})
    page_of.goto(f"/contacts/compare/?{'&'.join(f'id={person.pk}' for person in people)}")
    assert page_of.evaluate("document.documentElement.scrollWidth") == 390
    name = page_of.locator(".compare tbody th[scope=row]").first
    before = name.bounding_box()
    page_of.locator(".scroll").evaluate("table => { table.scrollLeft = table.scrollWidth }")
    expect(page_of.locator(".compare thead th").last).to_be_in_viewport()
    assert name.bounding_box() == before


@pytest.mark.parametrize("width", [1440, 390])
def test_the_field_of_a_dialog_stays_where_it_is_while_a_tag_is_typed(page_of, width):
    person = factories.contact(first_name="Ala")
    tags = [factories.tag(name, person) for name in ("ONE", "TWO")]
    page_of.set_viewport_size({"width": width, "height": 900})
    page_of.goto("/tags/")
    for tag in tags:
        page_of.check(f"input[name=tag][value='{tag.pk}']")
    page_of.click("#tags-action-button")
    page_of.click("#tags-action button:not(.danger)")
    field = page_of.locator("#dialog #id_name")
    expect(field).to_be_focused()
    before = field.bounding_box()
    page_of.keyboard.type("three ")
    expect(page_of.locator("#dialog .tag-becomes .chip")).to_be_visible()
    expect(page_of.locator("#merge-plan")).to_contain_text("THREE")
    assert field.bounding_box() == before
