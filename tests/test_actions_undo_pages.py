"""The pages of undoing: asked with numbers, told on the list of actions, stopped and gone on with; who may."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context

from actions import services
from actions.models import ActionRun, Undo
from contacts.models import Contact
from jobs.models import JobState
from jobs.services import run as run_job
from tags import services as tag_services
from tags.models import ContactTag, Tag
from tests import factories
from tests.support.audiences import add_calculation, make_contacts, make_segment, ready_segment

HTMX = {"HX-Request": "true", "HX-Target": "actions"}
DIALOG = {"HX-Request": "true", "HX-Target": "dialog"}


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def tagged(number=5, *, segment=None, name="VIP", **more) -> ActionRun:
    """A run that put the tag on that many contacts."""
    segment = segment or ready_segment(make_contacts(number), at=clock(), **more)
    tag = factories.tag(name)
    every = more.get("refreshes", False)
    params = {"tag": tag.pk, "name": name}
    action = services.plan_action(segment, kind="add_tag", params=params, every_refresh=every, now=clock(), by=None)
    run = action.runs.get()
    run_job("action", run.pk, now=clock())
    return run


def url(name, pk):
    return reverse(f"actions:{name}", args=[pk])


def list_of(run):
    return reverse("actions:list", args=[run.action.segment_id])


def test_the_question_tells_in_numbers_what_it_would_come_to(client):
    """SG5."""
    run = tagged(6)
    people = list(Contact.objects.order_by("pk"))
    for each in people[:2]:
        tag_services.take_tag_off(each, Tag.objects.get(), now=clock(), by="A", user=None)
    people[5].delete()
    text = client.get(url("undo", run.pk)).content.decode()
    for number, words in ((3, "will be changed back"), (2, "changed or confirmed since"), (1, "no longer exist")):
        assert f'{words}</dt><dd class="num">{number}</dd>' in text
    assert not Undo.objects.exists()


def test_the_question_opens_in_the_dialog_as_a_part(client):
    answer = client.get(url("undo", tagged().pk), headers=DIALOG)
    assert b"<html" not in answer.content
    assert b"Undo this action?" in answer.content


def test_confirming_begins_it_and_the_list_follows_it_to_its_end(client, marketer):
    """IP23."""
    run = tagged(4)
    assert 'id="undo-' in client.get(list_of(run)).content.decode()
    assert client.post(url("undo", run.pk)).headers["Location"] == list_of(run)
    waiting = client.get(list_of(run)).content.decode()
    assert "every 2s" in waiting
    assert "Stop undoing" in waiting
    assert f'id="undo-{run.pk}"' not in waiting
    run_job("undo", Undo.objects.get().pk, now=clock())
    told = client.get(list_of(run), headers=HTMX).content.decode()
    assert "4 changed back" in told
    assert marketer.name in told
    assert "every 2s" not in told
    assert not ContactTag.objects.exists()


def test_a_second_confirmation_says_that_it_is_being_undone(client):
    run = tagged()
    client.post(url("undo", run.pk))
    answer = client.post(url("undo", run.pk), follow=True)
    assert "being undone already" in answer.content.decode()
    assert Undo.objects.count() == 1
    assert "There is nothing to undo" in client.get(url("undo", run.pk)).content.decode()


def test_of_a_recurring_action_it_says_that_it_will_run_again(client):
    text = client.get(url("undo", tagged(refreshes=True).pk)).content.decode()
    assert "will run again after the next refresh" in text


def test_a_deleted_tag_is_said_instead_of_a_button(client):
    run = tagged()
    tag_services.delete_tag(Tag.objects.get())
    text = client.get(url("undo", run.pk)).content.decode()
    assert "The tag VIP no longer exists." in text
    assert "undo-confirmed" not in text


def test_an_undone_run_says_so_in_place_of_done(client):
    run = tagged(3)
    assert "Undone" not in client.get(list_of(run)).content.decode()
    undo = services.undo_run(run, now=clock(), by=None)
    run_job("undo", undo.pk, now=clock())
    text = client.get(list_of(run)).content.decode()
    assert "Undone" in text
    assert "Done</span>" not in text
    assert "3 changed back" in text


def test_those_who_were_changed_are_listed_from_their_number(client):
    """Exactly them: who had the tag already is not among them; who is deleted since is told."""
    people = make_contacts(5)
    had = Contact.objects.get(pk=people[0])
    factories.tag("VIP", had)
    run = tagged(segment=ready_segment(people, at=clock()))
    assert f'href="/contacts/?changed={run.pk}"' in client.get(list_of(run)).content.decode()
    Contact.objects.get(pk=people[4]).delete()
    shown = client.get("/contacts/", {"changed": run.pk})
    assert [line[0].pk for line in shown.context["lines"]] == sorted(people[1:4], reverse=True)
    text = shown.content.decode()
    assert "4 contacts were changed by the action of" in text
    assert "1 of them has been deleted since." in text
    assert "There is no such run" in client.get("/contacts/", {"changed": "0"}).content.decode()


def test_an_undo_is_stopped_and_gone_on_with(client):
    run = tagged()
    client.post(url("undo", run.pk))
    undo = Undo.objects.get()
    assert "Stop undoing?" in client.get(url("undo_cancel", undo.pk)).content.decode()
    client.post(url("undo_cancel", undo.pk))
    undo.refresh_from_db()
    assert undo.state == JobState.CANCELLED
    assert "Go on undoing" in client.get(list_of(run)).content.decode()
    client.post(url("undo_resume", undo.pk))
    undo.refresh_from_db()
    assert undo.state == JobState.WAITING


def test_a_run_that_is_undone_is_not_offered_to_be_tried_again(client):
    run = tagged()
    ActionRun.objects.update(state=JobState.FAILED, problem={"text": "x"})
    assert "Try again" in client.get(list_of(run)).content.decode()
    client.post(url("undo", run.pk))
    assert "Try again" not in client.get(list_of(run)).content.decode()
    client.post(url("retry", run.pk))
    run.refresh_from_db()
    assert run.state == JobState.FAILED


def test_in_the_archive_it_can_be_undone(client):
    run = tagged()
    run.action.segment.__class__.objects.update(ready_until=clock())
    assert 'id="undo-' in client.get(list_of(run)).content.decode()


def test_an_analyst_sees_how_it_stands_but_may_not(client_for, analyst):
    run, looking = tagged(), client_for(analyst)
    assert looking.get(url("undo", run.pk)).status_code == 403
    assert looking.post(url("undo", run.pk)).status_code == 403
    undo = services.undo_run(run, now=clock(), by=None)
    assert looking.post(url("undo_cancel", undo.pk)).status_code == 403
    assert looking.post(url("undo_resume", undo.pk)).status_code == 403
    text = looking.get(list_of(run)).content.decode()
    assert "Undo" in text
    assert "Stop undoing" not in text


@pytest.mark.parametrize("name", ["undo", "undo_cancel", "undo_resume"])
def test_nobodys_id_and_another_accounts_are_not_found(client, client_for, other_account, make_user, name):
    undo = services.undo_run(tagged(), now=clock(), by=None)
    assert client.post(url(name, 999_999)).status_code == 404
    with tenant_context(other_account):
        stranger = client_for(make_user("owner"))
        assert stranger.post(url(name, undo.pk)).status_code == 404


def test_the_list_costs_the_same_with_many_undone(client):
    segment = ready_segment(make_contacts(2), at=clock())
    for number in range(2):
        services.undo_run(tagged(segment=segment, name=f"A{number}"), now=clock(), by=None)
    address = reverse("actions:list", args=[segment.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(6):
        services.undo_run(tagged(segment=segment, name=f"B{number}"), now=clock(), by=None)
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
    assert not [query for query in many if '"changed"' in query["sql"]]


def test_planned_actions_whose_calculation_failed_are_said_to_wait(client):
    """They are kept: what was planned is done on the members of the calculation that is repeated."""
    from segmentation.models import Calculation
    from tests.support.audiences import start_calculation

    segment, tag = make_segment(), factories.tag("VIP")
    start_calculation(segment, at=clock())
    services.plan_action(segment, kind="add_tag", params={"tag": tag.pk, "name": "VIP"}, now=clock(), by=None)
    address = reverse("actions:list", args=[segment.pk])
    assert "waited for failed" not in client.get(address).content.decode()
    Calculation.objects.update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    text = client.get(address).content.decode()
    assert "waited for failed" in text
    assert "when the segment is next calculated" in text
    services.start_planned(add_calculation(segment, make_contacts(1), at=clock()), clock())
    assert ActionRun.objects.count() == 1
