"""What is answered when something is wrong: problem documents (RFC 9457), and which failure becomes which."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from logging import getLogger
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.errors import HttpError
from ninja.errors import ValidationError as UnreadableError
from pydantic_core import to_json

from activities.services import BatchError
from contacts.hooks import AgainError
from contacts.services.errors import GoneError, InUseError, LostUpdateError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5  # of a database that does not answer
MOST_ERRORS = 10_000
logger = getLogger(__name__)


class Kind(NamedTuple):
    status: HTTPStatus
    title: str | Promise


# Every kind of problem there is; the page of the API's description explains each at `#problem-CODE`.
KINDS: dict[str, Kind] = {
    "malformed": Kind(HTTPStatus.BAD_REQUEST, gettext_lazy("The request cannot be read")),
    "unauthenticated": Kind(HTTPStatus.UNAUTHORIZED, gettext_lazy("A valid API key is needed")),
    "forbidden": Kind(HTTPStatus.FORBIDDEN, gettext_lazy("This is not allowed")),
    "scope_missing": Kind(HTTPStatus.FORBIDDEN, gettext_lazy("The key has no such scope")),
    "read_only": Kind(HTTPStatus.FORBIDDEN, gettext_lazy("Whom the key acts for may only read")),
    "not_found": Kind(HTTPStatus.NOT_FOUND, gettext_lazy("There is no such thing")),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, gettext_lazy("This address knows no such method")),
    "conflict": Kind(HTTPStatus.CONFLICT, gettext_lazy("The state of things is in the way")),
    "in_progress": Kind(HTTPStatus.CONFLICT, gettext_lazy("The same request is being worked on")),
    "gone": Kind(HTTPStatus.GONE, gettext_lazy("This is no more")),
    "length_required": Kind(HTTPStatus.LENGTH_REQUIRED, gettext_lazy("The length of the body is needed")),
    "too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, gettext_lazy("The request is too large")),
    "unsupported_type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, gettext_lazy("The body is to be JSON")),
    "invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, gettext_lazy("Something in the request is wrong")),
    "key_reused": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, gettext_lazy("The idempotency key belongs to another request")),
    "too_many_requests": Kind(HTTPStatus.TOO_MANY_REQUESTS, gettext_lazy("Too many requests")),
    "internal": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, gettext_lazy("Something went wrong on our side")),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, gettext_lazy("Not available just now")),
}


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong. `item`: its position in the batch from 0, None: no batch; `field`: "params.price"."""

    item: int | None
    field: str
    code: str
    message: str


class Problem(Exception):  # noqa: N818 - the RFC's word
    """Raised anywhere in a view: the request ends with this answer, and what it wrote is undone.

    code: one of KINDS. detail: a sentence for whoever reads the log. more: further members of the document.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Iterable[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self.code, self.detail, self.errors = code, detail, list(errors)
        self.headers, self.more = dict(headers or {}), dict(more or {})
        super().__init__(detail or code)

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "type": f"/api/v1/docs#problem-{self.code}",
            "title": str(KINDS[self.code].title),
            "status": int(self.status),
            "code": self.code,
            "detail": self.detail or str(KINDS[self.code].title),
            **self.more,
        }
        if self.errors:
            said["errors"] = [vars(error) for error in self.errors[:MOST_ERRORS]]
        return said

    def response(self) -> HttpResponse:
        response = HttpResponse(to_json(self.document()), content_type=MEDIA_TYPE, status=self.status)
        for name, value in self.headers.items():
            response[name] = value
        return response


# --- failures of the services --------------------------------------------------------------------------------
_problems: dict[type[Exception], Callable[[Any], Problem]] = {}


def register_problem(error: type[Exception], problem: Callable[[Any], Problem]) -> None:
    """What a failure of a service (and those below its class) is answered with."""
    _problems[error] = problem


def problem_of(error: Exception) -> Problem:
    """The problem that tells of the failure. One that nobody expected is logged with its trace, and tells nothing."""
    if isinstance(error, Problem):
        return error
    for each in type(error).__mro__:
        if each in _problems:
            return _problems[each](error)
    logger.error("The API failed", exc_info=error)
    return Problem("internal", _("Nothing is known about what happened to this request: send it again later."))


def invalid(errors: Iterable[Wrong], detail: str = "") -> Problem:
    return Problem("invalid", detail, errors=errors)


def wrongs_of(error: ValidationError, *, item: int | None = None, below: str = "") -> list[Wrong]:
    """Django's errors, field by field; without fields at `below`."""
    if not hasattr(error, "error_dict"):
        return [Wrong(item, below, each.code or "invalid", " ".join(each.messages)) for each in error.error_list]
    return [
        Wrong(item, "" if field == "__all__" else field, each.code or "invalid", " ".join(each.messages))
        for field, errors in error.error_dict.items()
        for each in errors
    ]


def of_unreadable(error: UnreadableError) -> Problem:
    """What the declared types of parameters and body refused, at its place in the request."""
    wrongs = []
    for each in error.errors:
        place = [part for part in each.get("loc", ()) if part not in ("body", "query", "path", "payload")]
        item = next((part for part in place if isinstance(part, int)), None) if place[:1] == ["items"] else None
        if item is not None:
            place = place[2:]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        wrongs.append(Wrong(item, field, str(each.get("type", "invalid")), str(each.get("msg", ""))))
    return invalid(wrongs)


def of_database(error: Exception) -> Problem:
    """Out of connections, too slow, in a deadlock, overtaken again and again: nothing was written, later it may be."""
    logger.warning("The API had no answer from the database: %s", error)
    return Problem(
        "unavailable",
        _("The database does not answer just now. Nothing was written: send the request again."),
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def of_use(error: InUseError) -> Problem:
    return Problem("conflict", str(error), more={"uses": [use.title for use in error.uses]})


def of_http(error: HttpError) -> Problem:
    """Ninja's own; of a body that cannot be read, what our parser said."""
    if isinstance(error.__cause__, Problem):
        return error.__cause__
    codes = {kind.status: code for code, kind in reversed(KINDS.items())}
    return Problem(codes.get(HTTPStatus(error.status_code), "malformed"), str(error))


register_problem(UnreadableError, of_unreadable)
register_problem(HttpError, of_http)
register_problem(Http404, lambda _error: Problem("not_found"))
register_problem(PermissionDenied, lambda error: Problem("forbidden", str(error)))
register_problem(RequestDataTooBig, lambda _error: Problem("too_large"))
register_problem(ValidationError, lambda error: invalid(wrongs_of(error)))
register_problem(OperationalError, of_database)
register_problem(InterfaceError, of_database)
register_problem(AgainError, of_database)
register_problem(
    BatchError, lambda error: invalid(Wrong(each.item, each.field, each.code, each.message) for each in error.errors)
)
register_problem(GoneError, lambda _error: Problem("not_found"))
register_problem(
    LostUpdateError, lambda _error: Problem("conflict", _("It was changed after you read it: read it again."))
)
register_problem(InUseError, of_use)
