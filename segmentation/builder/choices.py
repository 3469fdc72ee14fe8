"""What there is to choose from in this account: loaded at most once per page, one query each."""

from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.utils.translation import get_language

from accounts.models import Account
from activities.builtin import ICONS
from activities.models import ActivityType
from contacts.models import Attribute, Consent
from segmentation.models import SavedCriteria, Segment, UploadedList
from segmentation.parts.base import KnownActivityType, Option, TypedAttribute, TypedParameter
from segmentation.readers import list_name
from tags.models import Category, Tag

SUGGESTED_TAGS = 500  # in the shared list of suggestions; any other tag may still be typed


@dataclass
class Choices:
    """The account's own names. `without_segment`, `without_saved`: what is being edited can't refer to itself."""

    without_segment: int | None = None
    without_saved: int | None = None

    @cached_property
    def attributes(self) -> dict[str, TypedAttribute]:
        rows = Attribute.objects.values_list("key", "name", "type", "options", "retired_at")
        return {key: TypedAttribute(name, type_, options, at is not None) for key, name, type_, options, at in rows}

    @cached_property
    def tags(self) -> list[str]:
        return list(Tag.objects.order_by("name").values_list("name", flat=True)[:SUGGESTED_TAGS])

    @cached_property
    def categories(self) -> list[Option]:
        """The tree, each node below its parent."""
        rows = list(Category.objects.order_by("path").values_list("slug_path", "name", "depth"))
        full: dict[str, str] = {}
        for slug, name, _depth in rows:
            above = full.get(slug.rpartition("/")[0])
            full[slug] = f"{above} / {name}" if above else name
        return [
            Option(slug, name, depth=depth - 1, search=f"{slug} {full[slug]}", full=full[slug])
            for slug, name, depth in rows
        ]

    @cached_property
    def consents(self) -> list[Option]:
        name = "name_pl" if (get_language() or "").startswith("pl") else "name_en"
        return [Option(key, label) for key, label in Consent.objects.values_list("key", name)]

    @cached_property
    def segments(self) -> list[Option]:
        rows = Segment.objects.exclude(pk=self.without_segment or 0).order_by("name").values_list("pk", "name")
        return [Option(str(pk), name) for pk, name in rows]

    @cached_property
    def saved(self) -> list[Option]:
        rows = SavedCriteria.objects.exclude(pk=self.without_saved or 0).order_by("name").values_list("pk", "name")
        return [Option(str(pk), name) for pk, name in rows]

    @cached_property
    def files(self) -> list[Option]:
        lists = UploadedList.objects.order_by("-created_at", "name")
        rows = lists.values_list("pk", "name", "report__fixed", "created_by")
        return [Option(str(pk), list_name(pk, name, fixed=fixed, by=by)) for pk, name, fixed, by in rows]

    @cached_property
    def activities(self) -> dict[str, KnownActivityType]:
        """The activity types with their parameters. Two queries."""
        return {
            kind.key: KnownActivityType(
                kind.label,
                ICONS.get(kind.key, "activity"),
                {one.key: TypedParameter(one.label, one.type) for one in kind.parameters.all()},
            )
            for kind in ActivityType.objects.prefetch_related("parameters")
        }

    @cached_property
    def engagement_days(self) -> int:
        """How long somebody who did something stays engaged, unless criteria say otherwise."""
        return Account.objects.values_list("engagement_days", flat=True).get(schema_name=connection.schema_name)  # type: ignore[attr-defined]
