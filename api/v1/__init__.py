"""The API itself, version 1: one module per resource, each with its `router`."""

from importlib import import_module
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.parser import Parser
from pydantic_core import to_json

from api.bodies import read_json
from api.declared import declared_only
from api.problems import problem_of
from api.repeats import once

MODULES = (
    "contacts", "facts", "tracking", "tags", "categories", "attributes", "consents", "count", "saved", "segments",
    "calculations", "members", "why", "actions", "runs", "exports",
)  # fmt: skip


class JsonParser(Parser):
    """JSON as pydantic's core reads it: three times as fast as the standard library."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read_json(request.body)


class Api(NinjaAPI):
    """django-ninja with our JSON and our problems."""

    def on_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse:  # type: ignore[override]
        return problem_of(exc).response()

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The module and the function: `contacts_record`."""
        return f"{operation.view_func.__module__.rsplit('.', 1)[-1]}_{operation.view_func.__name__}"

    def create_response(self, request: HttpRequest, data: Any, *, status: int | None = None, **more: Any) -> Any:
        response = more.get("temporal_response")
        if response is None:
            return HttpResponse(to_json(data), content_type="application/json", status=status or 200)
        response.content = to_json(data)
        return response


api = Api(
    title="Sito",
    version="1",
    description="Contacts, what they do and buy, labels, segments, actions and exports of one account.",
    urls_namespace="v1",
    parser=JsonParser(),
    docs_url=None,
    openapi_url=None,
)
api.add_decorator(once, mode="view")
api.add_decorator(declared_only, mode="view")
for name in MODULES:
    api.add_router("", import_module(f"api.v1.{name}").router)
