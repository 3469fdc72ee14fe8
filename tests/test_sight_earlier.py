"""What speaks of an earlier sight: whom somebody saw once and sees no more is told of nowhere."""

import io
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage

from contacts.models import Contact
from segmentation.models import Reason, Segment, UploadedList
from segmentation.seen import digest
from segmentation.services import read_upload, request_calculation
from tests.support.people import client_for, make_user
from tests.support.segments import calculate, calculated
from tests.support.split import HOUR, Split, listed, split
from users.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(settings: Any, tmp_path: Any) -> Split:
    settings.MEDIA_ROOT = str(tmp_path)
    cache.clear()
    return split()


@pytest.fixture
def narrowed(two: Split) -> Segment:
    """The restricted user's, calculated; two of its four went out of sight, and it was calculated again."""
    own = calculated("Mine", now=two.now - 2 * HOUR, by=two.narrow, every=1, unit="day")
    two.take_out(*two.mine[:2])
    request_calculation(own, reason=Reason.REFRESH, now=two.now - HOUR)
    calculate(own, now=two.now - HOUR)
    return Segment.objects.get(pk=own.pk)


# --- who left ---------------------------------------------------------------------------------------------------
def test_who_left_by_going_out_of_sight_is_not_told_to_who_sees_them_no_more(two: Split, narrowed: Segment) -> None:
    assert narrowed.latest is not None
    assert (len(narrowed.latest.left_ids), narrowed.latest.sight) == (2, digest(two.mine - two.mine[:2]))
    path = f"/segments/{narrowed.pk}/"
    assert two.sees(path).context["segment"].latest.left_count == 0
    assert [one.left_count for one, _causes in two.sees(f"{path}history/").context["steps"]] == [0, 0]
    step = two.sees(f"{path}history/{narrowed.latest_id}/?show=left").context
    assert (step["calculation"].left_count, step["causes"], list(step["page"].object_list)) == (0, [], [])
    assert listed(two.sees(f"/contacts/?moved={narrowed.latest_id}.left")) == 0
    assert client_for(two.wide).get(path).context["segment"].latest.left_count == 2


def test_files_do_not_offer_them_by_number(two: Split, narrowed: Segment) -> None:
    text = two.sees(f"/segments/{narrowed.pk}/history/{narrowed.latest_id}/export/").content.decode()
    assert "(2)" in text  # the members
    assert 'value="left"' not in text
    path = f"/segments/{narrowed.pk}/history/{narrowed.latest_id}/export/"
    assert 'value="left"' in client_for(two.wide).get(path).content.decode()


def test_whoever_saw_everybody_once_left_nothing_to_tell(two: Split) -> None:
    """Who was an administrator, and is a marketer in a group now."""
    former = make_user(Role.ADMINISTRATOR, name="Former")
    own = calculated("Everybody", now=two.now - 2 * HOUR, by=former, every=1, unit="day")
    former.role = Role.MARKETER
    former.save()
    two.narrow.permission_groups.get().users.add(former)
    request_calculation(own, reason=Reason.REFRESH, now=two.now - HOUR)
    calculate(own, now=two.now - HOUR)
    latest = client_for(former).get(f"/segments/{own.pk}/").context["segment"].latest
    assert (latest.count, latest.joined_count, latest.left_count) == (4, 0, 0)
    assert [one["count"] for one in latest.node_counts] == [4]


# --- what became of a file --------------------------------------------------------------------------------------
@pytest.fixture
def uploaded(two: Split) -> UploadedList:
    text = "\n".join(["id", str(two.mine[0]), str(two.mine[1]), "99999999"])
    return read_upload(io.BytesIO(text.encode()), key=UploadedList.Key.ID, name="fair.csv", now=two.now, by=two.narrow)


@pytest.mark.parametrize("how", ["out of sight", "deleted"])
def test_a_report_tells_no_number_of_those_not_found_once_somebody_of_it_is_not_seen(
    two: Split, uploaded: UploadedList, how: str
) -> None:
    """Out of sight and deleted are the same; the file of rejected rows was written before."""
    path = f"/segments/files/{uploaded.pk}/"
    page = two.sees(path)
    assert (page.context["report"]["not_found"], page.context["narrowed"]) == (1, False)
    assert f"{path}rejected/" in page.content.decode()
    if how == "deleted":
        Contact.objects.filter(pk=two.mine[0]).delete()
    else:
        two.take_out(two.mine[0])
    page = two.sees(path)
    report = page.context["report"]
    assert (report["matched"], report["not_found"], page.context["narrowed"]) == (1, None, True)
    assert f"{path}rejected/" not in page.content.decode()
    assert default_storage.exists(uploaded.rejects)
    two.sees(f"{path}rejected/", status=404)
    assert client_for(two.wide).get(path).context["report"]["not_found"] == 1


def test_the_file_itself_is_there_as_long_as_all_of_it_are_seen(two: Split, uploaded: UploadedList) -> None:
    response = client_for(two.narrow).get(f"/segments/files/{uploaded.pk}/rejected/")
    assert b"99999999" in b"".join(response.streaming_content)
