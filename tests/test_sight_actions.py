"""Actions, exports and what they tell, for who sees some contacts only."""

from typing import Any

import pytest
from django.core.cache import cache
from pyroaring import BitMap

from actions import services
from actions.errors import AlreadyPlannedError
from actions.models import ActionRun, Undo
from actions.undoing import prospect
from contacts.models import Contact
from exports.lists import NobodyError, export_list
from exports.models import ExportFile
from jobs.models import JobState
from jobs.services import run as run_job
from segmentation.models import Reason, Segment
from segmentation.services import request_calculation
from tags.models import ContactTag
from tests import factories
from tests.support.people import client_for
from tests.support.segments import SCORED, calculate, calculated
from tests.support.split import HOUR, Split, listed, split

pytestmark = pytest.mark.django_db
EXPORT = {"columns": ["id"], "separator": "comma", "bom": False}


@pytest.fixture
def two(settings: Any, tmp_path: Any) -> Split:
    settings.MEDIA_ROOT = str(tmp_path)
    cache.clear()
    return split()


@pytest.fixture
def segment(two: Split) -> Any:
    """The wide user's, of everybody, ready."""
    return calculated("Everybody", now=two.now - HOUR, by=two.wide, every=1, unit="day")


def planned(segment: Segment, by: Any, two: Split, *, name: str = "VIP", kind: str = "add_tag", **more: Any) -> Any:
    tag = factories.tag(name) if not more.get("params") else None
    params = more.pop("params", None) or {"tag": tag.pk, "name": tag.name}  # type: ignore[union-attr]
    return services.plan_action(segment, kind=kind, params=params, now=two.now, by=by, **more)


def done(run: ActionRun, two: Split) -> ActionRun:
    run_job("action", run.pk, now=two.now)
    return ActionRun.objects.get(pk=run.pk)


def acted(segment: Segment, by: Any, two: Split, **more: Any) -> ActionRun:
    return done(planned(segment, by, two, **more).runs.get(), two)


def tagged(name: str = "VIP") -> BitMap:
    return BitMap(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


# --- whom an action reaches -------------------------------------------------------------------------------------
def test_an_action_reaches_those_whom_its_author_sees(two: Split, segment: Any) -> None:
    run = acted(segment, two.narrow, two)
    assert (tagged(), run.changed_ids, run.total, run.progress) == (two.mine, two.mine, 4, 4)
    assert (run.state, run.changed_count, run.gone_count) == (JobState.DONE, 4, 0)
    acted(segment, two.wide, two, name="WIDE")
    assert tagged("WIDE") == two.everybody


def test_a_recurring_one_reaches_those_whom_they_see_by_then(two: Split, segment: Any) -> None:
    action = planned(segment, two.narrow, two, every_refresh=True)
    done(action.runs.get(), two)
    two.take_out(two.mine[0])
    two.take_in(two.outside[0])
    ContactTag.objects.all().delete()
    request_calculation(segment, reason=Reason.REFRESH, now=two.now)
    calculate(segment, now=two.now)
    done(action.runs.latest("pk"), two)
    assert tagged() == (two.mine - BitMap([two.mine[0]])) | BitMap([two.outside[0]])


def test_whom_they_see_no_more_when_the_turn_comes_is_passed_over(two: Split, segment: Any, monkeypatch: Any) -> None:
    from actions.kinds import KINDS

    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    run = planned(segment, two.narrow, two).runs.get()
    real, hidden = KINDS["add_tag"].apply, two.mine[3]

    def apply(run: Any, params: Any, ids: BitMap, *, now: Any) -> BitMap:
        two.take_out(hidden)
        return real(run, params, ids, now=now)

    monkeypatch.setattr(KINDS["add_tag"], "apply", apply)
    run = done(run, two)
    assert tagged() == two.mine - BitMap([hidden])
    assert (run.state, run.progress, run.changed_count, run.already_count, run.gone_count) == ("done", 4, 3, 0, 1)


def test_who_comes_into_sight_while_it_runs_is_not_added(two: Split, segment: Any, monkeypatch: Any) -> None:
    from actions.kinds import KINDS

    monkeypatch.setattr(KINDS["add_tag"], "chunk", 2)
    real = KINDS["add_tag"].apply

    def apply(run: Any, params: Any, ids: BitMap, *, now: Any) -> BitMap:
        if not ContactTag.objects.exists():
            two.take_in(*two.outside)
        return real(run, params, ids, now=now)

    monkeypatch.setattr(KINDS["add_tag"], "apply", apply)
    run = planned(segment, two.narrow, two).runs.get()
    assert (done(run, two).total, tagged()) == (4, two.mine)


def test_what_who_sees_some_added_does_not_keep_others_from_adding_it_for_all(two: Split, segment: Any) -> None:
    planned(segment, two.narrow, two, every_refresh=True)
    with pytest.raises(AlreadyPlannedError):
        planned(segment, two.narrow, two, every_refresh=True)
    planned(segment, two.wide, two, every_refresh=True)
    with pytest.raises(AlreadyPlannedError):
        planned(segment, two.narrow, two, every_refresh=True)


# --- the question and the numbers -------------------------------------------------------------------------------
def test_the_question_speaks_of_those_who_are_seen(two: Split, segment: Any) -> None:
    factories.tag("VIP", *Contact.objects.filter(pk__in=[two.mine[0], *two.outside[:3]]))
    path = f"/segments/{segment.pk}/actions/add/"
    page = client_for(two.narrow).post(path, {"kind": "add_tag", "tags": "VIP", "repeat": "once", "audience": "all"})
    [(_draft, forecast)] = page.context["review"]
    assert (forecast.changed, forecast.already, page.context["reach"].count) == (3, 1, 4)


def test_of_a_wide_run_only_those_changed_whom_one_sees_are_told(two: Split, segment: Any) -> None:
    run = acted(segment, two.wide, two)
    path = f"/segments/{segment.pk}/actions/"
    [row] = two.sees(path).context["rows"]
    shown = row.run
    assert (shown.changed_count, shown.already_count, shown.left_count, shown.gone_count) == (4, None, None, None)
    assert (shown.progress, shown.total, row.may_change) == (0, 0, False)
    assert listed(two.sees(f"/contacts/?changed={run.pk}")) == 4
    [row] = client_for(two.wide).get(path).context["rows"]
    assert (row.run.changed_count, row.run.already_count, row.may_change) == (11, 0, True)


def test_of_a_run_all_of_whose_contacts_one_sees_everything_is_told(two: Split) -> None:
    factories.tag("VIP", *Contact.objects.filter(pk__in=[two.mine[0]]))
    own = calculated("Mine", now=two.now, by=two.narrow)
    acted(own, two.wide, two)
    [row] = two.sees(f"/segments/{own.pk}/actions/").context["rows"]
    assert (row.run.changed_count, row.run.already_count, row.run.progress) == (3, 1, 4)


def test_of_ones_own_run_no_more_is_told_than_one_sees_now(two: Split, segment: Any) -> None:
    acted(segment, two.narrow, two)
    two.take_out(two.mine[0])
    [row] = two.sees(f"/segments/{segment.pk}/actions/").context["rows"]
    assert (row.run.changed_count, row.run.already_count, row.may_change) == (3, None, True)


def test_the_list_takes_the_same_queries_whatever_its_length(two: Split, segment: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        client = client_for(two.narrow)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/segments/{segment.pk}/actions/").status_code == 200
        return len(captured)

    acted(segment, two.wide, two)
    queries()
    few = queries()
    for name in ("A", "B", "C"):
        acted(segment, two.wide, two, name=name)
    assert queries() == few


# --- what may be stopped and undone -----------------------------------------------------------------------------
def test_what_others_did_is_neither_stopped_nor_undone(two: Split, segment: Any) -> None:
    run = acted(segment, two.wide, two, every_refresh=True)
    for path in (f"{run.action_id}/stop/", f"runs/{run.pk}/cancel/", f"runs/{run.pk}/retry/", f"runs/{run.pk}/undo/"):
        two.sends(f"/segments/actions/{path}", status=404)
    assert (tagged(), Undo.objects.count()) == (two.everybody, 0)
    assert services.live_actions().filter(stopped_at__isnull=True).count() == 1
    undo = services.undo_run(run, now=two.now, by=two.wide)
    two.sends(f"/segments/actions/undo/{undo.pk}/cancel/", status=404)
    two.sends(f"/segments/actions/undo/{undo.pk}/resume/", status=404)


def test_ones_own_is_undone_as_far_as_one_sees(two: Split, segment: Any) -> None:
    run = acted(segment, two.narrow, two)
    two.take_out(two.mine[0])
    assert prospect(run, now=two.now, mask=two.mine - BitMap([two.mine[0]])).back == 3
    page = two.sees(f"/segments/actions/runs/{run.pk}/undo/").context
    assert (page["prospect"].total, page["run"].changed_count) == (3, 3)
    two.sends(f"/segments/actions/runs/{run.pk}/undo/")
    undo = Undo.objects.get()
    run_job("undo", undo.pk, now=two.now)
    undo.refresh_from_db()
    assert (tagged(), undo.state) == (BitMap([two.mine[0]]), JobState.DONE)
    assert (undo.back_count, undo.since_count, undo.gone_count) == (3, 0, 1)


def test_who_sees_everybody_undoes_what_who_sees_some_did(two: Split, segment: Any) -> None:
    run = acted(segment, two.narrow, two)
    two.take_out(two.mine[0])
    undo = services.undo_run(run, now=two.now, by=two.wide)
    run_job("undo", undo.pk, now=two.now)
    assert tagged() == BitMap()


# --- export files -----------------------------------------------------------------------------------------------
def rows_of(file: ExportFile) -> list[int]:
    from exports import store

    return [int(line) for line in store.path_of(file.stored_as).read_text().splitlines()[1:]]


def exported(segment: Segment, by: Any, two: Split) -> ExportFile:
    return acted(segment, by, two, kind="export", params=EXPORT).export_file


def test_a_file_holds_those_whom_who_asked_sees(two: Split, segment: Any) -> None:
    file = exported(segment, two.narrow, two)
    assert (rows_of(file), file.rows) == (list(two.mine), 4)
    assert two.downloads(file) == 200


def test_others_files_are_neither_listed_nor_there(two: Split, segment: Any) -> None:
    wide = exported(segment, two.wide, two)
    page = two.sees("/exports/").context
    assert (list(page["page"].object_list), [tab.count for tab in page["tabs"]][-1]) == ([], 0)
    assert (two.downloads(wide), two.downloads(wide, by=two.wide)) == (404, 200)


def test_of_ones_own_those_with_somebody_one_sees_no_more_are_gone(two: Split, segment: Any) -> None:
    file = exported(segment, two.narrow, two)
    assert list(two.sees("/exports/").context["page"].object_list) == [file]
    two.take_out(two.mine[0])
    assert list(two.sees("/exports/").context["page"].object_list) == []
    assert two.downloads(file) == 404
    Contact.objects.filter(pk=two.mine[0]).delete()
    assert two.downloads(file) == 200


def test_a_file_from_when_one_saw_everybody_is_gone_too(two: Split, segment: Any) -> None:
    before = exported(segment, two.wide, two)
    ExportFile.objects.update(created_by=two.narrow)
    assert two.downloads(before) == 404


def test_a_list_of_the_past_is_written_of_those_who_are_seen(two: Split, segment: Any) -> None:
    Contact.objects.filter(pk__in=[two.mine[0], *two.outside]).update(lead_score=1)
    request_calculation(segment, reason=Reason.MANUAL, now=two.now)
    last = calculate(segment, now=two.now)
    path = f"/segments/{segment.pk}/history/{last.pk}/export/"
    choices = [label for _value, label in two.sees(path).context["which"].fields["of"].choices]
    assert choices == ["Members (3)", "Left (1)", "Left: data changed (1)"]
    export = export_list(last, audience="left", params=EXPORT, now=two.now, by=two.narrow)
    run_job("list_export", export.pk, now=two.now)
    export.refresh_from_db()
    assert (rows_of(export.export_file), export.total) == ([two.mine[0]], 1)
    assert two.downloads(export.export_file) == 200


def test_a_list_of_others_alone_is_a_list_of_nobody(two: Split, segment: Any) -> None:
    Contact.objects.filter(pk__in=two.outside).update(lead_score=1)
    request_calculation(segment, reason=Reason.MANUAL, now=two.now)
    last = calculate(segment, now=two.now)
    with pytest.raises(NobodyError):
        export_list(last, audience="left", params=EXPORT, now=two.now, by=two.narrow)


def test_what_others_have_written_is_not_shown_stopped_or_repeated(two: Split, segment: Any) -> None:
    export = export_list(segment.latest, audience="all", params=EXPORT, now=two.now, by=two.wide)
    planned(segment, two.wide, two, kind="export", params=EXPORT)
    assert two.sees("/exports/").context["writing"] == []
    for name in ("cancel", "retry"):
        two.sends(f"/exports/lists/{export.pk}/{name}/", status=404)
    mine = export_list(segment.latest, audience="all", params=EXPORT, now=two.now, by=two.narrow)
    assert [one.export for one in two.sees("/exports/").context["writing"]] == [mine]
    two.sends(f"/exports/lists/{mine.pk}/cancel/")


def test_criteria_decide_nothing_of_it(two: Split) -> None:
    """The audience is cut, not the criteria: who asks for everybody else still reaches nobody beyond."""
    nobody = calculated("Others", now=two.now, by=two.wide, criteria={"not": {**SCORED, "value": 90}})
    assert acted(nobody, two.narrow, two).changed_ids == two.mine
