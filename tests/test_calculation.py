"""A calculation: what it stores, how it ends, what it leaves alone (IP3, IP18–IP20, SD9)."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from pyroaring import BitMap

from contacts.models import Contact
from jobs import services as jobs
from jobs.models import JobState
from jobs.services import run
from segmentation import engine, hooks
from segmentation.models import Calculation, Reason, Segment
from segmentation.services import calculations, cancel_calculation, edit_criteria, refresh_due, request_calculation
from tags.models import Tag
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_members_counts_and_nodes_are_stored():
    warm = scored(3)
    scored(2, score=5)
    first = {"kind": "field", "field": "id", "op": "eq", "value": warm[0]}
    segment = create(criteria={"all": [SCORED, {"not": first}]})

    done = calculate(segment)

    assert done.state == JobState.DONE
    assert done.member_ids == BitMap(warm[1:])
    assert (done.count, done.joined_count, done.left_count) == (2, 2, 0)
    assert {node["path"]: node["count"] for node in done.node_counts} == {
        "": 2, "all[0]": 3, "all[1]": 4, "all[1].not": 1,
    }  # fmt: skip
    assert segment.latest == done


def test_the_count_equals_the_list():
    scored(7)
    done = calculate(create())
    assert done.count == len(done.member_ids) == Contact.objects.filter(pk__in=list(done.member_ids)).count() == 7


def test_joined_and_left_are_told_against_the_calculation_before():
    first = scored(3)
    segment = calculated()
    Contact.objects.filter(pk=first[0]).update(lead_score=0)
    second = scored(2, score=40)
    request_calculation(segment, reason=Reason.MANUAL, now=NOW + HOUR)

    done = calculate(segment, now=NOW + HOUR)

    assert (done.joined_ids, done.left_ids) == (BitMap(second), BitMap(first[:1]))
    assert (done.count, done.joined_count, done.left_count) == (4, 2, 1)


def test_readiness_is_counted_from_the_end_of_the_calculation():
    """IP3."""
    segment = create(hours=5)
    done = calculate(segment, now=NOW, takes=40 * timedelta(minutes=1))
    assert done.as_of == NOW
    assert done.finished_at == NOW + timedelta(minutes=40)
    assert segment.ready_until == NOW + timedelta(minutes=40) + 5 * HOUR


def test_a_newer_request_cancels_the_older_run():
    """mautic 6324: the old run went on after the filter was fixed."""
    segment = create()
    older = Calculation.objects.get()
    newer = request_calculation(segment, reason=Reason.MANUAL, now=NOW)

    older.refresh_from_db()
    assert older.state == JobState.CANCELLED
    assert run("calculation", older.pk, now=NOW) is None
    assert calculate(segment) == newer
    assert segment.latest == newer


def test_a_run_overtaken_half_way_stores_nothing(monkeypatch):
    """mautic 6324, in the middle of the work."""
    scored(2)
    segment = create()
    older = Calculation.objects.get()
    evaluate = engine.evaluate

    def overtaken(tree, *, context):
        found = evaluate(tree, context=context)
        edit_criteria(segment, criteria=SCORED | {"value": 500}, revision=segment.revision, now=NOW, by=None)
        return found

    monkeypatch.setattr(calculations, "evaluate", overtaken)
    assert run("calculation", older.pk, now=NOW) is None
    monkeypatch.undo()

    older.refresh_from_db()
    segment.refresh_from_db()
    assert (older.state, older.members, segment.latest, segment.ready_until) == (JobState.CANCELLED, None, None, None)
    assert calculate(segment).count == 0


def test_the_database_allows_one_active_calculation_of_a_segment():
    segment = create()
    with pytest.raises(IntegrityError), transaction.atomic():
        Calculation.objects.create(segment=segment, version=segment.version, reason=Reason.MANUAL, requested_at=NOW)


def test_a_waiting_calculation_can_be_cancelled():
    """IP18."""
    segment = create()
    assert cancel_calculation(segment, now=NOW)
    assert not cancel_calculation(segment, now=NOW)
    assert Calculation.objects.get().state == JobState.CANCELLED


def test_criteria_that_name_something_deleted_fail_with_the_path_and_are_never_empty():
    """PostHog 38175, 25936: a failure hidden behind an empty list."""
    warm = scored(2)
    Tag.objects.create(name="VIP")
    segment = create(criteria={"any": [SCORED, {"kind": "tag", "op": "any", "tags": ["VIP"]}]})
    calculate(segment)
    ready_until = segment.ready_until
    Tag.objects.all().delete()
    request_calculation(segment, reason=Reason.MANUAL, now=NOW + HOUR)

    failed = calculate(segment, now=NOW + HOUR)

    assert failed.state == JobState.FAILED
    assert failed.problem["path"] == "any[1].tags[0]"
    assert "VIP" in failed.problem_text
    assert "{" not in failed.problem_text
    assert failed.count is None
    assert segment.latest.member_ids == BitMap(warm)
    assert segment.ready_until == ready_until


def test_a_deleted_segment_still_referenced_fails_the_calculation():
    """mautic 4392."""
    other = calculated("Other")
    segment = create(criteria={"kind": "segment", "segment": other.pk, "op": "not_in"})
    other.delete()
    failed = calculate(segment)
    assert failed.state == JobState.FAILED
    assert failed.problem["path"] == "segment"


def test_a_bug_ends_as_an_error_and_is_logged(monkeypatch, caplog):
    segment = create()
    monkeypatch.setattr(calculations, "evaluate", lambda *_, **__: 1 / 0)
    errored = calculate(segment)
    assert errored.state == JobState.ERRORED
    assert "ZeroDivisionError" in caplog.text
    assert errored.problem_text


def test_after_a_failure_it_can_be_tried_again():
    Tag.objects.create(name="VIP")
    segment = create(criteria={"kind": "tag", "op": "any", "tags": ["VIP"]})
    Tag.objects.all().delete()
    assert calculate(segment).state == JobState.FAILED
    Tag.objects.create(name="VIP")
    request_calculation(segment, reason=Reason.MANUAL, now=NOW)
    assert calculate(segment).state == JobState.DONE


def test_progress_is_told_after_each_criterion(monkeypatch):
    segment = create(criteria={"all": [SCORED, SCORED | {"value": 25}, SCORED | {"value": 28}]})
    told = []
    monkeypatch.setattr(jobs, "heartbeat", lambda _job, *, progress, total: told.append((progress, total)))
    calculate(segment)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_callback_runs_in_the_storing_transaction(monkeypatch):
    segment = create()
    seen = []

    def callback(calculation, finished):
        seen.append((calculation.count, finished, Segment.objects.get().latest_id == calculation.pk))
        raise ValueError("nothing may be stored")

    monkeypatch.setattr(hooks, "on_calculated", [callback])
    errored = calculate(segment)
    assert seen == [(0, NOW, True)]
    assert errored.state == JobState.ERRORED
    assert (errored.members, segment.latest, segment.ready_until) == (None, None, None)


def test_older_calculations_keep_their_version():
    """IP25."""
    segment = calculated()
    first = segment.latest
    edit_criteria(segment, criteria=SCORED | {"value": 5}, revision=segment.revision, now=NOW, by=None)
    second = calculate(segment)
    first.refresh_from_db()
    assert (first.version.number, second.version.number) == (1, 2)
    assert first.version.criteria == SCORED


# --- refreshing ----------------------------------------------------------------------------------------------
def test_a_refresh_is_due_at_its_interval_and_not_before():
    """IP4, IP5."""
    segment = calculated(every=2, unit="day")

    assert refresh_due(NOW + 2 * DAY - timedelta(seconds=1)) == NOW + 2 * DAY
    assert Calculation.objects.count() == 1

    assert refresh_due(NOW + 2 * DAY) == NOW + 4 * DAY
    refresh = Calculation.objects.latest("pk")
    assert (refresh.reason, refresh.state) == (Reason.REFRESH, JobState.WAITING)
    calculate(segment, now=NOW + 2 * DAY)
    assert segment.ready_until == NOW + 3 * DAY


def test_a_double_look_requests_one_calculation():
    calculated(every=1, unit="hour")
    refresh_due(NOW + HOUR)
    refresh_due(NOW + HOUR)
    assert Calculation.objects.count() == 2


def test_missed_refreshes_are_not_piled_up_and_the_beat_is_kept():
    segment = calculated(every=6, unit="hour")
    assert refresh_due(NOW + timedelta(days=3, minutes=5)) == NOW + timedelta(days=3, hours=6)
    assert Calculation.objects.filter(segment=segment, reason=Reason.REFRESH).count() == 1


def test_a_calculation_longer_than_the_interval_is_left_to_finish():
    """PostHog PR 33279: thousands of recalculations that never ended."""
    segment = create(every=1, unit="hour")
    refresh_due(NOW + HOUR)
    refresh_due(NOW + 2 * HOUR)
    assert Calculation.objects.count() == 1
    assert calculate(segment, now=NOW, takes=3 * HOUR).state == JobState.DONE


def test_a_refresh_by_hand_keeps_the_beat():
    segment = calculated(every=1, unit="day")
    request_calculation(segment, reason=Reason.MANUAL, now=NOW + 5 * HOUR)
    calculate(segment, now=NOW + 5 * HOUR)
    assert segment.next_refresh_at == NOW + DAY


def test_a_segment_created_once_is_never_due():
    calculated()
    assert refresh_due(NOW + 100 * DAY) is None


def test_a_failed_refresh_is_tried_again_at_the_next_interval():
    Tag.objects.create(name="VIP")
    segment = calculated(criteria={"kind": "tag", "op": "any", "tags": ["VIP"]}, every=1, unit="day")
    Tag.objects.all().delete()
    refresh_due(NOW + DAY)
    assert calculate(segment, now=NOW + DAY).state == JobState.FAILED
    Tag.objects.create(name="VIP")
    refresh_due(NOW + 2 * DAY)
    assert calculate(segment, now=NOW + 2 * DAY).state == JobState.DONE
