"""Does the mirror's reader say what PostgreSQL says? Every row and value of every kind, in one snapshot."""

from collections import Counter

from django.db import connection

from activities.models import ActivityType
from mirror.kinds import KINDS, Column, Kind
from mirror.layout import columns, fixed
from mirror.reading import Reader, Rows
from mirror.snapshots import snapshot


def assert_exact(*, reader: Reader | None = None) -> dict[str, int]:
    """Compares, and returns the number of rows by kind. Rows of contacts that are gone are nobody's business."""
    counts = {}
    with snapshot():
        reader = reader or Reader()
        everyone = set(reader.everyone)
        for kind in KINDS.values():
            counts[kind.name] = 0
            declared = columns(kind)
            types = ActivityType.objects.values_list("pk", flat=True) if kind.name == "activity" else [0]
            for type_ in types:
                shape = declared.get(type_, fixed(kind))
                here, there = mirrored(reader, kind, type_, shape, everyone), stored(kind, type_, shape)
                assert here == there, (
                    f"{kind.name} {type_}: too many {list((here - there).items())[:3]},"
                    f" missing {list((there - here).items())[:3]}"
                )
                counts[kind.name] += there.total()
    return counts


def mirrored(reader: Reader, kind: Kind, type_: int, shape: list[Column], everyone: set[int]) -> Counter:
    texts = ", ".join(f"{as_text(column)} AS c{at}" for at, column in enumerate(shape))
    found = reader.select(
        Rows(kind, columns=tuple(shape), type=type_), f"SELECT contact_id AS whose, {texts} FROM {{rows}}"
    )
    lists = [found[f"c{at}"].tolist() for at in range(len(shape))]
    whose = found["whose"].tolist()
    return Counter(row for of, row in zip(whose, zip(*lists, strict=True), strict=True) if of in everyone)


def stored(kind: Kind, type_: int, shape: list[Column]) -> Counter:
    casts = {"DOUBLE": "round(({sql})::numeric, 6)", "TIMESTAMP": "({sql})::timestamp"}
    values = ", ".join(f"{casts.get(column.type, '({sql})').format(sql=column.sql)}::text" for column in shape)
    where = " WHERE t.type_id = %s" if type_ else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {values} FROM {kind.source}{where}", [type_] if type_ else [])
        return Counter(cursor.fetchall())


def as_text(column: Column) -> str:
    if column.type == "DOUBLE":
        return f"CAST(CAST({column.name} AS DECIMAL(24, 6)) AS VARCHAR)"
    if column.type == "TIMESTAMP":  # a bare cast would be pushed into the reader of CSV, and give the text as it was
        return f"CAST({column.name} + INTERVAL 0 SECOND AS VARCHAR)"
    if column.type == "BOOLEAN":  # likewise: "t" and "f"
        return f"CASE {column.name} WHEN true THEN 'true' WHEN false THEN 'false' END"
    return f"CAST({column.name} AS VARCHAR)"
