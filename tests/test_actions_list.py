"""The list of actions: what it tells, what can be stopped, cancelled and tried again from it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now as clock

from actions.models import Action, ActionRun
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Segment
from tags.models import Tag
from tests import factories
from tests.support.acting import add_tag, list_url, ready, segment_contacts
from tests.support.audiences import make_segment, start_calculation

HTMX = {"HX-Request": "true", "HX-Target": "actions"}


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def test_the_list_tells_who_when_how_many_and_what_became_of_it(client, marketer):
    """IP23."""
    segment = ready(5)
    factories.tag("VIP", *segment_contacts(segment)[:2])
    add_tag(client, segment)
    waiting = client.get(list_url(segment)).content.decode()
    assert "Waiting" in waiting
    assert "every 2s" in waiting
    run_job("action", ActionRun.objects.get().pk, now=clock())
    text = client.get(list_url(segment)).content.decode()
    assert "Add tag VIP" in text
    assert marketer.name in text
    assert ">3<" in text
    assert ">2<" in text
    assert "Done" in text
    assert "every 2s" not in text


def test_the_head_of_the_page_fetches_it_whole_when_the_calculation_ends(client):
    """It replaces the body, so it asks without a target's id."""
    answer = client.get(list_url(ready()), headers={"HX-Request": "true"})
    assert b"<html" in answer.content


def test_the_list_follows_a_run_by_its_part(client):
    segment = ready()
    add_tag(client, segment)
    ActionRun.objects.update(state=JobState.RUNNING, total=3, started_at=clock(), lease_until=clock())
    part = client.get(list_url(segment), headers=HTMX)
    assert b"<html" not in part.content
    assert b"<progress" in part.content


def test_a_failed_run_tells_why_and_can_be_tried_again(client):
    segment = ready()
    add_tag(client, segment)
    Tag.objects.all().delete()
    run = ActionRun.objects.get()
    run_job("action", run.pk, now=clock())
    assert "The tag VIP no longer exists." in client.get(list_url(segment)).content.decode()
    client.post(reverse("actions:retry", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == JobState.WAITING


def test_what_could_not_be_tried_again_is_not_offered_to_be(client):
    """The window has closed: the same people may not be reached any more."""
    segment = ready()
    add_tag(client, segment)
    ActionRun.objects.update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    assert "Try again" in client.get(list_url(segment)).content.decode()
    Segment.objects.update(ready_until=clock() - timedelta(seconds=1))
    assert "Try again" not in client.get(list_url(segment)).content.decode()


def test_a_recurring_action_added_in_creation_says_when_it_begins(client):
    segment = make_segment(refreshes=True)
    start_calculation(segment, at=clock())
    add_tag(client, segment, repeat="every", audience="all")
    text = client.get(list_url(segment)).content.decode()
    assert "as soon as the calculation ends, and after every refresh" in text


def test_stopping_asks_first(client):
    segment = ready(refreshes=True)
    add_tag(client, segment, repeat="every", audience="all")
    url = reverse("actions:stop", args=[Action.objects.get().pk])
    assert "recurring" in client.get(url).content.decode()
    assert Action.objects.get().stopped_at is None
    assert client.post(url).status_code == 302
    assert Action.objects.get().stopped_at is not None


def test_cancelling_a_run_asks_first(client):
    segment = ready()
    add_tag(client, segment)
    url = reverse("actions:cancel", args=[ActionRun.objects.get().pk])
    assert client.get(url, headers=HTMX).status_code == 200
    client.post(url)
    assert ActionRun.objects.get().state == JobState.CANCELLED


def test_the_list_costs_the_same_with_many_actions(client, marketer):
    segment = ready(refreshes=True)
    for number in range(2):
        add_tag(client, segment, tags=f"a{number}", repeat="once", audience="all")
        add_tag(client, segment, tags=f"b{number}", repeat="every", audience="all")
    client.get(list_url(segment))
    with CaptureQueriesContext(connection) as few:
        client.get(list_url(segment))
    for number in range(2, 12):
        add_tag(client, segment, tags=f"a{number}", repeat="once", audience="all")
        add_tag(client, segment, tags=f"b{number}", repeat="every", audience="all")
    client.get(list_url(segment))
    with CaptureQueriesContext(connection) as many:
        client.get(list_url(segment))
    assert len(many) == len(few)


def test_the_list_reads_no_set_of_contacts(client):
    segment = ready()
    add_tag(client, segment)
    with CaptureQueriesContext(connection) as queries:
        client.get(list_url(segment))
    assert not [q for q in queries if '"members"' in q["sql"] or '"changed"' in q["sql"]]
