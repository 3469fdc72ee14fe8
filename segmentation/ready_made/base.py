"""What a starting point is, and how it is fitted to an account."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import AttributeType, Channel
from segmentation.criteria.catalog import Catalog
from segmentation.parts.base import Tree, Values

BLANK = "\ue000"  # of Unicode's private use: nobody's brand
BIRTHDAY, BY_EMAIL, BY_TEXT = "\ue001", "\ue002", "\ue003"  # what accounts call differently, see `HOLES`
BORN = ("birthday", "birthdate", "birth_date", "date_of_birth", "dateofbirth", "born", "dob", "urodziny")
BORN_PARTS = ("birth", "urodz")


@dataclass(frozen=True)
class Template:
    """A starting point. `needs`: what only the account knows, left blank in its criteria.

    `criteria` are written for any account: where one says what it calls its birthdays or its consent to e-mails they
    hold a mark, which `fitted` replaces.
    """

    key: str
    name: str | Promise
    help: str | Promise
    icon: str
    criteria: Tree
    needs: tuple[str | Promise, ...] = ()

    @property
    def blanks(self) -> int:
        """How many values only the account knows."""
        return str(self.criteria).count(repr(BLANK))

    def fitted(self, catalog: Catalog) -> "Template":
        """The starting point for one account: marks replaced, or left blank where it has no such thing."""
        text = str(self.criteria)
        criteria, needs = self.criteria, list(self.needs)
        for mark, (find, missing) in HOLES.items():
            if repr(mark) in text:
                key = find(catalog)
                criteria = filled(criteria, mark, key or BLANK)
                if not key:
                    needs.append(missing)
        return replace(self, criteria=criteria, needs=tuple(needs)) if criteria is not self.criteria else self


@dataclass(frozen=True)
class TemplateGroup:
    """Starting points about one thing."""

    key: str
    name: str | Promise
    templates: tuple[Template, ...]


def filled(tree: Any, mark: str, value: str) -> Any:
    """The criteria with every `mark` replaced."""
    if isinstance(tree, dict):
        return {key: filled(one, mark, value) for key, one in tree.items()}
    if isinstance(tree, list):
        return [filled(one, mark, value) for one in tree]
    return value if tree == mark else tree


def birthday_in(catalog: Catalog) -> str | None:
    """The key of the attribute that holds birthdays, by its name; no other date is taken for one."""
    dated = (AttributeType.DATE, AttributeType.DATETIME)
    keys = [key for key, attribute in catalog.attributes.items() if attribute.type in dated]
    return first(key for key in keys if key.casefold() in BORN) or first(
        key for key in keys if any(part in key.casefold() for part in BORN_PARTS)
    )


def consent_by(channel: str) -> Callable[[Catalog], str | None]:
    """Finds the account's first consent to be written to by a channel."""

    def find(catalog: Catalog) -> str | None:
        return first(key for key, consent in catalog.consents.items() if consent.channel == channel)

    return find


def first(found: Iterable[str]) -> str | None:
    return next(iter(found), None)


HOLES: dict[str, tuple[Callable[[Catalog], str | None], Promise]] = {
    BIRTHDAY: (birthday_in, _("an attribute with the date of birth")),
    BY_EMAIL: (consent_by(Channel.EMAIL), _("a consent to e-mails")),
    BY_TEXT: (consent_by(Channel.SMS), _("a consent to text messages")),
}


def emptied(values: Values) -> tuple[Values, list[str]]:
    """What stands in the fields of a criterion with its blanks empty, and which fields those are."""
    blank = [name for name, texts in values.items() if any(BLANK in text for text in texts)]
    return {name: [""] if name in blank else texts for name, texts in values.items()}, blank
