"""What is wrong with a segment is said in the lists and on its pages, and the lists are narrowed to it (SG7)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.services import plan_action
from contacts.models import Contact
from segmentation.health import LABELS, health_of, with_finding
from segmentation.models import Likeness, Segment
from segmentation.services import delete_segment, request_calculation
from tags.models import Tag
from tests import factories
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OVER, BELOW = SCORED, {"kind": "field", "field": "lead_score", "op": "lt", "value": 10}
NOBODY = {"all": [OVER, BELOW]}


@pytest.fixture
def client(client_for, user):
    return client_for(user)


@pytest.fixture
def now():
    return timezone.now()


def kinds(segment, now):
    return [finding.kind for finding in health_of(Segment.objects.get(pk=segment.pk), now=now)]


def tagged(name="ZNIKA"):
    return Tag.objects.create(name=name), {"kind": "tag", "op": "none", "tags": [name]}


def test_a_sound_segment_has_no_finding(now):
    scored(3)
    assert kinds(calculated(now=now), now) == []
    assert kinds(create("Waiting", now=now), now) == []


def test_each_of_what_can_be_wrong_is_found_and_told(now):
    scored(3)
    tag, untagged = tagged()
    everyone = {"any": [OVER, {"not": OVER}]}
    part = {"any": [{"all": [OVER, {"not": SCORED | {"value": 40}}]}, NOBODY]}
    empty = SCORED | {"value": 1000}
    made = {
        "nobody": calculated("Contradicts", criteria=NOBODY, now=now),
        "everyone": calculated("Everyone", criteria=everyone, now=now),
        "part": calculated("Part", criteria=part, now=now),
        "empty": calculated("Empty", criteria=empty, now=now),
        "broken": calculated("Broken", criteria={"all": [OVER, untagged]}, now=now),
    }
    Likeness.objects.all().delete()
    tag.delete()
    for kind, segment in made.items():
        assert kinds(segment, now) == [kind]
    told = health_of(made["nobody"], now=now)[0]
    assert "“lead score is more than 20” and “lead score is less than 10” exclude each other" in told.text
    assert told.url == f"/segments/{made['nobody'].pk}/criteria/"
    assert "ZNIKA" in health_of(made["broken"], now=now)[0].text


def test_a_failed_calculation_is_stale_where_a_refreshing_segment_still_shows_the_result_before(now):
    scored(1)
    tag, untagged = tagged()
    tag2, untagged2 = tagged("TEZ")
    refreshing = calculated("Refreshing", criteria=untagged, every=1, unit="day", now=now)
    never = create("Never", criteria=untagged2, now=now)
    tag.delete()
    tag2.delete()
    request_calculation(refreshing, reason="refresh", now=now)
    calculate(refreshing, now=now)
    calculate(never, now=now)
    Likeness.objects.all().delete()
    assert kinds(refreshing, now) == ["stale", "broken"]
    assert kinds(never, now) == ["failed", "broken"]


# --- nearly equal ----------------------------------------------------------------------------------------------
def test_segments_that_share_95_per_cent_are_told_until_one_of_them_is_calculated_otherwise(now):
    scored(100)
    every = calculated("Every", now=now)
    part = calculated("Part", criteria={"all": [SCORED, {"kind": "sample", "percent": 50, "salt": "a"}]}, now=now)
    Contact.objects.filter(pk=Contact.objects.first().pk).update(lead_score=45)
    nearly = calculated("Nearly", criteria={"all": [SCORED, SCORED | {"op": "lt", "value": 40}]}, now=now)
    assert kinds(every, now) == ["same"]
    assert kinds(part, now) == []
    finding = health_of(nearly, now=now)[0]
    assert "99.0" in finding.text
    assert "“Every”" in finding.text

    Contact.objects.filter(pk__in=Contact.objects.values("pk")[:10]).update(lead_score=45)
    request_calculation(nearly, reason="manual", now=now)
    calculate(nearly, now=now)
    assert kinds(every, now) == kinds(nearly, now) == []


def test_exactly_95_of_100_is_near_and_94_is_not(now):
    scored(100)
    calculated("Every", now=now)
    ids = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    for number, expected in ((95, 1), (94, 0)):
        within = {"kind": "field", "field": "id", "op": "lte", "value": ids[number - 1]}
        other = calculated(f"First {number}", criteria=within, now=now)
        assert Likeness.objects.count() == expected
        delete_segment(other)
    assert not Likeness.objects.exists()


def test_empty_segments_are_not_called_equal(now):
    calculated("One", criteria=SCORED | {"value": 900}, now=now)
    calculated("Other", criteria=SCORED | {"value": 901}, now=now)
    assert not Likeness.objects.exists()


# --- unused ----------------------------------------------------------------------------------------------------
def aged(name, now, **more):
    segment = calculated(name, now=now - 100 * DAY, **more)
    Likeness.objects.all().delete()
    return segment


def test_what_nothing_has_used_for_90_days_says_so(now):
    scored(1)
    segment = aged("Old", now)
    assert kinds(segment, now) == ["unused"]
    assert kinds(segment, now - 20 * DAY) == []


def test_other_criteria_that_name_it_keep_it_in_use(now):
    scored(1)
    named = aged("Named", now)
    aged("Naming", now, criteria={"kind": "segment", "segment": named.pk, "op": "in"})
    assert kinds(named, now) == []


def test_an_action_keeps_it_in_use(now, user):
    scored(1)
    segment = aged("Acted on", now, hours=2400)
    params = {"tag": factories.tag("VIP").pk, "name": "VIP"}
    plan_action(segment, kind="add_tag", params=params, now=now - DAY, by=user)
    assert kinds(segment, now) == []


def test_looking_at_its_contacts_keeps_it_in_use(now, client):
    scored(1)
    segment = aged("Looked at", now)
    assert client.get(f"/contacts/?calculation={segment.latest_id}").status_code == 200
    assert kinds(segment, now) == []


# --- on the pages ----------------------------------------------------------------------------------------------
def test_the_lists_show_a_chip_and_are_narrowed_to_those_that_need_attention(client, now):
    scored(3)
    calculated("Sound", now=now)
    calculated("Contradicts", criteria=NOBODY, now=now)
    calculated("Empty", criteria=SCORED | {"value": 900}, now=now)
    create("Waiting", now=now)

    def shown(query):
        text = client.get(f"/segments/{query}").content.decode()
        return [name for name in ("Contradicts", "Empty", "Sound", "Waiting") if f">{name}</a>" in text]

    assert shown("?sort=name") == ["Contradicts", "Empty", "Sound"]
    assert shown("?health=attention") == ["Contradicts", "Empty"]
    assert shown("?health=nobody") == ["Contradicts"]
    assert shown("?health=unused") == []
    assert shown("search/?health=attention") == ["Contradicts", "Empty"]
    text = client.get("/segments/").content.decode()
    assert text.count("contradicts itself</a>") == 1
    assert text.count("> empty</a>") == 1
    assert client.get("/segments/?health=odd").status_code == 422


def test_a_segments_page_says_what_is_wrong_and_leads_to_what_to_do(client, now):
    segment = calculated("Contradicts", criteria=NOBODY, now=now)
    text = client.get(f"/segments/{segment.pk}/").content.decode()
    assert "exclude each other" in text
    assert f'<a href="/segments/{segment.pk}/criteria/">Change criteria</a>' in text


def test_an_analyst_reads_it_without_the_links_that_change(client_for, analyst, now):
    segment = calculated("Contradicts", criteria=NOBODY, now=now)
    text = client_for(analyst).get(f"/segments/{segment.pk}/").content.decode()
    assert "exclude each other" in text
    assert f"/segments/{segment.pk}/criteria/" not in text


def test_any_number_of_segments_are_examined_in_the_same_queries(now):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            with_finding("attention", now=now)
        return len(captured)

    tag, untagged = tagged()
    calculated("First", criteria={"all": [NOBODY, untagged]}, now=now)
    calculated("Second", criteria=SCORED, now=now)
    once = queries()
    for number in range(5):
        calculated(f"Further {number}", criteria={"all": [NOBODY, untagged]}, now=now)
    assert queries() == once
    assert tag.pk


def test_every_finding_has_a_label():
    assert all(str(label) for label in LABELS.values())
