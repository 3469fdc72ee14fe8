"""An action as the API is asked for it, judged by the forms of the page."""

from collections.abc import Iterator
from typing import Any, Literal

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from pydantic import Field

from actions.forms import EVERY, ONCE, WhenForm
from actions.kinds import Kind, offered_kinds
from actions.kinds.forms import PartForm
from api.common import In, example, key_of, now_of
from api.problems import Wrong, invalid
from config.requests import Request
from contacts.models import Consent
from segmentation.models import Segment
from tags.models import Category

OF_PAGES = ("order", "keep_as")  # fields that programs have no use for


class ActionIn(In):
    """`params` by kind: add_tag, remove_tag: `tags`; add_category, remove_category: `category` (its path), `below`;
    add_consent, remove_consent: `consent` (its key), `source`, `again`; export: `format`, `columns`, `names` (by
    column), `separator`, `bom`, `consent`. `GET /actions/kinds` lists them."""

    model_config = example(
        {"kind": "add_tag", "params": {"tags": "VIP"}, "audience": "all", "calculation": 90}, forbid=True
    )
    kind: str
    params: dict[str, Any] = {}
    audience: Literal["all", "joined", "left"] = Field(
        "all", description="All members, those who just joined, those who just left; not all: of refreshing segments."
    )
    every_refresh: bool = Field(False, description="After every refresh.")  # noqa: FBT003
    calculation: int | None = Field(
        None, description="The calculation that a dry run spoke of: if another took its place, nothing is added (409)."
    )


def posted(kind: Kind, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the form's own fields. An export's columns stand in their order, and `names` by their keys."""
    columns, names = params.get("columns"), params.get("names", {})
    if kind.name != "export" or not isinstance(columns, list) or not isinstance(names, dict):
        return params
    return params | {"order": columns, "names": [names.get(key, "") for key in map(str, columns)]}


def chosen(field: forms.Field, value: Any) -> Any:
    """Categories by their path and consents by their key: forms that choose a row take its id."""
    rows = getattr(field, "queryset", None)
    if rows is None or not isinstance(value, str) or "\0" in value:
        return value
    path = value.strip("/").lower()
    by = {Category: {"slug_path": path}, Consent: {"key": value}}.get(rows.model, {})
    found = rows.filter(**by).first() if by else None
    return found.pk if found else value


def form_data(kind: Kind, blank: PartForm, given: dict[str, Any]) -> QueryDict:
    """The parameters as a browser would post them; what is left out stands as the empty form has it.

    Raises: Problem (422), for one that there is not, or that is no text, number, truth value, or list of these.
    """
    wrongs = [
        Wrong(None, f"params.{name[:60]}", "unknown", _("There is no such field."))
        for name in given
        if name not in blank.fields or name in OF_PAGES
    ]
    data, params = QueryDict(mutable=True), posted(kind, given)
    for name, field in blank.fields.items():
        value = chosen(field, params[name]) if name in params else field.initial
        values = value if isinstance(value, list) else [value]
        if not all(each is None or isinstance(each, str | int | float | bool) for each in values):
            wrongs.append(Wrong(None, f"params.{name}", "invalid", _("This is not possible here.")))
            continue
        if isinstance(field, forms.BooleanField):
            values = ["on"] if value is True or value == "true" else []
        data.setlist(name, [str(each) for each in values if each is not None])
    if wrongs:
        raise invalid(wrongs)
    return data


def asked_in(request: Request, payload: ActionIn, segment: Segment) -> tuple[Kind, PartForm, WhenForm]:
    """The forms of the page, filled and valid. Raises: Problem (422)."""
    kind = offered_kinds().get(payload.kind)
    if kind is None:
        raise invalid([Wrong(None, "kind", "not_option", _("There is no such kind of action."))])
    now, by = now_of(request), key_of(request).user
    part = kind.form(form_data(kind, kind.form(now=now, by=by), payload.params), now=now, by=by)
    repeat = EVERY if payload.every_refresh else ONCE
    when = WhenForm(QueryDict(f"repeat={repeat}&audience={payload.audience}"), segment=segment)
    wrongs = [*wrongs_in(part, "params."), *wrongs_in(when, "")]
    if not segment.refreshes and (payload.every_refresh or payload.audience != "all"):
        said = _("This segment is calculated once: nobody joins or leaves it, and nothing runs after a refresh.")
        wrongs.append(Wrong(None, "audience", "not_refreshing", said))
    if wrongs:
        raise invalid(wrongs)
    return kind, part, when


def wrongs_in(form: forms.Form, below: str) -> Iterator[Wrong]:
    for field, errors in form.errors.as_data().items():
        place = below.rstrip(".") if field == "__all__" else f"{below}{field}"
        for each in errors:
            yield Wrong(None, place, each.code or "invalid", " ".join(each.messages))
