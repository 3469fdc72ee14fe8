"""The clock moved by hand: refresh at its interval, window closed, ready again, recurring actions, file gone."""

from datetime import timedelta

import pytest
from celery import current_app

from actions import services as actions
from actions.errors import WindowClosedError
from actions.models import ActionRun
from contacts.models import Contact
from exports import store
from exports.models import ExportFile
from jobs import scheduler
from jobs.services import run
from segmentation import selectors
from segmentation.models import Calculation, Segment
from segmentation.services import Settings, create_segment
from tags.models import ContactTag
from tests import factories
from tests.support.audiences import NOW, make_contacts

HOUR = timedelta(hours=1)
SCORE_OVER_20 = {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}]}


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def world(committed, monkeypatch):
    """Moves the clock: a tick, then a worker that takes every message at that time."""
    messages = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args: messages.append(tuple(args)))

    def at(now, *, purge=False):
        scheduler.tick(now)
        if purge:
            scheduler.purge(now)
        while messages:
            _schema, kind, pk = messages.pop(0)
            run(kind, pk, now=now)

    return at


def make(**settings):
    given = {"name": "Warm leads", "readiness_hours": 24, "refresh_every": 2, "refresh_unit": "day"} | settings
    return create_segment(settings=Settings(**given), criteria=SCORE_OVER_20, now=NOW, by=None)


def where(segment, now):
    return selectors.list_of(Segment.objects.get(pk=segment.pk), now=now)


def test_a_refreshing_segment_is_ready_then_archived_then_ready_again(world):
    """IP3, IP6, IP19, IP20."""
    make_contacts(3, lead_score=30)
    segment = make()
    assert where(segment, NOW) == selectors.IN_CREATION
    world(NOW)
    assert where(segment, NOW) == selectors.READY
    world(NOW + 24 * HOUR)
    assert where(segment, NOW + 24 * HOUR) == selectors.ARCHIVE
    world(NOW + 48 * HOUR - timedelta(seconds=1))
    assert Calculation.objects.count() == 1
    world(NOW + 48 * HOUR)
    assert Calculation.objects.count() == 2
    assert where(segment, NOW + 48 * HOUR) == selectors.READY
    assert Segment.objects.get().ready_until == NOW + 72 * HOUR


def test_a_double_tick_refreshes_once(world):
    make_contacts(1, lead_score=30)
    make()
    world(NOW)
    world(NOW + 48 * HOUR)
    world(NOW + 48 * HOUR)
    assert Calculation.objects.count() == 2


def test_a_recurring_action_tags_those_who_join(world):
    """SG1, IC4: from the plan in creation over two refreshes, each contact once."""
    first = make_contacts(2, lead_score=30)
    later = make_contacts(1, lead_score=5)
    segment, tag = make(), factories.tag("WARM")
    params = {"tag": tag.pk, "name": "WARM"}
    actions.plan_action(segment, kind="add_tag", params=params, audience="joined", every_refresh=True, now=NOW, by=None)
    world(NOW)
    Contact.objects.filter(pk__in=later).update(lead_score=40)
    world(NOW + 48 * HOUR)
    world(NOW + 96 * HOUR)
    runs = ActionRun.objects.order_by("pk").values_list("changed_count", "already_count", "total")
    assert list(runs) == [(2, 0, 2), (1, 0, 1), (0, 0, 0)]
    assert set(ContactTag.objects.values_list("contact_id", flat=True)) == set(first | later)


def test_no_action_between_windows_and_again_after_the_refresh(world):
    """IP6, IP20."""
    make_contacts(1, lead_score=30)
    segment, tag = make(), factories.tag("WARM")
    plan = {"kind": "add_tag", "params": {"tag": tag.pk, "name": "WARM"}, "by": None}
    world(NOW)
    with pytest.raises(WindowClosedError):
        actions.plan_action(segment, now=NOW + 24 * HOUR, **plan)
    world(NOW + 48 * HOUR)
    actions.plan_action(segment, now=NOW + 48 * HOUR, **plan)


def test_an_export_goes_after_a_week(world):
    """IP32."""
    make_contacts(2, lead_score=30)
    segment = make()
    params = {"columns": ["id"], "separator": "comma", "bom": True}
    actions.plan_action(segment, kind="export", params=params, now=NOW, by=None)
    world(NOW)
    file = ExportFile.objects.get()
    path = store.path_of(file.stored_as)
    week = NOW + timedelta(days=7)
    world(week - timedelta(seconds=1), purge=True)
    assert path.exists()
    world(week, purge=True)
    assert not path.exists()
    assert not ExportFile.objects.exists()


def test_what_was_missed_while_nothing_ran_is_done_once(world):
    """A scheduler that was off for ten days refreshes once, not five times."""
    make_contacts(1, lead_score=30)
    make()
    world(NOW)
    world(NOW + 241 * HOUR)
    assert Calculation.objects.count() == 2
    assert Segment.objects.get().next_refresh_at == NOW + 288 * HOUR
