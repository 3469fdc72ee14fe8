"""A form as a browser has sent it, with the button pressed carried out."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from segmentation.builder.form import LONGEST_ID, Builder
from segmentation.builder.operations import operate
from segmentation.builder.shape import FIELD, Shape, ShapeError, empty, fill, load, overfull, refuse
from segmentation.models import SavedCriteria
from segmentation.templates import TEMPLATES

OWN = ("shape", "place", "window", "json", "do", "insert", "saved_name", "csrfmiddlewaretoken", "then")
NO_CHANGE = ("refresh", "count", "take_over", "undo", "redo")


def from_post(data: Mapping[str, Any], *, place: str) -> Builder:
    """The form as posted, with the button pressed carried out. Broken content becomes its `problem`; never raises."""
    builder = from_fields(data, place=place)
    builder.as_sent = True
    return builder


def from_fields(data: Mapping[str, Any], *, place: str) -> Builder:
    """The same of fields that were kept: those that only the drawing adds may be missing."""
    lists: Iterable[tuple[str, list[str]]] = data.lists() if hasattr(data, "lists") else data.items()
    posted = {name: [text.replace("\x00", "") for text in texts if isinstance(text, str)] for name, texts in lists}
    settings = {name: texts for name, texts in posted.items() if name not in OWN and not FIELD.fullmatch(name)}
    try:
        shape = load((posted.get("shape") or [""])[0])
        fill(shape, posted)
    except ShapeError as error:
        return Builder(empty(), place=place, settings=settings, problem=str(error))
    builder = Builder(shape, place=place, settings=settings, operation=(posted.get("do") or [""])[-1])
    builder.window = (posted.get("window") or [""])[-1][:60]
    builder.posted = builder.fields()
    if "json" in posted:
        builder.open_text(posted["json"][-1].replace("\r\n", "\n"))
    before = copy.deepcopy(builder.shape)
    try:
        _carry_out(builder, posted)
        _bounded(builder, before)
    except ShapeError as error:  # a button this form does not have: what was typed stays
        builder.problem = str(error)
    return builder


def _carry_out(builder: Builder, posted: dict[str, list[str]]) -> None:
    command = builder.operation
    if command in ("insert_copy", "insert_live"):
        _insert(builder, (posted.get("insert") or [""])[0], live=command == "insert_live")
    elif command.startswith("template:"):
        template = TEMPLATES.get(command.removeprefix("template:"))
        if template is None:
            refuse()
        builder.insert_template(template)
    elif command in ON_TEXT:
        ON_TEXT[command](builder)
    elif command and command not in NO_CHANGE:
        builder.focus = operate(builder.shape, command)
        builder.moved = command.split(":")[1] if command.split(":")[0] in TELLING else ""


def _bounded(builder: Builder, before: Shape) -> None:
    """Takes back what the button has added beyond the most that criteria, and so this form, can hold; and says so."""
    full = overfull(builder.shape)
    grown = sum(1 for _item in builder.shape.items()) > sum(1 for _item in before.items())
    if full and grown and builder.operation not in ON_TEXT:
        node = builder.operation.partition(":")[2]
        builder.shape, builder.errors, builder.shows_errors, builder.moved = before, {}, False, ""
        builder.refused, builder.notice, builder.focus = True, full, f"{node}-menu" if before.find(node) else ""


TELLING = (
    "earlier",
    "later",
    "before",
    "after",
    "into",
    "to",
    "up",
    "down",
)  # it is said where it then is
ON_TEXT: dict[str, Callable[[Builder], None]] = {
    "json": Builder.to_text,
    "json_apply": Builder.apply_text,
    "json_back": Builder.leave_text,
}


def _insert(builder: Builder, saved_id: str, *, live: bool) -> None:
    named = saved_id.isascii() and saved_id.isdecimal() and len(saved_id) < LONGEST_ID
    saved = SavedCriteria.objects.filter(pk=int(saved_id)).first() if named else None
    if saved is None:
        builder.focus = "builder-insert"
        builder.notice = _("Choose which saved criteria to insert.")
    elif live:
        builder.insert_reference(saved.pk)
    else:
        builder.insert(saved.criteria)
