"""The pages of activity types: reading them, declaring, renaming, deleting."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from activities import hooks
from activities.counting import type_counts
from activities.models import Activity, ActivityType, Parameter
from contacts.hooks import Use
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DANGER = '<button class="btn btn-danger">'


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture
def admin(client_for: Callable, administrator: Any) -> Client:
    return client_for(administrator)


def addresses(kind: ActivityType) -> dict[str, str]:
    parameter = kind.parameters.get()
    return {
        "create": "/activity-types/new/",
        "type": f"/activity-types/{kind.pk}/",
        "rename": f"/activity-types/{kind.pk}/rename/",
        "delete": f"/activity-types/{kind.pk}/delete/",
        "add": f"/activity-types/{kind.pk}/parameters/",
        "rename_parameter": f"/activity-types/parameters/{parameter.pk}/rename/",
        "delete_parameter": f"/activity-types/parameters/{parameter.pk}/delete/",
    }


WRITING = ["create", "rename", "delete", "add", "rename_parameter", "delete_parameter"]


# --- reading -------------------------------------------------------------------------------------------------
def test_all_types_are_listed_with_parameters_and_how_many_activities_there_are(client: Client, marketer: Any) -> None:
    factories.activity_type("eye_test", name="Eye test", dioptres="number")
    for kind in ("eye_test", "login", "login"):
        factories.activity(factories.contact(), kind)
    page = client.get("/activity-types/")
    lines = {kind.key: ([each.key for each in parameters], count) for kind, parameters, count in page.context["lines"]}
    assert lines["eye_test"] == (["dioptres"], 1)
    assert lines["login"] == (["method"], 2)
    assert lines["search"] == (["query", "results"], 0)
    text = page.content.decode()
    assert "Counted at" in text
    assert "your own" in text
    assert "/activity-types/new/" not in text, "a marketer declares none"


def test_the_page_of_a_type_shows_parameters_and_uses(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    monkeypatch.setattr(hooks, "type_usage", [lambda _kind: [Use("Segment Łódź", "/segments/1")]])
    text = client.get(f"/activity-types/{kind.pk}/").content.decode()
    for shown in ["Eye test", "Dioptres", "Number", '<a href="/segments/1">Segment Łódź</a>']:
        assert shown in text
    assert "/rename/" not in text
    assert "<form method" not in text.partition("<main")[2].partition("</main>")[0]


def test_analysts_read_and_the_menu_leads_there(client_for: Callable, analyst: Any) -> None:
    page = client_for(analyst).get("/activity-types/")
    assert page.status_code == 200
    assert '<a href="/activity-types/"' in page.content.decode()


def test_queries_of_the_list_do_not_grow_with_types(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/activity-types/").status_code == 200
        return len(captured)

    few = queries()
    for number in range(5):
        factories.activity_type(f"own_{number}", a="text", b="number")
        factories.activity(factories.contact(), f"own_{number}")
    assert queries() == few


# --- how many ------------------------------------------------------------------------------------------------
def many(number: int) -> None:
    contact = factories.contact()
    kinds = [ActivityType.objects.get(key=key) for key in ("page_view", "login")]
    Activity.objects.bulk_create(
        Activity(contact=contact, type=kinds[n % 4 == 0], at=NOW - timedelta(minutes=n), params={})
        for n in range(number)
    )


def test_few_activities_are_counted_exactly_whatever_the_database_believes(account: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE activities_activity")
    many(8)
    counts = type_counts(now=NOW)
    page_view, login = (ActivityType.objects.get(key=key).pk for key in ("page_view", "login"))
    assert (counts.numbers, counts.estimated, counts.at) == ({page_view: 6, login: 2}, False, NOW)
    assert counts.of(10**6) == 0


def test_of_many_activities_the_databases_estimate_is_told_as_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(4000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE activities_activity")
    with CaptureQueriesContext(connection) as captured:
        counts = type_counts(now=NOW, most=1000)
    assert "LIMIT" not in " ".join(each["sql"] for each in captured), "nothing is counted"
    page_view, login = (ActivityType.objects.get(key=key).pk for key in ("page_view", "login"))
    assert counts.estimated
    assert counts.numbers == {page_view: 3000, login: 1000}, "all rows were in the sample"
    assert counts.of(10**6) is None
    monkeypatch.setattr("activities.views.types.type_counts", lambda *, now: type_counts(now=now, most=1000))
    text = client.get("/activity-types/").content.decode()
    assert "about 3,000" in text
    assert "few or none" in text
    assert "Estimated by the database from a sample" in text


def test_where_the_database_has_not_looked_no_number_is_made_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(20)
    assert type_counts(now=NOW, most=10).unknown
    monkeypatch.setattr("activities.views.types.type_counts", lambda *, now: type_counts(now=now, most=10))
    text = client.get("/activity-types/").content.decode()
    assert "has not looked at them yet" in text
    assert "about" not in text.partition("<tbody")[2].partition("</tbody>")[0]


# --- doors ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["marketer", "analyst"])
@pytest.mark.parametrize("name", WRITING)
def test_only_owners_and_administrators_declare(
    client_for: Callable, make_user: Callable, role: str, name: str
) -> None:
    address = addresses(factories.activity_type("eye_test", dioptres="number"))[name]
    browser = client_for(make_user(role))
    if name not in ("rename", "add"):
        assert browser.get(address).status_code == 403
    assert browser.post(address, {"name": "x", "key": "x", "type": "text"}).status_code == 403
    assert ActivityType.objects.get(key="eye_test").name == "Eye test"


@pytest.mark.parametrize("name", ["type", *WRITING[1:]])
def test_types_of_another_account_do_not_exist(admin: Client, other_account: Any, name: str) -> None:
    with tenant_context(other_account):
        for number in range(3):  # so that its ids are not ours
            kind = factories.activity_type(f"eye_test_{number}", dioptres="number")
        address = addresses(kind)[name]
    assert admin.post(address, {"name": "x"}).status_code in ((405,) if name == "type" else (404,))
    if name not in ("rename", "add"):
        assert admin.get(address).status_code == 404
    with tenant_context(other_account):
        assert ActivityType.objects.get(pk=kind.pk).name == "Eye test 2"


@pytest.mark.parametrize("name", ["rename", "add"])
def test_what_only_writes_is_not_opened(admin: Client, name: str) -> None:
    assert admin.get(addresses(factories.activity_type("eye_test", d="number"))[name]).status_code == 405


# --- declaring -----------------------------------------------------------------------------------------------
def test_a_type_is_declared_with_its_parameters(admin: Client) -> None:
    given = {
        "name": "Eye test",
        "key": "eye_test",
        "rows": "3",
        "p0-name": "Dioptres",
        "p0-key": "dioptres",
        "p0-type": "number",
        "p1-type": "text",
        "p2-name": "Place",
        "p2-key": "place",
        "p2-type": "text",
    }
    response = admin.post("/activity-types/new/", given)
    kind = ActivityType.objects.get(key="eye_test")
    assert response["Location"] == f"/activity-types/{kind.pk}/"
    assert [(each.name, each.key, each.type) for each in kind.parameters.all()] == [
        ("Dioptres", "dioptres", "number"),
        ("Place", "place", "text"),
    ]


def test_more_rows_keep_what_is_typed_and_judge_nothing(admin: Client) -> None:
    assert len(admin.get("/activity-types/new/").context["form"].parameters) == 3
    given = {"name": "", "key": "BAD", "rows": "3", "p1-name": "Place", "p1-type": "url", "more": "1"}
    page = admin.post("/activity-types/new/", given)
    assert page.status_code == 200
    text = page.content.decode()
    assert len(page.context["form"].parameters) == 6
    assert 'value="BAD"' in text
    assert 'value="Place"' in text
    assert "invalid" not in text.partition("<main")[2]
    assert not ActivityType.objects.filter(built_in=False).exists()


@pytest.mark.parametrize("rows", ["", "-1", "x", "9999999", "51", "²"])
def test_odd_numbers_of_rows_are_bounded(admin: Client, rows: str) -> None:
    page = admin.post("/activity-types/new/", {"name": "A", "key": "BAD", "rows": rows, "more": "1"})
    assert page.status_code == 200
    assert 3 <= len(page.context["form"].parameters) <= 50


def test_what_is_wrong_with_a_new_type_stands_at_its_field(admin: Client) -> None:
    given = {
        "name": "Orders",
        "key": "order",
        "rows": "4",
        "p1-name": "Contact",
        "p1-key": "contact",
        "p1-type": "text",
        "p3-name": "Place",
        "p3-key": "",
        "p3-type": "pigeon",
    }
    page = admin.post("/activity-types/new/", given)
    assert page.status_code == 422
    assert set(page.context["form"].parameters[3].errors) == {"type"}
    given["p3-type"] = "text"
    page = admin.post("/activity-types/new/", given)
    assert page.status_code == 422
    form = page.context["form"]
    assert set(form.errors) == {"key"}
    assert [set(row.errors) for row in form.parameters] == [set(), {"key"}, set(), {"key"}]
    assert not ActivityType.objects.filter(built_in=False).exists()


def test_a_type_is_renamed(admin: Client) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    here = addresses(kind)
    assert admin.post(here["rename"], {"name": "Sight test"})["Location"] == here["type"]
    kind.refresh_from_db()
    assert (kind.key, kind.name) == ("eye_test", "Sight test")
    page = admin.post(here["rename"], {"name": " "})
    assert page.status_code == 422
    assert set(page.context["rename"].errors) == {"name"}


def test_a_built_in_type_is_neither_renamed_nor_deleted_but_takes_parameters(admin: Client) -> None:
    kind = ActivityType.objects.get(key="login")
    here = f"/activity-types/{kind.pk}/"
    assert f"{here}delete/" not in admin.get(here).content.decode()
    assert f"{here}rename/" not in admin.get(here).content.decode()
    assert admin.post(f"{here}rename/", {"name": "x"}).status_code == 422
    assert admin.post(f"{here}delete/").status_code == 404
    method = kind.parameters.get()
    assert admin.get(f"/activity-types/parameters/{method.pk}/rename/").status_code == 404
    assert admin.post(f"/activity-types/parameters/{method.pk}/delete/").status_code == 404
    given = {"new-name": "Device", "new-key": "device", "new-type": "text"}
    assert admin.post(f"{here}parameters/", given)["Location"] == here
    assert [each.key for each in kind.parameters.all()] == ["method", "device"]
    kind.refresh_from_db()
    assert kind.label == "Login"


def test_a_parameter_that_cannot_be_is_refused_at_its_field(admin: Client) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    here = addresses(kind)["add"]
    page = admin.post(here, {"new-name": "Again", "new-key": "dioptres", "new-type": "text"})
    assert page.status_code == 422
    assert set(page.context["parameter_form"].errors) == {"key"}
    assert 'value="dioptres"' in page.content.decode(), "what was typed is not lost"
    page = admin.post(here, {"new-name": "", "new-key": "", "new-type": "pigeon"})
    assert set(page.context["parameter_form"].errors) == {"name", "key", "type"}
    assert kind.parameters.count() == 1


def test_a_parameter_is_renamed_and_taken_away(admin: Client) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    here = addresses(kind)
    assert admin.get(here["rename_parameter"]).context["form"].initial == {"name": "Dioptres"}
    assert admin.post(here["rename_parameter"], {"name": "Strength"})["Location"] == here["type"]
    assert Parameter.objects.get(activity_type=kind).name == "Strength"
    assert admin.post(here["rename_parameter"], {"name": ""}).status_code == 422
    question = admin.get(here["delete_parameter"], headers=HTMX).content.decode()
    assert "<html" not in question
    assert "Delete parameter Strength of Eye test?" in question
    assert admin.post(here["delete_parameter"])["Location"] == here["type"]
    assert not kind.parameters.exists()


# --- deleting ------------------------------------------------------------------------------------------------
def test_deleting_a_type_asks_first(admin: Client) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    here = addresses(kind)["delete"]
    part, whole = admin.get(here, headers=HTMX).content.decode(), admin.get(here).content.decode()
    assert "<html" not in part
    assert whole.count("<h1") == 1
    for text in (part, whole):
        assert "Delete activity type Eye test?" in text
        assert DANGER in text
    assert ActivityType.objects.filter(pk=kind.pk).exists()
    assert admin.post(here)["Location"] == "/activity-types/"
    assert not ActivityType.objects.filter(pk=kind.pk).exists()


@pytest.mark.parametrize("name", ["delete", "delete_parameter"])
def test_what_is_recorded_or_used_is_kept_and_the_question_says_by_what(
    admin: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = factories.activity_type("eye_test", dioptres="number")
    here = addresses(kind)[name]
    for hook in ("type_usage", "parameter_usage"):
        monkeypatch.setattr(hooks, hook, [lambda _it: [Use("Segment Łódź", "/segments/1")]])
    factories.activity(factories.contact(), "eye_test", dioptres=2)
    for response in (admin.get(here), admin.get(here, headers=HTMX), admin.post(here, headers=HTMX)):
        text = response.content.decode()
        assert '<a href="/segments/1">Segment Łódź</a>' in text
        assert "There are activities of the type “Eye test”" in text
        assert DANGER not in text
    assert admin.post(here).status_code == 422
    assert kind.parameters.count() == 1
