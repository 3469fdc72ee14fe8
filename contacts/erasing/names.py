"""What erased people were called, as digests: who comes with such a name again stays out, unless they agreed again."""

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.attributes import day_words
from contacts.erasing.models import ErasedName, Erasure, ErasureKey
from contacts.models import Contact
from contacts.scrubbing import Names

KINDS = ("email", "phone", "external_id")
Named = tuple[str, str]  # ("email", "ala@example.com")


def key() -> bytes:
    """The account's own."""
    made, _created = ErasureKey.objects.get_or_create(pk=1, defaults={"key": secrets.token_bytes(32)})
    return bytes(made.key)


def digest(secret: bytes, name: Named) -> bytes:
    kind, value = name
    return hmac.digest(secret, f"{kind}:{value}".encode(), "sha256")


def keep_names(erasure: Erasure, names: Names) -> None:
    """Every name that led to the person, former ones too."""
    secret = key()
    each = {"email": names.emails, "phone": names.phones, "external_id": names.external_ids}
    ErasedName.objects.bulk_create(
        ErasedName(erasure=erasure, kind=kind, digest=digest(secret, (kind, value)))
        for kind, values in each.items()
        for value in sorted(values)
    )


def erased(names: Collection[Named]) -> dict[Named, datetime]:
    """When somebody of these names was erased, the last time; of the others nothing. Four queries at most.

    A phone that a contact has is not told: several people may share one.
    """
    if not names or not Erasure.objects.exists():
        return {}
    secret = key()
    wanted = {digest(secret, name): name for name in names}
    found: dict[Named, datetime] = {}
    rows = ErasedName.objects.filter(digest__in=list(wanted)).values_list("digest", "erasure__at")
    for told, at in rows:
        name = wanted[bytes(told)]
        found[name] = max(at, found.get(name, at))
    shared = {value for kind, value in found if kind == "phone"}
    for phone in Contact.objects.filter(phone__in=shared).values_list("phone", flat=True) if shared else ():
        found.pop(("phone", str(phone)), None)
    return found


def proofs_of(names: Iterable[Named]) -> list[int]:
    """The erasures of whoever was called so."""
    secret = key()
    wanted = [digest(secret, name) for name in names]
    return list(ErasedName.objects.filter(digest__in=wanted).values_list("erasure", flat=True).distinct())


def refusal(at: datetime) -> ValidationError:
    """What is said of a name of somebody who was erased then."""
    text = _("Whoever had this was erased on %(when)s: only who has agreed again may be entered.")
    return ValidationError(text, code="erased", params={"when": day_words(timezone.localtime(at).date())})


def refuse_erased(fields: Mapping[str, str | None]) -> None:
    """Raises: ValidationError, by field, for names of people who were erased."""
    names = {(kind, str(fields[kind])) for kind in KINDS if fields.get(kind)}
    if found := erased(names):
        raise ValidationError({kind: refusal(at) for (kind, _value), at in found.items()})
