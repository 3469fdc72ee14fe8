"""Nobody is reached by mistake: superseded criteria, old results, closed windows, cancelled calculations."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pyroaring import BitMap

from actions.errors import ResultChangedError, WindowClosedError
from actions.models import ActionRun
from actions.services import plan_action, plan_from, retry_run
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Calculation, Reason, Segment
from segmentation.services import calculations
from segmentation.services.segments import edit_criteria
from tests import factories
from tests.support.audiences import NOW, ready_segment

pytestmark = pytest.mark.django_db
SCORE = {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 90}]}


@pytest.fixture
def segment() -> Segment:
    return ready_segment(BitMap(factories.contact().pk for _one in range(3)), name="Three")


def add_tag(segment: Segment, **more):
    tag = factories.tag("WARM")
    more = {"now": NOW, "by": None} | more
    return plan_action(segment, kind="add_tag", params={"tag": tag.pk, "name": tag.name}, **more)


def test_new_criteria_close_the_window_until_they_are_calculated(segment):
    """An action added meanwhile waits for the new members; it never reaches the old ones."""
    edit_criteria(segment, criteria=SCORE, revision=segment.revision, now=NOW, by=None)
    segment.refresh_from_db()
    assert not segment.ready_at(NOW)
    assert not ActionRun.objects.filter(action=add_tag(segment)).exists()


def test_new_criteria_whose_calculation_fails_leave_nothing_to_act_on(segment):
    edit_criteria(segment, criteria=SCORE, revision=segment.revision, now=NOW, by=None)
    segment.calculations.filter(state=JobState.WAITING).update(
        state=JobState.FAILED, problem={"text": "x"}, finished_at=NOW
    )
    with pytest.raises(WindowClosedError):
        add_tag(segment)


class Tagging:
    """A form part that asks for one tag."""

    def plans(self):
        tag = factories.tag("WARM")
        return [{"tag": tag.pk, "name": tag.name}]


def confirm(segment: Segment, *, confirmed: int | None, at=NOW):
    question = uuid4()
    return plan_from(
        segment, Tagging(), kind="add_tag", by=None, clock=lambda: at, confirmed=confirmed, question=question
    )  # fmt: skip


def test_a_request_that_waited_for_the_lock_is_judged_by_when_it_got_it(segment):
    with pytest.raises(WindowClosedError):
        confirm(segment, confirmed=segment.latest_id, at=segment.ready_until)


def test_what_was_confirmed_is_what_is_done(segment):
    with pytest.raises(ResultChangedError):
        confirm(segment, confirmed=segment.latest_id + 1)
    (action,) = confirm(segment, confirmed=segment.latest_id)
    assert action.runs.get().calculation_id == segment.latest_id


@pytest.fixture
def creating(segment) -> Calculation:
    """A calculation under way, of a segment whose window is closed."""
    edit_criteria(segment, criteria=SCORE, revision=segment.revision, now=NOW, by=None)
    return Calculation.objects.get(segment=segment, state=JobState.WAITING)


def test_who_agreed_to_a_calculation_under_way_is_not_asked_again_once_it_has_ended(creating):
    run_job("calculation", creating.pk, now=NOW)
    (action,) = confirm(creating.segment, confirmed=creating.pk)
    assert action.runs.get().calculation_id == creating.pk


def test_who_agreed_to_a_calculation_under_way_waits_for_it(creating):
    (action,) = confirm(creating.segment, confirmed=creating.pk)
    assert not action.runs.exists()


def test_who_agreed_to_a_calculation_under_way_is_asked_again_if_the_criteria_changed(creating):
    """Before the new ones are calculated, and after: nobody of theirs was spoken of."""
    current = Segment.objects.get(pk=creating.segment_id)
    other = {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 10}]}
    edit_criteria(current, criteria=other, revision=current.revision, now=NOW, by=None)
    with pytest.raises(ResultChangedError):
        confirm(current, confirmed=creating.pk)
    newer = Calculation.objects.get(segment=current, state=JobState.WAITING)
    run_job("calculation", newer.pk, now=NOW)
    with pytest.raises(ResultChangedError):
        confirm(current, confirmed=creating.pk)


def test_who_agreed_to_a_result_is_asked_again_if_new_criteria_are_being_calculated(segment, creating):
    with pytest.raises(ResultChangedError):
        confirm(segment, confirmed=segment.latest_id)


def test_an_answer_that_names_no_calculation_agrees_to_nothing(segment):
    with pytest.raises(ResultChangedError):
        confirm(segment, confirmed=None)
    edit_criteria(segment, criteria=SCORE, revision=segment.revision, now=NOW, by=None)
    with pytest.raises(ResultChangedError):
        confirm(segment, confirmed=None)


def failed_run(segment: Segment) -> ActionRun:
    run = add_tag(segment).runs.get()
    ActionRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, problem={"text": "x"}, finished_at=NOW)
    run.refresh_from_db()
    return run


def test_a_failed_run_is_retried_within_its_window_only(segment):
    run = failed_run(segment)
    with pytest.raises(WindowClosedError):
        retry_run(run, now=segment.ready_until)
    assert retry_run(run, now=segment.ready_until - timedelta(seconds=1))


def test_a_stopped_action_is_not_retried(segment):
    run = failed_run(segment)
    run.action.stopped_at = NOW
    run.action.save()
    with pytest.raises(WindowClosedError):
        retry_run(run, now=NOW)


def test_a_planned_action_ends_with_the_calculation_it_waited_for(segment):
    later = segment.ready_until + timedelta(days=1)
    calculations.request_calculation(segment, reason=Reason.MANUAL, now=later)
    action = add_tag(segment, now=later)
    calculations.cancel_calculation(segment, now=later)
    action.refresh_from_db()
    assert action.stopped_at == later
