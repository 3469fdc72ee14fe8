"""Rows into tables by COPY, a chunk at a time: memory does not grow with the number of contacts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from contacts.models import Channel, Consent, ConsentState, EntryKind, Status
from demo.calendar import DAY_S, moments_text
from demo.customers import Customers
from demo.shop import BESIDES, KINDS

NULL = "\\N"
CONTACT = [
    *("id", "email", "phone", "external_id", "first_name", "last_name"),
    *("status", "lead_score", "source", "attributes", "created_at", "updated_at"),
]
LINK_TAG = ["tag_id", "contact_id", "assigned_at"]
LINK_CATEGORY = ["category_id", "contact_id", "assigned_at"]
ANSWER = ["contact_id", "consent_id", "state", "changed_at", "source", "wording_version"]
ENTRY = ["contact_id", "at", "kind", "label", "detail", "by"]
BY = "Optyk Zielony"
FORM = "Formularz zgód"


@dataclass(frozen=True)
class Labels:
    """Ids of what the rows point to, in the order of demo.shop."""

    tags: list[int]
    kinds: list[int]
    besides: list[int]
    consents: list[Consent]


@dataclass(frozen=True)
class Answered:
    """When each contact answered, and when it withdrew what it had given, if it unsubscribed."""

    first: list[str]
    again: list[str]
    unsubscribed: np.ndarray

    def withdrew(self, row: int, consent: Consent, state: ConsentState) -> bool:
        """Whether the contact had agreed before it withdrew: to e-mails, until it unsubscribed from one."""
        return bool(consent.channel == Channel.EMAIL and state == ConsentState.WITHDRAWN and self.unsubscribed[row])

    def last(self, row: int, consent: Consent, state: ConsentState) -> str:
        return self.again[row] if self.withdrew(row, consent, state) else self.first[row]


def copy(table: str, columns: list[str], rows: Iterable[str]) -> None:
    """Lines of tab-separated text; the values hold no tab, line break or backslash but NULL."""
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as into:
        into.write("".join(f"{row}\n" for row in rows))


def write(customers: Customers, *, first_id: int, labels: Labels, seed: int) -> None:
    """One chunk into all tables."""
    rng = np.random.default_rng([seed, customers.first, 1])
    created = moments_text(customers.created)
    ids = np.arange(first_id, first_id + customers.size)
    copy("contacts_contact", CONTACT, contact_rows(customers, ids, created))
    later = customers.created + (customers.changed - customers.created) * rng.random(customers.size)
    at = moments_text(later.astype(np.int64))
    copy("tags_contacttag", LINK_TAG, links(labels.tags, customers.tags, ids, at))
    copy("tags_contactcategory", LINK_CATEGORY, kind_links(customers, labels, ids, created=created, at=at))
    asked = np.minimum(customers.created + rng.integers(0, DAY_S, customers.size), customers.changed)
    answered = Answered(moments_text(asked), moments_text(np.maximum(customers.left, asked)), customers.left > 0)
    copy("contacts_contactconsent", ANSWER, answer_rows(customers, labels, ids, answered))
    copy("contacts_historyentry", ENTRY, history(customers, labels, ids, created=created, at=at, answered=answered))


def contact_rows(customers: Customers, ids: np.ndarray, created: list[str]) -> Iterable[str]:
    updated = moments_text(customers.changed)
    for row, pk in enumerate(ids.tolist()):
        number = customers.first + row + 1
        yield "\t".join(
            (
                str(pk),
                customers.email[row] or NULL,
                customers.phone[row] or NULL,
                f"OZ-{number:07}" if number % 5 else NULL,
                customers.given_name[row],
                customers.surname[row],
                customers.status[row],
                str(customers.score[row]),
                customers.source[row],
                customers.attributes[row],
                created[row],
                updated[row],
            )
        )


def links(labels: list[int], has: np.ndarray, ids: np.ndarray, at: list[str]) -> Iterable[str]:
    for label, having in zip(labels, has, strict=True):
        for row in np.flatnonzero(having).tolist():
            yield f"{label}\t{ids[row]}\t{at[row]}"


def kind_links(
    customers: Customers, labels: Labels, ids: np.ndarray, *, created: list[str], at: list[str]
) -> Iterable[str]:
    for row, (kind, pk) in enumerate(zip(customers.kind.tolist(), ids.tolist(), strict=True)):
        yield f"{labels.kinds[kind]}\t{pk}\t{created[row]}"
    yield from links(labels.besides, customers.besides, ids, at)


def answered_by(customers: Customers, labels: Labels) -> Iterable[tuple[Consent, ConsentState, list[int]]]:
    for consent, answers in zip(labels.consents, customers.answers, strict=True):
        for number, state in ((1, ConsentState.GIVEN), (2, ConsentState.WITHDRAWN)):
            yield consent, state, np.flatnonzero(answers == number).tolist()


def answer_rows(customers: Customers, labels: Labels, ids: np.ndarray, answered: Answered) -> Iterable[str]:
    for consent, state, rows in answered_by(customers, labels):
        for row in rows:
            at = answered.last(row, consent, state)
            yield f"{ids[row]}\t{consent.pk}\t{state.value}\t{at}\t{FORM}\t{consent.wording_version}"


def history(
    customers: Customers, labels: Labels, ids: np.ndarray, *, created: list[str], at: list[str], answered: Answered
) -> Iterable[str]:
    """What the product itself would have written of statuses, categories and answers to consents.

    Tags put on many leave none.
    """
    yield from status_changes(customers, ids)
    paths = [path for path, _ in KINDS]
    for row, (kind, pk) in enumerate(zip(customers.kind.tolist(), ids.tolist(), strict=True)):
        yield f"{pk}\t{created[row]}\t{EntryKind.CATEGORY_ADDED.value}\t{paths[kind]}\t{{}}\t{BY}"
    for (path, _), having in zip(BESIDES, customers.besides, strict=True):
        for row in np.flatnonzero(having).tolist():
            yield f"{ids[row]}\t{at[row]}\t{EntryKind.CATEGORY_ADDED.value}\t{path}\t{{}}\t{BY}"
    for consent, state, rows in answered_by(customers, labels):
        given = EntryKind.CONSENT_GIVEN.value
        kind = given if state == ConsentState.GIVEN else EntryKind.CONSENT_WITHDRAWN.value
        detail = (
            f'{{"consent": "{consent.key}", "pl": "{consent.name_pl}", "source": "{FORM}",'
            f' "wording_version": {consent.wording_version}}}'
        )
        for row in rows:
            if answered.withdrew(row, consent, state):
                yield f"{ids[row]}\t{answered.first[row]}\t{given}\t{consent.name_en}\t{detail}\t{BY}"
            last = answered.last(row, consent, state)
            yield f"{ids[row]}\t{last}\t{kind}\t{consent.name_en}\t{detail}\t{BY}"


def status_changes(customers: Customers, ids: np.ndarray) -> Iterable[str]:
    """From pending to subscribed, and from subscribed to what it is for those who left."""
    subscribed, pending = Status.SUBSCRIBED.value, Status.PENDING.value
    for moments, before in ((customers.confirmed, pending), (customers.left, subscribed)):
        rows = np.flatnonzero(moments)
        for row, at in zip(rows.tolist(), moments_text(moments[rows]), strict=True):
            detail = f'{{"fields": {{"status": ["{before}", "{customers.status[row]}"]}}}}'
            yield f"{ids[row]}\t{at}\t{EntryKind.CHANGED.value}\t\t{detail}\t{BY}"


def one(sql: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]
