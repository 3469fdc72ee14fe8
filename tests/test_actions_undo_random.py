"""Undo against an obvious account of the same events, whatever their order: runs, people by hand, undos, deletions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from actions import services
from actions.models import ActionRun
from actions.undoing import prospect
from contacts.models import Contact
from jobs.services import run as run_job
from tags import services as tag_services
from tags.models import ContactTag
from tests import factories
from tests.support.audiences import NOW, make_contacts, ready_segment

pytestmark = pytest.mark.django_db
PEOPLE = 2
WHO = st.sets(st.integers(0, PEOPLE - 1), min_size=1)
RUN = st.tuples(st.sampled_from(["add_tag", "remove_tag"]), WHO)
BY_HAND = st.tuples(st.sampled_from(["put on", "take off"]), st.integers(0, PEOPLE - 1))
UNDO = st.tuples(st.just("undo"), st.integers(0, 5))
# Someone has the tag already, an action runs, then anything; at the end the first run is undone, if it was not before.
STEPS = st.tuples(
    BY_HAND, RUN, st.lists(st.one_of(RUN, BY_HAND, UNDO), min_size=1, max_size=6), st.just(("undo", 0))
).map(lambda parts: [parts[0], parts[1], *parts[2], parts[3]])


@dataclass
class Person:
    """Since when they have the tag, and what was written there: (run, what it was before), the last one at the end."""

    since: datetime | None = None
    written: list[tuple[int | None, datetime | None]] = field(default_factory=list)

    def write(self, run: int | None, since: datetime | None) -> bool:
        """An action writes what changes; a person by hand speaks even where nothing does."""
        changes = (self.since is None) != (since is None)
        if changes or run is None:
            self.written.append((run, self.since))
        if changes:
            self.since = since
        return changes

    def undo(self, run: int) -> bool:
        if not self.written or self.written[-1][0] != run:
            return False
        self.since = self.written.pop()[1]
        return True


def carried_out(kind, ids, tag, at) -> ActionRun:
    params = {"tag": tag.pk, "name": "VIP"}
    run = services.plan_action(ready_segment(ids, at=at), kind=kind, params=params, now=at, by=None).runs.get()
    run_job("action", run.pk, now=at)
    run.refresh_from_db()
    return run


def undone(run, at) -> int:
    """How many were changed back, as foretold."""
    foretold = prospect(run, now=at)
    undo = services.undo_run(run, now=at, by=None)
    run_job("undo", undo.pk, now=at)
    undo.refresh_from_db()
    assert undo.back_count == foretold.back
    return undo.back_count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_undo_changes_back_what_is_still_the_runs(steps):
    with transaction.atomic():
        play(steps)
        transaction.set_rollback(True)


def play(steps) -> None:
    ids = make_contacts(PEOPLE)
    tag = factories.tag("VIP")
    people, runs = [Person() for _ in range(PEOPLE)], []
    for number, (what, who) in enumerate(steps):
        at = NOW + timedelta(minutes=number // 3)  # several at one instant: only their order tells
        if what in ("add_tag", "remove_tag"):
            run = carried_out(what, BitMap(ids[place] for place in who), tag, at)
            runs.append(run)
            changed = [people[place].write(run.pk, at if what == "add_tag" else None) for place in who]
            assert run.changed_count == sum(changed)
        elif what == "undo":
            run = runs[who % len(runs)] if runs else None
            if run is not None and ActionRun.objects.get(pk=run.pk).may_be_undone:
                assert undone(ActionRun.objects.get(pk=run.pk), at) == sum([each.undo(run.pk) for each in people])
        elif what == "put on":
            tag_services.put_tags_on(Contact.objects.get(pk=ids[who]), "vip", now=at, by="A", user=None)
            people[who].write(None, at)
        else:
            tag_services.take_tag_off(Contact.objects.get(pk=ids[who]), tag, now=at, by="A", user=None)
            people[who].write(None, None)
        links = dict(ContactTag.objects.values_list("contact_id", "assigned_at"))
        assert links == {ids[place]: each.since for place, each in enumerate(people) if each.since is not None}
