"""Several sunsets on one page, and somebody who edits what a sunset is about to edit."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from segmentation.services import Settings, edit_settings
from sunset import services
from sunset.models import State
from tests import factories
from tests.factories import NOW
from tests.support.sunsets import fresh, silent, switched_on, work
from tests.test_tags_merging_at_once import blocked, elsewhere

HOME = "/engagement/sunset/"


@pytest.mark.django_db
def test_the_list_costs_as_many_queries_for_many_sunsets_as_for_few(client_for, owner) -> None:
    client, newsletter = client_for(owner), factories.consent("newsletter")
    silent(3, newsletter)

    def queries() -> int:
        client.get(HOME)
        with CaptureQueriesContext(connection) as found:
            assert client.get(HOME).status_code == 200
        return len(found)

    switched_on(newsletter, name="First", tag="first")
    switched_on(newsletter, name="Second", tag="second")
    work(NOW)
    few = queries()
    for number in range(2):
        switched_on(newsletter, name=f"More {number}", tag=f"more{number}")
    work(NOW)
    assert queries() == few


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
