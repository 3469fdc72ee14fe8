"""Actions on contacts picked in the contact manager: one set from the question to the last row; once; undone."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now as clock
from django_tenants.utils import tenant_context
from pyroaring import BitMap

from actions import picked, running, services
from actions.errors import AnsweredError, ResultChangedError, WindowClosedError
from actions.kinds import KINDS
from actions.models import Action, ActionRun, PickedContacts, Undo
from contacts.models import Attribute, Contact, ContactConsent
from contacts.selecting import change_selection
from contacts.services import delete_attribute
from contacts.services.errors import InUseError
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run as run_job
from tags import assigning
from tags.models import ContactCategory, ContactTag, Tag
from tags.usage import uses_of
from tests import factories
from users.models import User

URL = "/contacts/actions/"
KINDS_OFFERED = ["add_category", "remove_category", "add_tag", "remove_tag", "add_consent", "remove_consent", "export"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_for, marketer):
    return client_for(marketer)


def people(number: int = 3, **fields) -> list[Contact]:
    return [factories.contact(**fields) for _ in range(number)]


def fixed(ids, by: User, *, now=None) -> PickedContacts:
    return picked.fix(BitMap(ids), words=["All contacts"], query="", now=now or clock(), by=by)


def asked(client, kind: str, address: str = "", **given) -> tuple[str, str]:
    """The question's page and its mark."""
    page = client.post(f"{URL}new/{kind}/{address}", given)
    assert page.status_code == 200, page.content.decode()[:3000]
    text = page.content.decode()
    return text, re.findall(r'name="question" value="([0-9a-f]{32})"', text)[0]


def answered(client, kind: str, address: str = "", **given):
    _text, question = asked(client, kind, address, **given)
    return client.post(f"{URL}new/{kind}/{address}", given | {"confirmed": "yes", "question": question})


def carried_out() -> list[ActionRun]:
    for run in ActionRun.objects.filter(state=JobState.WAITING):
        run_job("action", run.pk, now=clock())
    return list(ActionRun.objects.order_by("pk"))


def tagged(name: str = "VIP") -> set[int]:
    return set(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


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


# --- cancelled, repeated, undone ----------------------------------------------------------------------------------
def started(contacts, by: User, *, name: str = "VIP") -> ActionRun:
    kept = fixed([each.pk for each in contacts], by)
    part = KINDS["add_tag"].form({"tags": name}, now=clock(), by=by)
    assert part.is_valid()
    [action] = picked.act_on(kept, part, kind=KINDS["add_tag"], now=clock(), by=by)
    return action.runs.get()


def test_a_run_cancelled_half_way_keeps_what_was_done_and_can_be_undone(marketer, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(6)
    run = started(contacts, marketer)
    run_job("action", run.pk, now=clock(), turn=timedelta(0))  # one chunk a turn
    services.cancel_run(ActionRun.objects.get(pk=run.pk), now=clock())
    run.refresh_from_db()
    assert (run.state, run.changed_count) == (JobState.CANCELLED, 2)
    undo = services.undo_run(run, now=clock(), by=marketer)
    run_job("undo", undo.pk, now=clock())
    assert (Undo.objects.get().back_count, tagged()) == (2, set())


def test_a_failed_run_goes_on_where_it_stopped(client, marketer):
    contacts = people(4)
    run = started(contacts, marketer)
    ActionRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, problem={"text": "x"}, finished_at=clock())
    assert f"runs/{run.pk}/retry/" in client.get(URL).content.decode()
    assert client.post(f"/segments/actions/runs/{run.pk}/retry/").url == URL
    carried_out()
    assert tagged() == {each.pk for each in contacts}


def test_a_stopped_action_is_not_repeated(marketer):
    run = started(people(), marketer)
    ActionRun.objects.filter(pk=run.pk).update(state=JobState.FAILED)
    Action.objects.update(stopped_at=clock())
    with pytest.raises(WindowClosedError):
        services.retry_run(ActionRun.objects.get(pk=run.pk), now=clock())


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


# --- of somebody who sees some contacts only ------------------------------------------------------------------------
@pytest.fixture
def part(make_user):
    """A user who sees the contacts of `klient` alone: two of four."""
    user = make_user()
    inside, outside = people(2), people(2)
    factories.permission_group("Klient", users=[user], categories=[factories.category("klient", *inside)], now=clock())
    return user, inside, outside


def test_who_sees_some_contacts_acts_on_those_alone(client_for, part):
    user, inside, _outside = part
    answered(client_for(user), "add_tag", tags="vip")
    [run] = carried_out()
    assert (run.total, run.changed_count, run.gone_count) == (2, 2, 0)
    assert tagged() == {each.pk for each in inside}


def test_who_has_left_sight_between_the_answer_and_the_run_is_passed_over(client_for, part):
    user, inside, _outside = part
    answered(client_for(user), "add_tag", tags="vip")
    ContactCategory.objects.filter(contact=inside[0]).delete()
    carried_out()
    assert tagged() == {inside[1].pk}


def test_others_actions_and_sets_are_not_there_for_them(client, client_for, part):
    user, inside, _outside = part
    answered(client, "add_tag", tags="secret")
    run = carried_out()[0]
    reader = client_for(user)
    assert "SECRET" not in reader.get(URL).content.decode()
    for address in ("undo", "cancel"):
        assert reader.get(f"/segments/actions/runs/{run.pk}/{address}/").status_code == 404
    assert reader.post(f"/segments/actions/runs/{run.pk}/retry/").status_code == 404
    assert reader.get(f"/contacts/?picked={run.action.picked_id}").status_code == 422
    answered(reader, "add_tag", tags="own")
    own = carried_out()[-1]
    assert "OWN" in reader.get(URL).content.decode()
    assert client.get(f"/segments/actions/runs/{own.pk}/undo/").status_code == 200
    assert reader.get(f"/contacts/?picked={own.action.picked_id}").context["total"] == len(inside)


def test_they_are_offered_the_categories_that_show_contacts_to_them(client_for, part):
    user, _inside, _outside = part
    other = factories.category("partner")
    reader = client_for(user)
    form = reader.get(f"{URL}new/add_category/").context["part"]
    assert [each.name for each in form.fields["category"].queryset] == ["Klient"]
    assert reader.post(f"{URL}new/add_category/", {"category": other.pk}).status_code == 422


def test_they_are_told_how_many_they_would_not_see_any_more(client_for, part):
    user, inside, _outside = part
    below = factories.category("klient/media", inside[0])
    reader, top = client_for(user), ContactCategory.objects.filter(contact=inside[1]).get().category_id
    text, _question = asked(reader, "remove_category", category=top)
    assert "1 of them is in no other category that shows you contacts" in text
    text, _question = asked(reader, "remove_category", category=top, below="on")
    assert "2 of them are in no other category that shows you contacts" in text
    text, _question = asked(reader, "remove_category", category=below.pk)
    assert "no other category that shows you contacts" not in text


# --- what is kept ---------------------------------------------------------------------------------------------------
def test_what_was_not_answered_goes_after_a_day_and_what_was_done_stays(marketer):
    at = clock()
    unanswered, done = fixed([1], marketer, now=at), started(people(), marketer).action.picked
    picked.forget_picked(at + timedelta(hours=23))
    assert PickedContacts.objects.count() == 2
    picked.forget_picked(at + timedelta(days=2))
    assert list(PickedContacts.objects.values_list("pk", flat=True)) == [done.pk]
    assert unanswered.pk != done.pk
    ActionRun.objects.update(state=JobState.DONE)
    picked.forget_picked(at + timedelta(days=402))
    assert not PickedContacts.objects.exists()
    assert not ActionRun.objects.exists()


def test_what_still_runs_is_kept_however_old(marketer):
    at = clock()
    started(people(), marketer)
    picked.forget_picked(at + timedelta(days=402))
    assert ActionRun.objects.count() == 1


def test_a_question_answered_or_gone_is_refused_by_the_service(marketer):
    run = started(people(), marketer)
    form = KINDS["add_tag"].form({"tags": "b"}, now=clock(), by=marketer)
    assert form.is_valid()
    kept = run.action.picked
    with pytest.raises(AnsweredError):
        picked.act_on(kept, form, kind=KINDS["add_tag"], now=clock(), by=marketer)
    with pytest.raises(ResultChangedError):
        picked.asked(uuid4(), by=marketer)
    fresh = fixed([1], marketer)
    PickedContacts.objects.filter(pk=fresh.pk).delete()
    with pytest.raises(ResultChangedError):
        picked.act_on(fresh, form, kind=KINDS["add_tag"], now=clock(), by=marketer)


def test_an_attribute_that_such_an_export_writes_cannot_be_deleted(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    city = factories.attribute("city")
    people(1)
    answered(client, "export", columns=["attribute:city"], order=["attribute:city"], separator="comma")
    with pytest.raises(InUseError):
        delete_attribute(Attribute.objects.get(pk=city.pk))


# --- interrupted -----------------------------------------------------------------------------------------------------
def abandon(job) -> None:
    """Its worker died a while ago, without a word."""
    type(job).objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, lease_owner="somebody", lease_until=clock() - timedelta(seconds=1)
    )


@pytest.mark.parametrize("died", [0, 1, 2])
def test_a_run_and_its_undo_whose_workers_died_are_finished_by_others_as_if_by_one(marketer, monkeypatch, died):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(6)
    factories.tag("VIP", contacts[3])
    run = started(contacts, marketer)
    for _chunk in range(died):
        run_job("action", run.pk, now=clock(), turn=timedelta(0))
        abandon(run)
    run_job("action", run.pk, now=clock())
    run.refresh_from_db()
    assert (run.state, run.total, run.changed_count, run.already_count) == (JobState.DONE, 6, 5, 1)
    assert tagged() == {each.pk for each in contacts}
    undo = services.undo_run(run, now=clock(), by=marketer)
    for _chunk in range(died):
        run_job("undo", undo.pk, now=clock(), turn=timedelta(0))
        abandon(undo)
    run_job("undo", undo.pk, now=clock())
    undo.refresh_from_db()
    assert (undo.state, undo.back_count, undo.since_count) == (JobState.DONE, 5, 0)
    assert tagged() == {contacts[3].pk}


def test_what_fails_in_the_middle_of_a_chunk_leaves_nothing_of_it(marketer, monkeypatch):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    contacts = people(4)
    run = started(contacts, marketer)
    run_job("action", run.pk, now=clock(), turn=timedelta(0))
    real = running.count

    def dies(*args, **more):
        real(*args, **more)
        raise RuntimeError("the power went")

    monkeypatch.setattr(running, "count", dies)
    run_job("action", run.pk, now=clock())
    run.refresh_from_db()
    assert (run.state, run.changed_count, len(tagged())) == (JobState.ERRORED, 2, 2)
    monkeypatch.setattr(running, "count", real)
    assert services.retry_run(ActionRun.objects.get(pk=run.pk), now=clock())
    run_job("action", run.pk, now=clock())
    assert tagged() == {each.pk for each in contacts}
