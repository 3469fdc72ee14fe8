"""Whatever goes wrong is a problem document, and tells nothing of the inside."""

import io
import json

import pytest
from django.db import connection

from api.problems import KINDS, MEDIA_TYPE, problem_of
from contacts.models import HistoryEntry
from tests import factories
from tests.support.keys import KeyClient, key_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> KeyClient:
    return key_client()


def assert_problem(response, status: int, code: str) -> dict:
    said = json.loads(response.content)
    assert (response.status_code, response.headers["Content-Type"]) == (status, MEDIA_TYPE)
    assert (said["status"], said["code"], said["type"]) == (status, code, f"/api/v1/docs#problem-{code}")
    assert said["title"]
    assert said["detail"]
    return said


def test_addresses_and_methods_that_are_none(client) -> None:
    for path in ("/", "/nothing", "/contacts/", "/contacts/x", "/contacts/-1", "/contacts/7/shoes", "//"):
        assert_problem(client.ask("get", path), 404, "not_found")
    for method in ("put", "delete", "head", "options", "trace"):
        if method != "head":
            response = client.ask(method, "/contacts")
            assert_problem(response, 405, "method_not_allowed")
            assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    for huge in ("9" * 12, "9" * 40, "9" * 400):
        assert_problem(client.ask("get", f"/contacts/{huge}"), 404, "not_found")
        assert_problem(client.ask("get", f"/orders/{huge}"), 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"items": [', b"\xff\xfe", b"\0", b'{"items": [NaN]}', b'{"items": ["\\ud800"]}', b"[" * 5000,
        b'{"a":' * 5000, b'{"items": [' + b"9" * 5000 + b"]}", b"nul",
    ],
)  # fmt: skip
def test_malformed_json_is_400(client, body: bytes) -> None:
    response = client.ask("post", "/activities", body)
    assert response.status_code in (400, 422)
    assert_problem(response, response.status_code, "malformed" if response.status_code == 400 else "invalid")


def test_odd_values_in_a_body_are_errors_of_their_items(client) -> None:
    deep: list = []
    for _ in range(150):
        deep = [deep]
    odd = [None, 0, "", [], deep, {"contact": deep}, {"contact": {"id": 1e300}}, {"at": {"x": deep}}, {"type": "a\0b"}]
    for path in ("/contacts", "/activities", "/visits", "/orders", "/products"):
        said = assert_problem(client.ask("post", path, {"items": odd}), 422, "invalid")
        assert {each["item"] for each in said["errors"]} == set(range(len(odd)))


def test_bodies_of_other_types_are_415(client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert_problem(client.ask("post", "/contacts", b"x", **{"Content-Type": kind}), 415, "unsupported_type")
    latin = {"Content-Type": "application/json; charset=latin-1"}
    assert_problem(client.ask("post", "/contacts", b"{}", **latin), 415, "unsupported_type")
    packed = {"Content_Encoding": "gzip"}
    assert_problem(client.ask("post", "/contacts", b"{}", **packed), 415, "unsupported_type")


def test_bodies_without_length_or_too_long_are_refused_unread(client, settings) -> None:
    assert_problem(client.ask("post", "/contacts", b"{}", Transfer_Encoding="chunked"), 411, "length_required")
    settings.API_BODY_MB = 1
    assert_problem(client.ask("post", "/contacts", b" " * (1024 * 1024 + 1)), 413, "too_large")


@pytest.mark.parametrize(("megabytes", "left"), [(11, 0), (33, 33)])
def test_a_refused_body_is_read_to_its_end_unless_it_is_huge(client, megabytes: int, left: int) -> None:
    wire = io.BytesIO(bytes(megabytes * 1024 * 1024))
    sent = {"wsgi.input": wire, "CONTENT_LENGTH": str(wire.getbuffer().nbytes)}
    response = client.generic("POST", "/api/v1/contacts", content_type="application/json", **sent)
    assert_problem(response, 413, "too_large")
    assert len(wire.read()) == left * 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": [{"email": "a@x.pl", "email": "b@x.pl"}]}',
        b'{"items": [], "items": []}',
        b'{"items": [{"first_name": "\\u003a", "email": "a@x.pl", "email": "b@x.pl"}]}',
    ],
)
def test_a_key_that_stands_twice_in_an_object_is_refused(client, body: bytes) -> None:
    said = assert_problem(client.ask("post", "/contacts", body), 400, "malformed")
    assert "is there twice" in said["detail"]
    colons = {"items": [{"email": "a@x.pl", "first_name": 'a":b', "source": "x: y", "last_name": "{:}"}]}
    assert client.send("post", "/contacts", colons)[0] == 200


def test_head_answers_as_get_without_a_body_and_notes_nothing(client) -> None:
    person = factories.contact()
    for path in ("/contacts", f"/contacts/{person.pk}", "/contacts/999999", "/openapi.json"):
        response, read = client.ask("head", path), client.ask("get", path)
        assert (response.status_code, response.content) == (read.status_code, b"")
        for name in ("Content-Type", "Content-Length", "Cache-Control"):
            assert response.headers[name] == read.headers[name]
    archive = client.ask("head", f"/contacts/{person.pk}/archive")
    assert (archive.headers["Content-Type"], b"".join(archive.streaming_content)) == ("application/zip", b"")
    assert not HistoryEntry.objects.exists()
    assert client.ask("head", "/contacts/find").status_code == 422
    assert client.ask("head", "/activities").status_code == 405


def test_a_body_larger_than_a_forms_is_read(client) -> None:
    items = [{"email": "x", "source": "y" * 5000} for _ in range(800)]
    assert_problem(client.ask("post", "/contacts", {"items": items}), 422, "invalid")


def test_signs_that_are_no_text_in_the_address_are_400(client) -> None:
    for path in ("/contacts/find?email=%00", "/contacts?cursor=%ff", "/contacts?%00=1", "/%00"):
        assert_problem(client.ask("get", path), 400, "malformed")


def test_the_language_is_that_of_accept_language_alone(client) -> None:
    client.cookies["django_language"] = "pl"
    for asked, given in (("pl", "pl"), ("pl-PL,en;q=0.5", "pl"), ("de", "en"), ("x" * 5000, "en"), ("", "en")):
        response = client.ask("get", "/nothing", Accept_Language=asked)
        assert response.headers["Content-Language"] == given
        assert_problem(response, 404, "not_found")


def test_a_host_of_no_account_is_404(client) -> None:
    for host in ("nobody.testserver", "a b"):
        client.defaults["HTTP_HOST"] = host
        assert_problem(client.ask("get", "/contacts"), 404, "not_found")


def test_an_unexpected_failure_tells_nothing(caplog) -> None:
    problem = problem_of(RuntimeError("the secret inside"))
    assert problem.status == 500
    assert "inside" not in json.dumps(problem.document())
    assert "the secret inside" in caplog.text


def test_every_answer_says_that_it_is_not_to_be_kept_and_opens_to_no_other_site(client) -> None:
    for response in (client.ask("get", "/contacts", Origin="https://evil.example"), client.ask("get", "/nothing")):
        assert response.headers["Cache-Control"] == "no-store"
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_every_kind_of_problem_has_a_status_and_a_title() -> None:
    assert {int(kind.status) // 100 for kind in KINDS.values()} == {4, 5}
    assert all(kind.title for kind in KINDS.values())


def test_a_database_that_is_away_is_503_with_a_time_to_wait(committed, account) -> None:
    client, port = key_client(), connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nowhere"
    try:
        response = client.ask("get", "/contacts")
    finally:
        connection.settings_dict["HOST"] = port
        connection.close()
        connection.set_tenant(account)
    said = assert_problem(response, 503, "unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert "nowhere" not in json.dumps(said)


@pytest.mark.parametrize(("method", "path"), [("get", "/contacts?email=ala@example.com"), ("get", "/contacts/7?x=1"),
                                              ("post", "/contacts?hole=true"), ("post", "/count?limit=1")])  # fmt: skip
def test_a_parameter_that_a_route_does_not_have_is_refused_by_name(method: str, path: str) -> None:
    client = key_client()
    status, said = client.send(method, path, None if method == "get" else {"items": []}, Idempotency_Key="x")
    assert (status, said["code"]) == (422, "invalid")
    assert [(each["field"], each["code"]) for each in said["errors"]] == [
        (path.split("?")[1].split("=", maxsplit=1)[0], "unknown")
    ]
    scopeless = key_client(None, "exports:read")
    assert scopeless.send(method, path)[1]["code"] == "scope_missing"
