"""The oracle's part about what contacts did: activities, visits, engagement."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ACTIVITIES = {
    "page_view": {"url": "url", "title": "text"},
    "email_open": {"campaign": "text"},
    "survey": {
        "note": "text",
        "page": "url",
        "score": "number",
        "happy": "boolean",
        "day": "date",
        "until": "datetime",
    },
}
VISIT = {
    "channel": "choice",
    "utm_source": "text",
    "utm_campaign": "text",
    "referrer": "url",
    "landing_url": "url",
}
ENGAGING = ["email_open", "email_click", "sms_click", "product_view", "add_to_cart"]


@dataclass
class Happened:
    """One thing somebody did. `type` of an activity; later in a list is later of the same moment."""

    at: datetime
    values: dict[str, Any] = field(default_factory=dict)
    type: str = "visit"


class BehaviourOracle:
    """Mixed into `tests.oracle.World`, whose `now`, `zone`, `inside` and `compare` it uses."""

    def holds_activity(self: Any, c: Any, person: Any) -> bool:
        rows = [row for row in person.activities if row.type == c["type"]]
        return bool(self.happened(c, rows, ACTIVITIES[c["type"]]))

    def holds_visit(self: Any, c: Any, person: Any) -> bool:
        return bool(self.happened(c, person.visits, VISIT))

    def happened(self: Any, c: Any, rows: list[Happened], types: dict[str, str]) -> bool:
        def fits(row: Happened) -> bool:
            return all(
                self.value_holds(types[one["param"]], row.values.get(one["param"]), one["op"], one.get("value"))
                for one in c.get("where", [])
            )

        def inside(row: Happened) -> bool:
            return bool(self.inside(row.at, c.get("within")))

        in_order = sorted(rows, key=lambda row: row.at)  # stable: what is later in the list stays later
        pick = c.get("pick", "any")
        if pick in ("first", "last"):
            chosen = in_order[:1] if pick == "first" else in_order[-1:]
            return any(fits(row) and inside(row) for row in chosen)
        within = [row for row in in_order if inside(row)]
        if pick == "only" and not (within and all(fits(row) for row in within)):
            return False
        times = c.get("times", {"op": "gte", "value": 1})
        count = len([row for row in within if fits(row)])
        return bool(self.compare("number", count, times["op"], times["value"]))

    def value_holds(self: Any, kind: str, value: Any, op: str, wanted: Any) -> bool:
        """A url is compared without its fragment, as a whole also without slashes at its end."""
        if kind != "url":
            return bool(self.compare(kind, value, op, wanted))
        address = re.sub("#.*", "", value or "", flags=re.DOTALL) or None
        if address is None or op in ("is_set", "is_not_set"):
            return bool(self.compare("text", address, op, wanted))
        if op in ("eq", "ne"):
            return bool(self.compare("text", whole(address), op, whole(wanted)))
        if op in ("in", "not_in"):
            return bool(self.compare("text", whole(address), op, [whole(one) for one in wanted]))
        return bool(self.compare("text", address, op, wanted))

    def holds_engagement(self: Any, c: Any, person: Any) -> bool:
        window = {"last": c.get("days", 90), "unit": "day"}
        did = [row.at for row in person.activities if row.type in ENGAGING] + [row.at for row in person.visits]
        did += [order.at for order in person.orders if order.status not in ("cancelled", "refunded")]
        engaged = any(self.inside(at, window) for at in did)
        return engaged == (c["state"] == "engaged")


def whole(address: str) -> str:
    return re.sub("#.*", "", address, flags=re.DOTALL).rstrip("/")
