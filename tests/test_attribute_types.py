"""Another type for an attribute: what its values become, what stops it, and that counts are right at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pyroaring import BitMap

from contacts import services
from contacts.models import Attribute, AttributeType, Contact, HistoryEntry, TypeChange
from contacts.retyping import converted, dry_run, suggested_options, wanted
from contacts.services import InUseError, type_changes
from contacts.services.type_changes import OtherValuesError, change_type
from jobs import services as jobs
from jobs.models import JobState
from mirror.models import File
from mirror.services import compact
from segmentation.builder.choices import Choices
from segmentation.builder.reuse import Session
from segmentation.criteria import groups
from segmentation.criteria.attribute import AttributeForm
from segmentation.criteria.errors import CriteriaError
from segmentation.criteria.reading import parse
from segmentation.engine import Context, evaluate, snapshot
from segmentation.models import SavedCriteria
from tests import factories
from tests.factories import NOW
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.django_db


@pytest.fixture
def size() -> Attribute:
    """A text that mostly holds numbers."""
    return factories.attribute("size")


@pytest.fixture
def admin(client_for: Any, administrator: Any) -> Client:
    return client_for(administrator)


def having(*values: Any, key: str = "size") -> list[Contact]:
    return [factories.contact(attributes={key: value}) for value in values]


def stored(key: str = "size") -> list[Any]:
    return [row.attributes.get(key) for row in Contact.objects.order_by("pk")]


def change(attribute: Attribute, new_type: str, **given: Any) -> TypeChange | None:
    return change_type(attribute, new_type, now=NOW + timedelta(days=1), by="Anna", **given)


CASES = [
    ("text", "12", "number", 12),
    ("text", "1 234,5", "number", 1234.5),
    ("text", "large", "number", None),
    ("text", "tak", "boolean", True),
    ("text", "21.11.2026", "date", "2026-11-21"),
    ("text", "2026-11-21 14:30", "datetime", "2026-11-21T13:30:00+00:00"),
    ("text", "red", "choice", "red"),
    ("text", "green", "choice", None),
    ("text", "red; blue", "choices", ["blue", "red"]),
    ("number", 12.5, "text", "12.5"),
    ("number", 12, "text", "12"),
    ("number", 1, "boolean", True),
    ("number", 1.0, "boolean", True),
    ("number", 2, "boolean", None),
    ("number", 20261121, "date", None),
    ("boolean", True, "text", "true"),
    ("boolean", True, "number", None),
    ("boolean", True, "choice", None),
    ("date", "2026-11-21", "datetime", "2026-11-20T23:00:00+00:00"),
    ("date", "2026-11-21", "text", "2026-11-21"),
    ("datetime", "2026-11-20T23:30:00+00:00", "date", "2026-11-21"),
    ("choice", "red", "text", "red"),
    ("choice", "red", "choices", ["red"]),
    ("choices", ["blue", "red"], "text", "blue; red"),
    ("choices", ["red"], "choice", "red"),
    ("choices", ["blue", "red"], "choice", None),
    ("choices", ["7"], "number", 7),
]


@pytest.mark.parametrize(("old", "value", "new", "becomes"), CASES)
def test_what_each_value_becomes(old: str, value: Any, new: str, becomes: Any) -> None:
    """None: it does not fit. In Polish, in the zone of Warsaw; and the database agrees."""
    listed = ["red", "blue", "7"]
    attribute = factories.attribute("size", old, options=listed if old.startswith("choice") else [])
    having(value)
    new_options = ["red", "blue"] if new.startswith("choice") else []
    with translation.override("pl"), timezone.override("Europe/Warsaw"):
        report = dry_run(attribute, wanted(attribute, new, new_options))
        assert report.unfit == (becomes is None)
        change(attribute, new, options=new_options, unfit=report.unfit)
    assert stored() == [becomes]
    assert Attribute.objects.get().type == new


@pytest.mark.parametrize("old", AttributeType.values)
def test_every_pair_of_types_is_judged(old: str) -> None:
    options = ["a"] if old.startswith("choice") else []
    attribute = factories.attribute("size", old, options=options)
    value = {
        "text": "a",
        "number": 2.5,
        "boolean": False,
        "date": "2026-11-21",
        "datetime": "2026-11-21T13:30:00+00:00",
        "choice": "a",
        "choices": ["a"],
    }[old]
    having(value)
    for new in AttributeType.values:
        if new != old:
            report = dry_run(attribute, wanted(attribute, new, ["a"] if new.startswith("choice") else []))
            assert report.contacts == 1
            assert len(report.fitting) + len(report.problems) == 1


def test_the_dry_run_tells_how_many_do_not_fit_and_why(size: Attribute) -> None:
    having("12", "12", "large", "large", "small", "1" * 20, "7,5")
    with translation.override("pl"):
        report = dry_run(size, wanted(size, "number"))
    assert (report.contacts, report.different, report.unfit, report.rewritten) == (7, 5, 4, 3)
    problem = report.problems["not_number"]
    assert (problem.contacts, problem.different, [value.raw for value in problem.values]) == (3, 2, ["large", "small"])
    assert report.problems["too_long"].contacts == 1
    assert [(value.said, value.becomes, value.contacts) for value in report.fitting] == [
        ("12", "12", 2),
        ("7,5", "7,5", 1),
    ]


def test_nothing_is_written_where_values_are_stored_alike(size: Attribute) -> None:
    having("red", "blue")
    before = list(Contact.objects.order_by("pk").values_list("updated_at"))
    change(size, "choice", options=["red", "blue"])
    assert (stored(), HistoryEntry.objects.count()) == (["red", "blue"], 0)
    assert list(Contact.objects.order_by("pk").values_list("updated_at")) == before


def test_values_that_do_not_fit_go_and_the_history_keeps_them(size: Attribute) -> None:
    _fits, gone = having("12", "large")
    change(size, "number", unfit=1)
    assert stored() == [12, None]
    entry = HistoryEntry.objects.get()
    assert (entry.contact, entry.detail, entry.by) == (gone, {"fields": {"attributes.size": ["large", None]}}, "Anna")


@pytest.mark.parametrize("agreed", [0, 2])
def test_other_values_than_those_agreed_to_change_nothing(size: Attribute, agreed: int) -> None:
    having("12", "large")
    with pytest.raises(OtherValuesError):
        change(size, "number", unfit=agreed)
    assert (stored(), Attribute.objects.get().type) == (["12", "large"], "text")


def criteria(op: str, value: Any) -> dict[str, Any]:
    return {"all": [{"kind": "attribute", "attribute": "size", "op": op, "value": value}]}


def test_criteria_that_could_not_be_understood_stop_it(size: Attribute) -> None:
    factories.segment("Large", criteria=criteria("contains", "large"))
    SavedCriteria.objects.create(name="Saved", criteria=criteria("eq", "12"), created_at=NOW, updated_at=NOW)
    with pytest.raises(InUseError) as refused:
        change(size, "number")
    assert [use.title for use in refused.value.uses] == ["Segment: Large", "Saved criteria: Saved"]
    SavedCriteria.objects.all().delete()
    change(factories.attribute("other"), "number")
    assert Attribute.objects.get(pk=size.pk).type == "text"


def test_criteria_that_still_hold_are_let_be(size: Attribute) -> None:
    factories.segment("Has", criteria={"all": [{"kind": "attribute", "attribute": "size", "op": "is_set"}]})
    change(size, "number")
    assert Attribute.objects.get().type == "number"


def test_a_change_of_many_is_a_job_that_is_done_whole(size: Attribute, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type_changes, "AT_ONCE", 1)
    having("12", "7,5", "large")
    with translation.override("pl"):
        job = change(size, "number", unfit=1)
    assert job is not None
    assert (job.total, job.language) == (3, "pl")
    assert stored() == ["12", "7,5", "large"]
    done = jobs.run("type_change", job.pk, now=NOW)
    assert done is not None
    assert (done.state, TypeChange.objects.get().changed_count) == (JobState.DONE, 3)
    assert stored() == [12, 7.5, None]


def test_a_job_that_meets_other_values_says_so_and_changes_nothing(
    size: Attribute, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type_changes, "AT_ONCE", 1)
    having("12", "13")
    job = change(size, "number")
    having("large")
    assert job is not None
    failed = jobs.run("type_change", job.pk, now=NOW)
    assert failed is not None
    assert failed.state == JobState.FAILED
    assert "look at them again" in failed.problem_text
    page = admin.get(reverse("contacts:attribute", args=[size.pk])).content.decode()
    assert "came to nothing" in page
    assert "look at them again" in page
    assert stored() == ["12", "13", "large"]


def test_options_are_suggested_by_the_values(size: Attribute) -> None:
    having("red", "blue", "red")
    assert suggested_options(size) == ["red", "blue"]


def test_a_value_converted_by_hand_says_why_not(size: Attribute) -> None:
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as refused:
        converted("large", size, wanted(size, "number"))
    assert refused.value.error_list[0].code == "not_number"


@pytest.mark.usefixtures("committed")
def test_the_mirror_and_counts_are_right_after_it() -> None:
    """Files made before it held texts; what they hold is read no more."""
    size = factories.attribute("size")
    people = having("red", "9", "10")
    compact(now=NOW, units=["contact"], rebuild=True)
    assert File.objects.filter(kind="contact").exists()
    assert members({"op": "lte", "value": 9}) is None
    change(size, "number", unfit=1)
    assert not File.objects.filter(kind="contact").exists()
    assert members({"op": "gte", "value": 9}) == {people[1].pk, people[2].pk}
    compact(now=NOW, units=["contact"])
    assert members({"op": "gt", "value": 9}) == {people[2].pk}
    assert_exact()


@pytest.mark.usefixtures("committed")
def test_what_one_form_has_counted_is_counted_anew_though_no_contact_was_written() -> None:
    """Text takes any case, an option of a list does not: the same condition means others."""
    size = factories.attribute("size")
    having("Red")
    condition = {"op": "is_set"}
    session = Session(1, "form")
    criterion = next(iter(groups.criteria(parse(criteria_of(condition)))))

    def kept() -> object:
        with snapshot():
            context = Context(now=NOW, zone=timezone.get_current_timezone())
            found = session.find(criterion, context)
            session.keep(criterion, context, BitMap([1]))
            return found

    assert kept() is None
    assert kept() is not None
    change(size, "choice", options=["Red"])
    assert kept() is None


def criteria_of(condition: dict[str, Any]) -> dict[str, Any]:
    return {"all": [{"kind": "attribute", "attribute": "size", **condition}]}


def members(condition: dict[str, Any]) -> set[int] | None:
    """Whom the engine finds; None: it refuses the condition."""
    context = Context(now=NOW, zone=timezone.get_current_timezone())
    try:
        return set(evaluate(parse(criteria_of(condition)), context=context).members)
    except CriteriaError:
        return None


# --- pages ----------------------------------------------------------------------------------------------------
def test_the_page_shows_the_dry_run_and_changes_after_agreeing(admin: Client, size: Attribute) -> None:
    having("12", "large")
    here = reverse("contacts:attribute_type", args=[size.pk])
    assert admin.get(here).status_code == 200
    asked = admin.get(here, {"type": "number"})
    assert (asked.status_code, asked.context["report"].unfit) == (200, 1)
    given = {"type": "number", "unfit": "1"}
    refused = admin.post(here, given)
    assert (refused.status_code, refused.context["form"].errors.keys()) == (422, {"agreed"})
    assert admin.post(here, {**given, "unfit": "0"}).status_code == 422
    assert admin.post(here, {**given, "agreed": "on"}).status_code == 302
    assert stored() == [12, None]


def test_a_value_leads_to_those_who_have_it(admin: Client, size: Attribute) -> None:
    held, _other = having("a;b & c:", "a")
    page = admin.get(reverse("contacts:manager"), {"value": f"{size.pk}:a;b & c:"})
    assert [row.pk for row in page.context["rows"]] == [held.pk]
    number = factories.attribute("n", "number")
    five = factories.contact(attributes={"n": 2.5})
    several = factories.attribute("c", "choices", options=["x", "y"])
    both = factories.contact(attributes={"c": ["x", "y"]})
    for value, person in ((f"{number.pk}:2.5", five), (f"{several.pk}:x; y", both)):
        page = admin.get(reverse("contacts:manager"), {"value": value})
        assert [row.pk for row in page.context["rows"]] == [person.pk]
    for bad in ("x", "999999:a", f"{'9' * 40}:a"):
        assert admin.get(reverse("contacts:manager"), {"value": bad}).status_code == 422


@pytest.mark.parametrize(
    "given", [{"type": "text"}, {"type": "nothing"}, {"type": "choice", "options": ";"}, {"type": ""}]
)
def test_a_bad_question_is_refused(admin: Client, size: Attribute, given: dict[str, str]) -> None:
    assert admin.get(reverse("contacts:attribute_type", args=[size.pk]), given).status_code == 422


def test_an_attribute_is_retired_brought_back_and_moved(admin: Client, size: Attribute) -> None:
    other, third = factories.attribute("other", position=1), factories.attribute("third", position=2)
    admin.post(reverse("contacts:attribute_retire", args=[size.pk]))
    page = admin.get(reverse("contacts:attributes"))
    assert [line[0].key for line in page.context["retired"]] == ["size"]
    admin.post(reverse("contacts:attribute_place", args=[third.pk]), {"at": "0"})
    assert [line[0].key for line in admin.get(reverse("contacts:attributes")).context["lines"]] == ["third", "other"]
    admin.post(reverse("contacts:attribute_bring_back", args=[size.pk]))
    admin.post(reverse("contacts:attribute_place", args=[other.pk]), {"at": "99"})
    lines = admin.get(reverse("contacts:attributes")).context["lines"]
    assert [line[0].key for line in lines][-1] == "other"


def test_a_retired_attribute_is_offered_nowhere_but_where_it_is_named(admin: Client, size: Attribute) -> None:
    services.retire_attribute(size, now=NOW)
    factories.segment("Has", criteria={"all": [{"kind": "attribute", "attribute": "size", "op": "is_set"}]})
    assert "size" in Choices().attributes
    assert [each.retired for each in AttributeForm().subjects(Choices())] == [True]
    assert "attribute-size" not in admin.get(reverse("contacts:create")).content.decode()


def test_the_page_of_an_attribute_counts_what_the_reader_sees(client_for: Any, marketer: Any, size: Attribute) -> None:
    mine, _other = having("12", "13")
    factories.permission_group("Media", users=[marketer], categories=[factories.category("media", mine)])
    page = client_for(marketer).get(reverse("contacts:attribute", args=[size.pk]))
    assert (page.context["having"], page.context["everyone"]) == (1, 1)
    assert [said for said, _n, _leads in page.context["frequent"]] == ["12"]


def test_options_of_a_list_are_counted_one_by_one(admin: Client) -> None:
    several = factories.attribute("c", "choices", options=["x", "y"])
    having(["x", "y"], ["x"], key="c")
    page = admin.get(reverse("contacts:attribute", args=[several.pk]))
    assert [(said, n) for said, n, _leads in page.context["frequent"]] == [("x", 2), ("y", 1)]


CHANGING = ["attribute_type", "attribute_retire", "attribute_bring_back", "attribute_place"]


@pytest.mark.parametrize("name", CHANGING)
def test_only_administrators_change_attributes(
    client_for: Any, marketer: Any, analyst: Any, size: Any, name: str
) -> None:
    for user in (marketer, analyst):
        assert client_for(user).post(reverse(f"contacts:{name}", args=[size.pk])).status_code == 403
        assert client_for(user).get(reverse("contacts:attribute", args=[size.pk])).status_code == 200


@pytest.mark.parametrize("name", ["attribute", *CHANGING, "attribute_type_change", "attribute_type_again"])
def test_ids_of_nobody_are_404(admin: Client, name: str) -> None:
    for method in (admin.get, admin.post):
        assert method(reverse(f"contacts:{name}", args=[999_999_999])).status_code in (404, 405)
