"""What erased people were called, as digests: who comes with such a name again stays out, unless they agreed again."""

import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from contacts.attributes import day_words
from contacts.calling_codes import calling_code
from contacts.erasing.models import ErasedName, Erasure, ErasureKey
from contacts.models import Contact
from contacts.scrubbing import Names

KINDS = ("email", "phone", "external_id")
SHORTEST = 8  # digits behind a calling code that has no +: with fewer it is the beginning of a number
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


def spelt(name: Named, code: str) -> set[Named]:
    """The name, and of a phone what else it may be typed as: with the country of `code`, without, with a 0."""
    kind, value = name
    if kind != "phone" or not code or (value.startswith("+") and not value.startswith(f"+{code}")):
        return {name}
    own = {value.removeprefix(f"+{code}")}
    if value.startswith(code) and len(value) >= len(code) + SHORTEST:
        own.add(value.removeprefix(code))
    found = {zero + digits for digits in (each.lstrip("0") for each in own) if digits for zero in ("", "0")}
    return {name, *((kind, before + digits) for digits in found for before in ("", code, f"+{code}"))}


def code_for(names: Iterable[Named]) -> str:
    """The calling code that phones without one have; "" where there is no phone, or it is not known."""
    if not any(kind == "phone" for kind, _value in names):
        return ""
    return calling_code(Account.objects.get(schema_name=connection.schema_name).timezone)  # type: ignore[attr-defined]


def erased(names: Collection[Named]) -> dict[Named, datetime]:
    """When somebody of these names was erased, the last time; of the others nothing. Five queries at most.

    A phone that a contact has is not told: several people may share one.
    """
    if not names or not Erasure.objects.exists():
        return {}
    secret, code = key(), code_for(names)
    wanted: dict[bytes, list[Named]] = {}
    for name in names:
        for each in spelt(name, code):
            wanted.setdefault(digest(secret, each), []).append(name)
    found: dict[Named, datetime] = {}
    rows = ErasedName.objects.filter(digest__in=list(wanted)).values_list("digest", "erasure__at")
    for told, at in rows:
        for name in wanted[bytes(told)]:
            found[name] = max(at, found.get(name, at))
    phones = {name: {each for _kind, each in spelt(name, code)} for name in found if name[0] == "phone"}
    had = Contact.objects.filter(phone__in=set().union(*phones.values())) if phones else Contact.objects.none()
    shared = set(had.values_list("phone", flat=True))
    return {name: at for name, at in found.items() if not shared & phones.get(name, set())}


class Recognised:
    """Tells names of those erased whose proofs are not cleaned up after yet: for what holds names and no ids."""

    def __init__(self) -> None:
        rows = ErasedName.objects.filter(erasure__cleaned_at=None).values_list("kind", "digest")
        self.digests = {bytes(told) for _kind, told in rows}
        self.kinds = {kind for kind, _told in rows}
        self.secret, self.code = key(), code_for((kind, "") for kind in self.kinds)

    def knows(self, name: Named) -> bool:
        if name[0] not in self.kinds:
            return False
        return any(digest(self.secret, each) in self.digests for each in spelt(name, self.code))


def proofs_of(names: Collection[Named]) -> list[int]:
    """The erasures of whoever was called so."""
    secret, code = key(), code_for(names)
    wanted = [digest(secret, each) for name in names for each in spelt(name, code)]
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
