"""Links to one file that work for a quarter of an hour, without signing in: for programs, and to be handed on.

What is signed is the file, its maker and the end, with a key that is the file's own: its random name in the store,
which is shown nowhere. Whether the maker may still have the file is asked anew when the link is opened.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, Signer
from django.db import connection
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from config.requests import Request
from exports import selectors
from exports.models import ExportFile, How
from users.models import User

LIFE = timedelta(minutes=15)
LONGEST = 400  # characters of a token


@dataclass(frozen=True)
class Link:
    """An address beginning with "/", and until when it leads anywhere."""

    url: str
    expires_at: datetime


class LinkError(Exception):
    """A true link that leads nowhere any more: its time is over, or its maker may not have the file now."""


def link_for(file: ExportFile, *, user: User, now: datetime, how: How = How.API) -> Link:
    """A link in the name of `user`, who sees the file. Raises: PermissionDenied, for who may not download."""
    if not user.may_write:
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    until = min(now + LIFE, file.expires_at).replace(microsecond=0)
    token = signer(file).sign_object([user.pk, int(until.timestamp()), how.value])
    return Link(reverse("exports:by_link", args=[file.pk, token]), until)


def opened(request: Request, pk: int, token: str) -> tuple[ExportFile, How]:
    """What a link leads to. `request.user` is its maker from here on.

    Raises: Http404, for what is no link of this file; LinkError.
    """
    found = ExportFile.objects.filter(pk=pk).first()
    if found is None or len(token) > LONGEST:
        raise Http404(f"no export file {pk}")
    try:
        user_pk, until, how = signer(found).unsign_object(token)
    except BadSignature as error:
        raise Http404(f"no link of export file {pk}") from error
    now = request.now
    maker = User.objects.filter(pk=user_pk, is_active=True).first()
    if now >= datetime.fromtimestamp(until, UTC) or found.expired_at(now) or maker is None or not maker.may_write:
        raise LinkError
    request.user = maker
    try:
        return selectors.file_for(request, pk), How(how)
    except Http404 as error:
        raise LinkError from error


def signer(file: ExportFile) -> Signer:
    schema = connection.schema_name  # type: ignore[attr-defined]
    return Signer(key=file.stored_as, salt=f"exports.links.{schema}.{file.pk}")
