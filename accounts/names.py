"""What an account may be called: the name is its PostgreSQL schema and its host label at once."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

PATTERN = re.compile(r"[a-z][a-z0-9]{1,39}")
RESERVED = frozenset(
    {"account", "accounts", "admin", "api", "app", "assets", "auth", "blog", "cdn", "docs", "ftp", "help", "host"}
    | {"imap", "information", "login", "mail", "media", "ns", "pop", "postgres", "public", "root", "sito", "smtp"}
    | {"operator", "static", "status", "support", "system", "template", "tmp", "web", "webmail", "www"}
)


def validate_account_name(name: str) -> None:
    """Refuse what PostgreSQL, DNS or a confused reader would trip over.

    Raises: ValidationError, with the sentence to show.
    """
    if not PATTERN.fullmatch(name):
        raise ValidationError(
            _("“%(name)s” can't be an account's name: use 2 to 40 small letters and digits, a letter first."),
            params={"name": name},
        )
    if name in RESERVED or name.startswith("pg"):
        raise ValidationError(_("“%(name)s” is reserved. Choose another name."), params={"name": name})
