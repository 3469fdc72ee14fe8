"""Contacts that may be one person: the same mailbox written otherwise, or the same phone number.

Two addresses are never equal as they are stored. They are the same mailbox where they differ in what follows a +
before the @, in the dots of a Gmail address, or in how the domain is written (docs/contacts.md, "Duplicates"). Looked
for in the whole account at once, kept for a while with the time of looking, and cut down to what the reader may see.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Literal

import numpy as np
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet
from pyroaring import BitMap

from accounts.models import Account
from config.requests import Request
from contacts.calling_codes import of_country, with_country
from contacts.models import Contact, NotDuplicate
from contacts.selectors import ids_of, restricted, visible
from contacts.sight import sees_all
from users.models import User

KEPT_S = 900
MOST = 20_000  # groups that are kept; beyond, the page says so
Why = Literal["email", "phone"]

# Only what has one of these signs can be another address's mailbox: all others are found by their own index.
LOCAL, DOMAIN = "split_part(split_part(email, '@', 1), '+', 1)", "split_part(email, '@', 2)"
GMAIL = f"{DOMAIN} IN ('gmail.com', 'googlemail.com')"
MAILBOX = f"""CASE WHEN {GMAIL} THEN replace({LOCAL}, '.', '') || '@gmail.com' ELSE {LOCAL} || '@' || {DOMAIN} END"""
PUNYCODE = "SELECT id, email FROM contacts_contact WHERE email LIKE '%%@%%xn--%%'"
SAME_EMAIL = f"""
WITH otherwise AS MATERIALIZED (
    SELECT id, {MAILBOX} AS key FROM contacts_contact
    WHERE (email LIKE '%%+%%@%%' OR email LIKE '%%.%%@gmail.com' OR email LIKE '%%@googlemail.com')
        AND email NOT LIKE '"%%' AND email NOT LIKE '+%%' AND id <> ALL (%(ids)s::int[])
    UNION ALL SELECT * FROM unnest(%(ids)s::int[], %(keys)s::text[])
), mailboxes AS (
    SELECT id, key FROM otherwise
    UNION SELECT c.id, key FROM (SELECT DISTINCT key FROM otherwise) each JOIN contacts_contact c ON c.email = key
)
SELECT key, array_agg(id ORDER BY id) FROM mailboxes GROUP BY key HAVING count(*) > 1
"""  # noqa: S608 - constants
# A number with its country, one without, and one that has it without the +: the same. As whole numbers, which sort four
# times as fast as texts: the digits after a 1, or after a 2 where the country is not known.
NUMBERS = f"""
SELECT string_agg(int8send(coalesce('1' || {with_country("phone")}, '2' || ltrim(phone, '+'))::bigint)
    || int4send(id), '')
FROM contacts_contact WHERE phone IS NOT NULL
"""  # noqa: S608 - constants
NUMBER = np.dtype([("key", ">i8"), ("id", ">i4")])


@dataclass(frozen=True)
class Group:
    """Contacts that may be one person, by id, and why: the mailbox or the number they share."""

    ids: tuple[int, ...]
    email: str = ""
    phone: str = ""

    @property
    def why(self) -> list[Why]:
        found: list[Why] = []
        if self.email:
            found.append("email")
        if self.phone:
            found.append("phone")
        return found


@dataclass(frozen=True)
class Found:
    """All groups there were at `at`: those that share most first, then by the newest contact; `more`: and others."""

    at: datetime
    groups: list[Group]
    more: bool = False


def mailbox(email: str) -> str:
    """The mailbox that an address leads to; for most it is the address."""
    local, _at, domain = email.rpartition("@")
    try:
        domain = domain.encode("ascii").decode("idna") if "xn--" in domain else domain
    except UnicodeError:
        return email
    plain = local.split("+", 1)[0]
    if not plain or local.startswith('"'):
        plain = local
    if domain in ("gmail.com", "googlemail.com"):
        return f"{plain.replace('.', '')}@gmail.com"
    return f"{plain}@{domain}"


def find_duplicates(account: Account, *, now: datetime) -> Found:
    """Looks through all contacts of the account. A million: docs/contacts.md, "Duplicates"."""
    with connection.cursor() as cursor:
        cursor.execute(PUNYCODE.replace("%%", "%"))
        coded = [(pk, mailbox(email)) for pk, email in cursor.fetchall()]
        cursor.execute(SAME_EMAIL, {"ids": [pk for pk, _key in coded], "keys": [key for _pk, key in coded]})
        groups = {tuple(ids): Group(tuple(ids), email=key) for key, ids in cursor.fetchall()}
        cursor.execute(NUMBERS, of_country(account.timezone))
        for phone, ids in same_numbers(cursor.fetchone()[0]):
            groups[ids] = replace(groups.get(ids, Group(ids)), phone=phone)
    ordered = sorted(groups.values(), key=importance)
    return Found(now, ordered[:MOST], len(ordered) > MOST)


def importance(group: Group) -> tuple[int, bool, int]:
    """Those that share most first, then an address rather than a number, then the newest contact."""
    return -len(group.why), "email" not in group.why, -group.ids[-1]


def same_numbers(packed: bytes | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each number that several contacts have, with these."""
    rows = np.frombuffer(packed or b"", dtype=NUMBER)
    rows = rows[np.lexsort((rows["id"], rows["key"]))]
    keys = rows["key"].astype(np.int64)
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.empty(0, np.int64)
    ends = np.append(starts[1:], len(keys))
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        digits = str(keys[start])
        yield ("+" if digits[0] == "1" else "") + digits[1:], tuple(rows["id"][start:end].tolist())


def duplicates(request: Request) -> Found:
    """The groups as the reader sees them: without contacts that are gone or out of sight, or said to be others."""
    account, now = request.tenant, request.now
    found: Found | None = cache.get("duplicates")
    if found is None:
        found = find_duplicates(account, now=now)
        cache.set("duplicates", found, KEPT_S)
    everybody = BitMap([pk for group in found.groups for pk in group.ids])
    there = ids_of(restricted(visible(request.user), everybody)) if everybody else everybody
    apart = set(NotDuplicate.objects.values_list("first_id", "second_id"))
    groups = [left for group in found.groups if (left := remaining(group, there, apart))]
    return replace(found, groups=sorted(together(groups), key=importance))


def together(groups: Iterable[Group]) -> list[Group]:
    """The same contacts once, with all they share: also where somebody who is left out shared only a part of it."""
    found: dict[tuple[int, ...], Group] = {}
    for group in groups:
        same = found.get(group.ids, group)
        found[group.ids] = replace(same, email=same.email or group.email, phone=same.phone or group.phone)
    return list(found.values())


def remaining(group: Group, there: BitMap, apart: set[tuple[int, int]]) -> Group | None:
    """The group without those who are not there, and those known to be somebody else than each of the others."""
    ids = [pk for pk in group.ids if pk in there]
    if apart and len(ids) <= 50:
        maybe_one = {pk for pair in combinations(ids, 2) if pair not in apart for pk in pair}
        ids = [pk for pk in ids if pk in maybe_one]
    return replace(group, ids=tuple(ids)) if len(ids) > 1 else None


def look_again() -> None:
    """What was found is found anew when it is next asked for."""
    cache.delete("duplicates")


def dismissed(user: User) -> QuerySet[NotDuplicate]:
    """The pairs said to be two people, the latest first, both of whom `user` sees."""
    there = visible(user).values("pk")
    pairs = NotDuplicate.objects.order_by("-at", "-pk")
    return pairs if sees_all(user) else pairs.filter(first__in=there, second__in=there)


def bring_back(ids: Iterable[int]) -> int:
    """Takes back that these contacts are different people, each from each; returns of how many pairs."""
    wanted = set(ids)
    return NotDuplicate.objects.filter(first__in=wanted, second__in=wanted).delete()[0]


def dismiss(ids: Iterable[int], *, now: datetime, by: User) -> None:
    """Remember that these contacts are different people, each from each; those that are gone are passed over."""
    with transaction.atomic():
        held = Contact.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
        there = [person.pk for person in held.only("pk")]
        NotDuplicate.objects.bulk_create(
            [
                NotDuplicate(first_id=first, second_id=second, at=now, by=str(by)[:254])
                for first, second in combinations(there, 2)
            ],
            ignore_conflicts=True,
        )
