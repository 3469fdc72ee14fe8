"""What is being built and not submitted names labels too: a renamed or merged one is renamed there as well.

A draft holds a form as a browser sent it, not criteria, so names are looked for in the fields that hold labels.
"""

import json
from collections.abc import Mapping

from django.db.models import BooleanField, F, Func, Q, Value

import tags.hooks
from segmentation.builder.text import text_of
from segmentation.criteria import CriteriaError, rename
from segmentation.models import Draft, DraftStep
from tags.normalising import parts

FIELDS = {"tag": "tags", "category": "categories"}  # of a criterion about that kind of label
JSON = "json"  # the criteria, while they are edited as text
Form = Mapping[str, list[str]]


def about(kind: str) -> Q:
    """The condition on drafts and their steps that they may name such a label."""
    path = Func(
        F("form"),
        Value(f'$.* ? (@[*] == "{kind}")'),
        function="jsonb_path_exists",
        output_field=BooleanField(),
    )
    return Q(path) | Q(form__has_key=JSON)


def follow_in_drafts(change: tags.hooks.Renamed) -> None:
    """Writes the new names into forms that are kept, their steps back and forth included."""
    for model in (Draft, DraftStep):
        rows = model.objects.filter(about(change.kind)).select_for_update(no_key=True)
        for row in rows.order_by("pk").iterator(chunk_size=100):
            renamed = renamed_form(row.form, change)
            if renamed != row.form:
                model.objects.filter(pk=row.pk).update(form=renamed)


def renamed_form(form: Form, change: tags.hooks.Renamed) -> Form:
    """The form with the new names in the fields of its criteria."""
    renamed = dict(form)
    for name, texts in form.items():
        node, _dash, field = name.rpartition("-")
        if form.get(f"{node}-what", [""])[:1] != [change.kind]:
            continue
        if field == FIELDS[change.kind]:
            renamed[name] = list(dict.fromkeys(one for text in texts for one in new_names(text, change)))
        elif field == f"{FIELDS[change.kind]}_new":
            renamed[name] = [", ".join(new_names(text, change)) for text in texts]
    if JSON in form:
        renamed[JSON] = [renamed_text(text, change) for text in form[JSON]]
    return renamed


def new_names(text: str, change: tags.hooks.Renamed) -> list[str]:
    """What stands in a field instead of `text`: the text itself, if nothing in it is renamed."""
    meant = parts(text) if change.kind == "tag" else [text]
    if change.names.keys().isdisjoint(meant):
        return [text]
    return list(dict.fromkeys(change.names.get(name, name) for name in meant))


def renamed_text(text: str, change: tags.hooks.Renamed) -> str:
    """Criteria written as JSON; what the language does not take is left as it is."""
    try:
        tree = json.loads(text)
        renamed = rename(tree, change.kind, change.names)
    except (ValueError, RecursionError, CriteriaError, TypeError):
        return text
    return text if renamed == tree else text_of(renamed)
