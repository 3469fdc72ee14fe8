"""Cut-offs that are kept for explaining one contact: taken again only while they are what all orders come to."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django_tenants.utils import schema_context
from pyroaring import BitMap

from activities.models import Order, OrderStatus
from contacts.models import Contact
from mirror.compacting import compact
from mirror.reading import Reader
from segmentation.criteria import Context, parse
from segmentation.criteria.buyers import RANKS, buyers, cut_offs, measured, ranked
from segmentation.engine import evaluate, snapshot
from tests import factories
from tests.factories import NOW
from tests.population import ZONES

ZONE = ZONES[0]
READS: list[Any] = []


@pytest.fixture(autouse=True)
def _reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read of rows is noted: of whom."""
    READS.clear()
    select = Reader.select

    def noted(self: Reader, rows: Any, query: str, params: Any = ()) -> Any:
        READS.append(self.only)
        return select(self, rows, query, params)

    monkeypatch.setattr(Reader, "select", noted)


@pytest.fixture
def people(committed: None, account: Any) -> list[int]:
    """Five buyers, each with one order more than the one before, more lately and for more."""
    made = [factories.contact() for _ in range(5)]
    for number, contact in enumerate(made):
        for order in range(number + 1):
            factories.order(contact, total=10 * (number + 1), at=NOW - timedelta(days=10 - number, hours=order))
    return [contact.pk for contact in made]


def elsewhere(work: Callable[[], Any]) -> None:
    """Done by another connection meanwhile."""
    schema, failed = connection.schema_name, []  # type: ignore[attr-defined]

    def run() -> None:
        try:
            with schema_context(schema):
                work()
        except Exception as error:  # noqa: BLE001 - raised below
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def counted(now: datetime = NOW) -> dict[str, list[int]]:
    """The cut-offs as one contact's explanation has them: equal to those that all orders come to, kept or not."""
    READS.clear()
    alone = Context(now=now, zone=ZONE, only=BitMap([1]))
    with snapshot() if not connection.in_atomic_block else nullcontext():
        found = {name: cut_offs(alone, name).tolist() for name in RANKS}
        reads = list(READS)
        every = Context(now=now, zone=ZONE)
        assert found == {name: ranked(measured(every, name).values, RANKS[name]).tolist() for name in RANKS}
    READS[:] = reads
    return found


def test_what_has_not_changed_is_not_read_again(people: list[int]) -> None:
    first = counted()
    assert READS
    assert counted() == first
    assert counted(NOW + timedelta(days=400)) == first
    assert not READS


def test_what_another_run_of_the_server_kept_is_read_again(people: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    first = counted()
    monkeypatch.setattr("mirror.reading.RUN", "'another'")
    assert counted() == first
    assert READS


def test_of_a_group_all_is_read_once_and_then_that_contact_alone(people: list[int]) -> None:
    def explained() -> int:
        READS.clear()
        with snapshot():
            found = buyers(Context(now=NOW, zone=ZONE, only=BitMap(people[-1:])))
        assert (found.recency, found.frequency, found.monetary) == ([5], [5], [5])
        return sum(only is None for only in READS)

    assert explained() == 2  # the orders, and who is there
    assert explained() == 0


def ordered(people: list[int]) -> None:
    factories.order(Contact.objects.get(pk=people[0]), total=500, at=NOW)


def cancelled(people: list[int]) -> None:
    Order.objects.filter(contact_id=people[0]).update(status=OrderStatus.CANCELLED)


def dearer(people: list[int]) -> None:
    Order.objects.filter(contact_id=people[0]).update(total=1000)


def erased(people: list[int]) -> None:
    Contact.objects.get(pk=people[1]).delete()


CHANGES = pytest.mark.parametrize("change", [ordered, cancelled, dearer, erased])


@CHANGES
@pytest.mark.parametrize("filed", [False, True], ids=["beyond the cut", "in files"])
def test_changed_orders_are_counted_anew(people: list[int], change: Callable[[list[int]], None], filed: bool) -> None:
    if filed:
        for unit in ("order", "contact"):
            assert compact(unit, now=NOW, rebuild=True).rows
    before = counted()
    change(people)
    assert counted() != before


@CHANGES
def test_an_older_snapshot_keeps_its_own(people: list[int], change: Callable[[list[int]], None]) -> None:
    before = counted()
    with snapshot():
        context = Context(now=NOW, zone=ZONE, only=BitMap(people[:1]))
        assert context.everyone  # the snapshot is taken now
        elsewhere(lambda: change(people))
        elsewhere(counted)
        assert {name: cut_offs(context, name).tolist() for name in RANKS} == before
    assert counted() != before


def test_an_order_ahead_counts_from_its_moment_on(people: list[int]) -> None:
    ahead = NOW + timedelta(days=3)
    factories.order(Contact.objects.get(pk=people[0]), total=500, at=ahead)
    before = counted()
    assert counted(ahead - timedelta(microseconds=1)) == before
    assert not READS
    after = counted(ahead)
    assert after != before
    assert counted(ahead + timedelta(days=1)) == after
    assert not READS
    assert counted() == before


def test_at_an_earlier_time_fewer_orders_count(people: list[int]) -> None:
    after = counted()
    before = counted(NOW - timedelta(days=7))
    assert before != after
    assert counted() == after


def test_an_order_with_a_time_ahead_that_is_taken_back_never_counts(people: list[int]) -> None:
    ahead = NOW + timedelta(days=3)
    order = factories.order(Contact.objects.get(pk=people[0]), total=500, at=ahead)
    before = counted()
    order.delete()
    assert counted(ahead) == before


def test_another_account_has_its_own(committed: None, account: Any, other_account: Any) -> None:
    with transaction.atomic():  # of one writer: their numbers are equal
        factories.order(factories.contact(), total=5)
        with schema_context(other_account.schema_name):
            factories.order(factories.contact(), total=7)
    assert counted()["monetary"] == [50_000] * 6
    with schema_context(other_account.schema_name):
        assert counted()["monetary"] == [70_000] * 6


def test_what_a_transaction_has_written_itself_is_never_kept(people: list[int]) -> None:
    before = counted()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for total in (1000, 2000):  # of one writer: the rows cannot be told apart by their numbers
            Order.objects.filter(contact_id=people[0]).update(total=total)
            assert counted() != before
            assert READS
        transaction.set_rollback(True)
    assert counted() == before


def test_a_transaction_that_sees_every_commit_keeps_nothing(people: list[int]) -> None:
    for _ in range(2):
        with transaction.atomic():
            counted()
            assert READS


def test_the_members_of_everybody_are_never_made_of_what_is_kept(
    people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted()
    monkeypatch.delattr("segmentation.criteria.buyers.cache")
    for tree in ({"kind": "spender", "band": "low"}, {"kind": "rfm", "groups": ["lost"]}):
        assert evaluate(parse(tree), context=Context(now=NOW, zone=ZONE)).count
