"""Declaring types of activities and their parameters, and what keeps them."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from activities.hooks import uses_of_parameter, uses_of_type
from activities.models import Activity, ActivityType, Parameter
from activities.services import (
    Declared,
    add_parameter,
    create_type,
    delete_parameter,
    delete_type,
    rename_parameter,
    rename_type,
)
from activities.services.types import MOST_PARAMETERS
from contacts.services import InUseError
from segmentation.models import SavedCriteria
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def built_in(key: str = "page_view") -> ActivityType:
    return ActivityType.objects.get(key=key)


def problems(call: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        call()
    if not hasattr(caught.value, "error_dict"):
        return {"": [error.code for error in caught.value.error_list]}
    return {field: [error.code for error in errors] for field, errors in caught.value.error_dict.items()}


def test_a_type_is_declared_with_its_parameters() -> None:
    made = create_type(
        key=" quiz ",
        name=" Quiz  solved",
        parameters=[Declared("score", "Score", "number"), Declared("level", "L", "text")],
    )
    assert (made.key, made.name, made.built_in) == ("quiz", "Quiz solved", False)
    assert list(made.parameters.values_list("key", "name", "type")) == [
        ("score", "Score", "number"),
        ("level", "L", "text"),
    ]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "invalid_key"),
        ("Quiz", "invalid_key"),
        ("1quiz", "invalid_key"),
        ("qu iz", "invalid_key"),
        ("żółw", "invalid_key"),
        ("q" * 61, "invalid_key"),
        ("visit", "reserved"),
        ("page_view", "taken"),
    ],
)
def test_keys_that_are_refused(key: str, code: str) -> None:
    assert problems(lambda: create_type(key=key, name="Quiz")) == {"key": [code]}


def test_everything_wrong_with_a_new_type_is_told_at_once() -> None:
    declared = [Declared("at", "", "money"), Declared("a", "A", "text"), Declared("a", "B", "text")]
    assert problems(lambda: create_type(key="Quiz", name="", parameters=declared)) == {
        "key": ["invalid_key"],
        "name": ["required"],
        "parameters.0.type": ["required"],
        "parameters.0.key": ["reserved"],
        "parameters.0.name": ["required"],
        "parameters.2.key": ["taken"],
    }
    assert not ActivityType.objects.filter(built_in=False).exists()


def test_a_type_has_not_too_many_parameters() -> None:
    declared = [Declared(f"p{n}", f"P{n}", "text") for n in range(MOST_PARAMETERS + 1)]
    assert problems(lambda: create_type(key="quiz", name="Quiz", parameters=declared)) == {"parameters": ["too_many"]}
    made = create_type(key="quiz", name="Quiz", parameters=declared[1:])
    assert problems(lambda: add_parameter(made, key="x", name="X", type="text")) == {"": ["too_many"]}


def test_a_type_of_ones_own_is_renamed() -> None:
    assert rename_type(factories.activity_type("quiz"), name="Test").label == "Test"
    assert ActivityType.objects.get(key="quiz").name == "Test"
    assert problems(lambda: rename_type(factories.activity_type("poll"), name=" ")) == {"name": ["required"]}


def test_what_is_built_in_is_neither_renamed_nor_deleted() -> None:
    url = Parameter.objects.get(activity_type=built_in(), key="url")
    assert problems(lambda: rename_type(built_in(), name="X")) == {"name": ["built_in"]}
    assert problems(lambda: delete_type(built_in())) == {"": ["built_in"]}
    assert problems(lambda: rename_parameter(url, name="X")) == {"name": ["built_in"]}
    assert problems(lambda: delete_parameter(url)) == {"": ["built_in"]}


def test_a_built_in_type_gets_further_parameters() -> None:
    made = add_parameter(built_in(), key="device", name="Device", type="text")
    assert rename_parameter(made, name="Machine").label == "Machine"
    delete_parameter(made)
    assert not Parameter.objects.filter(key="device").exists()


@pytest.mark.parametrize(
    ("key", "kind", "found"),
    [
        ("url", "text", {"key": ["taken"]}),
        (" url ", "text", {"key": ["taken"]}),
        ("contact", "text", {"key": ["reserved"]}),
        ("Ü", "text", {"key": ["invalid_key"]}),
        ("device", "money", {"type": ["required"]}),
    ],
)
def test_parameters_that_are_refused(key: str, kind: str, found: dict[str, list[str]]) -> None:
    assert problems(lambda: add_parameter(built_in(), key=key, name="X", type=kind)) == found


def test_an_unused_type_is_deleted_with_its_parameters() -> None:
    delete_type(factories.activity_type("quiz", score="number"))
    assert not ActivityType.objects.filter(key="quiz").exists()
    assert not Parameter.objects.filter(key="score").exists()


def test_a_type_stays_while_there_are_activities_of_it() -> None:
    quiz = factories.activity_type("quiz", score="number")
    done = factories.activity(factories.contact(), "quiz", score=1)
    with pytest.raises(InUseError, match="There are activities"):
        delete_type(quiz)
    with pytest.raises(InUseError, match="its parameters stay"):
        delete_parameter(quiz.parameters.get())
    done.delete()
    delete_parameter(quiz.parameters.get())
    delete_type(quiz)


# --- what uses them --------------------------------------------------------------------------------------------
def criterion(type_: str, *params: str) -> dict[str, Any]:
    where = [{"param": param, "op": "is_set"} for param in params]
    return {"kind": "activity", "type": type_, **({"where": where} if where else {})}


def test_segments_and_saved_criteria_that_name_a_type_use_it() -> None:
    quiz, poll = factories.activity_type("quiz", score="number"), factories.activity_type("poll", score="number")
    factories.segment("Solvers", criteria={"any": [{"all": [factories.EVERYONE, {"not": criterion("quiz", "score")}]}]})
    factories.segment("Voters", criteria={"all": [criterion("poll")]})
    SavedCriteria.objects.create(
        name="Both",
        criteria={"all": [criterion("poll", "score"), criterion("quiz")]},
        created_at=NOW,
        updated_at=NOW,
    )

    def titles(uses: Any) -> list[str]:
        assert all(use.url for use in uses)
        return [use.title for use in uses]

    assert titles(uses_of_type(quiz)) == ["Segment: Solvers", "Saved criteria: Both"]
    assert titles(uses_of_type(poll)) == ["Segment: Voters", "Saved criteria: Both"]
    assert titles(uses_of_parameter(quiz.parameters.get())) == ["Segment: Solvers"]
    assert titles(uses_of_parameter(poll.parameters.get())) == ["Saved criteria: Both"]
    assert uses_of_type(built_in()) == []


def test_a_type_and_a_parameter_stay_while_criteria_name_them() -> None:
    quiz = factories.activity_type("quiz", score="number", level="text")
    made = factories.segment("Solvers", criteria={"all": [criterion("quiz", "score")]})
    with pytest.raises(InUseError, match="is used") as caught:
        delete_type(quiz)
    assert [use.title for use in caught.value.uses] == ["Segment: Solvers"]
    with pytest.raises(InUseError, match="is used"):
        delete_parameter(quiz.parameters.get(key="score"))
    delete_parameter(quiz.parameters.get(key="level"))
    made.delete()
    delete_type(quiz)


def test_whether_there_are_activities_of_a_type_is_looked_up() -> None:
    """Fifty million activities are not searched for one of a type of the account's own."""
    kind = factories.activity_type("quiz")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # else nothing is as quick as a scan of an empty table
    plan = Activity.objects.filter(type=kind).explain()
    assert "activity_own_type" in plan
    assert "activity_own_type" not in Activity.objects.filter(type=built_in("login")).explain()
