"""The contacts behind a number of buyers, for the contact manager: `?buyers=group~loyal` (`parts`).

The list is found when it is opened: as long as no order has changed, it has exactly the contacts that were counted.
"""

import numpy as np
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from config.requests import Request, today
from contacts.id_sets import id_set
from contacts.sight import as_seen
from insights.buyers.counting import NO_ORDER, groups_then
from insights.buyers.parts import Moved, NoSuchPartError, part_of, words_of
from segmentation.contact_sets import People, linked, set_filter, size_text
from segmentation.criteria import Context, parse
from segmentation.criteria.buyers import all_buyers
from segmentation.criteria.times import end_of
from segmentation.engine import evaluate, snapshot

NAME = "buyers"


def people(request: Request, text: str) -> People:
    """Raises: ValidationError."""
    now = request.now
    try:
        part = part_of(text, today=today(request))
    except NoSuchPartError:
        raise ValidationError(_("There is no such group of buyers.")) from None
    with snapshot():
        context = Context(**as_seen(request))
        if part.criteria is not None:
            ids = evaluate(parse(part.criteria), context=context).members
        else:
            assert part.moved is not None  # noqa: S101 - it is one or the other
            ids = moved(part.moved, context) & context.everyone
    title = words_of(text, part, now=now)
    page = "insights:spenders" if text.startswith(("band~", "kind~")) else "insights:buyers"
    note = format_html("{}: {}. {}", linked(reverse(page), _("Buyers")), title, size_text(ids, now, now=now))
    return People(ids, title, note, part.criteria)


def moved(asked: Moved, context: Context) -> BitMap:
    """Whoever was in a group at the end of a day, or had no order then, and is in another one now; of all contacts."""
    now, then = all_buyers(context), all_buyers(context, end=end_of(asked.since, context.zone))
    before = groups_then(now, then) == (NO_ORDER if asked.before is None else asked.before)
    chosen = before if asked.after is None else np.logical_and(before, now.group == asked.after)
    return id_set(now.ids[chosen])


FILTERS = [set_filter(NAME, people, label=gettext_lazy("Buyers"))]
