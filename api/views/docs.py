"""The API's description as a page: made from the same document that programs read, with nothing from elsewhere."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from api.models import Scope
from api.problems import KINDS
from api.v1.description import Document, described, operations
from config.pages import page

MARKED = re.compile(r"`([^`]+)`")
NAMED = re.compile(r"\{(\w+)\}")
DEEPEST = 3  # levels of fields that are told in the table; the example shows the rest


@dataclass(frozen=True)
class Row:
    """A parameter of the address, or a field of the body ("items[].contact.email")."""

    name: str
    type: str
    required: bool
    description: SafeString


@dataclass(frozen=True)
class Message:
    """An answer, or a body: what it is, an example as text, and its fields."""

    title: str
    example: str
    fields: list[Row]


@dataclass(frozen=True)
class Route:
    id: str
    method: str
    path: str
    scope: str
    summary: str
    description: SafeString
    parameters: list[Row]
    body: Message | None
    answers: list[Message]
    problems: list[str]
    curl: str
    named: bool  # whether the line begins with ids that the reader has to put their own for


@dataclass(frozen=True)
class Group:
    id: str
    name: str
    routes: list[Route]


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Public: what it says is the same for every account."""
    context = {
        "groups": groups(),
        "problems": [{"code": code, "status": int(kind.status), "title": kind.title} for code, kind in KINDS.items()],
        "scopes": list(Scope),
        "host": f"{request.scheme}://{request.get_host()}",
    }
    return page(request, "api/docs.html", context)


@cache
def groups() -> list[Group]:
    """The routes, by subject, in the order in which they are declared."""
    document = described()
    schemas: Document = document["components"]["schemas"]
    found: dict[str, list[Route]] = {}
    for operation in operations(document):
        found.setdefault((operation.get("tags") or ["More"])[0], []).append(route_of(operation, schemas))
    return [Group(name.lower().replace(" ", "-"), name, routes) for name, routes in found.items()]


def route_of(operation: Document, schemas: Document) -> Route:
    answers, problems = [], []
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            answers.append(message_of(f"{status} {answer.get('description', '')}".strip(), answer, schemas))
        else:
            problems.append(answer["$ref"].rsplit("/", 1)[-1] if "$ref" in answer else status)
    body = operation.get("requestBody")
    told = message_of("", body, schemas) if body else None
    return Route(
        id=operation["operationId"],
        method=operation["x-method"].upper(),
        path="/api/v1" + operation["x-path"],
        scope=operation["x-scope"],
        summary=operation["summary"],
        description=prose(operation.get("description", "")),
        parameters=[
            Row(each["name"], type_of(each["schema"], schemas), each["required"], prose(each.get("description", "")))
            for each in operation.get("parameters", [])
        ],
        body=told,
        answers=answers,
        problems=problems,
        curl=curl_of(operation, told),
        named=NAMED.search(operation["x-path"]) is not None,
    )


def prose(text: str) -> SafeString:
    """What stands between `marks` set as code."""
    return mark_safe(MARKED.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


def message_of(title: str, message: Document, schemas: Document) -> Message:
    media: Document = next(iter(message.get("content", {}).values()), {})
    example = media.get("example")
    text = "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
    return Message(title, text, fields_of(media.get("schema", {}), schemas))


def fields_of(schema: Document, schemas: Document, below: str = "", depth: int = 0) -> list[Row]:
    """The fields of an object and of the objects in it, in the order of their declaration."""
    schema = resolved(schema, schemas)
    if schema.get("type") == "array":
        return fields_of(schema.get("items", {}), schemas, f"{below}[]", depth)
    rows = []
    for name, field in schema.get("properties", {}).items():
        path = f"{below}.{name}" if below else name
        required = name in schema.get("required", ())
        rows.append(Row(path, type_of(field, schemas), required, prose(field.get("description", ""))))
        if depth < DEEPEST:
            rows += fields_of(field, schemas, path, depth + 1)
    return rows


def resolved(schema: Document, schemas: Document) -> Document:
    """The schema that is referred to; of several the first that is not null."""
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return resolved(choice, schemas)
    if "$ref" in schema:
        return resolved(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    return schema


def type_of(schema: Document, schemas: Document) -> str:
    """ "text", "integer or null", "list of objects" as a developer says it."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(choice, schemas) for choice in schema["anyOf"]))
    found: Any = resolved(schema, schemas).get("type", "any")
    if found == "array":
        return f"array of {type_of(resolved(schema, schemas).get('items', {}), schemas)}"
    if resolved(schema, schemas).get("format") == "date-time":
        return "date-time"
    return str(found)


def curl_of(operation: Document, body: Message | None) -> str:
    """A line to try it with; SITO_URL and SITO_KEY are the reader's, and so are ids, which are set before it."""
    leads_on = "303" in operation["responses"]
    parts = [f"""curl {"-L -O -J " if leads_on else ""}-H "Authorization: Bearer $SITO_KEY\""""]
    method = operation["x-method"].upper()
    if body is None and method != "GET":
        parts.append(f"-X {method}")
    elif body is not None:
        if method != "POST":
            parts.append(f"-X {method}")
        compact = json.dumps(json.loads(body.example or "{}"), ensure_ascii=False).replace("'", "'\\''")
        parts.append(f"-H 'Content-Type: application/json' -d '{compact}'")
    path, asked = operation["x-path"], operation.get("x-asked", "")
    ids = "".join(f"{name.upper()}=7\n" for name in NAMED.findall(path))
    path = NAMED.sub(lambda found: f"${found[1].upper()}", path) + (f"?{asked}" if asked else "")
    if any("application/zip" in answer.get("content", {}) for answer in operation["responses"].values()):
        parts.append("-O -J")
    parts.append(f'"$SITO_URL/api/v1{path}"')
    return ids + " \\\n  ".join(parts)
