"""Signing in by e-mail and password."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from users.models import User


class EmailBackend(BaseBackend):
    """Finds the user by e-mail, whatever its case, among this account's active users."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        user = User.objects.filter(email__iexact=username or "", is_active=True).first()
        if user is None:
            User().set_password(password)  # as slow as a real check: an unknown address cannot be told from a known one
            return None
        return user if user.check_password(password or "") else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()
