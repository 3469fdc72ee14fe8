"""What can stand in an export: each column's name for people, its text in SQL and its value with its type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models import Attribute, AttributeType, Consent, Contact

# A cell that a spreadsheet would run gets an apostrophe, as `config.spreadsheets.defuse` does. Most texts begin with
# none of the characters in question, which one look tells (12 ns a cell; comparing or trimming takes four times that).
SUSPICIOUS = "'{{0,9,10,13,32,43,45,61,64,160}}'"  # empty, tab, newlines, blanks, + - = @
DEFUSED = f"""CASE WHEN ascii({{0}}) = ANY({SUSPICIOUS}) THEN
    CASE WHEN left(ltrim({{0}}, U&' \\00A0\\000A'), 1) IN ('=', '+', '-', '@', U&'\\0009', U&'\\000D')
         THEN '''' || {{0}} ELSE nullif({{0}}, '') END
    ELSE {{0}} END"""
# A text `v` put together by a query of its own.
CELL = "(SELECT " + DEFUSED.format("v") + " FROM ({rows}) cell)"  # noqa: S608 (our own text)
# Times come out in the session's time zone, which the writer sets: naming the zone in each cell costs 0.15 s a million.
# A phone stands as it is: the database holds it to `^\+?[0-9]{5,15}$` (`contact_phone_normalised`), which a spreadsheet
# can read as a number and as nothing else, and with an apostrophe in front no program that sends messages takes it.


class Cell(Enum):
    """What a column holds, for formats with types. SAFE: text that cannot begin a formula; LIST: texts as an array."""

    TEXT = auto()
    SAFE = auto()
    WHOLE = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    DATE = auto()
    MOMENT = auto()
    LIST = auto()


OWN = {
    "id": Cell.WHOLE,
    "email": Cell.TEXT,
    "phone": Cell.SAFE,
    "external_id": Cell.TEXT,
    "first_name": Cell.TEXT,
    "last_name": Cell.TEXT,
    "status": Cell.SAFE,
    "lead_score": Cell.WHOLE,
    "source": Cell.TEXT,
    "created_at": Cell.MOMENT,
    "updated_at": Cell.MOMENT,
}
FIELDS = {field.name: field for field in Contact._meta.fields}  # noqa: SLF001 (public in all but its name)
START = ("email", "first_name", "last_name", "phone", "status")  # chosen at first


@dataclass(frozen=True)
class Column:
    """One column: `key` is kept in the action, `raw` with its named `values` gives the value of contact `c`.

    Moments are moments in it, booleans and numbers what the attribute holds as text, lists arrays of text. `retired`:
    not offered any more; where it was chosen before, it is written.
    """

    key: str
    label: str | Promise
    group: str | Promise
    raw: str
    cell: Cell
    values: dict[str, Any] = field(default_factory=dict)
    retired: bool = False

    @property
    def sql(self) -> str:
        """The cell as text that is safe to open in a spreadsheet."""
        match self.cell:
            case Cell.TEXT:
                return DEFUSED.format(self.raw)
            case Cell.LIST:
                return CELL.replace("{rows}", f"SELECT array_to_string({self.raw}, ', ') AS v")
            case Cell.MOMENT:
                return f"({self.raw})::timestamp(0)"
            case Cell.SAFE | Cell.WHOLE | Cell.NUMBER | Cell.BOOLEAN | Cell.DATE:
                return self.raw


def columns() -> dict[str, Column]:
    """Every column there is, by key, in the order in which they are offered."""
    found = [*contact_columns(), *attribute_columns(), *label_columns(), *consent_columns()]
    return {column.key: column for column in found}


def offered() -> dict[str, Column]:
    """Those that can be chosen: of attributes those that are not retired."""
    return {key: column for key, column in columns().items() if not column.retired}


def chosen(keys: Sequence[str]) -> tuple[list[Column], list[str]]:
    """The columns of `keys` in that order, and the keys that mean nothing (any more)."""
    known = columns()
    return [known[key] for key in keys if key in known], [key for key in keys if key not in known]


def contact_columns() -> list[Column]:
    return [Column(name, label_of(name), _("Contact"), f"c.{name}", cell) for name, cell in OWN.items()]


def label_of(name: str) -> str | Promise:
    """What the field is called, in the reader's language."""
    return _("Id") if name == "id" else capfirst(FIELDS[name].verbose_name)


def attribute_columns() -> list[Column]:
    return [
        Column(
            f"attribute:{attribute.key}",
            attribute.name,
            _("Attributes"),
            *attribute_cell(attribute),
            retired=attribute.retired_at is not None,
        )
        for attribute in Attribute.objects.all()
    ]


def attribute_cell(attribute: Attribute) -> tuple[str, Cell, dict[str, Any]]:
    """The SQL of an attribute's value. Numbers, booleans and dates cannot begin a formula: their forms are checked."""
    name = f"attribute_{attribute.pk}"
    value = f"(c.attributes->>%({name})s)"
    match AttributeType(attribute.type):
        case AttributeType.NUMBER:
            cell = Cell.NUMBER
        case AttributeType.BOOLEAN:
            cell = Cell.BOOLEAN
        case AttributeType.DATE:
            cell = Cell.DATE
        case AttributeType.DATETIME:
            value, cell = f"{value}::timestamptz", Cell.MOMENT
        case AttributeType.TEXT | AttributeType.CHOICE:
            cell = Cell.TEXT
        case AttributeType.CHOICES:
            items = f"jsonb_array_elements_text(c.attributes->%({name})s) WITH ORDINALITY AS list (item, place)"
            value = f"(SELECT array_agg(item ORDER BY place) FROM {items})"  # noqa: S608 (our own names)
            cell = Cell.LIST
    return value, cell, {name: attribute.key}


def label_columns() -> list[Column]:
    """All tags, and all categories by their paths, in one cell each."""
    tags = (
        "(SELECT array_agg(t.name::text ORDER BY t.name) FROM tags_contacttag l JOIN tags_tag t ON t.id = l.tag_id"
        " WHERE l.contact_id = c.id)"
    )
    categories = (
        "(SELECT array_agg(g.slug_path::text ORDER BY g.path) FROM tags_contactcategory l"
        " JOIN tags_category g ON g.id = l.category_id WHERE l.contact_id = c.id)"
    )
    return [
        Column("tags", _("Tags"), _("Labels"), tags, Cell.LIST),
        Column("categories", _("Categories"), _("Labels"), categories, Cell.LIST),
    ]


def consent_columns() -> list[Column]:
    """Each consent's present answer: given, withdrawn, or nothing."""
    answer = (
        "(SELECT a.state FROM contacts_contactconsent a WHERE a.contact_id = c.id AND a.consent_id = %(consent_{})s)"
    )
    return [
        Column(
            f"consent:{consent.key}",
            consent.name,
            _("Consents"),
            answer.format(consent.pk),
            Cell.SAFE,
            {f"consent_{consent.pk}": consent.pk},
        )
        for consent in Consent.objects.all()
    ]
