"""The kinds beside values: tags, categories, consents, segments, saved criteria, files, samples; and adding a kind."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from pyroaring import BitMap

from contacts.models import Consent, Contact, ContactConsent
from segmentation.criteria import (
    KINDS,
    Catalog,
    Context,
    CriteriaError,
    Criterion,
    Sentence,
    Words,
    check,
    parse,
    register,
)
from segmentation.criteria.words import phrase
from segmentation.engine import evaluate
from segmentation.models import SavedCriteria, Segment
from tags.models import Category, ContactCategory, ContactTag, Tag
from tests.population import NOWS, ZONES, make_file, make_segment

pytestmark = pytest.mark.django_db

NOW, WARSAW = NOWS[0], ZONES[0]


def contact(name: str, **fields: Any) -> int:
    return Contact.objects.create(first_name=name, created_at=NOW, updated_at=NOW, **fields).pk


def members(tree: Any, **context: Any) -> set[int]:
    return set(evaluate(parse(tree), context=Context(now=NOW, zone=WARSAW, **context)).members)


def refused(tree: Any, **origin: Any) -> CriteriaError:
    with pytest.raises(CriteriaError) as caught:
        check(parse(tree), Catalog(), **origin)
    return caught.value


# --- labels -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tagged() -> dict[str, int]:
    a, b = Tag.objects.create(name="A"), Tag.objects.create(name="B CO")
    found = {name: contact(name) for name in ("none", "a", "b", "both")}
    for tag, name, days in ((a, "a", 0), (b, "b", 40), (a, "both", 40), (b, "both", 0)):
        ContactTag.objects.create(tag=tag, contact_id=found[name], assigned_at=NOW - timedelta(days=days))
    return found


@pytest.mark.parametrize(
    ("op", "tags", "within", "expected"),
    [
        ("any", ["A"], None, "a both"),
        ("any", ["A", "B CO"], None, "a b both"),
        ("all", ["A", "B CO"], None, "both"),
        ("none", ["A"], None, "none b"),
        ("none", ["A", "B CO"], None, "none"),
        ("any", ["a , b co"], None, "a b both"),
        ("all", [" a", "b co", "A"], None, "both"),
        ("any", ["A"], 30, "a"),
        ("any", ["A", "B CO"], 30, "a both"),
        ("all", ["A", "B CO"], 30, ""),
        ("none", ["A"], 30, "none b both"),
    ],
)
def test_tags(tagged: dict[str, int], op: str, tags: list[str], within: int | None, expected: str) -> None:
    """Any or all of tags is never unclear, and two joins never lose or repeat anybody."""
    tree = {"kind": "tag", "op": op, "tags": tags} | ({"within": {"last": within, "unit": "day"}} if within else {})
    assert members(tree) == {tagged[name] for name in expected.split()}
    assert members({"not": tree}) == set(tagged.values()) - members(tree)


def test_a_tag_that_is_not_there_is_refused() -> None:
    error = refused({"any": [{"kind": "tag", "op": "none", "tags": ["gone"]}]})
    assert (error.path, error.message) == ("any[0].tags[0]", "There is no tag “GONE”.")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"op": "any", "categories": ["k"]}, "k m tv both"),
        ({"op": "any", "categories": ["k"], "only_this_level": True}, "k"),
        ({"op": "any", "categories": ["k/m"]}, "m tv both"),
        ({"op": "all", "categories": ["k", "x"]}, "both"),
        ({"op": "none", "categories": ["k"]}, "none kk"),
        ({"op": "none", "categories": ["k"], "only_this_level": True}, "none m tv both kk"),
        ({"op": "any", "categories": ["k"], "within": {"from": "2026-11-21"}}, "tv"),
    ],
)
def test_categories_mean_themselves_and_all_below(tree: Any, expected: str) -> None:
    paths: dict[str, Category] = {}
    for path in ("k", "k/m", "k/m/tv", "x", "kk"):
        above = path.rpartition("/")[0]
        fields = {"name": path, "slug_path": path}
        paths[path] = Category.objects.add_child(paths[above], fields) if above else Category.objects.add_root(fields)
    found = {name: contact(name) for name in ("none", "k", "m", "tv", "both", "kk")}
    placed = [("k", "k"), ("m", "k/m"), ("tv", "k/m/tv"), ("both", "k/m/tv"), ("both", "x"), ("kk", "kk")]
    for name, path in placed:
        at = NOW if name == "tv" else NOW - timedelta(days=40)
        paths[path].refresh_from_db()
        ContactCategory.objects.create(category=paths[path], contact_id=found[name], assigned_at=at)
    assert members({"kind": "category"} | tree) == {found[name] for name in expected.split()}
    assert members({"not": {"kind": "category"} | tree}) == {
        pk for name, pk in found.items() if name not in expected.split()
    }


@pytest.mark.parametrize(
    ("state", "within", "expected"),
    [
        ("given", None, "yes old"),
        ("withdrawn", None, "no"),
        ("unknown", None, "never"),
        ("given", 7, "yes"),
        ("withdrawn", 7, "no"),
    ],
)
def test_consents(state: str, within: int | None, expected: str) -> None:
    consent = Consent.objects.create(key="news", name_en="News", name_pl="Nowości")
    found = {name: contact(name) for name in ("yes", "old", "no", "never")}
    for name, answer, days in (("yes", "given", 1), ("old", "given", 30), ("no", "withdrawn", 1)):
        at = NOW - timedelta(days=days)
        ContactConsent.objects.create(
            consent=consent, contact_id=found[name], state=answer, changed_at=at, source="form", wording_version=1
        )
    tree = {"kind": "consent", "consent": "news", "state": state}
    if within:
        tree["within"] = {"last": within, "unit": "day"}  # type: ignore[assignment]
    assert members(tree) == {found[name] for name in expected.split()}


# --- references ---------------------------------------------------------------------------------------------------


def of(segment: Segment, *, op: str = "in", at: str = "now") -> dict[str, Any]:
    return {"kind": "segment", "segment": segment.pk, "op": op, "at": at}


SCORED = {"kind": "field", "field": "lead_score", "op": "gte", "value": 10}


def test_a_segment_is_its_members_then_or_its_criteria_now() -> None:
    low, high = contact("low", lead_score=1), contact("high", lead_score=10)
    segment = make_segment("s", SCORED, members=[low, 999_999])
    assert members(of(segment, at="latest")) == {low}
    assert members(of(segment, at="latest", op="not_in")) == {high}
    assert members(of(segment)) == {high}
    assert members(of(segment, op="not_in")) == {low}


def test_a_segment_never_calculated_is_refused_not_empty() -> None:
    segment = make_segment("s", SCORED)
    error = refused({"all": [of(segment, at="latest", op="not_in")]})
    assert error.path == "all[0].segment"
    assert members(of(segment)) == set()


def test_saved_criteria_are_a_live_reference() -> None:
    low, high = contact("low", lead_score=1), contact("high", lead_score=10)
    saved = SavedCriteria.objects.create(name="s", criteria=SCORED, created_at=NOW, updated_at=NOW)
    assert members({"kind": "saved", "criteria": saved.pk}) == {high}
    SavedCriteria.objects.update(criteria={"not": SCORED})
    assert members({"kind": "saved", "criteria": saved.pk}) == {low}


def test_a_file_is_those_of_its_contacts_that_are_still_there() -> None:
    one, two = contact("one"), contact("two")
    file = make_file("f.csv", [one, two, 999_999])
    Contact.objects.filter(pk=two).delete()
    assert members({"kind": "file", "file": file.pk}) == {one}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"kind": "segment", "segment": 99999, "op": "in"}, "segment"),
        ({"kind": "saved", "criteria": 99999}, "criteria"),
        ({"kind": "file", "file": 99999}, "file"),
        ({"kind": "attribute", "attribute": "gone", "op": "is_not_set"}, "attribute"),
        ({"kind": "category", "op": "none", "categories": ["gone"]}, "categories[0]"),
        ({"kind": "consent", "consent": "gone", "state": "unknown"}, "consent"),
    ],
)
def test_what_is_gone_is_refused_at_calculation_too(tree: Any, path: str) -> None:
    contact("somebody")
    with pytest.raises(CriteriaError) as caught:
        members({"any": [SCORED, {"not": tree}]})
    assert caught.value.path == f"any[1].not.{path}"


def test_a_deleted_tag_within_a_referred_segment_is_told_at_the_reference() -> None:
    segment = make_segment("inner", {"all": [{"kind": "tag", "op": "any", "tags": ["gone"]}]})
    error = refused({"any": [SCORED, of(segment)]})
    assert error.path == "any[1].segment"
    assert "inner" in error.message
    assert "GONE" in error.message
    assert "all[0].tags[0]" in error.message


@pytest.mark.parametrize("at", ["now", "latest"])
def test_circles_are_refused(at: str) -> None:
    a, b, c = (make_segment(name, SCORED, members=[]) for name in "abc")
    for segment, inner in ((a, b), (b, c)):
        segment.versions.update(criteria={"any": [SCORED, of(inner, at=at)]})
    tree = {"all": [of(a, at=at)]}
    check(parse(tree), Catalog(), origin=("segment", 12345))
    error = refused(tree, origin=("segment", c.pk))
    assert error.path == "all[0].segment"
    assert "c → a → b → c" in error.message
    c.versions.update(criteria=tree)
    assert refused({"all": [of(b, at=at)]}).path == "all[0].segment"
    with pytest.raises(CriteriaError):
        members(of(a, at=at))


def test_a_circle_through_saved_criteria_is_refused() -> None:
    saved = SavedCriteria.objects.create(name="s", criteria=SCORED, created_at=NOW, updated_at=NOW)
    segment = make_segment("a", {"kind": "saved", "criteria": saved.pk})
    assert refused(of(segment), origin=("saved", saved.pk)).path == "segment"
    assert refused({"kind": "saved", "criteria": saved.pk}, origin=("saved", saved.pk)).path == "criteria"


def chain(length: int) -> Segment:
    segment = make_segment("s0", SCORED)
    for number in range(1, length):
        segment = make_segment(f"s{number}", of(segment))
    return segment


def test_references_may_be_eight_deep() -> None:
    check(parse(of(chain(8))), Catalog())


def test_references_deeper_than_eight_are_refused() -> None:
    assert refused({"all": [SCORED, of(chain(9))]}).path == "all[1].segment"


def test_a_diamond_of_references_is_read_once_and_is_no_circle() -> None:
    """Each level names the one below twice: 2^7 readings if they were not remembered."""
    segment = make_segment("s0", SCORED)
    for number in range(1, 8):
        segment = make_segment(f"s{number}", {"any": [of(segment), {"not": of(segment)}]})
    high = contact("high", lead_score=10)
    assert members(of(segment)) == {high}


def test_all_referred_criteria_together_may_be_1000() -> None:
    many = {"any": [SCORED] * 250}
    segments = [make_segment(f"s{number}", many) for number in range(4)]
    error = refused({"any": [of(segment) for segment in segments]})
    assert error.path == "any[3].segment"


# --- samples ------------------------------------------------------------------------------------------------------


def test_a_sample_is_the_same_forever() -> None:
    """Golden: who is in a test group must not change with a version of the program."""
    import numpy as np

    from segmentation.criteria.sample import places

    assert places(np.arange(1, 9, dtype=np.uint32), "autumn").tolist() == GOLDEN
    assert places(np.arange(1, 9, dtype=np.uint32), "jesień").tolist() != GOLDEN


GOLDEN = [5494, 646, 7677, 4782, 1339, 179, 445, 4877]


def test_samples_nest_and_have_their_share() -> None:
    import numpy as np

    from segmentation.criteria.sample import places

    ids = np.arange(1, 200_001, dtype=np.uint32)
    found = places(ids, "a")
    for percent in (0.5, 10, 50):
        assert abs((found < percent * 100).mean() * 100 - percent) < 0.3
    other = places(ids, "b")
    both = ((found < 5000) & (other < 5000)).mean()
    assert abs(both - 0.25) < 0.005  # two salts know nothing of each other


def test_a_sample_is_taken_of_those_there_are() -> None:
    ids = {contact(f"c{number}") for number in range(30)}
    whole = {"kind": "sample", "percent": 100, "salt": "a"}
    tenth, fifth = ({"kind": "sample", "percent": percent, "salt": "a"} for percent in (10, 20))
    assert members(whole) == ids
    assert members(tenth) <= members(fifth) <= ids
    assert members(fifth, mask=BitMap(sorted(ids)[:10])) == members(fifth) & set(sorted(ids)[:10])


# --- a kind is added by registering it ----------------------------------------------------------------------------


@pytest.fixture
def toy() -> Iterator[None]:
    @register
    class EvenCriterion(Criterion):
        """Contacts with an even id, or an odd one."""

        kind: Literal["even"]
        odd: bool = False

        def members(self, context: Context) -> BitMap:
            even = BitMap(pk for pk in context.everyone if pk % 2 == 0)
            return context.but(even) if self.odd else even

        def sentence(self, words: Words) -> Sentence:
            return phrase("has an {which} id", which="odd" if self.odd else "even")

        def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
            return phrase("{id}", id=words.number(contact))

    yield
    del KINDS["even"]


@pytest.mark.usefixtures("toy")
def test_a_kind_is_added_by_one_registration() -> None:
    ids = {contact(f"c{number}") for number in range(5)}
    tree = parse({"any": [{"kind": "even", "odd": True}, SCORED]})
    assert set(evaluate(tree, context=Context(now=NOW, zone=WARSAW)).members) == {pk for pk in ids if pk % 2}
    assert str(tree.sentence(Words(NOW, WARSAW, Catalog()))) == "has an odd id or lead score is at least 10"
    with pytest.raises(CriteriaError) as caught:
        parse({"not": {"kind": "even", "odd": 1}})
    assert caught.value.path == "not.odd"


@pytest.mark.usefixtures("toy")
def test_a_kind_is_registered_once() -> None:
    with pytest.raises(ValueError, match="even"):
        register(KINDS["even"])


# --- naming and renaming ------------------------------------------------------------------------------------------


def test_references_are_found_with_their_paths() -> None:
    from segmentation.criteria import references

    tree = {
        "all": [
            {"kind": "tag", "op": "any", "tags": ["a, b", "C"]},
            {"not": {"kind": "segment", "segment": 5, "op": "in"}},
            {"kind": "category", "op": "any", "categories": ["k/m"]},
            SCORED,
        ]
    }
    assert {(r.kind, r.key, r.path) for r in references(tree)} == {
        ("tag", "A", "all[0].tags[0]"),
        ("tag", "B", "all[0].tags[0]"),
        ("tag", "C", "all[0].tags[1]"),
        ("segment", 5, "all[1].not.segment"),
        ("category", "k/m", "all[2].categories[0]"),
    }


def test_renaming_changes_what_is_named_and_nothing_else() -> None:
    from segmentation.criteria import rename

    tree = {
        "any": [
            {"kind": "tag", "op": "any", "tags": ["a, B", "c"]},
            {"kind": "category", "op": "any", "categories": ["k", "k/m", "kk"]},
            {"not": {"kind": "consent", "consent": "B", "state": "given"}},
        ]
    }
    before = repr(tree)
    assert rename(tree, "tag", {"B": "C"})["any"][0]["tags"] == ["A", "C", "c"]
    assert rename(tree, "tag", {"A": "B", "B": "A"})["any"][0]["tags"] == ["B", "A", "c"]
    assert rename(tree, "category", {"k": "x", "k/m": "x/m"})["any"][1]["categories"] == ["x", "x/m", "kk"]
    assert rename(tree, "consent", {"B": "D"})["any"][2]["not"]["consent"] == "D"
    assert rename(tree, "tag", {"Z": "C"}) == tree
    assert repr(tree) == before


def test_now_is_the_contexts_not_the_clocks() -> None:
    pk = contact("c")
    tree = {"kind": "field", "field": "created_at", "op": "last", "value": {"n": 1, "unit": "day"}}
    assert members(tree) == {pk}
    later: datetime = NOW + timedelta(days=1)
    assert not evaluate(parse(tree), context=Context(now=later, zone=WARSAW)).members
