"""Rows of activities: each one activity, which is there already if the contact has one like it.

An activity has no number. It is known again by whose it is, its type, its moment and all its parameters, among all
that there are: a file imported twice, and one that holds what the site has sent meanwhile, add nothing. Of two rows
that say the same the second is unchanged.
"""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection

from activities.services import record_activities_partly
from activities.services.activities import kept_kinds, mapping, read_params
from activities.services.batches import CONTACT, Fields, read_batch
from activities.services.errors import Complaints
from activities.services.values import moment, required, text
from contacts.id_sets import id_array
from imports.rows.base import Result, Row, Values, below
from imports.rows.facts import FactRows, refuse, without_empty

# Two imports at once would both find nothing there.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' imports of activities'))"
THERE = """
SELECT w.n FROM ROWS FROM (
    unnest(%s::int[]), unnest(%s::int[]), unnest(%s::timestamptz[]), jsonb_array_elements(%s::jsonb)
) WITH ORDINALITY AS w (contact_id, type_id, at, params, n)
WHERE EXISTS (SELECT FROM activities_activity a WHERE a.contact_id = w.contact_id AND a.at = w.at
    AND a.type_id = w.type_id AND a.params = w.params)
"""


class ActivityRows(FactRows):
    """A row is an activity; the column says of which type it is, or the plan says it of all."""

    def write(self, rows: Sequence[Row]) -> list[Result]:
        with connection.cursor() as cursor:
            cursor.execute(ONE_AT_A_TIME)
        results: dict[int, Result] = {}
        items: dict[int, dict[str, Any]] = {}
        for place, values in enumerate(self.read(rows)):
            if values.errors:
                results[place] = Result("rejected", errors=values.errors)
            else:
                items[place] = self.item(values)
        fresh, contacts = self.fresh(items, results)
        done = record_activities_partly(
            [items[place] for place in fresh], account=self.doer.account, now=self.doer.now, sight=self.mask
        )
        for place, status in zip(fresh, done.statuses, strict=True):
            results[place] = Result(status, contacts[place], [])
        for error in done.errors:
            if error.item is not None:
                refuse(results, fresh[error.item], error)
        return [results[place] for place in range(len(rows))]

    def item(self, values: Values) -> dict[str, Any]:
        given = without_empty(values.given)
        item: dict[str, Any] = {name: given[name] for name in ("type", "at") if name in given}
        if self.plan.kind:
            item["type"] = self.plan.kind
        if "contact" in given:
            item["contact"] = {"id": given["contact"]}
        item["params"] = below(given, "params.")
        return item

    def fresh(self, items: dict[int, dict[str, Any]], results: dict[int, Result]) -> tuple[list[int], dict[int, int]]:
        """The places of those that are to be written, and whose they are; the others have their results."""
        complaints = Complaints(partial=True)
        fields: Fields = {
            "contact": CONTACT,
            "type": required(partial(text, longest=60)),
            "at": partial(moment, now=self.doer.now, zone=self.doer.account.zone),
            "params": mapping,
        }
        places = list(items)
        batch = read_batch(list(items.values()), fields, ("contact", "type", "at"), complaints)
        kinds = kept_kinds({item["type"] for item in batch if "type" in item})
        params = [read_params(number, item, kinds, complaints) for number, item in enumerate(batch)]
        for error in complaints.errors:
            if error.item is not None:
                refuse(results, places[error.item], error)
        right = list(complaints.right(len(batch)))
        keys = [
            (batch[n]["contact"][1], kinds[batch[n]["type"]][0], batch[n]["at"].isoformat(), plain(params[n]))
            for n in right
        ]
        there = self.there(keys)
        seen: set[tuple[Any, ...]] = set()
        fresh, contacts = [], {}
        for number, (n, key) in enumerate(zip(right, keys, strict=True)):
            contacts[places[n]] = key[0]
            if number in there or key in seen:
                results[places[n]] = Result("unchanged", key[0])
            else:
                fresh.append(places[n])
            seen.add(key)
        return fresh, contacts

    def there(self, keys: Sequence[tuple[Any, ...]]) -> set[int]:
        """Those of the activities, by their places, that contacts have already."""
        if not keys:
            return set()
        people, types, moments, params = zip(*keys, strict=True)
        given = [id_array(people), id_array(types), "{" + ",".join(moments) + "}", "[" + ",".join(params) + "]"]
        with connection.cursor() as cursor:
            cursor.execute(THERE, given)
            return {number - 1 for (number,) in cursor.fetchall()}


def plain(params: dict[str, Any]) -> str:
    return json.dumps(params, ensure_ascii=False, allow_nan=False, sort_keys=True)
