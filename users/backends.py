"""Signing in by e-mail and password."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from users.models import User


def username_of(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The address whose failed sign-ins are counted, in one spelling: "A@x.pl" and "a@x.pl" are one person."""
    given = (credentials or {}).get("username") or (request.POST.get("username", "") if request is not None else "")
    return str(given).strip().lower().replace("\x00", "")[:254]


class EmailBackend(BaseBackend):
    """Finds the user by e-mail, whatever its case, among this account's active users."""

    def authenticate(  # type: ignore[override]
        self, _request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        user = User.objects.filter(email__iexact=username or "", is_active=True).first()
        if user is None:
            User().set_password(password)  # as slow as a real check: an unknown address cannot be told from a known one
            return None
        return user if user.check_password(password or "") else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
