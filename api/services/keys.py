"""Making and revoking keys."""

import hashlib
import secrets
import string
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from api.models import ApiKey, Scope
from contacts import normalising
from users.models import User

LETTERS = 8


class KeyRefusedError(Exception):
    """What was asked may not be done; the message is for whoever asked."""


class Made(NamedTuple):
    """A new key, and what is shown of it this once: `sito_PREFIX_SECRET`."""

    key: ApiKey
    token: str


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def create_key(
    *,
    name: str,
    scopes: Iterable[str],
    acts_for: User,
    now: datetime,
    by: User | None = None,
    expires_at: datetime | None = None,
    rate_per_minute: int | None = None,
) -> Made:
    """A key for an active user. `by`: an owner or administrator; None: the operator of the command line.

    Raises: KeyRefusedError, if `by` may not, or the user is deactivated; ValidationError, by field.
    """
    if by is not None and not by.administers:
        raise KeyRefusedError(_("Only owners and administrators may make API keys."))
    if not acts_for.is_active:
        raise KeyRefusedError(_("This user is deactivated: a key cannot act for them."))
    prefix = "".join(secrets.choice(string.ascii_lowercase) for _letter in range(LETTERS))
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        name=normalising.line(name, longest=80),
        prefix=prefix,
        secret_hash=hashed(secret),
        scopes=clean_scopes(scopes),
        acts_for=acts_for,
        created_by=by,
        created_at=now,
        expires_at=expires_at,
        rate_per_minute=rate_per_minute,
    )
    errors: dict[str, ValidationError] = {}
    if not key.name:
        errors["name"] = ValidationError(_("This field is required."), code="required")
    if not key.scopes:
        errors["scopes"] = ValidationError(_("Choose at least one."), code="required")
    if expires_at is not None and expires_at <= now:
        errors["expires_at"] = ValidationError(_("This moment has passed already."), code="past")
    if rate_per_minute is not None and not 0 < rate_per_minute <= 1_000_000:
        errors["rate_per_minute"] = ValidationError(_("From 1 to 1,000,000 requests a minute."), code="rate")
    if errors:
        raise ValidationError(errors)
    key.save(force_insert=True)
    return Made(key, f"sito_{prefix}_{secret}")


def clean_scopes(scopes: Iterable[str]) -> list[str]:
    """In the order of their declaration, each once. Raises: ValidationError at `scopes`."""
    given = set(scopes)
    if unknown := given - set(Scope.values):
        told = {"given": normalising.quoted(min(unknown))}
        raise ValidationError({"scopes": ValidationError(_("There is no scope “%(given)s”."), "no_scope", told)})
    return [scope for scope in Scope.values if scope in given]


def revoke_key(key: ApiKey, *, now: datetime, by: User | None = None) -> ApiKey:
    """Stops the key for good, from the next request on; one that is revoked already stays as it is.

    Raises: KeyRefusedError, if `by` is neither owner nor administrator.
    """
    if by is not None and not by.administers:
        raise KeyRefusedError(_("Only owners and administrators may revoke API keys."))
    with transaction.atomic():
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("acts_for").get(pk=key.pk)
        if key.revoked_at is None:
            key.revoked_at, key.revoked_by = now, by
            key.save(update_fields=["revoked_at", "revoked_by"])
    return key
