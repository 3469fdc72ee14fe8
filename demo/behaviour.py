"""Segments of what customers do and buy, and the data as they were at an earlier moment, for their history."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.campaigns import campaigns
from demo.catalogue import ACCESSORIES, FRAMES, GROUPS
from demo.story import Criteria, Story, Told
from mirror.reading import Arrays, Reader, Rows
from segmentation.models import RefreshUnit
from segmentation.services.segments import Settings

DAY = timedelta(days=1)


class Past(Reader):
    """Reads what had happened at a moment. Statuses of orders are those of now: their past is not kept."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def select(self, rows: Rows, query: str, params: Sequence[Any] = ()) -> Arrays:
        if rows.kind.moment is not None:
            rows = replace(rows, last=min(rows.last or self.at, self.at))
        return super().select(rows, query, params)


def param(name: str, op: str, value: Any) -> Criteria:
    return {"param": name, "op": op, "value": value}


def given(**keys: Any) -> Criteria:
    """A criterion with those keys that have something to say."""
    return {key: value for key, value in keys.items() if value not in ((), None)}


def days(number: int) -> Criteria:
    return {"last": number, "unit": "day"}


def months(number: int) -> Criteria:
    return {"last": number, "unit": "month"}


def did(kind: str, *where: Criteria, times: int = 1, within: Criteria | None = None) -> Criteria:
    """At least so many times."""
    often = {"op": "gte", "value": times}
    return given(kind="activity", type=kind, where=list(where) or None, times=often, within=within)


def bought(
    op: str, value: int, *where: Criteria, measure: str = "quantity", within: Criteria | None = None
) -> Criteria:
    return given(kind="purchase", measure=measure, op=op, value=value, where=list(where) or None, within=within)


def ordered(op: str, value: Any, *where: Criteria, measure: str = "count", **more: Any) -> Criteria:
    return given(kind="order", measure=measure, op=op, value=value, where=list(where) or None, **more)


def behaviour(told: Told) -> list[Story]:
    """In the order in which they were made."""
    may_write = {"kind": "saved", "criteria": told.saved["Wolno pisać e-mail"]}
    frames, accessory = (param("category", "eq", GROUPS[group]) for group in (FRAMES, ACCESSORIES))
    return [
        *last_campaign(told),
        Story(
            Settings("Niezaangażowani od 90 dni", 24, 1, RefreshUnit.DAY),
            {"all": [{"kind": "engagement", "state": "unengaged", "days": 90}, may_write]},
            8 * DAY - timedelta(hours=2),
        ),
        Story(
            Settings("Czempioni", 24, 1, RefreshUnit.DAY),
            {"all": [{"kind": "rfm", "groups": ["champions"]}]},
            7 * DAY - timedelta(hours=3),
        ),
        Story(
            Settings("Porzucony koszyk", 12, 12, RefreshUnit.HOUR),
            {"all": [did("add_to_cart", within=days(7)), ordered("eq", 0, within=days(7))]},
            3 * DAY - timedelta(hours=1),
        ),
        Story(
            Settings("Ray-Ban za ponad 300 zł w pół roku", 96),
            {"all": [bought("gt", 300, param("brand", "eq", "Ray-Ban"), measure="amount", within=months(6))]},
            2 * DAY,
        ),
        Story(
            Settings("Wydali od 100 do 500 zł", 96),
            {"all": [ordered("between", {"from": 100, "to": 500}, measure="sum")]},
            2 * DAY - timedelta(hours=1),
        ),
        Story(
            Settings("Zamawiali tylko z płatnych reklam", 72),
            {"all": [ordered("gte", 1, param("channel", "eq", "ad"), pick="only")]},
            DAY,
        ),
        Story(
            Settings("Oprawki w ostatnim miesiącu, nigdy akcesoriów", 72),
            {"all": [bought("gte", 1, frames, within=months(1)), bought("eq", 0, accessory)]},
            DAY - timedelta(hours=2),
        ),
    ]


def last_campaign(told: Told) -> list[Story]:
    """Who opened the latest e-mail: a few more each day. No story, if none was sent yet."""
    sent = [each for each in campaigns(told.now, told.account.zone) if not each.sms]
    if not sent:
        return []
    made = told.now - datetime.fromtimestamp(sent[-1].at, UTC) - timedelta(hours=3)
    return [
        Story(
            Settings("Otworzyli ostatnią kampanię", 24, 1, RefreshUnit.DAY),
            {"all": [did("email_open", param("campaign", "eq", sent[-1].key))]},
            max(made, timedelta(minutes=10)),
        )
    ]
