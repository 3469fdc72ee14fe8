"""The API's description, for programs and as a page."""

import pytest

from api.problems import KINDS
from api.v1.description import described, operations
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
