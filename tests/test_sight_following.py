"""Segments and saved criteria that refer to each other, made by users who see different contacts."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from insights import forecasting
from insights.forecasting import Seen
from segmentation.criteria import Context, parse
from segmentation.effects import effect_of
from segmentation.engine import evaluate
from segmentation.explaining import why
from segmentation.models import SavedCriteria
from segmentation.saved import create_saved
from tests.support.people import client_for
from tests.support.segments import SCORED, calculated
from tests.support.split import Split, split
from tests.test_builder_views import posted
from tests.test_explaining import WARSAW

pytestmark = pytest.mark.django_db
NOBODY = {"kind": "field", "field": "lead_score", "op": "gt", "value": 90}


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


# --- a segment as of now holds those whom its owner sees --------------------------------------------------------
def within(segment: Any, op: str = "in") -> dict[str, Any]:
    return {"kind": "segment", "segment": segment.pk, "op": op, "at": "now"}


def members(tree: Any, two: Split, mask: BitMap | None = None) -> BitMap:
    return evaluate(parse(tree), context=Context(now=two.now, zone=WARSAW, mask=mask)).members


def test_as_of_now_a_segment_has_those_whom_its_owner_sees_whoever_asks(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    assert (members(within(own), two), members(within(own, "not_in"), two)) == (two.mine, two.outside)
    others = calculated("Not mine", now=two.now, by=two.narrow, criteria={"not": NOBODY})
    assert members(within(others), two) == two.mine
    whole = calculated("All", now=two.now, by=two.wide)
    assert (members(within(whole), two), members(within(whole), two, two.mine)) == (two.everybody, two.mine)


def test_over_another_segment_both_owners_see_them(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    over = calculated("Over it", now=two.now, by=two.wide, criteria={"not": within(own)})
    assert members(within(over), two) == two.outside
    assert members(within(over), two, two.mine) == BitMap()
    again = calculated("Again", now=two.now, by=two.narrow, criteria=within(over))
    assert again.latest.member_ids == BitMap()
    whole = calculated("All", now=two.now, by=two.wide)
    part = calculated("Of all", now=two.now, by=two.narrow, criteria=within(whole))
    assert members(within(part), two) == two.mine


def test_what_is_counted_foreseen_and_calculated_of_it_is_the_same(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    follows = calculated("Follows", now=two.now, by=two.wide, criteria=within(own))
    assert follows.latest.member_ids == two.mine
    assert effect_of(follows, within(own, "not_in"), now=two.now).joins == two.outside
    assert forecasting.taken(Seen(follows, None), now=two.now, zone=WARSAW).now.count == 4
    text = client_for(two.wide).post("/criteria/count/", posted(within(own)))
    assert text.context["live"].total == 4


def test_why_says_that_the_owner_does_not_see_somebody(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    follows = calculated("Follows", now=two.now, by=two.wide, criteria=within(own))
    told = why(follows, two.outside[0], now=two.now, zone=WARSAW).root
    assert (told.holds, told.children) == (False, ())
    assert str(told.evidence) == "not a member now: its owner does not see this contact"
    told = why(follows, two.mine[0], now=two.now, zone=WARSAW).root
    assert (told.holds, [child.holds for child in told.children], str(told.evidence)) == (True, [True], "a member now")
    assert why(parse(within(own, "not_in")), two.outside[0], now=two.now, zone=WARSAW).holds


# --- saved criteria that others' segments follow ----------------------------------------------------------------
@pytest.fixture
def saved(two: Split) -> SavedCriteria:
    return create_saved(name="Scored", criteria=NOBODY, now=two.now, by=two.narrow)


def body(saved: SavedCriteria) -> dict[str, Any]:
    return posted(SCORED, place=f"saved:{saved.pk}") | {"name": "Scored", "revision": "1"}


def changes(two: Split, saved: SavedCriteria) -> Any:
    """The answer to the change, and to the confirmation of its effect."""
    path, client = f"/saved-criteria/{saved.pk}/", client_for(two.narrow)
    answer = client.post(path, body(saved))
    if answer.status_code == 200:
        answer = client.post(path, body(saved) | {"then": "save", "shown": answer.context["effect"].mark})
    return answer.status_code


def refers(saved: SavedCriteria) -> dict[str, Any]:
    return {"kind": "saved", "criteria": saved.pk}


@pytest.mark.parametrize("by", ["wide", None])
def test_criteria_that_a_segment_of_others_follows_are_not_changed_by_who_sees_some(
    two: Split, saved: SavedCriteria, by: str | None
) -> None:
    calculated("Follows", now=two.now, by=by and two.wide, criteria=refers(saved))
    page = two.sees(f"/saved-criteria/{saved.pk}/")
    assert (page.context["may_change"], bool(page.context["followed"])) == (False, True)
    assert "save a copy and change that" in page.content.decode()
    assert two.sees("/saved-criteria/").context["rows"][0].may_change is False
    assert changes(two, saved) == 403
    saved.refresh_from_db()
    assert saved.criteria == NOBODY


def test_nor_what_it_follows_over_others(two: Split, saved: SavedCriteria) -> None:
    over = create_saved(name="Over", criteria={"not": refers(saved)}, now=two.now, by=two.narrow)
    own = calculated("Mine", now=two.now, by=two.narrow, criteria=refers(over))
    assert two.sees(f"/saved-criteria/{saved.pk}/").context["may_change"] is True
    calculated("Follows", now=two.now, by=two.wide, criteria={"kind": "segment", "segment": own.pk, "op": "in"})
    assert two.sees(f"/saved-criteria/{over.pk}/").context["may_change"] is False
    assert changes(two, saved) == 403


def test_a_copy_is_saved_and_changed(two: Split, saved: SavedCriteria) -> None:
    calculated("Follows", now=two.now, by=two.wide, criteria=refers(saved))
    assert 'formaction="/saved-criteria/save/"' in two.sees(f"/saved-criteria/{saved.pk}/").content.decode()
    two.sends("/saved-criteria/save/", **body(saved), saved_name="Copy")
    copy = SavedCriteria.objects.get(name="Copy")
    assert (copy.created_by, two.sees(f"/saved-criteria/{copy.pk}/").context["may_change"]) == (two.narrow, True)


def test_those_of_ones_own_segments_are(two: Split, saved: SavedCriteria) -> None:
    calculated("Mine", now=two.now, by=two.narrow, criteria=refers(saved))
    calculated("Another's", now=two.now, by=two.wide)
    assert changes(two, saved) == 302
    saved.refresh_from_db()
    assert saved.criteria == {"all": [SCORED]}


def test_who_sees_everybody_changes_them_all(two: Split, saved: SavedCriteria) -> None:
    calculated("Follows", now=two.now, by=two.wide, criteria=refers(saved))
    other = two.wide
    SavedCriteria.objects.update(created_by=other)
    page = client_for(other).get(f"/saved-criteria/{saved.pk}/")
    assert (page.context["may_change"], page.context["followed"]) == (True, "")


def test_the_list_asks_once_for_all(two: Split, saved: SavedCriteria) -> None:
    def queries() -> int:
        client = client_for(two.narrow)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/saved-criteria/").status_code == 200
        return len(captured)

    queries()
    few = queries()
    for number in range(5):
        other = create_saved(name=f"Another {number}", criteria=SCORED, now=two.now, by=two.narrow)
        calculated(f"Follows {number}", now=two.now, by=two.wide, criteria=refers(other))
    assert queries() == few
