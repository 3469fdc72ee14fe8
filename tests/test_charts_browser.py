"""Charts in a browser: walked by the arrow keys without scripts, accessible, printed with their figures."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.utils import translation
from playwright.sync_api import expect

from config.charts import Band, Bands, Chart, Heat, HeatMap, HeatRow, Series

pytestmark = pytest.mark.browser
STYLES = ["bootstrap.min.css", *(f"css/{name}.css" for name in ("tokens", "base", "frame", "card", "grid", "chart"))]
WEEKS = [date(2025, 3, 3) + timedelta(weeks=nth) for nth in range(6)]
SIX = [Series(f"Kind {nth}", [nth * 10, 5, None, 80, 7, nth]) for nth in range(1, 7)]
TEMPLATE = """<main><h1>x</h1>
<section class="card-s"><div class="body" id="lines">{% line_chart lines %}</div></section>
<section class="card-s"><div class="body" id="columns">{% column_chart lines stacked=True %}</div></section>
<section class="card-s"><div class="body">{% heat_map heat %}</div></section>
<section class="card-s"><div class="body">{% bands bands %}</div></section></main>"""


@pytest.fixture(params=["en", "pl"])
def charts(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Any]:
    """A page of charts without scripts: wide and light in English, narrow and dark in Polish."""
    narrow = request.param == "pl"
    heat = [
        HeatRow(f"R{row}", [Heat(str(row * nth), nth % 6, under="1 %", url="/x") for nth in range(6)]) for row in (1, 2)
    ]
    context = {
        "lines": Chart("Sizes in each week", "Week", WEEKS, SIX, whole="Together"),
        "heat": HeatMap("Still in", "Joined", list("012345"), heat, legend=["nobody", "few", "some"]),
        "bands": Bands(
            "Revenue", "Band", "Amount", [Band(f"Band {n}", n, url="/x", create_url="/y") for n in range(1, 7)]
        ),
    }
    with translation.override(request.param):
        body = Template(TEMPLATE).render(Context(context))
    css = "".join(f"<style>{Path(str(finders.find(name))).read_text()}</style>" for name in STYLES)
    theme = "dark" if narrow else "light"
    page = chromium.new_page(viewport={"width": 390 if narrow else 1280, "height": 844})
    head = f'<html lang="{request.param}" data-bs-theme="{theme}"><head><title>x</title>{css}</head>'
    page.set_content(f"<!doctype html>{head}<body>{body}</body></html>")
    yield page
    page.close()


def test_charts_are_accessible_walked_by_the_arrow_keys_and_printed_with_their_figures(charts: Any) -> None:
    page = charts
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

    page.locator("#lines .scroll, #lines input").first.focus()  # one stop for all places
    readouts = page.locator("#lines .readout")
    expect(readouts.nth(0)).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(readouts.nth(1)).to_be_visible()
    expect(readouts.nth(0)).to_be_hidden()
    expect(readouts.nth(1)).to_contain_text("Kind 6")
    for _step in range(4):
        page.keyboard.press("ArrowRight")
    expect(readouts.nth(5)).to_be_visible()
    box, width = readouts.nth(5).bounding_box(), page.viewport_size["width"]
    assert box["x"] >= 0  # at the edge, and still whole
    assert box["x"] + box["width"] <= width
    page.keyboard.press("Tab")
    expect(page.locator("#lines summary")).to_be_focused()

    figures = page.locator("#lines .figures table")
    assert not figures.evaluate("table => table.checkVisibility({contentVisibilityAuto: true})")
    page.emulate_media(media="print")
    assert figures.evaluate("table => table.checkVisibility({contentVisibilityAuto: true})")
    expect(page.locator("#lines summary")).to_be_hidden()
    assert figures.bounding_box()["height"] > 100
