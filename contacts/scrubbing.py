"""What an erased contact was called, taken out of what people had asked for and out of what undoing goes by.

Whoever looked for somebody by their address has it in the address of the list, in a saved view, in the words of an
action. Definitions that people wrote (segments, saved criteria, their drafts) are theirs to change and stay.
"""

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F
from django.http import QueryDict
from pyroaring import BitMap

from contacts.aliases import called_before
from contacts.models import Contact, ContactAlias, EntryKind, HistoryEntry, LabelWrite, SavedView

LEFT = "…"
NAMED = ("email", "phone", "external_id")  # in the order of `Names`
TELLING = (EntryKind.CREATED, EntryKind.CHANGED, EntryKind.MERGED)  # entries that tell what fields were and became
COUNTRY = r"(?:\+|00)?"
BETWEEN = r"[\s()./\u2010-\u2015\u2212-]*"  # what may stand between the digits of a phone (`normalising.PHONE_SIGNS`)


@dataclass(frozen=True)
class Names:
    """The e-mail addresses, phones and external ids that lead to one contact, former ones too."""

    emails: frozenset[str]
    phones: frozenset[str]
    external_ids: frozenset[str]

    @cached_property
    def plain(self) -> re.Pattern[str] | None:
        """Finds an address or a phone in any text: nothing else reads so."""
        spaced = [COUNTRY + BETWEEN.join(phone.removeprefix("+")) for phone in self.phones]
        return bounded([*map(re.escape, self.emails), *spaced])

    @cached_property
    def short(self) -> re.Pattern[str] | None:
        """Finds an external id, which may be "12": only where somebody is looked for."""
        return bounded(map(re.escape, self.external_ids))

    def taken_from(self, text: str, *, searched: bool = False) -> str:
        """The text without them. `searched`: it is what somebody looked for, or says it in words."""
        for pattern in (self.plain, self.short if searched else None):
            text = pattern.sub(LEFT, text) if pattern else text
        return text

    def without_them(self, value: Any) -> Any:
        """JSON without them, keys as they are."""
        match value:
            case str():
                return self.taken_from(value)
            case list():
                return [self.without_them(each) for each in value]
            case dict():
                return {key: self.without_them(each) for key, each in value.items()}
        return value

    def narrowing(self, query: str) -> str:
        """The address of a list, which looks for "…" in their place: for nobody, rather than for everybody."""
        if "=" not in query:
            return query
        mark = "?" if query.startswith("?") else ""
        asked = QueryDict(query.removeprefix("?"), mutable=True)
        left = QueryDict(mutable=True)
        for name, values in asked.lists():
            left.setlist(name, [self.taken_from(each, searched=name == "q") for each in values])
        return query if left == asked else mark + left.urlencode()


def bounded(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Any of them, however it is spelt, but not as a part of a longer name."""
    either = "|".join(patterns)
    return re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)", re.IGNORECASE) if either else None


def names_of(contact: Contact) -> Names:
    """What leads to the contact or once did: what it has, what stands in its history, what was merged into it.

    A former name that another contact bears is that one's.
    """
    found: dict[str, set[str]] = {kind: set() for kind in NAMED}
    told = HistoryEntry.objects.filter(contact=contact, kind__in=TELLING).order_by()
    for row in told.values_list(*(f"detail__fields__{kind}" for kind in NAMED)):
        for kind, pair in zip(NAMED, row, strict=True):
            found[kind].update(value for value in pair or () if value)
    for kind, values in found.items():
        values.discard(getattr(contact, kind))
        if values:
            others = Contact.objects.filter(**{f"{kind}__in": values}).exclude(pk=contact.pk)
            values.difference_update(others.values_list(kind, flat=True))
        if own := getattr(contact, kind):
            values.add(own)
    for kind, value in ContactAlias.objects.filter(contact=contact, kind__in=NAMED).values_list("kind", "value"):
        found[kind].add(value)
    return Names(*(frozenset(found[kind]) for kind in NAMED))


def scrub_views(names: Names) -> None:
    """Saved views narrow by none of them any more."""
    for view in SavedView.objects.select_for_update(no_key=True).filter(query__contains="=").order_by("pk"):
        left = names.narrowing(view.query)
        if left != view.query:
            SavedView.objects.filter(pk=view.pk).update(query=left, revision=F("revision") + 1)


def scrub_writes(contact: Contact) -> None:
    """What stood there before actions changed it: nobody is told of this contact any more, under no number it had."""
    numbers = BitMap([contact.pk, *called_before(contact)])
    rows = LabelWrite.objects.filter(before__isnull=False, first__lte=numbers.max(), last__gte=numbers.min())
    found = [
        pk
        for pk, packed in rows.values_list("pk", "contacts").iterator(chunk_size=100)
        if BitMap.deserialize(bytes(packed)) & numbers
    ]
    for write in LabelWrite.objects.select_for_update(no_key=True).filter(pk__in=found).order_by("pk"):
        before = json.loads(zlib.decompress(bytes(write.before or b"")))
        left = [row for row in before if row["contact_id"] not in numbers]
        LabelWrite.objects.filter(pk=write.pk).update(before=zlib.compress(json.dumps(left).encode(), 1))
