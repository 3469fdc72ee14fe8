"""The questions: from one criterion to mixes of eight, as people ask them of a shop."""

from bench.engine.leaves import (
    activity,
    at_risk,
    big_spenders,
    buyers,
    category,
    champions,
    city,
    consent,
    diopters,
    engaged,
    first_order_lately,
    first_view,
    frequent_buyers,
    last_login,
    last_order_before,
    last_visit,
    lead_score,
    looked_at,
    only_visits,
    orders,
    orders_from,
    orders_that_are,
    purchase,
    recent_and_frequent,
    seldom,
    status,
    tag,
    viewed,
    visit,
)  # fmt: skip
from bench.engine.queries import AllOf, Node, Not, Tree, both, either

TREES = (
    # --- one criterion -----------------------------------------------------------------------------------------
    Tree("lead score over 20", lead_score("gt", 20)),
    Tree("opened in 90 days", activity("email_open", last=90)),
    Tree("3 page views in 30 days", activity("page_view", times=3, last=30)),
    Tree("50 page views in a year", activity("page_view", times=50, last=1, unit="year")),
    Tree("10 page views ever", activity("page_view", times=10)),
    Tree("3 views of /cennik in 30 days", viewed("/cennik", times=3, last=30)),
    Tree("a view of /blog/12… in a year", viewed("/blog/12", last=1, unit="year")),
    Tree("a Lumora for 400 or more looked at in 6 months", looked_at("Lumora", 400, last=6, unit="month")),
    Tree("fewer than 3 page views in 30 days", seldom("page_view", 3, last=30)),
    Tree("never put anything into a cart", seldom("add_to_cart", 1)),
    Tree("last login by password", last_login("password")),
    Tree("first page ever seen: the blog", first_view("/blog/")),
    Tree("2 visits from ads in 90 days", visit("ad", times=2, last=90)),
    Tree("last visit from search, in 30 days", last_visit("search", last=30, unit="day")),
    Tree("only direct visits in a year", only_visits("direct", last=1, unit="year")),
    Tree("spent over 500 in 6 months", orders("sum", "gt", 500, last=6, unit="month")),
    Tree("spent less than 100 in a year", orders("sum", "lt", 100, last=1, unit="year")),
    Tree("3 orders in a year", orders("count", "gte", 3, last=1, unit="year")),
    Tree("average order over 700", orders("avg", "gt", 700)),
    Tree("orders from paid sources only", orders_from("ad", "utm", only=True)),
    Tree("a refund in a year", orders_that_are("refunded", last=1, unit="year")),
    Tree(
        "Lumora for more than 300 in 6 months", purchase("brand", "Lumora", "amount", "gt", 300, last=6, unit="month")
    ),
    Tree("last order before May", last_order_before("2026-05-01")),
    Tree("engaged in 90 days", engaged(90)),
    Tree("champions", champions()),
    Tree("big spenders", big_spenders()),
    # --- mixes -------------------------------------------------------------------------------------------------
    Tree(
        "lead score and city, or a category",
        either(both(lead_score("gt", 20), city("Warszawa")), category("klient/media")),
    ),
    Tree(
        "looked at the price list, not a VIP",
        both(viewed("/cennik", times=3, last=30), Not(tag("VIP")), consent("email_marketing")),
    ),
    Tree(
        "bought lenses in a year, never a case",
        both(
            purchase("category", "soczewki/dzienne", "orders", "gte", 1, last=1, unit="year"),
            purchase("category", "akcesoria/etui", "orders", "eq", 0),
        ),
    ),
    Tree(
        "cart in 30 days without an order",
        both(activity("add_to_cart", last=30), orders("count", "lt", 1, last=30), status("subscribed")),
    ),
    Tree(
        "sunset: mailed, unengaged, no order in a year",
        both(
            activity("email_sent", times=3, last=90),
            engaged(90, "unengaged"),
            orders("count", "lt", 1, last=1, unit="year"),
        ),
    ),
    Tree(
        "frequent buyers at risk, or new ones with a refund",
        either(
            both(frequent_buyers(), at_risk()),
            both(first_order_lately(60), orders_that_are("refunded", last=2, unit="month")),
        ),
    ),
    Tree(
        "eight: a campaign's audience",
        both(
            status("subscribed"),
            lead_score("gt", 10),
            consent("email_marketing"),
            Not(tag("VIP", "HURT")),
            activity("email_open", last=90),
            viewed("/oprawki", last=90),
            orders("sum", "gte", 200, last=1, unit="year"),
            orders("count", "lt", 1, last=30),
        ),
    ),
    Tree(
        "eight: any and all mixed",
        both(
            either(city("Warszawa", "Kraków", "Łódź"), tag("OPRAWKI"), category("klient")),
            either(
                both(activity("page_view", times=5, last=30), seldom("add_to_cart", 1, last=30)),
                purchase("brand", "Optera", "quantity", "gte", 2, last=6, unit="month"),
                recent_and_frequent(4, 3),
            ),
            Not(engaged(7)),
        ),
    ),
    Tree(
        "eight: what people bought and how they came",
        both(
            orders_from("ad", "utm", last=1, unit="year"),
            orders("max", "gte", 500),
            buyers("returning"),
            Not(big_spenders()),
            visit("search", last=1, unit="year"),
            last_visit("direct", last=90, unit="day"),
            diopters(-6, 4),
            Not(purchase("brand", "Claris", "orders", "gte", 1, last=1, unit="year")),
        ),
    ),
)


def edits() -> list[Node]:
    """Trees of eight criteria as somebody edits them: each differs from the one before in one criterion."""
    tree = next(tree.root for tree in TREES if tree.name == "eight: a campaign's audience")
    assert isinstance(tree, AllOf)
    changes: list[list[Node]] = [
        [status("pending"), status("unsubscribed"), status("subscribed")],
        [lead_score("gt", value) for value in (12, 15, 20, 25, 8)],
        [consent("sms_marketing"), consent("email_marketing", "withdrawn"), consent("email_marketing")],
        [Not(tag("HURT")), Not(tag("NEWSLETTER")), Not(tag("VIP"))],
        [activity("email_open", last=days) for days in (80, 60, 30, 120, 365, 100)],
        [
            viewed(part, last=days)
            for part, days in (("/oprawki", 60), ("/soczewki", 60), ("/blog", 365), ("/blog", 90))
        ],
        [orders("sum", "gte", value, last=1, unit="year") for value in (250, 300, 100, 1000, 200)],
        [orders("count", "lt", times, last=days) for times, days in ((1, 20), (2, 60), (3, 365), (1, 90))],
    ]
    children, trees = list(tree.children), [tree]
    for turn in range(max(map(len, changes))):
        for at, given in enumerate(changes):
            if turn < len(given):
                children[at] = given[turn]
                trees.append(AllOf(tuple(children)))
    return list(trees)
