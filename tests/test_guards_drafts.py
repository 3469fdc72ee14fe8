"""Drafts are bounded: known pages, known fields, so large, so many, so old."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from jobs.registry import PURGES
from segmentation.builder import drafts
from segmentation.models import Draft

pytestmark = pytest.mark.django_db
SHAPE = '{"blocks":[{"id":"n2","join":"all","of":[{"id":"n1"}]}],"last":2}'


def count(client: Any, **more: str) -> None:
    data = {"place": "segment:new", "shape": SHAPE, "n1-what": "field:lead_score", "name": "Warm"} | more
    assert client.post(reverse("segmentation:count"), data).status_code == 200


def test_only_fields_of_the_form_are_kept(client_for: Any, analyst: Any) -> None:
    count(client_for(analyst), junk="x" * 1000, revision="3", csrfmiddlewaretoken="secret")
    assert Draft.objects.get().form.keys() == {"shape", "n1-what", "name", "revision"}


@pytest.mark.parametrize("place", ["", "unknown:0", "segment:x", "saved:0", "tags:1", "segment:" + "9" * 19])
def test_only_pages_there_are_keep_drafts(place: str, client_for: Any, analyst: Any) -> None:
    count(client_for(analyst), place=place)
    assert not Draft.objects.exists()


def test_a_draft_too_large_is_not_kept(client_for: Any, analyst: Any) -> None:
    count(client_for(analyst), name="x" * (drafts.MAX_CHARACTERS + 1))
    assert not Draft.objects.exists()


def test_the_oldest_drafts_of_a_user_go(client_for: Any, analyst: Any, marketer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(drafts, "MOST", 3)
    count(client_for(marketer), place="segment:1")
    client = client_for(analyst)
    for number in range(1, 6):
        count(client, place=f"segment:{number}")
    kept = Draft.objects.filter(user=analyst).order_by("pk").values_list("place", flat=True)
    assert list(kept) == ["segment:3", "segment:4", "segment:5"]
    assert Draft.objects.filter(user=marketer).count() == 1


def test_a_purge_removes_drafts_of_a_month_ago(client_for: Any, analyst: Any) -> None:
    client, now = client_for(analyst), clock()
    count(client, place="segment:1")
    count(client, place="segment:2")
    Draft.objects.filter(place="segment:1").update(kept_at=now - timedelta(days=31))
    assert drafts.remove_old_drafts in PURGES
    drafts.remove_old_drafts(now)
    assert Draft.objects.get().place == "segment:2"
