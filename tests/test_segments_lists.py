"""The lists of segments: their tabs, menus, addresses, progress and failures (IP18–IP21)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import JobState
from segmentation import hooks, listing
from segmentation.models import Reason, SavedCriteria
from segmentation.services import request_calculation
from tags.models import Tag
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


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


@pytest.fixture
def saved(now):
    return SavedCriteria.objects.create(name="Scored", criteria=SCORED, created_at=now, updated_at=now)


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
    assert queries() == few <= 19


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


def test_what_ends_while_the_list_is_drawn_brings_the_list_up_to_date(client, now, monkeypatch):
    """IP18: it is followed once more, so that the page learns of it, and is not offered as failed."""
    segment = create(now=now)
    read = listing.selectors.last_calculations

    def ended_first(rows):
        calculate(segment, now=now)
        return read(rows)

    monkeypatch.setattr(listing.selectors, "last_calculations", ended_first)
    text = client.get("/segments/in-creation/").content.decode()
    assert f'hx-get="/segments/{segment.pk}/progress/" hx-trigger="load"' in text
    assert "Try again" not in text
    assert client.get(f"/segments/{segment.pk}/progress/")["HX-Trigger"] == "segment-calculated"


def test_what_has_just_become_ready_is_told_with_a_link(client, now):
    """IP18: the list it was awaited in is not just empty."""
    scored(3)
    segment = calculated("Warm <leads>", now=now)
    calculated("Long ago", now=now - timedelta(hours=1))
    text = client.get("/segments/in-creation/").content.decode()
    assert "“Warm &lt;leads&gt;” is ready:" in text
    assert f'<a href="/segments/{segment.pk}/">3 contacts</a>' in text
    assert "Long ago" not in text
    assert "is ready:" not in client.get("/segments/archive/").content.decode()


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
