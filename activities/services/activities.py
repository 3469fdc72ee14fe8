"""Writing down what contacts did."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pyroaring import BitMap

from accounts.models import Account
from activities.hooks import tell_recorded
from activities.models import Parameter
from activities.services.batches import CONTACT, Fields, read_batch
from activities.services.errors import Complaints, Partly
from activities.services.people import keep
from activities.services.values import cleaner, moment, required, text
from contacts.id_sets import id_array
from contacts.normalising import quoted

# Arrays as literals and the parameters as one JSON text: 0.1 s per 10,000 rows, of 0.4, went into escaping lists.
WRITE = """
INSERT INTO activities_activity (contact_id, type_id, at, params)
SELECT * FROM ROWS FROM (
    unnest(%s::int[]), unnest(%s::int[]), unnest(%s::timestamptz[]), jsonb_array_elements(%s::jsonb))
"""
Cleaners = dict[str, Callable[[Any], Any]]
Kinds = dict[str, tuple[int, Cleaners]]  # by key: id, and how each parameter is cleaned


def record_activities(items: Sequence[Any], *, account: Account, now: datetime) -> int:
    """Write a batch of activities, all or none, and answer with their number.

    Item: `contact` ({"id"|"email"|"external_id": …}), `type` (a key), `at`, `params`? (declared ones, by key).

    Raises: BatchError with every item and field that is wrong.
    Source: docs/activities.md, "Writing".
    Measured: docs/activities.md, "Speed".
    """
    return write(items, Complaints(), account=account, now=now).written


def record_activities_partly(
    items: Sequence[Any], *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    """The same, but the wrong items are left out and the right ones written.

    sight: the contacts that the writer sees; None: all. Raises: BatchError for what is no list of a fair length.
    """
    return write(items, Complaints(partial=True), account=account, now=now, sight=sight)


def write(
    items: Sequence[Any], complaints: Complaints, *, account: Account, now: datetime, sight: BitMap | None = None
) -> Partly:
    fields: Fields = {
        "contact": CONTACT,
        "type": required(partial(text, longest=60)),
        "at": partial(moment, now=now, zone=account.zone),
        "params": mapping,
    }
    with transaction.atomic(), timezone.override(account.zone):
        batch = read_batch(items, fields, ("contact", "type", "at"), complaints)
        kinds = kept_kinds({item["type"] for item in batch if "type" in item})
        params = [read_params(number, item, kinds, complaints) for number, item in enumerate(batch)]
        people = keep([item.get("contact") for item in batch], complaints, sight=sight)
        right = complaints.right(len(batch))
        columns = [
            id_array(people[n] for n in right),
            id_array(kinds[batch[n]["type"]][0] for n in right),
            "{" + ",".join(batch[n]["at"].isoformat() for n in right) + "}",
            json.dumps([params[n] for n in right], ensure_ascii=False, allow_nan=False),
        ]
        if right:
            with connection.cursor() as cursor:
                cursor.execute(WRITE, columns)
    tell_recorded(len(right), now=now)
    return complaints.outcome(["created"] * len(batch))


def mapping(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValidationError(_("Give an object."), code="not_object")
    return raw


def kept_kinds(keys: set[str]) -> Kinds:
    """The types with these keys, kept as they are declared until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key FROM activities_activitytype WHERE key = ANY (%s) ORDER BY id FOR KEY SHARE", [list(keys)]
        )
        kinds: dict[int, tuple[str, Cleaners]] = {pk: (key, {}) for pk, key in cursor.fetchall()}
    for parameter in Parameter.objects.filter(activity_type_id__in=kinds):
        kinds[parameter.activity_type_id][1][parameter.key] = cleaner(parameter)
    return {key: (pk, cleaners) for pk, (key, cleaners) in kinds.items()}


def read_params(number: int, item: dict[str, Any], kinds: Kinds, complaints: Complaints) -> dict[str, Any]:
    """The parameters as they are stored; nothing and an empty text are no value."""
    if "type" not in item:
        return {}
    if item["type"] not in kinds:
        complaints.add(number, "type", _("There is no such type of activity."), "no_type")
        return {}
    cleaners = kinds[item["type"]][1]
    values = {}
    for key, raw in item.get("params", {}).items():
        clean = cleaners.get(key)
        if clean is None:
            message = _("The type has no such parameter.")
            complaints.add(number, f"params.{quoted(key)}", message, "no_parameter")
        elif raw is not None and not (isinstance(raw, str) and (raw == "" or raw.isspace())):
            try:
                value = clean(raw)
            except ValidationError as error:
                complaints.add(number, f"params.{key}", error)
            else:
                values[key] = value
    return values
