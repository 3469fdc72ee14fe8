"""What all buyers come to, from files once and from newer rows each time: always what all orders come to."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from pyroaring import BitMap

from activities.models import Order, OrderStatus
from contacts.id_sets import id_array
from contacts.models import Contact
from mirror import files
from mirror.compacting import compact
from mirror.models import File
from mirror.reading import Reader
from segmentation.criteria import Context
from segmentation.criteria import standing as module
from segmentation.criteria.buyers import RANKS, all_buyers, buyers, cut_offs, measured, ranked
from segmentation.criteria.standing import Measures, standing
from segmentation.engine import snapshot
from tests import factories
from tests.factories import NOW
from tests.support.asking import WARSAW, ago

pytestmark = pytest.mark.usefixtures("committed", "account")
LATER = NOW + timedelta(hours=6)  # some orders are filed that come between


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    module._kept.clear()
    monkeypatch.setattr("segmentation.criteria.buyers.cache.get_many", lambda _keys: {})


def file_orders() -> None:
    for unit in ("order", "contact"):
        compact(unit, now=NOW)


def alone(now: Any = NOW) -> Context:
    return Context(now=now, zone=WARSAW, only=BitMap([1]))


def assert_plain(now: Any = NOW) -> Measures | None:
    """What stands is what all orders come to, if it says anything; the cut-offs are those in any case."""
    with snapshot():
        context, every = alone(now), Context(now=now, zone=WARSAW)
        found = standing(context)
        for name in RANKS:
            plain = measured(every, name)
            assert cut_offs(context, name).tolist() == ranked(plain.values, RANKS[name]).tolist()
            if found is not None:
                own = dict(zip(found.ids.tolist(), getattr(found, name).tolist(), strict=True))
                assert own == dict(zip(plain.ids.tolist(), plain.values.tolist(), strict=True))
    return found


class Shop:
    """Orders that come, change, move and go."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.people = [factories.contact() for _ in range(12)]

    def person(self) -> Contact:
        return self.random.choice(self.people)

    def some(self) -> Any:
        ids = list(Order.objects.values_list("pk", flat=True))
        return Order.objects.filter(pk__in=self.random.sample(ids, min(len(ids), self.random.randint(1, 3))))

    def ordered(self) -> None:
        for _ in range(self.random.randint(1, 4)):
            at = NOW + timedelta(hours=self.random.randint(-2000, 12))
            status = self.random.choice([OrderStatus.PAID, OrderStatus.NEW, OrderStatus.REFUNDED])
            factories.order(
                self.person(), total=self.random.choice([0, 5, 10, "99999999999999.9999"]), at=at, status=status
            )

    def cancelled(self) -> None:
        self.some().update(status=OrderStatus.CANCELLED)

    def paid(self) -> None:
        self.some().update(status=OrderStatus.PAID)

    def dearer(self) -> None:
        self.some().update(total=self.random.randint(1, 50))

    def postponed(self) -> None:
        self.some().update(at=NOW + timedelta(hours=self.random.randint(-50, 12)))

    def moved(self) -> None:
        self.some().update(contact=self.person())

    def taken_back(self) -> None:
        self.some().delete()

    def erased(self) -> None:
        self.people.pop(self.random.randrange(len(self.people))).delete()
        self.people.append(factories.contact())


STEPS: list[tuple[Callable[[Shop], Any], int]] = [
    (Shop.ordered, 8), (Shop.cancelled, 3), (Shop.paid, 3), (Shop.dearer, 3), (Shop.postponed, 3), (Shop.moved, 3),
    (Shop.taken_back, 2), (Shop.erased, 2), (lambda _shop: file_orders(), 3),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_they_are_what_all_orders_come_to(seed: int) -> None:
    shop, told = Shop(seed), 0
    for _ in range(10):
        shop.ordered()
    file_orders()
    for _ in range(40):
        step = shop.random.choices([step for step, _weight in STEPS], [weight for _step, weight in STEPS])[0]
        step(shop)
        told += assert_plain(shop.random.choice([NOW, LATER, ago(20)])) is not None
    assert told > 30, "the plain way was taken too often for a test of the other"


def filed(number: int = 5) -> list[Contact]:
    """Buyers with an order each, all in files."""
    people = [factories.contact() for _ in range(number)]
    for place, contact in enumerate(people):
        factories.order(contact, total=10 + place, at=ago(place + 1))
    file_orders()
    return people


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Of whom orders were read: None of all, "files" of the files alone."""
    noted: list[Any] = []
    select, of_files = Reader.select, Reader.filed

    def selecting(self: Reader, rows: Any, query: str, params: Any = ()) -> Any:
        noted.append(self.only)
        return select(self, rows, query, params)

    def filing(self: Reader, rows: Any, query: str) -> Any:
        noted.append("files")
        return of_files(self, rows, query)

    monkeypatch.setattr(Reader, "select", selecting)
    monkeypatch.setattr(Reader, "filed", filing)
    return noted


def stands(now: Any = NOW) -> Measures | None:
    with snapshot():
        return standing(alone(now))


def test_files_are_read_once_and_then_only_whom_an_order_concerns(read: list[Any]) -> None:
    people = filed()
    assert stands() is not None
    assert read == ["files"]
    factories.order(people[3], total=99)
    read.clear()
    found = stands()
    assert read == [id_array([people[3].pk])]
    assert found is not None
    assert dict(zip(found.ids.tolist(), found.frequency.tolist(), strict=True))[people[3].pk] == 2


def test_new_files_are_read_anew(read: list[Any]) -> None:
    people = filed()
    stands()
    factories.order(people[3], total=99)
    file_orders()
    read.clear()
    assert_plain()
    assert "files" in read


def test_of_an_order_that_moved_both_contacts_are_counted_anew(read: list[Any]) -> None:
    people = filed()
    stands()
    Order.objects.filter(contact=people[0]).update(contact=people[1])
    read.clear()
    assert stands() is not None
    assert read == [id_array([people[0].pk, people[1].pk])]
    assert_plain()


def test_orders_filed_that_are_yet_to_come_count_from_their_moment_on() -> None:
    people = filed()
    factories.order(people[0], total=500, at=LATER)
    file_orders()
    for now in (NOW, LATER - timedelta(microseconds=1), LATER):
        assert assert_plain(now) is not None


def test_where_there_are_no_files_they_do_not_tell() -> None:
    factories.order(factories.contact(), total=5)
    assert assert_plain() is None


def test_of_too_many_contacts_all_orders_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    people = filed()
    monkeypatch.setattr(module, "MOST", 2)
    for contact in people[:3]:
        assert assert_plain() is not None
        factories.order(contact, total=1)
    assert assert_plain() is None


def test_a_broken_file_tells_nothing() -> None:
    filed()
    for file in File.objects.filter(kind="order"):
        path = files.local_path(file.name)
        assert path is not None
        path.write_bytes(b"x" * file.bytes)
    assert assert_plain() is None


def test_a_transaction_that_writes_or_sees_every_commit_reads_all(read: list[Any]) -> None:
    people = filed()
    with transaction.atomic():
        assert standing(alone()) is None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        Order.objects.filter(contact=people[0]).update(total=77)
        assert standing(alone()) is None


def test_no_more_buyers_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    filed()
    monkeypatch.setattr(module, "KEPT", 5)
    module._kept["another", False] = (1, None, stands())  # type: ignore[assignment]
    module._kept.pop((connection.schema_name, False))  # type: ignore[attr-defined]
    assert stands() is not None
    assert list(module._kept) == [(connection.schema_name, False)]  # type: ignore[attr-defined]


def test_what_orders_came_to_by_an_earlier_instant_is_kept_beside() -> None:
    """All buyers as of an end: the same as a context of that instant counts anew, also after an order of before it."""
    people = filed()
    for days in (0, 3, 9, 3):
        end = NOW - timedelta(days=days)
        with snapshot():
            context = Context(now=NOW, zone=WARSAW)
            found, plain = all_buyers(context, end=end), buyers(Context(now=end, zone=WARSAW))
        assert [each.tolist() for each in found.cut_offs] == [each.tolist() for each in plain.cut_offs]
        for name in ("ids", "last", "orders", "spent", "group"):
            assert getattr(found, name).tolist() == getattr(plain, name).tolist(), (days, name)
        factories.order(people[days % len(people)], total=7, at=end)
        factories.order(people[days % len(people)], total=7, at=end + timedelta(seconds=1))
