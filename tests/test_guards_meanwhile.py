"""Nobody's edit is overwritten unseen: not by a draft that was kept, not in saved criteria; none comes back."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from segmentation import saved_views
from segmentation.models import Draft, SavedCriteria, Segment
from segmentation.saved import create_saved, delete_saved, update_saved
from segmentation.services import edit_criteria
from tests.support.posted import fields_of
from tests.support.segments import calculated, scored

pytestmark = pytest.mark.django_db
NARROW = {"kind": "field", "field": "lead_score", "op": "gt", "value": 90}


@pytest.fixture
def people(make_user: Any) -> tuple[Any, Any]:
    return make_user("marketer"), make_user("marketer", name="Barbara")


def typed(html: str, value: str) -> Any:
    """The fields of the page, another number in its one criterion."""
    data = fields_of(html)
    data[next(name for name in data if name.endswith("-value"))] = value
    return data


def kept(client: Any, address: str) -> None:
    """Opens the page, types another number and lets the live count keep it as a draft."""
    answer = client.post(reverse("segmentation:count"), dict(typed(client.get(address).content.decode(), "21").lists()))
    assert (answer.status_code, Draft.objects.count()) == (200, 1), answer.content.decode()


def test_a_restored_draft_does_not_overwrite_what_was_saved_since_it_was_begun(client_for: Any, people: Any) -> None:
    me, barbara = people
    scored(3)
    scored(2, 99)
    segment = calculated(now=clock(), by=me)
    address, client = reverse("segmentation:criteria_edit", args=[segment.pk]), client_for(me)
    kept(client, address)
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
    kept(client, address)
    draft = Draft.objects.get()
    del draft.form["revision"]
    draft.save()
    assert re.search(r'name="revision" value="0"', client.get(address).content.decode())


# --- saved criteria ----------------------------------------------------------------------------------------------
def saved_by(user: Any) -> SavedCriteria:
    wide = {"all": [{"kind": "field", "field": "lead_score", "op": "gt", "value": 20}]}
    return create_saved(name="Warm", criteria=wide, now=clock(), by=user)


def test_saved_criteria_are_not_overwritten_unseen(client_for: Any, people: Any) -> None:
    me, barbara = people
    saved = saved_by(me)
    address, mine = reverse("segmentation:saved_edit", args=[saved.pk]), client_for(me)
    theirs = client_for(barbara)
    opened = fields_of(mine.get(address).content.decode())
    narrowed = typed(theirs.get(address).content.decode(), "90")
    assert theirs.post(address, dict(narrowed.lists())).status_code == 302

    answer = mine.post(address, dict(opened.lists()) | {"name": "Warmer"})
    assert answer.status_code == 422
    assert "Somebody changed these criteria" in answer.content.decode()
    saved.refresh_from_db()
    assert (saved.name, saved.revision) == ("Warm", 2)
    assert "90" in str(saved.criteria)

    again = fields_of(answer.content.decode())
    assert again["name"] == "Warmer"
    assert mine.post(address, dict(again.lists())).status_code == 302
    saved.refresh_from_db()
    assert (saved.name, saved.revision) == ("Warmer", 3)


def test_a_draft_of_saved_criteria_is_not_saved_over_a_later_edit(client_for: Any, people: Any) -> None:
    me, _barbara = people
    saved = saved_by(me)
    address, client = reverse("segmentation:saved_edit", args=[saved.pk]), client_for(me)
    kept(client, address)
    update_saved(saved, name="Warm", criteria=NARROW, revision=1, now=clock())
    restored = fields_of(client.get(address).content.decode())
    assert client.post(address, dict(restored.lists())).status_code == 422


def test_deleted_saved_criteria_do_not_come_back(client_for: Any, people: Any, monkeypatch: Any) -> None:
    me, _barbara = people
    saved = saved_by(me)
    address, client = reverse("segmentation:saved_edit", args=[saved.pk]), client_for(me)
    opened = fields_of(client.get(address).content.decode())

    def deleted_first(found: SavedCriteria, **more: Any) -> None:
        delete_saved(SavedCriteria.objects.get(pk=found.pk))
        update_saved(found, **more)

    monkeypatch.setattr(saved_views, "update_saved", deleted_first)
    assert client.post(address, dict(opened.lists())).status_code == 404
    assert not SavedCriteria.objects.exists()
