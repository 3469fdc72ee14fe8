"""Criteria as JSON in the form, and as a sentence while they are unfinished."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from segmentation import builder
from segmentation.builder.text import place_in, text_of
from segmentation.models import SavedCriteria
from tests.support.posted import fields_of
from tests.test_builder_trees import TREES

NEW, COUNT, REDRAW = "/saved-criteria/new/", "/criteria/count/", "/criteria/builder/"
HTMX = {"HX-Request": "true"}
WARM = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
TREE = {"any": [{"all": [WARM, {"not": {"kind": "field", "field": "email", "op": "is_set"}}]}, {"all": [WARM]}]}


# --- the text -------------------------------------------------------------------------------------------------
@given(TREES)
def test_the_text_says_the_tree_exactly(tree: dict) -> None:
    assert json.loads(text_of(tree)) == tree


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "ż"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def values_in(data: Any, path: str) -> list[tuple[str, Any]]:
    found = [(path, data)]
    for key, held in data.items() if isinstance(data, dict) else []:
        found += values_in(held, f"{path}.{key}" if path else key)
    for number, held in enumerate(data if isinstance(data, list) else []):
        found += values_in(held, f"{path}[{number}]")
    return found


@given(JSONS, st.sampled_from([None, 1]))
def test_the_place_of_every_value_is_found_in_the_text(data: Any, indent: int | None) -> None:
    text = json.dumps(data, indent=indent)
    for path, held in values_in(data, ""):
        place = place_in(text, path)
        assert place is not None
        assert json.loads(text[place.start : place.end]) == held
        assert text.split("\n")[place.line - 1][place.column - 1 :].startswith(text[place.start])


# --- the page -------------------------------------------------------------------------------------------------
@pytest.fixture
def client(client_for: Any, marketer: Any) -> Client:
    found: Client = client_for(marketer)
    return found


def opened(tree: Any) -> Any:
    """What a browser sends of the form that shows `tree`."""
    from tests.test_builder_form import html_of

    return fields_of(html_of(builder.from_criteria(tree, place="saved:new")))


def pressed(client: Client, data: Any, command: str, *, status: int = 200) -> str:
    data["do"] = command
    response = client.post(REDRAW, data, headers=HTMX)
    assert response.status_code == status
    return str(response.content.decode())


@pytest.mark.django_db
def test_to_json_and_back_changes_nothing(client: Client) -> None:
    data = opened(TREE)
    shown = fields_of(pressed(client, data, "json"))
    assert json.loads(shown["json"]) == TREE
    assert builder.from_post(fields_of(pressed(client, shown, "json_apply")), place="x:1").criteria() == TREE
    shown["json"] = "{"
    assert builder.from_post(fields_of(pressed(client, shown, "json_back")), place="x:1").criteria() == TREE


@pytest.mark.django_db
def test_what_is_unfinished_is_not_switched_and_says_so(client: Client) -> None:
    data = opened(WARM)
    (name,) = (name for name in data if name.endswith("-value"))
    data[name] = ""
    html = pressed(client, data, "json", status=422)
    assert "finish what is marked" in html
    assert 'name="json"' not in html
    assert "Type a number." in html


@pytest.mark.parametrize(
    ("text", "path", "where"),
    [
        (
            '{"all": [\n {"kind": "field", "field": "lead_score", "op": "x", "value": 1}]}',
            "all[0].op",
            "Line 2, column 49",
        ),
        ('{"all": [\n  oops]}', "", "Line 2, column 3"),
        ('{"any": []}', "any", "Line 1, column 9"),
        ('{"kind": "tag", "op": "any", "tags": ["NOBODY"]}', "tags[0]", "Line 1, column 39"),
        ("", "", "Line 1, column 1"),
    ],
)
@pytest.mark.django_db
def test_an_error_says_its_path_and_where_in_the_text(client: Client, text: str, path: str, where: str) -> None:
    data = fields_of(pressed(client, opened(WARM), "json"))
    data["json"] = text
    html = pressed(client, data, "json_apply", status=422)
    assert where in html
    assert f"<code>{path}</code>" in html or not path
    assert fields_of(html)["json"].replace("\r\n", "\n") == text  # and nothing is lost
    back = fields_of(pressed(client, fields_of(html), "json_back"))
    assert builder.from_post(back, place="x:1").criteria() == {"all": [WARM]}


@pytest.mark.django_db
def test_numbers_and_the_submitted_page_follow_the_text(client: Client) -> None:
    data = fields_of(pressed(client, opened(WARM), "json"))
    data["json"] = json.dumps({**WARM, "value": 77})
    html = client.post(COUNT, data, headers=HTMX).content.decode()
    assert '<div class="stat">0</div>' in html
    assert "77" in html
    assert client.post(NEW, {**data.dict(), "name": ""}).status_code == 422
    client.post(NEW, {**data.dict(), "name": "Hot"})
    assert SavedCriteria.objects.get().criteria == {"all": [{**WARM, "value": 77}]}


@pytest.mark.django_db
def test_a_broken_text_is_not_submitted_and_kept_as_a_draft(client: Client) -> None:
    data = fields_of(pressed(client, opened(WARM), "json"))
    data["json"], data["name"] = '{"all": [', "Hot"
    assert client.post(COUNT, data, headers=HTMX).status_code == 422
    assert client.post(NEW, data).status_code == 422
    assert not SavedCriteria.objects.exists()
    assert fields_of(client.get(NEW).content.decode())["json"] == '{"all": ['


# --- the sentence ---------------------------------------------------------------------------------------------
def sentence(html: str) -> str:
    rest = html[html.index('id="builder-sentence"') :].partition("</p>")[0]
    part = rest.rpartition('class="sentence">')[2]
    return re.sub(r"<[^>]+>", "", part)


@pytest.mark.django_db
def test_the_sentence_tells_what_is_finished_and_leaves_the_rest_open(client: Client) -> None:
    data = opened({"all": [WARM, {**WARM, "value": 50}]})
    assert sentence(client.post(COUNT, data, headers=HTMX).content.decode()).startswith(
        "Lead score is more than 20 and"
    )
    first = next(name for name in data if name.endswith("-value"))
    data[first] = ""
    assert sentence(client.post(COUNT, data, headers=HTMX).content.decode()) == "… and lead score is more than 50."
    page = client.post(NEW, {**data.dict(), "do": "block"}).content.decode()
    assert sentence(page) == "(… and lead score is more than 50) or …"


@pytest.mark.django_db
def test_a_page_just_opened_says_its_sentence_without_a_count(client: Client) -> None:
    address = f"/segments/create/?criteria={json.dumps(WARM)}"
    assert sentence(client.get(address).content.decode()) == "Lead score is more than 20."
    assert "In words" not in client.get(NEW).content.decode()


# --- how large ------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_largest_criteria_are_a_page_of_bounded_size() -> None:
    """250 criteria: lists of options and icons are written once for all, not anew for each."""
    from tests.test_builder_form import html_of

    tree = {"any": [{"all": [{**WARM, "value": block * 5 + one} for one in range(5)]} for block in range(50)]}
    html = html_of(builder.from_criteria(tree, place="saved:new"))
    assert html.count('class="criterion"') == 250
    assert html.count("<path") < 1500
    assert len(html) < 2_500_000
