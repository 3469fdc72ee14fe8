"""A contact's history in sentences, in the reader's language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from config.templatetags.numbers import number as number_text
from contacts.attributes import value_text
from contacts.models import Attribute, ConsentState, Contact, EntryKind, HistoryEntry, Status

ICONS = {
    EntryKind.CREATED: "user-plus",
    EntryKind.CHANGED: "pencil",
    EntryKind.CATEGORY_ADDED: "folder-plus",
    EntryKind.CATEGORY_REMOVED: "folder-minus",
    EntryKind.TAG_ADDED: "tag",
    EntryKind.TAG_REMOVED: "tag",
    EntryKind.CONSENT_GIVEN: "check",
    EntryKind.CONSENT_WITHDRAWN: "x",
    EntryKind.CONSENT_RESTORED: "undo-2",
    EntryKind.MERGED: "merge",
    EntryKind.HANDED_OVER: "download",
}

PARTS = {
    "details": (EntryKind.CREATED, EntryKind.CHANGED, EntryKind.MERGED, EntryKind.HANDED_OVER),
    "labels": (
        EntryKind.TAG_ADDED,
        EntryKind.TAG_REMOVED,
        EntryKind.CATEGORY_ADDED,
        EntryKind.CATEGORY_REMOVED,
    ),
    "consents": (EntryKind.CONSENT_GIVEN, EntryKind.CONSENT_WITHDRAWN, EntryKind.CONSENT_RESTORED),
}
OWN_FIELDS = ("email", "phone", "first_name", "last_name", "external_id", "status", "lead_score", "source")


@dataclass(frozen=True)
class Change:
    """One field: what it was and what it became; "" is nothing."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Line:
    """One entry, ready to show."""

    at: datetime
    by: str
    icon: str
    sentence: str
    changes: list[Change]


def parts() -> list[tuple[str, str]]:
    """What the history can be narrowed to, with its name; "" is all of it."""
    return [
        ("", pgettext("history entries", "All")),
        ("details", _("Details")),
        ("labels", _("Tags and categories")),
        ("consents", _("Consents")),
    ]


def entries(contact: Contact, *, part: str = "") -> QuerySet[HistoryEntry]:
    """Newest first; `part`: of these kinds alone."""
    found = HistoryEntry.objects.filter(contact=contact).order_by("-at", "-id")
    return found.filter(kind__in=PARTS[part]) if part in PARTS else found


def counts(contact: Contact) -> dict[str, int]:
    """How many entries each part has. One query."""
    rows = HistoryEntry.objects.filter(contact=contact).order_by().values_list("kind").annotate(n=Count("pk"))
    by_kind = dict(rows)
    found = {part: sum(by_kind.get(kind, 0) for kind in kinds) for part, kinds in PARTS.items()}
    return {"": sum(by_kind.values()), **found}


class Page(Paginator):
    """Pages of entries whose number is known."""

    def __init__(self, entries: QuerySet[HistoryEntry], count: int, *, per_page: int) -> None:
        super().__init__(entries, per_page)
        self.count = count


def lines(history: Iterable[HistoryEntry], *, definitions: Iterable[Attribute]) -> list[Line]:
    """The entries in words. Attributes are named as they are named now; those gone by their key."""
    attributes = {attribute.key: attribute for attribute in definitions}
    return [
        Line(entry.at, entry.by, ICONS[EntryKind(entry.kind)], sentence(entry), changes(entry, attributes))
        for entry in history
    ]


def sentence(entry: HistoryEntry) -> str:
    """What happened."""
    names = {"name": entry.label}
    match EntryKind(entry.kind):
        case EntryKind.CREATED:
            return _("Contact created")
        case EntryKind.CHANGED:
            return _("Details changed")
        case EntryKind.MERGED:
            return _("Merged with %(name)s") % names
        case EntryKind.HANDED_OVER:
            return _("All data downloaded, to be handed over")
        case EntryKind.TAG_ADDED:
            return _("Tag “%(name)s” added") % names
        case EntryKind.TAG_REMOVED:
            return _("Tag “%(name)s” removed") % names
        case EntryKind.CATEGORY_ADDED | EntryKind.CATEGORY_REMOVED:
            return category_sentence(entry) % names
        case EntryKind.CONSENT_GIVEN | EntryKind.CONSENT_WITHDRAWN | EntryKind.CONSENT_RESTORED:
            return consent_sentence(entry) % consent_words(entry)


def category_sentence(entry: HistoryEntry) -> str:
    """Put in or taken out, by somebody or because an action was undone."""
    added = entry.kind == EntryKind.CATEGORY_ADDED
    if entry.detail.get("undo"):
        if added:
            return _("Category “%(name)s” added again: an action was undone")
        return _("Category “%(name)s” removed again: an action was undone")
    return _("Category “%(name)s” added") if added else _("Category “%(name)s” removed")


def consent_sentence(entry: HistoryEntry) -> str:
    """Given, withdrawn, or what it is again after an action was undone."""
    match entry.kind, entry.detail.get("state"):
        case EntryKind.CONSENT_GIVEN, _state:
            return _("Consent “%(name)s” given: %(source)s, wording version %(version)s")
        case EntryKind.CONSENT_WITHDRAWN, _state:
            return _("Consent “%(name)s” withdrawn: %(source)s")
        case _kind, "given":
            return _(
                "Consent “%(name)s” is given again (%(source)s, wording version %(version)s): an action was undone"
            )
        case _kind, "withdrawn":
            return _("Consent “%(name)s” is withdrawn again (%(source)s): an action was undone")
        case _:
            return _("Consent “%(name)s” is unknown again: an action was undone")


def consent_words(entry: HistoryEntry) -> dict[str, Any]:
    polish = (get_language() or "").startswith("pl")
    return {
        "name": (polish and entry.detail.get("pl")) or entry.label,
        "source": entry.detail.get("source", ""),
        "version": entry.detail.get("wording_version", ""),
    }


def changes(entry: HistoryEntry, attributes: dict[str, Attribute]) -> list[Change]:
    """The fields that an entry speaks of, in the order of the page, with values as their types are said."""
    fields = entry.detail.get("fields", {})
    order = [*OWN_FIELDS, *(f"attributes.{key}" for key in attributes)]
    names = [name for name in order if name in fields]
    names += [name for name in fields if name not in names]
    told = [
        Change(label_of(name, attributes), *(said(name, value, attributes) for value in fields[name])) for name in names
    ]
    return told + moved(entry.detail.get("moved", {}))


def moved(detail: dict[str, Any]) -> list[Change]:
    """What a contact got from those that were merged into it."""
    polish = (get_language() or "").startswith("pl")
    names = {"activities": _("Activities"), "visits": _("Visits"), "orders": _("Orders")}
    told = [Change(label, "", number_text(detail[name])) for name, label in names.items() if name in detail]
    for name, label in (("tags", _("Tags")), ("categories", _("Categories"))):
        told += [Change(label, "", ", ".join(detail[name]))] if detail.get(name) else []
    for each in detail.get("consents", []):
        state = ConsentState(each["state"]).label
        told.append(Change(each["pl"] if polish else each["en"], "", str(state)))
    return told


def label_of(name: str, attributes: dict[str, Attribute]) -> str:
    key = name.removeprefix("attributes.")
    if key != name:
        return attributes[key].name if key in attributes else key
    return str(capfirst(str(getattr(Contact, name).field.verbose_name)))


def said(name: str, value: Any, attributes: dict[str, Attribute]) -> str:
    key = name.removeprefix("attributes.")
    if key != name and key in attributes:
        return value_text(attributes[key].type, value)
    if name == "status" and value in Status.values:
        return str(Status(value).label)
    if name == "lead_score" and value is not None:
        return number_text(value)
    return value_text("", value)
