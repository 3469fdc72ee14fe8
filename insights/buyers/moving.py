"""Movement between the groups over 30 days, as a table of who went from where to where."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from config.charts import Heat, HeatMap, HeatRow, fifths, heat
from config.templatetags.numbers import number
from config.templatetags.times import day_text
from insights.buyers.parts import NONE
from insights.buyers.taking import Taken
from insights.buyers.telling import in_order, links
from segmentation.criteria.buyers import GROUPS
from segmentation.parts.buyers import GROUP_NAMES


def changed(of: Taken) -> int:
    """How many were in another group then."""
    return sum(count for then, row in enumerate(of.ranked.moved[:-1]) for now, count in enumerate(row) if now != then)


def stayed(of: Taken) -> int:
    return sum(of.ranked.moved[group][group] for group in range(len(GROUPS)))


def came(of: Taken) -> int:
    """How many had no order then."""
    return sum(of.ranked.moved[-1])


def table(of: Taken, *, today: date) -> HeatMap:
    """Rows are groups then, columns groups now."""
    names = [str(GROUP_NAMES[GROUPS[place]]) for place in in_order()]
    then, moved = of.then.isoformat(), of.ranked.moved
    top = max((count for at, row in enumerate(moved) for now, count in enumerate(row) if now != at), default=0)
    rows = []
    for place in (*in_order(), len(GROUPS)):
        name = GROUPS[place] if place < len(GROUPS) else NONE
        label = str(GROUP_NAMES[name]) if name != NONE else _("No order then")
        cells = []
        for now in in_order():
            count, same = moved[place][now], place == now
            link = links(f"moved~{name}~{GROUPS[now]}~{then}", count, today=today)
            title = f"{label} → {GROUP_NAMES[GROUPS[now]]}"
            stay = pgettext("buyers in a group", "stayed") if same and count else ""
            cells.append(Heat(number(count), 0 if same else heat(count, top), stay, link.url, title))
        whole = sum(moved[place])
        url = links(f"then~{name}~{then}", whole, today=today).url if name != NONE else ""
        under = ngettext("%(number)s contact", "%(number)s contacts", whole) % {"number": number(whole)}
        rows.append(HeatRow(label, cells, under, url))
    totals = [(GROUPS[now], of.ranked.now(now)) for now in in_order()]
    own = [Heat(number(count), 0, "", links(f"group~{name}", count, today=today).url) for name, count in totals]
    everybody = of.ranked.everybody.buyers
    under = ngettext("%(number)s contact", "%(number)s contacts", everybody) % {"number": number(everybody)}
    rows.append(HeatRow(_("Now"), own, under, links("all", everybody, today=today).url))
    return HeatMap(
        _("Buyers by their group at the end of %(day)s, and by their group now")
        % {"day": day_text(of.then, now=of.at)},
        _("Then, and now →"),
        names,
        rows,
        [_("nobody"), *map(span, fifths(top))] if top else (),
    )


def span(ends: tuple[int, int]) -> str:
    low, high = ends
    if low >= high:
        return number(low) if low == high else ""
    return f"{number(low)}\N{EN DASH}{number(high)}"
