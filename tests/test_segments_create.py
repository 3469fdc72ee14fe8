"""Creating a segment: settings, a copy, criteria in the address, a CSV (IP1–IP6, IP14–IP16)."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact
from jobs.models import JobState
from segmentation.models import Calculation, SavedCriteria, Segment, UploadedList
from tests.support.forms import form_in
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, user):
    return client_for(user)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def segment(now):
    scored(3)
    return calculated(every=2, unit="day", now=now - timedelta(hours=1))


def filled(client, path: str = "/segments/create/", **fields) -> dict:
    """The create form as it opens, with these fields typed."""
    return form_in(client.get(path), "/segments/create/") | {"name": "Warm leads", "then": "create"} | fields


@pytest.fixture
def saved(now):
    return SavedCriteria.objects.create(name="Scored", criteria=SCORED, created_at=now, updated_at=now)


@pytest.fixture
def form(client, saved):
    """The create form with criteria in it."""
    return filled(client, f"/segments/create/?from_saved={saved.pk}")


def test_a_segment_is_created_and_waits_for_its_calculation(client, form, user):
    """IP1, IP16."""
    response = client.post(
        "/segments/create/", form | {"refresh": "auto", "refresh_every": "6", "refresh_unit": "hour"}
    )

    assert (response.status_code, response["Location"]) == (302, "/segments/in-creation/")
    segment: Any = Segment.objects.get()
    assert (segment.name, segment.owner, segment.readiness_hours, segment.interval) == (
        "Warm leads",
        user,
        24,
        timedelta(hours=6),
    )
    assert segment.version.criteria == {"all": [SCORED]}
    assert Calculation.objects.get().state == JobState.WAITING
    assert "Warm leads" in client.get(response["Location"]).content.decode()


def test_the_second_button_leads_to_adding_an_action(client, form):
    """IP16."""
    response = client.post("/segments/create/", form | {"then": "action"})
    assert response["Location"] == f"/segments/{Segment.objects.get().pk}/actions/add/"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": " \t"}, "This field is required"),
        ({"name": "x" * 201}, "at most 200"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"readiness_hours": "0"}, "greater than or equal to 1"),
        ({"readiness_hours": "1.5"}, "whole number"),
        ({"readiness_hours": ""}, "required"),
        ({"readiness_hours": "99999999999999999999"}, "less than or equal"),
        ({"refresh": "auto", "refresh_every": ""}, "Say how often"),
        ({"refresh": "auto", "refresh_every": "0"}, "greater than or equal to 1"),
        ({"refresh": "auto", "refresh_every": "2.5"}, "whole number"),
        ({"refresh": "auto", "refresh_every": "99999", "refresh_unit": "day"}, "At most 3650"),
        ({"refresh": "sometimes"}, "Select a valid choice"),
        ({"refresh": "auto", "refresh_every": "1", "refresh_unit": "week"}, "Select a valid choice"),
        ({"source": "telepathy"}, "Select a valid choice"),
    ],
)
def test_bad_settings_are_refused_at_the_field_and_everything_typed_is_kept(fields, told, client, form):
    """IP2–IP5."""
    response = client.post("/segments/create/", form | {"name": "Typed name", "readiness_hours": "37"} | fields)
    text = response.content.decode()
    assert response.status_code == 422
    assert told in text
    kept = form_in(response, "/segments/create/")
    assert kept["shape"] == form["shape"]
    if "name" not in fields:
        assert kept["name"] == ["Typed name"]
    if "readiness_hours" not in fields:
        assert kept["readiness_hours"] == ["37"]
    assert not Segment.objects.exists()


def test_a_taken_name_is_refused_at_the_field(client, form):
    """IP2."""
    create("WARM LEADS")
    response = client.post("/segments/create/", form)
    assert response.status_code == 422
    assert "exists already" in response.content.decode()


def test_a_name_taken_between_looking_and_saving_is_refused_at_the_field(client, form, monkeypatch):
    from segmentation.forms import SettingsForm

    create("Warm leads")
    monkeypatch.setattr(SettingsForm, "clean_name", lambda form: form.cleaned_data["name"])
    response = client.post("/segments/create/", form)
    assert response.status_code == 422
    assert "exists already" in response.content.decode()


def test_criteria_without_a_criterion_are_refused(client):
    """IP12: a group without criteria is never everyone."""
    response = client.post("/segments/create/", filled(client))
    assert response.status_code == 422
    assert not Segment.objects.exists()


def test_a_button_of_the_builder_saves_nothing_and_keeps_the_settings(client, form):
    response = client.post("/segments/create/", form | {"name": "Typed", "do": "count"})
    assert response.status_code == 200
    assert form_in(response, "/segments/create/")["name"] == ["Typed"]
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("ready", "every", "unit", "told"),
    [
        ("24", "2", "day", "no action can be added"),
        ("24", "25", "hour", "no action can be added"),
        ("24", "24", "hour", "always ready"),
        ("48", "1", "day", "always ready"),
    ],
)
def test_a_note_says_whether_the_windows_meet(ready, every, unit, told, client):
    """IP6, while it is typed."""
    query = {"readiness_hours": ready, "refresh": "auto", "refresh_every": every, "refresh_unit": unit}
    response = client.get("/segments/create/note/", query)
    assert told in response.content.decode()


def test_the_note_takes_away_an_error_put_right_and_keeps_one_that_is_not(client):
    """IP5, IP6."""
    query = {"readiness_hours": "24", "refresh": "auto", "refresh_unit": "day", "refused": "refresh_every"}
    right = client.get("/segments/create/note/", query | {"refresh_every": "2"}).content.decode()
    assert '<div id="id_refresh_every_live" data-errors-of="id_refresh_every" hx-swap-oob="true"></div>' in right
    assert "Say how often" in client.get("/segments/create/note/", query | {"refresh_every": ""}).content.decode()
    wrong = client.get("/segments/create/note/", query | {"refresh_every": "0"}).content.decode()
    assert "greater than or equal to 1" in wrong


def test_an_interval_not_typed_yet_is_not_called_wrong(client):
    query = {"readiness_hours": "24", "refresh": "auto", "refresh_unit": "day", "refresh_every": ""}
    assert "errors" not in client.get("/segments/create/note/", query).content.decode().replace("data-errors-of", "")


@pytest.mark.parametrize("text", ["", "x", "-1", "1e9", "９" * 50, "²"])
def test_the_note_waits_for_numbers(text, client):
    query = {"readiness_hours": text, "refresh": "auto", "refresh_every": text, "refresh_unit": "day"}
    response = client.get("/segments/create/note/", query)
    assert response.status_code == 200
    assert "added" not in response.content.decode()


def test_windows_that_do_not_meet_are_told_before_anything_is_saved(client, form):
    """IP6, without scripts."""
    refreshing = form | {"refresh": "auto", "refresh_every": "2", "refresh_unit": "day"}
    response = client.post("/segments/create/", refreshing)
    assert response.status_code == 422
    assert "between windows no action can be added" in response.content.decode()
    assert not Segment.objects.exists()

    again = form_in(response, "/segments/create/") | {"then": "create"}
    assert client.post("/segments/create/", again).status_code == 302
    assert Segment.objects.exists()


def test_a_note_about_other_numbers_does_not_count_as_read(client, form):
    refreshing = form | {"refresh": "auto", "refresh_every": "2", "refresh_unit": "day", "noted": "24/24"}
    assert client.post("/segments/create/", refreshing).status_code == 422


def test_a_copy_opens_with_another_name_and_the_same_rest(client, segment):
    """IP22."""
    response = client.get(f"/segments/{segment.pk}/copy/", follow=True)
    kept = form_in(response, "/segments/create/")
    assert kept["name"] == ["Warm leads (copy)"]
    assert (kept["readiness_hours"], kept["refresh"], kept["refresh_every"]) == (["24"], ["auto"], ["2"])
    note = kept | {"then": "create"}
    assert client.post("/segments/create/", note).status_code == 302
    copied: Any = Segment.objects.latest("pk")
    assert copied.version.criteria == {"all": [segment.version.criteria]}
    assert form_in(client.get(f"/segments/create/?copy={segment.pk}"), "/segments/create/")["name"] == [
        "Warm leads (copy 2)"
    ]


def test_criteria_in_the_address_fill_the_builder(client):
    """IP33: from the filter another page had in use."""
    response = client.get(
        "/segments/create/", {"criteria": '{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}'}
    )
    assert "lead_score" in response.content.decode()


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"all": []}', '{"kind": "tag", "op": "any", "tags": ["NOBODY"]}'])
def test_bad_criteria_in_the_address_are_told(text, client):
    response = client.get("/segments/create/", {"criteria": text})
    assert response.status_code == 200
    assert 'class="note bad"' in response.content.decode()


@pytest.mark.parametrize("query", ["copy=abc", "copy=999999999", "copy=" + "9" * 40])
def test_a_copy_of_what_is_not_there_is_not_found(query, client):
    assert client.get(f"/segments/create/?{query}").status_code == 404


def test_saved_criteria_that_are_gone_are_told(client):
    assert "no longer there" in client.get("/segments/create/?from_saved=999999999").content.decode()


# --- from a CSV ----------------------------------------------------------------------------------------------
def csv_form(client, content: bytes = b"", name: str = "fair.csv", **fields) -> dict:
    typed = filled(client, **({"name": "Fair", "source": "email"} | fields))
    if content:
        file = io.BytesIO(content)
        file.name = name
        typed["file"] = file
    return typed


def test_a_segment_from_a_csv_shows_what_became_of_its_rows(client, now):
    """IP14, IP15."""
    Contact.objects.create(email="anna@example.com", created_at=now, updated_at=now)
    response = client.post(
        "/segments/create/", csv_form(client, b"anna@example.com\nanna@example.com\nno@example.com\nx\n")
    )

    uploaded = UploadedList.objects.get()
    assert response["Location"] == f"/segments/files/{uploaded.pk}/"
    page = client.get(response["Location"]).content.decode()
    assert "Download 3 rejected rows" in page
    segment: Any = Segment.objects.get()
    assert segment.version.criteria == {"kind": "file", "file": uploaded.pk}
    assert calculate(segment, now=now).count == 1
    assert Contact.objects.count() == 1
    rejects = client.get(f"/segments/files/{uploaded.pk}/rejected/")
    lines = b"".join(rejects.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 3


def test_the_numbers_on_the_result_page_add_up(client):
    client.post("/segments/create/", csv_form(client, b"a@example.com\na@example.com\nb 1\n"))
    report = UploadedList.objects.get().report
    assert report["rows"] == sum(report[name] for name in ("matched", "not_found", "duplicate", "invalid")) == 3


def test_from_a_csv_to_adding_an_action(client):
    response = client.post("/segments/create/", csv_form(client, b"a@example.com\n", then="action"))
    assert response["Location"] == f"/segments/{Segment.objects.get().pk}/actions/add/"


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "Choose a CSV file"), (b"PK\x03\x04 zip", "workbook"), (b"\n\n", "empty")]
)
def test_a_file_that_cannot_be_read_is_refused_at_the_field(content, told, client):
    response = client.post("/segments/create/", csv_form(client, content))
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("source", "content", "told"),
    [
        ("email", b"1\n2\n3\n", "None of the 3 rows holds an e-mail address. Did you mean contact ids?"),
        ("id", b"a@b.pl\nc@d.pl\n", "None of the 2 rows holds a contact id. Did you mean e-mail addresses?"),
        ("email", b"anna\njan\n", "None of the 2 rows holds an e-mail address."),
        ("id", b"x\n", "The one row holds no contact id."),
    ],
)
def test_a_file_of_the_other_kind_is_refused_at_the_field(source, content, told, client):
    """IP15: never a segment of nobody without a word."""
    response = client.post("/segments/create/", csv_form(client, content, source=source))
    text = response.content.decode()
    assert response.status_code == 422
    assert f"<li>{told}</li>" in text
    assert not Segment.objects.exists()
    assert not UploadedList.objects.exists()


def test_a_file_of_which_nothing_matched_says_so_loudly(client, now):
    response = client.post("/segments/create/", csv_form(client, b"a@example.com\nb@example.com\nx\n"))
    text = client.get(response["Location"]).content.decode()
    assert 'class="note bad" role="alert"' in text
    assert "None of the 3 rows of this file names a contact of yours" in text


def test_the_report_leads_to_the_segment_and_says_how_it_is_doing(client, now):
    Contact.objects.create(email="anna@example.com", created_at=now, updated_at=now)
    report = client.post("/segments/create/", csv_form(client, b"anna@example.com\n"))["Location"]
    segment: Any = Segment.objects.get()
    assert "To the segment “Fair”: being calculated" in client.get(report).content.decode()
    calculate(segment, now=now)
    text = client.get(report).content.decode()
    assert "To the segment “Fair”: ready, 1 contact<" in text
    assert f'href="/segments/{segment.pk}/"' in text
    assert "names a contact of yours" not in text


def test_a_file_need_not_be_chosen_again_when_the_name_was_refused(client, now):
    Contact.objects.create(email="anna@example.com", created_at=now, updated_at=now)
    response = client.post("/segments/create/", csv_form(client, b"anna@example.com\n") | {"name": ""})
    assert response.status_code == 422
    again = form_in(response, "/segments/create/") | {"name": "Fair", "then": "create"}
    assert again["source"] == ["email"]
    assert client.post("/segments/create/", again).status_code == 302
    assert UploadedList.objects.count() == 1


@pytest.mark.parametrize("uploaded", ["abc", "-1", "9" * 30])
def test_a_made_up_upload_is_refused(uploaded, client):
    assert client.post("/segments/create/", csv_form(client) | {"uploaded": uploaded}).status_code == 422


def test_somebody_elses_upload_is_not_taken(client, client_for, make_user):
    client_for(make_user("owner")).post("/segments/create/", csv_form(client, b"a@example.com\n"))
    theirs = str(UploadedList.objects.get().pk)
    response = client.post("/segments/create/", csv_form(client) | {"name": "Mine", "uploaded": theirs})
    assert response.status_code == 422
    assert "Choose a CSV file" in response.content.decode()


@pytest.mark.parametrize("path", ["/segments/files/7/", "/segments/files/7/rejected/"])
def test_an_unknown_upload_is_not_found(path, client):
    assert client.get(path).status_code == 404
