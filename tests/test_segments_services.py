"""Creating, editing and deleting segments; renaming what their criteria name (IP2–IP6, IP20, IP25, IP34)."""

from datetime import timedelta
from typing import Any

import pytest

import tags.hooks
from contacts.models import Attribute, Consent
from jobs.models import JobState
from segmentation import hooks, references, selectors
from segmentation.criteria import CriteriaError
from segmentation.models import Calculation, Reason, SavedCriteria, Segment, Version
from segmentation.services import (
    EditedMeanwhileError,
    NameTakenError,
    SegmentInUseError,
    Settings,
    delete_segment,
    edit_criteria,
    edit_settings,
    refresh_due,
    request_calculation,
)
from tags.models import Category, Tag
from tests.support.audiences import NOW
from tests.support.segments import SCORED, calculate, calculated, create, scored

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def where(segment: Segment, now=NOW) -> str:
    listed = [name for name in selectors.standing(now) if segment in selectors.listed(name, now=now)]
    assert listed == [selectors.list_of(Segment.objects.get(pk=segment.pk), now=now)]
    return listed[0]


def edit(segment: Segment, *, now=NOW, revision=None, **changes) -> Any:
    values: dict[str, Any] = {
        "name": segment.name, "readiness_hours": segment.readiness_hours,
        "refresh_every": segment.refresh_every, "refresh_unit": segment.refresh_unit,
    } | changes  # fmt: skip
    return edit_settings(segment, settings=Settings(**values), revision=revision or segment.revision, now=now, by=None)


# --- names ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["Warm leads", "WARM LEADS", " warm   Leads ", "wArm leads"])
def test_a_name_is_taken_whatever_its_case_and_blanks(name):
    """IP2."""
    create("Warm leads")
    with pytest.raises(NameTakenError):
        create(name)


def test_letters_with_diacritics_have_no_case_either():
    create("Łódź, żółć")
    with pytest.raises(NameTakenError):
        create("ŁÓDŹ, ŻÓŁĆ")


def test_a_composed_and_a_decomposed_name_are_one():
    create("\u00d3semka")
    with pytest.raises(NameTakenError):
        create("O\u0301semka")


def test_the_names_of_archived_segments_stay_taken():
    """IP2."""
    segment = calculated("Old", hours=1)
    assert where(segment, NOW + DAY) == selectors.ARCHIVE
    with pytest.raises(NameTakenError):
        create("old", now=NOW + DAY)


# --- the life of a segment -----------------------------------------------------------------------------------
def test_a_segment_created_once_goes_from_creation_to_ready_to_archive():
    """IP18–IP20."""
    segment = create(hours=3)
    assert where(segment) == selectors.IN_CREATION
    calculate(segment, now=NOW)
    assert where(segment, NOW + 3 * HOUR - timedelta(seconds=1)) == selectors.READY
    assert where(segment, NOW + 3 * HOUR) == selectors.ARCHIVE


def test_a_refreshing_segment_returns_from_the_archive():
    """IP6, IP20."""
    segment = calculated(hours=24, every=2, unit="day")
    assert where(segment, NOW + 30 * HOUR) == selectors.ARCHIVE
    refresh_due(NOW + 2 * DAY)
    assert where(segment, NOW + 2 * DAY) == selectors.IN_CREATION
    calculate(segment, now=NOW + 2 * DAY)
    assert where(segment, NOW + 2 * DAY) == selectors.READY
    assert where(segment, NOW + 3 * DAY) == selectors.ARCHIVE


def test_windows_meet_when_the_interval_is_as_long_as_the_readiness_time():
    """The beat goes from request to request, the window from finish to finish: slow work opens no gap."""
    segment = create(hours=24, every=24, unit="hour")
    calculate(segment, now=NOW, takes=timedelta(minutes=10))
    refresh_due(NOW + DAY)
    calculate(segment, now=NOW + DAY, takes=timedelta(minutes=5))
    assert where(segment, NOW + DAY + timedelta(minutes=6)) == selectors.READY


def test_an_archived_one_calculated_again_is_in_creation_then_ready():
    """IP28."""
    segment = calculated(hours=1)
    later = NOW + 10 * DAY
    request_calculation(segment, reason=Reason.MANUAL, now=later)
    assert where(segment, later) == selectors.IN_CREATION
    calculate(segment, now=later)
    assert where(segment, later) == selectors.READY


def test_one_whose_first_calculation_failed_stays_in_creation():
    Tag.objects.create(name="VIP")
    segment = create(criteria={"kind": "tag", "op": "any", "tags": ["VIP"]})
    Tag.objects.all().delete()
    assert calculate(segment).state == JobState.FAILED
    assert where(segment) == selectors.IN_CREATION


def test_a_ready_one_stays_ready_while_it_is_refreshed():
    scored(2)
    segment = calculated()
    request_calculation(segment, reason=Reason.MANUAL, now=NOW + HOUR)
    assert where(segment, NOW + HOUR) == selectors.READY
    segment.refresh_from_db()
    assert segment.latest.count == 2


def test_criteria_that_name_what_there_is_not_are_refused_when_created():
    with pytest.raises(CriteriaError) as refused:
        create(criteria={"all": [{"kind": "tag", "op": "any", "tags": ["NOBODY"]}]})
    assert refused.value.path == "all[0].tags[0]"
    assert not Segment.objects.exists()


# --- editing -------------------------------------------------------------------------------------------------
def test_another_readiness_time_moves_the_end_of_an_open_window():
    """IP25: measured from the end of the calculation that opened it."""
    segment = edit(calculated(hours=24), readiness_hours=48, now=NOW + HOUR)
    assert segment.ready_until == NOW + 2 * DAY


def test_a_shorter_readiness_time_may_close_the_window_at_once():
    segment = edit(calculated(hours=24), readiness_hours=2, now=NOW + 5 * HOUR)
    assert segment.ready_until == NOW + 2 * HOUR
    assert where(segment, NOW + 5 * HOUR) == selectors.ARCHIVE


def test_a_closed_window_stays_closed():
    segment = calculated(hours=1)
    edited = edit(segment, readiness_hours=100, now=NOW + 2 * HOUR)
    assert edited.ready_until == NOW + HOUR


def test_refreshing_can_be_switched_on_and_off():
    segment = edit(calculated(), refresh_every=6, refresh_unit="hour", now=NOW + HOUR)
    assert segment.next_refresh_at == NOW + 7 * HOUR
    segment = edit(segment, refresh_every=None, refresh_unit="", now=NOW + 2 * HOUR)
    assert segment.next_refresh_at is None


def test_settings_saved_with_the_same_interval_keep_the_beat():
    segment = calculated(every=1, unit="day")
    assert edit(segment, name="Other name", now=NOW + 5 * HOUR).next_refresh_at == NOW + DAY


def test_an_edit_made_meanwhile_is_not_overwritten():
    segment = calculated()
    seen = segment.revision
    edit(segment, name="Theirs")
    with pytest.raises(EditedMeanwhileError):
        edit(segment, name="Mine", revision=seen)
    with pytest.raises(EditedMeanwhileError):
        edit_criteria(segment, criteria=SCORED | {"value": 1}, revision=seen, now=NOW, by=None)
    assert Segment.objects.get().name == "Theirs"


def test_renaming_to_a_taken_name_is_refused():
    create("Other")
    with pytest.raises(NameTakenError):
        edit(calculated("Mine"), name="OTHER")


def test_a_change_of_case_alone_is_a_new_name():
    assert edit(calculated("warm"), name="Warm").name == "Warm"


def test_changed_criteria_make_a_version_and_a_calculation():
    """IP25."""
    segment = calculated()
    edited: Any = edit_criteria(segment, criteria=SCORED | {"value": 1}, revision=segment.revision, now=NOW, by=None)
    assert (edited.version.number, edited.revision) == (2, segment.revision + 1)
    assert Calculation.objects.latest("pk").reason == Reason.EDITED
    assert Calculation.objects.latest("pk").version == edited.version


def test_unchanged_criteria_make_neither():
    segment = calculated()
    edit_criteria(segment, criteria=SCORED, revision=segment.revision, now=NOW, by=None)
    assert (Version.objects.count(), Calculation.objects.count()) == (1, 1)


def test_criteria_that_would_lead_in_a_circle_are_refused():
    first = calculated("First")
    second = calculated("Second", criteria={"kind": "segment", "segment": first.pk, "op": "in"})
    with pytest.raises(CriteriaError):
        edit_criteria(
            first, criteria={"kind": "segment", "segment": second.pk, "op": "in"}, revision=1, now=NOW, by=None
        )


# --- deleting ------------------------------------------------------------------------------------------------
def test_an_unused_segment_goes_with_all_it_owns():
    """IP34."""
    segment = calculated()
    edit_criteria(segment, criteria=SCORED | {"value": 1}, revision=1, now=NOW, by=None)
    delete_segment(segment)
    assert not any(model.objects.exists() for model in (Segment, Version, Calculation))


def test_one_that_others_name_is_not_deleted_and_says_who_does():
    """IP34; PostHog 25936, mautic 4392."""
    segment = calculated("Base")
    calculated("Above", criteria={"all": [{"not": {"kind": "segment", "segment": segment.pk, "op": "in"}}]})
    SavedCriteria.objects.create(
        name="Saved", criteria={"kind": "segment", "segment": segment.pk, "op": "in"}, created_at=NOW, updated_at=NOW
    )
    with pytest.raises(SegmentInUseError) as refused:
        delete_segment(segment)
    assert {use.name for use in refused.value.uses} == {"Above", "Saved"}
    assert Segment.objects.filter(pk=segment.pk).exists()


def test_one_named_only_by_an_older_version_is_deleted():
    segment = calculated("Base")
    other = calculated("Above", criteria={"kind": "segment", "segment": segment.pk, "op": "in"})
    edit_criteria(other, criteria=SCORED, revision=1, now=NOW, by=None)
    delete_segment(segment)
    assert not Segment.objects.filter(pk=segment.pk).exists()


def test_uses_that_are_not_live_do_not_stop_it(monkeypatch):
    monkeypatch.setattr(hooks, "usage", [lambda _segment: [hooks.Use("Planned action", "once", "", live=False)]])
    delete_segment(calculated())
    assert not Segment.objects.exists()


# --- renaming ------------------------------------------------------------------------------------------------
def test_criteria_follow_renamed_labels_in_the_same_transaction():
    for name in ("VIP", "GOLD"):
        Tag.objects.create(name=name)
    segment = create(criteria={"any": [SCORED, {"not": {"kind": "tag", "op": "any", "tags": ["VIP", "GOLD"]}}]})
    saved = SavedCriteria.objects.create(
        name="Saved", criteria={"kind": "tag", "op": "none", "tags": ["VIP"]}, created_at=NOW, updated_at=NOW
    )

    tags.hooks.follow(tags.hooks.Renamed("tag", {"VIP": "GOLD", "GOLD": "SILVER"}), now=NOW)

    segment.version.refresh_from_db()
    saved.refresh_from_db()
    assert segment.version.criteria["any"][1]["not"]["tags"] == ["GOLD", "SILVER"]
    assert saved.criteria["tags"] == ["GOLD"]
    assert Version.objects.count() == 1


def test_criteria_follow_a_branch_of_categories_that_moved():
    for path in ("klient", "klient/media", "klient/media/prasa"):
        Category.objects.add_root({"name": path, "slug_path": path})
    segment = create(
        criteria={"kind": "category", "op": "any", "categories": ["klient", "klient/media", "klient/media/prasa"]}
    )
    moved = {"klient": "firmy", "klient/media": "firmy/media", "klient/media/prasa": "firmy/media/prasa"}
    tags.hooks.follow(tags.hooks.Renamed("category", moved), now=NOW)
    segment.version.refresh_from_db()
    assert segment.version.criteria["categories"] == ["firmy", "firmy/media", "firmy/media/prasa"]


def test_whoever_deletes_a_label_an_attribute_or_a_consent_is_told_what_names_it():
    """ST15."""
    tag = Tag.objects.create(name="VIP")
    category = Category.objects.add_root({"name": "klient", "slug_path": "klient"})
    attribute = Attribute.objects.create(key="city", name="City", type="text")
    consent = Consent.objects.create(key="newsletter", name_en="Newsletter", name_pl="Newsletter")
    create(
        "Uses all",
        criteria={
            "all": [
                {"kind": "tag", "op": "none", "tags": ["VIP"]},
                {"kind": "category", "op": "any", "categories": ["klient"]},
                {"kind": "attribute", "attribute": "city", "op": "eq", "value": "Warszawa"},
                {"kind": "consent", "consent": "newsletter", "state": "given"},
            ]
        },
    )
    assert [use.name for use in references.uses_of_label(tag)] == ["Uses all"]
    assert [use.name for use in references.uses_of_label(category)] == ["Uses all"]
    assert ["Uses all" in use.title for use in references.uses_of_attribute(attribute)] == [True]
    assert ["Uses all" in use.title for use in references.uses_of_consent(consent)] == [True]
    assert references.uses_of_label(Tag.objects.create(name="OTHER")) == []
