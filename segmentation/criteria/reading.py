"""JSON to a tree: every shape is checked before anything is believed, and refused with the path to it."""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from django.utils.translation import gettext_noop as _
from pydantic import ValidationError

from segmentation.criteria import limits
from segmentation.criteria.base import JSON, KINDS, Criterion
from segmentation.criteria.errors import CriteriaError, RefusedError, below
from segmentation.criteria.groups import AllOf, AnyOf, Node, Not
from segmentation.criteria.values.number import exact, exact_literal

GROUPS = (AllOf.name, AnyOf.name, Not.name)


def parse_json(text: str | bytes) -> Node:
    """The tree that a JSON text describes.

    Raises: CriteriaError, also where the text is no JSON, is too long or nested too deep; within milliseconds.
    """
    return parse(load(text))


def load(text: str | bytes, *, around: int = 0) -> JSON:
    """What a JSON text says, exactly: no key twice, no number that would be rounded, no brackets beyond the limit.

    around: how many brackets the text has around the criteria themselves.
    """
    if len(text) > limits.BYTES * 4:  # white space and \u escapes aside, `parse` counts exactly
        raise CriteriaError("", _("The criteria are larger than {limit} bytes."), limit=limits.BYTES)
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        _check_nesting(decoded, limits.NESTING + around)
        data = json.loads(
            decoded, parse_float=_float, parse_int=_int, parse_constant=_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError:
        raise CriteriaError("", _("The text is not UTF-8.")) from None
    except json.JSONDecodeError as error:
        raise CriteriaError(
            "", _("This is no JSON: see line {line}, column {column}."), line=error.lineno, column=error.colno
        ) from None
    _refuse_wrong(data)
    return data


def parse(data: JSON, *, path: str = "") -> Node:
    """The tree that `data` (what `json.loads` gives) describes. `path`: where it stands, if within something larger.

    Needs no database: whether what is referred to exists is for `check`.
    Raises: CriteriaError with the path of the first thing that is wrong.
    """
    _check_size(data, path)
    return _Reader().node(data, path, depth=0)


def dump(tree: Node) -> JSON:
    """The JSON the tree was read from, as it was written."""
    return tree.raw


class _Reader:
    def __init__(self) -> None:
        self.criteria = 0

    def node(self, data: JSON, path: str, *, depth: int) -> Node:
        if not isinstance(data, dict):
            raise CriteriaError(path, _("A criterion or a group is expected here."))
        if "kind" in data:
            return self.criterion(data, path)
        return self.group(data, path, depth=depth + 1)

    def group(self, data: dict[str, JSON], path: str, *, depth: int) -> Node:
        if len(data) != 1 or (name := next(iter(data))) not in GROUPS:
            for key in data:
                if key not in GROUPS:
                    raise CriteriaError(below(path, shown(key)), _("Unknown key “{key}”."), key=shown(key))
            raise CriteriaError(path, _("A group is exactly one of “all”, “any” and “not”."))
        if depth > limits.DEPTH:
            raise CriteriaError(path, _("Groups are nested deeper than {limit}."), limit=limits.DEPTH)
        here = below(path, name)
        if name == Not.name:
            return Not(path, data, (self.node(data[name], here, depth=depth),))
        if not isinstance(data[name], list):
            raise CriteriaError(here, _("A list of criteria is expected here."))
        if not data[name]:
            raise CriteriaError(here, _("This group has no criteria. Add one or remove the group."))
        children = tuple(self.node(one, f"{here}[{at}]", depth=depth) for at, one in enumerate(data[name]))
        return (AllOf if name == AllOf.name else AnyOf)(path, data, children)

    def criterion(self, data: dict[str, JSON], path: str) -> Criterion:
        self.criteria += 1
        if self.criteria > limits.CRITERIA:
            raise CriteriaError(path, _("There are more than {limit} criteria."), limit=limits.CRITERIA)
        kind = data["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            raise CriteriaError(below(path, "kind"), _("There is no kind of criterion “{kind}”."), kind=shown(kind))
        try:
            criterion = KINDS[kind].model_validate(data)
            criterion.refine()
        except ValidationError as error:
            _refuse(error, path)
        except RefusedError as refusal:
            raise refusal.under(path) from None
        criterion.place(path, data)
        return criterion


PROBLEMS = {
    "missing": _("This is missing."),
    "extra_forbidden": _("Unknown key “{key}”."),
    "literal_error": _("“{value}” is not possible here."),
    "string_type": _("A text is expected here."),
    "string_too_short": _("This is empty."),
    "string_too_long": _("This text is too long."),
    "bool_type": _("“true” or “false” is expected here."),
    "int_type": _("A whole number is expected here."),
    "list_type": _("A list is expected here."),
    "too_short": _("This list is empty."),
    "too_long": _("This list is too long: at most {limit} values."),
    "greater_than_equal": _("This number is too small."),
    "less_than_equal": _("This number is too large."),
}


def _refuse(error: ValidationError, path: str) -> NoReturn:
    """Pydantic's first complaint in our words, at our path."""
    problem = error.errors(include_url=False)[0]
    here = path
    for step in problem["loc"]:
        here = below(here, f"[{step}]" if isinstance(step, int) else shown(step))
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, RefusedError):
        raise cause.under(here) from None
    text = PROBLEMS.get(problem["type"], _("This is not possible here."))
    last = str(problem["loc"][-1]) if problem["loc"] else ""
    limit = problem.get("ctx", {}).get("max_length", limits.VALUES)
    params: dict[str, str | int] = {"key": shown(last), "value": shown(problem["input"]), "limit": limit}
    raise CriteriaError(
        here, text, **{name: value for name, value in params.items() if f"{{{name}}}" in text}
    ) from None


def shown(value: object) -> str:
    """What was given, short and printable, for a message or a path."""
    text = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    text = "".join(letter if letter.isprintable() else "?" for letter in text[:61])
    return text if len(text) <= 60 else text[:59] + "…"


# --- before anything recursive runs ---------------------------------------------------------------------------


BRACKETS = re.compile(
    r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[][{}]', re.DOTALL
)  # whole strings, and brackets outside of them


def _check_nesting(text: str, most: int) -> None:
    """Refuse deep brackets by looking at them: json.loads recurses."""
    depth = 0
    for found in BRACKETS.finditer(text):
        first = found.group()[0]
        if first in "[{":
            depth += 1
            if depth > most:
                raise CriteriaError("", _("Groups are nested deeper than {limit}."), limit=limits.DEPTH)
        elif first in "]}":
            depth -= 1


def _check_size(data: JSON, path: str) -> None:
    """Refuse what is too deep, too large or no JSON, without recursion and without looking beyond the limits."""
    waiting: list[tuple[Any, str, int]] = [(data, path, 0)]
    seen = 0
    while waiting:
        value, here, depth = waiting.pop()
        if depth > limits.NESTING:
            raise CriteriaError(here, _("Groups are nested deeper than {limit}."), limit=limits.DEPTH)
        if isinstance(value, dict | list) and len(value) > limits.VALUES:
            raise CriteriaError(here, PROBLEMS["too_long"], limit=limits.VALUES)
        if isinstance(value, dict):
            seen += sum(len(str(key)) for key in value)
            waiting += [(one, below(here, _key(key, here)), depth + 1) for key, one in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(value[at], f"{here}[{at}]", depth + 1) for at in reversed(range(len(value)))]
        else:
            seen += _check_scalar(value, here)
        seen += 1
        if seen > limits.BYTES:
            break
    if seen > limits.BYTES or len(_compact(data).encode()) > limits.BYTES:
        raise CriteriaError(path, _("The criteria are larger than {limit} bytes."), limit=limits.BYTES)


def _compact(data: JSON) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)


def _key(key: object, here: str) -> str:
    if not isinstance(key, str):
        raise CriteriaError(here, _("Unknown key “{key}”."), key=shown(key))
    _check_letters(key, here)
    return shown(key)


def _check_scalar(value: object, here: str) -> int:
    """Refuse what JSON can't say; the least number of bytes it takes."""
    if isinstance(value, str):
        _check_letters(value, here)
        return len(value)
    if value is None or isinstance(value, bool):
        return 4
    try:
        exact(value)
    except RefusedError as refusal:
        raise refusal.under(here) from None
    return 1


def _check_letters(text: str, here: str) -> None:
    if len(text) > limits.BYTES:
        raise CriteriaError(here, PROBLEMS["string_too_long"])
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise CriteriaError(here, _("This text has a character that is none."))


# --- while the text is loaded: what is wrong is left in its place, so that it is refused with its path ----------------


@dataclass(frozen=True)
class _Wrong:
    """Something that no criteria can hold, where it stood."""

    refusal: RefusedError


def _refuse_wrong(data: JSON) -> None:
    """Raises: CriteriaError with the path of the first thing that is wrong. Nested no deeper than the limit by now."""
    waiting: list[tuple[JSON, str]] = [(data, "")]
    while waiting:
        value, here = waiting.pop()
        if isinstance(value, _Wrong):
            raise value.refusal.under(here)
        if isinstance(value, dict):
            waiting += [(one, below(here, shown(key))) for key, one in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(value[at], f"{here}[{at}]") for at in reversed(range(len(value)))]


def _float(digits: str) -> float | _Wrong:
    return _wrong(digits) or float(digits)


def _int(digits: str) -> int | _Wrong:
    return _wrong(digits) or int(digits)


def _wrong(digits: str) -> _Wrong | None:
    """Before the conversion: that of a long number takes time, and rounds."""
    try:
        exact_literal(digits)
    except RefusedError as refusal:
        return _Wrong(refusal)
    return None


def _constant(name: str) -> _Wrong:
    return _Wrong(RefusedError(_("“{value}” is no number."), value=name))


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON] | _Wrong:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        return _Wrong(RefusedError(_("The key “{key}” is there twice."), key=shown(twice)))
    return found
