"""What campaigns bring about: sendings within an hour, then opens and clicks that fade over hours; some go for good."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from demo.calendar import DAY_S
from demo.campaigns import Campaign
from demo.conduct import Numbers, Traits

SENDING_S = 3000
MOST_COVERED = 0.95  # of those who agreed; the rest are not in the campaign's segment
CLICKED = 0.17  # of those who open
SOFT = 0.006  # bounces that pass
SMS_CLICKED = 0.05
REASONS = ("za dużo wiadomości", "treść mnie nie interesuje", "nie pamiętam zapisu", "")


@dataclass(frozen=True)
class Batch:
    """Activities of one type: who, when, and which of its sets of parameters (demo.parameters)."""

    type: str
    contact: np.ndarray  # number, from 0
    at: np.ndarray
    form: np.ndarray

    def part(self, those: slice | np.ndarray) -> "Batch":
        return Batch(self.type, self.contact[those], self.at[those], self.form[those])


class Mailing:
    """Sendings of all campaigns to so many of those who agreed that `rows` activities come of it, more or less."""

    def __init__(
        self, *, seed: int, people: Traits, numbers: Numbers, those: list[Campaign], now: int, rows: int
    ) -> None:
        self.seed, self.people, self.numbers, self.those, self.now = seed, people, numbers, those, now
        reached = sum(np.count_nonzero(self.reach(each)) for each in those if not each.sms)
        each = 1 + float(numbers.opening.mean()) * (1 + CLICKED) + SOFT
        self.covered = min(MOST_COVERED, rows / (reached * each)) if reached else 0.0

    def reach(self, campaign: Campaign) -> np.ndarray:
        """Who may be sent it: bool, for each contact."""
        people = self.people
        agreed = people.sms if campaign.sms else people.mail
        stayed = (people.left == 0) | (campaign.at + SENDING_S < people.left)
        return agreed & (people.ready + DAY_S < campaign.at) & stayed

    def batches(self) -> Iterator[Batch]:
        """In the order of sending."""
        for place, campaign in enumerate(self.those):
            rng = np.random.default_rng([self.seed, place, 3])
            if campaign.sms:
                yield from self.texts(rng, campaign, place)
            else:
                yield from self.mails(rng, campaign, place)

    def texts(self, rng: np.random.Generator, campaign: Campaign, place: int) -> Iterator[Batch]:
        chance = SMS_CLICKED * self.covered * (self.numbers.opening > 0)
        who = np.flatnonzero(self.reach(campaign) & (rng.random(self.people.size) < chance))
        yield self.batch("sms_click", who, campaign.at + fading(rng, len(who), 1500), place)

    def mails(self, rng: np.random.Generator, campaign: Campaign, place: int) -> Iterator[Batch]:
        people, following = self.people, self.following(campaign)
        # Who goes for good goes after a letter.
        going = (people.left > campaign.at) & (people.left <= following)
        who = np.flatnonzero(
            self.reach(campaign) & ((rng.random(people.size) < self.covered) | (going & (self.covered > 0)))
        )
        sent = campaign.at + np.sort(rng.integers(0, SENDING_S, len(who)))
        yield self.batch("email_sent", who, sent, place)
        leaving, bounced = going[who], people.bounced[who]
        dead, soft = leaving & bounced, ~leaving & (rng.random(len(who)) < SOFT)
        yield self.batch("email_bounce", who[dead], people.left[who[dead]], 2 * place)
        yield self.batch("email_bounce", who[soft], sent[soft] + rng.integers(1, 600, len(who))[soft], 2 * place + 1)
        chance = self.numbers.opening[who] * campaign.pull * self.tired(who, campaign.at)
        opens = (rng.random(len(who)) < chance) & ~soft & ~dead
        opens |= leaving & ~bounced
        reader, read = who[opens], sent[opens] + fading(rng, int(opens.sum()), 3 * 3600)
        ends = np.where(people.left[reader] > 0, people.left[reader], self.now)
        read = np.where(leaving[opens], np.minimum(read, (sent[opens] + ends) // 2), read)
        seen = read < ends
        yield self.batch("email_open", reader[seen], read[seen], place)
        clicks = seen & (rng.random(len(reader)) < CLICKED)
        clicked = read + fading(rng, len(reader), 120)
        clicks &= clicked < ends
        yield self.batch(
            "email_click", reader[clicks], clicked[clicks], 3 * place + rng.integers(0, 3, int(clicks.sum()))
        )
        gone = who[leaving & ~bounced]
        yield self.batch(
            "email_unsubscribe",
            gone,
            people.left[gone],
            len(REASONS) * place + rng.integers(0, len(REASONS), len(gone)),
        )

    def tired(self, who: np.ndarray, at: int) -> np.ndarray:
        """What is left of the wish to open: those who only came to see lose it in a year or so."""
        years = (at - self.people.created[who]) / (365 * DAY_S)
        return np.where(self.numbers.staying[who] == 0, np.exp(-1.3 * years), 1.0)

    def following(self, campaign: Campaign) -> int:
        """When the next e-mail campaign begins."""
        return min((each.at for each in self.those if not each.sms and each.at > campaign.at), default=self.now)

    def batch(self, name: str, who: np.ndarray, at: np.ndarray, form: int | np.ndarray) -> Batch:
        """What has not happened by now is left out."""
        happened = at <= self.now
        forms = np.broadcast_to(np.asarray(form, dtype=np.int64), who.shape)
        return Batch(name, who[happened], at[happened], forms[happened])


def fading(rng: np.random.Generator, size: int, median: int) -> np.ndarray:
    """Seconds: half of them within the median, the last ones after days."""
    return 1 + (median * rng.lognormal(0, 1.3, size)).astype(np.int64)
