"""What criteria in force name: finding them by it, renaming in them, saying so before it is deleted.

In force are the present version of each segment, all saved criteria, and the contact manager's filters; older versions
are history and stay as written. Forms that nobody has submitted follow as well (`segmentation.draft_names`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection
from django.db.models import BooleanField, F, Func, JSONField, Model, QuerySet, Value
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

import contacts.hooks
import tags.hooks
import tags.usage
from activities.models import ActivityType, Parameter
from contacts.models import Attribute, Consent
from segmentation import hooks
from segmentation.criteria import Reference, references, rename
from segmentation.draft_names import follow_in_drafts
from segmentation.models import ContactQuery, SavedCriteria, Segment, Version
from tags.models import Category, Tag

Row = TypeVar("Row", bound=Model)

# All segments named by criteria in force; a segment does not name itself, that is refused.
NAMED_SEGMENTS = """
SELECT (found.one)::int
FROM segmentation_segment s JOIN segmentation_version v ON v.id = s.version_id,
     jsonb_path_query(v.criteria, 'strict $.** ? (@.type() == "object" && @.kind == "segment").segment') AS found(one)
UNION
SELECT (found.one)::int
FROM segmentation_savedcriteria s,
     jsonb_path_query(s.criteria, 'strict $.** ? (@.type() == "object" && @.kind == "segment").segment') AS found(one)
"""


def references_in(criteria: dict[str, Any]) -> set[Reference]:
    """Everything that criteria name, each with its path."""
    return set(references(criteria))


def names(criteria: dict[str, Any], kind: str, key: str | int) -> bool:
    return any(reference.kind == kind and reference.key == key for reference in references_in(criteria))


def holding(kind: str, criteria: str, key: str | int | None = None) -> Func:
    """A condition: the criteria in that field have a criterion of this kind; what it names is for Python to judge.

    `key`: it holds this very text or number, so that few have to be judged; of tags, which are written in several ways,
    it is passed over.
    """
    within = "" if key is None or kind == "tag" else ".** ? (@ == $key)"
    return Func(
        F(criteria),
        Value(f"$.** ? (@.kind == $kind){within}"),
        Value({"kind": kind, "key": key}, JSONField()),
        function="jsonb_path_exists",
        output_field=BooleanField(),
    )


def segments_naming(kind: str, key: str | int) -> list[Segment]:
    """Segments whose criteria in force name it, by name."""
    rows = Segment.objects.filter(holding(kind, "version__criteria", key)).select_related("version").order_by("name")
    return [row for row in rows if row.version and names(row.version.criteria, kind, key)]


def named_segments() -> set[int]:
    """The segments that are named by the criteria in force of others."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED_SEGMENTS)
        return {named for (named,) in cursor.fetchall()}


def saved_naming(kind: str, key: str | int) -> list[SavedCriteria]:
    """Saved criteria that name it, by name."""
    rows = SavedCriteria.objects.filter(holding(kind, "criteria", key)).order_by("name")
    return [saved for saved in rows if names(saved.criteria, kind, key)]


def users_of(kind: str, key: str | int) -> Iterator[tuple[str, str, str]]:
    """(what, name, address) of each segment and saved criteria that name it."""
    return told(segments_naming(kind, key), saved_naming(kind, key))


def told(segments: Iterable[Segment], saved: Iterable[SavedCriteria]) -> Iterator[tuple[str, str, str]]:
    for segment in segments:
        yield _("Segment"), segment.name, reverse("segmentation:preview", args=[segment.pk])
    for criteria in saved:
        yield _("Saved criteria"), criteria.name, address_of("segmentation:saved_edit", criteria.pk)


def users_of_type(key: str, parameter: str | None = None) -> list[tuple[str, str, str]]:
    """As `users_of`, of a type of activities; `parameter`: only where activities of it are narrowed by that.

    By the JSON as it is written: the type and its parameters are one name in two places.
    """
    narrowed = "" if parameter is None else " && exists(@.where[*] ? (@.param == $parameter))"
    path = f'$.** ? (@.kind == "activity" && @.type == $type{narrowed})'
    naming = {"type": key, "parameter": parameter}

    def condition(criteria: str) -> Func:
        return Func(
            F(criteria),
            Value(path),
            Value(naming, JSONField()),
            function="jsonb_path_exists",
            output_field=BooleanField(),
        )

    segments = Segment.objects.filter(condition("version__criteria")).order_by("name")
    return list(told(segments, SavedCriteria.objects.filter(condition("criteria")).order_by("name")))


def address_of(url_name: str, pk: int) -> str:
    try:
        return reverse(url_name, args=[pk])
    except NoReverseMatch:
        return ""


# --- told before something is deleted --------------------------------------------------------------------------
def uses_of_segment(segment: Segment) -> list[hooks.Use]:
    """Other segments and saved criteria that name the segment: deleting it would break them."""
    return [hooks.Use(what, name, url) for what, name, url in users_of("segment", segment.pk)]


def uses_of_label(label: Tag | Category) -> list[tags.usage.Use]:
    """Criteria that name a tag or a category; those naming what lies above a category do not name it."""
    found = users_of("tag", label.name) if isinstance(label, Tag) else users_of("category", label.slug_path)
    return [tags.usage.Use(what, name, url) for what, name, url in found]


def uses_of_attribute(attribute: Attribute) -> list[contacts.hooks.Use]:
    """Criteria that look at an attribute."""
    return [contacts.hooks.Use(f"{what}: {name}", url) for what, name, url in users_of("attribute", attribute.key)]


def uses_of_consent(consent: Consent) -> list[contacts.hooks.Use]:
    """Criteria that look at a consent."""
    return [contacts.hooks.Use(f"{what}: {name}", url) for what, name, url in users_of("consent", consent.key)]


def uses_of_type(kind: ActivityType) -> list[contacts.hooks.Use]:
    """Criteria that look at activities of a type."""
    return [contacts.hooks.Use(f"{what}: {name}", url) for what, name, url in users_of_type(kind.key)]


def uses_of_parameter(parameter: Parameter) -> list[contacts.hooks.Use]:
    """Criteria that look at a parameter of a type's activities."""
    users = users_of_type(parameter.activity_type.key, parameter.key)
    return [contacts.hooks.Use(f"{what}: {name}", url) for what, name, url in users]


# --- renamed with what they name -------------------------------------------------------------------------------
def follow_renaming(change: tags.hooks.Renamed, now: datetime) -> None:
    """Writes the new names into criteria in force and unfinished forms, in the transaction that renames, or merges.

    A renaming is no edit: the same people are meant, so the version stays one and nothing is calculated. Rows are taken
    in the order of ids, as by everybody who takes several: two at once never wait for each other.
    """
    in_force = Version.objects.filter(holding(change.kind, "criteria"), pk__in=Segment.objects.values("version"))
    for version in locked(in_force):
        renamed = renamed_in(version.criteria, change)
        if renamed != version.criteria:
            Version.objects.filter(pk=version.pk).update(criteria=renamed)
    for query in locked(ContactQuery.objects.filter(holding(change.kind, "criteria"))):
        renamed = renamed_in(query.criteria, change)
        if renamed != query.criteria:
            ContactQuery.objects.filter(pk=query.pk).update(criteria=renamed)
    for saved in locked(SavedCriteria.objects.filter(holding(change.kind, "criteria"))):
        renamed = renamed_in(saved.criteria, change)
        if renamed != saved.criteria:
            SavedCriteria.objects.filter(pk=saved.pk).update(criteria=renamed, updated_at=now)
    follow_in_drafts(change)


def locked(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.select_for_update(no_key=True).order_by("pk")


def renamed_in(criteria: dict[str, Any], change: tags.hooks.Renamed) -> dict[str, Any]:
    """The criteria with all names of `change` replaced at once: a → b beside b → c makes no a into c."""
    renamed: dict[str, Any] = rename(criteria, change.kind, change.names)
    return renamed
