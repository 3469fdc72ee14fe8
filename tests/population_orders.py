"""The small account's orders and lines, full of edges: drawn for the oracle's people, put into the database."""

from decimal import Decimal
from random import Random
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from activities.models import Channel, Order, OrderLine, OrderStatus
from tests.oracle import Person, World
from tests.oracle_orders import LINE, ORDER, RFM, Bought

AMOUNTS = ["0", "0.1", "0.2", "0.3", "0.0001", "99.99", "100", "100.0001", "300", "33.3333", "1000", "250.5", "-20"]
HUGE = ["99999999999999.9999", "12345678901234.5678"]
QUANTITIES = ["1", "1", "2", "0.5", "0.333", "3"]
BRANDS = ["Łódź Foto", "łódź foto", "ACME", "acme", "X", ""]
PRODUCTS = ["P-1", "p-1", "P-2", "Straße", "STRASSE"]
CATEGORIES = ["Aparaty", "Aparaty/Lustrzanki", "akcesoria", ""]
CURRENCIES = ["PLN", "EUR", "USD"]
CAMPAIGNS = ["Wiosna 100%", "wiosna 100%", "lato", ""]


def draw(people: list[Person], random: Random) -> None:
    """Gives the people their orders and their lines: often several of one moment, often the same totals."""
    from tests.population import moments  # which imports this module

    instants = moments()

    def line() -> dict[str, Any]:
        return {
            "product": random.choice(PRODUCTS),
            "name": random.choice(["Aparat", "aparat", "Pasek", ""]),
            "category": random.choice(CATEGORIES),
            "brand": random.choice(BRANDS),
            "quantity": Decimal(random.choice(QUANTITIES)),
            "price": Decimal(random.choice(AMOUNTS)),
            "amount": Decimal(random.choice(AMOUNTS)),
        }

    def order(own: list[Any]) -> Bought:
        return Bought(
            random.choice(own),
            Decimal(random.choice(HUGE if random.random() < 0.02 else AMOUNTS)),
            random.choice(OrderStatus.values),
            {
                "channel": random.choice(Channel.values),
                "utm_source": random.choice(["sklep", "Sklep", ""]),
                "utm_campaign": random.choice(CAMPAIGNS),
                "currency": random.choice(CURRENCIES),
            },
            [line() for _number in range(random.choice([0, 1, 1, 2, 4]))],
        )

    for person in people:
        own = random.sample(instants, 3)
        person.orders += [order(own) for _number in range(random.choice([0, 0, 1, 1, 2, 3, 5]))]


def settle(world: World) -> None:
    """Puts them into the database, for contacts that are there already."""
    with transaction.atomic():
        drawn = [(person, bought) for person in world.people for bought in person.orders]
        made = Order.objects.bulk_create(
            Order(contact_id=person.id, at=one.at, total=one.total, status=one.status, **one.values)
            for person, one in drawn
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, position=position, **line)
            for order, (_person, one) in zip(made, drawn, strict=True)
            for position, line in enumerate(one.lines, 1)
        )


def criteria() -> list[st.SearchStrategy]:
    """Random criteria about them."""
    from tests.test_oracle import OPERATIONS, few, op, windows  # which imports this module

    amounts = [float(amount) for amount in AMOUNTS] + [50, 0.3001, 166.6667, 1e14, 0.6, 200]
    numbers = st.sampled_from(amounts) | st.integers(0, 5)
    values: dict[str, list[str]] = {
        "product": PRODUCTS,
        "name": ["Aparat", "pasek"],
        "category": [one for one in CATEGORIES if one],
        "brand": [one for one in BRANDS if one],
        "currency": [*CURRENCIES, "pln", "P"],
        "utm_source": ["sklep"],
        "utm_campaign": [one for one in CAMPAIGNS if one],
        "channel": list(Channel.values),
        "status": list(OrderStatus.values),
    }

    def compared(number: st.SearchStrategy[Any], *, unset: bool = False) -> st.SearchStrategy[Any]:
        return st.one_of(
            *(op(name, number) for name in ("eq", "ne", "lt", "lte", "gt", "gte")),
            op("in", st.lists(number, min_size=1, max_size=3)),
            op("not_in", st.lists(number, min_size=1, max_size=3)),
            op("between", st.tuples(number, number).map(sorted).map(lambda pair: {"from": pair[0], "to": pair[1]})),
            *([op("is_set"), op("is_not_set")] if unset else []),
        )

    def about(name: str, kind: str) -> st.SearchStrategy[Any]:
        if kind == "number":
            return compared(st.sampled_from(amounts), unset=True)
        known = values[name]
        tests = [op("eq", st.sampled_from(known)), op("ne", st.sampled_from(known))]
        tests += [op("in", few(known)), op("not_in", few(known)), op("is_set"), op("is_not_set")]
        if kind == "text":
            pieces = sorted({one[:2] for one in known} | {one[-2:] for one in known})
            tests += [op(each, st.sampled_from(pieces)) for each in ("contains", "not_contains", "starts_with")]
            tests.append(op("matches", st.sampled_from(["^p", "a$", "[łl]", r"\d"])))
        return st.one_of(*tests)

    def where(types: dict[str, str]) -> st.SearchStrategy[Any]:
        one = st.sampled_from(sorted(types)).flatmap(
            lambda name: about(name, types[name]).map(lambda it: {"param": name, **it})
        )
        return st.lists(one, min_size=1, max_size=2)

    def measured(kind: str, measures: list[str], types: dict[str, str], picks: list[str]) -> st.SearchStrategy[Any]:
        fixed = st.fixed_dictionaries(
            {"kind": st.just(kind), "measure": st.sampled_from(measures)},
            optional={
                "where": where(types),
                "within": windows(),
                **({"pick": st.sampled_from(picks)} if picks else {}),
            },
        )
        return st.tuples(fixed, compared(numbers)).map(lambda pair: {**pair[0], **pair[1]})

    dates = st.tuples(st.sampled_from(["first", "last"]), OPERATIONS["datetime"]).map(
        lambda pair: {"kind": "order_date", "which": pair[0], **pair[1]}
    )
    groups = sorted({group for row in RFM.strip().splitlines() for group in row.split()[1:]})
    score = compared(st.integers(1, 5))
    scored = st.fixed_dictionaries(
        {"kind": st.just("rfm"), "recency": score}, optional={"frequency": score, "monetary": score}
    )
    return [
        measured("order", ["count", "sum", "avg", "max", "min"], ORDER, ["any", "first", "last", "only"]),
        measured("purchase", ["quantity", "amount", "orders"], LINE, []),
        dates,
        scored
        | st.lists(st.sampled_from(groups), min_size=1, max_size=3).map(lambda it: {"kind": "rfm", "groups": it}),
        st.sampled_from(
            [{"kind": "spender", "band": band} for band in ("low", "medium", "big")]
            + [{"kind": "spender", "buyer": buyer} for buyer in ("frequent", "one_time", "returning", "none")]
        ),
    ]
