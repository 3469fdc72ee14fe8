"""What is mirrored: five kinds of rows, their columns, and how PostgreSQL writes each for the mirror.

A text has two columns: as it is, and folded (`_f`: case-folded, NULL where empty) for comparisons. Moments are
naive UTC timestamps. Declared attributes and parameters are columns named after the ids of their definitions.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from activities.models import NOT_COUNTED, Parameter, ParameterType
from contacts.folding import words_sql
from contacts.models import Attribute, AttributeType

MONEY, QUANTITY = 10_000, 1_000  # whole numbers that make one: quicker to read and to add than decimals, and as exact


@dataclass(frozen=True)
class Column:
    """A column of the mirror: its name and type in DuckDB, and its value in PostgreSQL over the row `t`.

    `unit`: an amount is kept as a whole number of such parts of one.
    """

    name: str
    type: str
    sql: str
    unit: int = 1


@dataclass(frozen=True)
class Kind:
    """A kind of rows. `source`: the FROM clause in PostgreSQL, row `t`; `key` names a row in it for good.

    `moment`: when it happened, and the month it is filed under; kinds without one are filed by ranges of ids.
    """

    name: str
    source: str
    key: Column
    contact: Column
    written: str
    columns: dict[str, Column] = field(hash=False)
    moment: Column | None = None

    @property
    def table(self) -> str:
        """The FROM clause of what says when a row was written."""
        return self.source.split(" JOIN ")[0]

    def column(self, name: str) -> Column:
        """A column that every row of the kind has."""
        for column in (self.key, self.contact, self.moment):
            if column is not None and column.name == name:
                return column
        return self.columns[name]


def text(name: str, sql: str) -> list[Column]:
    """A text as it is and folded; an empty one is none. `folded` in contacts and criteria is the same in Python."""
    return [
        Column(name, "VARCHAR", f"NULLIF({sql}, '')"),
        Column(f"{name}_f", "VARCHAR", f"""NULLIF(casefold(({sql}) COLLATE "pg_unicode_fast"), '')"""),
    ]


def url(name: str, sql: str) -> list[Column]:
    """An address, without its fragment."""
    return text(name, f"split_part({sql}, '#', 1)")


def amount(name: str, sql: str, unit: int) -> Column:
    """A decimal, as a whole number of its smallest parts."""
    return Column(name, "BIGINT", f"({sql} * {unit})::bigint", unit)


def moment(name: str, sql: str) -> Column:
    """A timestamp with time zone, as naive UTC."""
    return Column(name, "TIMESTAMP", f"{sql} AT TIME ZONE 'UTC'")


def _named(*groups: Iterable[Column]) -> dict[str, Column]:
    return {column.name: column for group in groups for column in group}


SOURCED = [
    [Column("channel", "VARCHAR", "{row}.channel")],
    *(
        text(name, f"{{row}}.{name}")
        for name in ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
    ),
]
ADDRESSES = [*url("referrer", "{row}.referrer"), *url("landing_url", "{row}.landing_url")]


def _sourced(row: str) -> list[Column]:
    columns = [column for group in SOURCED for column in group] + ADDRESSES
    return [Column(one.name, one.type, one.sql.replace("{row}", row)) for one in columns]


AT = moment("moment", "t.at")
CONTACT_ID = Column("contact_id", "INTEGER", "t.contact_id")
# Whether an order counts where no status is asked for: a third of the time that comparing its status takes.
COUNTED = Column("counted", "BOOLEAN", f"t.status NOT IN ({', '.join(f'{one.value!r}' for one in NOT_COUNTED)})")

CONTACT = Kind(
    name="contact",
    source="contacts_contact t",
    key=Column("contact_id", "INTEGER", "t.id"),
    contact=Column("contact_id", "INTEGER", "t.id"),
    written="t.written",
    columns=_named(
        text("email", "t.email"),
        text("phone", "t.phone"),
        text("first_name", "t.first_name"),
        text("last_name", "t.last_name"),
        text("source", "t.source"),
        [Column("status", "VARCHAR", "t.status"), Column("lead_score", "INTEGER", "t.lead_score")],
        [moment("created_at", "t.created_at"), Column("words", "VARCHAR", words_sql("t"))],
    ),
)
ACTIVITY = Kind(
    name="activity",
    source="activities_activity t",
    key=Column("id", "BIGINT", "t.id"),
    contact=CONTACT_ID,
    written="t.written",
    columns={},
    moment=AT,
)
VISIT = Kind(
    name="visit",
    source="activities_visit t",
    key=Column("id", "BIGINT", "t.id"),
    contact=CONTACT_ID,
    written="t.written",
    columns=_named(_sourced("t")),
    moment=AT,
)
ORDER = Kind(
    name="order",
    source="activities_order t",
    key=Column("id", "BIGINT", "t.id"),
    contact=CONTACT_ID,
    written="t.written",
    columns=_named(
        _sourced("t"),
        [
            amount("total", "t.total", MONEY),
            Column("currency", "VARCHAR", "t.currency"),
            Column("status", "VARCHAR", "t.status"),
            COUNTED,
        ],
    ),
    moment=AT,
)
# A line is its order's: filed, overridden and gone with it, whenever its order is written.
LINE = Kind(
    name="line",
    source="activities_order t JOIN activities_orderline l ON l.order_id = t.id",
    key=Column("order_id", "BIGINT", "t.id"),
    contact=CONTACT_ID,
    written="t.written",
    columns=_named(
        text("product", "l.product"),
        text("name", "l.name"),
        text("category", "l.category"),
        text("brand", "l.brand"),
        [
            amount("quantity", "l.quantity", QUANTITY),
            amount("price", "l.price", MONEY),
            amount("amount", "l.amount", MONEY),
            Column("status", "VARCHAR", "t.status"),
            COUNTED,
        ],
    ),
    moment=AT,
)
KINDS = {kind.name: kind for kind in (CONTACT, ACTIVITY, VISIT, ORDER, LINE)}

SEPARATOR = "\x1f"  # around each of several options: "␟a␟b␟" contains "␟a␟"


def attribute_columns(attribute: Attribute) -> list[Column]:
    """The columns of a contact's attribute; a text's second one is folded."""
    name, key = f"a{attribute.pk}", literal(attribute.key)
    value = f"(t.attributes ->> {key})"
    match attribute.type:
        case AttributeType.TEXT:
            return text(name, value)
        case AttributeType.NUMBER:
            return [Column(name, "DOUBLE", value)]
        case AttributeType.BOOLEAN:
            return [Column(name, "BOOLEAN", value)]
        case AttributeType.DATE:
            return [Column(name, "DATE", value)]
        case AttributeType.DATETIME:
            return [Column(name, "TIMESTAMP", f"replace({value}, '+00:00', '')")]
        case AttributeType.CHOICE:
            return [Column(name, "VARCHAR", value)]
        case AttributeType.CHOICES:
            joined = (
                "(SELECT E'\\x1f' || string_agg(o, E'\\x1f') || E'\\x1f'"
                f" FROM jsonb_array_elements_text(t.attributes -> {key}) o)"
            )
            return [Column(name, "VARCHAR", joined)]
    raise TypeError(attribute.type)


def parameter_columns(parameter: Parameter) -> list[Column]:
    """The columns of an activity's parameter. A value that does not fit its type (none is let in) is no value."""
    name, key = f"p{parameter.pk}", literal(parameter.key)
    value, kind = f"(t.params ->> {key})", f"jsonb_typeof(t.params -> {key})"
    match parameter.type:
        case ParameterType.TEXT:
            return text(name, value)
        case ParameterType.URL:
            return url(name, value)
        case ParameterType.NUMBER:
            return [Column(name, "DOUBLE", f"CASE {kind} WHEN 'number' THEN {value} END")]
        case ParameterType.BOOLEAN:
            return [Column(name, "BOOLEAN", f"CASE {kind} WHEN 'boolean' THEN {value} END")]
        case ParameterType.DATE:
            return [Column(name, "DATE", f"CASE WHEN pg_input_is_valid({value}, 'date') THEN {value} END")]
        case ParameterType.DATETIME:
            valid = f"pg_input_is_valid({value}, 'timestamptz')"
            return [Column(name, "TIMESTAMP", f"CASE WHEN {valid} THEN replace({value}, '+00:00', '') END")]
    raise TypeError(parameter.type)


def literal(key: str) -> str:
    """A declared key as an SQL text; the database lets only letters, digits and underscores be declared."""
    if not key.isascii() or not key.isidentifier():
        raise ValueError(key)
    return f"'{key}'"
