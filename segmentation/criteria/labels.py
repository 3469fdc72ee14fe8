"""What tags, categories and consents have in common: rows that say which contact has which label, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from django.db import connection
from pydantic import Field, PlainValidator
from pyroaring import BitMap

from contacts.id_sets import bitmap, id_array
from mirror.labels import holders
from segmentation.criteria import limits
from segmentation.criteria.context import Context
from segmentation.criteria.times import Window, read_window

Name = Annotated[str, Field(min_length=1, max_length=limits.NAME)]
Within = Annotated[Window | None, PlainValidator(read_window)]  # null is refused: it is no way to say "ever"


@dataclass(frozen=True)
class Table:
    """A table of labels on contacts. Its primary key begins with the label: one label's contacts lie together.

    `kind`: of labels; `label`, `since`: its columns; `state`: a further column that is asked for, if there is one.
    """

    kind: str
    name: str
    label: str
    since: str
    state: str = ""

    def having(self, label: int, window: Window | None, context: Context, state: str = "") -> BitMap:
        """The contacts with one label, since a moment in `window` if there is one."""
        return self.having_any([label], window, context, state)

    def having_any(self, labels: Sequence[int], window: Window | None, context: Context, state: str = "") -> BitMap:
        """The contacts with at least one of `labels`. One with several counts once."""
        return BitMap.union(BitMap(), *self.having_each(labels, window, context, state).values())

    def having_each(
        self, labels: Sequence[int], window: Window | None, context: Context, state: str = ""
    ) -> dict[int, BitMap]:
        """The contacts of each of `labels`, all found at once."""
        key = (self.name, state, repr(window))
        if window is None and context.only is None:
            return context.once_each(key, labels, lambda missing: self._kept(missing, state, context))
        return context.once_each(key, labels, lambda missing: self._read(missing, state, window, context))

    def _kept(self, labels: Sequence[int], state: str, context: Context) -> dict[int, BitMap]:
        return holders(self.kind, labels, state=state, read=lambda missing: self._read(missing, state, None, context))

    def _read(self, labels: Sequence[int], state: str, window: Window | None, context: Context) -> dict[int, BitMap]:
        condition = f"{self.label} = ANY(%s)"
        params: list[Any] = [list(labels)]
        if self.state:
            condition += f" AND {self.state} = %s"
            params.append(state)
        if context.only is not None:
            condition += " AND contact_id = ANY(%s::int[])"
            params.append(id_array(context.only))
        if window is not None:
            span = context.span(window)
            for sign, bound in ((">=", span.start), ("<=", span.last)):
                if bound is not None:
                    condition += f" AND {self.since} {sign} %s"
                    params.append(bound)
        query = (
            f"SELECT {self.label}, string_agg(int4send(contact_id), '')"  # noqa: S608 - constants
            f" FROM {self.name} WHERE {condition} GROUP BY {self.label}"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, params)
            return {label: bitmap(packed) for label, packed in cursor.fetchall()}
