"""The small account's activities and visits, full of edges: drawn for the oracle's people, put into the database."""

from random import Random
from typing import Any

from hypothesis import strategies as st

from activities.models import Activity, ActivityType, Channel, Visit
from tests.factories import activity_type
from tests.oracle import Person, World
from tests.oracle_behaviour import ACTIVITIES, VISIT, Happened

URLS = [
    "https://sklep.example/cennik",
    "https://sklep.example/Cennik/",
    "https://sklep.example/cennik#raty",
    "https://sklep.example/cennik/#raty",
    "https://sklep.example/cennik?ref=100%",
    "https://sklep.example",
    "https://sklep.example/",
    "https://sklep.example/łódź//",
    "#top",
    "/",
]
INSTANTS = ["2026-11-21T14:03:22+00:00", "2026-11-20T22:59:59+00:00", "2026-11-20T23:00:00+00:00"]


def draw(people: list[Person], random: Random) -> None:
    """Gives the people their activities and visits: often several of one moment, often the same values."""
    from tests.population import DATES, NUMBERS, OPTIONS, TEXTS, moments  # which imports this module

    instants = moments()
    pools: dict[str, list[Any]] = {
        "text": [*TEXTS[:6], *OPTIONS],
        "url": URLS,
        "number": NUMBERS,
        "boolean": [True, False],
        "date": DATES,
        "datetime": INSTANTS,
        "choice": list(Channel.values),
    }

    def happened(types: dict[str, str], **fields: Any) -> list[Happened]:
        own = random.sample(instants, 3)
        return [
            Happened(
                random.choice(own),
                {
                    name: random.choice(pools[kind])
                    for name, kind in types.items()
                    if kind == "choice" or random.random() < 0.67
                },
                **fields,
            )
            for _number in range(random.choice([0, 0, 1, 1, 2, 3, 5]))
        ]

    for person in people:
        for key, types in ACTIVITIES.items():
            person.activities += happened(types, type=key)
        person.visits += happened(VISIT)


def settle(world: World) -> None:
    """Puts them into the database, for contacts that are there already."""
    activity_type("survey", **ACTIVITIES["survey"])
    types = dict(ActivityType.objects.values_list("key", "id"))
    Activity.objects.bulk_create(
        Activity(contact_id=person.id, type_id=types[row.type], at=row.at, params=row.values)
        for person in world.people
        for row in person.activities
    )
    Visit.objects.bulk_create(
        Visit(contact_id=person.id, at=row.at, **row.values) for person in world.people for row in person.visits
    )


def criteria() -> list[st.SearchStrategy]:
    """Random criteria about them."""
    from tests.test_oracle import OPERATIONS, few, op, windows  # which imports this module

    pieces = [url[at : at + 9] for url in URLS for at in (0, 8, 18) if url[at:]]
    url = st.one_of(
        *(op(name, st.sampled_from(URLS)) for name in ("eq", "ne")),
        *(op(name, few(URLS)) for name in ("in", "not_in")),
        *(op(name, st.sampled_from(pieces)) for name in ("contains", "not_contains", "starts_with", "ends_with")),
        op("matches", st.sampled_from(["cennik/?$", "^#", r"\?", "^https://[a-z.]+/?$"])),
        op("is_set"),
        op("is_not_set"),
    )
    channels = list(Channel.values)
    channel = st.one_of(
        op("eq", st.sampled_from(channels)), op("ne", st.sampled_from(channels)), op("not_in", few(channels))
    )
    number = st.integers(0, 4)
    times = st.one_of(
        *(op(name, number) for name in ("eq", "ne", "lt", "lte", "gt", "gte")),
        op("in", st.lists(number, min_size=1, max_size=3)),
        op("not_in", st.lists(number, min_size=1, max_size=3)),
        op("between", st.tuples(number, number).map(sorted).map(lambda pair: {"from": pair[0], "to": pair[1]})),
    )

    def where(types: dict[str, str]) -> st.SearchStrategy[Any]:
        def about(name: str) -> st.SearchStrategy[Any]:
            kind = types[name]
            tests = url if kind == "url" else channel if kind == "choice" else OPERATIONS[kind]
            return tests.map(lambda it: {"param": name, **it})

        return st.lists(st.sampled_from(sorted(types)).flatmap(about), min_size=1, max_size=2)

    def about(fixed: dict[str, str], types: dict[str, str]) -> st.SearchStrategy[Any]:
        counted = st.fixed_dictionaries(
            {key: st.just(value) for key, value in fixed.items()},
            optional={
                "where": where(types),
                "times": times,
                "within": windows(),
                "pick": st.sampled_from(["any", "only"]),
            },
        )
        one = st.fixed_dictionaries(
            {**{key: st.just(value) for key, value in fixed.items()}, "pick": st.sampled_from(["first", "last"])},
            optional={"where": where(types), "within": windows()},
        )
        return st.one_of(counted, counted, one)

    activities = st.one_of(*(about({"kind": "activity", "type": key}, types) for key, types in ACTIVITIES.items()))
    engagement = st.fixed_dictionaries(
        {"kind": st.just("engagement"), "state": st.sampled_from(["engaged", "unengaged"])},
        optional={"days": st.sampled_from([1, 2, 30, 366, 3650])},
    )
    return [activities, about({"kind": "visit"}, VISIT), engagement]
