"""Making operators, and signing them in and out."""

from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest

from operators.models import Operator, SignedIn

STAYS = timedelta(hours=12)  # signed in, however busy


class LockedOutError(Exception):
    """Too many wrong passwords for this address from there."""


def create_operator(*, email: str, name: str, password: str, language: str = "en") -> Operator:
    """Raises: ValidationError, with the sentence to show."""
    validate_email(email)
    before = Operator.objects.filter(email__iexact=email).first()
    if before is not None and before.is_active:
        raise ValidationError(f"There is already an operator {email}.")
    validate_password(password)
    if before is not None:  # let go, and back
        before.name, before.password = name or before.name, make_password(password)
        before.language, before.is_active = language, True
        before.save()
        return before
    return Operator.objects.create(email=email, name=name or email, password=make_password(password), language=language)


def set_password(operator: Operator, password: str) -> None:
    """Whoever is signed in as this operator is signed out. Raises: ValidationError."""
    validate_password(password)
    with transaction.atomic():
        operator.password = make_password(password)
        operator.save(update_fields=["password"])
        operator.signed_in.all().delete()
    AxesProxyHandler.reset_attempts(username=operator.email.lower())


def let_go(operator: Operator) -> None:
    """Nobody signs in as this operator any more, and whoever is, is signed out. The log keeps the name."""
    with transaction.atomic():
        operator.is_active = False
        operator.save(update_fields=["is_active"])
        operator.signed_in.all().delete()


def authenticate(request: HttpRequest, *, email: str, password: str) -> Operator | None:
    """The operator, if the password is right. Failures are counted by address and place, as those of users are.

    Raises: LockedOutError.
    """
    credentials = {"username": email.strip().lower().replace("\x00", "")[:254]}
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise LockedOutError
    operator = Operator.objects.filter(email__iexact=credentials["username"], is_active=True).first()
    if operator is None:
        make_password(password)  # as slow as a real check: an unknown address cannot be told from a known one
    elif check_password(password, operator.password):
        AxesProxyHandler.reset_attempts(username=credentials["username"], ip_address=request.axes_ip_address)  # type: ignore[attr-defined]
        return operator
    AxesProxyHandler.user_login_failed(__name__, credentials, request)
    return None


def sign_in(operator: Operator, *, now: datetime) -> str:
    """What the browser's cookie is to hold; known to nobody else, and kept nowhere."""
    secret = token_urlsafe(32)
    SignedIn.objects.filter(until__lte=now).delete()
    SignedIn.objects.create(operator=operator, key=key_of(secret), at=now, until=now + STAYS)
    return secret


def signed_in(secret: str, *, now: datetime) -> SignedIn | None:
    """Whose cookie this is."""
    rows = SignedIn.objects.select_related("operator").filter(until__gt=now, operator__is_active=True)
    return rows.filter(key=key_of(secret)).first() if secret else None


def key_of(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
