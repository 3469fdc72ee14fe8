"""The API's description (OpenAPI 3.1): what django-ninja finds in the routes, with what all of them have in common."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.http import require_GET
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from pydantic.json_schema import models_json_schema
from pydantic_core import to_json

from api.auth import Key
from api.common import ProblemOut
from api.problems import KINDS, MEDIA_TYPE
from api.repeats import HEADER

Document = dict[str, Any]
METHODS = ("get", "post", "patch", "put", "delete")
# What any request may be answered with, whatever the route.
ALWAYS = ("malformed", "unauthenticated", "forbidden", "not_found", "too_many_requests", "internal", "unavailable")
OF_BODIES = ("length_required", "too_large", "unsupported_type")
LIMITS = {
    "RateLimit-Limit": "Requests that the key has in a minute.",
    "RateLimit-Remaining": "How many are left of them.",
    "RateLimit-Reset": "Seconds until the next minute.",
}
ONCE = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    "description": "A name of your own for this request. Sent again within a day under the same name, it does nothing"
    " and gets the same answer.",
    "example": "5f0c9a1e-order-1024",
}
LEAST = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None, "object": {}}


@cache
def described() -> Document:
    """The whole description, in English. It is the same for every account and holds nothing of any."""
    with translation.override("en"):
        return made()


def made() -> Document:
    from api.v1 import api

    document: Document = dict(OpenAPISchema(api, ""))
    document["servers"] = [{"url": "/api/v1"}]
    document["security"] = [{"Key": []}]
    components = document["components"]
    components["schemas"].update(schemas_of(ProblemOut))
    components["responses"] = {code: problem_response(code) for code in KINDS}
    components["headers"] = {
        name: {"description": said, "schema": {"type": "integer"}} for name, said in LIMITS.items()
    }
    scopes = dict(scopes_of(api))
    for operation in operations(document):
        complete(operation, scopes.get(operation["operationId"], ""), components["schemas"])
    return document


def schemas_of(model: Any) -> Document:
    found = models_json_schema([(model, "serialization")], ref_template=REF_TEMPLATE)[1]
    schemas: Document = found["$defs"]
    return schemas


def scopes_of(api: Any) -> Iterator[tuple[str, str]]:
    """The scope of each operation, by the operation's id."""
    for router in api._get_bound_routers():  # noqa: SLF001 - ninja tells it in no other way
        for view in router.path_operations.values():
            for operation in view.operations:
                scope = next((each.scope.value for each in operation.auth_callbacks if isinstance(each, Key)), "")
                yield operation.operation_id or api.get_openapi_operation_id(operation), scope


def operations(document: Document) -> Iterator[Document]:
    """Every operation, with its address and method in it as `x-path` and `x-method`."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                item[method]["x-path"], item[method]["x-method"] = path, method
                yield item[method]


def complete(operation: Document, scope: str, schemas: Document) -> None:
    """The scope, the problems, the limits' headers, and an example of whatever goes in or comes out."""
    method = operation["x-method"]
    operation["x-scope"] = scope
    operation["security"] = [{"Key": [scope]}]
    codes = [*ALWAYS, "invalid", "conflict"]
    if operation["x-path"].startswith("/exports/"):
        codes.append("gone")
    if method != "get":
        codes += OF_BODIES
        if scope.endswith(":write"):
            operation["parameters"] = [*operation.get("parameters", []), ONCE]
    for status, response in operation["responses"].items():
        if int(status) < 400:
            response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in LIMITS}
            illustrate(response, schemas)
    for code in codes:
        operation["responses"].setdefault(int(KINDS[code].status), {"$ref": f"#/components/responses/{code}"})
    operation["responses"] = {str(status): said for status, said in sorted(operation["responses"].items(), key=number)}
    if "requestBody" in operation:
        illustrate(operation["requestBody"], schemas)


def number(item: tuple[Any, Any]) -> int:
    return int(item[0])


def illustrate(message: Document, schemas: Document) -> None:
    for media in message.get("content", {}).values():
        if "example" not in media and "examples" not in media and media.get("schema", {}).get("format") != "binary":
            media["example"] = example_of(media.get("schema", {}), schemas)


def example_of(schema: Document, schemas: Document) -> Any:
    """The example that the schema gives, or one put together of those of its parts."""
    given = [schema[told] for told in ("example", "default", "const") if schema.get(told)]
    given += [*schema.get("examples", ()), *schema.get("enum", ())]
    if given:
        return given[0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return example_of(schema[several][0], schemas)
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}), schemas)]
    if "properties" in schema:
        return {name: example_of(each, schemas) for name, each in schema["properties"].items()}
    if schema.get("format") == "date-time":
        return "2026-11-21T13:30:00Z"
    return LEAST.get(schema.get("type", "string"))


def problem_response(code: str) -> Document:
    kind = KINDS[code]
    example: Document = {
        "type": f"/api/v1/docs#problem-{code}",
        "title": str(kind.title),
        "status": int(kind.status),
        "code": code,
        "detail": str(kind.title),
    }
    if code == "invalid":
        message = "“x” is not an e-mail address."
        example["errors"] = [{"item": 3, "field": "email", "code": "invalid_email", "message": message}]
    schema = {"$ref": REF_TEMPLATE.format(model="ProblemOut")}
    response: Document = {
        "description": str(kind.title),
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }
    if code in ("too_many_requests", "unavailable", "in_progress"):
        header = {"description": "Seconds to wait before sending it again.", "schema": {"type": "integer"}}
        response["headers"] = {"Retry-After": header}
    return response


@require_GET
def openapi(_request: HttpRequest) -> HttpResponse:
    """The description as JSON; anybody may read it."""
    return HttpResponse(to_json(described()), content_type="application/json", headers={"Cache-Control": "no-cache"})
