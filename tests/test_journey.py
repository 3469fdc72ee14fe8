"""The main job in a real browser, with a real worker, in both languages: build a segment, see who is in it, act on it,
download the export."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext

from actions.models import ActionRun
from jobs.scheduler import tick
from segmentation.models import Calculation
from tests import factories
from tests.support.jobs import ROOT, address_under_test
from tests.support.people import PASSWORD

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture
def worker(live_site: str, tmp_path: Path) -> Iterator[None]:
    """A Celery worker as in production, on the database under test."""
    environment = {**os.environ, "DATABASE_URL": address_under_test()}
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo", "--loglevel", "warning"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        yield
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def shop(live_site: str) -> None:
    """Forty contacts: 12 with a score over 20 in Warszawa, 5 in the category Media, one of them both: 16 in all."""
    factories.attribute("city", name="City")
    people = [
        factories.contact(
            email=f"osoba{number}@example.com",
            first_name="Żaneta",
            last_name=f"Łęcka{number}",
            lead_score=30 if number < 20 else 10,
            attributes={"city": "Warszawa" if number < 12 else "Łódź"},
        )
        for number in range(40)
    ]
    factories.category("klient/media", people[0], *people[30:34])


class Journey:
    """A person at the browser who reads the page in `language`."""

    def __init__(self, page) -> None:
        self.page = page

    def sign_in(self, user) -> None:
        self.page.goto("/login/")
        self.page.locator("button.language").click()
        self.page.locator(f"button[name=language][value={user.language}]").click()
        self.page.get_by_label(gettext("E-mail")).fill(user.email)
        self.page.get_by_label(gettext("Password"), exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name=gettext("Sign in")).click()
        self.page.get_by_role("heading", name=gettext("Segments")).wait_for()

    def press(self, name: str, *, at: int = 0) -> None:
        self.page.get_by_role("button", name=name, exact=True).nth(at).click()

    def choose(self, criterion: int, what: str, value: str, *, operator: str = "") -> None:
        """Fill in the criterion at this place: what to look at, the operator, the value."""
        row = self.page.locator(".criterion").nth(criterion)
        row.locator("select[name$='-what']").select_option(what)
        if operator:
            row.locator("select[name$='-op']").select_option(operator)
        row.locator("input[name$='-value']").fill(value)

    def sees_done(self, number: int) -> None:
        """So many runs are done. No beat runs here: a message that got lost is replaced by hand, as `tick` would."""
        place = self.page.get_by_text(gettext("Done"), exact=True).nth(number - 1)
        try:
            place.wait_for(timeout=20_000)
        except playwright.TimeoutError:
            tick(timezone.now() + timedelta(minutes=2))
            try:
                place.wait_for(timeout=120_000)  # the worker may still be starting: a minute on a busy machine
            except playwright.TimeoutError:
                stored = [*Calculation.objects.values("pk", "state", "problem"), *ActionRun.objects.values()]
                pytest.fail(f"{self.page.url} says\n{self.page.inner_text('main')}\n\nstored: {stored}")

    def sees_total(self, number: str) -> None:
        self.page.locator("#builder-total .stat").get_by_text(number, exact=True).wait_for()


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_marketer_builds_a_segment_acts_on_it_and_downloads_the_export(language, page, shop, worker, make_user):
    marketer = make_user("marketer", language=language)
    with translation.override(language):
        journey = Journey(page)
        journey.sign_in(marketer)
        build(journey)
        tag(journey)
        export(journey)
        look_at_the_contacts(journey)


def build(journey: Journey) -> None:
    """The segment of the specification's example, with its exact counts on the way."""
    page = journey.page
    page.get_by_role("link", name=gettext("Create segment")).first.click()
    page.get_by_label(gettext("Segment name")).fill("Media i Warszawa")
    journey.choose(0, "field:lead_score", "20", operator="gt")
    journey.sees_total("20")
    journey.press(gettext("Add criterion"))
    page.locator(".criterion").nth(1).wait_for()
    journey.choose(1, "attribute:city", "warszawa")
    journey.sees_total("12")
    journey.press(gettext("Add block"))
    page.locator(".criterion").nth(2).wait_for()
    category = page.locator(".criterion").nth(2)
    category.locator("select[name$='-what']").select_option("category")
    category.locator("button[data-pick]").click()
    category.get_by_role("checkbox", name="media").check()
    page.keyboard.press("Escape")
    journey.sees_total("16")
    assert page.locator(".criterion .count b").all_inner_texts() == ["20", "12", "5"]
    journey.press(gettext("Create segment and add action"))


def tag(journey: Journey) -> None:
    """Add a tag, through the question that gives the numbers first."""
    page = journey.page
    page.get_by_role("link", name=gettext("Add tag")).click()
    page.get_by_label(gettext("Tag"), exact=True).fill("ciepły kontakt")
    journey.press(pgettext("step", "Next"))
    answers = page.get_by_role("button", name=gettext("Do it")).or_(page.get_by_role("button", name=gettext("Plan it")))
    with page.expect_navigation():
        answers.click()
    if page.url.endswith("/add/"):  # the calculation ended between question and answer: asked again, with the numbers
        journey.press(pgettext("step", "Next"))
        with page.expect_navigation():
            answers.click()
    page.get_by_text("CIEPLY KONTAKT").first.wait_for()
    journey.sees_done(1)


def export(journey: Journey) -> None:
    """Export from the list of the ready segments; the file holds the sixteen."""
    page = journey.page
    page.goto("/segments/")
    page.get_by_role("link", name=gettext("Add action")).click()
    page.get_by_role("link", name=gettext("Export")).last.click()
    journey.press(pgettext("step", "Next"))
    journey.press(gettext("Do it"))
    journey.sees_done(2)
    page.goto("/exports/")
    with page.expect_download() as download:
        page.get_by_role("link", name=gettext("Download")).first.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=csv.Sniffer().sniff(text.splitlines()[0], ",;\t").delimiter))
    assert len(rows) == 1 + 16


def look_at_the_contacts(journey: Journey) -> None:
    """The contact manager shows exactly those who were counted, with their new tag."""
    page = journey.page
    page.goto("/segments/")
    page.get_by_role("link", name="Media i Warszawa").first.click()
    page.get_by_role("link", name=gettext("Contacts")).last.click()
    page.locator("#rows .total", has_text="16").wait_for()
    assert page.locator("#rows tbody tr").count() == 16
    page.locator("#rows tbody tr a.name").first.click()
    page.get_by_text("CIEPLY KONTAKT").first.wait_for()
