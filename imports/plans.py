"""What is to become of a file: how it is read, what its columns are, what is written and what is left alone."""

from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel
from pydantic import Field as Given

from activities.models import ActivityType
from contacts.models import Consent
from imports.fields import KNOWN_BY, Field, fields_of
from imports.guessing import Dates, Decimal
from imports.models import Subject
from imports.reading import Reading
from imports.reading.limits import MOST_COLUMNS
from tags.models import Category

NEEDED = {
    Subject.ORDERS: ("external_id", "at", "total"),
    Subject.ACTIVITIES: ("at",),
}
LONGEST_SOURCE = 120


class Plan(BaseModel):
    """All that a run needs to know, as it is kept. `columns`: by place, the field that each becomes; "": none.

    `match`: which field says whether a contact is there already. `tags`, `categories` (ids) and `consents` (keys) are
    put on everybody in the file. `kind`: the type of all the activities, where no column says it.
    """

    subject: Subject
    reading: Reading
    columns: list[str] = Given(max_length=MOST_COLUMNS)
    mode: Literal["both", "create", "update"] = "both"
    match: Literal["id", "email", "external_id"] = "email"
    empty: Literal["keep", "clear"] = "keep"
    decimal: Decimal = "."
    dates: Dates = "dmy"
    tags: list[str] = []
    categories: list[int] = []
    consents: list[str] = []
    consent_source: str = ""
    kind: str = ""

    def place_of(self, field: str) -> int | None:
        """The column that becomes this field."""
        return self.columns.index(field) if field in self.columns else None

    def fields(self) -> dict[str, Field]:
        """What its columns can become."""
        return fields_of(self.subject, kind=self.kind)

    def stored(self) -> dict[str, Any]:
        """As it is kept."""
        return self.model_dump(mode="json")


def plan_from(stored: Any) -> Plan:
    return Plan.model_validate(stored)


def problems_of(plan: Plan) -> list[str]:
    """Why it can't be carried out, in sentences; none: it can."""
    fields = plan.fields()
    found = [*unknown_columns(plan, fields), *missing_columns(plan, fields)]
    if plan.subject == Subject.CONTACTS:
        found += label_problems(plan)
    return found


def unknown_columns(plan: Plan, fields: dict[str, Field]) -> list[str]:
    """Columns that are nothing (any more), and fields that two columns would become."""
    found = []
    chosen = [name for name in plan.columns if name]
    for name in dict.fromkeys(chosen):
        if name not in fields:
            found.append(_("There is no field “%(name)s” (any more): choose another one.") % {"name": name[:80]})
        elif chosen.count(name) > 1:
            found.append(_("Two columns become “%(name)s”: choose one of them.") % {"name": fields[name].label})
    return found


def missing_columns(plan: Plan, fields: dict[str, Field]) -> list[str]:
    """Fields without which no row can be written."""
    found = []
    if plan.subject == Subject.CONTACTS:
        if plan.match not in plan.columns:
            text = _("Contacts are known by “%(name)s”: choose the column that holds it.")
            found.append(text % {"name": fields[plan.match].label})
        return found
    found += whose_problems(plan)
    if plan.kind and not ActivityType.objects.filter(key=plan.kind).exists():
        return [*found, _("There is no such type of activity (any more).")]
    needed = [
        *NEEDED[plan.subject],
        *(["type"] if plan.subject == Subject.ACTIVITIES and not plan.kind else []),
    ]
    if any(name.startswith("lines.") for name in plan.columns):
        needed.append("lines.product")
        if "lines.price" not in plan.columns and "lines.amount" not in plan.columns:
            found.append(_("Lines need a price or an amount: choose its column."))
    text = _("Choose the column that becomes “%(name)s”.")
    return [*found, *(text % {"name": fields[name].label} for name in needed if name not in plan.columns)]


def whose_problems(plan: Plan) -> list[str]:
    """Whose a row is has to be said, and once."""
    known = [way for way in KNOWN_BY if f"contact.{way}" in plan.columns]
    if not known:
        return [_("Choose the column that says whose each row is: an e-mail address, an external id or our id.")]
    return [_("Whose a row is, is said by one column: leave the others out.")] if len(known) > 1 else []


def label_problems(plan: Plan) -> list[str]:
    """Labels for everybody that are gone, and consents without a source."""
    found = []
    if plan.categories and len(Category.objects.filter(pk__in=plan.categories)) < len(set(plan.categories)):
        found.append(_("A category that was chosen has been deleted."))
    if plan.consents:
        known = {each.key: each for each in Consent.objects.filter(key__in=plan.consents)}
        if len(known) < len(set(plan.consents)):
            found.append(_("A consent that was chosen is no more."))
        found += [
            _("“%(name)s” is retired: it can be withdrawn, but not given any more.") % {"name": each.name}
            for each in known.values()
            if each.retired_at
        ]
    from_columns = any(name.startswith("consents.") for name in plan.columns) and "consents_source" not in plan.columns
    if (plan.consents or from_columns) and not plan.consent_source.strip():
        found.append(_("Say where the consents come from."))
    return found
