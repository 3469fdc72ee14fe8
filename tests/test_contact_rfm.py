"""The card of RFM scores says what the criterion says."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from contacts.models import Contact
from insights.rfm import standing
from segmentation.criteria import Context, parse
from segmentation.engine import evaluate
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def people() -> list[Contact]:
    """Twelve buyers, each later, oftener and for more than the one before; the last ones equal."""
    found = []
    for n in range(12):
        contact = factories.contact()
        for _ in range(1 + min(n, 9) // 3):
            factories.order(contact, total=10 * (1 + min(n, 10)), at=NOW - timedelta(days=40 - 3 * n))
        found.append(contact)
    return found


def members(criterion: dict[str, Any], zone: Any) -> set[int]:
    return set(evaluate(parse({"all": [criterion]}), context=Context(now=NOW, zone=zone)).members)


def test_group_and_scores_are_those_of_the_criterion(people: list[Contact], account: Any) -> None:
    for person in people:
        found = standing(person, now=NOW, zone=account.zone)
        assert found is not None
        assert person.pk in members({"kind": "rfm", "groups": [found.group]}, account.zone)
        for score in found.scores:
            exactly = {"kind": "rfm", score.name: {"op": "eq", "value": score.score}}
            assert person.pk in members(exactly, account.zone)
            assert score.above is None or score.above < score.own
            assert score.upto is None or score.own <= score.upto


def test_who_bought_nothing_that_counts_has_no_scores(people: list[Contact], account: Any) -> None:
    nobody = factories.contact()
    factories.order(nobody, total=5, status="cancelled")
    assert standing(nobody, now=NOW, zone=account.zone) is None


def test_the_card_is_fetched_by_the_page_and_is_a_page_without_scripts(
    people: list[Contact], client_for: Callable, analyst: Any
) -> None:
    client: Client = client_for(analyst)
    address = f"/contacts/{people[-1].pk}/rfm/"
    assert f'hx-get="{address}"' in client.get(f"/contacts/{people[-1].pk}/").content.decode()
    card = client.get(address, headers=HTMX).content.decode()
    assert "Champions" in card
    assert "this score" in card
    assert re.search(r"As of \d+ \w+, \d\d:\d\d\.", re.sub(r"<[^>]+>", "", card))
    assert "<html" not in card
    assert "<html" in client.get(address).content.decode()


def test_where_scores_end_is_not_told_to_who_sees_some_contacts_only(
    people: list[Contact], client_for: Callable, make_user: Callable
) -> None:
    user = make_user("marketer", email="r@x.pl")
    factories.permission_group("G", users=[user], categories=[factories.category("media", people[-1])])
    client = client_for(user)
    assert "this score" not in client.get(f"/contacts/{people[-1].pk}/rfm/", headers=HTMX).content.decode()
    assert client.get(f"/contacts/{people[0].pk}/rfm/").status_code == 404
