"""Random trees over random people: the engine and the oracle agree on every set, and c and not-c share everyone."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation.criteria import dump, parse
from segmentation.engine import Context, evaluate, snapshot
from tests import population, population_behaviour, population_orders
from tests.oracle import World
from tests.population import ATTRIBUTES, CATEGORIES, CONSENTS, DATES, NOWS, NUMBERS, OPTIONS, TAGS, TEXTS, ZONES

QUIET = settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STATUSES = ["subscribed", "pending", "unsubscribed", "bounced"]
PATTERNS = ["^wars", "[łl]", "a$", "^.{2,7}$", r"\d+%?", "str(aß|ass)e", "nobody", r"\.", "."]


def few(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


def pieces(text: str) -> list[str]:
    return [text[:2] or text, text[-3:], text[1:4] or text]


def days() -> st.SearchStrategy[str]:
    near = [(now.date() + timedelta(days=n)).isoformat() for now in NOWS for n in (-30, -1, 0, 1)]
    return st.sampled_from(sorted({*near, *DATES}))


def bounds() -> st.SearchStrategy[str]:
    instants = [now.isoformat() for now in NOWS] + ["2026-03-29T02:30", "2026-10-25T02:30:00", "2026-11-21T00:00:00Z"]
    return days() | st.sampled_from(instants)


def in_order(pair: tuple[str, str]) -> bool:
    """Not an end before its start, which is refused."""
    start, end = (datetime.fromisoformat(one) if "T" in one else date.fromisoformat(one) for one in pair)
    if isinstance(start, datetime) != isinstance(end, datetime):
        return True
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.tzinfo is None) != (end.tzinfo is None):
        return True
    return start <= end


def ranges(moments: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.tuples(moments, moments).filter(in_order).map(lambda pair: {"from": pair[0], "to": pair[1]})


def counted(*, hours: bool) -> st.SearchStrategy[tuple[int, str]]:
    units = ["day", "week", "month", "year", *(["hour"] if hours else [])]
    return st.tuples(st.sampled_from([1, 2, 3, 7, 12, 24, 30, 31]), st.sampled_from(units))


def windows() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        counted(hours=True).map(lambda it: {"last": it[0], "unit": it[1]}),
        counted(hours=True).map(lambda it: {"next": it[0], "unit": it[1]}),
        bounds().map(lambda bound: {"from": bound}),
        bounds().map(lambda bound: {"to": bound}),
        ranges(bounds()),
    )


def op(name: str, values: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    return st.just({"op": name}) if values is None else values.map(lambda value: {"op": name, "value": value})


SET = [op("is_set"), op("is_not_set")]


def moment_ops(moments: st.SearchStrategy[str], *, hours: bool) -> st.SearchStrategy[dict[str, Any]]:
    spans = counted(hours=hours).map(lambda it: {"n": it[0], "unit": it[1]})
    reach = st.sampled_from([1, 2, 7, 30, 60, 364, 365, 366])
    return st.one_of(
        op("on", days()),
        op("before", moments),
        op("after", moments),
        op("between", ranges(moments)),
        op("last", spans),
        op("next", spans),
        op("ago", counted(hours=False).map(lambda it: {"n": it[0], "unit": it[1]})),
        op("anniversary", reach.map(lambda n: {"in_next": n}) | reach.map(lambda n: {"in_last": n})),
        op("anniversary", st.just({"on": "today"})),
        *SET,
    )


PARTS = [piece for text in TEXTS for piece in pieces(text)]
NUMBER = st.sampled_from(NUMBERS) | st.integers(-50, 50) | st.decimals(-9, 99, places=2).map(float)
OPERATIONS = {
    "text": st.one_of(
        op("eq", st.sampled_from(TEXTS)),
        op("ne", st.sampled_from(TEXTS)),
        op("in", few(TEXTS)),
        op("not_in", few(TEXTS)),
        *(op(name, st.sampled_from(PARTS)) for name in ("contains", "not_contains", "starts_with", "ends_with")),
        op("matches", st.sampled_from(PATTERNS)),
        *SET,
    ),
    "number": st.one_of(
        *(op(name, NUMBER) for name in ("eq", "ne", "lt", "lte", "gt", "gte")),
        op("in", st.lists(NUMBER, min_size=1, max_size=3)),
        op("not_in", st.lists(NUMBER, min_size=1, max_size=3)),
        op("between", st.tuples(NUMBER, NUMBER).map(sorted).map(lambda pair: {"from": pair[0], "to": pair[1]})),
        *SET,
    ),
    "boolean": st.one_of(op("is_true"), op("is_false"), *SET),
    "date": moment_ops(days(), hours=False),
    "datetime": moment_ops(bounds(), hours=True),
    "choice": st.one_of(
        op("eq", st.sampled_from(OPTIONS)),
        op("ne", st.sampled_from(OPTIONS)),
        op("in", few(OPTIONS)),
        op("not_in", few(OPTIONS)),
        *SET,
    ),
    "choices": st.one_of(*(op(name, few(OPTIONS)) for name in ("any", "all", "none")), *SET),
}
STATUS = st.one_of(op("eq", st.sampled_from(STATUSES)), op("not_in", few(STATUSES)))
FIELDS = {
    "text": ["email", "phone", "first_name", "last_name", "source"],
    "number": ["id", "lead_score"],
    "datetime": ["created_at"],
}


def fields() -> st.SearchStrategy[dict[str, Any]]:
    typed = [
        st.tuples(st.sampled_from(names), OPERATIONS[kind]).map(lambda it: {"kind": "field", "field": it[0], **it[1]})
        for kind, names in FIELDS.items()
    ]
    return st.one_of(*typed, STATUS.map(lambda it: {"kind": "field", "field": "status", **it}))


def attributes() -> st.SearchStrategy[dict[str, Any]]:
    def about(key: str) -> st.SearchStrategy[dict[str, Any]]:
        return OPERATIONS[ATTRIBUTES[key]].map(lambda it: {"kind": "attribute", "attribute": key, **it})

    return st.sampled_from(sorted(ATTRIBUTES)).flatmap(about)


def labels() -> st.SearchStrategy[dict[str, Any]]:
    any_all_none = st.sampled_from(["any", "all", "none"])
    timed = st.fixed_dictionaries({}, optional={"within": windows()})
    tag = st.fixed_dictionaries({"kind": st.just("tag"), "op": any_all_none, "tags": few(TAGS)})
    category = st.fixed_dictionaries(
        {"kind": st.just("category"), "op": any_all_none, "categories": few(CATEGORIES)},
        optional={"only_this_level": st.booleans()},
    )
    answered = st.fixed_dictionaries(
        {
            "kind": st.just("consent"),
            "consent": st.sampled_from(CONSENTS),
            "state": st.sampled_from(["given", "withdrawn"]),
        }
    )
    unknown = st.sampled_from([{"kind": "consent", "consent": name, "state": "unknown"} for name in CONSENTS])
    return st.one_of(
        *(st.tuples(one, timed).map(lambda it: it[0] | it[1]) for one in (tag, category, answered)), unknown
    )


def references(world: World) -> st.SearchStrategy[dict[str, Any]]:
    segment = st.fixed_dictionaries(
        {
            "kind": st.just("segment"),
            "segment": st.sampled_from(sorted(world.segments)),
            "op": st.sampled_from(["in", "not_in"]),
        },
        optional={"at": st.sampled_from(["latest", "now"])},
    )
    saved = st.sampled_from([{"kind": "saved", "criteria": pk} for pk in world.saved])
    file = st.sampled_from([{"kind": "file", "file": pk} for pk in world.files])
    sample = st.fixed_dictionaries(
        {
            "kind": st.just("sample"),
            "percent": st.sampled_from([0.01, 5, 33.33, 50, 100]),
            "salt": st.sampled_from(["a", "ź"]),
        }
    )
    return st.one_of(segment, saved, file, sample)


def trees(world: World) -> st.SearchStrategy[dict[str, Any]]:
    facts = [*population_behaviour.criteria(), *population_orders.criteria()]
    leaves = st.one_of(fields(), attributes(), attributes(), labels(), references(world), *facts)
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"all": nodes}),
            st.lists(inner, min_size=1, max_size=3).map(lambda nodes: {"any": nodes}),
            inner.map(lambda node: {"not": node}),
        ),
        max_leaves=7,
    ).filter(lambda tree: depth(tree) <= 8)


def depth(tree: Any) -> int:
    inner = tree.get("all") or tree.get("any") or ([tree["not"]] if "not" in tree else [])
    return 1 + max(map(depth, inner)) if inner else 0


@pytest.fixture(params=[1, 2])
def world(request: pytest.FixtureRequest, account: Any) -> World:
    return population.settle(population.people(request.param))


def assert_agree(world: World, tree: Any, now: datetime, zone: Any) -> None:
    world.now, world.zone = now, zone
    everyone = {person.id for person in world.people}
    context = Context(now=now, zone=zone)
    with snapshot():
        found = evaluate(parse(tree), context=context)
        others = evaluate(parse({"not": tree}), context=context) if depth(tree) < 8 else None
    assert set(found.members) == world.members(tree)
    assert dump(found.tree) == tree
    for node in found.nodes:
        assert node.count == len(node.members)
        assert set(node.members) <= everyone
    if others is not None:
        assert not found.members & others.members
        assert set(found.members | others.members) == everyone


def test_engine_and_oracle_agree_on_random_trees(world: World) -> None:
    @QUIET
    @given(tree=trees(world), now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        assert_agree(world, tree, now, zone)

    agree()


def test_engine_and_oracle_agree_on_every_window(world: World) -> None:
    """Single criteria about time: more of them than random trees would hold."""
    timed = st.one_of(
        OPERATIONS["datetime"].map(lambda it: {"kind": "field", "field": "created_at", **it}),
        OPERATIONS["datetime"].map(lambda it: {"kind": "attribute", "attribute": "seen", **it}),
        OPERATIONS["date"].map(lambda it: {"kind": "attribute", "attribute": "birthday", **it}),
        windows().map(lambda it: {"kind": "tag", "op": "any", "tags": TAGS, "within": it}),
    )

    @QUIET
    @given(tree=timed, now=st.sampled_from(NOWS), zone=st.sampled_from(ZONES))
    def agree(tree: Any, now: datetime, zone: Any) -> None:
        assert_agree(world, tree, now, zone)

    agree()
