"""Where the bare address leads: to what the user came for."""

from django.http import HttpResponse
from django.shortcuts import redirect

from config.menu import address_of
from config.requests import Request

FIRST = ("segmentation:ready", "contacts:manager", "users:profile")


def home(_request: Request) -> HttpResponse:
    """To the segments that are ready to use."""
    return redirect(next(url for url in map(address_of, FIRST) if url))
