"""Why contacts joined and left: each exactly one cause, by what happened between two calculations."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from contacts.models import Contact
from segmentation import hooks, movements
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate, snapshot
from segmentation.models import Calculation, Cause, Direction, Movement, Reason, SavedCriteria
from segmentation.services import edit_criteria, request_calculation
from tags.models import ContactTag, Tag
from tests import factories, population
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculate, calculated, scored
from tests.test_oracle import QUIET, trees

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 2 * DAY
RECENT = {"kind": "tag", "op": "any", "tags": ["VIP"], "within": {"last": 24, "unit": "hour"}}


def somebody(**fields: Any) -> Contact:
    """A contact from long before."""
    return factories.contact(**({"created_at": NOW - 90 * DAY, "updated_at": NOW - 90 * DAY} | fields))


def again(segment: Any, *, now: Any = LATER) -> Any:
    request_calculation(segment, reason=Reason.MANUAL, now=now)
    return calculate(segment, now=now)


def edit(segment: Any, criteria: Any, *, now: Any = LATER) -> Any:
    segment.refresh_from_db()
    edit_criteria(segment, criteria=criteria, revision=segment.revision, now=now, by=None)
    return calculate(segment, now=now)


def told(calculation: Any) -> dict[tuple[str, str], set[int]]:
    """By direction and cause; and that everyone who moved is told of once."""
    rows = {(row.direction, row.cause): row for row in calculation.movements.all()}
    for direction, moved in (("joined", calculation.joined_ids), ("left", calculation.left_ids)):
        sets = [row.member_ids for (way, _cause), row in rows.items() if way == direction]
        assert BitMap.union(BitMap(), *sets) == moved
        assert sum(map(len, sets)) == len(moved) == getattr(calculation, f"{direction}_count")
    assert all(row.count == len(row.member_ids) > 0 for row in rows.values())
    return {which: set(row.member_ids) for which, row in rows.items()}


# --- each cause ----------------------------------------------------------------------------------------------
def test_the_first_calculation_has_no_causes(account: Any) -> None:
    scored(2)
    assert not calculated().latest.movements.exists()


def test_new_contacts_are_imported(account: Any) -> None:
    scored(2)
    segment = calculated()
    new = somebody(lead_score=50, created_at=NOW + HOUR)
    assert told(again(segment)) == {("joined", "imported"): {new.pk}}


def test_deleted_contacts_are_erased(account: Any) -> None:
    first, _second = scored(2)
    segment = calculated()
    Contact.objects.filter(pk=first).delete()
    assert told(again(segment)) == {("left", "erased"): {first}}


def test_contacts_whose_data_changed(account: Any) -> None:
    (warm,), (cold,) = scored(1), scored(1, score=5)
    segment = calculated()
    Contact.objects.filter(pk=warm).update(lead_score=0)
    Contact.objects.filter(pk=cold).update(lead_score=50)
    assert told(again(segment)) == {("joined", "changed"): {cold}, ("left", "changed"): {warm}}


def test_edited_criteria(account: Any) -> None:
    (warm,), (cold,) = scored(1), scored(1, score=5)
    segment = calculated()
    found = edit(segment, SCORED | {"op": "lt"})
    assert told(found) == {("joined", "edited"): {cold}, ("left", "edited"): {warm}}


def test_passed_time_takes_contacts_out_of_a_window_and_into_another(account: Any) -> None:
    person = somebody()
    factories.tag("VIP", person, at=NOW - HOUR)
    inside, outside = calculated("In", criteria=RECENT), calculated("Out", criteria={"not": RECENT})
    assert told(again(inside)) == {("left", "passed"): {person.pk}}
    assert told(again(outside)) == {("joined", "passed"): {person.pk}}


def test_what_happened_since_is_a_change_although_its_window_begins_later(account: Any) -> None:
    """The window of the earlier calculation had ended before it happened: that is no passing of time."""
    person = somebody()
    factories.tag("VIP")
    segment = calculated(criteria=RECENT)
    ContactTag.objects.create(tag=Tag.objects.get(), contact=person, assigned_at=LATER - HOUR)
    assert told(again(segment)) == {("joined", "changed"): {person.pk}}


def test_a_value_that_lay_in_the_future_is_brought_by_time_and_one_written_since_is_a_change(account: Any) -> None:
    factories.attribute("ended", "datetime")
    past = {"kind": "attribute", "attribute": "ended", "op": "last", "value": {"n": 1, "unit": "week"}}
    ends = (NOW + DAY).isoformat(timespec="seconds")
    waiting = somebody(attributes={"ended": ends})
    changed = somebody()
    segment = calculated(criteria=past)
    Contact.objects.filter(pk=changed.pk).update(attributes={"ended": ends}, updated_at=NOW + DAY)
    assert told(again(segment)) == {("joined", "passed"): {waiting.pk}, ("joined", "changed"): {changed.pk}}


def test_a_date_that_comes_near_is_brought_by_time(account: Any) -> None:
    factories.attribute("birthday", "date")
    soon = {"kind": "attribute", "attribute": "birthday", "op": "anniversary", "value": {"in_next": 3}}
    person = somebody(attributes={"birthday": f"{LATER + DAY:1990-%m-%d}"})
    segment = calculated(criteria=soon, now=NOW - 7 * DAY)
    assert told(again(segment)) == {("joined", "passed"): {person.pk}}


def test_facts_age_and_new_ones_are_changes(account: Any) -> None:
    fresh, stale, buyer = somebody(), somebody(), somebody()
    viewed = {"kind": "activity", "type": "page_view", "within": {"last": 3, "unit": "day"}}
    ordered = {"kind": "order_date", "which": "last", "op": "last", "value": {"n": 3, "unit": "day"}}
    factories.activity(stale, at=NOW - 2 * DAY)
    segment = calculated(criteria={"any": [viewed, ordered]})
    factories.activity(fresh, at=LATER - HOUR)
    factories.order(buyer, at=LATER - HOUR, total="10")
    assert told(again(segment)) == {("left", "passed"): {stale.pk}, ("joined", "changed"): {fresh.pk, buyer.pk}}


def test_an_engaged_contact_who_does_nothing_is_moved_by_time(account: Any) -> None:
    quiet, busy = somebody(), somebody()
    for person in (quiet, busy):
        factories.visit(person, at=NOW - 5 * DAY)
    segment = calculated(criteria={"kind": "engagement", "state": "unengaged", "days": 6})
    factories.visit(busy, at=NOW + HOUR)
    assert told(again(segment)) == {("joined", "passed"): {quiet.pk}}


def test_who_is_outdone_by_other_buyers_left_because_data_changed(account: Any) -> None:
    buyers = [somebody() for _ in range(5)]
    for number, person in enumerate(buyers):
        factories.order(person, at=NOW - DAY, total=str(10 + number))
    segment = calculated(criteria={"kind": "rfm", "monetary": {"op": "eq", "value": 5}})
    assert segment.latest.member_ids == BitMap([buyers[4].pk])
    factories.order(buyers[0], at=NOW + HOUR, total="500")
    assert told(again(segment)) == {("joined", "changed"): {buyers[0].pk}, ("left", "changed"): {buyers[4].pk}}


# --- several at once -----------------------------------------------------------------------------------------
def test_everything_at_once(account: Any) -> None:
    for name in ("VIP", "STAYS"):
        factories.tag(name)
    erased, aged, withdrawn, given = (somebody() for _ in range(4))
    low = somebody(lead_score=3)
    for person in (erased, aged, withdrawn):
        ContactTag.objects.create(tag=Tag.objects.get(name="VIP"), contact=person, assigned_at=NOW - HOUR)
    segment = calculated(criteria=RECENT)
    erased_id = erased.pk
    ContactTag.objects.filter(contact=erased).delete()
    erased.delete()
    ContactTag.objects.filter(contact=withdrawn).delete()
    new = somebody(lead_score=3, created_at=NOW + HOUR)
    ContactTag.objects.create(tag=Tag.objects.get(name="VIP"), contact=given, assigned_at=LATER - HOUR)
    found = edit(segment, {"any": [RECENT, SCORED | {"op": "eq", "value": 3}]})
    assert told(found) == {
        ("left", "erased"): {erased_id},
        ("left", "passed"): {aged.pk},
        ("left", "changed"): {withdrawn.pk},
        ("joined", "imported"): {new.pk},
        ("joined", "changed"): {given.pk},
        ("joined", "edited"): {low.pk},
    }


@pytest.mark.parametrize(
    ("was", "data", "time", "cause"),
    [
        # inside before; then by the old criteria: after the data changed, after time passed; the new ones turn it over
        (True, True, True, "edited"),
        (True, True, False, "passed"),
        (True, False, False, "changed"),
        (True, False, True, "edited"),
        (False, False, False, "edited"),
        (False, False, True, "passed"),
        (False, True, True, "changed"),
        (False, True, False, "edited"),
    ],
)
def test_the_cause_is_the_last_step_that_turned_a_contact_over(
    account: Any, was: bool, data: bool, time: bool, cause: str
) -> None:
    """The truth table of docs/segments.md, row by row: a score for the data, a tag's window for time."""
    person = somebody(lead_score=1)
    factories.tag("VIP", person, at=NOW - HOUR)

    def score(value: int) -> dict[str, Any]:
        return SCORED | {"op": "eq", "value": value}

    # by score 1 the first answer; by score 2 that of `data` while the tag is fresh, that of `time` when it is not
    always, never = score(1) | {"op": "gte"}, score(1) | {"op": "lt"}
    fresh = {
        (True, True): always, (False, False): never, (True, False): RECENT, (False, True): {"not": RECENT}
    }[data, time]  # fmt: skip
    old = {"any": [{"all": [score(1), always if was else never]}, {"all": [score(2), fresh]}]}
    segment = calculated(criteria=old)
    assert (person.pk in segment.latest.member_ids) is was
    Contact.objects.filter(pk=person.pk).update(lead_score=2)
    final = not was
    found = again(segment) if time is final else edit(segment, always if final else never)
    direction = "joined" if final else "left"
    assert told(found) == {(direction, cause): {person.pk}}


def test_edited_criteria_that_would_have_let_time_pass_all_the_same(account: Any) -> None:
    """Edited and time at once: by the old criteria alone they would have left as well, so time is the cause."""
    person = somebody()
    factories.tag("VIP", person, at=NOW - HOUR)
    segment = calculated(criteria=RECENT)
    found = edit(segment, RECENT | {"within": {"last": 12, "unit": "hour"}})
    assert told(found) == {("left", "passed"): {person.pk}}


def test_old_criteria_that_cannot_be_evaluated_any_more_leave_only_the_edit(account: Any) -> None:
    person, other = somebody(), somebody(lead_score=50)
    factories.tag("VIP", person)
    segment = calculated(criteria={"kind": "tag", "op": "any", "tags": ["VIP"]})
    ContactTag.objects.all().delete()
    Tag.objects.all().delete()
    assert told(edit(segment, SCORED)) == {("left", "edited"): {person.pk}, ("joined", "edited"): {other.pk}}


def test_another_segment_is_data_as_last_calculated_and_time_as_of_now(account: Any) -> None:
    person = somebody()
    factories.tag("VIP", person, at=NOW - HOUR)
    inner = calculated("Inner", criteria=RECENT)
    latest = calculated("Latest", criteria={"kind": "segment", "segment": inner.pk, "op": "in"})
    live = calculated("Live", criteria={"kind": "segment", "segment": inner.pk, "op": "in", "at": "now"})
    again(inner)
    assert told(again(latest)) == {("left", "changed"): {person.pk}}
    assert told(again(live)) == {("left", "passed"): {person.pk}}


def test_edited_saved_criteria_are_changed_data(account: Any) -> None:
    """The segment's own version is the same."""
    (warm,) = scored(1)
    saved = SavedCriteria.objects.create(name="Good", criteria=SCORED, created_at=NOW, updated_at=NOW)
    segment = calculated(criteria={"kind": "saved", "criteria": saved.pk})
    SavedCriteria.objects.update(criteria=SCORED | {"value": 99})
    assert told(again(segment)) == {("left", "changed"): {warm}}


def test_a_failed_calculation_between_is_none(account: Any) -> None:
    (warm,) = scored(1)
    tag = Tag.objects.create(name="VIP")
    segment = calculated(criteria={"any": [SCORED, {"kind": "tag", "op": "any", "tags": ["VIP"]}]})
    tag.delete()
    again(segment, now=NOW + HOUR)
    Tag.objects.create(name="VIP")
    Contact.objects.filter(pk=warm).update(lead_score=0)
    assert told(again(segment)) == {("left", "changed"): {warm}}


# --- how -----------------------------------------------------------------------------------------------------
def test_criteria_without_time_are_not_evaluated_again(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (warm,) = scored(1)
    segment = calculated()
    Contact.objects.filter(pk=warm).update(lead_score=0)
    monkeypatch.setattr(movements, "evaluate", lambda *_, **__: 1 / 0)
    assert told(again(segment)) == {("left", "changed"): {warm}}


def test_many_are_told_apart_as_few_are(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole evaluations instead of the moved contacts' rows: the same causes, on random criteria and changes."""
    world = population.settle(population.people(5)[:30])
    ids = [person.id for person in world.people]
    instants = population.NOWS[:4]

    @settings(QUIET, max_examples=60)
    @given(
        first=trees(world),
        second=st.none() | trees(world),
        zone=st.sampled_from(population.ZONES),
        then=st.sampled_from(instants),
        members=st.sets(st.sampled_from([*ids, 999_999])),
        passed=st.sampled_from([HOUR, 3 * DAY, 40 * DAY]),
    )
    def agree(first: Any, second: Any, zone: Any, then: Any, members: set[int], passed: timedelta) -> None:
        tree = parse(second or first)
        with snapshot():
            found = evaluate(tree, context=Context(now=then + passed, zone=zone))
            before = movements.Before(1, BitMap(members), then, 1, first)
            told = []
            for few in (5_000, 0):
                monkeypatch.setattr(movements, "FEW", few)
                told.append(movements.moves(found, before, version=2 if second else 1))
        assert told[0] == told[1]
        joined, left = found.members - before.members, before.members - found.members
        for direction, moved in ((Direction.JOINED, joined), (Direction.LEFT, left)):
            sets = [ids for (way, _cause), ids in told[0].items() if way == direction]
            assert BitMap.union(BitMap(), *sets) == moved
            assert sum(map(len, sets)) == len(moved)

    agree()


def test_a_run_killed_while_storing_writes_nothing_and_the_next_writes_once(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (warm,) = scored(1)
    segment = calculated()
    Contact.objects.filter(pk=warm).update(lead_score=0)

    def killed(_calculation: Any, _finished: Any) -> None:
        assert Movement.objects.count() == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(hooks, "on_calculated", [killed])
    with pytest.raises(KeyboardInterrupt):
        again(segment)
    assert not Movement.objects.exists()
    monkeypatch.setattr(hooks, "on_calculated", [])

    request_calculation(segment, reason=Reason.MANUAL, now=LATER)
    done = calculate(segment, now=LATER)
    calculate(segment, now=LATER)  # over: nothing more to run
    assert told(done) == {("left", "changed"): {warm}}
    assert Movement.objects.count() == 1


def test_the_queries_do_not_grow_with_those_who_moved(account: Any) -> None:
    def queries(number: int) -> int:
        people = [somebody() for _ in range(number)]
        factories.tag("VIP", *people, at=NOW - HOUR)
        segment = calculated(f"Of {number}", criteria=RECENT)
        with CaptureQueriesContext(connection) as captured:
            done = again(segment)
        assert done.left_count >= number
        return len(captured)

    assert queries(2) == queries(30)


@pytest.mark.parametrize(("direction", "cause"), [("joined", "erased"), ("left", "imported"), ("up", "changed")])
def test_the_database_refuses_what_cannot_be(account: Any, direction: str, cause: str) -> None:
    calculation = calculated().latest
    row = Movement(calculation=calculation, direction=direction, cause=cause, members=BitMap([1]).serialize(), count=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_each_cause_stands_once(account: Any) -> None:
    calculation = calculated().latest
    common = {"calculation": calculation, "direction": "left", "members": BitMap([1]).serialize()}
    Movement.objects.create(**common, cause=Cause.CHANGED, count=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Movement.objects.create(**common, cause=Cause.CHANGED, count=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Movement.objects.create(**common, cause=Cause.EDITED, count=0)
    assert Calculation.objects.get().movements.count() == 1


# --- pages ---------------------------------------------------------------------------------------------------
@pytest.fixture
def moved(account: Any) -> Any:
    """A calculation with which one left because data changed, one because time passed, and a new contact joined."""
    aged, withdrawn = somebody(first_name="Aged"), somebody(first_name="Withdrawn")
    factories.tag("VIP", aged, withdrawn, at=NOW - HOUR)
    segment = calculated(criteria=RECENT)
    ContactTag.objects.filter(contact=withdrawn).delete()
    new = somebody(first_name="Novel", created_at=NOW + HOUR)
    ContactTag.objects.create(tag=Tag.objects.get(), contact=new, assigned_at=LATER - HOUR)
    return again(segment)


def test_the_history_tells_the_causes(client_for: Any, marketer: Any, moved: Any) -> None:
    text = client_for(marketer).get(f"/segments/{moved.segment_id}/history/").content.decode()
    causes = [one.split("<")[0].strip() for one in text.split('<span class="sub cause">')[1:]]
    assert causes == ["new in the account", "data changed 1", "time passed 1"]


def test_the_history_asks_once_for_the_causes_of_all_its_rows(client_for: Any, marketer: Any, moved: Any) -> None:
    client = client_for(marketer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/segments/{moved.segment_id}/history/")
        return sum("segmentation_movement" in query["sql"] for query in captured)

    assert queries() == 1
    again(moved.segment, now=LATER + DAY)
    assert queries() == 1


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Novel"}),
        ("?show=left", {"Aged", "Withdrawn"}),
        ("?show=left&cause=passed", {"Aged"}),
        ("?show=left&cause=changed", {"Withdrawn"}),
        ("?cause=imported", {"Novel"}),
        ("?cause=passed", set()),
        ("?show=left&cause=imported", set()),
    ],
)
def test_the_step_lists_those_of_one_cause(
    client_for: Any, marketer: Any, moved: Any, query: str, shown: set[str]
) -> None:
    text = client_for(marketer).get(f"/segments/{moved.segment_id}/history/{moved.pk}/{query}").content.decode()
    assert {name for name in ("Novel", "Aged", "Withdrawn") if name in text} == shown


def test_a_cause_that_there_is_not_is_refused(client_for: Any, marketer: Any, moved: Any) -> None:
    response = client_for(marketer).get(f"/segments/{moved.segment_id}/history/{moved.pk}/?cause=fate")
    assert response.status_code == 422
    assert "Novel" not in response.content.decode()
