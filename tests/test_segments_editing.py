"""Editing a segment: its settings and its criteria (IP25)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from segmentation import hooks
from segmentation.models import Calculation, Reason, Segment
from segmentation.services import Settings, edit_settings
from tests.support.forms import form_in
from tests.support.segments import calculated, create, scored

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
