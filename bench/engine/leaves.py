"""Criteria of every kind, each beside its SQL.

Windows are the account's days: midnights in its zone, computed here by themselves and not by Sito's code. No row is
later than NOW, so a window that ends now needs no end in SQL.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.engine.data import NOW
from bench.engine.queries import Json, Leaf

ZONE = ZoneInfo("Europe/Warsaw")
TODAY = NOW.astimezone(ZONE).date()
COUNTED = "status NOT IN ('cancelled', 'refunded')"  # an order that counts
# The order of rows in time, for ClickHouse: as one number it is three to four times as fast as (moment, id).
WHEN = "bitShiftLeft(toUInt128(toUnixTimestamp(moment)), 64) + id"
SIGNS = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def midnight(day: date) -> str:
    """When a day begins, as both dialects write it."""
    return f"'{datetime.combine(day, time.min, ZONE).astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


def begin(last: int, unit: str) -> str:
    """When a window `last n units` begins."""
    if unit == "day":
        return midnight(TODAY - timedelta(days=last - 1))
    months = TODAY.year * 12 + TODAY.month - 1 - last * (12 if unit == "year" else 1)
    return midnight(date(months // 12, months % 12 + 1, TODAY.day) + timedelta(days=1))


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def within(last: int | None, unit: str) -> Json:
    return {} if last is None else {"within": {"last": last, "unit": unit}}


def since(last: int | None, unit: str) -> str:
    return "" if last is None else f" AND moment >= {begin(last, unit)}"


# --- contacts --------------------------------------------------------------------------------------------------
def lead_score(op: str, value: int) -> Leaf:
    sql = f"lead_score {SIGNS[op]} {value}"
    return Leaf({"kind": "field", "field": "lead_score", "op": op, "value": value}, sql, sql, state=True)


def status(value: str) -> Leaf:
    sql = f"status = '{value}'"
    return Leaf({"kind": "field", "field": "status", "op": "eq", "value": value}, sql, sql, state=True)


def city(*values: str) -> Leaf:
    op, value = ("eq", values[0]) if len(values) == 1 else ("in", list(values))
    sql = f"city IN ({quoted(values)})"
    return Leaf({"kind": "attribute", "attribute": "city", "op": op, "value": value}, sql, sql, state=True)


def diopters(low: int, high: int) -> Leaf:
    value = {"from": low, "to": high}
    sql = f"diopters BETWEEN {low} AND {high}"
    return Leaf({"kind": "attribute", "attribute": "diopters", "op": "between", "value": value}, sql, sql, state=True)


def tag(*names: str) -> Leaf:
    sql = f"SELECT contact_id FROM tags WHERE tag IN ({quoted(names)})"
    return Leaf({"kind": "tag", "op": "any", "tags": list(names)}, sql, sql)


def category(path: str) -> Leaf:
    clickhouse = f"SELECT contact_id FROM categories WHERE category = '{path}' OR startsWith(category, '{path}/')"
    postgres = f"SELECT contact_id FROM categories WHERE category = '{path}' OR category LIKE '{path}/%'"
    return Leaf({"kind": "category", "op": "any", "categories": [path]}, clickhouse, postgres)


def consent(key: str, state: str = "given") -> Leaf:
    sql = f"SELECT contact_id FROM consents WHERE consent = '{key}' AND state = '{state}'"
    return Leaf({"kind": "consent", "consent": key, "state": state}, sql, sql)


# --- what they did ---------------------------------------------------------------------------------------------
def activity(type_: str, *, times: int = 1, last: int | None = None, unit: str = "day") -> Leaf:
    """At least so often."""
    return _often({"kind": "activity", "type": type_}, "activities", f"type = '{type_}'", times, last, unit)


def viewed(part: str, *, times: int = 1, last: int | None = None, unit: str = "day") -> Leaf:
    """At least so many views of pages whose address contains something."""
    where = [{"param": "url", "op": "contains", "value": part}]
    return _often(
        {"kind": "activity", "type": "page_view", "where": where},
        "activities",
        (f"type = 'page_view' AND position(url, '{part}') > 0", f"type = 'page_view' AND strpos(url, '{part}') > 0"),
        times,
        last,
        unit,
    )


def looked_at(brand: str, price: int, *, last: int, unit: str) -> Leaf:
    """A view of a product of a brand that costs at least so much: both of the same view."""
    where = [{"param": "brand", "op": "eq", "value": brand}, {"param": "price", "op": "gte", "value": price}]
    sql = f"type = 'product_view' AND brand = '{brand}' AND price >= {price}"
    return _often({"kind": "activity", "type": "product_view", "where": where}, "activities", sql, 1, last, unit)


def seldom(type_: str, fewer: int, *, last: int | None = None, unit: str = "day") -> Leaf:
    """Fewer times than that, or never; 1: never."""
    tree = {"kind": "activity", "type": type_, "times": {"op": "lt", "value": fewer}, **within(last, unit)}
    rows = f"SELECT contact_id FROM activities WHERE type = '{type_}'{since(last, unit)}"
    if fewer == 1:
        return Leaf(tree, rows, rows, absent=True)
    often = f"{rows} GROUP BY contact_id HAVING count(*) >= {fewer}"
    return Leaf(tree, often, often, absent=True)


def last_login(method: str) -> Leaf:
    where = [{"param": "method", "op": "eq", "value": method}]
    tree = {"kind": "activity", "type": "login", "pick": "last", "where": where}
    return Leaf(
        tree,
        "SELECT contact_id FROM activities WHERE type = 'login' GROUP BY contact_id"
        f" HAVING argMax(method = '{method}', {WHEN})",
        "SELECT contact_id FROM (SELECT DISTINCT ON (contact_id) contact_id, method FROM activities"
        f" WHERE type = 'login' ORDER BY contact_id, moment DESC, id DESC) latest WHERE method = '{method}'",
    )


def first_view(part: str) -> Leaf:
    where = [{"param": "url", "op": "contains", "value": part}]
    tree = {"kind": "activity", "type": "page_view", "pick": "first", "where": where}
    return Leaf(
        tree,
        "SELECT contact_id FROM activities WHERE type = 'page_view' GROUP BY contact_id"
        f" HAVING argMin(position(url, '{part}') > 0, {WHEN})",
        "SELECT c.contact_id FROM contacts c CROSS JOIN LATERAL (SELECT url FROM activities WHERE type = 'page_view'"
        " AND contact_id = c.contact_id ORDER BY moment, id LIMIT 1) earliest"
        f" WHERE strpos(url, '{part}') > 0",
    )


def visit(channel: str, *, times: int = 1, last: int | None = None, unit: str = "day") -> Leaf:
    where = [{"param": "channel", "op": "eq", "value": channel}]
    return _often({"kind": "visit", "where": where}, "visits", f"channel = '{channel}'", times, last, unit)


def last_visit(channel: str, *, last: int, unit: str) -> Leaf:
    where = [{"param": "channel", "op": "eq", "value": channel}]
    tree = {"kind": "visit", "pick": "last", "where": where, **within(last, unit)}
    return Leaf(
        tree,
        f"SELECT contact_id FROM visits WHERE moment >= {begin(last, unit)} GROUP BY contact_id"
        f" HAVING argMax(channel = '{channel}', {WHEN})",
        "SELECT contact_id FROM (SELECT DISTINCT ON (contact_id) contact_id, channel FROM visits"
        f" WHERE moment >= {begin(last, unit)} ORDER BY contact_id, moment DESC, id DESC) latest"
        f" WHERE channel = '{channel}'",
    )


def only_visits(channel: str, *, last: int, unit: str) -> Leaf:
    where = [{"param": "channel", "op": "eq", "value": channel}]
    tree = {"kind": "visit", "pick": "only", "where": where, **within(last, unit)}
    rows = f"SELECT contact_id FROM visits WHERE moment >= {begin(last, unit)} GROUP BY contact_id HAVING"
    return Leaf(tree, f"{rows} min(channel = '{channel}')", f"{rows} bool_and(channel = '{channel}')")


def engaged(days: int, state: str = "engaged") -> Leaf:
    types = "('email_open', 'email_click', 'sms_click', 'product_view', 'add_to_cart')"
    start = begin(days, "day")
    sql = (
        f"SELECT contact_id FROM activities WHERE type IN {types} AND moment >= {start}"
        f" UNION ALL SELECT contact_id FROM visits WHERE moment >= {start}"
        f" UNION ALL SELECT contact_id FROM orders WHERE {COUNTED} AND moment >= {start}"
    )
    return Leaf({"kind": "engagement", "state": state, "days": days}, sql, sql, absent=state == "unengaged")


def _often(tree: Json, table: str, where: str | tuple[str, str], times: int, last: int | None, unit: str) -> Leaf:  # noqa: PLR0917
    tree = {**tree, **({"times": {"op": "gte", "value": times}} if times > 1 else {}), **within(last, unit)}
    clickhouse, postgres = (where, where) if isinstance(where, str) else where
    group = f" GROUP BY contact_id HAVING count(*) >= {times}" if times > 1 else ""
    rows = f"SELECT contact_id FROM {table} WHERE {{}}{since(last, unit)}{group}"
    return Leaf(tree, rows.format(clickhouse), rows.format(postgres))


# --- what they bought ------------------------------------------------------------------------------------------
def orders(measure: str, op: str, value: int, *, last: int | None = None, unit: str = "day") -> Leaf:
    """A number of orders or of their totals. Nothing is 0 in a count or sum, so `lt` takes those without orders in."""
    tree = {"kind": "order", "measure": measure, "op": op, "value": value, **within(last, unit)}
    number = {"count": "count(*)", "sum": "sum(total)", "max": "max(total)", "min": "min(total)"}
    rows = f"SELECT contact_id FROM orders WHERE {COUNTED}{since(last, unit)} GROUP BY contact_id HAVING"
    if measure == "avg":
        sql = f"{rows} sum(total) {SIGNS[op]} {value} * count(*)"
        return Leaf(tree, sql, sql)
    if measure in ("count", "sum") and op == "lt":
        sql = f"{rows} {number[measure]} >= {value}"
        return Leaf(tree, sql, sql, absent=True)
    sql = f"{rows} {number[measure]} {SIGNS[op]} {value}"
    return Leaf(tree, sql, sql)


def orders_from(*channels: str, only: bool = False, last: int | None = None, unit: str = "day") -> Leaf:
    """An order from one of the channels; `only`: and none from any other."""
    where = [{"param": "channel", "op": "in", "value": list(channels)}]
    tree: Json = {"kind": "order", "measure": "count", "op": "gte", "value": 1, "where": where, **within(last, unit)}
    paid = f"channel IN ({quoted(channels)})"
    rows = f"SELECT contact_id FROM orders WHERE {COUNTED}{since(last, unit)}"
    if not only:
        return Leaf(tree, f"{rows} AND {paid}", f"{rows} AND {paid}")
    group = f"{rows} GROUP BY contact_id HAVING"
    return Leaf({**tree, "pick": "only"}, f"{group} min({paid})", f"{group} bool_and({paid})")


def orders_that_are(state: str, *, last: int, unit: str) -> Leaf:
    where = [{"param": "status", "op": "eq", "value": state}]
    tree = {"kind": "order", "measure": "count", "op": "gte", "value": 1, "where": where, **within(last, unit)}
    sql = f"SELECT contact_id FROM orders WHERE status = '{state}'{since(last, unit)}"
    return Leaf(tree, sql, sql)


def purchase(  # noqa: PLR0917
    param: str, equal: str, measure: str, op: str, value: int, *, last: int | None = None, unit: str = "day"
) -> Leaf:
    """A sum over lines of a product, brand or category."""
    tree = {
        "kind": "purchase", "measure": measure, "op": op, "value": value, **within(last, unit),
        "where": [{"param": param, "op": "eq", "value": equal}],
    }  # fmt: skip
    rows = f"SELECT contact_id FROM lines WHERE {COUNTED} AND {param} = '{equal}'{since(last, unit)}"
    if (measure, op, value) == ("orders", "gte", 1):
        return Leaf(tree, rows, rows)
    if (measure, op, value) == ("orders", "eq", 0):
        return Leaf(tree, rows, rows, absent=True)
    number = {"quantity": "sum(quantity)", "amount": "sum(amount)", "orders": "count(DISTINCT order_id)"}[measure]
    sql = f"{rows} GROUP BY contact_id HAVING {number} {SIGNS[op]} {value}"
    return Leaf(tree, sql.replace("count(DISTINCT order_id)", "uniqExact(order_id)"), sql)


def last_order_before(day: str) -> Leaf:
    tree = {"kind": "order_date", "which": "last", "op": "before", "value": day}
    sql = (
        f"SELECT contact_id FROM orders WHERE {COUNTED} GROUP BY contact_id"
        f" HAVING max(moment) < {midnight(date.fromisoformat(day))}"
    )
    return Leaf(tree, sql, sql)


def first_order_lately(days: int) -> Leaf:
    tree = {"kind": "order_date", "which": "first", "op": "last", "value": {"n": days, "unit": "day"}}
    sql = (
        f"SELECT contact_id FROM orders WHERE {COUNTED} GROUP BY contact_id HAVING min(moment) >= {begin(days, 'day')}"
    )
    return Leaf(tree, sql, sql)


# --- scores ----------------------------------------------------------------------------------------------------
BUYERS = (
    "SELECT contact_id, max(moment) AS recent, count(*) AS often, sum(total) AS spent FROM orders"
    f" WHERE {COUNTED} GROUP BY contact_id"
)


def _cut(column: str, *shares: int, of: int) -> str:
    """The values at the ranks ceil(share · n / of), of all buyers sorted."""
    return f"arrayMap(k -> arraySort(groupArray({column}))[intDiv(k * count() + {of - 1}, {of})], {list(shares)})"


def rfm(keys: Json, holds: str) -> Leaf:
    """`holds`: over the scores r, f and m."""
    cuts = ", ".join(_cut(column, 1, 2, 3, 4, of=5) for column in ("recent", "often", "spent"))
    scores = ", ".join(
        f"1 + arrayCount(x -> x < {column}, (cuts.{at})) AS {name}"
        for at, (name, column) in enumerate((("r", "recent"), ("f", "often"), ("m", "spent")), 1)
    )
    clickhouse = (
        f"WITH (SELECT ({cuts}) FROM ({BUYERS})) AS cuts"
        f" SELECT contact_id FROM (SELECT contact_id, {scores} FROM ({BUYERS})) WHERE {holds.replace('/', 'DIV')}"
    )
    # A cut-off lies below a value if as many values as its rank do.
    ranked = ", ".join(
        f"rank() OVER (ORDER BY {column}) - 1 AS {name}"
        for name, column in (("rb", "recent"), ("fb", "often"), ("mb", "spent"))
    )
    scored = ", ".join(
        "1 + " + " + ".join(f"({name}b >= ({k} * n + 4) / 5)::int" for k in (1, 2, 3, 4)) + f" AS {name}"
        for name in "rfm"
    )
    postgres = (
        f"SELECT contact_id FROM (SELECT contact_id, {scored} FROM (SELECT contact_id, count(*) OVER () AS n, {ranked}"
        f" FROM ({BUYERS}) buyers) ranked) scored WHERE {holds}"
    )
    return Leaf({"kind": "rfm", **keys}, clickhouse, postgres)


def champions() -> Leaf:
    holds = "(r = 5 AND (f + m + 1) / 2 >= 4) OR (r = 4 AND (f + m + 1) / 2 = 5)"
    return rfm({"groups": ["champions"]}, holds)


def at_risk() -> Leaf:
    holds = "(r = 2 AND (f + m + 1) / 2 IN (3, 4)) OR (r = 1 AND (f + m + 1) / 2 = 3)"
    return rfm({"groups": ["at_risk"]}, holds)


def recent_and_frequent(recency: int, frequency: int) -> Leaf:
    keys: Json = {"recency": {"op": "gte", "value": recency}, "frequency": {"op": "gte", "value": frequency}}
    return rfm(keys, f"r >= {recency} AND f >= {frequency}")


def _above(keys: Json, column: str, percent: int) -> Leaf:
    """Buyers above the value at a rank."""
    postgres = (
        f"WITH buyers AS MATERIALIZED ({BUYERS}) SELECT contact_id FROM buyers WHERE {column} >"
        f" (SELECT (array_agg({column} ORDER BY {column}))[({percent} * count(*) + 99) / 100] FROM buyers)"
    )
    clickhouse = (
        f"WITH (SELECT {_cut(column, percent, of=100)} FROM ({BUYERS})) AS cuts"
        f" SELECT contact_id FROM ({BUYERS}) WHERE {column} > cuts[1]"
    )
    return Leaf({"kind": "spender", **keys}, clickhouse, postgres)


def big_spenders() -> Leaf:
    return _above({"band": "big"}, "spent", 99)


def frequent_buyers() -> Leaf:
    return _above({"buyer": "frequent"}, "often", 75)


def buyers(kind: str) -> Leaf:
    tree: dict[str, Any] = {"kind": "spender", "buyer": kind}
    rows = f"SELECT contact_id FROM orders WHERE {COUNTED}"
    if kind == "none":
        return Leaf(tree, rows, rows, absent=True)
    sql = f"{rows} GROUP BY contact_id HAVING count(*) {'= 1' if kind == 'one_time' else '>= 2'}"
    return Leaf(tree, sql, sql)
