"""What every kind of action has: a name and an icon, parameters, a form part, a sentence, and its work."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, ValidationError
from pyroaring import BitMap

from actions.kinds.forms import PartForm
from actions.models import ActionRun
from users.models import User


class KindError(Exception):
    """Parameters or a kind's name that this version does not know. Nothing is done then."""

    def __init__(self, fields: list[str], message: str) -> None:
        self.fields = fields
        super().__init__(message)


class Params(BaseModel):
    """Base of every kind's parameters: closed, and without conversions between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True)
class Reference:
    """Something of the account that an action names by its id: ("tag", 7)."""

    what: str
    pk: int


Names = Mapping[Reference, str]


class Moments:
    """When a kind may do more than `apply`; most need none of these."""

    def permit(self, params: Any, *, by: User | None) -> None:
        """Called before each chunk for the author, whose rights may have changed since. Raises: JobProblem."""

    def begin(self, run: ActionRun, params: Any, *, now: datetime) -> None:
        """Called in the transaction of each chunk before `apply`; `run.cursor` 0 means the very beginning.

        Raises: JobProblem, if what the action names is gone.
        """

    def finish(self, run: ActionRun, params: Any, *, now: datetime) -> None:
        """Called in the transaction of the last chunk, after its `apply`."""

    def stopped(self, run: ActionRun, *, now: datetime) -> None:
        """Called in the transaction that ends a run in any other way than done."""


class Undoing:
    """How a run is undone, for kinds that can be: `undoable`, and the last three below."""

    undoable: ClassVar[bool] = False

    def permit_back(self, run: ActionRun, params: Any, *, by: User | None) -> None:
        """Called before each `take_back` for whoever asked for the undo. Raises: JobProblem, if they may not."""

    def after_undo(self, params: Any) -> str:
        """What comes of it later on, in the reader's language, for the question; empty: what is true of every kind."""
        return ""

    def look_up(self, params: Any) -> Any:
        """What the parameters name.

        Raises: JobProblem, if it is gone: then nothing can be changed back.
        """
        raise NotImplementedError

    def standing(self, run: ActionRun, params: Any, ids: BitMap) -> BitMap:
        """Those of `ids`, all changed by this run, that could be changed back now. Changes nothing."""
        raise NotImplementedError

    def take_back(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime, by: User | None) -> BitMap:
        """Changes those of `ids` back that nobody else has written since; returns them."""
        raise NotImplementedError


class Kind(Moments, Undoing, ABC):
    """One kind of action."""

    name: ClassVar[str]
    title: ClassVar[Promise]
    text: ClassVar[Promise]  # one line that says what it does
    icon: ClassVar[str]
    Params: ClassVar[type[Params]]
    template: ClassVar[str] = "actions/_fields.html"  # its form part
    chunk: int = 20_000  # ids at once: under a second of work, so cancelling is quick and the row's lock short
    changes_contacts: ClassVar[bool] = True  # False: it counts what it handled, and none was "already so"
    offered: ClassVar[bool] = True  # False: a part of something larger, which alone adds it

    @abstractmethod
    def form(self, data: Any = None, *, now: datetime, by: User | None = None) -> PartForm:
        """The form part: its fields become the parameters of one action or of several (two tags typed at once)."""

    @abstractmethod
    def sentence(self, params: Any, names: Names) -> str:
        """What it does, in the reader's language: "Add tag VIP"."""

    def references(self, params: Any) -> list[Reference]:
        """What the parameters name: looked up for the sentence, and not to be deleted while the action is live."""
        return []

    @abstractmethod
    def apply(self, run: ActionRun, params: Any, ids: BitMap, *, now: datetime) -> BitMap:
        """Does it to these contacts inside the chunk's transaction; returns those really changed.

        Some of `ids` may be gone: they are passed over, and are not among those returned.
        """

    @abstractmethod
    def already(self, params: Any, ids: BitMap) -> BitMap:
        """Those of `ids`, all of which exist, that `apply` would find to be so already. Changes nothing."""

    def left(self, params: Any, ids: BitMap, *, planned: datetime) -> BitMap:
        """Those of `ids` that `apply` passes over because they said no; `planned`: when the action was added."""
        return BitMap()

    def overruled(self, params: Any, ids: BitMap) -> BitMap:
        """Those of `ids` that said no, and that `apply` would change all the same, because that was asked for."""
        return BitMap()

    def out_of_sight(self, params: Any, ids: BitMap, *, by: User | None) -> BitMap:
        """Those of `ids` that `by` would not see any more once `apply` has changed them."""
        return BitMap()

    def checked(self, params: Any) -> Any:
        """`params` from storage or from outside as this kind's own.

        Raises: KindError with the names of the refused fields.
        """
        try:
            return self.Params.model_validate(params)
        except ValidationError as error:
            fields = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
            raise KindError(fields, f"{self.name}: {', '.join(fields)}") from error


def author(run: ActionRun) -> tuple[str, User | None]:
    """Who a run works for, for the contacts' history."""
    by = run.action.created_by
    return (str(by) if by else "", by)


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Makes `kind` known, in the order in which the kinds are offered."""
    if kind.name in KINDS and type(KINDS[kind.name]) is not type(kind):
        raise ValueError(f"two kinds of actions are called {kind.name}")
    KINDS.setdefault(kind.name, kind)
    return kind


def offered_kinds() -> dict[str, Kind]:
    """Those that people may choose, by name."""
    return {name: kind for name, kind in KINDS.items() if kind.offered}


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises: KindError.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise KindError(["kind"], f"no kind of action is called {name!r}") from None


@dataclass(frozen=True)
class Shown:
    """How a kind is shown, whether this version knows it or not."""

    title: str | Promise
    icon: str


def shown(name: str) -> Shown:
    kind = KINDS.get(name)
    return Shown(kind.title, kind.icon) if kind else Shown(_("Unknown action"), "circle-question-mark")
