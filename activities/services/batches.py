"""Reading the items of a batch, whatever their kind."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from activities.services.errors import Complaints
from activities.services.people import named
from activities.services.values import address, required, text
from activities.sources import LONGEST_UTM, UTM, source_of
from contacts.normalising import quoted

MOST_ITEMS = 10_000
Fields = Mapping[str, Callable[[Any], Any]]
Complain = Callable[[str, ValidationError], None]

SOURCE: Fields = {
    "landing_url": address,
    "referrer": address,
    **dict.fromkeys(UTM, partial(text, longest=LONGEST_UTM)),
}
CONTACT = required(named)


def read_batch(items: Any, fields: Fields, needed: Collection[str], complaints: Complaints) -> list[dict[str, Any]]:
    """Every item cleaned; what is wrong goes to `complaints`, and is not in the item. None is left out.

    Raises: BatchError when it is no list of a fair length.
    """
    if not isinstance(items, list | tuple):
        complaints.add(None, "", _("Give a list of items."), "not_list")
    elif len(items) > MOST_ITEMS:
        problem = _("At most %(most)s items at once; these are %(given)s.") % {"most": MOST_ITEMS, "given": len(items)}
        complaints.add(None, "", problem, "too_many")
    complaints.finish()
    return [read_one(item, fields, needed, partial(complaints.add, number)) for number, item in enumerate(items)]


def read_one(item: Any, fields: Fields, needed: Collection[str], complain: Complain) -> dict[str, Any]:
    """One item, or a line of one, cleaned."""
    if not isinstance(item, dict):
        complain("", ValidationError(_("Give an object."), code="not_object"))
        return {}
    values = {}
    for name, raw in item.items():
        clean = fields.get(name)
        if clean is None:
            complain(quoted(name), ValidationError(_("There is no such field."), code="unknown"))
        elif raw is not None:
            try:
                values[name] = clean(raw)
            except ValidationError as error:
                complain(name, error)
    for name in needed:
        if item.get(name) is None:
            complain(name, ValidationError(_("This field is required."), code="required"))
    return values


def source_row(item: Mapping[str, Any]) -> tuple[str, ...]:
    """What the columns of `Sourced` hold, in their order: the channel by the one rule, and the raw values."""
    given = {name: item[name] for name in UTM if item.get(name)}
    landing, referrer = item.get("landing_url", ""), item.get("referrer", "")
    source = source_of(landing, referrer, given)
    return source.channel, *(getattr(source, name) for name in UTM), referrer, landing
