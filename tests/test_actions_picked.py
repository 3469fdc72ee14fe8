"""Actions on contacts picked in the contact manager: one set from the question to the last row; once; undone."""

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context
from pyroaring import BitMap

from actions.models import Action, ActionRun, PickedContacts, Undo
from contacts.models import Attribute, Contact, ContactConsent
from contacts.selecting import change_selection
from contacts.services import delete_attribute
from contacts.services.errors import InUseError
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run as run_job
from tags import assigning
from tags.models import ContactCategory, Tag
from tags.usage import uses_of
from tests import factories
from tests.support.picking import URL, answered, asked, carried_out, fixed, people, started, tagged

KINDS_OFFERED = ["add_category", "remove_category", "add_tag", "remove_tag", "add_consent", "remove_consent", "export"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


# --- from the list to the rows --------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS_OFFERED)
def test_the_seven_kinds_are_offered_for_what_is_listed_and_for_what_is_selected(client, marketer, kind):
    [one, *_others] = people()
    change_selection(marketer, add=[one.pk], now=clock())
    text = client.get("/contacts/?status=subscribed").content.decode()
    assert f'href="{URL}new/{kind}/?status=subscribed"' in text
    assert f'href="{URL}new/{kind}/?selected=yes"' in text
    assert client.get(f"{URL}new/{kind}/?selected=yes").context["count"] == 1


def test_those_who_fit_the_filters_are_tagged_and_nobody_else(client):
    """ST16."""
    inside, outside = people(3, source="fair"), people(2)
    factories.tag("VIP", inside[0])
    text, _question = asked(client, "add_tag", "?source=fair", tags="vip")
    assert re.search(r"will change</dt><dd class=\"num\">2<", text)
    assert re.search(r"already so</dt><dd class=\"num\">1<", text)
    page = answered(client, "add_tag", "?source=fair", tags="vip")
    assert page.url == URL
    [run] = carried_out()
    assert (run.state, run.total, run.changed_count, run.already_count) == (JobState.DONE, 3, 2, 1)
    assert tagged() == {each.pk for each in inside}
    assert not tagged() & {each.pk for each in outside}
    assert run.calculation_id is None


def test_those_selected_are_acted_on(client, marketer):
    one, _two, three = people()
    change_selection(marketer, add=[one.pk, three.pk], now=clock())
    answered(client, "add_tag", "?selected=yes", tags="vip")
    carried_out()
    assert tagged() == {one.pk, three.pk}


def test_the_set_is_the_one_that_was_asked_about_whoever_fits_by_then(client):
    before = people(2, source="fair")
    _text, question = asked(client, "add_tag", "?source=fair", tags="vip")
    people(2, source="fair")
    Contact.objects.filter(pk=before[0].pk).update(source="shop")
    client.post(f"{URL}new/add_tag/?source=fair", {"tags": "vip", "confirmed": "yes", "question": question})
    [run] = carried_out()
    assert tagged() == {each.pk for each in before}
    assert run.total == PickedContacts.objects.get(question=question).count == 2


def test_the_answer_sent_twice_acts_once(client):
    people()
    _text, question = asked(client, "add_tag", tags="vip")
    given = {"tags": "vip", "confirmed": "yes", "question": question}
    first, second = (client.post(f"{URL}new/add_tag/", given, follow=True) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Already added" in second.content.decode()
    assert Action.objects.count() == ActionRun.objects.count() == 1


def test_two_tags_are_two_runs(client):
    """ST6."""
    people(2)
    answered(client, "add_tag", tags="a, b")
    assert [run.changed_count for run in carried_out()] == [2, 2]
    assert tagged("A") == tagged("B")


def test_categories_and_consents_go_the_same_way(client):
    contacts = people(2)
    category, consent = factories.category("klient"), factories.consent()
    answered(client, "add_category", category=category.pk)
    answered(client, "add_consent", consent=consent.pk, source="a fair")
    carried_out()
    ids = {each.pk for each in contacts}
    assert set(ContactCategory.objects.values_list("contact_id", flat=True)) == ids
    assert set(ContactConsent.objects.values_list("contact_id", flat=True)) == ids
    answered(client, "remove_category", category=category.pk, below="on")
    answered(client, "remove_consent", consent=consent.pk, source="a fair")
    carried_out()
    assert not ContactCategory.objects.exists()
    assert set(ContactConsent.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_an_export_begins_with_the_columns_shown_and_is_in_the_list_of_files(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    factories.attribute("city")
    people(2, attributes={"city": "Lublin"})
    form = client.get(f"{URL}new/export/?columns=attribute:city,lead_score").context["part"]
    assert {"attribute:city", "lead_score"} <= set(form.chosen)
    answered(client, "export", columns=["id", "attribute:city"], order=["id", "attribute:city"], separator="comma")
    [run] = carried_out()
    assert run.state == JobState.DONE, run.problem
    file = ExportFile.objects.get()
    assert (file.rows, file.segment_id, file.calculation_id, file.title) == (2, None, None, "2 contacts")
    assert "2 contacts" in client.get("/exports/").content.decode()
    content = b"".join(client.get(f"/exports/{file.pk}/").streaming_content).decode()
    assert content.count("Lublin") == 2


# --- what is refused ------------------------------------------------------------------------------------------
def test_a_list_that_is_refused_is_not_acted_on(client):
    people()
    page = client.get(f"{URL}new/add_tag/?status=asleep")
    assert page.status_code == 422
    assert client.post(f"{URL}new/add_tag/?status=asleep", {"tags": "vip"}).status_code == 422
    assert not PickedContacts.objects.exists()


def test_nobody_is_not_acted_on(client):
    page = client.get(f"{URL}new/add_tag/")
    assert page.status_code == 200
    assert "There is nobody to do something to." in page.content.decode()
    assert client.post(f"{URL}new/add_tag/", {"tags": "vip"}).status_code == 422
    assert not PickedContacts.objects.exists()


def test_a_bad_form_says_so_at_the_field(client):
    people()
    page = client.post(f"{URL}new/remove_tag/", {"tags": "nobody"})
    assert page.status_code == 422
    assert "There is no tag NOBODY." in page.content.decode()


@pytest.mark.parametrize("question", ["", "x", "0" * 32, "\x00"])
def test_an_answer_to_no_question_changes_nobody(client, question):
    people()
    page = client.post(f"{URL}new/add_tag/", {"tags": "vip", "confirmed": "yes", "question": question})
    assert page.status_code == 422
    assert "Look at them again" in page.content.decode()
    assert not Action.objects.exists()


def test_somebody_elses_question_cannot_be_answered(client, client_for, make_user):
    people()
    _text, question = asked(client, "add_tag", tags="vip")
    given = {"tags": "vip", "confirmed": "yes", "question": question}
    assert client_for(make_user()).post(f"{URL}new/add_tag/", given).status_code == 422
    assert not Action.objects.exists()


@pytest.mark.parametrize("path", ["dance/", "add_tag'/", "export\x00/"])
def test_a_kind_that_there_is_not_is_not_found(client, path):
    assert client.get(f"{URL}new/{path}").status_code == 404


def test_analysts_look_but_do_nothing(client, client_for, analyst):
    people()
    answered(client, "add_tag", tags="vip")
    run = carried_out()[0]
    reader = client_for(analyst)
    assert reader.get(f"{URL}new/add_tag/").status_code == 403
    assert reader.post(f"{URL}new/add_tag/", {"tags": "x"}).status_code == 403
    assert f"{URL}new/" not in reader.get("/contacts/").content.decode()
    text = reader.get(URL).content.decode()
    assert "Add tag VIP" in text
    assert f"runs/{run.pk}/undo/" not in text
    assert reader.post(f"/segments/actions/runs/{run.pk}/undo/").status_code == 403


def test_other_accounts_see_none_of_it(client, other_account, make_user):
    from tests.support.people import client_for

    people()
    answered(client, "add_tag", tags="vip")
    run = carried_out()[0]
    with tenant_context(other_account):
        stranger = client_for(make_user())
        assert stranger.get(f"/segments/actions/runs/{run.pk}/undo/").status_code == 404
        assert "Add tag" not in stranger.get(URL).content.decode()


def test_the_database_keeps_an_action_on_one_thing_and_its_picked_run_single(marketer):
    segment, kept = factories.segment(), fixed([1], marketer)
    common = {"kind": "add_tag", "params": {"tag": 1, "name": "X"}, "created_at": clock()}
    action = Action.objects.create(picked=kept, **common)
    for wrong in ({}, {"segment": segment, "picked": kept}, {"picked": kept, "every_refresh": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Action.objects.create(**common, **wrong)
    ActionRun.objects.create(action=action, requested_at=clock())
    with pytest.raises(IntegrityError), transaction.atomic():
        ActionRun.objects.create(action=action, requested_at=clock())


# --- the list of what was done ----------------------------------------------------------------------------------
def test_the_list_tells_who_what_of_whom_and_how_many(client, marketer):
    factories.tag("VIP", *people(1, source="fair"))
    people(1, source="fair")
    answered(client, "add_tag", "?source=fair", tags="vip")
    run = carried_out()[0]
    text = client.get(URL).content.decode()
    for told in ("Add tag VIP", "2 contacts", "Source: fair", str(marketer), "Done"):
        assert told in text
    assert f"?changed={run.pk}" in text
    assert f"?picked={run.action.picked_id}" in text


def test_whom_it_was_asked_for_and_whom_it_changed_can_be_listed(client):
    had, got = people(2)
    factories.tag("VIP", had)
    answered(client, "add_tag", tags="vip")
    run = carried_out()[0]
    assert client.get(f"/contacts/?picked={run.action.picked_id}").context["total"] == 2
    assert [line[0].pk for line in client.get(f"/contacts/?changed={run.pk}").context["lines"]] == [got.pk]
    assert client.get("/contacts/?picked=999999").status_code == 422


def test_the_list_looks_again_while_something_runs(client):
    people()
    answered(client, "add_tag", tags="vip")
    assert 'hx-trigger="every 2s"' in client.get(URL).content.decode()
    carried_out()
    assert 'hx-trigger="every 2s"' not in client.get(URL).content.decode()


def test_the_list_costs_the_same_with_many_runs(client):
    people()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL).status_code == 200
        return len(captured)

    answered(client, "add_tag", tags="vip")
    carried_out()
    few = queries()
    for name in ("a", "b", "c"):
        answered(client, "add_tag", tags=name)
    carried_out()
    assert queries() == few


# --- undone, and what it needs ----------------------------------------------------------------------------------
def test_undo_changes_back_exactly_those_it_changed(client):
    had, got, again = people(3)
    factories.tag("VIP", had)
    answered(client, "add_tag", tags="vip")
    run = carried_out()[0]
    tag = Tag.objects.get(name="VIP")
    assigning.remove_tag(BitMap([again.pk]), tag)
    assigning.assign_tag(BitMap([again.pk]), tag, now=clock())
    text = client.get(f"/segments/actions/runs/{run.pk}/undo/").content.decode()
    assert re.search(r"will be changed back</dt><dd class=\"num\">1<", text)
    assert client.post(f"/segments/actions/runs/{run.pk}/undo/").url == URL
    run_job("undo", Undo.objects.get().pk, now=clock())
    assert tagged() == {had.pk, again.pk}
    assert got.pk not in tagged()
    assert "Undone" in client.get(URL).content.decode()


def test_a_tag_that_such_an_action_works_on_cannot_be_deleted(client, marketer):
    started(people(), marketer)
    tag = Tag.objects.get(name="VIP")
    assert [(use.what, use.url) for use in uses_of(tag)] == [("Add tag", URL)]


def test_an_attribute_that_such_an_export_writes_cannot_be_deleted(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    city = factories.attribute("city")
    people(1)
    answered(client, "export", columns=["attribute:city"], order=["attribute:city"], separator="comma")
    with pytest.raises(InUseError):
        delete_attribute(Attribute.objects.get(pk=city.pk))
