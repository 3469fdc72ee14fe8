"""Pages of a list whose members are known are those that the database would give."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts import paging
from contacts.models import Contact
from contacts.paging import Asked, filtered_ids, known_ids
from contacts.selectors import restricted
from segmentation.services import fixed_list
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PER_PAGE", 3)
    monkeypatch.setattr(paging, "FEW", 4)


@pytest.fixture
def people() -> list[int]:
    return [factories.contact(last_name=f"N{at % 7}", lead_score=at % 5).pk for at in range(40)]


@pytest.mark.parametrize("most_read", [0, 16, 200])
@pytest.mark.parametrize("order", ["sort_name", "lead_score", "created_at"])
@pytest.mark.parametrize("descending", [False, True])
def test_each_page_is_the_one_that_sorting_gives(
    people: list[int], monkeypatch: pytest.MonkeyPatch, order: str, most_read: int, *, descending: bool
) -> None:
    monkeypatch.setattr(paging, "MOST_READ", most_read)
    everybody = Contact.objects.all()
    for members in (BitMap(), BitMap(people[:2]), BitMap(people[::3]), BitMap(people[30:]), BitMap(people)):
        for number in (1, 2, 5, 13, 99):
            asked = Asked(order, descending=descending, number=number)
            plain = filtered_ids(restricted(everybody, members), asked)
            assert known_ids(everybody, asked, members) == plain


def test_a_full_page_of_many_is_one_query_without_sending_the_members(people: list[int]) -> None:
    with CaptureQueriesContext(connection) as captured:
        known_ids(Contact.objects.all(), Asked("created_at", descending=True, number=1), BitMap(people))
    assert len(captured) == 1
    assert "ANY" not in captured.captured_queries[0]["sql"]


def test_the_fast_way_is_not_taken_for_who_may_not_see_everybody(
    people: list[int], client_for: Any, marketer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fixed_list("All", BitMap(people), now=NOW, by=marketer)
    monkeypatch.setattr("contacts.listing.visible", lambda _user: Contact.objects.filter(pk__in=people[:5]))
    page = client_for(marketer).get(f"/contacts/?list={made.pk}")
    assert page.context["total"] == 5
