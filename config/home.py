"""Where the bare address leads: to what the user came for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from config.menu import address_of

FIRST = ("segmentation:ready", "contacts:manager", "users:profile")


def home(_request: HttpRequest) -> HttpResponse:
    """To the segments that are ready to use."""
    return redirect(next(url for url in map(address_of, FIRST) if url))
