"""What is written down for whom, in the transaction in which it happened; and the bodies made of it."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from pyroaring import BitMap

from actions import services as actions
from contacts.models import Contact
from jobs.models import JobState
from jobs.services import run
from segmentation.models import Calculation, Reason, Segment
from segmentation.services import SegmentInUseError, delete_segment, request_calculation
from tests.support.audiences import NOW, make_contacts, ready_segment
from tests.support.people import make_user
from tests.support.segments import calculate, calculated, create, scored
from tests.support.webhooks import ALL, endpoint, of
from webhooks import events, services
from webhooks.models import Delivery, Endpoint, Event
from webhooks.payload import IDS, LostError, body_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def body(delivery):
    return json.loads(body_of(delivery.event, delivery.endpoint))


def kinds(here):
    return [delivery.event.kind for delivery in of(here)]


def test_a_calculation_is_told_with_who_joined_and_who_left():
    here = endpoint()
    stays, goes = scored(2)
    segment = calculated("Warm")
    Contact.objects.filter(pk=goes).update(lead_score=0)
    (comes,) = scored(1, 40, start=9)
    request_calculation(segment, reason=Reason.REFRESH, now=LATER)
    last = calculate(segment, now=LATER)
    assert kinds(here) == [
        "segment.calculated", "segment.joined", "segment.calculated", "segment.joined", "segment.left",
    ]  # fmt: skip
    told, joined, left = map(body, of(here)[2:])
    lists = f"https://acme.example/api/v1/segments/{segment.pk}/calculations/{last.pk}"
    assert told == {
        "id": of(here)[2].event.uid,
        "type": "segment.calculated",
        "created_at": "2026-11-21T09:00:00Z",
        "account": "acme",
        "data": {
            "segment": {"id": segment.pk, "name": "Warm"},
            "calculation": {"id": last.pk, "as_of": "2026-11-21T09:00:00Z", "reason": "refresh"},
            "counts": {"members": 2, "joined": 1, "left": 1},
            "urls": {name: f"{lists}/{name}" for name in ("members", "joined", "left")},
        },
    }
    assert (joined["data"]["contact_ids"], left["data"]["contact_ids"]) == ([comes], [goes])
    assert (joined["data"]["complete"], joined["data"]["url"]) == (True, f"{lists}/joined")
    assert left["data"]["counts"] == {"members": 2, "joined": 1, "left": 1}
    assert stays not in joined["data"]["contact_ids"]
    assert len({delivery.event.uid for delivery in of(here)}) == 5


def test_when_nobody_joined_or_left_only_the_calculation_is_told():
    here = endpoint()
    calculated()
    assert kinds(here) == ["segment.calculated"]


def test_an_endpoint_is_told_what_it_asked_for_of_the_segments_it_named():
    scored(1)
    wanted, other = create("Wanted"), create("Other")
    some = endpoint(events=["segment.joined"], segments=[wanted.pk])
    every = endpoint(events=["segment.calculated"])
    off = services.switch(endpoint(), on=False, now=NOW, by=None)
    calculate(wanted)
    calculate(other)
    assert [(one.event.kind, one.event.segment_id) for one in of(some)] == [("segment.joined", wanted.pk)]
    assert kinds(every) == ["segment.calculated"] * 2
    assert of(off) == []


def test_an_endpoint_whose_last_segment_is_gone_is_not_told_of_all_the_others():
    segment = create("Only")
    here = endpoint(segments=[segment.pk])
    services.switch(here, on=False, now=NOW, by=None)
    delete_segment(segment)
    services.switch(here, on=True, now=NOW, by=None)
    calculated("Another")
    assert of(here) == []


def test_one_event_goes_to_each_endpoint_under_one_id():
    here, there = endpoint(), endpoint()
    calculated()
    assert [one.event_id for one in of(here)] == [one.event_id for one in of(there)]


def test_a_calculation_that_is_not_stored_is_not_told(monkeypatch):
    from segmentation import hooks

    here, segment = endpoint(), create()

    def fails(_calculation, _now):
        raise ValueError("later in the same transaction")

    monkeypatch.setattr(hooks, "on_calculated", [*hooks.on_calculated, fails])
    assert calculate(segment).state == JobState.ERRORED
    assert (of(here), Event.objects.count()) == ([], 0)


def test_a_mistake_in_telling_leaves_the_calculation_whole(monkeypatch, caplog):
    endpoint()
    segment = create()
    monkeypatch.setattr(events, "fresh_id", lambda: "x" * 500)  # longer than its column
    assert calculate(segment).state == JobState.DONE
    assert Event.objects.count() == 0
    assert "nothing could be recorded" in caplog.text


def test_what_the_database_fails_is_the_calculations_matter(monkeypatch):
    endpoint()

    def deadlock():
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(events, "fresh_id", deadlock)
    segment = create()
    assert calculate(segment).state == JobState.WAITING  # the whole of it is done again


def test_telling_costs_a_calculation_few_statements_however_many_endpoints_there_are():
    scored(3)

    def statements():
        segment = create(f"Of {Segment.objects.count()}")
        with CaptureQueriesContext(
            connection,
        ) as found:
            calculate(segment)
        return len(found)

    nobody = statements()
    endpoint()
    one = statements()
    for _ in range(6):
        endpoint()
    assert (statements() - one, one - nobody <= 3) == (0, True)


def test_a_body_names_the_first_thousand_and_where_the_rest_is_read():
    here = endpoint(events=["segment.joined"])
    ids = BitMap(scored(IDS + 5))
    calculated()
    told = body(of(here)[0])["data"]
    assert (told["contact_ids"], told["complete"], told["counts"]["joined"]) == (list(ids[:IDS]), False, IDS + 5)


def test_whoever_was_taken_out_of_the_calculation_since_is_in_no_body():
    here = endpoint(events=["segment.joined"])
    erased, stays = scored(2)
    segment = calculated()
    Calculation.objects.filter(pk=segment.latest_id).update(joined=BitMap([stays]).serialize())
    assert body(of(here)[0])["data"]["contact_ids"] == [stays]
    assert str(erased) not in json.dumps(of(here)[0].event.data["segment"])


def test_of_a_restricted_users_segment_only_those_whom_they_see_are_told():
    from tests import factories

    ids = scored(3)
    media = factories.category("media", Contact.objects.get(pk=ids[0]))
    ewa = make_user("marketer")
    factories.permission_group("Media", users=[ewa], categories=[media])
    here = endpoint(events=["segment.joined"])
    calculated("Ewa's", by=ewa)
    assert body(of(here)[0])["data"]["contact_ids"] == ids[:1]


def test_a_segment_that_an_endpoint_names_is_not_deleted_under_it():
    segment = create()
    here = endpoint(segments=[segment.pk])
    with pytest.raises(SegmentInUseError):
        delete_segment(segment)
    services.switch(here, on=False, now=NOW, by=None)
    delete_segment(segment)
    assert Segment.objects.count() == 0


def test_of_a_deleted_segment_there_is_nothing_left_to_tell():
    here = endpoint()
    scored(1)
    segment = calculated()
    delete_segment(segment)
    for delivery in of(here):
        assert delivery.event.lost
        with pytest.raises(LostError):
            body_of(delivery.event, here)


def test_a_file_is_told_when_it_is_offered(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    here, joined_only = endpoint(), endpoint(events=["segment.joined"])
    segment = ready_segment(members=make_contacts(3))
    params = {"columns": ["id", "email"], "separator": "comma", "bom": False}
    action = actions.plan_action(segment, kind="export", params=params, now=NOW, by=None)
    assert of(here) == []
    run("action", action.runs.get().pk, now=NOW)
    file = action.runs.get().export_file
    assert (kinds(here), of(joined_only)) == (["export.ready"], [])
    told = body(of(here)[0])["data"]
    assert told["export"] == {
        "id": file.pk, "name": file.name, "rows": 3, "bytes": file.size,
        "created_at": "2026-11-21T08:00:00Z", "expires_at": "2026-11-28T08:00:00Z",
    }  # fmt: skip
    assert (told["segment"]["id"], told["url"]) == (segment.pk, f"https://acme.example/api/v1/exports/{file.pk}")


def test_the_addresses_in_bodies_are_those_of_the_api():
    here = endpoint()
    scored(1)
    calculated()
    told, joined = (body(one)["data"] for one in of(here))
    addresses = [*told["urls"].values(), joined["url"], "https://acme.example/api/v1/exports/1"]
    for address in addresses:
        assert resolve(address.removeprefix("https://acme.example")).app_names[0] == "api", address


def test_a_test_that_waits_already_is_that_one():
    here = endpoint()
    first = events.ping(here, now=NOW)
    assert events.ping(here, now=LATER) == first
    assert body(first)["data"] == {"endpoint": "Shop"}


def test_an_endpoint_of_one_account_is_told_nothing_of_another(other_account):
    from django_tenants.utils import tenant_context

    with tenant_context(other_account):
        there = endpoint()
    calculated()
    with tenant_context(other_account):
        assert of(there) == []
    assert Delivery.objects.count() == 0


def test_events_of_long_ago_go_and_what_still_waits_stays():
    here = endpoint()
    old, waiting, alone = (Event.objects.create(uid=f"e{n}", kind="ping", at=NOW) for n in range(3))
    long_after = NOW + services.KEPT + timedelta(hours=1)
    young = Event.objects.create(uid="e9", kind="ping", at=long_after)
    for event, state in ((old, "done"), (waiting, "waiting"), (young, "done")):
        Delivery.objects.create(endpoint=here, event=event, state=state, wanted_at=NOW, next_at=NOW)
    services.remove_old(long_after)
    assert set(Event.objects.all()) == {waiting, young}
    assert alone.pk not in Event.objects.values_list("pk", flat=True)


def test_no_more_endpoints_than_the_limit():
    for n in range(services.MOST):
        endpoint(name=f"E{n}", events=ALL)
    with pytest.raises(services.EndpointError):
        endpoint()
    assert Endpoint.objects.count() == services.MOST
