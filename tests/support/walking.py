"""Every address that the product has, from its own URL configuration, and what a browser can send from each page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver

from tests.support.world import MARK, World

SPOKEN = ("title", "aria-label", "alt", "value", "placeholder", "content", "data-text", "data-label")
TOLD = re.compile(rf"{MARK}(?:\d|town|ads|\.example| source| import|-)", re.IGNORECASE)
NUMBER = re.compile(r"(?<![\d#.:/=-])\d{1,3}(?:[,   ]?\d{3})+(?![\d:/])")
APART = re.compile(r"[,\s]")
PASSING = re.compile(r'(name="csrfmiddlewaretoken" value="|nonce="|csrf[^"]*": ?"|X-CSRFToken[^A-Za-z0-9]+)[\w-]+')


@dataclass(frozen=True)
class Address:
    """One named URL: its name with the namespace, and the names of its parts that vary."""

    name: str
    parts: tuple[str, ...]
    view: Any


def addresses() -> list[Address]:
    """All that the URL configuration names; one without a name could not be linked to, and is refused here.

    Without the API, which knows no sessions: keys walk it in tests/test_nothing_crosses_api.py.
    """
    pages = (address for address in _walk(get_resolver(), "") if not address.name.startswith("api:v1:"))
    return sorted(pages, key=lambda address: address.name)


def _walk(resolver: URLResolver, space: str, parts: tuple[str, ...] = ()) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        own = parts + tuple(entry.pattern.converters)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, space + (f"{entry.namespace}:" if entry.namespace else ""), own)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry.pattern} has no name"
            yield Address(space + entry.name, own, entry.callback)


# --- what a page says ----------------------------------------------------------------------------------------
class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        if tag in ("script", "style"):
            self.silent += 1
        if not (tag == "input" and (of.get("type") == "hidden" or of.get("type") in ("checkbox", "radio"))):
            self.words += [of[name] or "" for name in SPOKEN if name in of and tag != "option"]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)


def told(response: Any, world: World, asked: str = "") -> list[str]:
    """What an answer gives away of the crowd: its marks anywhere, and its numbers where people or devices read.

    asked: the address; a value in it that the page repeats tells nothing.
    """
    body = b"".join(response.streaming_content) if response.streaming else response.content
    text = body.decode("utf-8", "replace")
    for value in (value for _name, value in parse_qsl(urlsplit(asked).query) if MARK in value):
        text = text.replace(value, "")
    found = [f"says {mark!r}" for mark in sorted(set(TOLD.findall(text)))]
    digits = APART.sub("", unescape(text))
    if not any(str(number) in digits for number in world.numbers):
        return found  # most pages: what people read need not be picked out of them
    if "html" in response.headers.get("Content-Type", ""):
        reader = _Words()
        reader.feed(text)
        text = " | ".join(reader.words)
    known = world.numbers - {contact.pk for contact in world.mine}
    for number in NUMBER.findall(text):
        if int(re.sub(r"\D", "", number)) in known:
            at = text.index(number)
            found.append(f"counts {number} in {text[max(0, at - 40) : at + 40].split()}")
    return found


def same_as(response: Any, asked: str) -> tuple[int, str]:
    """An answer without what differs each time and without the address that was asked for."""
    text = PASSING.sub(r"\1", response.content.decode())
    return response.status_code, text.replace(asked, "ASKED").replace(quote(asked, safe=""), "ASKED")


# --- what a page offers to send ------------------------------------------------------------------------------
@dataclass
class Form:
    """One form: where to, which way, and each field's values: as it stands (`set`), and all it offers."""

    action: str
    method: str
    fields: list["Field"] = field(default_factory=list)

    @property
    def key(self) -> tuple[Any, ...]:
        return self.action, tuple(sorted({each.name for each in self.fields}))


@dataclass
class Field:
    name: str
    kind: str
    set: list[str]
    offered: list[str]


class _Forms(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.forms: list[Form] = []
        self.open: Form | None = None
        self.by_id: dict[str, Form] = {}
        self.loose: list[tuple[str, Field]] = []
        self.select: Field | None = None
        self.area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(urljoin(self.base, of.get("action") or self.base), of.get("method", "get").lower())
            self.forms.append(self.open)
            self.by_id[of.get("id", "")] = self.open
        if posted := of.get("hx-post"):
            self.forms.append(Form(urljoin(self.base, posted), "post", list(self.open.fields) if self.open else []))
        name = of.get("name", "")
        if tag == "option" and self.select is not None:
            self.select.offered.append(of.get("value", ""))
            if "selected" in of:
                self.select.set.append(of.get("value", ""))
        if not name:
            return
        if tag in ("input", "button"):
            kind = of.get("type", "text" if tag == "input" else "submit")
            value = of.get("value", "on" if kind == "checkbox" else "")
            chosen = kind not in ("checkbox", "radio", "submit", "file") or "checked" in of
            self.keep(Field(name, kind, [value] if chosen else [], [value]), of.get("form", ""))
        elif tag == "select":
            self.select = Field(name, "select", [], [])
            self.keep(self.select, of.get("form", ""))
        elif tag == "textarea":
            self.area = Field(name, "text", [""], [])
            self.keep(self.area, of.get("form", ""))

    def keep(self, found: Field, form: str) -> None:
        if form:
            self.loose.append((form, found))
        elif self.open is not None:
            self.open.fields.append(found)

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.set = [self.area.set[0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None


def forms_in(response: Any, base: str) -> list[Form]:
    """The forms of a page that are sent by POST."""
    reader = _Forms(base)
    reader.feed(response.content.decode("utf-8", "replace"))
    for form, found in reader.loose:
        if form in reader.by_id:
            reader.by_id[form].fields.append(found)
    return [form for form in reader.forms if form.method == "post"]


def bodies(form: Form, foreign: list[Any]) -> Iterator[dict[str, list[str]]]:
    """What can be sent: the form as it stands, everything ticked, and each foreign id wherever an id stands."""
    yield {name: [value for each in form.fields if each.name == name for value in each.set] for name in names(form)}
    ticked = {name: everything(form, name) for name in names(form)}
    yield ticked
    ids = [
        name
        for name in names(form)
        if any(value.isdigit() for each in form.fields if each.name == name for value in each.offered)
    ]
    for pk in foreign if ids else []:
        yield ticked | {name: [str(pk)] for name in ids}


def names(form: Form) -> list[str]:
    return sorted({each.name for each in form.fields} - {"csrfmiddlewaretoken"})


def everything(form: Form, name: str) -> list[str]:
    """All boxes ticked; of a list to choose from its last entry; what is empty is filled in."""
    values: list[str] = []
    for each in form.fields:
        if each.name != name:
            continue
        if each.kind in ("select", "radio", "submit"):
            values = (each.offered or [""])[-1:]
        elif each.kind == "checkbox":
            values += each.offered
        else:
            values += [value or ("7" if each.kind == "number" else "Some text") for value in each.set]
    return values


# --- what is stored ------------------------------------------------------------------------------------------
OF_CONTACTS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s"


def tables() -> dict[str, set[str]]:
    """The tables of the account and their columns."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(OF_CONTACTS, [connection.tenant.schema_name])
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


def digest(table: str, where: str = "TRUE", params: tuple[Any, ...] = ()) -> tuple[int, str]:
    """How many rows and what is in them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t WHERE {where}',
            params,
        )
        return cursor.fetchone()


def of_the_crowd(world: World) -> dict[str, tuple[int, str]]:
    """Everything stored of the crowd, table by table: nobody who may not see them changes a bit of it."""
    ids = (list(world.crowd),)
    found = {"contacts_contact": digest("contacts_contact", "id = ANY(%s)", ids)}
    for table, columns in tables().items():
        if "contact_id" in columns:
            found[table] = digest(table, "contact_id = ANY(%s)", ids)
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(table for table in before if before[table] != after.get(table))


# What a user who only reads may still leave behind: where they are, what they chose for themselves, what was read.
OWN = {
    "django_session", "users_user", "segmentation_draft", "segmentation_draftstep", "segmentation_contactquery",
    "contacts_managerchoice", "contacts_savedview",
}  # fmt: skip


def everything_stored() -> dict[str, tuple[int, str]]:
    """The whole account, table by table, but for what is a user's own."""
    return {table: digest(table) for table in tables().keys() - OWN}
