"""The API's description, for programs and as a page."""

import re

import pytest
from django.utils import timezone
from jsonschema_rs import validator_for

from api.problems import KINDS
from api.v1.description import described, operations
from api.views.docs import groups, prose
from tests import factories
from tests.support.keys import key_client
from tests.support.people import client_for

pytestmark = pytest.mark.django_db


def test_every_operation_demands_a_scope_and_has_its_own_id() -> None:
    found = list(operations(described()))
    assert [each["operationId"] for each in found if not each["x-scope"]] == []
    assert len({each["operationId"] for each in found}) == len(found) > 10


def test_every_operation_has_examples_of_what_goes_in_and_comes_out() -> None:
    for operation in operations(described()):
        messages = [operation["requestBody"]] if "requestBody" in operation else []
        messages += [answer for answer in operation["responses"].values() if "$ref" not in answer]
        for message in messages:
            for kind, media in message.get("content", {}).items():
                assert "example" in media or kind == "application/zip", operation["operationId"]


def test_every_example_is_as_its_schema_says() -> None:
    document = described()
    wrong = []
    for operation in operations(document):
        messages = [operation["requestBody"]] if "requestBody" in operation else []
        answers = operation["responses"].values()
        messages += [document["components"]["responses"][each["$ref"].rsplit("/")[-1]] if "$ref" in each else each
                     for each in answers]  # fmt: skip
        for media in (media for message in messages for media in message.get("content", {}).values()):
            if "example" in media:
                schema = validator_for({**media["schema"], "components": document["components"]})
                wrong += [(operation["operationId"], error.message) for error in schema.iter_errors(media["example"])]
    assert wrong == []


def test_every_operation_tells_its_problems_and_limits() -> None:
    for operation in operations(described()):
        assert {"400", "401", "403", "429", "503"} <= operation["responses"].keys()
        good = next(answer for status, answer in operation["responses"].items() if status < "4")
        assert "RateLimit-Remaining" in good["headers"]
        writes = operation["x-scope"].endswith(":write") and operation["x-method"] != "get"
        assert writes == any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))


def test_the_description_is_open_and_the_same_in_every_language() -> None:
    client = client_for(None)
    response = client.get("/api/v1/openapi.json", headers={"accept-language": "pl"})
    said = response.json()
    assert (response.status_code, said["openapi"], said["servers"]) == (200, "3.1.0", [{"url": "/api/v1"}])
    assert said["components"]["responses"]["not_found"]["description"] == "There is no such thing"
    assert client.delete("/api/v1/openapi.json").status_code == 405


@pytest.mark.parametrize("language", ["en", "pl"])
def test_the_page_names_every_route_and_problem_and_takes_nothing_from_elsewhere(language: str) -> None:
    response = client_for(None).get("/api/v1/docs", headers={"accept-language": language})
    text = response.content.decode()
    assert (response.status_code, response.headers["Content-Language"]) == (200, language)
    assert [each["operationId"] for each in operations(described()) if f'id="{each["operationId"]}"' not in text] == []
    assert [code for code in KINDS if f'id="problem-{code}"' not in text] == []
    assert 'src="http' not in text
    assert "<style" not in text


def test_the_page_has_the_frame_of_whoever_is_signed_in(owner, client_for) -> None:
    assert 'class="app"' in client_for(owner).get("/api/v1/docs").content.decode()
    assert client_for(owner).post("/api/v1/docs").status_code == 405


def test_the_page_is_of_the_keys_in_the_menu(owner, client_for) -> None:
    text = client_for(owner).get("/api/v1/docs").content.decode()
    assert re.search(r'<a[^>]* href="/keys/"[^>]* aria-current="page"', text)


def test_names_in_prose_are_set_as_code_and_nothing_else_is_markup() -> None:
    assert prose("Give `<id>` & more") == "Give <code>&lt;id&gt;</code> &amp; more"
    assert "`" not in "".join(route.description for group in groups() for route in group.routes)


@pytest.mark.parametrize("language", ["en", "pl"])
def test_the_page_writes_json_as_json(language: str) -> None:
    text = client_for(None).get("/api/v1/docs", headers={"accept-language": language}).content.decode()
    assert '<code>{"items": […]}</code>' in text


def test_every_line_to_read_with_is_answered_as_it_is_printed(account) -> None:
    """Of a new account all is missing: what names a thing is not found, what does not is answered."""
    client = key_client()
    factories.order(factories.contact(email="ala@example.com"), external_id="Z/2026/1", at=timezone.now())
    for route in (route for group in groups() for route in group.routes if route.method == "GET"):
        *ids, line = route.curl.replace(" \\\n", "").split("\n")
        path = re.search(r'"\$SITO_URL/api/v1(.*?)"', line)[1]
        for name, value in (each.split("=") for each in ids):
            path = path.replace(f"${name}", value)
        assert re.search(r"[{}$]", path) is None, path
        assert client.ask("GET", path).status_code in ((200, 202, 303, 404) if ids else (200,)), path
        assert bool(ids) == route.named
        assert ("-L" in line) == path.endswith("/download")


def test_the_contact_of_the_example_is_taken_by_a_new_account(account) -> None:
    example = next(each for each in operations(described()) if each["operationId"] == "contacts_record")
    body = example["requestBody"]["content"]["application/json"]["example"]
    assert key_client(None, "contacts:write").send("POST", "/contacts", body)[0] == 200
