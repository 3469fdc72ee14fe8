"""Sets of labels that are kept are right in every snapshot, whatever else is going on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact, ContactConsent
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate, snapshot
from tags.models import ContactTag, Tag
from tests import factories
from tests.factories import NOW
from tests.population import ZONES


def members(criterion: dict[str, Any]) -> BitMap:
    with snapshot():
        return evaluate(parse(criterion), context=Context(now=NOW, zone=ZONES[0])).members


def tagged(name: str = "VIP") -> BitMap:
    return members({"kind": "tag", "op": "any", "tags": [name]})


def kept(kind: str) -> list[str]:
    """The keys of what the cache holds of this account's labels of a kind."""
    schema = connection.schema_name  # type: ignore[attr-defined]
    found = cache._cache.get_client().scan_iter(f"*{schema}*:label:{kind}:*")
    return [key.decode() for key in found]


def read_in(queries: CaptureQueriesContext) -> list[str]:
    """The statements that read who has a tag."""
    return [each["sql"] for each in queries if "string_agg" in each["sql"] and "tags_contacttag" in each["sql"]]


def restored(*rows: tuple[int, int]) -> None:
    """What `pg_restore --data-only --disable-triggers` does, and what a backup knew: no change of labels is told."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tags_contacttag DISABLE TRIGGER USER")
        cursor.execute("TRUNCATE tags_contacttag")
        for tag, contact in rows:
            insert = "INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at) VALUES (%s, %s, now())"
            cursor.execute(insert, [tag, contact])
        cursor.execute("ALTER TABLE tags_contacttag ENABLE TRIGGER USER")


@contextmanager
def elsewhere() -> Iterator[Any]:
    """Another connection to the same account, with a transaction of its own."""
    schema = connection.schema_name  # type: ignore[attr-defined]
    other = connection.copy()
    other.set_schema(schema)
    try:
        yield other
    finally:
        other.close()


@pytest.mark.django_db
def test_what_a_transaction_has_changed_itself_is_seen_by_it_and_never_kept(account: Any) -> None:
    cache.clear()  # of what other tests have committed
    people = [factories.contact() for _ in range(3)]
    tag = factories.tag("VIP", *people[:1])
    assert tagged() == BitMap([people[0].pk])
    ContactTag.objects.create(tag=tag, contact=people[1], assigned_at=NOW)
    assert tagged() == BitMap([people[0].pk, people[1].pk])
    ContactTag.objects.filter(contact=people[0]).delete()
    assert tagged() == BitMap([people[1].pk])
    people[1].delete()
    assert tagged() == BitMap()
    assert kept("tag") == []


def test_a_settled_set_is_kept_and_not_read_again(committed: None, account: Any) -> None:
    person = factories.contact()
    factories.tag("VIP", person)
    assert tagged() == BitMap([person.pk])
    with CaptureQueriesContext(connection) as queries:
        assert tagged() == BitMap([person.pk])
    assert not read_in(queries)


def test_what_was_kept_before_a_backup_was_restored_is_not_taken_for_it(committed: None, account: Any) -> None:
    one, two = factories.contact(), factories.contact()
    tag = factories.tag("VIP", one)
    assert tagged() == BitMap([one.pk])
    assert len(kept("tag")) == 1
    restored((tag.pk, two.pk))
    assert tagged() == BitMap([two.pk])


def test_what_another_run_of_the_server_kept_is_not_taken(
    committed: None, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose numbers of transactions come again after its data folder was put back."""
    factories.tag("VIP", factories.contact())
    tagged()
    monkeypatch.setattr("mirror.labels.RUN", "'another'")
    with CaptureQueriesContext(connection) as queries:
        tagged()
    assert read_in(queries)


def test_a_committed_change_is_in_the_next_count(committed: None, account: Any) -> None:
    one, two = factories.contact(), factories.contact()
    tag = factories.tag("VIP", one)
    tagged(), tagged()
    ContactTag.objects.create(tag=tag, contact=two, assigned_at=NOW)
    assert tagged() == BitMap([one.pk, two.pk])
    ContactTag.objects.filter(contact=one).delete()
    assert tagged() == BitMap([two.pk])
    Contact.objects.filter(pk=two.pk).delete()
    assert tagged() == BitMap()


def test_a_transaction_that_began_before_the_set_was_kept_and_commits_after_is_seen(
    committed: None, account: Any
) -> None:
    one, two, three = (factories.contact() for _ in range(3))
    tag = factories.tag("VIP", one)
    insert = "INSERT INTO tags_contacttag (tag_id, contact_id, assigned_at) VALUES (%s, %s, now())"
    with elsewhere() as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(insert, [tag.pk, two.pk])  # its number is given now
        factories.tag("OTHER", three)  # later numbers are used up and committed
        assert tagged() == BitMap([one.pk])
        assert tagged() == BitMap([one.pk])
        other.commit()
    assert tagged() == BitMap([one.pk, two.pk])


def test_a_snapshot_that_is_older_than_a_change_does_not_see_it_and_spoils_nothing(
    committed: None, account: Any
) -> None:
    one, two = factories.contact(), factories.contact()
    tag = factories.tag("VIP", one)
    criterion = parse({"kind": "tag", "op": "any", "tags": ["VIP"]})
    with snapshot():
        before = Context(now=NOW, zone=ZONES[0])
        assert len(before.everyone) == 2
        add = threading.Thread(target=put, args=(connection.schema_name, tag.pk, two.pk))  # type: ignore[attr-defined]
        add.start()
        add.join()
        assert evaluate(criterion, context=before).members == BitMap([one.pk])
    assert tagged() == BitMap([one.pk, two.pk])
    assert tagged() == BitMap([one.pk, two.pk])


def put(schema: str, tag: int, contact: int) -> None:
    from django_tenants.utils import schema_context

    try:
        with schema_context(schema):
            ContactTag.objects.create(tag_id=tag, contact_id=contact, assigned_at=NOW)
    finally:
        connection.close()


def test_each_answer_to_a_consent_is_kept_by_itself(committed: None, account: Any) -> None:
    one, two, three = (factories.contact() for _ in range(3))
    consent = factories.consent("newsletter")
    factories.answer(one, consent)
    factories.answer(two, consent, "withdrawn")

    def state(name: str) -> BitMap:
        return members({"kind": "consent", "consent": "newsletter", "state": name})

    for _ in range(2):
        assert [state(name) for name in ("given", "withdrawn", "unknown")] == [
            BitMap([each.pk]) for each in (one, two, three)
        ]
    ContactConsent.objects.filter(contact=one).update(state="withdrawn")
    assert state("given") == BitMap()
    assert state("withdrawn") == BitMap([one.pk, two.pk])


def test_emptying_the_table_is_a_change_of_every_label(committed: None, account: Any) -> None:
    factories.tag("VIP", factories.contact())
    tagged(), tagged()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tags_contacttag")
    assert tagged() == BitMap()


def test_accounts_keep_their_own_sets(committed: None, account: Any, other_account: Any) -> None:
    from django_tenants.utils import tenant_context

    here = factories.contact()
    tag = factories.tag("VIP", here)
    tagged(), tagged()
    with tenant_context(other_account):
        there = Tag(pk=tag.pk, name="VIP")
        there.save(force_insert=True)
        with transaction.atomic():
            person = factories.contact()
        assert tagged() == BitMap()
        ContactTag.objects.create(tag=there, contact=person, assigned_at=NOW)
        assert tagged() == BitMap([person.pk])
    assert tagged() == BitMap([here.pk])


def test_many_labels_cost_the_same_number_of_queries(committed: None, account: Any) -> None:
    person = factories.contact()
    names = [factories.tag(f"T{number}", person).name for number in range(30)]
    criterion = {"kind": "tag", "op": "all", "tags": names}
    members(criterion)
    with CaptureQueriesContext(connection) as queries:
        assert members(criterion) == BitMap([person.pk])
    assert len([query for query in queries if "mirror_labelchange" in query["sql"]]) <= 1
