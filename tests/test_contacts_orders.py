"""A kept order is right whatever was under way when it was read and whoever commits later: needs real transactions."""

import random
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from pyroaring import BitMap

from contacts import paging
from contacts.answering import answers
from contacts.models import Contact
from contacts.paging import Asked, page_of
from mirror import orders
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("committed")
COLUMNS = ["sort_name", "email", "lead_score", "created_at"]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PER_PAGE", 4)
    monkeypatch.setattr(paging, "FEW", 0)
    orders._kept.clear()


@pytest.fixture
def writers(account: Any) -> Iterator[list[Any]]:
    """Connections of their own, whose transactions stay open until they are told to end."""
    made = []
    for _ in range(3):
        other = connection.copy()
        other.set_tenant(account)
        other.set_autocommit(False)
        made.append(other)
    yield made
    for other in made:
        other.rollback()
        other.close()


def write(other: Any, statement: str, *params: Any) -> None:
    with other.cursor() as cursor:
        cursor.execute(statement, params)


def check(column: str, *, descending: bool = False) -> None:
    """Every page of all contacts, as this moment's snapshot has them."""
    with answers(NOW) as state:
        sign = "-" if descending else ""
        rows = list(Contact.objects.order_by(f"{sign}{column}", f"{sign}id").values_list("pk", flat=True))
        for number in range(1, -(-len(rows) // 4) + 1):
            found = page_of(BitMap(rows), Asked(column, descending=descending, number=number), state)
            assert found.ids == rows[4 * number - 4 : 4 * number]


def elsewhere(account: Any, work: Callable[[], None]) -> None:
    """Does something in a thread, which has a connection and snapshots of its own."""
    failed: list[BaseException] = []

    def run() -> None:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed on
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def test_a_change_under_way_when_the_order_was_read_counts_once_it_is_committed(writers: list[Any]) -> None:
    people = [factories.contact(lead_score=at).pk for at in range(12)]
    write(writers[0], "UPDATE contacts_contact SET lead_score = 99 WHERE id = %s", people[3])
    write(writers[1], "UPDATE contacts_contact SET lead_score = 50 WHERE id = %s", people[4])
    writers[1].commit()  # numbered later, committed earlier
    check("lead_score")
    kept = list(orders._kept.values())
    writers[0].commit()
    check("lead_score")
    assert list(orders._kept.values()) == kept, "a case that tells nothing: it was read anew"


def test_an_older_snapshot_does_not_take_an_order_that_has_seen_more(writers: list[Any], account: Any) -> None:
    people = [factories.contact(lead_score=at).pk for at in range(12)]
    with answers(NOW) as state:
        before = list(Contact.objects.order_by("lead_score", "id").values_list("pk", flat=True))
        write(writers[0], "UPDATE contacts_contact SET lead_score = 99 WHERE id = %s", people[3])
        writers[0].commit()
        elsewhere(account, lambda: check("lead_score"))
        assert len(orders._kept) == 1
        newer = next(iter(orders._kept.values()))
        found = page_of(BitMap(before), Asked("lead_score", descending=False, number=1), state)
        assert found.ids == before[:4]
    assert next(iter(orders._kept.values())) is newer, "what has seen more is kept"
    check("lead_score")


def test_what_is_rolled_back_was_never_there(writers: list[Any]) -> None:
    people = [factories.contact(lead_score=at).pk for at in range(12)]
    write(writers[0], "UPDATE contacts_contact SET lead_score = 99 WHERE id = %s", people[3])
    check("lead_score")
    writers[0].rollback()
    check("lead_score")
    write(writers[0], "UPDATE contacts_contact SET lead_score = -1 WHERE id = %s", people[3])
    writers[0].commit()
    check("lead_score")


@pytest.mark.parametrize("seed", range(3))
def test_so_it_is_for_any_turns_of_writers_and_readers(
    writers: list[Any], account: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MOST_MOVED", 12)
    chance = random.Random(seed)
    people = [factories.contact(lead_score=at % 5, last_name=f"N{at % 7}").pk for at in range(30)]
    kept = 0
    for _ in range(120):
        mine = chance.randrange(3)
        other, pk = writers[mine], chance.choice(people[mine::3])  # nobody waits for another's row
        match chance.randrange(8):
            case 0 | 1:
                score, name = chance.randrange(5), f"N{chance.randrange(7)}"
                write(
                    other, "UPDATE contacts_contact SET lead_score = %s, last_name = %s WHERE id = %s", score, name, pk
                )
            case 2:
                write(
                    other,
                    "INSERT INTO contacts_contact (first_name, last_name, status, lead_score, source, attributes,"
                    " created_at, updated_at) VALUES ('', %s, 'subscribed', %s, '', '{}', %s, %s)",
                    f"N{chance.randrange(7)}", chance.randrange(5), NOW, NOW,
                )  # fmt: skip
            case 3:
                write(other, "DELETE FROM contacts_contact WHERE id = %s", pk)
            case 4:
                other.commit()
            case 5:
                other.rollback()
            case 6:
                held = orders._kept.copy()
                check(chance.choice(COLUMNS), descending=chance.random() < 0.5)
                kept += bool(held) and held == orders._kept
            case 7:
                column = chance.choice(COLUMNS)
                with answers(NOW):
                    Contact.objects.first()  # the snapshot is of now
                    write(other, "UPDATE contacts_contact SET lead_score = 7 WHERE id = %s", pk)
                    other.commit()
                    elsewhere(account, lambda column=column: check(column))
                    check(column)
    assert kept, "a case that tells nothing"
