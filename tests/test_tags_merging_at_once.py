"""ST9 with others at work: nothing written meanwhile is lost, nobody sees half of it, a killed one leaves nothing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction
from pyroaring import BitMap

from contacts.models import Contact
from contacts.services import delete_contact
from jobs import services as jobs
from tags import assigning, merging, services
from tags.models import ContactTag, Tag, TagMerge
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def world() -> tuple[Tag, Tag, list[Contact]]:
    """A on the first four of ten contacts, B on the fourth to sixth."""
    people = [factories.contact() for _ in range(10)]
    return factories.tag("A", *people[:4]), factories.tag("B", *people[3:6]), people


def elsewhere(account, work):
    """Runs `work` on a connection of its own."""

    def run():
        connection.set_tenant(account)  # type: ignore[attr-defined]
        try:
            return work()
        finally:
            connection.close()

    return run


def blocked(pool_future, number: int = 1) -> bool:
    """Whether it waits for a lock, as so many do in all (asked of the database, without sleeping)."""
    with connection.cursor() as cursor:
        for _ in range(2_000):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= number or pool_future.done():
                return not pool_future.done()
            cursor.execute("SELECT pg_sleep(0.002)")
    return False


def holders(name: str) -> set[int]:
    return set(ContactTag.objects.filter(tag__name=name).values_list("contact_id", flat=True))


def ask(*tags: Tag, into: str) -> TagMerge:
    return merging.ask_merge(tags, into, now=NOW, by="test", user=None)


def merged_while(account, merge: TagMerge, monkeypatch, others) -> None:
    """Runs the merge; before it is committed the others begin, and are seen to wait."""
    real = merging.follow

    def follow(*args, **kwargs):
        futures = [pool.submit(elsewhere(account, work)) for work in others]
        assert all(blocked(future, number) for number, future in enumerate(futures, 1))
        waiting.extend(futures)
        return real(*args, **kwargs)

    waiting: list = []
    monkeypatch.setattr(merging, "follow", follow)
    with ThreadPoolExecutor(4) as pool:
        jobs.run("tag_merge", merge.pk, now=NOW)
        for future in waiting:
            future.result(20)
    assert TagMerge.objects.get(pk=merge.pk).state == "done"


def test_whoever_puts_a_merged_tag_on_meanwhile_puts_on_the_result(account, world, monkeypatch) -> None:
    a, b, people = world
    by_id = lambda: assigning.assign_tag(BitMap([people[7].pk]), b, now=NOW)  # noqa: E731
    by_name = lambda: services.put_tags_on(people[8], "b", now=NOW, by="x", user=None)  # noqa: E731
    merged_while(account, ask(a, b, into="a"), monkeypatch, [by_id, by_name])
    assert holders("A") == {person.pk for person in people[:6]} | {people[7].pk, people[8].pk}
    assert list(Tag.objects.values_list("name", flat=True)) == ["A"]


def test_whoever_takes_a_merged_tag_off_meanwhile_takes_the_result_off(account, world, monkeypatch) -> None:
    a, b, people = world
    take = lambda: assigning.remove_tag(BitMap([people[5].pk]), b)  # noqa: E731
    merged_while(account, ask(a, b, into="new"), monkeypatch, [take])
    assert holders("NEW") == {person.pk for person in people[:5]}


def test_a_contact_deleted_meanwhile_is_gone_and_the_merge_is_done(account, world, monkeypatch) -> None:
    a, b, people = world
    merged_while(account, ask(a, b, into="new"), monkeypatch, [lambda: delete_contact(people[5])])
    assert holders("NEW") == {person.pk for person in people[:5]}


def test_what_was_under_way_before_is_waited_for(account, world) -> None:
    a, b, people = world
    merge = ask(a, b, into="new")
    begun, go = Event(), Event()

    def put() -> None:
        with transaction.atomic():
            assigning.assign_tag(BitMap([people[9].pk]), b, now=NOW)
            begun.set()
            assert go.wait(20)

    with ThreadPoolExecutor(2) as pool:
        putting = pool.submit(elsewhere(account, put))
        assert begun.wait(20)
        merging_ = pool.submit(elsewhere(account, lambda: jobs.run("tag_merge", merge.pk, now=NOW)))
        assert blocked(merging_)
        go.set()
        putting.result(20)
        merging_.result(20)
    assert people[9].pk in holders("NEW")


def test_others_see_all_or_nothing_of_it(account, world, monkeypatch) -> None:
    a, b, _people = world
    seen = []

    def look() -> None:
        names = set(Tag.objects.values_list("name", flat=True))
        seen.append((names, {name: len(holders(name)) for name in names}))

    real = merging.follow

    def follow(*args, **kwargs):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere(account, look)).result(20)
        return real(*args, **kwargs)

    monkeypatch.setattr(merging, "follow", follow)
    monkeypatch.setattr(merging, "PIECE", 2)
    merge = ask(a, b, into="a")
    jobs.run("tag_merge", merge.pk, now=NOW)
    look()
    assert seen == [({"A", "B"}, {"A": 4, "B": 3}), ({"A"}, {"A": 6})]


def test_a_merge_that_is_cut_off_anywhere_leaves_nothing_and_is_done_by_the_next_worker(world, monkeypatch) -> None:
    a, b, people = world
    merge = ask(a, b, into="new")
    monkeypatch.setattr(merging, "PIECE", 1)
    beats = []
    real = merging.heartbeat

    def dies(job, **figures):
        beats.append(figures["progress"])
        if len(beats) == 3:
            raise SystemExit
        real(job, **figures)

    monkeypatch.setattr(merging, "heartbeat", dies)
    with pytest.raises(SystemExit):
        jobs.run("tag_merge", merge.pk, now=NOW)
    assert (len(holders("A")), len(holders("B")), len(holders("NEW"))) == (4, 3, 0)
    merge.refresh_from_db()
    assert (merge.state, merge.progress) == ("running", 2)  # what others saw of it meanwhile
    monkeypatch.setattr(merging, "heartbeat", real)
    from jobs.lease import LEASE

    assert jobs.run("tag_merge", merge.pk, now=NOW + LEASE) is not None
    assert holders("NEW") == {person.pk for person in people[:6]}


def test_a_merge_that_is_stopped_in_its_middle_changes_nothing(world, monkeypatch) -> None:
    a, b, _people = world
    merge = ask(a, b, into="new")
    monkeypatch.setattr(merging, "PIECE", 1)
    real = merging.write

    def write(*args, **kwargs):
        for number, done in enumerate(real(*args, **kwargs)):
            if number == 1:
                with ThreadPoolExecutor(1) as pool:
                    tenant = connection.tenant  # type: ignore[attr-defined]
                    pool.submit(elsewhere(tenant, lambda: jobs.cancel(merge, now=NOW))).result(20)
            yield done

    monkeypatch.setattr(merging, "write", write)
    assert jobs.run("tag_merge", merge.pk, now=NOW) is None
    assert (len(holders("A")), len(holders("B"))) == (4, 3)
    assert TagMerge.objects.get().state == "cancelled"
    assert not Tag.objects.filter(name="NEW").exists()
