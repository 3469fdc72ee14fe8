"""What the account has that criteria may refer to, read once per evaluation: one query for each kind of thing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import connection
from pyroaring import BitMap

from accounts.models import Account
from activities.models import ActivityType, Parameter
from contacts.models import Attribute, Consent
from contacts.sight import sees
from segmentation.models import Calculation, SavedCriteria, Segment, UploadedList
from segmentation.readers import list_name
from tags.models import Category, Tag
from users.models import User


@dataclass(frozen=True)
class KnownSegment:
    """A segment as criteria see it. `calculation`: the id of the last done one."""

    id: int
    name: str
    criteria: Any
    calculation: int | None
    owner: int | None


@dataclass(frozen=True)
class KnownCategory:
    """A category and where it stands in the tree (`path`: treebeard's)."""

    id: int
    name: str
    path: str


@dataclass(frozen=True)
class KnownActivity:
    """An activity type with its declared parameters by key."""

    type: ActivityType
    parameters: dict[str, Parameter]


@dataclass
class Catalog:
    """Names and definitions, loaded when first asked for and kept: one catalog serves one evaluation."""

    _tags: dict[str, int | None] = field(default_factory=dict)
    _sights: dict[int, BitMap | None] = field(default_factory=dict)

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        return {attribute.key: attribute for attribute in Attribute.objects.all()}

    @cached_property
    def consents(self) -> dict[str, Consent]:
        return {consent.key: consent for consent in Consent.objects.all()}

    @cached_property
    def categories(self) -> dict[str, KnownCategory]:
        rows = Category.objects.values_list("slug_path", "id", "name", "path")
        return {slug_path: KnownCategory(pk, name, path) for slug_path, pk, name, path in rows}

    @cached_property
    def segments(self) -> dict[int, KnownSegment]:
        rows = Segment.objects.values_list("id", "name", "version__criteria", "latest_id", "owner_id")
        return {pk: KnownSegment(pk, *known) for pk, *known in rows}

    @cached_property
    def saved(self) -> dict[int, SavedCriteria]:
        return SavedCriteria.objects.in_bulk()

    @cached_property
    def files(self) -> dict[int, str]:
        """Uploaded lists by id, fixed ones among them, as the reader of the page is to know them."""
        return {pk: list_name(pk, name, fixed=fixed, by=by) for pk, name, fixed, by in self._lists}

    @cached_property
    def fixed_lists(self) -> frozenset[int]:
        """The ids of those that were made of contacts, of no file."""
        return frozenset(pk for pk, _name, fixed, _by in self._lists if fixed)

    @cached_property
    def _lists(self) -> list[tuple[int, str, bool | None, int | None]]:
        return list(UploadedList.objects.values_list("id", "name", "report__fixed", "created_by"))

    @cached_property
    def activities(self) -> dict[str, KnownActivity]:
        """The activity types by key. Two queries."""
        types = ActivityType.objects.prefetch_related("parameters")
        return {
            type_.key: KnownActivity(type_, {parameter.key: parameter for parameter in type_.parameters.all()})
            for type_ in types
        }

    @cached_property
    def account(self) -> Account:
        return Account.objects.get(schema_name=connection.schema_name)  # type: ignore[attr-defined]

    @property
    def engagement_days(self) -> int:
        """How long somebody who did something stays engaged, unless criteria say otherwise."""
        return self.account.engagement_days

    @property
    def currency(self) -> str:
        return self.account.currency

    def file_ids(self, pk: int) -> BitMap:
        """The contacts that a file matched when it was uploaded."""
        return BitMap.deserialize(bytes(UploadedList.objects.values_list("matched", flat=True).get(pk=pk)))

    def segment_ids(self, pk: int) -> BitMap:
        """The members of a segment as of its last done calculation."""
        calculation = self.segments[pk].calculation
        return BitMap.deserialize(bytes(Calculation.objects.values_list("members", flat=True).get(pk=calculation)))

    def sight_of(self, owner: int | None) -> BitMap | None:
        """The contacts that a segment of this owner can hold; None: all."""
        if owner is None:
            return None
        if owner not in self._sights:
            self._sights[owner] = sees(User.objects.get(pk=owner))
        return self._sights[owner]

    def criteria(self, kind: str, pk: int) -> Any:
        """The criteria of a segment or of saved criteria, as written; None: there are none (any more)."""
        if kind == "segment":
            return self.segments[pk].criteria if pk in self.segments else None
        return self.saved[pk].criteria if pk in self.saved else None

    def name(self, kind: str, pk: int) -> str:
        """What a segment or saved criteria are called."""
        known = self.segments.get(pk) if kind == "segment" else self.saved.get(pk)
        return known.name if known else f"#{pk}"

    def tags(self, names: Iterable[str]) -> dict[str, int | None]:
        """The ids of tags by exact name; None for those there are not."""
        wanted = list(names)
        if unknown := [name for name in wanted if name not in self._tags]:
            found: dict[str, int | None] = dict(Tag.objects.filter(name__in=unknown).values_list("name", "id"))
            self._tags |= dict.fromkeys(unknown) | found
        return {name: self._tags[name] for name in wanted}

    def categories_below(self, slug_path: str) -> list[int]:
        """The ids of a category and of everything below it."""
        top = self.categories[slug_path].path
        return [category.id for category in self.categories.values() if category.path.startswith(top)]
