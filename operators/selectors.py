"""What operators are shown: areas, accounts, the log. Of an account no more than its name, hosts, language and age."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Account, Domain
from rollout.areas import Area
from rollout.models import Change
from rollout.selectors import all_settings, areas
from rollout.settings import Setting


@dataclass(frozen=True)
class AreaRow:
    """An area with whom it is open to."""

    area: Area
    setting: Setting
    open_to: int
    accounts: int
    last: Change | None


def area_rows() -> list[AreaRow]:
    """All areas, three queries whatever their number."""
    settings = all_settings()
    schemas = list(accounts_there().values_list("schema_name", flat=True))
    last = {line.area: line for line in Change.objects.order_by("area", "-pk").distinct("area")}
    rows = []
    for area in areas():
        setting = settings.get(area.key, Setting())
        number = sum(setting.admits(area.key, schema) for schema in schemas)
        rows.append(AreaRow(area, setting, number, len(schemas), last.get(area.key)))
    return rows


def accounts_there() -> QuerySet[Account]:
    return Account.objects.exclude(schema_name="public").order_by("schema_name")


def accounts_found(text: str) -> QuerySet[Account]:
    """Those whose name or host has the text in it, their hosts with them, the main one first."""
    hosts = Prefetch("domains", queryset=Domain.objects.order_by("-is_primary", "domain"))
    rows = accounts_there().prefetch_related(hosts)
    if text:
        of_host = Domain.objects.filter(domain__icontains=text).values("tenant_id")
        rows = rows.filter(Q(schema_name__icontains=text) | Q(name__icontains=text) | Q(pk__in=of_host))
    return rows


def closed_in(account: Account, settings: Mapping[str, Setting]) -> list[Area]:
    """The areas that are closed to the account."""
    return [area for area in areas() if not settings.get(area.key, Setting()).admits(area.key, account.schema_name)]


def log_of(key: str = "") -> QuerySet[Change]:
    """The log, the latest first; of one area or of all."""
    return Change.objects.filter(area=key) if key else Change.objects.all()
