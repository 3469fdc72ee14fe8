"""What a kind of criterion is, and the closed list of kinds.

A kind is one class in one module: its schema (pydantic fields), `members`, `sentence`, its form part.
`@register` makes it known; nothing else changes when a kind is added.
"""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pyroaring import BitMap

from segmentation.criteria.catalog import Catalog
from segmentation.criteria.context import Context
from segmentation.criteria.errors import below
from segmentation.criteria.words import Sentence, Words

JSON = Any  # what json.loads gives
NOW_WINDOWS = frozenset({"last", "next"})
NOW_OPERATORS = frozenset({"last", "next", "ago", "anniversary"})


class Reference(NamedTuple):
    """Something of the account that criteria name. `key`: an id, or a name as written."""

    kind: str  # attribute, tag, category, consent, segment, saved, file
    key: str | int
    path: str


class Target(NamedTuple):
    """Criteria of their own that a criterion stands for. `evaluated`: looked into now, instead of their last result."""

    kind: str  # segment, saved
    id: int
    evaluated: bool


class Criterion(BaseModel):
    """One condition: a set of contacts.

    `path` is where it stands in its tree, `raw` the JSON it was read from.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    form: ClassVar[Any] = None  # the kind's form part
    refers: ClassVar[dict[str, str]] = {}  # kind of reference -> the key that holds it, or a list of them
    reads: ClassVar[tuple[str, ...]] = ()  # kinds of mirrored rows, if nothing but these and the contacts decide it

    kind: str
    _path: str = PrivateAttr("")
    _raw: JSON = PrivateAttr(None)

    @property
    def path(self) -> str:
        return self._path

    @property
    def raw(self) -> JSON:
        return self._raw

    def place(self, path: str, raw: JSON) -> None:
        """Set once, by the reader of the tree."""
        self._path, self._raw = path, raw

    @property
    def children(self) -> tuple["Criterion", ...]:
        return ()

    def refine(self) -> None:
        """Check what one key can't tell alone. Needs no database.

        Raises: RefusedError.
        """

    def check(self, catalog: Catalog) -> None:
        """Check that what is referred to exists and suits.

        Raises: RefusedError.
        """

    @abstractmethod
    def members(self, context: Context) -> BitMap:
        """The contacts for which the criterion holds at `context.now`: a subset of `context.everyone`."""

    @abstractmethod
    def sentence(self, words: Words) -> Sentence:
        """The criterion in words. Never fails: what is not there any more is called by what is left of it."""

    @abstractmethod
    def evidence(self, contact: int, *, context: Context, words: Words) -> Sentence:
        """What the contact's own data say to the criterion: `25, 5 short of 30`, `3 visits, last 12 Nov, 14:03`.

        Told after the criterion's sentence, for a contact that there is, whether it holds or not. `context.only` is
        this contact; the same rows are read that `members` reads, in a fixed number of queries.
        """

    @property
    def compound(self) -> bool:
        """Whether its sentence has commas of its own, so that it stands in brackets beside others."""
        return False

    def settings(self, catalog: Catalog) -> JSON:
        """What the account's settings add to the criterion as it was written."""
        return None

    def moves_with_time(self, catalog: Catalog) -> bool:
        """Whether its contacts may change while no data do.

        Here: a window or a date operator that begins or ends now, anywhere in the criterion as it was written.
        """
        return speaks_of_now(self.raw)

    def opposite(self) -> "Criterion | None":
        """The criterion that is the complement of this one, where the kind has one."""
        return None

    def denied(self, words: Words) -> Sentence | None:
        """The complement in words, where no criterion says it but a plain sentence does."""
        return None

    def target(self) -> Target | None:
        """The criteria this one refers to, where it does: they are followed to refuse circles."""
        return None

    def references(self) -> list[Reference]:
        """What the criterion names, each with its path."""
        found = []
        for kind, key in self.refers.items():
            named = getattr(self, key)
            if isinstance(named, list):
                found += [Reference(kind, one, below(self.path, f"{key}[{at}]")) for at, one in enumerate(named)]
            else:
                found.append(Reference(kind, named, below(self.path, key)))
        return found


def speaks_of_now(raw: JSON) -> bool:
    """Whether a criterion's JSON has `within` a window beside now, or an operator that counts from now."""
    if isinstance(raw, list):
        return any(speaks_of_now(one) for one in raw)
    if not isinstance(raw, dict):
        return False
    window = raw.get("within")
    if isinstance(window, dict) and not NOW_WINDOWS.isdisjoint(window):
        return True
    return raw.get("op") in NOW_OPERATORS or any(speaks_of_now(one) for one in raw.values())


KINDS: dict[str, type[Criterion]] = {}
Kind = TypeVar("Kind", bound=Criterion)


def register(kind: type[Kind]) -> type[Kind]:
    """Make a kind known by the name its `kind` field allows."""
    (name,) = get_args(kind.model_fields["kind"].annotation)
    if name in KINDS:
        raise ValueError(f"there is a kind {name} already")
    KINDS[name] = kind
    return kind
