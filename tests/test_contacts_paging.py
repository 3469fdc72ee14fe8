"""Pages of a list whose members are known are those that sorting in the database would give."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts import paging
from contacts.answering import Answers, answers
from contacts.models import Contact
from contacts.paging import Asked, page_of
from mirror import orders
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PER_PAGE", 3)
    monkeypatch.setattr(paging, "FEW", 4)
    orders._kept.clear()


@pytest.fixture
def people() -> list[int]:
    return [factories.contact(last_name=f"N{at % 7}", lead_score=at % 5).pk for at in range(40)]


def sorted_ids(members: BitMap, asked: Asked) -> list[int]:
    """As the database sorts them."""
    sign = "-" if asked.descending else ""
    rows = Contact.objects.filter(pk__in=members).order_by(f"{sign}{asked.order}", f"{sign}id")
    return list(rows.values_list("pk", flat=True))


def check(members: BitMap, asked: Asked, state: Answers) -> None:
    found = page_of(members, asked, state)
    assert found.total == len(members)
    first = (found.number - 1) * paging.PER_PAGE
    assert found.number == min(asked.number, max(1, -(-len(members) // paging.PER_PAGE)))
    assert found.ids == sorted_ids(members, asked)[first : first + paging.PER_PAGE]


def check_all(people: list[int], order: str, *, descending: bool) -> None:
    with answers(NOW) as state:
        for members in (BitMap(), BitMap(people[:2]), BitMap(people[::3]), BitMap(people[30:]), BitMap(people)):
            for number in (1, 2, 5, 13, 99):
                check(members, Asked(order, descending=descending, number=number), state)


@pytest.mark.parametrize("order", ["sort_name", "email", "lead_score", "created_at"])
@pytest.mark.parametrize("descending", [False, True])
def test_each_page_is_the_one_that_sorting_gives(people: list[int], order: str, *, descending: bool) -> None:
    check_all(people, order, descending=descending)


@pytest.mark.parametrize("order", ["sort_name", "lead_score"])
@pytest.mark.parametrize("descending", [False, True])
def test_so_it_is_after_some_have_changed_come_and_gone(people: list[int], order: str, *, descending: bool) -> None:
    with answers(NOW) as state:  # kept as it is now, whatever this transaction has written itself
        kept = orders._read(order)
    orders._kept[connection.schema_name, orders._present()[1], order] = kept
    for at in (0, 3, 17, 39):
        Contact.objects.filter(pk=people[at]).update(last_name="N3", lead_score=at)
    Contact.objects.filter(pk__in=[people.pop(20), people.pop(5)]).delete()
    people += [factories.contact(last_name=name, lead_score=3).pk for name in ("A", "N3", "Z")]
    with answers(NOW) as state:
        assert state.order(order).ids is kept.ids, "a case that tells nothing"
        assert len(state.order(order).moved) > 3
    check_all(people, order, descending=descending)


def test_an_order_that_too_many_have_left_is_read_anew(people: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_MOVED", 3)
    with answers(NOW):
        orders._kept[connection.schema_name, orders._present()[1], "lead_score"] = orders._read("lead_score")
    Contact.objects.filter(pk__in=people[:4]).update(lead_score=9)
    with answers(NOW) as state:
        assert not state.order("lead_score").moved
    check_all(people, "lead_score", descending=False)


def test_a_page_of_many_is_found_without_sending_the_members(people: list[int]) -> None:
    with answers(NOW) as state:
        page_of(BitMap(people), Asked("created_at", descending=True, number=1), state)
        with CaptureQueriesContext(connection) as captured:
            page_of(BitMap(people), Asked("created_at", descending=True, number=1), state)
    assert all("ANY (" not in query["sql"] or "written" in query["sql"] for query in captured)


@pytest.mark.parametrize(
    ("earlier", "now", "covered"),
    [
        ("10:10:", "10:10:", True),
        ("10:10:", "10:12:10", True),  # 10 began later
        ("8:10:8", "8:10:8", True),
        ("8:10:8", "10:10:", True),
        ("8:10:8", "8:9:8", False),  # 9 has ended in the earlier one only
        ("10:10:", "9:10:9", False),
        ("5:10:5,7", "7:10:7", True),
        ("5:10:7", "5:10:5", False),
    ],
)
def test_what_one_snapshot_saw_another_may_see_too(earlier: str, now: str, *, covered: bool) -> None:
    assert orders.Seen.of(now).covers(orders.Seen.of(earlier)) == covered


def test_what_is_not_committed_is_not_kept(people: list[int]) -> None:
    with answers(NOW) as state:
        state.order("email")
    assert not orders._kept


def test_an_empty_list_has_one_page_and_nobody(account: Any) -> None:
    with answers(NOW) as state:
        found = page_of(BitMap(), Asked("email", descending=False, number=7), state)
    assert (found.total, found.number, found.ids) == (0, 1, [])
