"""Whether an area is open to an account, without a query of its own on a page.

What all areas are set to is read once and kept by the process under the stamp of the log's last line. Each request
learns that stamp in the query that finds its account (`rollout.middleware.AccountMiddleware`), so that a change holds
everywhere from the next request on; elsewhere (workers, commands) the stamp is asked for, one row by its index.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from django.db import connection
from django.db.models.expressions import RawSQL

from rollout.areas import AREAS, Area, area_of_page
from rollout.models import AreaFlag, Change
from rollout.settings import Mode, Setting

NONE_YET = ""  # the stamp before the first change
KEPT = 4  # states by stamp; more than one only while a change spreads
_kept: OrderedDict[str, Mapping[str, Setting]] = OrderedDict()
_lock = Lock()


class Named(Protocol):
    """An account, or what stands for it on a connection."""

    schema_name: str


def last_stamp() -> str:
    """The stamp of the log's last line."""
    found = Change.objects.order_by("-pk").values_list("stamp", flat=True).first()
    return str(found) if found is not None else NONE_YET


# The same, inside another query. Written out: putting it together would cost each request 0.3 ms, this costs 0.03.
STAMP = RawSQL("(SELECT stamp::text FROM public.rollout_change ORDER BY id DESC LIMIT 1)", ())


def settings_at(stamp: str) -> Mapping[str, Setting]:
    """What areas are set to. Read by one query, so that no two of them are of different moments."""
    with _lock:
        if stamp in _kept:
            return _kept[stamp]
    found = {flag.name: setting_of(flag) for flag in AreaFlag.objects.all()}
    with _lock:
        _kept[stamp] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def setting_of(flag: AreaFlag) -> Setting:
    modes = {True: Mode.EVERYBODY, False: Mode.NOBODY, None: Mode.SOME}
    return Setting(modes[flag.everyone], flag.percent or Setting.share, frozenset(flag.named), frozenset(flag.left_out))


def all_settings(account: Any = None) -> Mapping[str, Setting]:
    """As of now; for the account of a request, as of its beginning."""
    stamp = getattr(account, "rollout_stamp", None)
    return settings_at(last_stamp() if stamp is None else stamp)


def is_open(key: str, account: Named) -> bool:
    """Whether the area is open to the account. What is no area (a later version's, say) is closed to everybody."""
    if key not in AREAS:
        return False
    setting = all_settings(account).get(key)
    return setting is None or setting.admits(key, account.schema_name)


def is_open_here(key: str) -> bool:
    """The same for the account that the connection is in."""
    return is_open(key, connection.tenant)  # type: ignore[attr-defined]


def last_line() -> int:
    """The log's last line; 0 before the first."""
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@dataclass(frozen=True)
class Since:
    """Whether an area was closed to an account at any moment since a line of the log, however shortly.

    lines: those that set the area, in their order, and whether it was open to the account from each on.
    """

    lines: Sequence[tuple[int, bool]]

    def closed_since(self, line: int) -> bool:
        """Also if it was closed as that line was the last."""
        held = [is_open for pk, is_open in self.lines if pk <= line][-1:]
        return not all((*held, *(is_open for pk, is_open in self.lines if pk > line)))


def history_of(key: str, account: Named) -> Since:
    """What the log tells of the area and the account. One query."""
    kept = Change.objects.filter(area=key).order_by("pk").values_list("pk", "after")
    return Since([(pk, Setting.from_json(after).admits(key, account.schema_name)) for pk, after in kept])


def page_is_open(url_name: str, account: Named) -> bool:
    """Whether the page of this name may be opened in the account."""
    key = area_of_page(url_name)
    return not key or is_open(key, account)


def areas() -> list[Area]:
    """All of them, by name."""
    return sorted(AREAS.values(), key=lambda area: str(area.name).lower())
