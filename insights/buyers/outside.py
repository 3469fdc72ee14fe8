"""Orders that do not count, or not as one might think: said beside the numbers, so that they are believed."""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

from activities.models import OrderStatus
from insights.buyers.counting import NOBODY, Some
from insights.statistics.sets import Sets
from mirror.kinds import MONEY, ORDER
from mirror.reading import Rows
from segmentation.criteria import Context


@dataclass(frozen=True)
class Foreign:
    """Orders that were paid in another currency and count with what they came to in the account's."""

    currency: str
    orders: int
    units: int

    @property
    def revenue(self) -> Decimal:
        return Decimal(self.units) / MONEY


@dataclass(frozen=True)
class Outside:
    """Orders of the contacts that the reader sees: cancelled and refunded ones, those dated ahead, foreign ones."""

    cancelled: Some = NOBODY
    refunded: Some = NOBODY
    ahead: Some = NOBODY  # which would count, once their time has come
    foreign: tuple[Foreign, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.cancelled.orders or self.refunded.orders or self.ahead.orders or self.foreign)


def outside(context: Context) -> Outside:
    """Of the contacts that are seen in the context. One statement, over all orders."""
    sets = Sets(context.everyone, context.everyone)
    columns = tuple(ORDER.column(name) for name in ("counted", "status", "currency", "total"))
    own = f"get_bit(?::BLOB::BIT, {sets.id}) = 1"
    query = (
        "SELECT why, currency, count(*) AS n, sum(total)::VARCHAR AS units FROM ("  # noqa: S608 - constants
        " SELECT CASE WHEN NOT counted THEN status WHEN moment > ? THEN 'ahead' ELSE '' END AS why, currency, total"
        f" FROM {{rows}} WHERE (NOT counted OR moment > ? OR currency <> ?) AND {own}"
        ") GROUP BY ALL ORDER BY n DESC, currency"
    )
    at = context.present.astimezone(UTC).replace(tzinfo=None)
    read = context.reader.select(Rows(ORDER, columns), query, [at, at, context.catalog.currency, sets.base_bits])
    found: dict[str, Some] = {}
    foreign = []
    for why, currency, n, units in zip(*(read[name] for name in ("why", "currency", "n", "units")), strict=True):
        if why:
            found[str(why)] = found.get(str(why), NOBODY) + Some(0, int(n), int(units))
        else:
            foreign.append(Foreign(str(currency), int(n), int(units)))
    return Outside(
        found.get(OrderStatus.CANCELLED.value, NOBODY),
        found.get(OrderStatus.REFUNDED.value, NOBODY),
        found.get("ahead", NOBODY),
        tuple(foreign),
    )
