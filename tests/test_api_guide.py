"""docs/api.md: each of its lines is sent, and what it lists is all there is."""

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from api.models import USUAL, Scope
from api.problems import KINDS
from segmentation.models import Segment
from tests.support.keys import KeyClient, key_client
from tests.support.segments import calculate

pytestmark = pytest.mark.django_db
GUIDE = (Path(__file__).parent.parent / "docs" / "api.md").read_text()


def lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    return [line for block in blocks for line in re.split(r"\n+(?=curl|export)", block) if line.startswith("curl")]


def sent(client: KeyClient, line: str, **ids: Any) -> tuple[int, Any]:
    """What curl would send."""
    words = iter(shlex.split(line.replace("\\\n", " "))[2:])  # without curl -s
    method, path, body = "", "", b""
    headers: dict[str, str] = {}
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-d":
            body = next(words).encode()
        elif word == "-H":
            name, _colon, value = next(words).partition(": ")
            headers[name] = value
        else:
            path = word.removeprefix("$SITO_URL/api/v1")
    assert headers.pop("Authorization") == "Bearer $SITO_KEY"
    path = path.replace("$SEGMENT", str(ids.get("segment"))).replace("$CONTACT", str(ids.get("contact")))
    return client.send(method or ("POST" if body else "GET"), path, body, **headers)


def test_every_line_of_the_way_from_nothing_to_members_holds(account) -> None:
    client = key_client(None, *USUAL)
    first, person, seen, order, found, count, segment, members, use, why = lines()
    assert sent(client, first) == (200, {"items": [], "next_cursor": None})
    status, made = sent(client, person)
    contact = made["results"][0]["id"]
    assert (status, made["counts"]["created"]) == (200, 1)
    assert sent(client, person) == (200, made)
    for line in (seen, order):
        assert sent(client, line)[1]["counts"]["created"] == 1
    assert sent(client, found)[1]["contact_id"] == contact
    assert sent(client, count)[1]["count"] == 1
    status, segment = sent(client, segment)
    assert status == 201
    ids = {"segment": segment["id"], "contact": contact}
    assert sent(client, members, **ids)[0] == 202
    calculate(Segment.objects.get(), now=client.key.created_at)
    status, page = sent(client, members, **ids)
    assert (status, [each["id"] for each in page["items"]]) == (200, [contact])
    assert sent(client, use, **ids)[0] == 200
    assert sent(client, why, **ids)[1]["holds"] is True


def test_it_names_every_scope_and_every_problem() -> None:
    told = set(re.findall(r"`([a-z_:]+)`", GUIDE))
    own = {"method_not_allowed", "length_required", "too_large", "unsupported_type"}  # told by their status
    assert set(Scope.values) - told == set()
    assert set(KINDS) - own - told == set()
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        ast.parse(block)
    for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL):
        json.loads(block)
