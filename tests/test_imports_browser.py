"""A file imported in a browser: uploaded, its columns chosen while the preview follows, imported, looked at."""

import pytest
from django.utils import timezone

from contacts.models import Contact
from imports.models import Import
from jobs.services import run
from tests import factories
from tests.support.browser import sign_in, violations
from tests.support.importing import csv_of

pytestmark = pytest.mark.browser

DATA = csv_of("adres;imię;born", "ala@example.com;Ala;1.02.1980", "broken;X;", encoding="cp1250")


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("pl", "dark", 390)])
def test_a_file_is_imported(page, make_user, settings, tmp_path, language, theme, width):
    settings.MEDIA_ROOT = str(tmp_path)
    factories.attribute("born", "date")
    user = make_user("marketer", name="Olga", language=language)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    sign_in(page, user)
    page.goto("/imports/new/")
    page.set_input_files("[name=file]", {"name": "fair.csv", "mimeType": "text/csv", "buffer": DATA})
    page.click("form .btn-primary")
    page.wait_for_selector("#plan .note")  # whom the rows are about is not said yet
    assert page.input_value("[name=encoding]") == "cp1250"
    page.select_option("[name=column-0]", "email")
    page.wait_for_selector(".preview .wrong")
    assert page.text_content(".preview .becomes") == "→ 1980-02-01"
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not Contact.objects.exists()
    page.click("#import")
    page.wait_for_url("**/imports/*/")
    page.wait_for_selector("#standing")
    run("import", Import.objects.get().pk, now=timezone.now())
    page.wait_for_selector(f'#standing a[href$="?import={Import.objects.get().pk}.created"]')
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert list(Contact.objects.values_list("email", "first_name")) == [("ala@example.com", "Ala")]
    page.goto("/imports/")
    tops = page.eval_on_selector_all(
        "td.fig", "cells => cells.map(cell => Math.round(cell.getBoundingClientRect().top))"
    )
    assert (len(tops), len(set(tops))) == (4, 1)  # the counts stand in one line, on a phone too
    assert page.evaluate("document.documentElement.scrollWidth") <= width
