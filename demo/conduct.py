"""How much each contact does: a few do most, some nothing. A row for each contact, some 30 bytes, is kept."""

from dataclasses import dataclass

import numpy as np

from demo.calendar import DAY_S, YEARS
from demo.customers import Customers

SILENT = 0.12  # never do anything
MOST = 40  # times the mean is the most that one contact does
# In the order of demo.shop.KINDS: four of regular customers, three of occasional ones, three of possible ones.
VISITS_OF_KIND = np.array([1.6, 1.5, 1.9, 1.7, 0.8, 0.9, 0.7, 0.6, 0.8, 0.7])
ORDERS_OF_KIND = np.array([1.9, 1.7, 2.6, 1.6, 0.6, 0.9, 0.7, 0.03, 0.05, 0.03])
# How long they stay: some only at the beginning, most all the time, some more and more. Chances, and the exponent
# that pulls what they do towards their coming or towards now.
STAYING = np.array([0.38, 0.40, 0.22])
PULL = np.array([3.2, 1.0, 0.55])
PAUSE = np.array([5.0, 1.2, 0.35])  # since the last order, in gaps between orders


@dataclass(frozen=True)
class Traits:
    """Contacts in the order of their ids, as columns."""

    created: np.ndarray  # seconds since 1970
    ready: np.ndarray  # since when they may be written to
    left: np.ndarray  # when they unsubscribed or their address was found dead; 0: never
    bounced: np.ndarray
    kind: np.ndarray
    mail: np.ndarray  # may be written to, or might until they left
    sms: np.ndarray

    @property
    def size(self) -> int:
        return len(self.created)


def traits(chunk: Customers) -> Traits:
    """What of a chunk of customers is kept."""
    has_mail = np.array([email is not None for email in chunk.email])
    pending = np.array([status == "pending" for status in chunk.status])
    mail = (chunk.answers[0] == 1) | ((chunk.answers[0] == 2) & (chunk.left > 0))
    return Traits(
        created=chunk.created,
        ready=np.maximum(chunk.created, chunk.confirmed),
        left=chunk.left,
        bounced=np.array([status == "bounced" for status in chunk.status]),
        kind=chunk.kind.astype(np.int8),
        mail=mail & has_mail & ~pending,
        sms=(chunk.answers[1] == 1) & np.array([phone is not None for phone in chunk.phone]),
    )


def joined(chunks: list[Traits]) -> Traits:
    names = Traits.__dataclass_fields__
    return Traits(**{name: np.concatenate([getattr(each, name) for each in chunks]) for name in names})


@dataclass(frozen=True)
class Numbers:
    """How much each contact does."""

    visits: np.ndarray
    orders: np.ndarray
    ordered_there: np.ndarray  # how many of both go together: orders made in a visit
    staying: np.ndarray  # place in STAYING
    opening: np.ndarray  # chance to open an e-mail

    def row_count(self, per_visit: float) -> np.ndarray:
        """About as many rows as each contact makes."""
        return self.visits * per_visit + self.orders * 3


def numbers(rng: np.random.Generator, people: Traits, *, visits: int, orders: int, now: int) -> Numbers:
    """Exactly as many visits and orders in all, unless nobody came early enough to make them."""
    size = people.size
    able = (rng.random(size) > SILENT) & (people.created < now - DAY_S // 4)
    life = np.maximum(now - people.created, 0) / (YEARS * 365 * DAY_S)
    love = rng.lognormal(0, 1.05, size)
    buying = able * love**0.8 * rng.lognormal(0, 0.7, size) * ORDERS_OF_KIND[people.kind] * life**0.7
    looking = able * love * rng.lognormal(0, 0.6, size) * VISITS_OF_KIND[people.kind] * life**0.6
    ordered = shared(rng, capped(buying), orders)
    there = np.minimum(ordered, shared(rng, ordered.astype(float), min(orders, visits * 2 // 3)))
    staying = rng.choice(len(STAYING), size=size, p=STAYING).astype(np.int8)
    eager = np.clip(0.16 + 0.10 * np.log(love + 0.2), 0.02, 0.75) * rng.beta(4, 2, size) * 1.6
    return Numbers(
        visits=there + shared(rng, capped(looking), visits - int(there.sum())),
        orders=ordered,
        ordered_there=there,
        staying=staying,
        opening=np.where(able, np.minimum(eager, 0.9), 0).astype(np.float32),
    )


def capped(weights: np.ndarray) -> np.ndarray:
    return np.minimum(weights, MOST * weights.mean())


def shared(rng: np.random.Generator, weights: np.ndarray, total: int) -> np.ndarray:
    """`total` things among contacts: each gets its share, rounded up or down by chance. Exact in the sum.

    Shape: int32 array, as `weights`; zeros if all weights are.
    """
    until = np.cumsum(weights, dtype=np.float64)
    if not len(until) or until[-1] <= 0:
        return np.zeros(len(weights), dtype=np.int32)
    marks = np.floor(until / until[-1] * total + rng.random())
    marks[until == until[-1]] = total  # whatever the fraction that rounding began with
    return np.diff(np.minimum(marks, total), prepend=0).astype(np.int32)
