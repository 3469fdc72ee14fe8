"""What tags, categories and consents have in common: rows that say which contact has which label, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pyroaring import BitMap

from segmentation.criteria import limits
from segmentation.criteria.context import Context
from segmentation.criteria.times import Window, read_window

Name = Annotated[str, Field(min_length=1, max_length=limits.NAME)]
Within = Annotated[Window | None, PlainValidator(read_window)]  # null is refused: it is no way to say "ever"


@dataclass(frozen=True)
class Table:
    """A table of labels on contacts. Its primary key begins with the label: one label's contacts lie together.

    `label`, `since`: its columns; `also`: a further condition, with one parameter.
    """

    name: str
    label: str
    since: str
    also: str = ""

    def having(self, label: int, window: Window | None, context: Context, *extra: Any) -> BitMap:
        """The contacts with one label, since a moment in `window` if there is one."""
        return self.having_any([label], window, context, *extra)

    def having_any(self, labels: Sequence[int], window: Window | None, context: Context, *extra: Any) -> BitMap:
        """The contacts with at least one of `labels`. One with several counts once."""
        condition = f"{self.label} = ANY(%s)"
        params: list[Any] = [sorted(labels)]
        if self.also:
            condition += f" AND {self.also}"
            params += extra
        if window is not None:
            span = window.span(context.now, context.zone)
            for sign, bound in ((">=", span.start), ("<=", span.last)):
                if bound is not None:
                    condition += f" AND {self.since} {sign} %s"
                    params.append(bound)
        query = f"SELECT string_agg(int4send(contact_id), '') FROM {self.name} WHERE {condition}"  # noqa: S608 - constants
        return context.ids(query, tuple(params))
