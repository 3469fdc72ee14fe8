"""A webhook made, tested and repaired in a browser; its calls checked by the code that the documentation gives."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.utils import timezone

from tests.support.browser import sign_in, violations
from tests.support.receiver import Listening
from webhooks.models import Endpoint
from webhooks.signing import HEADER, signature

DOCS = (Path(__file__).resolve().parents[1] / "docs" / "webhooks.md").read_text()


def documented(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    assert found
    return found[1]


def calls() -> list[tuple[str, str, bool]]:
    """Secret, header, and whether it has to be taken, of calls with the body `{"a":"ł"}`."""
    now, body = timezone.now(), '{"a":"ł"}'.encode()
    header = signature(body, keys=["new", "old"], at=now)
    late = signature(body, keys=["new"], at=now - timedelta(minutes=6))
    stamp, mark = header.split(",")[:2]
    return [
        ("new", header, True), ("old", header, True), ("other", header, False), ("new", late, False),
        ("new", f"t={int(now.timestamp()) + 1},{mark}", False), ("new", stamp, False), ("new", "", False),
        ("new", f"{stamp},v1={'0' * 64}", False), ("new", f"t=x,{mark}", False), ("new", f"{stamp},v1=ł", False),
        ("new", f"{stamp},{mark.replace('v1', 'v0')}", False),
    ]  # fmt: skip


def test_the_documented_python_takes_our_calls_and_no_others():
    space: dict = {}
    exec(documented("python"), space)
    body = '{"a":"ł"}'.encode()
    assert [space["from_sito"](secret, header, body) for secret, header, _right in calls()] == [
        right for *_call, right in calls()
    ]


@pytest.mark.skipif(shutil.which("node") is None, reason="LOUD: no node here, the documented JavaScript is not tested")
def test_the_documented_javascript_takes_our_calls_and_no_others():
    given = calls()
    code = documented("js") + (
        f"const calls = {json.dumps([call[:2] for call in given])};"
        'const body = Buffer.from(\'{"a":"ł"}\');'
        "console.log(JSON.stringify(calls.map(([secret, header]) => fromSito(secret, header, body))));"
    )
    ran = subprocess.run(["node", "-e", code], check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout) == [right for *_call, right in given]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("pl", "dark", 390)])
def test_a_webhook_is_made_tested_and_repaired(page, make_user, settings, language, theme, width):
    from tests.support.webhooks import work

    settings.WEBHOOKS_ALLOW, settings.WEBHOOKS_HTTP = [ip_network("127.0.0.0/8")], True
    owner = make_user("owner", name="Olga", language=language)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme)
    sign_in(page, owner)
    with Listening(answers=[500, 200]) as receiver:
        page.goto("/webhooks/new/")
        page.fill("[name=name]", "Sklep")
        page.fill("[name=url]", "https://10.0.0.7/hook")
        page.click("#webhook .btn-primary")
        page.wait_for_selector("[name=url][aria-invalid=true]")
        assert violations(page) == []
        page.fill("[name=url]", receiver.url())
        page.click("#webhook .btn-primary")
        page.wait_for_selector("#secret")
        secret = page.text_content("#secret")
        here = Endpoint.objects.get()
        assert secret == here.secret
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.click(".head form .btn-primary")  # a test; no worker has seen it yet
        page.wait_for_selector("#course[hx-get]")
        work(here, now=timezone.now())
        page.wait_for_selector("#course .chip.bad:has-text('500')")
        page.wait_for_selector("#course:not([hx-get])")
        page.click(".head form .btn-primary")
        page.wait_for_selector("#course[hx-get]")
        work(here, now=timezone.now())
        page.wait_for_selector("#course .hook-attempts .chip.good:has-text('200')")
        assert "thank you" in page.text_content("#course pre")

        page.goto(f"/webhooks/{here.pk}/")
        page.wait_for_selector("#rows tbody tr >> nth=1")
        page.select_option("[name=state]", "done")
        page.wait_for_selector("#rows tbody:not(:has(tr:nth-child(2)))")
        assert page.url.endswith("state=done&event=")
        page.click("a[href$='/off/']")
        page.click("#dialog[open] .btn-danger")
        page.wait_for_selector("form[action$='/on/']")
        assert not Endpoint.objects.get().active
        assert violations(page) == []
    got = receiver.got[-1]
    space: dict = {}
    exec(documented("python"), space)
    assert space["from_sito"](secret, got.headers[HEADER], got.body)
