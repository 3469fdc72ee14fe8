"""Changing saved criteria: what it does to the segments that follow them is shown before it is saved."""

from typing import Any

import pytest
from django.utils.timezone import now as clock
from pyroaring import BitMap

from actions.services import plan_action
from segmentation.effects import COUNTED, effect_of_saved
from segmentation.followers import followers
from segmentation.models import SavedCriteria
from segmentation.saved import create_saved
from tests import factories
from tests.support.audiences import ready_segment
from tests.support.forms import form_in
from tests.support.segments import calculated, create, scored

pytestmark = pytest.mark.django_db


def above(score: int) -> dict[str, Any]:
    return {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": score}]}


def referring(kind: str, pk: int, **more: Any) -> dict[str, Any]:
    """Criteria that name saved criteria, or a segment."""
    named = {"criteria": pk} if kind == "saved" else {"segment": pk, "op": "in", **more}
    return {"all": [{"kind": kind, **named}]}


@pytest.fixture
def client(client_for: Any, user: Any) -> Any:
    return client_for(user)


@pytest.fixture
def saved(user: Any) -> SavedCriteria:
    """More than 20, which three contacts with 30 and two with 50 meet."""
    scored(3)
    scored(2, score=50, start=10)
    return create_saved(name="Warm", criteria=above(20), now=clock(), by=user)


@pytest.fixture
def live(saved: SavedCriteria) -> Any:
    """A refreshing segment of whoever meets the saved criteria, and its recurring action."""
    segment = calculated("Followers", now=clock(), criteria=referring("saved", saved.pk), every=2, unit="day")
    segment.refresh_from_db()
    tag = factories.tag("VIP")
    params = {"tag": tag.pk, "name": "VIP"}
    plan_action(segment, kind="add_tag", params=params, every_refresh=True, now=clock(), by=None)
    return segment


def address_of(saved: SavedCriteria) -> str:
    return f"/saved-criteria/{saved.pk}/"


def typed(client: Any, saved: SavedCriteria, **more: str) -> dict[str, Any]:
    """The form with 35 in place of 20."""
    form = form_in(client.get(address_of(saved)))
    name = next(name for name, values in form.items() if values == ["20"])
    return form | {name: "35"} | more


def test_the_effect_on_segments_is_shown_before_saved_criteria_change(client: Any, saved: Any, live: Any) -> None:
    shown = client.post(address_of(saved), typed(client, saved))
    text = shown.content.decode()
    assert shown.status_code == 200
    assert live.name in text
    assert '<dd class="up">+0</dd>' in text
    assert '<dd class="down">−3</dd>' in text
    assert "Add tag VIP" in text
    saved.refresh_from_db()
    assert saved.criteria == above(20)
    assert client.post(address_of(saved), form_in(shown) | {"then": "save"}).status_code == 302
    saved.refresh_from_db()
    assert saved.criteria == above(35)


def test_saving_without_having_been_shown_the_effect_is_asked_again(client: Any, saved: Any, live: Any) -> None:
    unseen = client.post(address_of(saved), typed(client, saved, then="save"))
    assert unseen.status_code == 200
    shown = form_in(unseen)
    calculated("Another", now=clock(), criteria=referring("saved", saved.pk))
    again = client.post(address_of(saved), shown | {"then": "save"})
    assert again.status_code == 200
    assert "Another" in again.content.decode()
    saved.refresh_from_db()
    assert saved.criteria == above(20)


def test_another_name_alone_asks_nothing(client: Any, saved: Any, live: Any) -> None:
    form = form_in(client.get(address_of(saved))) | {"name": "Warmer"}
    assert client.post(address_of(saved), form).status_code == 302


def test_criteria_that_no_segment_follows_are_saved_at_once(client: Any, saved: Any) -> None:
    assert client.post(address_of(saved), typed(client, saved)).status_code == 302


def test_segments_follow_over_other_criteria_and_segments(saved: Any, live: Any, user: Any) -> None:
    now = clock()
    over = create_saved(name="Over", criteria=referring("saved", saved.pk), now=now, by=user)
    calculated("Deep", now=now, criteria=referring("saved", over.pk))
    calculated("Now", now=now, criteria=referring("segment", live.pk, at="now"))
    calculated("Later", now=now, criteria=referring("segment", live.pk))
    calculated("Apart", now=now)
    found = {each.segment.name: each.direct for each in followers(("saved", saved.pk))}
    assert found == {"Followers": True, "Deep": True, "Now": True, "Later": False}
    rows = {row.segment.name: row for row in effect_of_saved(saved, above(35), now=now).rows}
    assert {name: (row.joins, row.leaves, row.stays) for name, row in rows.items()} == {
        "Followers": (0, 3, 2), "Deep": (0, 3, 2), "Now": (0, 3, 2), "Later": (None, None, None),
    }  # fmt: skip
    assert rows["Later"].later


def test_many_segments_are_named_but_not_all_counted(saved: Any) -> None:
    for number in range(COUNTED + 2):
        create(f"Segment {number}", criteria=referring("saved", saved.pk), now=clock())
    rows = effect_of_saved(saved, above(35), now=clock()).rows
    assert len(rows) == COUNTED + 2
    assert sum(row.joins is not None for row in rows) == COUNTED


def test_a_segment_that_can_no_longer_be_calculated_says_why(client: Any, saved: Any, live: Any) -> None:
    broken = {"all": [{"kind": "attribute", "attribute": "gone", "op": "empty"}]}
    [row] = effect_of_saved(saved, broken, now=clock()).rows
    assert row.problem
    assert row.joins is None


def test_changed_criteria_of_a_segment_name_the_actions_of_those_that_refer_to_it(client: Any, user: Any) -> None:
    """Over saved criteria as well; its own actions stand apart."""
    scored(3)
    now = clock()
    first = calculated("First", now=now)
    over = create_saved(name="Over", criteria=referring("segment", first.pk), now=now, by=user)
    second = ready_segment(BitMap(), at=now, name="Second", refreshes=True)
    second.version.criteria = referring("saved", over.pk)
    second.version.save()
    tag = factories.tag("VIP")
    plan_action(
        second, kind="add_tag", params={"tag": tag.pk, "name": "VIP"}, every_refresh=True, now=now, by=None
    )  # fmt: skip
    form = form_in(client.get(f"/segments/{first.pk}/criteria/"), "/criteria/")
    text = client.post(f"/segments/{first.pk}/criteria/", form | {"then": "effect"}).content.decode()
    assert "Second: Add tag VIP" in text
    assert "No planned or recurring action is affected." in text
