"""Labels and answers of many contacts: named item by item, put on in bulk, taken off label by label."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from pyroaring import BitMap

from activities.services.errors import Complaints
from activities.services.people import WAYS, Named, keep, named
from api.common import account_of, key_of, now_of
from api.problems import Wrong, wrongs_of
from api.v1.batches import answer_batch, answer_partly, refuse_too_many, whole_or_part
from config.requests import Request
from contacts.services.batches import record_contacts
from contacts.sight import sight

Names = Callable[[Any], Sequence[str]]  # what an item gives → the names in it. Raises: ValidationError
Take = Callable[[str, BitMap], BitMap]  # takes the label off; of these contacts those that had it
NOBODY = "no_contact"


def put_on(request: Request, items: Any, field: str, *, whole: bool) -> HttpResponse:
    """`{"contact": {…}, field: …}`: what `field` says of contacts that there are, as `POST /contacts` takes it."""
    refuse_too_many(items)
    wrongs: dict[int, list[Wrong]] = {}
    drafts: dict[int, dict[str, Any]] = {}
    for number, item in enumerate(items):
        try:
            way, value = person_in(item, field)
        except ValidationError as error:
            wrongs[number] = wrongs_of(error, item=number)
        else:
            drafts[number] = {way: value, field: item[field]}
    key = key_of(request)
    statuses: list[str] = ["rejected"] * len(items)
    ids: list[int | None] = [None] * len(items)
    with whole_or_part(whole=whole):
        outcomes = record_contacts(
            list(drafts.values()), mode="update", match=WAYS, account=account_of(request), now=now_of(request),
            by=key.by, user=key.user,
        )  # fmt: skip
        for number, outcome in zip(drafts, outcomes, strict=True):
            statuses[number], ids[number] = outcome.status, outcome.contact_id
            found = [Wrong(number, error.field, error.code, error.message) for error in outcome.errors]
            if outcome.status == "skipped":  # nobody is made here
                statuses[number] = "rejected"
                found = [Wrong(number, "contact", NOBODY, _("There is no such contact."))]
            if found:
                wrongs[number] = found
        return answer_batch(statuses, ids, wrongs, whole=whole)


def person_in(item: Any, field: str) -> Named:
    """Whom an item speaks of. Raises: ValidationError, by field."""
    errors: dict[str, ValidationError] = {}
    if not isinstance(item, dict):
        raise ValidationError(_("An object is expected here."), code="not_object")
    for name in item:
        if name not in ("contact", field):
            errors[str(name)[:60]] = ValidationError(_("There is no such field."), code="unknown")
    if field not in item:
        errors[field] = ValidationError(_("This field is required."), code="required")
    found: Named | None = None
    try:
        found = named(item.get("contact"))
    except ValidationError as error:
        errors["contact"] = error
    if errors or found is None:
        raise ValidationError(errors)
    return found


def take_off(
    request: Request, items: Any, field: str, *, names: Names, take: Take, whole: bool,
    refusal: Callable[[int, Sequence[str]], ValidationError | None] = lambda _contact, _names: None,
) -> HttpResponse:  # fmt: skip
    """`{"contact": {…}, field: [names]}`: each label is taken off all its contacts at once.

    refusal: why these labels are not taken off this contact.
    """
    refuse_too_many(items)
    with whole_or_part(whole=whole), transaction.atomic():
        complaints = Complaints(partial=True)
        people: list[Named | None] = []
        wanted: list[Sequence[str]] = []
        for number, item in enumerate(items):
            person: Named | None = None
            given: Sequence[str] = ()
            try:
                person = person_in(item, field)
                given = read_names(item[field], field, names)
            except ValidationError as error:
                person = None
                for wrong in wrongs_of(error, item=number):
                    complaints.add(number, wrong.field, wrong.message, wrong.code)
            people.append(person)
            wanted.append(given)
        ids = keep(people, complaints, sight=sight(request))
        for number in complaints.right(len(items)):
            if problem := refusal(ids[number], wanted[number]):
                complaints.add(number, field, problem)
        holders: dict[str, BitMap] = {}
        for number in complaints.right(len(items)):
            for name in wanted[number]:
                holders.setdefault(name, BitMap()).add(ids[number])
        changed = {name: take(name, holders[name]) for name in sorted(holders)}
        statuses = [
            "updated" if any(pk in changed.get(name, ()) for name in given) else "unchanged"
            for pk, given in zip(ids, wanted, strict=True)
        ]
        return answer_partly(complaints.outcome(statuses, ids), whole=whole)


def read_names(raw: Any, field: str, names: Names) -> Sequence[str]:
    try:
        return names(raw)
    except ValidationError as error:
        raise ValidationError({field: error}) from error
