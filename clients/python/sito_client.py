"""Sito's HTTP API from Python. One file, nothing but the standard library: copy it into your project. Python 3.9+.

    from sito_client import Sito

    sito = Sito("https://shop.sito.example", os.environ["SITO_KEY"])
    report = sito.send_contacts([{"email": "ala@example.com", "first_name": "Ala"}])
    for refused in report.rejected:
        print(refused.given, refused.errors)
    for contact_id in sito.members(12):
        ...

What it sees to: batches of at most 1,000 items and 8 MB; an `Idempotency-Key` on every request that writes, so that one
whose answer was lost is not done twice; waiting and sending again after 429, 502, 503, 504 and broken connections, as
long as `patience` says and never sooner than `Retry-After` asks; lists, page after page.
Nothing is lost in silence: what Sito refuses is in the report or raised, and so is what could not be delivered.
"""

from __future__ import annotations

import http.client
import json
import logging
import random
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["Report", "Result", "Sito", "SitoError", "UnreachableError", "Wrong"]
__version__ = "1.0"

MOST_ITEMS = 1000
MOST_BYTES = 8 * 1024 * 1024
AGAIN = (429, 502, 503, 504)  # of these nothing was done, or the idempotency key makes sending again harmless
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
POLL_S = 1.0
WRITING = ("POST", "PUT", "PATCH", "DELETE")
log = logging.getLogger("sito")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong. `item`: its place in the batch, None: in none; `code` is for programs."""

    item: int | None
    field: str
    code: str
    message: str


@dataclass(frozen=True)
class Result:
    """What became of one item. `item`: its place among all that were given, from 0; `given`: the item itself."""

    item: int
    status: str  # created, updated, unchanged, skipped or rejected
    id: int | None
    given: Item
    errors: tuple[Wrong, ...] = ()


@dataclass
class Report:
    """What became of all items: how many of each status, the ids in the order of the items, and those refused."""

    counts: Counter[str] = field(default_factory=Counter)
    ids: list[int | None] = field(default_factory=list)
    rejected: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.counts[result.status] += 1
        self.ids.append(result.id)
        if result.status == "rejected":
            self.rejected.append(result)


class SitoError(Exception):
    """Sito refused the request. `code` is for programs and is the same in every language.

    report: of a batch call, what became of the items before the one that failed.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code") or "")
        self.detail = str(problem.get("detail") or problem.get("title") or "")
        self.errors = tuple(_wrong(each) for each in problem.get("errors") or ())
        self.report: Report | None = None
        super().__init__(f"{status} {self.code}: {self.detail} {self._first()}".strip())

    def _first(self) -> str:
        told = "; ".join(f"{_place(each)}{each.message}" for each in self.errors[:3])
        return f"({told}{' …' if len(self.errors) > 3 else ''})" if told else ""


class UnreachableError(SitoError):
    """No answer that could be used came before the patience was over. The request may have been done."""

    def __init__(self, detail: str) -> None:
        super().__init__(0, {"code": "unreachable", "detail": detail})


class _Refusing(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


class Sito:
    """The API of one account, with one key. May be shared by threads.

    url: of the account, "https://shop.sito.example". patience: seconds for which a request is tried again.
    language: of the messages in errors. allow_http: sends the key unencrypted, to others than this machine too.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = 30.0,
        patience: float = 300.0,
        language: str = "en",
        allow_http: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of an account: give one as https://shop.sito.example")
        if parts.scheme == "http" and not allow_http and not _local(parts.hostname):
            raise ValueError("The key would be sent unencrypted: use https://, or allow_http=True")
        self.base = f"{parts.scheme}://{parts.netloc}/api/v1"
        self.timeout, self.patience = timeout, patience
        self.sleep, self.clock = time.sleep, time.monotonic
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Accept": "application/json",
            "Accept-Language": language,
            "User-Agent": f"sito-client/{__version__}",
            **(headers or {}),
        }
        self._opener = urllib.request.build_opener(_Refusing)

    # --- batches ---------------------------------------------------------------------------------------------
    def send_contacts(
        self, items: Iterable[Item], *, mode: str = "both", match: str = "", empty: str = "keep", whole: bool = False
    ) -> Report:
        """Creates and changes contacts.

        mode: "create" passes over those that there are, "update" those that there are not. match: by which names one is
        found, of "id,external_id,email". empty: "clear", if None and empty texts clear what is there.
        """
        options = {"mode": mode, "empty": empty, **({"match": match} if match else {})}
        return self._report("/contacts", items, whole=whole, **options)

    def send_activities(self, items: Iterable[Item], *, whole: bool = False) -> Report:
        return self._report("/activities", items, whole=whole)

    def send_visits(self, items: Iterable[Item], *, whole: bool = False) -> Report:
        return self._report("/visits", items, whole=whole)

    def send_orders(self, items: Iterable[Item], *, whole: bool = False) -> Report:
        """Records orders; one whose external_id is there already is changed."""
        return self._report("/orders", items, whole=whole)

    def send_products(self, items: Iterable[Item], *, whole: bool = False) -> Report:
        return self._report("/products", items, whole=whole)

    def _report(self, path: str, items: Iterable[Item], *, whole: bool, **options: str) -> Report:
        report = Report()
        try:
            for result in self.results(path, items, whole=whole, **options):
                report.add(result)
        except SitoError as error:
            error.report = report
            raise
        return report

    def results(self, path: str, items: Iterable[Item], *, whole: bool = False, **options: str) -> Iterator[Result]:
        """What becomes of each item, in order, batch by batch as they are asked for: for more than memory holds.

        whole: all items or none; they must fit one batch.
        Raises: SitoError, when a batch as such is refused (with `whole`: an item); what came before it is written.
        """
        sent = 0
        batches = _batches(items)
        batch = next(batches, None)
        while batch is not None:
            following = next(batches, None)
            if whole and (following is not None):
                raise ValueError(f"whole=True takes at most {MOST_ITEMS} items, of {MOST_BYTES} bytes")
            given, body = batch
            params = {**options, "whole": "true"} if whole else options
            yield from self._batch(path, given, body, params, first=sent, whole=whole)
            sent += len(given)
            batch = following

    def _batch(
        self, path: str, given: Sequence[Item], body: bytes, params: Mapping[str, str], *, first: int, whole: bool
    ) -> Iterator[Result]:
        try:
            results = self.request("POST", path, body=body, params=params)["results"]
        except SitoError as error:
            if whole or error.status != 422 or not error.errors or any(each.item is None for each in error.errors):
                raise  # the batch as such; else every item is refused
            results = [{"item": place, "status": "rejected"} for place in range(len(given))]
            for each in error.errors:
                results[each.item or 0].setdefault("errors", []).append(vars(each))
        for place, result in enumerate(results):
            errors = tuple(_wrong(each) for each in result.get("errors") or ())
            yield Result(first + place, result["status"], result.get("id"), given[place], errors)

    # --- contacts --------------------------------------------------------------------------------------------
    def contacts(self) -> Iterator[dict[str, Any]]:
        """Every contact that the key sees."""
        return self.pages("/contacts")

    def contact(self, contact_id: int) -> dict[str, Any]:
        return self._object("GET", f"/contacts/{contact_id:d}")

    def find_contact(self, *, email: str | None = None, external_id: str | None = None) -> dict[str, Any] | None:
        """The contact with this e-mail or this external id; None if there is none."""
        params = {"email": email, "external_id": external_id}
        try:
            return self._object("GET", "/contacts/find", params=params)
        except SitoError as error:
            if error.status == 404:
                return None
            raise

    def change_contact(self, contact_id: int, **fields: Any) -> dict[str, Any]:
        """Changes the given fields; None clears."""
        return self._object("PATCH", f"/contacts/{contact_id:d}", body=fields)

    def erase_contact(self, contact_id: int, *, reason: str | None = None) -> None:
        """Erases the contact with all that is the contact's, for good."""
        self.request("DELETE", f"/contacts/{contact_id:d}", params={"reason": reason})

    def facts(self, contact_id: int, kind: str) -> Iterator[dict[str, Any]]:
        """What a contact did, the newest first. kind: activities, visits, orders or products."""
        return self.pages(f"/contacts/{contact_id:d}/{quote(kind, safe='')}")

    def tracking_token(
        self,
        site: str,
        *,
        contact_id: int | None = None,
        email: str | None = None,
        external_id: str | None = None,
        days: int | None = None,
    ) -> str:
        """A token that names the contact to the tracker on the pages of a site, for a page or a link.

        site: its key, as the line on its pages says it. Give one of the three names. days that it holds: 30 if None.
        """
        names = {"id": contact_id, "email": email, "external_id": external_id}
        body: dict[str, Any] = {
            "site": site,
            "contact": {way: value for way, value in names.items() if value is not None},
            **({} if days is None else {"days": days}),
        }
        return str(self._object("POST", "/tracking/tokens", body=body)["token"])

    # --- segments --------------------------------------------------------------------------------------------
    def segments(self) -> Iterator[dict[str, Any]]:
        return self.pages("/segments")

    def segment(self, segment_id: int) -> dict[str, Any]:
        return self._object("GET", f"/segments/{segment_id:d}")

    def members(self, segment_id: int, *, fresh: bool = False, details: bool = False) -> Iterator[dict[str, Any]]:
        """The members, all of one calculation: the last one, or with `fresh` one that is made now and waited for.

        details: each with the whole contact as `contact`, not only its id, e-mail and external id.
        """
        path = f"/segments/{segment_id:d}/members"
        if fresh:
            used = self._object("POST", f"/segments/{segment_id:d}/use", params={"limit": 1})
            path = _members_of(used)
        return self.pages(path, details="true" if details else None)

    def count(self, criteria: Mapping[str, Any]) -> int:
        """How many contacts the criteria hold for now, exactly."""
        return int(self._object("POST", "/count", body={"criteria": criteria})["count"])

    # --- the way there and back ------------------------------------------------------------------------------
    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """The items of a list, page after page. A calculation that is being made is waited for.

        Raises: UnreachableError, when it is not done before the patience is over.
        """
        cursor, over = None, self.clock() + self.patience
        while True:
            page = self._object("GET", path, params={"limit": MOST_ITEMS, **params, "cursor": cursor})
            if "items" not in page:
                if self.clock() + POLL_S > over:
                    raise UnreachableError(f"Calculation {page['id']} is not done: {page['progress']}/{page['total']}")
                self.sleep(POLL_S)
                path = _members_of(page)
                continue
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def _object(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self.request(method, path, **more)
        if not isinstance(answer, dict):
            raise UnreachableError("What answers is not Sito: it sent no JSON object.")
        return answer

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """One request, sent again where that helps; the answer as JSON says it, None where there is none.

        body: anything JSON can hold, with dates and decimals; bytes as they are. idempotency_key: of your own, to go on
        after a crash of this program; otherwise each call has a new one.
        Raises: SitoError; UnreachableError, when the patience is over.
        """
        data = body if isinstance(body, bytes) or body is None else _json(body)
        given = {name: value for name, value in (params or {}).items() if value is not None}
        url = self.base + path + (f"?{urlencode(given)}" if given else "")
        headers = dict(self._headers)
        if data is not None:
            headers["Content-Type"] = "application/json"
        if method in WRITING:
            headers["Idempotency-Key"] = idempotency_key or uuid.uuid4().hex
        over, tries = self.clock() + self.patience, 0
        while True:
            tries += 1
            asked = 0.0
            try:
                status, retry_after, content = self._once(method, url, data, headers)
            except (OSError, http.client.HTTPException) as error:  # refused, cut off, too slow
                trouble, failure = f"{type(error).__name__}: {error}", None
            else:
                failure = None if status < 300 else SitoError(status, _problem(content))
                if failure is None:
                    return _read(status, content)
                if status not in AGAIN and failure.code != "in_progress":
                    raise failure
                trouble, asked = str(failure), _seconds(retry_after)
            pause = _pause(tries, asked)
            if self.clock() + pause > over:
                raise failure or UnreachableError(f"{method} {path}: no answer in {tries} tries ({trouble})")
            log.warning("Sito: %s %s again in %.1f s: %s", method, path, pause, trouble)
            self.sleep(pause)

    def _once(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, str | None, bytes]:
        request = urllib.request.Request(url, data=data, headers=dict(headers), method=method)  # noqa: S310 - __init__
        try:
            with self._opener.open(request, timeout=self.timeout) as response:
                return response.status, response.headers.get("Retry-After"), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Retry-After"), error.read()


# --- what travels --------------------------------------------------------------------------------------------
def _batches(items: Iterable[Item]) -> Iterator[tuple[list[Item], bytes]]:
    """Items with the body that carries them."""
    given: list[Item] = []
    parts: list[bytes] = []
    size = 0
    for item in items:
        part = _json(item)
        if given and (len(given) == MOST_ITEMS or size + len(part) > MOST_BYTES):
            yield given, b'{"items":[' + b",".join(parts) + b"]}"
            given, parts, size = [], [], 0
        given.append(item)
        parts.append(part)
        size += len(part) + 1
    if given:
        yield given, b'{"items":[' + b",".join(parts) + b"]}"


def _json(value: Any) -> bytes:
    """In UTF-8; half of a surrogate pair, which is no sign, becomes "?"."""
    text = json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """Moments as ISO 8601 (without an offset they are in the account's time zone), amounts as exact text."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _read(status: int, content: bytes) -> Any:
    """Raises: UnreachableError, for an answer that is none of Sito's, as a proxy gives it."""
    if status == 204 or not content:
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise UnreachableError(f"What answers is not Sito: {content[:80]!r}") from error


def _problem(content: bytes) -> Mapping[str, Any]:
    """The problem document, or as much as something else says."""
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": content[:200].decode("utf-8", "replace")}


def _members_of(answer: Mapping[str, Any]) -> str:
    """Where the members are, of a page of them or of the calculation that finds them."""
    return f"/segments/{answer['segment']:d}/calculations/{answer.get('calculation', answer.get('id')):d}/members"


def _wrong(each: Mapping[str, Any]) -> Wrong:
    return Wrong(each.get("item"), each.get("field", ""), each.get("code", ""), each.get("message", ""))


def _place(each: Wrong) -> str:
    place = " ".join([*([f"item {each.item}"] if each.item is not None else []), *([each.field] if each.field else [])])
    return f"{place}: " if place else ""


def _seconds(text: str | None) -> float:
    """Retry-After, in seconds or as a date."""
    if not text:
        return 0.0
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _pause(tries: int, asked: float) -> float:
    """Twice as long each time; by chance up to half of it less, so that many clients do not come back together."""
    own = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    return max(asked + min(own, 1.0), own) if asked else own


def _local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
