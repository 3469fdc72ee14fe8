"""The two public addresses, so that they can be named; a request for one never gets here."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest


@login_not_required
def behind(_request: HttpRequest) -> NoReturn:
    """`tracker.door` has answered."""
    raise Http404
