"""What nobody's browser sends, and what goes a moment too early: refused in words, never a failure of ours."""

import importlib
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now as clock

from segmentation.models import Calculation, Segment
from tests import factories
from tests.support.audiences import make_contacts, ready_segment
from tests.support.posted import fields_of
from tests.support.segments import calculated

pytestmark = pytest.mark.django_db
SHAPE = '{"blocks":[{"id":"n2","join":"all","of":[{"id":"n1"}]}],"last":2}'
MALFORMED = "http://[::1"


@pytest.fixture
def client(client_for: Any, owner: Any) -> Any:
    client = client_for(owner)
    client.raise_request_exception = False
    return client


# --- odd requests --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["exports:files", "segmentation:saved", "segmentation:ready", "contacts:manager"])
def test_a_null_character_in_a_search_is_no_failure(name: str, client: Any) -> None:
    assert client.get(reverse(name), {"q": "\x00"}).status_code in (200, 422)


@pytest.mark.parametrize(
    "more",
    [
        {"do": "insert_copy", "insert": "9" * 5000},
        {"do": "insert_live", "insert": str(2**63)},
        {"do": "insert_copy", "insert": "²"},
        {"do": "drop:n1:what:" + "9" * 5000, "n1-what": "tag"},
        {"do": "drop:n1:what:²", "n1-what": "tag"},
        {"do": "refresh", "place": "segment:" + "9" * 30},
        {"do": "refresh", "place": "segment:²"},
    ],
)
def test_numbers_without_end_are_refused(more: dict[str, str], client: Any) -> None:
    answer = client.post(reverse("segmentation:builder"), {"shape": SHAPE, **more})
    assert answer.status_code in (200, 422)


def test_a_malformed_referer_leads_to_the_front_page_after_signing_in(client_for: Any) -> None:
    answer = client_for(None).post(reverse("tags:tags"), headers={"Referer": MALFORMED})
    assert answer["Location"] == f"{reverse('users:login')}?next=/"


def test_a_malformed_address_of_a_page_leads_to_the_front_page(client_for: Any) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": MALFORMED}
    answer = client_for(None).get(reverse("tags:tags"), headers=headers)
    assert answer["HX-Redirect"] == f"{reverse('users:login')}?next=/"


# --- gone meanwhile -------------------------------------------------------------------------------------------------
def remove_segment(segment: Segment) -> None:
    Segment.objects.filter(pk=segment.pk).update(latest=None, version=None)
    Calculation.objects.filter(segment=segment.pk).delete()
    Segment.objects.filter(pk=segment.pk).delete()


def remove(row: Any) -> None:
    type(row).objects.filter(pk=row.pk).delete()


def gone_after(monkeypatch: Any, door: str, remove: Any) -> None:
    """Has the row go as soon as the view's door has found it."""
    module, _dot, name = door.rpartition(".")
    views = importlib.import_module(module)
    found = getattr(views, name)

    def then_gone(*args: Any, **more: Any) -> Any:
        row = found(*args, **more)
        remove(row)
        return row

    monkeypatch.setattr(views, name, then_gone)


@pytest.mark.parametrize("page", ["delete", "refresh", "cancel", "settings", "criteria_edit"])
def test_a_segment_that_goes_meanwhile_is_not_found(page: str, client: Any, owner: Any, monkeypatch: Any) -> None:
    segment = calculated(now=clock(), by=owner)
    address, data = reverse(f"segmentation:{page}", args=[segment.pk]), {}
    if page in ("settings", "criteria_edit"):
        data = dict(fields_of(client.get(address).content.decode()).lists())
    if page == "settings":
        data |= {"name": "Other"}
    if page == "criteria_edit":
        data[next(name for name in data if name.endswith("-value"))] = "50"
        data = dict(fields_of(client.post(address, data).content.decode()).lists()) | {"then": "save"}
    door = "edit.own_segment_for" if page in ("settings", "criteria_edit") else "segment.segment_for"
    gone_after(monkeypatch, f"segmentation.views.{door}", remove_segment)
    assert client.post(address, data).status_code == 404


def test_a_segment_that_goes_while_an_action_is_added(client: Any, monkeypatch: Any) -> None:
    segment = ready_segment(make_contacts(2), at=clock())
    address = reverse("actions:add", args=[segment.pk])
    data = {"kind": "add_tag", "tags": "vip", "when": "once", "audience": "all"}
    asked = fields_of(client.post(address, data).content.decode())
    data |= dict(asked.lists()) | {"confirmed": "yes"}
    gone_after(monkeypatch, "actions.views.segment_for", remove_segment)
    assert client.post(address, data).status_code == 404


@pytest.mark.parametrize("page", ["delete", "rename"])
def test_a_tag_that_goes_meanwhile_is_not_found(page: str, client: Any, monkeypatch: Any) -> None:
    tag = factories.tag("VIP")
    gone_after(monkeypatch, "tags.views.tags.tag_for", remove)
    assert client.post(f"/tags/{tag.pk}/{page}/", {"name": "OTHER"}).status_code == 404


def test_a_contact_that_goes_while_edited_is_not_found(client: Any, monkeypatch: Any) -> None:
    person = factories.contact()
    address = reverse("contacts:edit", args=[person.pk])
    data = dict(fields_of(client.get(address).content.decode()).lists()) | {"first_name": "New"}
    gone_after(monkeypatch, "contacts.views.contacts.contact_for", remove)
    assert client.post(address, data).status_code == 404


def test_a_page_for_reading_that_misses_a_row_is_a_failure(client: Any, monkeypatch: Any) -> None:
    segment = ready_segment(make_contacts(1), at=clock())

    def lost(*_args: Any, **_more: Any) -> None:
        raise Segment.DoesNotExist

    monkeypatch.setattr("segmentation.views.segment.segment_for", lost)
    assert client.get(reverse("segmentation:preview", args=[segment.pk])).status_code == 500
