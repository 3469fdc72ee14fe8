"""Several sunsets on one page, and somebody who edits what a sunset is about to edit."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from segmentation.models import SavedCriteria
from segmentation.services import Settings, edit_settings
from sunset import services
from sunset.models import State
from sunset.standing import around, whole_rows
from tests import factories
from tests.factories import NOW
from tests.support.sunsets import fresh, silent, switched_on, work
from tests.test_tags_merging_at_once import blocked, elsewhere
from users.models import User

HOME = "/engagement/sunset/"


@pytest.mark.django_db
def test_the_list_costs_as_many_queries_for_many_sunsets_as_for_few(client_for, owner, make_user) -> None:
    client, newsletter = client_for(owner), factories.consent("newsletter")
    silent(3, newsletter)

    def one_more(name: str) -> None:
        """By an author of its own."""
        switched_on(newsletter, name=name, tag=name, by=make_user("marketer"))

    def queries() -> int:
        client.get(HOME)
        with CaptureQueriesContext(connection) as found:
            assert client.get(HOME).status_code == 200
        return len(found)

    one_more("First")
    one_more("Second")
    work(NOW)
    few = queries()
    one_more("Third")
    one_more("Fourth")
    work(NOW)
    assert queries() == few


@pytest.mark.django_db
def test_what_many_sunsets_depend_on_is_read_with_the_queries_of_one(make_user) -> None:
    """Each by an author of its own, who leaves others alone: with a tag of their own."""
    newsletter, author = factories.consent("newsletter"), make_user("marketer")
    factories.permission_group("Media", users=[author])

    def one_more(name: str, by: User) -> None:
        factories.tag(f"SPARED_{name}")
        tree = {"kind": "tag", "op": "any", "tags": [f"SPARED_{name}"]}
        saved = SavedCriteria.objects.create(name=name, criteria=tree, created_at=NOW, updated_at=NOW)
        switched_on(newsletter, name=name, tag=name, left_out=saved.pk, by=by)

    def read() -> tuple[int, list[int]]:
        sunsets = list(whole_rows())
        with CaptureQueriesContext(connection) as found:
            known = around(sunsets)
            told = [len(known.faults(each)) for each in sunsets]
        return len(found), told

    one_more("A", author)
    one, told = read()
    assert told == [1]
    for name in "BCD":
        one_more(name, make_user("marketer"))
    assert read() == (one, [0, 0, 0, 1])


@pytest.mark.django_db
def test_the_list_has_pages(client_for, owner, monkeypatch) -> None:
    client, newsletter = client_for(owner), factories.consent("newsletter")
    monkeypatch.setattr("sunset.views.PER_PAGE", 1)
    switched_on(newsletter, name="Older", tag="older")
    switched_on(newsletter, name="Newer", tag="newer")
    shown = [[row.sunset.name for row in client.get(HOME + query).context["rows"]] for query in ("", "?page=2")]
    assert shown == [["Newer"], ["Older"]]
    assert "?page=2" in client.get(HOME).content.decode()
    assert [client.get(HOME + query).status_code for query in ("?page=x", "?page=0", "?sort=name")] == [422] * 3


@pytest.mark.usefixtures("committed")
def test_a_segment_that_somebody_edits_meanwhile_is_waited_for(account) -> None:
    """Whoever ends the sunset takes the segment as it is then, with its new readiness."""
    sunset = switched_on(factories.consent("newsletter"))
    services.pause(sunset, now=NOW, by=None)  # no action of it is left whose segment would be locked anyway
    due = fresh(sunset).due
    settings = Settings(due.name, 72, due.refresh_every, due.refresh_unit)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            edit_settings(due, settings=settings, revision=due.revision, now=NOW, by=None)
            ending = pool.submit(elsewhere(account, lambda: services.end(sunset, now=NOW, by=None)))
            assert blocked(ending)
        assert ending.result(timeout=30)
    row = fresh(sunset)
    assert (row.state, row.due.refreshes, row.due.readiness_hours) == (State.ENDED, False, 72)
