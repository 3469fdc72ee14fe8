"""The dry run tells what the run then does; labels are counted anew when a run ends."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from actions import services
from actions.forecast import Forecast, forecasts
from actions.kinds import KINDS
from actions.kinds.forms import Draft
from actions.running import audience_in
from contacts.models import Consent, Contact, ContactConsent
from jobs.services import run as run_job
from tags.models import Category, Tag
from tests import factories
from tests.support.audiences import NOW, add_calculation, make_contacts, ready_segment

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def people(db):
    """Ten members; some have each label, two have gone, one who is no member has everything."""
    ids = make_contacts(10)
    contacts = list(Contact.objects.filter(pk__in=ids).order_by("pk"))
    [outsider] = Contact.objects.filter(pk__in=make_contacts(1))
    some = [*contacts[:3], contacts[9], outsider]
    factories.tag("VIP", *some)
    factories.category("shop", contacts[3])
    factories.category("shop/gold", *some)
    consent = factories.consent("newsletter", wording_version=2)
    for contact in some:
        factories.answer(contact, consent)
    factories.answer(contacts[4], consent, "withdrawn")
    factories.answer(contacts[5], consent)
    ContactConsent.objects.filter(contact=contacts[5]).update(wording_version=1)
    ContactConsent.objects.update(changed_at=NOW - timedelta(days=1))
    Contact.objects.filter(pk__in=[contacts[8].pk, contacts[9].pk]).delete()
    return ids


def params_of(kind):
    tag, gold = Tag.objects.get(name="VIP"), Category.objects.get(slug_path="shop/gold")
    consent = Consent.objects.get()
    return {
        "add_tag": {"tag": tag.pk, "name": "VIP"},
        "remove_tag": {"tag": tag.pk, "name": "VIP"},
        "add_category": {"category": gold.pk, "name": "Gold"},
        "remove_category": {"category": Category.objects.get_parent(gold).pk, "name": "Shop", "below": True},
        "remove_category exactly": {"category": Category.objects.get_parent(gold).pk, "name": "Shop", "below": False},
        "add_consent": {"consent": consent.pk, "name": "Newsletter", "source": "fair"},
        "add_consent again": {"consent": consent.pk, "name": "Newsletter", "source": "fair", "again": True},
        "remove_consent": {"consent": consent.pk, "name": "Newsletter", "source": "fair"},
        "export": {"columns": ["id"]},
    }[kind]


def forecast(kind, params, segment, audience="all"):
    [found] = forecasts(KINDS[kind], [Draft("", params)], audience=audience_in(segment.latest, audience), now=NOW)
    return found


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("add_tag", (5, 3, 2)),
        ("remove_tag", (3, 5, 2)),
        ("add_category", (5, 3, 2)),
        ("remove_category", (4, 4, 2)),
        ("remove_category exactly", (1, 7, 2)),
        ("add_consent", (4, 3, 2, 1)),
        ("add_consent again", (5, 3, 2, 0, 1)),
        ("remove_consent", (7, 1, 2)),
        ("export", (8, None, 2)),
    ],
)
def test_a_run_comes_to_what_was_forecast(people, settings, tmp_path, kind, told):
    """SG5. Given under an older wording is not yet so."""
    settings.MEDIA_ROOT = str(tmp_path)
    segment, params, kind = ready_segment(people), params_of(kind), kind.split()[0]
    assert forecast(kind, params, segment) == Forecast(NOW, *told)
    run = services.plan_action(segment, kind=kind, params=params, now=NOW, by=None).runs.get()
    run_job("action", run.pk, now=NOW)
    run.refresh_from_db()
    assert (run.changed_count, run.already_count, run.gone_count) == (told[0], told[1] or 0, told[2])
    assert run.left_count == (told[3] if told[3:] else 0)
    assert run.progress == len(people)


def test_the_forecast_of_those_who_joined(people):
    """SG1."""
    segment = ready_segment(people[:2], refreshes=True)
    add_calculation(segment, people[1:5])
    assert forecast("add_tag", params_of("add_tag"), segment, "joined") == Forecast(NOW, 2, 1, 0)
    assert forecast("add_tag", params_of("add_tag"), segment, "left") == Forecast(NOW, 0, 1, 0)


def test_the_forecast_of_nobody(people):
    assert forecast("add_tag", params_of("add_tag"), ready_segment()) == Forecast(NOW, 0, 0, 0)


def test_what_does_not_exist_yet_is_on_nobody(people):
    assert forecast("add_tag", None, ready_segment(people)) == Forecast(NOW, 8, 0, 2)


def test_the_forecast_takes_two_queries_for_each_action_and_one_for_all(people):
    segment = ready_segment(people)
    drafts, audience = [Draft("", params_of("add_tag"))] * 3, segment.latest.member_ids
    with CaptureQueriesContext(connection) as queries:
        forecasts(KINDS["add_tag"], drafts, audience=audience, now=NOW)
    assert len(queries) == 1 + 2 * len(drafts), "what the tag is now, and who has it"


def carried_out(kind, params, people):
    run = services.plan_action(ready_segment(people), kind=kind, params=params, now=LATER, by=None).runs.get()
    run_job("action", run.pk, now=LATER)
    return run


@pytest.mark.parametrize(("kind", "number"), [("add_tag", 9), ("remove_tag", 1)])
def test_a_tag_is_counted_when_a_run_on_it_ends(people, django_capture_on_commit_callbacks, kind, number):
    with django_capture_on_commit_callbacks(execute=True):
        carried_out(kind, params_of(kind), people)
    tag = Tag.objects.get(name="VIP")
    assert (tag.contacts_count, tag.counted_at) == (number, LATER)


def test_a_category_and_those_above_are_counted_when_a_run_on_it_ends(people, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        carried_out("add_category", params_of("add_category"), people)
    counts = Category.objects.order_by("path").values_list("contacts_count", "subtree_count", "counted_at")
    assert list(counts) == [(1, 9, LATER), (9, 9, LATER)]


def test_a_tag_is_counted_when_a_run_is_cancelled_halfway(people, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(KINDS["add_tag"], "chunk", 5)
    params = params_of("add_tag")
    run = services.plan_action(ready_segment(people), kind="add_tag", params=params, now=NOW, by=None).runs.get()
    run_job("action", run.pk, now=NOW, turn=timedelta(0))
    with django_capture_on_commit_callbacks(execute=True):
        assert services.cancel_run(run, now=LATER)
    assert Tag.objects.get(name="VIP").contacts_count == 6


def test_a_tag_deleted_just_after_the_run_harms_nothing(people, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        carried_out("remove_tag", params_of("remove_tag"), people)
        Tag.objects.get(name="VIP").links.all().delete()
        Tag.objects.all().delete()
    assert callbacks
