"""Contacts as an operator names them: an id, an e-mail address, `external:ID`; also those of before a merge."""

from collections.abc import Iterable

from contacts.aliases import now_called
from contacts.models import AliasKind, Contact

AT_ONCE = 5_000
LARGEST = 2**31 - 1


def ids_named(texts: Iterable[str]) -> tuple[list[int], list[str]]:
    """The contacts' ids, each once and in the order they were named, and the texts that name nobody."""
    wanted = {text: name_of(text) for text in dict.fromkeys(texts)}
    ids: dict[tuple[AliasKind, str], int] = {}
    names = [name for name in wanted.values() if name is not None]
    for start in range(0, len(names), AT_ONCE):
        ids |= led_to(names[start : start + AT_ONCE])
    found = {text: ids[name] for text, name in wanted.items() if name is not None and name in ids}
    return list(dict.fromkeys(found.values())), [text for text in wanted if text not in found]


def name_of(text: str) -> tuple[AliasKind, str] | None:
    """Which kind of name it is; None: it can be nobody's."""
    if text.startswith("external:"):
        return AliasKind.EXTERNAL_ID, text.removeprefix("external:").strip()
    if "@" in text:
        return AliasKind.EMAIL, text.strip().lower()
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) < 11 and 0 < int(digits) <= LARGEST:
        return AliasKind.ID, str(int(digits))
    return None


def led_to(names: list[tuple[AliasKind, str]]) -> dict[tuple[AliasKind, str], int]:
    """Whom each leads to: who bears it, else who bore it."""
    found: dict[tuple[AliasKind, str], int] = {}
    for kind in AliasKind:
        values = [value for of, value in names if of == kind]
        if values:
            found |= {(kind, value): pk for value, pk in now_called(kind, values).items()}
            rows = Contact.objects.filter(**{f"{kind}__in": values}).values_list(kind, "pk")
            found |= {(kind, str(value)): pk for value, pk in rows}
    return found
