"""Segments over the API: counted, made, read, used; their members page by page, and why somebody is in one."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from api.models import SegmentRead
from contacts.models import Contact
from segmentation.models import Calculation, SavedCriteria, Segment
from segmentation.services import delete_segment
from segmentation.services.errors import SegmentInUseError
from tests import factories
from tests.support.keys import KeyClient, key_client
from tests.support.people import make_user
from tests.support.segments import SCORED, calculate, calculated, create, scored
from tests.support.split import split

pytestmark = pytest.mark.django_db
WARM = {"all": [SCORED, {"not": {"kind": "field", "field": "lead_score", "op": "gt", "value": 50}}]}


@pytest.fixture
def client() -> KeyClient:
    return key_client(name="Shop")


def wrongs(said: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["field"], each["code"]) for each in said["errors"]]


# --- counting ------------------------------------------------------------------------------------------------
def test_criteria_are_counted_exactly_node_by_node_with_their_sentence(client) -> None:
    scored(3, 30), scored(2, 60)
    status, said = client.send("post", "/count", {"criteria": WARM})
    assert (status, said["count"]) == (200, 3)
    assert [(node["path"], node["count"]) for node in said["nodes"]] == [
        ("", 3), ("all[0]", 5), ("all[1]", 3), ("all[1].not", 2),
    ]  # fmt: skip
    assert "lead score" in said["sentence"]
    assert "scoring" in client.send("post", "/count", {"criteria": WARM}, Accept_Language="pl")[1]["sentence"]


def test_a_preview_tells_what_it_would_be_without_each_criterion_and_a_sample(client) -> None:
    warm = scored(3, 30)
    scored(2, 60)
    said = client.send("post", "/segments/preview", {"criteria": WARM})[1]
    assert {node["path"]: node["without"] for node in said["nodes"]} == {
        "": None, "all[0]": 3, "all[1]": 5, "all[1].not": 5,
    }  # fmt: skip
    assert said["sample"] == warm
    scored(30, 30, start=100)
    assert len(client.send("post", "/segments/preview", {"criteria": SCORED})[1]["sample"]) == 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"criteria": {"all": []}}', "criteria.all"),
        ('{"criteria": {"all": [{"kind": "field"}]}}', "criteria.all[0].field"),
        ('{"criteria": {"kind": "tag", "op": "any", "tags": ["GONE"]}}', "criteria.tags[0]"),
        ('{"criteria": {"any": [{"kind": "nothing"}]}}', "criteria.any[0].kind"),
        ('{"criteria": {"kind": "saved", "criteria": 99}}', "criteria.criteria"),
        ('{"criteria": {"kind": "field", "field": "lead_score", "op": "gt", "value": 0.12345678901234567}}',
         "criteria.value"),
        ('{"criteria": []}', "criteria"),
        ("{}", "criteria"),
    ],
)  # fmt: skip
def test_criteria_that_cannot_be_used_are_refused_at_their_place(client, body: str, field: str) -> None:
    for path in ("/count", "/segments/preview"):
        status, said = client.send("post", path, body.encode())
        assert (status, said["errors"][0]["field"]) == (422, field)


def test_criteria_in_which_a_key_stands_twice_are_refused(client) -> None:
    body = b'{"criteria": {"all": [{"kind": "engagement"}], "all": [{"kind": "field"}]}}'
    status, said = client.send("post", "/count", body)
    assert (status, said["code"]) == (400, "malformed")
    assert "all" in said["detail"]


# --- saved criteria ------------------------------------------------------------------------------------------
def test_saved_criteria_are_made_listed_and_read(client) -> None:
    status, made = client.send("post", "/saved-criteria", {"name": " Warm ", "criteria": SCORED})
    assert (status, made["name"], made["criteria"]) == (201, "Warm", SCORED)
    assert client.send("get", f"/saved-criteria/{made['id']}")[1] == made
    assert client.send("get", "/saved-criteria")[1] == {"items": [made], "next_cursor": None}
    status, said = client.send("post", "/saved-criteria", {"name": "warm", "criteria": SCORED})
    assert (status, wrongs(said)) == (422, [("name", "taken")])
    assert wrongs(client.send("post", "/saved-criteria", {"name": "\x00", "criteria": SCORED})[1])[0][0] == "name"
    assert client.send("get", "/saved-criteria/999999999")[0] == 404
    assert SavedCriteria.objects.count() == 1


# --- segments ------------------------------------------------------------------------------------------------
def test_a_segment_is_made_of_criteria_calculated_and_read_with_its_numbers(client) -> None:
    scored(3)
    body = {"name": "Warm leads", "refresh": {"every": 2, "unit": "day"}, "criteria": SCORED}
    response = client.ask("post", "/segments", body)
    made = response.json()
    assert (response.status_code, response.headers["Location"]) == (201, f"/api/v1/segments/{made['id']}")
    assert (made["list"], made["calculation"], made["pending"]["state"]) == ("in_creation", None, "waiting")
    assert "no action can be added" in made["note"]
    segment = Segment.objects.get()
    assert segment.owner == client.key.acts_for
    calculate(segment, now=timezone.now())
    status, said = client.send("get", f"/segments/{segment.pk}")
    assert (status, said["list"], said["pending"]) == (200, "ready", None)
    assert (said["calculation"]["count"], said["calculation"]["nodes"]) == (3, [{"path": "", "count": 3}])
    assert said["calculation"]["as_of"] is not None
    assert client.send("get", "/segments?list=ready")[1]["items"] == [said]
    assert client.send("get", "/segments?list=archive")[1]["items"] == []
    assert client.send("get", "/segments?q=WARM")[1]["items"] == [said]
    assert client.send("get", "/segments?q=cold")[1]["items"] == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"name": "taken", "criteria": SCORED}, ("name", "taken")),
        ({"name": "", "criteria": SCORED}, ("name", "required")),
        ({"name": "New", "criteria": SCORED, "readiness_hours": 0}, ("readiness_hours", "min_value")),
        ({"name": "New", "criteria": SCORED, "refresh": {"every": 0, "unit": "day"}}, ("refresh.every", "min_value")),
        ({"name": "New"}, ("criteria", "criteria")),
        ({"name": "New", "criteria": SCORED, "saved": 1}, ("criteria", "criteria")),
        ({"name": "New", "saved": 99}, ("saved", "no_saved")),
        ({"name": "New", "saved": 10**30}, ("saved", "no_saved")),
        ({"name": "New", "criteria": {"any": []}}, ("criteria.any", "criteria")),
    ],
)
def test_what_the_page_refuses_is_refused_at_its_field(client, body: dict[str, Any], wrong: tuple[str, str]) -> None:
    create("Taken")
    status, said = client.send("post", "/segments", body)
    assert (status, wrongs(said)) == (422, [wrong])
    assert Segment.objects.count() == 1


def test_a_segment_follows_saved_criteria_or_takes_a_copy(client) -> None:
    saved = client.send("post", "/saved-criteria", {"name": "Warm", "criteria": SCORED})[1]["id"]
    follows = client.send("post", "/segments", {"name": "Follows", "saved": saved})[1]
    copied = client.send("post", "/segments", {"name": "Copied", "saved": saved, "copy_saved": True})[1]
    assert (follows["criteria"], copied["criteria"]) == ({"kind": "saved", "criteria": saved}, SCORED)


def test_the_same_request_sent_twice_makes_one_segment(client) -> None:
    body = {"name": "Warm leads", "criteria": SCORED}
    first = client.ask("post", "/segments", body, Idempotency_Key="a")
    again = client.ask("post", "/segments", body, Idempotency_Key="a")
    assert (first.status_code, again.content, again.headers["Location"]) == (
        201, first.content, first.headers["Location"],
    )  # fmt: skip
    assert Segment.objects.count() == 1


# --- members -------------------------------------------------------------------------------------------------
def test_members_are_read_page_by_page_of_one_calculation_even_if_a_newer_one_ends_between(client) -> None:
    ids = scored(5)
    segment = calculated(now=timezone.now())
    path = f"/segments/{segment.pk}/members"
    first = client.send("get", f"{path}?limit=2")[1]
    assert (first["count"], first["calculation"]) == (5, segment.latest_id)
    scored(4, start=50)
    client.send("post", f"/segments/{segment.pk}/refresh")
    calculate(segment, now=timezone.now())
    found, cursor = first["items"], first["next_cursor"]
    while cursor:
        page = client.send("get", f"{path}?limit=2&cursor={cursor}")[1]
        assert page["calculation"] == first["calculation"]
        found, cursor = found + page["items"], page["next_cursor"]
    assert [item["id"] for item in found] == ids
    assert found[0] == {"id": ids[0], "email": Contact.objects.get(pk=ids[0]).email, "external_id": None}
    assert client.send("get", path)[1]["count"] == 9


def test_a_cursor_of_another_list_is_refused(client) -> None:
    scored(3)
    segment = calculated(now=timezone.now())
    path = f"/segments/{segment.pk}/calculations/{segment.latest_id}"
    cursor = client.send("get", f"{path}/members?limit=1")[1]["next_cursor"]
    assert client.send("get", f"{path}/joined?cursor={cursor}")[0] == 422
    wrongs = client.send("get", f"{path}/joined?limit=0")[1]["errors"]
    assert [each["field"] for each in wrongs] == ["limit"]
    assert client.send("get", f"/segments/{segment.pk}/members?cursor=%00")[0] in (400, 422)
    other = calculated("Other", now=timezone.now())
    path = f"/segments/{other.pk}/calculations/{other.latest_id}"
    assert client.send("get", f"{path}/members?cursor={cursor}")[0] == 422
    assert client.send("get", f"/segments/{other.pk}/members?cursor={cursor}")[0] == 404


def test_who_joined_and_left_with_a_calculation_and_contacts_in_full(client) -> None:
    stays, leaves = scored(2)
    segment = calculated(now=timezone.now())
    Contact.objects.filter(pk=leaves).update(lead_score=0)
    [joins] = scored(1, start=20)
    client.send("post", f"/segments/{segment.pk}/refresh")
    last = calculate(segment, now=timezone.now())
    path = f"/segments/{segment.pk}/calculations/{last.pk}"
    assert [item["id"] for item in client.send("get", f"{path}/joined")[1]["items"]] == [joins]
    assert [item["id"] for item in client.send("get", f"{path}/left")[1]["items"]] == [leaves]
    whole = client.send("get", f"{path}/members?details=true")[1]["items"]
    assert [item["contact"]["id"] for item in whole] == [stays, joins]
    reader = key_client(client.key.acts_for, "segments:read")
    assert reader.send("get", f"{path}/members")[0] == 200
    assert reader.send("get", f"{path}/members?details=true")[1]["code"] == "scope_missing"
    assert reader.send("get", f"/segments/{segment.pk}/contacts/{stays}/why")[1]["code"] == "scope_missing"
    history = client.send("get", f"/segments/{segment.pk}/calculations?limit=1")[1]
    assert (history["items"][0]["id"], history["items"][0]["joined"], history["items"][0]["left"]) == (last.pk, 1, 1)
    older = client.send("get", f"/segments/{segment.pk}/calculations?cursor={history['next_cursor']}")[1]["items"]
    assert [item["count"] for item in older] == [2]


# --- using ---------------------------------------------------------------------------------------------------
def test_using_a_segment_calculates_it_first_and_leads_to_its_members(client) -> None:
    scored(2)
    segment = calculated(now=timezone.now() - timedelta(hours=1))
    scored(3, start=50)
    response = client.ask("post", f"/segments/{segment.pk}/use")
    place = response.headers["Location"].removeprefix("/api/v1")
    assert (response.status_code, response.headers["Retry-After"]) == (202, "1")
    assert response.json()["reason"] == "before_use"
    again = client.ask("get", place)
    assert (again.status_code, again.headers["Location"]) == (202, response.headers["Location"])
    assert client.ask("post", f"/segments/{segment.pk}/use").headers["Location"] == response.headers["Location"]
    calculate(segment, now=timezone.now())
    status, said = client.send("get", place)
    assert (status, said["count"], len(said["items"])) == (200, 5, 5)
    status, said = client.send("post", f"/segments/{segment.pk}/use?max_age=60")
    assert (status, said["count"]) == (200, 5)
    assert Calculation.objects.filter(segment=segment).count() == 2


def test_members_of_a_calculation_that_gave_way_lead_to_the_newer_one(client) -> None:
    segment = create(now=timezone.now())
    first = Calculation.objects.get()
    client.send("post", f"/segments/{segment.pk}/refresh")
    newer = Calculation.objects.latest("pk")
    response = client.ask("get", f"/segments/{segment.pk}/calculations/{first.pk}/members")
    assert (response.status_code, response.headers["Location"]) == (
        202, f"/api/v1/segments/{segment.pk}/calculations/{newer.pk}/members",
    )  # fmt: skip


def test_a_calculation_that_failed_says_why(client) -> None:
    tag = factories.tag("GONE")
    segment = create(criteria={"kind": "tag", "op": "any", "tags": ["GONE"]}, now=timezone.now())
    tag.delete()
    failed = calculate(segment, now=timezone.now())
    status, said = client.send("get", f"/segments/{segment.pk}/calculations/{failed.pk}/members")
    assert (status, said["code"]) == (409, "conflict")
    assert "GONE" in said["detail"]
    assert client.send("get", f"/segments/{segment.pk}")[1]["pending"]["problem"] == said["detail"]
    assert client.send("get", f"/segments/{segment.pk}/members")[0] == 409


# --- why -----------------------------------------------------------------------------------------------------
def test_why_tells_each_criterion_with_its_evidence(client) -> None:
    [warm] = scored(1, 30)
    [hot] = scored(1, 60)
    segment = calculated(criteria=WARM, now=timezone.now())
    status, said = client.send("get", f"/segments/{segment.pk}/contacts/{warm}/why")
    assert (status, said["holds"], said["calculated"]["member"]) == (200, True, True)
    last = client.send("get", f"/segments/{segment.pk}")[1]["calculation"]
    assert said["calculated"]["as_of"] == last["as_of"]
    assert (said["now"][10], said["now"][-1]) == ("T", "Z")
    said = client.send("get", f"/segments/{segment.pk}/contacts/{hot}/why")[1]
    assert (said["holds"], said["tree"]["nodes"][1]["to_change"]) == (False, True)
    assert "60" in said["tree"]["nodes"][0]["evidence"]
    assert client.send("get", f"/segments/{segment.pk}/contacts/{10**9}/why")[0] == 404
    assert client.send("get", f"/segments/{10**25}/contacts/{hot}/why")[0] == 404


# --- who sees some contacts only -----------------------------------------------------------------------------
def test_a_restricted_key_counts_and_lists_whom_it_sees() -> None:
    world = split()
    wide = calculated("Wide", now=world.now, by=world.wide)
    client = key_client(world.narrow)
    assert client.send("post", "/count", {"criteria": SCORED})[1]["count"] == len(world.mine)
    said = client.send("get", f"/segments/{wide.pk}")[1]["calculation"]
    assert (said["count"], said["joined"], said["nodes"]) == (len(world.mine), len(world.mine), [])
    page = client.send("get", f"/segments/{wide.pk}/members")[1]
    assert (page["count"], [item["id"] for item in page["items"]]) == (len(world.mine), list(world.mine))
    assert client.send("get", f"/segments/{wide.pk}/contacts/{world.outside[0]}/why")[0] == 404
    for verb in ("refresh", "use"):
        assert client.send("post", f"/segments/{wide.pk}/{verb}")[0] == 403
    own = client.send("post", "/segments", {"name": "Own", "criteria": SCORED})[1]["id"]
    calculate(Segment.objects.get(pk=own), now=world.now)
    assert key_client(world.wide).send("get", f"/segments/{own}")[1]["calculation"]["count"] == len(world.mine)


def test_a_fixed_list_of_somebody_else_is_told_by_its_number_to_a_restricted_key() -> None:
    from segmentation.services import criterion_of, fixed_list

    world = split()
    made = fixed_list("Search: ala@example.com", world.everybody, now=world.now, by=world.wide)
    segment = calculated("Fixed", criteria=criterion_of(made), now=world.now, by=world.wide)
    told = {
        user: key_client(user).send("get", f"/segments/{segment.pk}")[1]["sentence"]
        for user in (world.wide, world.narrow)
    }
    assert "ala@example.com" in told[world.wide]
    assert "ala@example.com" not in told[world.narrow]


# --- keys that read a segment --------------------------------------------------------------------------------
def test_a_segment_that_a_key_read_lately_is_not_deleted_and_says_which_key(client, client_for) -> None:
    segment = calculated(now=timezone.now())
    client.send("get", f"/segments/{segment.pk}/members")
    client.send("get", f"/segments/{segment.pk}/members")
    assert SegmentRead.objects.count() == 1
    with pytest.raises(SegmentInUseError):
        delete_segment(segment)
    page = client_for(client.key.acts_for).get(reverse("segmentation:delete", args=[segment.pk]))
    assert "API key" in page.content.decode()
    assert "Shop" in page.content.decode()
    SegmentRead.objects.update(at=timezone.now() - timedelta(days=31))
    delete_segment(segment)
    assert not Segment.objects.exists()


def test_a_revoked_key_keeps_no_segment(client) -> None:
    segment = calculated(now=timezone.now())
    client.send("get", f"/segments/{segment.pk}/members")
    client.key.revoked_at = timezone.now()
    client.key.save()
    delete_segment(segment)


def test_an_analyst_counts_and_reads_and_calculates_nothing() -> None:
    segment = calculated(now=timezone.now())
    client = key_client(make_user("analyst"))
    assert client.send("post", "/count", {"criteria": SCORED})[0] == 200
    assert client.send("get", f"/segments/{segment.pk}/members")[0] == 200
    for path in (f"/segments/{segment.pk}/refresh", f"/segments/{segment.pk}/use"):
        assert client.send("post", path)[1]["code"] == "read_only"


def test_the_list_of_segments_takes_as_many_queries_for_many_as_for_one(client, django_assert_max_num_queries) -> None:
    calculated("First", now=timezone.now())
    client.send("get", "/segments")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        client.send("get", "/segments")
    for number in range(3):
        calculated(f"Segment {number}", now=timezone.now())
    with django_assert_max_num_queries(len(one)):
        assert len(client.send("get", "/segments")[1]["items"]) == 4
