"""What was done to groups, in sentences, in the reader's language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from permissions.models import ChangeKind, GroupChange

ICONS = {ChangeKind.CREATED: "plus", ChangeKind.CHANGED: "pencil", ChangeKind.DELETED: "trash-2"}


@dataclass(frozen=True)
class Line:
    """One change, ready to show."""

    at: datetime
    by: str
    icon: str
    title: str
    sentences: list[str]


def lines(changes: Iterable[GroupChange]) -> list[Line]:
    return [
        Line(change.at, change.by, ICONS[ChangeKind(change.kind)], title_of(change), sentences_of(change))
        for change in changes
    ]


def title_of(change: GroupChange) -> str:
    match ChangeKind(change.kind):
        case ChangeKind.CREATED:
            text = _("The group “%(name)s” was created.")
        case ChangeKind.CHANGED:
            text = _("The group “%(name)s” was changed.")
        case ChangeKind.DELETED:
            text = _("The group “%(name)s” was deleted.")
    return text % {"name": change.name}


def sentences_of(change: GroupChange) -> list[str]:
    """What changed; a part that an entry does not have is not spoken of."""
    detail = change.detail
    texts = {
        "users_in": _("Users put in: %(names)s"),
        "users_out": _("Users taken out: %(names)s"),
        "categories_in": _("Categories added: %(names)s"),
        "categories_out": _("Categories taken off: %(names)s"),
        "freed": _("See every contact from then on: %(names)s"),
    }
    old, new = detail.get("name", ("", ""))
    said = [_("Name: %(old)s → %(new)s") % {"old": old, "new": new}] if new else []
    return said + [text % {"names": "; ".join(detail[part])} for part, text in texts.items() if part in detail]
