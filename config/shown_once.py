"""A secret that the page after its making shows once, and no page again."""

from typing import Protocol

from config.requests import Request


class Secretive(Protocol):
    """A row with a secret."""

    pk: int
    secret: str


def show_once(request: Request, row: Secretive, *, kind: str) -> None:
    """The next page of this row shows its secret. The session holds the number of the row alone."""
    request.session[f"{kind}-secret"] = row.pk


def taken_secret(request: Request, row: Secretive, *, kind: str) -> str:
    """The secret, if this is the page that shows it; else nothing."""
    if request.method != "GET" or request.session.get(f"{kind}-secret") != row.pk:
        return ""
    del request.session[f"{kind}-secret"]
    return row.secret
