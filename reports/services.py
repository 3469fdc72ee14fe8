"""Making, changing, copying and deleting reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from permissions.models import PermissionGroup
from reports.models import Report, Sharing
from users.models import User

LONGEST = 200


class EditedMeanwhileError(Exception):
    """Somebody else changed, or deleted, the report since the form was opened."""


@dataclass(frozen=True)
class Plan:
    """What a form says of a report."""

    name: str
    of: str
    of_name: str
    beside: str
    beside_name: str
    parts: list[str]
    dimensions: list[dict[str, str]]
    weeks: int
    sharing: str
    groups: Sequence[PermissionGroup]

    def write(self, report: Report) -> None:
        """Onto the row, but for the groups."""
        for name in ("name", "of", "of_name", "beside", "beside_name", "parts", "dimensions", "weeks", "sharing"):
            setattr(report, name, getattr(self, name))


def create(plan: Plan, *, by: User, now: datetime) -> Report:
    """A new report of that user."""
    report = Report(owner=by, created_at=now, updated_at=now)
    plan.write(report)
    with transaction.atomic():
        report.save()
        report.groups.set(plan.groups if plan.sharing == Sharing.GROUPS else [])
    return report


def change(report: Report, plan: Plan, *, revision: int, now: datetime) -> Report:
    """What was seen at `revision`. Raises: EditedMeanwhileError."""
    with transaction.atomic():
        found = Report.objects.select_for_update().filter(pk=report.pk, revision=revision).first()
        if found is None:
            raise EditedMeanwhileError
        plan.write(found)
        found.updated_at, found.revision = now, revision + 1
        found.save(force_update=True)
        found.groups.set(plan.groups if plan.sharing == Sharing.GROUPS else [])
    return found


def copy(report: Report, *, by: User, now: datetime) -> Report:
    """The same as one's own, shared with nobody."""
    name = _("%(name)s (copy)") % {"name": report.name}
    fields = ("of", "of_name", "beside", "beside_name", "parts", "dimensions", "weeks")
    values = {field: getattr(report, field) for field in fields}
    return Report.objects.create(name=name[:LONGEST], owner=by, created_at=now, updated_at=now, **values)


def delete(report: Report) -> None:
    report.delete()
