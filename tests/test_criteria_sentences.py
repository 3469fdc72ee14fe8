"""Criteria as sentences: every kind, operator, window and group, with the days they come to."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from contacts.models import Attribute, Consent
from segmentation.criteria import Catalog, Sentence, Words, parse
from segmentation.criteria.words import Part, phrase
from segmentation.models import SavedCriteria
from tags.models import Category
from tests.population import make_file, make_segment

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 13, 3, tzinfo=UTC)
SCORE = {"kind": "field", "field": "lead_score", "op": "gt", "value": 20}
VIP = {"kind": "tag", "op": "any", "tags": ["vip"]}


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


@pytest.fixture
def words(account: Any) -> Words:
    for key, kind, name in (
        ("city", "text", "City"),
        ("member", "boolean", "Member"),
        ("birthday", "date", "Birthday"),
        ("seen", "datetime", "Last seen"),
        ("plan", "choice", "Plan"),
        ("likes", "choices", "Likes"),
    ):
        Attribute.objects.create(key=key, name=name, type=kind, options=["a", "b"] if "choice" in kind else [])
    Consent.objects.create(key="news", name_en="Newsletter", name_pl="Biuletyn")
    root = Category.objects.add_root({"name": "Klient", "slug_path": "klient"})
    Category.objects.add_child(root, {"name": "Media", "slug_path": "klient/media"})
    return Words(NOW, ZoneInfo("Europe/Warsaw"), Catalog())


def field(op: str, value: Any = None, name: str = "email") -> dict[str, Any]:
    return {"kind": "field", "field": name, "op": op} | ({} if value is None else {"value": value})


def attribute(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "attribute", "attribute": name, "op": op} | ({} if value is None else {"value": value})


def last(n: int, unit: str) -> dict[str, Any]:
    return {"last": n, "unit": unit}


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (field("eq", "a@b.pl"), "e-mail is a@b.pl"),
        (field("ne", "a@b.pl"), "e-mail is not a@b.pl"),
        (field("in", ["a", "b", "c"]), "e-mail is a, b or c"),
        (field("not_in", ["a", "b"]), "e-mail is not a or b"),
        (field("contains", "@b"), "e-mail contains “@b”"),
        (field("not_contains", "@b"), "e-mail does not contain “@b”"),
        (field("starts_with", "a"), "e-mail starts with “a”"),
        (field("ends_with", "a"), "e-mail ends with “a”"),
        (field("matches", "^a"), "e-mail matches the pattern “^a”"),
        (field("is_set"), "e-mail is set"),
        (field("is_not_set"), "e-mail is not set"),
        (field("eq", "bounced", "status"), "subscription status is Bounced"),
        (SCORE, "lead score is more than 20"),
        (field("gte", 20, "lead_score"), "lead score is at least 20"),
        (field("lt", 20, "lead_score"), "lead score is less than 20"),
        (field("lte", 20.5, "lead_score"), "lead score is at most 20.5"),
        (field("between", {"from": 1, "to": 2}, "lead_score"), "lead score is from 1 to 2"),
        (field("in", [1, 2], "id"), "contact id is 1 or 2"),
        (attribute("member", "is_true"), "Member: yes"),
        (attribute("member", "is_false"), "Member: no"),
        (attribute("plan", "ne", "a"), "Plan is not a"),
        (attribute("likes", "any", ["a", "b"]), "Likes includes a or b"),
        (attribute("likes", "all", ["a", "b"]), "Likes includes a and b"),
        (attribute("likes", "none", ["a"]), "Likes does not include a"),
        (attribute("likes", "none", ["a", "b"]), "Likes includes none of a or b"),
        (attribute("birthday", "on", "2026-11-21"), "Birthday is on 21 Nov"),
        (attribute("birthday", "before", "2000-01-02"), "Birthday is before 2 Jan 2000"),
        (attribute("seen", "after", "2026-11-01T10:00"), "Last seen is after 1 Nov, 10:00"),
        (
            attribute("birthday", "between", {"from": "2026-11-01", "to": "2026-11-05"}),
            "Birthday is from 1 Nov to 5 Nov",
        ),
        (attribute("seen", "last", {"n": 30, "unit": "day"}), "Last seen is in the last 30 days (since 23 Oct)"),
        (attribute("seen", "last", {"n": 1, "unit": "day"}), "Last seen is in the last 1 day (since 21 Nov)"),
        (
            attribute("seen", "last", {"n": 24, "unit": "hour"}),
            "Last seen is in the last 24 hours (since 20 Nov, 14:03)",
        ),
        (attribute("seen", "last", {"n": 1, "unit": "year"}), "Last seen is in the last 1 year (since 22 Nov 2025)"),
        (attribute("seen", "next", {"n": 2, "unit": "week"}), "Last seen is in the next 2 weeks (until 4 Dec)"),
        (attribute("seen", "ago", {"n": 3, "unit": "month"}), "Last seen is exactly 3 months ago (21 Aug)"),
        (attribute("birthday", "anniversary", {"on": "today"}), "Birthday has its anniversary today (21 Nov)"),
        (
            attribute("birthday", "anniversary", {"in_next": 7}),
            "Birthday has its anniversary in the next 7 days (until 27 Nov)",
        ),
        (
            attribute("birthday", "anniversary", {"in_last": 7}),
            "Birthday had its anniversary in the last 7 days (since 15 Nov)",
        ),
        (VIP, "has the tag VIP"),
        (VIP | {"tags": ["vip", "a, b"]}, "has the tag VIP, A or B"),
        (VIP | {"op": "all", "tags": ["a", "b"]}, "has the tags A and B"),
        (VIP | {"op": "none"}, "does not have the tag VIP"),
        (VIP | {"within": last(2, "month")}, "was given the tag VIP in the last 2 months (since 22 Sep)"),
        (VIP | {"op": "none", "within": {"from": "2026-11-01"}}, "was not given the tag VIP since 1 Nov"),
        (VIP | {"within": {"to": "2026-11-01"}}, "was given the tag VIP until 1 Nov"),
        ({"kind": "category", "op": "any", "categories": ["klient/media"]}, "is in the category Klient / Media"),
        (
            {"kind": "category", "op": "none", "categories": ["klient"], "only_this_level": True},
            "is not in the category Klient (only this level)",
        ),
        ({"kind": "category", "op": "any", "categories": ["klient/x"]}, "is in the category Klient / x"),
        ({"kind": "consent", "consent": "news", "state": "given"}, "has given the consent Newsletter"),
        ({"kind": "consent", "consent": "news", "state": "unknown"}, "has not answered about the consent Newsletter"),
        (
            {"kind": "consent", "consent": "news", "state": "withdrawn", "within": last(1, "week")},
            "withdrew the consent Newsletter in the last 1 week (since 15 Nov)",
        ),
        (
            {"kind": "sample", "percent": 12.5, "salt": "x"},
            "is in the random 12.5\N{NO-BREAK SPACE}% of the sample “x”",
        ),
        (
            {"kind": "segment", "segment": 99999, "op": "in"},
            "is in the segment deleted segment 99999 as last calculated",
        ),
        ({"not": SCORE}, "not (lead score is more than 20)"),
        ({"not": VIP}, "does not have the tag VIP"),
        ({"not": field("is_set")}, "e-mail is not set"),
        ({"not": {"any": [SCORE, VIP]}}, "not (lead score is more than 20 or has the tag VIP)"),
        ({"all": [SCORE]}, "lead score is more than 20"),
        (
            {"any": [{"all": [SCORE, VIP]}, {"all": [{"any": [VIP, SCORE]}]}, {"not": {"all": [VIP]}}]},
            (
                "(lead score is more than 20 and has the tag VIP) or (has the tag VIP or lead score is more than 20)"
                " or not (has the tag VIP)"
            ),
        ),
    ],
)
def test_a_tree_reads_as_a_sentence(words: Words, tree: Any, sentence: str) -> None:
    assert str(parse(tree).sentence(words)) == sentence


def test_references_are_called_by_name(words: Words) -> None:
    segment = make_segment("Warm", SCORE, members=[])
    saved = SavedCriteria.objects.create(name="Good", criteria=SCORE, created_at=NOW, updated_at=NOW)
    file = make_file("list.csv", [])
    trees = [
        {"kind": "segment", "segment": segment.pk, "op": "not_in", "at": "now"},
        {"kind": "saved", "criteria": saved.pk},
        {"kind": "file", "file": file.pk},
    ]
    assert [str(parse(tree).sentence(words)) for tree in trees] == [
        "is not in the segment Warm as of now",
        "meets the saved criteria Good",
        "is in the file list.csv",
    ]


def test_names_are_looked_up_in_one_query_for_each_kind(words: Words, django_assert_num_queries: Any) -> None:
    tree = parse({"any": [attribute(name, "is_set") for name in ("city", "plan", "seen")] * 5 + [VIP] * 5})
    with django_assert_num_queries(1):
        tree.sentence(words)


def test_what_was_deleted_is_called_by_what_is_left(words: Words) -> None:
    assert str(parse(attribute("gone", "contains", "x")).sentence(words)) == "gone contains “x”"
    assert "city" in str(parse(attribute("city", "gt", 5)).sentence(words)).lower()  # it was a number once


def test_long_lists_end_in_their_number(words: Words) -> None:
    assert (
        str(parse(field("in", [str(n) for n in range(500)])).sentence(words))
        == "e-mail is 0, 1, 2, 3, 4, 5 or 494 more"
    )


def test_values_are_marked_up_and_made_safe(words: Words) -> None:
    sentence = parse(attribute("city", "eq", "<b>&{field}")).sentence(words).finished
    assert sentence.html == 'City is <b class="value">&lt;b&gt;&amp;{field}</b>.'
    assert str(sentence) == "City is <b>&{field}."


def test_a_finished_sentence_begins_with_a_capital() -> None:
    assert str(Sentence((Part("has "), Part("x", value=True))).finished) == "Has x."
    assert str(Sentence((Part("x", value=True),)).finished) == "x."
    assert str(Sentence(()).finished) == "."


def test_a_translation_with_a_wrong_placeholder_does_no_harm() -> None:
    assert str(phrase("{field} is {walue}", field="a", value="b")) == "a is {walue}"


def test_every_operator_can_be_told_and_negated(words: Words) -> None:
    from tests.test_criteria_operators import CASES, VALUES

    for kind in VALUES:
        options = ["free", "gold", "pro"] if "choice" in kind else []
        Attribute.objects.create(key=f"a_{kind}", name="Value", type=kind, options=options)
    for kind, op, value, _expected in CASES:
        criterion = attribute(f"a_{kind}", op, value)
        assert str(parse(criterion).sentence(words)) != str(parse({"not": criterion}).sentence(words))
