"""Comparing, foreseeing and explaining, for who sees some contacts only."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from contacts.models import Contact
from insights import forecasting
from insights.forecasting import Seen
from segmentation.services import fixed_list
from tags.models import ContactTag
from tests import factories
from tests.support.people import client_for
from tests.support.segments import calculated
from tests.support.split import HOUR, Split, listed, split
from tests.test_explaining import WARSAW

pytestmark = pytest.mark.django_db
RECENT = {"kind": "tag", "op": "any", "tags": ["VIP"], "within": {"last": 10, "unit": "day"}}


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


@pytest.fixture
def pair(two: Split) -> tuple[Any, Any]:
    """Everybody, and one of mine with six of the others."""
    few = fixed_list("few", two.mine[:1] | two.outside[:6], now=two.now, by=two.wide)
    first = calculated("Everybody", now=two.now, by=two.wide)
    return first, calculated("Few", now=two.now, by=two.wide, criteria={"kind": "file", "file": few.pk})


def test_a_comparison_counts_and_lists_those_who_are_seen(two: Split, pair: Any) -> None:
    first, second = pair
    page = two.sees(f"/segments/{first.pk}/compare/?with={second.pk}").context
    assert page["overlap"].sizes == (3, 1, 0)
    for part, row in zip(("first", "both", "second"), page["parts"], strict=True):
        assert listed(two.sees(row.list_url)) == row.count, part
    [other] = two.sees(f"/segments/{first.pk}/compare/").context["others"]
    assert (other.second.count, other.both) == (1, 1)


def test_the_table_of_overlaps_too(two: Split, pair: Any) -> None:
    page = two.sees(f"/segments/overlap/?segment={pair[0].pk}&segment={pair[1].pk}").context
    assert sorted(cell.both for row in page["rows"] for cell in row["cells"]) == [1, 1, 1, 4]
    assert sorted(count for _pk, _name, count, _at in two.sees("/segments/overlap/").context["offered"]) == [1, 4]


def test_others_are_sorted_by_the_numbers_shown(two: Split, pair: Any) -> None:
    rest = {"not": {"kind": "segment", "segment": pair[1].pk, "op": "in"}}
    calculated("Rest", now=two.now, by=two.wide, criteria=rest)

    def names(user: Any) -> list[str]:
        page = client_for(user).get(f"/segments/{pair[0].pk}/compare/?sort=contacts")
        return [one.second.name for one in page.context["others"]]

    assert (names(two.narrow), names(two.wide)) == (["Few", "Rest"], ["Rest", "Few"])


@pytest.fixture
def recent(two: Split) -> Any:
    """Tagged in the last ten days: all of them, nine days ago but for one of mine and one of the others."""
    long_ago = factories.tag("VIP", *Contact.objects.all(), at=two.now - timedelta(days=9))
    today = [two.mine[0], two.outside[0]]
    ContactTag.objects.filter(tag=long_ago, contact__in=today).update(assigned_at=two.now - HOUR)
    return calculated("Tagged lately", now=two.now, by=two.wide, criteria=RECENT)


def test_a_forecast_is_of_those_who_are_seen_and_kept_apart(two: Split, recent: Any) -> None:
    wide = forecasting.taken(Seen(recent, None), now=two.now, zone=WARSAW)
    page = two.sees(f"/segments/{recent.pk}/forecast/?count=1").context["forecast"]
    assert (page.members, page.now.count, page.told[0].leaving) == (4, 4, 3)
    assert (wide.members, wide.told[0].leaving) == (11, 9)
    assert forecasting.newest(Seen(recent, None)) == wide
    assert listed(two.sees(f"/contacts/?leaving={recent.pk}.7.{page.key}")) == 3
    assert listed(two.sees(f"/contacts/?leaving={recent.pk}.7.{wide.key}")) == 3
    assert listed(client_for(two.wide).get(f"/contacts/?leaving={recent.pk}.7.{wide.key}")) == 9


def test_a_forecast_of_a_segment_of_who_sees_some_is_of_these(two: Split, recent: Any) -> None:
    own = calculated("Mine lately", now=two.now, by=two.narrow, criteria=RECENT)
    page = client_for(two.wide).get(f"/segments/{own.pk}/forecast/?count=1").context["forecast"]
    assert (page.members, page.now.count, page.joined_since) == (4, 4, 0)


def test_why_is_asked_about_those_who_are_seen(two: Split, pair: Any) -> None:
    path = f"/segments/{pair[0].pk}/why/"
    page = two.sees(path).context
    assert {one.contact.pk for one in page["members"]} <= set(two.mine)
    two.sees(f"{path}{two.mine[0]}/")
    two.sees(f"{path}{two.outside[0]}/", status=404)
    found = two.sees(f"{path}?q=scored").context["found"]
    assert {one.contact.pk for one in found} == set(two.mine)


def test_it_is_said_that_the_owner_does_not_see_somebody(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)

    def beyond(pk: int) -> bool:
        return bool(client_for(two.wide).get(f"/segments/{own.pk}/why/{pk}/").context["beyond"])

    assert (beyond(two.outside[0]), beyond(two.mine[0])) == (True, False)


def test_whom_a_contact_belongs_to_is_told_of_those_who_are_seen(two: Split, pair: Any) -> None:
    two.sees(f"/contacts/{two.mine[0]}/segments/")
    two.sees(f"/contacts/{two.outside[0]}/segments/", status=404)
