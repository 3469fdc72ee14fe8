"""Segments for who sees some contacts only: every number is the list's, and nothing tells of the others."""

import io
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from contacts.models import Contact
from segmentation import builder
from segmentation.builder.distribution import distribution
from segmentation.builder.live import live
from segmentation.contact_queries import keep_query
from segmentation.criteria import Context, parse
from segmentation.effects import effect_of, effect_of_saved
from segmentation.engine import evaluate
from segmentation.models import Calculation, Reason, SavedCriteria, Segment, UploadedList
from segmentation.seen import counts, digest, seen
from segmentation.services import fixed_list, read_upload, request_calculation
from tests import factories
from tests.support.people import client_for
from tests.support.segments import SCORED, calculate, calculated
from tests.support.split import HOUR, Split, listed, split
from tests.test_builder_views import posted
from tests.test_explaining import WARSAW

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> Split:
    cache.clear()
    return split()


@pytest.fixture
def segment(two: Split) -> Any:
    """The wide user's, refreshing, of everybody; three of the others left with its second calculation."""
    found = calculated("Everybody", now=two.now - 3 * HOUR, by=two.wide, every=1, unit="day")
    gone = [*two.outside[:3], two.mine[0]]
    Contact.objects.filter(pk__in=gone).update(lead_score=1)
    request_calculation(found, reason=Reason.MANUAL, now=two.now - 2 * HOUR)
    calculate(found, now=two.now - 2 * HOUR)
    return Segment.objects.get(pk=found.pk)


# --- whom a segment holds ---------------------------------------------------------------------------------------
def test_a_segment_holds_those_whom_its_owner_sees(two: Split) -> None:
    assert calculated("Mine", now=two.now, by=two.narrow).latest.member_ids == two.mine
    assert calculated("All", now=two.now, by=two.wide).latest.member_ids == two.everybody
    assert calculated("By command", now=two.now, by=None).latest.member_ids == two.everybody


def test_everybody_else_is_not_in_it_either(two: Split) -> None:
    found = calculated("Others", now=two.now, by=two.narrow, criteria={"not": SCORED})
    assert found.latest.member_ids == BitMap()


def test_who_comes_into_sight_joins_and_who_goes_out_of_it_leaves_by_changed_data(two: Split) -> None:
    found = calculated("Mine", now=two.now - 2 * HOUR, by=two.narrow)
    left, joined = two.mine[0], two.outside[0]
    two.take_out(left)
    two.take_in(joined)
    request_calculation(found, reason=Reason.MANUAL, now=two.now)
    last = calculate(found, now=two.now)
    assert (last.joined_ids, last.left_ids) == (BitMap([joined]), BitMap([left]))
    told = {(one.direction, one.cause): one.member_ids for one in last.movements.all()}
    assert told == {("joined", "changed"): BitMap([joined]), ("left", "changed"): BitMap([left])}


def test_another_segment_lends_only_those_whom_the_owner_sees(two: Split, segment: Any) -> None:
    for at in ("latest", "now"):
        tree = {"kind": "segment", "segment": segment.pk, "op": "in", "at": at}
        found = calculated(f"Of the other, {at}", now=two.now, by=two.narrow, criteria=tree)
        assert found.latest.member_ids == two.mine - BitMap([two.mine[0]])


# --- numbers ----------------------------------------------------------------------------------------------------
def test_the_lists_show_the_numbers_of_those_who_are_seen(two: Split, segment: Any) -> None:
    row = two.sees("/segments/").context["page"].object_list[0]
    assert (row.segment.latest.count, row.sizes) == (3, [4, 3])
    assert listed(two.sees(f"/contacts/?calculation={segment.latest_id}")) == 3
    wide = client_for(two.wide).get("/segments/").context["page"].object_list[0]
    assert (wide.segment.latest.count, wide.sizes) == (7, [11, 7])


def test_the_order_by_contacts_is_that_of_the_numbers_shown(two: Split) -> None:
    many = {"any": [{"kind": "file", "file": fixed_list("many", two.outside, now=two.now, by=two.wide).pk}]}
    few = {"any": [{"kind": "file", "file": fixed_list("few", BitMap([two.mine[0]]), now=two.now, by=two.wide).pk}]}
    calculated("Many outside", now=two.now, by=two.wide, criteria=many)
    calculated("One of mine", now=two.now, by=two.wide, criteria=few)

    def names(client: Any, path: str) -> list[str]:
        return [row.segment.name for row in client.get(path).context["page"].object_list]

    assert names(client_for(two.wide), "/segments/?sort=-contacts") == ["Many outside", "One of mine"]
    assert names(client_for(two.narrow), "/segments/?sort=-contacts") == ["One of mine", "Many outside"]
    assert names(client_for(two.narrow), "/segments/?sort=contacts") == ["Many outside", "One of mine"]


def test_the_pages_of_a_segment_show_them(two: Split, segment: Any) -> None:
    page = two.sees(f"/segments/{segment.pk}/").context
    shown = page["segment"].latest
    assert (shown.count, shown.joined_count, shown.left_count) == (3, 0, 1)
    assert page["counts"] == []
    history = two.sees(f"/segments/{segment.pk}/history/").context
    assert [(one.count, one.left_count) for one, _causes in history["steps"]] == [(3, 1), (4, 0)]
    assert [count for _at, count in history["plotted"]] == [4, 3]
    assert [one.count for one in history["steps"][0][1]["left"]] == [1]


def test_a_step_lists_those_who_are_seen_and_its_number_is_the_lists(two: Split, segment: Any) -> None:
    step = f"/segments/{segment.pk}/history/{segment.latest_id}/"
    page = two.sees(f"{step}?show=left").context
    assert [pk for pk, _contact in page["page"].object_list] == [two.mine[0]]
    assert (page["calculation"].left_count, [one.count for one in page["causes"]]) == (1, [1])
    for address in (f"{segment.latest_id}.left", f"{segment.latest_id}.left.changed"):
        assert listed(two.sees(f"/contacts/?moved={address}")) == 1


def test_those_deleted_since_are_nobody_to_who_sees_some_only(two: Split, segment: Any) -> None:
    Contact.objects.filter(pk=two.outside[-1]).delete()
    address = f"/contacts/?calculation={segment.latest_id}"
    assert "deleted since" not in two.sees(address).content.decode()
    assert "deleted since" in client_for(two.wide).get(address).content.decode()


def test_numbers_follow_the_sight_at_once(two: Split, segment: Any) -> None:
    path = f"/segments/{segment.pk}/"
    assert two.sees(path).context["segment"].latest.count == 3
    two.take_in(two.outside[-1])
    assert two.sees(path).context["segment"].latest.count == 4
    two.take_out(*two.mine)
    assert two.sees(path).context["segment"].latest.count == 1


def test_what_each_criterion_came_to_is_shown_where_the_calculation_looked_at_the_same_contacts(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    assert [one["count"] for one in two.sees(f"/segments/{own.pk}/").context["counts"]] == [4]
    two.take_out(two.mine[0])
    page = two.sees(f"/segments/{own.pk}/").context
    assert (page["counts"], page["segment"].latest.count) == ([], 3)


def test_numbers_are_kept_for_each_sight_apart(two: Split, segment: Any) -> None:
    assert seen([segment.latest_id], two.mine)[segment.latest_id].count == 3
    assert seen([segment.latest_id], two.outside)[segment.latest_id].count == 4
    assert counts([segment.latest_id], BitMap()) == {segment.latest_id: 0}
    assert digest(BitMap()) != digest(None) == ""


def test_a_list_reads_its_sets_once_and_never_for_who_sees_all(two: Split, segment: Any) -> None:
    def queries(user: Any) -> int:
        client = client_for(user)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/segments/").status_code == 200
        return sum('"members"' in one["sql"] and "exportfile" not in one["sql"] for one in captured)

    assert queries(two.wide) == 0
    assert queries(two.narrow) > 0
    assert queries(two.narrow) == 0


def test_a_list_takes_the_same_queries_whatever_its_length(two: Split, segment: Any) -> None:
    def queries() -> int:
        client = client_for(two.narrow)
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/segments/?sort=-contacts").status_code == 200
        return len(captured)

    queries()
    few = queries()
    for number in range(5):
        calculated(f"Another {number}", now=two.now, by=two.wide, every=1, unit="day")
    queries()
    assert queries() == few


def test_likeness_is_not_told_and_empty_is_said_of_those_who_are_seen(two: Split) -> None:
    outside = {"kind": "file", "file": fixed_list("Fair", two.outside, now=two.now, by=two.wide).pk}
    one = calculated("One", now=two.now, by=two.wide, criteria=outside)
    calculated("Two", now=two.now, by=two.wide, criteria=outside)

    def kinds(user: Any) -> list[str]:
        return [each.kind for each in client_for(user).get(f"/segments/{one.pk}/").context["row"].health]

    assert kinds(two.wide) == ["same"]
    assert kinds(two.narrow) == ["empty"]
    found = two.sees("/segments/?health=empty").context["page"].object_list
    assert {row.segment.name for row in found} == {"One", "Two"}


def test_the_list_of_what_became_ready_shows_its_number(two: Split) -> None:
    calculated("Just now", now=two.now, by=two.wide)
    [shown] = two.sees("/segments/in-creation/").context["just_ready"]
    assert shown.latest.count == 4


# --- counting while building ------------------------------------------------------------------------------------
def test_the_form_counts_those_who_are_seen_everywhere(two: Split) -> None:
    shown = live(builder.from_criteria(SCORED, place="segment:new"), now=two.now, zone=WARSAW, mask=two.mine)
    assert (shown.everyone, shown.total, {one.pk for one in shown.sample}) == (4, 4, set(two.mine))
    text = client_for(two.narrow).post("/criteria/count/", posted(SCORED)).content.decode()
    assert not any(name in text for name in Contact.objects.filter(pk__in=two.outside).values_list("email", flat=True))
    assert [numbers.count for numbers in shown.nodes.values()] == [4] * len(shown.nodes)


def test_the_form_of_a_segment_counts_those_whom_its_owner_sees(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    response = client_for(two.wide).post("/criteria/count/", posted(SCORED, place=f"segment:{own.pk}"))
    assert response.context["live"].total == 4
    assert client_for(two.wide).post("/criteria/count/", posted(SCORED)).context["live"].total == 11


def test_what_was_counted_for_another_sight_is_not_shown(two: Split) -> None:
    """The same user in the same form, whose sight has grown in between."""

    def total() -> int:
        return int(client_for(two.narrow).post("/criteria/count/", posted(SCORED)).context["live"].total)

    assert (total(), total()) == (4, 4)
    two.take_in(*two.outside)
    assert total() == 11


def test_values_and_tags_are_offered_with_their_numbers_among_those_who_are_seen(two: Split) -> None:
    factories.tag("VIP", *Contact.objects.filter(pk__in=two.everybody))
    Contact.objects.filter(pk__in=two.outside).update(source="secret")
    Contact.objects.filter(pk__in=two.mine).update(source="shop")
    found = two.sees("/criteria/values/?of=tag&q=vi").context["found"]
    assert [(one.text, one.count) for one in found.values] == [("VIP", 4)]
    assert [one.text for one in two.sees("/criteria/values/?of=field:source&q=s").context["found"].values] == ["shop"]


def test_a_distribution_is_that_of_those_who_are_seen(two: Split) -> None:
    Contact.objects.filter(pk__in=two.outside).update(lead_score=9000)
    form = builder.from_criteria(SCORED, place="segment:new")
    [leaf] = [item for item in form.shape.items() if hasattr(item, "values")]
    found = distribution(form, f"{leaf.id}-value", now=two.now, zone=WARSAW, user=two.narrow, mask=two.mine)
    assert found.total == 4


def test_who_satisfies_an_advanced_filter_or_saved_criteria_is_cut(two: Split) -> None:
    kept = keep_query(SCORED, now=two.now, by=two.wide)
    saved = SavedCriteria.objects.create(
        name="Scored", criteria=SCORED, created_at=two.now, updated_at=two.now, created_by=two.wide
    )
    assert listed(two.sees(f"/contacts/?advanced={kept.key}")) == 4
    assert listed(two.sees(f"/contacts/?saved={saved.pk}")) == 4
    assert two.sees(f"/saved-criteria/{saved.pk}/count/").context["count"] == 4
    assert client_for(two.wide).get(f"/saved-criteria/{saved.pk}/count/").context["count"] == 11


def test_starting_points_are_counted_for_who_looks(two: Split) -> None:
    def numbers(user: Any) -> list[int]:
        [shelf] = client_for(user).get("/segments/ready-made/engagement/").context["shelves"]
        return [card.count for card in shelf.cards if card.count]

    assert max(numbers(two.narrow)) <= 4 < max(numbers(two.wide))


def test_an_effect_is_of_those_whom_the_owner_and_the_reader_see(two: Split, segment: Any) -> None:
    everybody = {"kind": "field", "field": "lead_score", "op": "gte", "value": 0}
    assert len(effect_of(segment, everybody, now=two.now).joins) == 4
    seen_by_narrow = effect_of(segment, everybody, now=two.now, mask=two.mine)
    assert (seen_by_narrow.joins, len(seen_by_narrow.stays)) == (BitMap([two.mine[0]]), 3)
    own = calculated("Mine", now=two.now, by=two.narrow)
    assert effect_of(own, everybody, now=two.now).count == 4


def test_an_effect_of_saved_criteria_is_of_those_whom_each_owner_sees(two: Split) -> None:
    saved = SavedCriteria.objects.create(name="Nobody", criteria=SCORED, created_at=two.now, updated_at=two.now)
    follows = {"kind": "saved", "criteria": saved.pk}
    calculated("All", now=two.now, by=two.wide, criteria=follows)
    calculated("Mine", now=two.now, by=two.narrow, criteria=follows)
    nobody = {"kind": "field", "field": "lead_score", "op": "gt", "value": 90}
    assert [row.leaves for row in effect_of_saved(saved, nobody, now=two.now).rows] == [11, 4]
    assert [row.leaves for row in effect_of_saved(saved, nobody, now=two.now, mask=two.mine).rows] == [4, 4]


def test_a_mask_cuts_every_tree_alike(two: Split) -> None:
    context = {"now": two.now, "zone": connection.tenant.zone}
    for tree in (SCORED, {"not": SCORED}, {"all": [SCORED, {"not": {"any": [SCORED]}}]}):
        whole = evaluate(parse(tree), context=Context(**context)).members
        assert evaluate(parse(tree), context=Context(**context, mask=two.mine)).members == whole & two.mine


# --- what may be changed ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["refresh/", "cancel/", "delete/", "settings/", "criteria/"])
def test_what_others_made_is_not_changed_by_who_sees_some_only(two: Split, segment: Any, path: str) -> None:
    before = Calculation.objects.count()
    two.sends(f"/segments/{segment.pk}/{path}", status=403)
    assert (Calculation.objects.count(), Segment.objects.filter(pk=segment.pk).exists()) == (before, True)


def test_what_is_ones_own_is(two: Split) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    two.sends(f"/segments/{own.pk}/refresh/")
    assert own.calculations.count() == 2
    for path in ("settings/", "criteria/"):
        two.sees(f"/segments/{own.pk}/{path}")
    two.sends(f"/segments/{own.pk}/cancel/")
    two.sends(f"/segments/{own.pk}/delete/")
    assert not Segment.objects.filter(pk=own.pk).exists()


def test_who_sees_everybody_changes_what_who_sees_some_made_and_it_stays_as_small(two: Split) -> None:
    own = calculated("Mine", now=two.now - HOUR, by=two.narrow)
    assert client_for(two.wide).post(f"/segments/{own.pk}/refresh/").status_code == 302
    assert calculate(own, now=two.now).member_ids == two.mine


def test_the_pages_of_others_offer_no_change_but_a_copy(two: Split, segment: Any) -> None:
    for path in (f"/segments/{segment.pk}/", "/segments/"):
        text = two.sees(path).content.decode()
        offered = [f'/segments/{segment.pk}/{name}/"' in text for name in ("settings", "refresh", "delete", "criteria")]
        assert offered == [False] * 4
    assert f"/segments/{segment.pk}/copy/" in text
    two.sends("/segments/copy/", segment=segment.pk)
    copy = Segment.objects.latest("pk")
    assert (copy.owner, calculate(copy, now=two.now).member_ids <= two.mine) == (two.narrow, True)


def test_of_several_only_ones_own_are_deleted(two: Split, segment: Any) -> None:
    own = calculated("Mine", now=two.now, by=two.narrow)
    page = two.sees(f"/segments/delete/?segment={segment.pk}&segment={own.pk}").context
    assert ([one.pk for one in page["others"]], [one.pk for one in page["deletion"].going]) == ([segment.pk], [own.pk])
    two.sends("/segments/delete/", segment=[segment.pk, own.pk])
    assert list(Segment.objects.all()) == [segment]


def test_saved_criteria_of_others_are_read_and_not_changed(two: Split) -> None:
    saved = SavedCriteria.objects.create(
        name="Scored", criteria=SCORED, created_at=two.now, updated_at=two.now, created_by=two.wide
    )
    assert two.sees(f"/saved-criteria/{saved.pk}/").context["may_change"] is False
    two.sends(f"/saved-criteria/{saved.pk}/", status=403, name="Mine")
    two.sends(f"/saved-criteria/{saved.pk}/delete/", status=403)
    assert SavedCriteria.objects.get().name == "Scored"
    SavedCriteria.objects.update(created_by=two.narrow)
    assert two.sees(f"/saved-criteria/{saved.pk}/").context["may_change"] is True
    two.sends(f"/saved-criteria/{saved.pk}/delete/")
    assert not SavedCriteria.objects.exists()


# --- lists ------------------------------------------------------------------------------------------------------
def upload(two: Split, by: Any, *ids: int) -> UploadedList:
    text = "\n".join(["id", *map(str, ids)])
    return read_upload(io.BytesIO(text.encode()), key=UploadedList.Key.ID, name="fair.csv", now=two.now, by=by)


def test_a_file_finds_those_who_are_seen_and_the_others_as_if_there_were_none(two: Split) -> None:
    made = upload(two, two.narrow, two.mine[0], two.outside[0], two.outside[0], 99_999_999)
    told = {name: made.report[name] for name in ("rows", "matched", "not_found", "duplicate", "invalid")}
    assert told == {"rows": 4, "matched": 1, "not_found": 2, "duplicate": 1, "invalid": 0}
    assert made.matched_ids == BitMap([two.mine[0]])


def test_addresses_of_others_are_not_found_either(two: Split) -> None:
    emails = Contact.objects.filter(pk__in=[two.mine[0], two.outside[0]]).values_list("email", flat=True)
    text = "\n".join(emails)
    made = read_upload(
        io.BytesIO(text.encode()), key=UploadedList.Key.EMAIL, name="fair.csv", now=two.now, by=two.narrow
    )
    assert (made.report["matched"], made.report["not_found"]) == (1, 1)


def test_what_became_of_others_files_is_not_there(two: Split) -> None:
    made = upload(two, two.wide, two.mine[0], two.outside[0], 99_999_999)
    two.sees(f"/segments/files/{made.pk}/", status=404)
    two.sees(f"/segments/files/{made.pk}/rejected/", status=404)
    page = two.sees(f"/contacts/?list={made.pk}")
    assert listed(page) == 1
    assert f"/segments/files/{made.pk}/" not in page.content.decode()
    found = calculated("From the file", now=two.now, by=two.wide, criteria={"kind": "file", "file": made.pk})
    assert f"/segments/files/{made.pk}/" not in two.sees(f"/segments/{found.pk}/").content.decode()


def test_of_ones_own_file_whom_one_sees_no_more_is_not_counted(two: Split) -> None:
    made = upload(two, two.narrow, two.mine[0], two.mine[1], 99_999_999)
    path = f"/segments/files/{made.pk}/"
    two.take_out(two.mine[0])
    report = two.sees(path).context["report"]
    assert (report["matched"], report["not_found"], report["rows"]) == (1, None, 3)
    assert listed(two.sees(f"/contacts/?list={made.pk}")) == 1


def test_frozen_are_those_who_are_seen(two: Split, segment: Any) -> None:
    path = f"/segments/{segment.pk}/freeze/"
    page = two.sees(path).context
    assert (page["count"], page["gone"]) == (3, 0)
    two.sends(path, name="Frozen")
    found = Segment.objects.get(name="Frozen")
    assert calculate(found, now=two.now).member_ids == two.mine - BitMap([two.mine[0]])
    assert UploadedList.objects.latest("pk").matched_ids == two.mine - BitMap([two.mine[0]])
