"""What pages about actions tell: an undone run as undone, categories in their order, a loss of sight on the button."""

import re

import pytest
from django.utils.timezone import now as clock

from actions import services
from actions.kinds import KINDS
from actions.models import ActionRun
from contacts.models import Contact
from jobs.services import run as run_job
from tags.categories import create_category
from tests import factories
from tests.factories import NOW
from tests.support.audiences import make_contacts, ready_segment
from tests.support.people import make_user

NEW = "/contacts/actions/new"
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def tagged_run() -> ActionRun:
    segment, tag = ready_segment(make_contacts(2), at=clock()), factories.tag("VIP")
    params = {"tag": tag.pk, "name": "VIP"}
    action = services.plan_action(segment, kind="add_tag", params=params, every_refresh=False, now=clock(), by=None)
    run = action.runs.get()
    run_job("action", run.pk, now=clock())
    return ActionRun.objects.get(pk=run.pk)


def test_the_list_of_those_changed_says_that_the_run_was_undone(client):
    run = tagged_run()
    assert "has been undone" not in client.get(f"/contacts/?changed={run.pk}").content.decode()
    undo = services.undo_run(run, now=clock(), by=None)
    assert "has been undone" not in client.get(f"/contacts/?changed={run.pk}").content.decode()
    run_job("undo", undo.pk, now=clock())
    text = client.get(f"/contacts/?changed={run.pk}").content.decode()
    assert "2 contacts were changed by the action of" in text
    assert "has been undone" in text


def test_an_actions_categories_stand_in_the_order_of_the_alphabet():
    shop = create_category("Żabka", now=NOW)
    create_category("Łódź", now=NOW)
    create_category("Ula", below=shop, now=NOW)
    create_category("Ala", below=shop, now=NOW)
    create_category("Lublin", now=NOW)
    form = KINDS["add_category"].form(now=NOW)
    offered = [label.strip() for value, label in form.fields["category"].choices if value]
    assert offered == ["Lublin", "Łódź", "Żabka", "Ala", "Ula"]


def button(text: str) -> str:
    return re.findall(r"<button[^>]*name=\"confirmed\".*?</button>", text, re.DOTALL)[0]


def test_who_takes_contacts_out_of_their_own_sight_presses_a_button_that_says_so(client_for):
    media = factories.category("media", factories.contact(), factories.contact())
    ewa = make_user(name="Ewa")
    factories.permission_group("Media", users=[ewa], categories=[media])
    asked = client_for(ewa).post(f"{NEW}/remove_category/", {"category": media.pk, "below": "on"})
    assert "btn-danger" in button(asked.content.decode())
    assert "Take 2 contacts out of my sight" in button(asked.content.decode())


def test_who_sees_everybody_presses_the_usual_button(client):
    media = factories.category("media", factories.contact())
    asked = client.post(f"{NEW}/remove_category/", {"category": media.pk, "below": "on"})
    assert Contact.objects.count() == 1
    assert "btn-primary" in button(asked.content.decode())
    assert "out of my sight" not in asked.content.decode()
