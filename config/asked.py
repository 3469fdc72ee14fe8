"""What the address of a list asks for beyond its filters: an order, a page. Broken means refused, never passed over."""

from collections.abc import Container, Iterable

from django.http import QueryDict
from django.utils.translation import gettext as _

OF_ANY_LIST = frozenset({"sort", "page"})


def page_number(query: QueryDict) -> int | None:
    """The page asked for, the first where none is; None is no page number."""
    text = query.get("page") or "1"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0 else None


def problems_in(
    query: QueryDict, *, names: Iterable[str] = (), texts: Iterable[str] = (), sorts: Container[str] = ()
) -> list[str]:
    """What is wrong with the address, in sentences.

    `names` are the parameters that a form judges, `texts` those that none does, `sorts` the known orders.
    """
    known = OF_ANY_LIST.union(names, texts)
    problems = []
    for name, values in query.lists():
        if name not in known:
            problems.append(_("There is no filter “%(name)s”.") % {"name": name[:60]})
        elif len(values) > 1:
            problems.append(_("“%(name)s” is given more than once.") % {"name": name[:60]})
    if any("\x00" in query.get(name, "") for name in texts):
        problems.append(_("Null characters are not allowed."))
    sort = query.get("sort")
    if sort and sort.removeprefix("-") not in sorts:
        problems.append(_("There is no order “%(name)s”.") % {"name": sort[:60]})
    if page_number(query) is None:
        problems.append(_("There is no page “%(name)s”.") % {"name": query["page"][:20]})
    return problems
