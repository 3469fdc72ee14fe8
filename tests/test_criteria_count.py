"""`manage.py count`: a number and where it comes from, or one line that says what is wrong."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts.models import Contact
from tests.population import NOWS

pytestmark = pytest.mark.django_db

TREE = {"any": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}]}


@pytest.fixture
def count(tmp_path: Path, account: Any) -> Any:
    def run(tree: Any, *options: str, name: str = "acme") -> str:
        file = tmp_path / "criteria.json"
        file.write_text(tree if isinstance(tree, str) else json.dumps(tree))
        out = io.StringIO()
        call_command("count", "--account", name, "--criteria", str(file), *options, stdout=out)
        return out.getvalue()

    return run


def test_count_prints_what_a_program_reads(count: Any) -> None:
    for score in (20, 21, 22):
        Contact.objects.create(lead_score=score, created_at=NOWS[0], updated_at=NOWS[0])
    answer = json.loads(count(TREE, "--json"))
    assert answer["count"] == 2
    assert [(node["path"], node["count"]) for node in answer["nodes"]] == [("", 2), ("any[0]", 2)]
    assert answer["ms"] >= 0
    assert set(answer["nodes"][0]) == {"path", "count", "ms"}


def test_count_prints_the_sentence_and_the_nodes(count: Any) -> None:
    first, *rows = count(TREE).splitlines()
    assert first == "Lead score is more than 20."
    assert [row.split()[0] for row in rows] == ["0", "0"]
    assert rows[1].endswith("any[0]")


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ({"any": []}, "any: This group has no criteria. Add one or remove the group."),
        ('{"any": [', "This is no JSON: see line 1, column 10."),
        ({"any": [{"kind": "tag", "op": "none", "tags": ["gone"]}]}, "any[0].tags[0]: There is no tag “GONE”."),
    ],
)
def test_count_refuses_with_the_path(count: Any, tree: Any, problem: str) -> None:
    with pytest.raises(CommandError) as refused:
        count(tree, "--json")
    assert str(refused.value) == problem


def test_count_reads_standard_input(monkeypatch: pytest.MonkeyPatch, account: Any) -> None:
    class Input:
        buffer = io.BytesIO(json.dumps(TREE).encode())

    monkeypatch.setattr("sys.stdin", Input)
    out = io.StringIO()
    call_command("count", "--account", "acme", "--criteria", "-", "--json", stdout=out)
    assert json.loads(out.getvalue())["count"] == 0


def test_count_says_which_account_or_file_is_missing(count: Any, account: Any) -> None:
    with pytest.raises(CommandError, match="There is no account “nobody”"):
        count(TREE, name="nobody")
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("count", "--account", "acme", "--criteria", "/nowhere/criteria.json")


def test_count_knows_no_account_called_public(count: Any) -> None:
    with pytest.raises(CommandError):
        count(TREE, name="public")
