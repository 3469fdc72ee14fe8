"""Pages of the contact manager at a million contacts, whole requests, beside the bare SQL of the same list.

`python -m bench.manager [--rounds 3] [--write]`, in the account that `make bench` has loaded (docs/bench.md). Each page
is asked for anew, with nothing kept of its filters, and then once more. Totals and ids have to be those of the SQL.
"""

import argparse
import os
import random
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.embedded.environment import provide
from config.embedded.folders import Folders

SERVICES = provide(Folders.from_environment())  # kept as long as this process lives

import django  # noqa: E402 (the services' addresses have to be known)

django.setup()

from django.core.management import call_command  # noqa: E402 (after setup)
from django.db import connection  # noqa: E402 (after setup)
from django.test import Client  # noqa: E402 (after setup)
from django.utils import timezone  # noqa: E402 (after setup)

from accounts.models import Account  # noqa: E402 (after setup)
from contacts.listing import SORTS  # noqa: E402 (after setup)
from permissions.models import PermissionGroup  # noqa: E402 (after setup)
from segmentation import contact_answers  # noqa: E402 (after setup)
from segmentation.builder.reuse import Session  # noqa: E402 (after setup)
from segmentation.contact_queries import keep_query  # noqa: E402 (after setup)
from tags.models import Category  # noqa: E402 (after setup)
from users.models import Role, User  # noqa: E402 (after setup)

RESULTS = Path(__file__).with_name("manager.md")
PER_PAGE = 50
GIVEN_UP = "20s"
WORDS = """translate(casefold((' ' || first_name || ' ' || last_name || ' ' || COALESCE(email, '') || ' '
    || COALESCE(phone, '') || ' ' || COALESCE(external_id, '')) COLLATE "pg_unicode_fast"), 'ąćęłńóśźż', 'acelnoszz')"""


def tagged(tag: int) -> str:
    return f"EXISTS (SELECT FROM tags_contacttag l WHERE l.contact_id = c.id AND l.tag_id = {tag})"


def categorised(*categories: int) -> str:
    some = ", ".join(map(str, categories))
    return f"EXISTS (SELECT FROM tags_contactcategory l WHERE l.contact_id = c.id AND l.category_id IN ({some}))"


def worded(*words: str) -> str:
    return " AND ".join(f"{WORDS} LIKE '%%{word}%%'" for word in words)


SCORED = {"kind": "field", "field": "lead_score", "op": "gt", "value": 50}
VIP = {"kind": "tag", "op": "none", "tags": ["VIP"]}
ADVANCED = {"all": [SCORED, VIP]}

# What is asked for: its name, parameters of the address, the same as SQL over contacts_contact c.
FILTERS: list[tuple[str, dict[str, Any], str]] = [
    ("everybody", {}, "true"),
    ("status: pending", {"status": "pending"}, "status = 'pending'"),
    ("status: subscribed", {"status": "subscribed"}, "status = 'subscribed'"),
    ("two statuses", {"status": ["bounced", "unsubscribed"]}, "status IN ('bounced', 'unsubscribed')"),
    ("lead score from 20", {"lead_score_from": 20}, "lead_score >= 20"),
    ("lead score 99", {"lead_score_from": 99, "lead_score_to": 99}, "lead_score = 99"),
    ("created from 1 June 2026", {"created_from": "2026-06-01"}, "created_at >= '2026-05-31 22:00+00'"),
    ("source: sklep", {"source": "sklep"}, """casefold(source COLLATE "pg_unicode_fast") = 'sklep'"""),
    ("consent given", {"consent": "newsletter:given"}, ""),
    ("consent not answered", {"consent": "newsletter:unknown"}, ""),
    ("city has war", {"attribute-city": "war"},
     """casefold((attributes ->> 'city') COLLATE "pg_unicode_fast") LIKE '%%war%%'"""),
    ("diopters from -2 to 0", {"attribute-diopters_from": "-2", "attribute-diopters_to": "0"},
     "(attributes ->> 'diopters')::numeric BETWEEN -2 AND 0"),
    ("lenses", {"attribute-lenses": "true"}, """attributes @> '{"lenses": true}'"""),
    ("born from 1990", {"attribute-birthday_from": "1990-01-01"},
     "(attributes ->> 'birthday') COLLATE \"C\" >= '1990-01-01'"),
    ("plan: premium", {"attribute-plan": "premium"}, """attributes @> '{"plan": "premium"}'"""),
    ("tag of 400,000", {"tag": 1}, tagged(1)),
    ("tag of 1,000", {"tag": 9}, tagged(9)),
    ("category with those below", {"category": 1}, categorised(1, 2, 3)),
    ("category", {"category": 2}, categorised(2)),
    ("search: anna", {"q": "anna"}, worded("anna")),
    ("search: anna nowak", {"q": "anna nowak"}, worded("anna", "nowak")),
    ("search: com (everybody)", {"q": "com"}, worded("com")),
    ("search: osoba7 (111,000)", {"q": "osoba7"}, worded("osoba7")),
    ("search: osoba123456 (1)", {"q": "osoba123456"}, worded("osoba123456")),
    ("search: 600 123", {"q": "600 123"}, worded("600123")),
    ("search: k (a letter)", {"q": "k"}, worded(" k")),
    ("search: ma (two letters)", {"q": "ma"}, worded(" ma")),
    ("search: xyzzy (nobody)", {"q": "xyzzy"}, worded("xyzzy")),
    ("advanced: score over 50, not a VIP", {"advanced": ADVANCED}, f"lead_score > 50 AND NOT {tagged(6)}"),
    ("status, score and tag", {"status": "subscribed", "lead_score_from": 20, "tag": 2},
     f"status = 'subscribed' AND lead_score >= 20 AND {tagged(2)}"),
    ("search, city and category", {"q": "jan", "attribute-city": "kra", "category": 1},
     f"""{worded('jan')} AND casefold((attributes ->> 'city') COLLATE "pg_unicode_fast") LIKE '%%kra%%'
     AND {categorised(1, 2, 3)}"""),
    ("five at once", {"status": "subscribed", "source": "targi", "attribute-lenses": "true", "tag": 1,
                      "lead_score_from": 10},
     f"""status = 'subscribed' AND source = 'targi' AND attributes @> '{{"lenses": true}}' AND {tagged(1)}
     AND lead_score >= 10"""),
]  # fmt: skip
SIGHTS = {"all": (), "15 %": (3,), "44 %": (1, 2, 3)}  # the categories that a group shows


@dataclass
class Page:
    """A page and what it took: the request the first time and once more, the bare SQL, in milliseconds."""

    name: str
    query: dict[str, Any]
    where: str
    sight: str
    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)  # of this process, in `first`
    kept: list[float] = field(default_factory=list)  # and in `again`
    found: int = 0
    bare_stopped: bool = False


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    options = asked.parse_args()
    call_command("collectstatic", interactive=False, verbosity=0)
    connection.set_tenant(Account.objects.get(schema_name="bench_engine"))
    consents()
    with browsers(now=timezone.now()) as clients:
        pages = mix(clients)
        for client in clients.values():
            client.get("/contacts/?sort=name")  # code and templates are loaded
        for at in range(options.rounds):
            for page in random.Random(at).sample(pages, len(pages)):
                measure(page, clients[page.sight], bare=at == 0)
    told = report(pages, options.rounds)
    print(told)
    if options.write:
        RESULTS.write_text(told)


def consents() -> None:
    """Their criteria need ids, which are known now only."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, key FROM contacts_consent ORDER BY id LIMIT 1")
        pk, key = cursor.fetchone()
    answer = f"(SELECT FROM contacts_contactconsent l WHERE l.contact_id = c.id AND l.consent_id = {pk}"
    for at, (name, _query, _where) in enumerate(FILTERS):
        if name == "consent given":
            FILTERS[at] = (name, {"consent": f"{key}:given"}, f"EXISTS {answer} AND l.state = 'given')")
        if name == "consent not answered":
            FILTERS[at] = (name, {"consent": f"{key}:unknown"}, f"NOT EXISTS {answer})")


@contextmanager
def browsers(*, now: datetime) -> Iterator[dict[str, Client]]:
    """A client for each sight, signed in; their users and groups go again."""
    made: list[Any] = []
    host = Account.objects.get(schema_name="bench_engine").domains.get().domain
    try:
        clients = {}
        for name, categories in SIGHTS.items():
            user = User.objects.create(email=f"bench-{token_hex(4)}@example.com", role=Role.MARKETER)
            made.insert(0, user)
            if categories:
                group = PermissionGroup.objects.create(name=f"bench {token_hex(4)}", created_at=now)
                made.insert(0, group)
                group.users.add(user)
                group.categories.set(Category.objects.filter(pk__in=categories[:1]))
            clients[name] = Client(HTTP_HOST=host)
            clients[name].force_login(user, backend="users.backends.EmailBackend")
            name_query(user, now=now)
        yield clients
    finally:
        connection.set_tenant(Account.objects.get(schema_name="bench_engine"))
        for each in made:
            each.delete()


def name_query(user: User, *, now: datetime) -> None:
    for at, (name, query, where) in enumerate(FILTERS):
        if isinstance(query.get("advanced"), dict):
            kept = keep_query(query["advanced"], now=now, by=user)
            FILTERS[at] = (name, {"advanced": kept.key}, where)


def mix(clients: dict[str, Client]) -> list[Page]:
    """Every order both ways at its beginning, middle and end; every filter in some orders, for each sight."""
    chance = random.Random(5)
    pages = []
    for sort, sign, place in product(SORTS, ("", "-"), (0, 0.5, 1)):
        pages.append(Page(f"everybody, by {sign}{sort}", {"sort": sign + sort, "place": place}, "true", "all"))
    for name, query, where in FILTERS:
        for sight in clients:
            for place in (0, chance.random()):
                sort = chance.choice(["", "-"]) + chance.choice(list(SORTS))
                pages.append(Page(name, {**query, "sort": sort, "place": place}, where, sight))
    return pages


def give_up_after(limit: str) -> None:
    """No statement takes longer from now on; "0": as long as it likes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [limit])


def measure(page: Page, client: Client, *, bare: bool) -> None:
    where = page.where
    if SIGHTS[page.sight]:
        where = f"({where}) AND {categorised(*SIGHTS[page.sight])}"
    sort = page.query["sort"]
    way = "DESC" if sort.startswith("-") else "ASC"
    key = SORTS[sort.lstrip("-")]
    ids: list[int] | None = None
    with connection.cursor() as cursor:
        if bare:
            started = time.perf_counter()
            try:
                give_up_after(GIVEN_UP)
                cursor.execute(f"SELECT count(*) FROM contacts_contact c WHERE {where}".replace("%%", "%"))
                page.found = cursor.fetchone()[0]
                offset = (number(page) - 1) * PER_PAGE
                rows = f"SELECT id FROM contacts_contact c WHERE {where} ORDER BY {key} {way}, id {way}"
                cursor.execute(f"{rows} LIMIT {PER_PAGE} OFFSET {offset}".replace("%%", "%"))
                ids = [pk for (pk,) in cursor.fetchall()]
            except django.db.OperationalError:
                page.bare_stopped = True
                page.found = -1
            finally:
                give_up_after("0")
            page.bare.append((time.perf_counter() - started) * 1000)
    query = {name: value for name, value in page.query.items() if name != "place"} | {"page": number(page)}
    address = f"/contacts/?{urlencode(query, doseq=True)}"
    contact_answers.SHARED = Session(0, token_hex(4))  # what was found before is not found again
    for times in (page.first, page.again):
        started, used = time.perf_counter(), time.process_time()
        response = client.get(address)
        times.append((time.perf_counter() - started) * 1000)
        (page.processor if times is page.first else page.kept).append((time.process_time() - used) * 1000)
        text = response.content.decode()
        if response.status_code != 200:
            raise SystemExit(f"{address}: {response.status_code}")
        if ids is not None:
            shown = [int(pk) for pk in re.findall(r'class="name" href="/contacts/(\d+)/"', text)]
            if shown != ids or (page.found > PER_PAGE and f"{page.found:,}" not in text):
                raise SystemExit(f"{address}: not what SQL finds ({page.found})")
    connection.set_tenant(Account.objects.get(schema_name="bench_engine"))


def number(page: Page) -> int:
    """Which page it is, as of the total that SQL has counted."""
    return 1 + int(page.query["place"] * max(0, page.found - 1)) // PER_PAGE


def report(pages: list[Page], rounds: int) -> str:
    first = [ms for page in pages for ms in page.first]
    again = [ms for page in pages for ms in page.again]
    bare = [ms for page in pages for ms in page.bare]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_contact")
        contacts = cursor.fetchone()[0]
    lines = [
        "# Pages of the contact manager",
        "",
        "Written by `python -m bench.manager --write`; how it is measured: docs/bench.md.",
        "",
        f"- {contacts:,} contacts; {len(pages)} different pages, each asked for anew and once more, {rounds} times",
        "- milliseconds of whole requests, page rendered; bare SQL: the count, then the ids of the page",
        f"- {os.cpu_count()} cores; load average at the end {os.getloadavg()[1]:.1f}",
        "",
        "| | median | p95 | longest |",
        "|---|--:|--:|--:|",
        line("a page anew", first),
        line("– processor time of the process", [ms for page in pages for ms in page.processor]),
        line("the same once more, or another page of it", again),
        line("– processor time of the process", [ms for page in pages for ms in page.kept]),
        line("bare SQL", bare),
        "",
        "| list | sees | contacts | anew | once more | bare SQL | anew ÷ bare |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    by_list: dict[tuple[str, str], list[Page]] = {}
    for page in pages:
        by_list.setdefault((page.name, page.sight), []).append(page)
    ratios = []
    for (name, sight), some in by_list.items():
        mine, kept, theirs = (
            statistics.median(ms for page in some for ms in getattr(page, each)) for each in ("first", "again", "bare")
        )
        ratios.append(mine / theirs)
        more = "> " if any(page.bare_stopped for page in some) else ""
        found = f"{some[0].found:,}"
        lines.append(
            f"| {name} | {sight} | {found} | {mine:.0f} | {kept:.0f} | {more}{theirs:.0f} | {mine / theirs:.2f} |"
        )
    lines += ["", f"Geometric mean of the ratios: {statistics.geometric_mean(ratios):.2f}", ""]
    return "\n".join(lines)


def line(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95) - 1]
    return f"| {name} | {statistics.median(ordered):.0f} | {p95:.0f} | {ordered[-1]:.0f} |"


if __name__ == "__main__":
    main()
