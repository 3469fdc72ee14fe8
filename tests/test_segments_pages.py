"""The pages of segments: works, other account, analyst, bad input, constant queries, htmx and whole (IP1–IP34)."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tenants.utils import tenant_context

from contacts.models import Contact
from jobs.models import JobState
from segmentation import hooks
from segmentation.models import Calculation, Reason, SavedCriteria, Segment, UploadedList
from segmentation.services import Settings, edit_settings, request_calculation
from tags.models import Tag
from tests.support.forms import form_in
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def client(client_for, user):
    return client_for(user)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def segment(now):
    """Refreshing, ready, with three members."""
    scored(3)
    return calculated(every=2, unit="day", now=now - HOUR)


PAGES = [
    "/segments/", "/segments/in-creation/", "/segments/archive/", "/segments/create/", "/segments/create/?copy={pk}",
    "/segments/{pk}/", "/segments/{pk}/settings/", "/segments/{pk}/criteria/", "/segments/{pk}/delete/",
    "/segments/{pk}/history/", "/segments/{pk}/history/{calculation}/",
    "/segments/{pk}/history/{calculation}/?show=left",
    "/segments/{pk}/progress/",
]  # fmt: skip


def page_of(contact: int) -> str:
    return reverse("contacts:contact", args=[contact])


WRITING = ("create/", "settings/", "criteria/", "delete/", "create/?copy={pk}", "copy/")
CHANGES = ["settings", "criteria", "delete", "refresh", "cancel"]


def at(path: str, segment: Segment) -> str:
    return path.format(pk=segment.pk, calculation=segment.latest_id)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens(path, client, segment):
    assert client.get(at(path, segment)).status_code == 200


@pytest.mark.parametrize("path", [path for path in PAGES if not path.endswith(WRITING)])
def test_analysts_may_look_at_every_page(path, client_for, analyst, segment):
    assert client_for(analyst).get(at(path, segment)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [*(path for path in PAGES if path.endswith(WRITING)), "/segments/{pk}/copy/", "/saved-criteria/new/"],
)
def test_analysts_are_told_why_a_page_for_writing_is_closed(path, client_for, analyst, segment):
    """IC6: not a form without a button."""
    response = client_for(analyst).get(at(path, segment))
    assert response.status_code == 403
    assert "Your role (analyst) may look at everything here but change nothing." in response.content.decode()


@pytest.mark.parametrize("path", ["/segments/", "/segments/{pk}/", "/saved-criteria/", "/exports/"])
def test_analysts_are_offered_nothing_that_is_closed_to_them(path, client_for, analyst, segment, saved):
    """IC6."""
    text = client_for(analyst).get(at(path, segment)).content.decode()
    for closed in ("/segments/create/", "/settings/", "/criteria/", "/copy/", "/delete/", "/saved-criteria/new/"):
        assert closed not in text


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_sent_to_sign_in(path, client_for, segment):
    assert client_for(None).get(at(path, segment)).status_code == 302


@pytest.mark.parametrize("path", [path for path in PAGES if "{pk}" in path])
def test_a_segment_of_another_account_is_not_there(path, client_for, other_account, segment):
    """The other account has no segment of this id."""
    from tests.support.people import make_user

    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.get(at(path, segment)).status_code == 404


@pytest.mark.parametrize("change", CHANGES)
def test_a_segment_of_another_account_is_not_changed(change, client_for, other_account, segment):
    from tests.support.people import make_user

    with tenant_context(other_account):
        assert client_for(make_user("owner")).post(f"/segments/{segment.pk}/{change}/").status_code == 404


@pytest.mark.parametrize("change", CHANGES)
def test_analysts_change_nothing(change, client_for, analyst, segment):
    assert client_for(analyst).post(f"/segments/{segment.pk}/{change}/").status_code == 403
    assert client_for(analyst).post("/segments/create/").status_code == 403
    assert (Segment.objects.count(), Calculation.objects.count()) == (1, 1)


@pytest.mark.parametrize("pk", [0, 999999, 10**30])
@pytest.mark.parametrize(
    "path", ["", "settings/", "criteria/", "delete/", "history/", "history/1/", "progress/", "copy/"]
)
def test_an_unknown_segment_is_not_found(path, pk, client):
    assert client.get(f"/segments/{pk}/{path}").status_code == 404


@pytest.mark.parametrize("change", ["refresh", "cancel"])
def test_changes_are_not_made_by_following_a_link(change, client, segment):
    assert client.get(f"/segments/{segment.pk}/{change}/").status_code == 405


# --- creating ------------------------------------------------------------------------------------------------
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
        6 * HOUR,
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


@pytest.mark.parametrize("query", ["copy=abc", "copy=999", "copy=" + "9" * 40])
def test_a_copy_of_what_is_not_there_is_not_found(query, client):
    assert client.get(f"/segments/create/?{query}").status_code == 404


def test_saved_criteria_that_are_gone_are_told(client):
    assert "no longer there" in client.get("/segments/create/?from_saved=77").content.decode()


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


# --- lists ---------------------------------------------------------------------------------------------------
def test_each_list_holds_its_own_and_the_tabs_count_them(client, segment, now):
    """IP18–IP21."""
    create("Waiting", now=now)
    calculated("Old", now=now - 3 * DAY)
    for path, name in (("", "Warm leads"), ("in-creation/", "Waiting"), ("archive/", "Old")):
        text = client.get(f"/segments/{path}").content.decode()
        assert [shown for shown in ("Warm leads", "Waiting", "Old") if f">{shown}</a>" in text] == [name]
        assert text.count('<span class="n num">1</span>') == 3


@pytest.mark.parametrize(
    ("path", "items"),
    [
        ("", ["Go to contact manager", "Preview", "Copy", "Edit settings", "Delete"]),
        ("archive/", ["Preview", "History", "Copy", "Delete"]),
    ],
)
def test_the_menus_hold_what_the_users_know(path, items, client, segment, now):
    """IP22, IP28; the list of actions is there where actions are."""
    calculated("Old", now=now - 5 * DAY, every=30, unit="day")
    text = client.get(f"/segments/{path}").content.decode()
    menu = text[text.index('class="popup" popover id="segment-menu-') :].split("</div>")[0]
    shown = [line.split("</svg>")[-1].split("</a>")[0].strip() for line in menu.split('class="item')[1:]]
    assert [name for name in shown if name != "List of actions"] == items


def test_history_is_for_refreshing_ones_and_all_archived_can_be_calculated_again(client, now):
    """IP28."""
    calculated("Old", now=now - 3 * DAY)
    text = client.get("/segments/archive/").content.decode()
    assert "> History</a>" not in text
    assert "Calculate again" in text


def test_lists_are_searched_filtered_and_sorted_by_the_address(client, now):
    """IP21."""
    for hours, name in ((1, "Łódź"), (2, "Lublin"), (3, "Zamość")):
        calculated(name, now=now - hours * timedelta(minutes=1), **({"every": 1, "unit": "day"} if hours == 1 else {}))

    def shown(query: str) -> list[str]:
        text = client.get(f"/segments/?{query}").content.decode()
        return sorted((name for name in ("Łódź", "Lublin", "Zamość") if f">{name}</a>" in text), key=text.index)

    assert shown("sort=name") == ["Lublin", "Łódź", "Zamość"]
    assert shown("sort=-name") == ["Zamość", "Łódź", "Lublin"]
    assert shown("sort=created") == ["Zamość", "Lublin", "Łódź"]
    assert shown("q=lodz") == ["Łódź"]
    assert shown("refresh=auto") == ["Łódź"]
    assert shown("refresh=once&sort=expires") == ["Zamość", "Lublin"]
    assert shown("q=nothing") == []


@pytest.mark.parametrize(
    "query",
    [
        "sort=drop", "sort=-", "sort=--name", "page=x", "page=0", "page=-1", "page=%C2%B2", "refresh=odd", "action=odd",
        "q=%00", "q=" + "x" * 300, "unknown=1", "refresh=auto&refresh=once",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["", "in-creation/", "archive/"])
def test_a_broken_address_shows_no_segment_and_says_why(query, path, client, segment):
    """Broken means refused: nothing in the address is passed over."""
    response = client.get(f"/segments/{path}?{query}")
    text = response.content.decode()
    assert response.status_code == 422
    assert "Nothing is shown, because the list cannot be narrowed as asked" in text
    assert f'<a href="/segments/{path}">Clear the filters</a>' in text
    assert "Warm leads" not in text


@pytest.mark.parametrize("query", ["page=999", "page=", "sort=", "q=", "refresh=&action=", "q=warm&sort=-name&page=1"])
def test_an_address_that_asks_for_little_is_answered(query, client, segment):
    text = client.get(f"/segments/?{query}").content.decode()
    assert "Warm leads" in text
    assert "Nothing is shown" not in text


@pytest.mark.parametrize("query", ["sort=name", "page=x", "odd=1"])
def test_a_broken_address_of_saved_criteria_is_refused(query, client, saved):
    assert client.get(f"/saved-criteria/?{query}").status_code == 422


def test_an_empty_list_says_so(client):
    assert "No segment is ready to use" in client.get("/segments/").content.decode()
    assert "Nothing fits this search" in client.get("/segments/?q=x").content.decode()


def test_htmx_gets_the_part_and_others_the_page(client, segment):
    whole = client.get("/segments/").content.decode()
    part = client.get("/segments/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    assert 'id="segments"' in part
    assert 'hx-swap-oob="true"' in part


@pytest.mark.parametrize("path", ["", "in-creation/", "archive/"])
def test_a_list_takes_the_same_queries_whatever_its_length(path, client, now):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(f"/segments/{path}").status_code == 200
        return len(captured)

    def fill(mark: str) -> None:
        calculated(f"Ready {mark}", every=1, unit="day", now=now)
        create(f"Waiting {mark}", now=now)
        calculated(f"Old {mark}", every=30, unit="day", now=now - 3 * DAY)

    fill("a")
    client.get(f"/segments/{path}")
    few = queries()
    for mark in "bcdef":
        fill(mark)
    assert queries() == few <= 14


def test_the_lists_never_load_a_set(client, segment):
    with CaptureQueriesContext(connection) as captured:
        client.get("/segments/")
    assert not [query for query in captured if '"members"' in query["sql"] or '"joined"' in query["sql"]]


def test_progress_is_polled_only_while_something_is_calculated(client, now):
    """IP18."""
    segment = create(now=now)
    assert 'hx-trigger="every 2s"' in client.get("/segments/in-creation/").content.decode()
    following = client.get(f"/segments/{segment.pk}/progress/")
    assert "HX-Trigger" not in following
    calculate(segment, now=now)
    done = client.get(f"/segments/{segment.pk}/progress/")
    assert done["HX-Trigger"] == "segment-calculated"
    assert "every 2s" not in done.content.decode()
    assert "every 2s" not in client.get("/segments/").content.decode()


def test_a_failure_is_told_in_its_list_with_its_place(client, now):
    """PostHog 38175."""
    Tag.objects.create(name="VIP")
    segment = create(criteria={"all": [SCORED, {"kind": "tag", "op": "any", "tags": ["VIP"]}]}, now=now)
    Tag.objects.all().delete()
    calculate(segment, now=now)
    text = client.get("/segments/in-creation/").content.decode()
    assert "VIP" in text
    assert "all[1].tags[0]" in text
    assert "Try again" in text


def test_the_old_result_stays_shown_and_dated_while_it_is_refreshed(client, segment, now):
    request_calculation(segment, reason=Reason.MANUAL, now=now)
    listed = client.get("/segments/").content.decode()
    assert "<b" in listed
    assert "Waiting for its turn" in listed
    assert "Shown is the result of" in client.get(f"/segments/{segment.pk}/").content.decode()


def test_kinds_of_actions_done_are_shown(client, segment, now, monkeypatch):
    """IP21."""
    from actions.models import Action, ActionRun

    monkeypatch.setattr(hooks, "action_kinds", [hooks.ActionKind("probe", "Probing", "tag")])
    action = Action.objects.create(segment=segment, kind="probe", created_at=now)
    assert ">Probing</span>" not in client.get("/segments/").content.decode()
    ActionRun.objects.create(
        action=action, calculation=segment.latest, requested_at=now, finished_at=now, state=JobState.DONE
    )
    assert ">Probing</span>" in client.get("/segments/").content.decode()
    assert f"/segments/{segment.pk}/" in client.get("/segments/?action=probe").content.decode()


# --- one segment ---------------------------------------------------------------------------------------------
def test_the_preview_tells_settings_criteria_counts_and_users(client, segment, now):
    """IP31."""
    calculated("Above", criteria={"kind": "segment", "segment": segment.pk, "op": "in"}, now=now)
    text = client.get(f"/segments/{segment.pk}/").content.decode()
    for told in ("24 hours", "every 2 days", "ead score is more than", "Above"):
        assert told in text


def test_settings_are_edited(client, segment):
    """IP25."""
    typed = form_in(client.get(f"/segments/{segment.pk}/settings/"), "/settings/")
    response = client.post(f"/segments/{segment.pk}/settings/", typed | {"name": "Other", "readiness_hours": "48"})
    assert response.status_code == 302
    segment.refresh_from_db()
    assert (segment.name, segment.readiness_hours) == ("Other", 48)


@pytest.mark.parametrize("fields", [{"name": ""}, {"readiness_hours": "0"}, {"refresh_every": "x"}, {"name": "Taken"}])
def test_bad_settings_are_refused_when_edited(fields, client, segment):
    create("taken")
    typed = form_in(client.get(f"/segments/{segment.pk}/settings/"), "/settings/")
    assert client.post(f"/segments/{segment.pk}/settings/", typed | fields).status_code == 422


def test_somebodys_other_edit_is_shown_and_not_overwritten_unseen(client, segment, owner, now):
    typed = form_in(client.get(f"/segments/{segment.pk}/settings/"), "/settings/") | {"name": "Mine"}
    theirs = Settings("Theirs", 24, 2, "day")
    edit_settings(segment, settings=theirs, revision=segment.revision, now=now, by=owner)

    response = client.post(f"/segments/{segment.pk}/settings/", typed)
    assert response.status_code == 422
    assert "Theirs" in response.content.decode()
    assert Segment.objects.get().name == "Theirs"

    again = form_in(response, "/settings/")
    assert again["name"] == ["Mine"]
    assert client.post(f"/segments/{segment.pk}/settings/", again).status_code == 302
    assert Segment.objects.get().name == "Mine"


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30])
def test_a_form_without_its_revision_overwrites_nothing(revision, client, segment):
    typed = form_in(client.get(f"/segments/{segment.pk}/settings/"), "/settings/") | {
        "name": "Mine",
        "revision": revision,
    }
    assert client.post(f"/segments/{segment.pk}/settings/", typed).status_code == 422
    assert Segment.objects.get().name == "Warm leads"


def changed(client, segment) -> dict:
    """The criteria form with another value."""
    typed = form_in(client.get(f"/segments/{segment.pk}/criteria/"), "/criteria/")
    name = next(name for name, values in typed.items() if values == ["20"])
    return typed | {name: "35"}


def test_changed_criteria_show_their_effect_first_and_only_then_are_saved(client, segment):
    """IP25."""
    scored(2, score=50)
    response = client.post(f"/segments/{segment.pk}/criteria/", changed(client, segment) | {"then": "effect"})
    text = response.content.decode()
    assert response.status_code == 200
    assert '<dd class="up">+2</dd>' in text
    assert '<dd class="down">−3</dd>' in text
    segment.refresh_from_db()
    assert segment.version.number == 1

    shown = form_in(response, "/criteria/") | {"then": "save"}
    saved = client.post(f"/segments/{segment.pk}/criteria/", shown)
    assert (saved.status_code, saved["Location"]) == (302, f"/segments/{segment.pk}/")
    assert "being calculated anew" in client.get(saved["Location"]).content.decode()
    segment.refresh_from_db()
    assert segment.version.number == 2
    assert Calculation.objects.latest("pk").reason == Reason.EDITED


def test_criteria_left_as_they_are_make_no_version(client, segment):
    shown = client.post(
        f"/segments/{segment.pk}/criteria/",
        form_in(client.get(f"/segments/{segment.pk}/criteria/"), "/criteria/") | {"then": "effect"},
    )
    response = client.post(f"/segments/{segment.pk}/criteria/", form_in(shown, "/criteria/") | {"then": "save"})
    assert response.status_code == 302
    segment.refresh_from_db()
    assert (segment.version.number, Calculation.objects.count()) == (1, 1)


def test_criteria_are_not_saved_whose_effect_was_not_shown(client, segment):
    response = client.post(f"/segments/{segment.pk}/criteria/", changed(client, segment) | {"then": "save"})
    assert response.status_code == 200
    assert "What this change does" in response.content.decode()
    segment.refresh_from_db()
    assert segment.version.number == 1


def test_planned_and_recurring_actions_are_named_before_criteria_change(client, segment, monkeypatch):
    monkeypatch.setattr(hooks, "affected", [lambda _segment: [hooks.Use("Recurring action", "add tag VIP", "")]])
    response = client.post(f"/segments/{segment.pk}/criteria/", changed(client, segment) | {"then": "effect"})
    assert "add tag VIP" in response.content.decode()


def test_somebodys_other_criteria_are_shown_and_not_overwritten_unseen(client, segment, owner, now):
    shown = client.post(f"/segments/{segment.pk}/criteria/", changed(client, segment) | {"then": "effect"})
    edit_settings(segment, settings=Settings("Theirs", 24), revision=segment.revision, now=now, by=owner)
    response = client.post(f"/segments/{segment.pk}/criteria/", form_in(shown, "/criteria/") | {"then": "save"})
    assert response.status_code == 422
    assert "after you opened this page" in response.content.decode()
    assert (
        client.post(f"/segments/{segment.pk}/criteria/", form_in(response, "/criteria/") | {"then": "save"}).status_code
        == 302
    )


def test_broken_criteria_are_refused_when_edited(client, segment):
    typed = form_in(client.get(f"/segments/{segment.pk}/criteria/"), "/criteria/")
    name = next(name for name, values in typed.items() if values == ["20"])
    assert client.post(f"/segments/{segment.pk}/criteria/", typed | {name: "many", "then": "effect"}).status_code == 422
    assert client.post(f"/segments/{segment.pk}/criteria/", typed | {"shape": "{", "then": "save"}).status_code == 422


def test_refresh_now_requests_a_calculation(client, segment):
    """SD9."""
    assert client.post(f"/segments/{segment.pk}/refresh/")["Location"] == "/segments/"
    assert Calculation.objects.latest("pk").reason == Reason.MANUAL


@pytest.mark.parametrize("change", ["refresh", "cancel"])
@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("preview", "/segments/{pk}/"),
        ("actions", "/segments/{pk}/actions/"),
        ("history", "/segments/{pk}/history/"),
        ("", "/segments/"),
        ("https://example.com/", "/segments/"),
        ("//example.com", "/segments/"),
        ("segmentation:archive", "/segments/"),
    ],
)
def test_a_button_of_a_segments_own_page_stays_there(change, wanted, there, client, segment):
    """Only names of our own pages count: no open redirect."""
    response = client.post(f"/segments/{segment.pk}/{change}/", {"next": wanted})
    assert response["Location"] == there.format(pk=segment.pk)


def test_the_head_of_a_segments_page_names_that_page(client, segment):
    for here, path in (("preview", ""), ("history", "history/"), ("actions", "actions/"), ("criteria", "criteria/")):
        text = client.get(f"/segments/{segment.pk}/{path}").content.decode()
        assert f'<input type="hidden" name="next" value="{here}">' in text
    assert 'name="next" value="preview"' not in client.get("/segments/").content.decode()


@pytest.mark.parametrize("path", ["", "settings/", "criteria/", "history/", "delete/", "actions/", "actions/add/"])
def test_every_page_of_a_segment_says_in_one_form_where_it_is(path, client, segment):
    text = client.get(f"/segments/{segment.pk}/{path}").content.decode()
    crumbs = text.split('class="crumbs"')[1].split("</nav>")[0]
    assert [part.split(">")[-1] for part in crumbs.split("</a>")[:-1]] == ["Ready to use", "Warm leads"]


def test_calculate_again_brings_an_archived_one_back(client, now):
    """IP28."""
    old = calculated("Old", now=now - 3 * DAY)
    assert client.post(f"/segments/{old.pk}/refresh/")["Location"] == "/segments/in-creation/"
    calculate(old, now=timezone.now())
    assert ">Old</a>" in client.get("/segments/").content.decode()


def test_a_waiting_one_is_cancelled(client, now):
    """IP18."""
    segment = create(now=now)
    assert client.post(f"/segments/{segment.pk}/cancel/").status_code == 302
    assert Calculation.objects.get().state == JobState.CANCELLED
    assert client.post(f"/segments/{segment.pk}/cancel/").status_code == 302


def test_deleting_asks_first(client, segment):
    """IP34."""
    assert "Nothing else uses it" in client.get(f"/segments/{segment.pk}/delete/").content.decode()
    assert Segment.objects.exists()
    part = client.get(f"/segments/{segment.pk}/delete/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert client.post(f"/segments/{segment.pk}/delete/")["Location"] == "/segments/"
    assert not Segment.objects.exists()


def test_deleting_is_refused_while_another_segment_uses_it(client, segment, now):
    """IP34."""
    create("Above", criteria={"kind": "segment", "segment": segment.pk, "op": "not_in"}, now=now)
    response = client.post(f"/segments/{segment.pk}/delete/")
    assert response.status_code == 409
    assert "Above" in response.content.decode()
    assert Segment.objects.filter(pk=segment.pk).exists()


def test_history_lists_each_calculation_and_who_joined_and_left(client, segment, now):
    """IP30, SD11."""
    first = segment.latest.member_ids
    Contact.objects.filter(pk=first[0]).update(lead_score=0)
    joined = scored(1, score=77)
    request_calculation(segment, reason=Reason.MANUAL, now=now)
    done = calculate(segment, now=now)

    history = client.get(f"/segments/{segment.pk}/history/").content.decode()
    assert history.count("/history/") >= 2
    assert "<svg" in history
    page = f"/segments/{segment.pk}/history/{done.pk}/"
    assert page_of(joined[0]) in client.get(page).content.decode()
    assert page_of(first[0]) in client.get(f"{page}?show=left").content.decode()


def test_contacts_deleted_since_are_told_in_the_history(client, segment):
    Contact.objects.all().delete()
    text = client.get(f"/segments/{segment.pk}/history/{segment.latest_id}/").content.decode()
    assert text.count("deleted since") == 3


def test_a_calculation_of_another_segment_is_not_shown(client, segment, now):
    other = calculated("Other", now=now)
    assert client.get(f"/segments/{segment.pk}/history/{other.latest_id}/").status_code == 404


# --- with contacts -------------------------------------------------------------------------------------------
def test_the_contact_manager_shows_exactly_the_members(client, segment):
    """IP24; PostHog 31409, dittofeed 1338: the count is not the list."""
    scored(4, score=5)
    response = client.get(f"/contacts/?calculation={segment.latest_id}")
    text = response.content.decode()
    assert "3 contacts in the calculation of" in text
    assert "1–3 of 3" in text


def test_members_deleted_since_are_said_so_that_the_numbers_agree(client, segment):
    """IP24."""
    Contact.objects.filter(pk=segment.latest.member_ids[0]).delete()
    text = client.get(f"/contacts/?calculation={segment.latest_id}").content.decode()
    assert "3 contacts in the calculation of" in text
    assert "1 of them has been deleted since." in text
    assert "1–2 of 2" in text


@pytest.mark.parametrize("value", ["0", "99999", "x", "9" * 30])
def test_the_members_of_no_calculation_are_nobody(value, client, segment):
    response = client.get(f"/contacts/?calculation={value}")
    assert response.status_code == 422
    assert "no such calculation" in response.content.decode()


def test_an_unfinished_calculation_has_no_members_to_show(client, now):
    create(now=now)
    assert client.get(f"/contacts/?calculation={Calculation.objects.get().pk}").status_code == 422


def test_a_contact_page_lists_its_segments(client, segment, now):
    """SG3."""
    outside = scored(1, score=5)[0]
    calculated("Not theirs", criteria=SCORED | {"value": 10_000}, now=now)
    inside = client.get(page_of(segment.latest.member_ids[0])).content.decode()
    assert f"/segments/{segment.pk}/" in inside
    assert "Not theirs" not in inside
    assert f"/segments/{segment.pk}/" not in client.get(page_of(outside)).content.decode()


def test_the_find_box_finds_segments(client, now):
    segment = create("Łódź, ciepłe leady", now=now)
    assert f"/segments/{segment.pk}/" in client.get("/find?q=lodz").content.decode()
