"""Visits with what is done in them, and orders: drawn for some contacts at a time, each column an array."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from demo.calendar import Evenings
from demo.catalogue import (
    ACCESSORIES,
    CONTACTS,
    FLUIDS,
    FORMS,
    FRAMES,
    GROUP_OF,
    GROUPS,
    LENSES,
    LOGINS,
    PAGES,
    SIZES,
    STARTS,
    SUN,
    favourite,
    popular,
)
from demo.conduct import PAUSE, PULL, Numbers, Traits, shared
from demo.parameters import CART_PAGE, CARTED, PAGE_CHANCES, SEARCH_CHANCES, THANKS_PAGE
from demo.sources import CHANCES, WAYS, Sources

SESSION_S = 5400  # the longest
BEFORE_S = 7200  # no visit begins later, so that every one has ended by now
IN_ORDER = 5  # activities at least of a visit in which something is ordered
TYPES = ("page_view", "product_view", "add_to_cart", "search", "login", "form_submit")
PAGE, VIEW, CART, SEARCH, LOGIN, FORM = range(len(TYPES))
CHANCES_OF_TYPES = np.array([0.57, 0.315, 0.045, 0.045, 0.02, 0.005])
# What customers of each of demo.shop.KINDS buy and look at, in the order of GROUPS.
USUAL = (0.30, 0.20, 0.12, 0.20, 0.06, 0.12)
WANTS = np.array([
    (0.25, 0.15, 0.20, 0.20, 0.10, 0.10), (0.42, 0.12, 0.02, 0.34, 0.00, 0.10), (0.03, 0.07, 0.58, 0.02, 0.26, 0.04),
    (0.26, 0.10, 0.02, 0.52, 0.00, 0.10), USUAL, (0.08, 0.72, 0.03, 0.05, 0.02, 0.10),
    (0.05, 0.12, 0.08, 0.03, 0.17, 0.55), USUAL, USUAL, USUAL,
])  # fmt: skip
# What goes with what, and how often; else an accessory.
WITH = {CONTACTS: (FLUIDS, 0.72), FRAMES: (LENSES, 0.62), LENSES: (FRAMES, 0.35), SUN: (ACCESSORIES, 1.0)}
COMPANION = np.array([WITH.get(group, (ACCESSORIES, 1.0))[0] for group in range(len(GROUPS))])
TOGETHER = np.array([WITH.get(group, (ACCESSORIES, 1.0))[1] for group in range(len(GROUPS))])
LINES = np.array([0.54, 0.30, 0.11, 0.05])  # orders of 1, 2, 3, 4 lines
QUANTITIES = {CONTACTS: [0.45, 0.38, 0.10, 0.07], FLUIDS: [0.62, 0.26, 0.12, 0.0], ACCESSORIES: [0.80, 0.15, 0.05, 0.0]}


@dataclass(frozen=True)
class Visits:
    """In the order of contacts and moments."""

    contact: np.ndarray  # number, from 0
    at: np.ndarray
    form: np.ndarray  # of demo.sources
    landing: np.ndarray  # place in LANDINGS


@dataclass(frozen=True)
class Orders:
    """Orders, and their lines in the same order: `first` line of each, and how many."""

    contact: np.ndarray
    at: np.ndarray
    visit: np.ndarray  # place in the visits; -1: none, by telephone or in the shop
    first: np.ndarray
    lines: np.ndarray
    product: np.ndarray
    quantity: np.ndarray


@dataclass(frozen=True)
class Activities:
    contact: np.ndarray
    type: np.ndarray  # place in TYPES
    at: np.ndarray
    form: np.ndarray


class Sessions:
    """All visits of the contacts, with exactly so many `activities` in them."""

    def __init__(
        self,
        *,
        seed: int,
        people: Traits,
        numbers: Numbers,
        sources: Sources,
        now: datetime,
        zone: ZoneInfo,
        activities: int,
    ) -> None:
        self.seed, self.people, self.numbers, self.sources = seed, people, numbers, sources
        ordered, visits = int(numbers.ordered_there.sum()), int(numbers.visits.sum())
        # Where there are too few activities, visits with an order have no more than others.
        self.for_order = IN_ORDER - 1 if activities >= visits + (IN_ORDER - 1) * ordered else 0
        self.extra = activities - visits - self.for_order * ordered
        self.evenings = Evenings(now=now, zone=zone, before=BEFORE_S)

    def draw(self, first: int, last: int, *, extra: int) -> tuple[Visits, Orders, Activities]:
        """For the contacts from number `first` to before `last`; `extra`: so much of self.extra."""
        rng = np.random.default_rng([self.seed, first, 4])
        size = last - first
        habit = rng.choice(len(WAYS), size=size, p=CHANCES)
        taste, kind = rng.random(size), self.people.kind[first:last]
        there, visited = self.numbers.ordered_there[first:last], self.numbers.visits[first:last]
        buyer, ordered = self.ordering(rng, first, last)
        contact = np.repeat(np.arange(size), visited)
        at = self.evenings.draw(rng, came=self.people.created[first + contact], along=self.along(rng, first + contact))
        # The first visits of each contact are those in which it ordered.
        rank = within(visited)
        rank_of_order = within(self.numbers.orders[first:last])
        at[rank < there[contact]] = ordered[rank_of_order < there[buyer]]
        order = np.lexsort((rank, at, contact))
        at, rank = at[order], rank[order]
        visits = self.sourced(rng, contact=first + contact, at=at, habit=habit[contact], taste=taste[contact])
        orders_of_contact = np.cumsum(self.numbers.orders[first:last]) - self.numbers.orders[first:last]
        buys = np.where(rank < there[contact], orders_of_contact[contact] + rank, -1)  # of each visit, its order
        visit = np.full(len(buyer), -1)
        visit[buys[buys >= 0]] = np.flatnonzero(buys >= 0)
        lines, product, quantity = bought(rng, kind=kind[buyer], taste=taste[buyer])
        line = np.cumsum(lines) - lines
        activities, ends = self.done(
            rng, visits, kind=kind[contact], buys=buys, extra=extra, basket=(line, lines, product)
        )
        moment = np.where(visit >= 0, ends[visit] if len(ends) else 0, ordered)
        orders = Orders(first + buyer, moment, visit, line, lines, product, quantity)
        return visits, orders, activities

    def along(self, rng: np.random.Generator, contact: np.ndarray) -> np.ndarray:
        return rng.random(len(contact)) ** PULL[self.numbers.staying[contact]]

    def ordering(self, rng: np.random.Generator, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Contacts (from 0) and moments of orders: with gaps between them that are much alike."""
        count = self.numbers.orders[first:last]
        buyer = np.repeat(np.arange(last - first), count)
        gap = rng.gamma(2.5, 0.4, len(buyer)) * np.where(within(count) == 0, 0.6, 1.0)
        until = np.cumsum(gap)
        before = np.concatenate([[0.0], until])[np.cumsum(count) - count]
        whole = np.concatenate([[0.0], until])[np.cumsum(count)] - before
        pause = rng.exponential(PAUSE[self.numbers.staying[first:last]]) * whole / np.maximum(count, 1)
        along = (until - before[buyer]) / np.maximum(whole + pause, 1e-9)[buyer]
        return buyer, self.evenings.draw(rng, came=self.people.created[first + buyer], along=np.minimum(along, 1.0))

    def sourced(
        self, rng: np.random.Generator, *, contact: np.ndarray, at: np.ndarray, habit: np.ndarray, taste: np.ndarray
    ) -> Visits:
        """Nobody comes from a letter that was not sent."""
        form = self.sources.draw(rng, habit=habit, at=at)
        left = self.people.left[contact]
        unwritten = ~self.people.mail[contact] | ((left > 0) & (at > left))
        form = np.where(unwritten & self.sources.letters[form], self.sources.direct, form)
        page = rng.choice(len(PAGES), size=len(at), p=PAGE_CHANCES)
        group = rng.choice(len(GROUPS), size=len(at), p=USUAL)
        shown = len(PAGES) + popular(rng, group)
        return Visits(contact, at, form, np.where(rng.random(len(at)) < 0.28, shown, page))

    def done(
        self,
        rng: np.random.Generator,
        visits: Visits,
        *,
        kind: np.ndarray,
        buys: np.ndarray,
        extra: int,
        basket: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> tuple[Activities, np.ndarray]:
        """What is done in the visits, and when each ends. Products are viewed and put into the cart before an order."""
        more = shared(rng, rng.lognormal(0, 1.0, len(visits.at)), extra)
        count = 1 + more + (buys >= 0) * self.for_order
        visit = np.repeat(np.arange(len(count)), count)
        slot = within(count)
        total = len(visit)
        seconds = np.where(slot > 0, 6 + rng.exponential(45, total), 0)
        until = np.cumsum(seconds)
        begin = np.cumsum(count) - count
        offset = (
            np.minimum(until - until[begin][visit], SESSION_S).astype(np.int64) if total else until.astype(np.int64)
        )
        kinds = np.searchsorted(np.cumsum(CHANCES_OF_TYPES), rng.random(total) * CHANCES_OF_TYPES.sum()).astype(np.int8)
        kinds[begin] = PAGE
        wanted = wants(rng, kind)
        product = popular(rng, wanted[visit])
        self.put_orders(kinds, product, begin=begin, count=count, buys=buys, basket=basket)
        carted = np.flatnonzero(kinds == CART)
        seen_before = (slot[carted] >= 2) & (kinds[carted - 1] != CART)
        kinds[carted[~seen_before]] = np.where(slot[carted[~seen_before]] > 0, VIEW, PAGE)
        carted = carted[seen_before]
        kinds[carted - 1], product[carted - 1] = VIEW, product[carted]
        form = self.forms(rng, kinds, product)
        form[begin] = visits.landing
        ordering = buys >= 0
        paid = begin[ordering & (count >= IN_ORDER)] + count[ordering & (count >= IN_ORDER)] - 1
        kinds[paid], form[paid] = PAGE, THANKS_PAGE
        kinds[paid - 1], form[paid - 1] = PAGE, CART_PAGE
        at = visits.at[visit] + offset
        return Activities(visits.contact[visit], kinds, at, form), at[begin + count - 1] if total else visits.at

    def put_orders(
        self,
        kinds: np.ndarray,
        product: np.ndarray,
        *,
        begin: np.ndarray,
        count: np.ndarray,
        buys: np.ndarray,
        basket: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> None:
        """The first line's product is seen and put into the cart before it is ordered; the second's in long visits."""
        line, lines, bought_product = basket
        for number, least in ((0, IN_ORDER), (1, IN_ORDER + 2)):
            those = np.flatnonzero((buys >= 0) & (count >= least))
            those = those[lines[buys[those]] > number]
            slot = begin[those] + 1 + 2 * number
            kinds[slot], kinds[slot + 1] = VIEW, CART
            product[slot] = product[slot + 1] = bought_product[line[buys[those]] + number]

    def forms(self, rng: np.random.Generator, kinds: np.ndarray, product: np.ndarray) -> np.ndarray:
        """Which set of its type's parameters each activity has."""
        form = rng.choice(len(PAGES), size=len(kinds), p=PAGE_CHANCES)
        viewed = kinds == VIEW
        form[viewed] = product[viewed]
        carted = kinds == CART
        amount = rng.choice(len(CARTED), size=int(carted.sum()), p=[0.8, 0.15, 0.05])
        form[carted] = product[carted] * len(CARTED) + amount
        for name, number, chances in (
            (SEARCH, len(SEARCH_CHANCES), SEARCH_CHANCES),
            (LOGIN, len(LOGINS), None),
            (FORM, len(FORMS), None),
        ):
            those = kinds == name
            form[those] = rng.choice(number, size=int(those.sum()), p=chances)
        return form


def within(count: np.ndarray) -> np.ndarray:
    """0, 1, 2 … for each: [2, 0, 3] is [0, 1, 0, 1, 2]."""
    total = int(count.sum())
    return np.arange(total) - np.repeat(np.cumsum(count) - count, count)


def wants(rng: np.random.Generator, kind: np.ndarray) -> np.ndarray:
    """A group of products for each, as customers of its kind want. Shape: int array, as `kind`."""
    until = np.cumsum(WANTS, axis=1)[kind]
    return np.minimum((rng.random(len(kind))[:, None] * until[:, -1:] > until).sum(axis=1), len(GROUPS) - 1)


def bought(
    rng: np.random.Generator, *, kind: np.ndarray, taste: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each order the number of lines; of each line product and quantity."""
    lines = rng.choice([1, 2, 3, 4], size=len(kind), p=LINES)
    order = np.repeat(np.arange(len(kind)), lines)
    rank = within(lines)
    group = wants(rng, kind)[order]
    added = np.where(rng.random(len(order)) < TOGETHER[group], COMPANION[group], ACCESSORIES)
    group = np.where(rank == 0, group, np.where(rank == 1, added, ACCESSORIES))
    usual = (rank == 0) & (rng.random(len(order)) < 0.45)
    product = np.where(usual, favourite(taste[order], group), popular(rng, group))
    # No product is on two lines: each accessory after another stands next to it.
    begun = product[np.cumsum(lines) - lines]
    begun = np.where(GROUP_OF[begun] == ACCESSORIES, begun, popular(rng, np.full(len(kind), ACCESSORIES)))[order]
    first = STARTS[ACCESSORIES]
    beside = first + (begun - first + rank) % SIZES[ACCESSORIES]
    product = np.where((group == ACCESSORIES) & (rank > 0), beside, product)
    quantity = np.ones(len(order), dtype=np.int64)
    for one, chances in QUANTITIES.items():
        those = group == one
        quantity[those] = rng.choice([1, 2, 3, 4], size=int(those.sum()), p=chances)
    return lines, product, quantity
