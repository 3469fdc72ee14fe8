"""Lists of people as of a past calculation (SG6), who joined and left by cause (IP30), and freezing them."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from contacts.services import delete_contact
from segmentation.models import Calculation, Movement, Reason, Segment, UploadedList
from segmentation.services import request_calculation
from tests.support.segments import calculate, calculated, create, scored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
URL = "/contacts/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(client_for: Callable, marketer: Any) -> Client:
    return client_for(marketer)


@pytest.fixture
def begun() -> datetime:
    return timezone.now().replace(microsecond=0) - timedelta(days=2)


@pytest.fixture
def steps(begun: datetime) -> list[Calculation]:
    """A segment calculated twice: of five, two left by new data and one was deleted; three joined."""
    ids = scored(5)
    segment = calculated(now=begun, every=1, unit="day")
    first = segment.latest
    Contact.objects.filter(pk__in=ids[:2]).update(lead_score=0)
    delete_contact(Contact.objects.get(pk=ids[2]))
    for pk in scored(3, start=10):
        Contact.objects.filter(pk=pk).update(created_at=begun + timedelta(hours=1))
    request_calculation(segment, reason=Reason.MANUAL, now=begun + timedelta(days=1))
    return [first, calculate(segment, now=begun + timedelta(days=1))]


def listed(client: Client, address: str) -> set[int]:
    page = client.get(address)
    assert page.status_code == 200, page.context["search"].errors
    found = {int(pk) for pk in re.findall(r'class="name" href="/contacts/(\d+)/"', page.content.decode())}
    assert page.context["total"] == len(found)
    return found


def test_the_members_of_each_past_calculation_can_be_listed_from_the_history(client: Client, steps: Any) -> None:
    first, second = steps
    history = client.get(f"/segments/{first.segment_id}/history/").content.decode()
    for step in steps:
        assert f'href="{URL}?calculation={step.pk}"' in history
        here = set(Contact.objects.values_list("pk", flat=True))
        assert listed(client, f"{URL}?calculation={step.pk}") == set(step.member_ids) & here
    text = client.get(f"{URL}?calculation={first.pk}").content.decode()
    assert "5 contacts in the calculation of" in text
    assert "1 of them has been deleted since." in text
    assert "There is a newer calculation." in text
    assert "newer calculation" not in client.get(f"{URL}?calculation={second.pk}").content.decode()


def test_who_joined_and_left_with_a_step_by_cause_are_lists_of_the_same_numbers(client: Client, steps: Any) -> None:
    _first, step = steps
    here = set(Contact.objects.values_list("pk", flat=True))
    assert listed(client, f"{URL}?moved={step.pk}.joined") == set(step.joined_ids) & here
    assert listed(client, f"{URL}?moved={step.pk}.left") == set(step.left_ids) & here
    movements = list(Movement.objects.filter(calculation=step))
    assert {(each.direction, each.cause) for each in movements} == {
        ("joined", "imported"), ("left", "changed"), ("left", "erased"),
    }  # fmt: skip
    for each in movements:
        address = f"{URL}?moved={step.pk}.{each.direction}.{each.cause}"
        assert listed(client, address) == set(each.member_ids) & here
        words = "joined" if each.direction == "joined" else "left"
        assert re.search(
            rf"{each.count} contacts? {words} with the calculation of", client.get(address).content.decode()
        )
        page = client.get(f"/segments/{step.segment_id}/history/{step.pk}/?show={each.direction}&cause={each.cause}")
        assert f'href="{address}"' in page.content.decode()


def test_those_who_were_deleted_are_explained_and_not_just_missing(client: Client, steps: Any) -> None:
    text = client.get(f"{URL}?moved={steps[1].pk}.left.erased").content.decode()
    assert "Why: deleted from the account." in text
    assert "1 of them has been deleted since." in text


def test_a_cause_nobody_had_is_an_empty_list(client: Client, steps: Any) -> None:
    assert listed(client, f"{URL}?moved={steps[1].pk}.joined.passed") == set()


@pytest.mark.parametrize(
    "value",
    ["{pk}", "{pk}.", "{pk}.joined.", "{pk}.up", "{pk}.joined.magic", "x.joined", "0.left", "{pk}.left.changed.x"],
)
def test_what_names_nobody_who_moved_is_refused(client: Client, steps: Any, value: str) -> None:
    assert client.get(URL, {"moved": value.format(pk=steps[1].pk)}).status_code == 422


# --- freezing ---------------------------------------------------------------------------------------------------
def freeze_url(step: Calculation) -> str:
    return f"/segments/{step.segment_id}/freeze/?calculation={step.pk}"


def test_freezing_asks_for_a_name_and_says_how_many(client: Client, steps: Any) -> None:
    text = client.get(freeze_url(steps[0]), headers=HTMX).content.decode()
    assert "<html" not in text
    assert "A new segment of 4 contacts" in text
    assert "1 of the 5 has been deleted since" in text
    page = client.get(f"/segments/{steps[0].segment_id}/history/{steps[0].pk}/").content.decode()
    assert freeze_url(steps[0]) in page


def test_a_past_calculation_frozen_is_a_segment_of_its_members_who_are_left(client: Client, steps: Any) -> None:
    answer = client.post(freeze_url(steps[0]), {"name": "As it was"})
    assert answer.status_code == 302
    made = Segment.objects.get(name="As it was")
    assert not made.refreshes
    here = set(Contact.objects.values_list("pk", flat=True))
    assert set(calculate(made, now=timezone.now()).member_ids) == set(steps[0].member_ids) & here


def test_without_a_calculation_the_last_one_is_frozen(client: Client, steps: Any) -> None:
    client.post(f"/segments/{steps[1].segment_id}/freeze/", {"name": "As it is"})
    made = calculate(Segment.objects.get(name="As it is"), now=timezone.now())
    assert made.member_ids == steps[1].member_ids


@pytest.mark.parametrize("name", ["", "warm  LEADS", "x" * 201])
def test_a_bad_name_freezes_nothing(client: Client, steps: Any, name: str) -> None:
    answer = client.post(freeze_url(steps[0]), {"name": name}, headers=HTMX)
    assert answer.status_code == 422
    assert "invalid" in answer.content.decode()
    assert Segment.objects.count() == 1
    assert not UploadedList.objects.exists()


def test_there_is_nothing_to_freeze_without_such_a_calculation(client: Client, steps: Any, begun: datetime) -> None:
    other = create("Other", now=begun)
    for address in (
        f"/segments/{other.pk}/freeze/",
        f"/segments/{other.pk}/freeze/?calculation={steps[0].pk}",
        f"/segments/{steps[0].segment_id}/freeze/?calculation=x",
        f"/segments/{steps[0].segment_id}/freeze/?colour=red",
        "/segments/999999/freeze/",
    ):
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "New"}).status_code == 404


def test_an_analyst_freezes_nothing(client_for: Callable, analyst: Any, steps: Any) -> None:
    assert client_for(analyst).get(freeze_url(steps[0])).status_code == 403
    assert client_for(analyst).post(freeze_url(steps[0]), {"name": "New"}).status_code == 403
    page = client_for(analyst).get(f"/segments/{steps[0].segment_id}/history/{steps[0].pk}/").content.decode()
    assert "/freeze/" not in page
