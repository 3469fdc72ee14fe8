"""What asks for tags without being a segment or saved criteria: forms not submitted, filters and views of contacts."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import tags.hooks
from contacts.models import SavedView
from contacts.saved_views import address_of
from segmentation.criteria import CriteriaError, Criterion, criteria, parse
from segmentation.criteria.tag import TagCriterion
from segmentation.draft_names import JSON, Form, about, renamed_form
from segmentation.models import ContactQuery, Draft
from segmentation.references import holding
from tags.models import Category, MergedTag, Tag
from tags.normalising import parts
from tags.usage import Use


@dataclass(frozen=True)
class Asked:
    """What an address or an unfinished form asks of tags; a criterion of the language says the same by itself."""

    names: list[str]
    op: str = "any"
    within: object = None


Asking = TagCriterion | Asked


def criteria_naming(tree: Any, names: set[str]) -> Iterator[TagCriterion]:
    """The criteria in a tree that name one of the tags; none of one that the language does not take any more."""
    try:
        every: Iterable[Criterion] = list(criteria(parse(tree)))
    except CriteriaError:
        return
    for criterion in every:
        if isinstance(criterion, TagCriterion) and not names.isdisjoint(criterion.names):
            yield criterion


def queries_asking(names: set[str]) -> dict[str, list[Asking]]:
    """By their keys, the advanced filters that name one of the tags."""
    rows = ContactQuery.objects.filter(holding("tag", "criteria")).values_list("key", "criteria")
    found = {key: list[Asking](criteria_naming(tree, names)) for key, tree in rows}
    return {key: asking for key, asking in found.items() if asking}


def drafts_asking(names: set[str]) -> list[list[Asking]]:
    """Of each unfinished form that names one of the tags, what it asks."""
    change = tags.hooks.Renamed("tag", dict.fromkeys(names, ""))
    forms = Draft.objects.filter(about("tag")).values_list("form", flat=True)
    return [list(asked_in(form, names)) for form in forms if renamed_form(form, change) != form]


def asked_in(form: Form, names: set[str]) -> Iterator[Asking]:
    """What a form's fields ask of the tags, as far as it is filled in."""
    for name in form:
        node, _dash, field = name.rpartition("-")
        if field != "what" or form[name][:1] != ["tag"]:
            continue
        typed = [*form.get(f"{node}-tags", []), *form.get(f"{node}-tags_new", [])]
        asked = [one for text in typed for one in parts(text)]
        if not names.isdisjoint(asked):
            op, within = (form.get(f"{node}-{part}", [""])[:1] for part in ("op", "within"))
            yield Asked(asked, "".join(op) or "any", "".join(within) or None)
    for text in form.get(JSON, []):
        try:
            yield from criteria_naming(json.loads(text), names)
        except (ValueError, RecursionError, TypeError):
            continue


def views_asking(of: Sequence[Tag], queries: dict[str, list[Asking]]) -> list[tuple[SavedView, list[Asking]]]:
    """Saved views that ask for one of the tags, by its id or by one of these advanced filters; what they ask."""
    names = {str(tag.pk): tag.name for tag in of}
    for pk, now in MergedTag.objects.filter(tag__in=[tag.pk for tag in of]).values_list("pk", "tag"):
        names[str(pk)] = names[str(now)]  # an address of before
    views = SavedView.objects.filter(Q(query__contains="tag=") | Q(query__contains="advanced="))
    found = []
    for view in views.order_by("name", "pk"):
        given = QueryDict(view.query)
        asking: list[Asking] = [Asked([names[text]]) for text in given.getlist("tag") if text in names]
        asking += [one for key in given.getlist("advanced") for one in queries.get(key, [])]
        if asking:
            found.append((view, asking))
    return found


def views_losing(label: Tag | Category) -> list[Use]:
    """The saved views that could not be understood without the tag. Others' own are told by their number alone."""
    if not isinstance(label, Tag):
        return []
    views = [view for view, _asking in views_asking([label], queries_asking({label.name}))]
    found = [Use(_("Saved view"), view.name, address_of(view)) for view in views if view.shared]
    if own := sum(not view.shared for view in views):
        found.append(Use(of_one_user(own), ""))
    return found


def of_one_user(number: int) -> str:
    """Views that are not for everybody: their names are their owners' affair."""
    text = ngettext("%(number)s saved view of one user alone", "%(number)s saved views of one user alone each", number)
    return text % {"number": number}
