"""Merging tags while others put them on people: the account's due time is nobody's first lock."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction

from jobs.services import due
from tags import merging, services
from tags.models import Tag, TagMerge
from tests import factories
from tests.factories import NOW
from tests.test_tags_merging_at_once import blocked, elsewhere

pytestmark = pytest.mark.usefixtures("committed")


def begun_before_holding(module: Any, monkeypatch: Any, account: Any, work: Any) -> tuple[ThreadPoolExecutor, list]:
    """Has `work` begin on another connection when `module` is about to hold its tags, and end or wait there."""
    pool, begun, real = ThreadPoolExecutor(1), [], module.hold_tags

    def hold_tags(*args: Any, **kwargs: Any) -> Any:
        if not begun:
            begun.append(pool.submit(elsewhere(account, work)))
            blocked(begun[0])
        return real(*args, **kwargs)

    monkeypatch.setattr(module, "hold_tags", hold_tags)
    return pool, begun


def ended(pool: ThreadPoolExecutor, begun: list[Future]) -> None:
    with pool:
        begun[0].result(20)


def test_an_action_is_confirmed_while_its_tag_is_merged_under_a_new_name(account: Any, monkeypatch: Any) -> None:
    a, b = factories.tag("A", factories.contact()), factories.tag("B", factories.contact())

    def confirm() -> None:  # as actions do: the tags are held, then a job is woken
        with transaction.atomic():
            services.tags_named("a", now=NOW)
            due(NOW)

    pool, begun = begun_before_holding(merging, monkeypatch, account, confirm)
    merging.ask_merge([a, b], "new", now=NOW, by="test", user=None)
    ended(pool, begun)
    assert TagMerge.objects.get().name == "NEW"


def test_a_new_and_a_known_tag_are_put_on_somebody_while_one_is_merged(account: Any, monkeypatch: Any) -> None:
    person = factories.contact()
    a, b = factories.tag("A", factories.contact()), factories.tag("B", factories.contact())

    def merge() -> None:
        merging.ask_merge([Tag(pk=a.pk), Tag(pk=b.pk)], "a", now=NOW, by="test", user=None)

    pool, begun = begun_before_holding(services, monkeypatch, account, merge)
    services.put_tags_on(person, "a, new", now=NOW, by="test", user=None)
    ended(pool, begun)
    assert sorted(person.tag_links.values_list("tag__name", flat=True)) == ["A", "NEW"]
    assert TagMerge.objects.get().name == "A"
