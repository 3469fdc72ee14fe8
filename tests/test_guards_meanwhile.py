"""Nobody's edit is overwritten unseen: not by a draft that was kept, not in saved criteria, not by bringing one back."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from segmentation.models import Draft, Segment
from segmentation.services import edit_criteria
from tests.support.posted import fields_of
from tests.support.segments import calculated, scored

pytestmark = pytest.mark.django_db
NARROW = {"kind": "field", "field": "lead_score", "op": "gt", "value": 90}
COUNT = "/criteria/count"


@pytest.fixture
def people(make_user: Any) -> tuple[Any, Any]:
    return make_user("marketer"), make_user("marketer", name="Barbara")


def typed(html: str, value: str) -> Any:
    """The fields of the page, another number in its one criterion."""
    data = fields_of(html)
    data[next(name for name in data if name.endswith("-value"))] = value
    return data


def test_a_restored_draft_does_not_overwrite_what_was_saved_since_it_was_begun(client_for: Any, people: Any) -> None:
    me, barbara = people
    scored(3)
    scored(2, 99)
    segment = calculated(now=clock(), by=me)
    address, client = reverse("segmentation:criteria_edit", args=[segment.pk]), client_for(me)
    client.post(COUNT, dict(typed(client.get(address).content.decode(), "21").lists()))
    edit_criteria(segment, criteria=NARROW, revision=segment.revision, now=clock(), by=barbara)

    restored = fields_of(client.get(address).content.decode())
    shown = fields_of(client.post(address, dict(restored.lists())).content.decode())
    assert "shown" in shown
    answer = client.post(address, dict(shown.lists()) | {"then": "save"})

    assert answer.status_code == 422
    assert "Barbara" in answer.content.decode()
    assert Segment.objects.select_related("version").get().version.criteria == NARROW  # type: ignore[union-attr]
    again = fields_of(answer.content.decode())
    assert client.post(address, dict(again.lists()) | {"then": "save"}).status_code == 302


def test_a_draft_without_a_revision_is_taken_for_an_old_one(client_for: Any, people: Any) -> None:
    me, _barbara = people
    segment = calculated(now=clock(), by=me)
    address, client = reverse("segmentation:criteria_edit", args=[segment.pk]), client_for(me)
    client.post(COUNT, dict(typed(client.get(address).content.decode(), "21").lists()))
    draft = Draft.objects.get()
    del draft.form["revision"]
    draft.save()
    assert re.search(r'name="revision" value="0"', client.get(address).content.decode())
