"""Undo and redo: the criteria before and after each change, kept with the draft.

A step is what a browser sends of the criteria, so that a step taken again is drawn as it was. Every operation and every
finished edit of a field is one: what is recorded while a field is being typed into (`typing` names it) is replaced by
what that field says later. Nothing of the page besides the criteria is in a step.
"""

import json
from collections.abc import Mapping
from typing import Any

from segmentation.models import Draft, DraftStep

MOST = 100  # steps of one draft; the oldest go
MOST_CHARACTERS = 4_000_000  # in the steps of one draft, so that the largest criteria have some twenty
Form = Mapping[str, list[str]]


def record(draft: Draft, form: Form, *, typing: str = "") -> None:
    """Notes the criteria as they stand, unless they are those of the step the draft is at. Steps undone are forgotten.

    `typing`: the field still being filled in.
    Call with the draft's row locked; `draft.step` is to be saved after it.
    """
    current = draft.steps.filter(number=draft.step).first()
    if current is not None and same(current.form, form):
        if current.typing and not typing:
            draft.steps.filter(pk=current.pk).update(typing="")
        return
    draft.steps.filter(number__gt=draft.step).delete()
    if current is not None and only_in(current, form):
        draft.steps.filter(pk=current.pk).update(form=dict(form), typing=typing)
        return
    draft.step += 1
    DraftStep.objects.create(draft=draft, number=draft.step, form=dict(form), typing=typing)
    size = sum(len(name) + sum(map(len, texts)) for name, texts in form.items())
    draft.steps.filter(number__lte=draft.step - max(2, min(MOST, MOST_CHARACTERS // max(size, 1)))).delete()


def redraw(draft: Draft, form: Form) -> None:
    """Has the step the draft is at say what its form sends as it is drawn now."""
    draft.steps.filter(number=draft.step).update(form=dict(form), typing="")


def only_in(step: DraftStep, form: Form) -> bool:
    """Whether nothing has changed since but the field that was being typed into."""
    return bool(step.typing) and changed(step.form, form) <= {step.typing}


def travel(draft: Draft, by: int) -> DraftStep | None:
    """The step before (-1) or after (+1) the one the draft is at, which it then is at; None where there is none."""
    found: DraftStep | None = draft.steps.filter(number=draft.step + by).first()
    if found is not None:
        draft.step = found.number
        draft.save(update_fields=["step"])
    return found


def ways(draft: Draft) -> tuple[bool, bool]:
    """Whether there is something to undo, and to redo."""
    numbers = set(draft.steps.filter(number__in=[draft.step - 1, draft.step + 1]).values_list("number", flat=True))
    return draft.step - 1 in numbers, draft.step + 1 in numbers


# --- whether two forms say the same --------------------------------------------------------------------------
def same(one: Form, other: Form) -> bool:
    """Whether two forms ask for the same: a value just typed is one that has become a chip."""
    return not changed(one, other)


def changed(one: Form, other: Form) -> set[str]:
    """The fields that differ, `shape` for the layout."""
    before, after = _plain(one), _plain(other)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _plain(form: Form) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, texts in form.items():
        if name == "shape":
            found[name] = _layout((texts or [""])[0])
        elif values := [text.replace("\r\n", "\n") for text in texts if text.strip()]:
            found[name] = values
    for name in [name for name in found if name.endswith("_new")]:
        typed = found.pop(name)[0].strip()
        values = found.setdefault(name.removesuffix("_new"), [])
        if typed not in values:
            values.append(typed)
    return found


def _layout(text: str) -> Any:
    """The layout without the counter of ids, which never goes back."""
    try:
        data = json.loads(text)
    except ValueError:
        return text
    return {key: value for key, value in data.items() if key != "last"} if isinstance(data, dict) else data
