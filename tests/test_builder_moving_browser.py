"""Moving, undoing and JSON in a real browser, in English and in Polish: by pointer, by finger, by keyboard."""

from typing import Any

import pytest
from playwright.sync_api import expect

from segmentation.models import SavedCriteria
from tests import factories
from tests.factories import NOW
from tests.support.browser import sign_in

pytestmark = pytest.mark.browser


def score(value: int) -> dict:
    return {"kind": "field", "field": "lead_score", "op": "gt", "value": value}


TREE = {"any": [{"all": [score(10), score(20)]}, {"all": [score(30), score(40)]}]}
BROKEN = '{"any": [\n  {"all": [{"kind": "field", "field": "lead_score", "op": "more", "value": 1}]}\n]}'


@pytest.fixture
def opened(page: Any, live_site: str, make_user: Any) -> Any:
    """The criteria of TREE opened to be changed, signed in."""
    for lead_score in (5, 15, 25, 35, 45):
        factories.contact(lead_score=lead_score)
    saved = SavedCriteria.objects.create(name="Scores", criteria=TREE, created_at=NOW, updated_at=NOW)
    user = make_user("marketer", language="pl")
    sign_in(page, user)
    page.goto(f"/saved-criteria/{saved.pk}/")
    counted(page)
    return page


def counted(page: Any) -> None:
    """Waits until the numbers are those of the form as it stands."""
    page.wait_for_selector("#builder-total .stat:not(.faint)")
    expect(page.locator("#builder-live.htmx-request, #builder.htmx-request, .count.stale")).to_have_count(0)


def values(page: Any) -> list[list[str]]:
    """What stands in each block."""
    return page.evaluate(
        "() => [...document.querySelectorAll('#builder > .block')].map((block) =>"
        " [...block.querySelectorAll('input[name$=\"-value\"]')].map((input) => input.value))"
    )


def until(page: Any, wanted: list[list[str]]) -> None:
    page.wait_for_function(
        "(wanted) => JSON.stringify([...document.querySelectorAll('#builder > .block')].map((block) =>"
        " [...block.querySelectorAll('input[name$=\"-value\"]')].map((input) => input.value))) === wanted",
        arg=str(wanted).replace("'", '"').replace(", ", ","),
    )
    counted(page)


def node(page: Any, value: str) -> str:
    """The id of the criterion that says this number."""
    field = page.locator(f".criterion input[name$='-value'][value='{value}']")
    return str(field.get_attribute("name")).partition("-")[0]


def middle(page: Any, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, grip: str, x: float, y: float, *, drop: bool = True) -> None:
    """From a node's grip to a point of the window."""
    page.mouse.move(*middle(page, f"#{grip}-grip"))
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    expect(page.locator(".drop-line")).to_be_visible()
    if drop:
        page.mouse.up()


def above_first_block(page: Any) -> tuple[float, float]:
    box = page.locator("#builder > .block").first.bounding_box()
    return box["x"] + 200, box["y"] - 3


def test_dragging_moves_between_blocks_beside_them_and_escape_leaves_it(opened: Any) -> None:
    page = opened
    page.set_viewport_size({"width": 1280, "height": 1100})
    first, third = node(page, "10"), node(page, "30")
    x, y = middle(page, f"#{first}")
    drag(page, third, x, y - 4, drop=False)
    page.keyboard.press("Escape")
    expect(page.locator(".drop-line")).to_have_count(0)
    page.mouse.up()
    assert values(page) == [["10", "20"], ["30", "40"]]
    drag(page, third, x, y - 4)
    until(page, [["30", "10", "20"], ["40"]])
    expect(page.locator(f"#{third}-grip")).to_be_focused()
    drag(page, first, *above_first_block(page))  # beside the blocks: one of its own
    until(page, [["10"], ["30", "20"], ["40"]])
    drag(page, str(page.locator("#builder > .block").last.get_attribute("id")), *above_first_block(page))
    until(page, [["40"], ["10"], ["30", "20"]])


def test_the_arrow_keys_move_it_say_where_it_is_and_are_undone(opened: Any) -> None:
    page = opened
    second = node(page, "20")
    page.focus(f"#{second}-grip")
    for wanted in ([["10"], ["20", "30", "40"]], [["10"], ["30", "20", "40"]]):
        page.keyboard.press("ArrowDown")
        until(page, wanted)
        expect(page.locator(f"#{second}-grip")).to_be_focused()
    expect(page.locator("#builder-said")).to_contain_text("2")
    said = page.inner_text("#builder-said")
    page.keyboard.press("ArrowUp")
    until(page, [["10"], ["20", "30", "40"]])
    assert page.inner_text("#builder-said") != said
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # before the first is answered: none is lost
    until(page, [["20", "10"], ["30", "40"]])
    for wanted in ([["10", "20"], ["30", "40"]], [["10"], ["20", "30", "40"]], [["10"], ["30", "20", "40"]]):
        page.keyboard.press("Control+z")
        until(page, wanted)
    page.keyboard.press("Control+Shift+z")
    until(page, [["10"], ["20", "30", "40"]])


def test_edits_and_buttons_are_undone_step_by_step_also_after_a_reload(opened: Any) -> None:
    page = opened
    first = node(page, "10")
    expect(page.locator("#builder-undo")).to_have_attribute("aria-disabled", "true")
    page.fill("#id_name", "Other name")
    field = f"#{first}-value"
    page.fill(field, "3")
    expect(page.locator(f"#{first}-count b")).to_have_text("5")
    page.locator(field).press_sequentially("1")
    page.keyboard.press("Tab")
    expect(page.locator(f"#{first}-count b")).to_have_text("2")
    page.select_option(f"#{first}-op", "between")
    for bound, value in (("from", "31"), ("to", "46")):
        with page.expect_response("**/criteria/count/"):  # two fields within a moment would be one step
            page.fill(f"#{first}-{bound}", value)
            page.keyboard.press("Tab")
    with page.expect_response("**/criteria/count/"):
        page.click("#builder-block")
    expect(page.locator("#builder > .block")).to_have_count(3)
    expect(page.locator("#builder-undo:not([aria-disabled])")).to_have_count(1)
    expect(page.locator("#builder-kept")).not_to_be_empty()
    page.reload()
    counted_or_missing(page)
    page.click("#builder-undo")  # the block
    expect(page.locator("#builder > .block")).to_have_count(2)
    assert page.input_value(f"#{first}-to") == "46"
    counted(page)
    page.keyboard.press("Control+z")  # the upper bound
    expect(page.locator(f"#{first}-to")).to_have_value("")
    counted_or_missing(page)
    page.keyboard.press("Control+z")  # the lower bound
    expect(page.locator(f"#{first}-from")).to_have_value("")
    counted_or_missing(page)
    page.keyboard.press("Control+z")  # the operator
    expect(page.locator(f"#{first}-op")).to_have_value("gt")
    assert page.input_value(field) == "31"
    counted(page)
    page.keyboard.press("Control+z")  # "3", then "31" in one field is one edit
    expect(page.locator(field)).to_have_value("10")
    counted(page)
    expect(page.locator("#builder-undo")).to_have_attribute("aria-disabled", "true")
    assert page.input_value("#id_name") == "Other name"
    page.click("#builder-redo")
    expect(page.locator(field)).to_have_value("31")


def counted_or_missing(page: Any) -> None:
    page.wait_for_selector("#builder-total .stat:not(.faint), #builder-total .missing")
    expect(page.locator("#builder-live.htmx-request")).to_have_count(0)


def test_json_is_edited_counted_refused_with_its_place_and_applied(opened: Any) -> None:
    page = opened
    page.click("#builder-to-json")
    expect(page.locator("#builder-json")).to_be_focused()
    assert '"lead_score"' in page.input_value("#builder-json")
    page.fill("#builder-json", BROKEN)
    expect(page.locator("#builder-total .missing")).to_be_visible()
    page.click("#builder-json-apply")
    expect(page.locator("#builder-json-error")).to_contain_text("any[0].all[0].op")
    expect(page.locator("#builder-json-error")).to_contain_text("2")
    assert page.evaluate("() => document.getSelection().toString()") == '"more"'
    counted_or_missing(page)
    page.reload()  # nothing is lost
    assert "more" in page.input_value("#builder-json")
    page.fill("#builder-json", BROKEN.replace("more", "gt"))
    expect(page.locator("#builder-total .stat")).to_have_text("5")
    page.click("#builder-json-apply")
    until(page, [["1"]])
    page.keyboard.press("Control+z")
    until(page, [["10", "20"], ["30", "40"]])


def test_undo_pressed_before_the_change_is_counted_takes_it_back(opened: Any) -> None:
    page = opened
    page.click("#builder-to-json")
    page.fill("#builder-json", BROKEN.replace("more", "gt"))
    expect(page.locator("#builder-total .stat")).to_have_text("5")
    page.evaluate(
        "() => document.addEventListener('htmx:afterSettle', () => {"
        " if (document.querySelector('#builder-json') || window.pressed) return;"
        " window.pressed = document.querySelector('#builder-undo').getAttribute('aria-disabled');"
        " document.dispatchEvent(new KeyboardEvent('keydown', {key: 'z', ctrlKey: true})); })"
    )
    page.click("#builder-json-apply")
    until(page, [["10", "20"], ["30", "40"]])
    assert page.evaluate("window.pressed") == "true"


def test_with_a_finger_it_is_dragged_too(chromium: Any, live_site: str, make_user: Any, account: Any) -> None:
    saved = SavedCriteria.objects.create(name="Scores", criteria=TREE, created_at=NOW, updated_at=NOW)
    user = make_user("marketer")
    context = chromium.new_context(
        base_url=live_site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    sign_in(page, user)
    page.goto(f"/saved-criteria/{saved.pk}/")
    page.wait_for_selector("#builder-total .stat:not(.faint)")
    first, second = node(page, "10"), node(page, "20")
    page.evaluate("(id) => document.getElementById(id).scrollIntoView({block: 'center'})", first)
    x, y = middle(page, f"#{second}-grip")
    _x, top = middle(page, f"#{first}")
    touch = context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for at in (y - 20, (y + top) / 2, top - 12):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": at}]})
    expect(page.locator(".drop-line")).to_be_visible()
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(page, [["20", "10"], ["30", "40"]])
    context.close()
