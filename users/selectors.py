"""Reads about users."""

import unicodedata

from django.db.models import Q, QuerySet
from django.db.models.functions import Collate
from django.http import Http404
from django.shortcuts import get_object_or_404

from config.alphabet import polish_key
from config.requests import Request
from users.access import signed_in
from users.models import User

ORDERS = {
    "name": ("sort_name", "email"),
    "role": ("role", "sort_name"),
    "last_login": ("last_login", "sort_name"),
    "created_at": ("created_at", "sort_name"),
}
SORT_NAME = Collate(polish_key("name"), "C")
DEFAULT_ORDER = "name"


def user_for(request: Request, pk: int) -> User:
    """The user with that id in this account, for those who administer it."""
    if not signed_in(request).administers:
        raise Http404
    return get_object_or_404(User, pk=pk)


def users(*, text: str = "", sort: str = DEFAULT_ORDER) -> QuerySet[User]:
    """Everybody, the active first, by name as the Polish alphabet goes; `text` is looked for in name and address."""
    name, down = sort.lstrip("-"), sort.startswith("-")
    keys = [f"-{key}" if down else key for key in ORDERS.get(name, ORDERS[DEFAULT_ORDER])]
    text = unicodedata.normalize("NFC", text)
    found = User.objects.alias(sort_name=SORT_NAME).order_by("-is_active", *keys, "pk")
    return found.filter(Q(name__icontains=text) | Q(email__icontains=text)) if text else found
