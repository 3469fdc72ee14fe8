"""Where visits come from: addresses and referrers as they are met, told apart by the product's own rule."""

from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np

from activities.models import Channel
from activities.sources import UTM, Source, source_of
from demo.campaigns import Campaign
from demo.catalogue import PAGES, PRODUCT_PAGES, SITE

LANDINGS = (*PAGES, *PRODUCT_PAGES)  # a visit may begin at each of them
ADS, POSTS = "search-pl", "posty"
# Chances of a visit, by how somebody comes; each contact has a way that it comes by half of the time.
WAYS = (Channel.DIRECT, Channel.SEARCH, Channel.AD, Channel.EMAIL, Channel.UTM, Channel.REFERRAL)
CHANCES = np.array([0.27, 0.25, 0.16, 0.12, 0.11, 0.09])


@dataclass(frozen=True)
class Way:
    """A query on the address and the page before. "{campaign}": of the last campaign sent before the visit."""

    channel: Channel
    weight: float
    referrer: str = ""
    query: tuple[tuple[str, str], ...] = ()


def tagged(source: str, medium: str, campaign: str, **more: str) -> tuple[tuple[str, str], ...]:
    return (("utm_source", source), ("utm_medium", medium), ("utm_campaign", campaign), *more.items())


FOUND = (
    Way(Channel.DIRECT, 1.0),
    Way(Channel.SEARCH, 7.5, "https://www.google.com/"),
    Way(Channel.SEARCH, 1.4, "https://www.google.pl/"),
    Way(Channel.SEARCH, 0.6, "https://www.bing.com/"),
    Way(Channel.SEARCH, 0.3, "https://duckduckgo.com/"),
    Way(Channel.SEARCH, 0.2, "https://www.ecosia.org/"),
    Way(
        Channel.AD,
        3.0,
        "https://www.google.com/",
        (*tagged("google", "cpc", "oprawki-pl", utm_term="oprawki+korekcyjne"), ("gclid", "CjwKCAiA76optyk")),
    ),
    Way(
        Channel.AD,
        2.4,
        "https://www.google.com/",
        (*tagged("google", "cpc", "soczewki-pl", utm_term="soczewki+kontaktowe"), ("gclid", "EAIaIQobChMIz1elony")),
    ),
    Way(Channel.AD, 1.2, "https://www.google.pl/", (("gclid", "Cj0KCQiA5bez-tagow"),)),
    Way(
        Channel.AD,
        1.6,
        "https://l.facebook.com/",
        tagged("facebook", "paid_social", "remarketing", utm_content="karuzela"),
    ),
    Way(
        Channel.AD,
        0.8,
        "https://www.instagram.com/",
        tagged("instagram", "paid_social", "kolekcja", utm_content="wideo"),
    ),
    Way(Channel.AD, 0.4, "https://www.bing.com/", (("msclkid", "5f2c81optyk"),)),
    Way(Channel.EMAIL, 6.0, "", tagged("newsletter", "email", "{campaign}", utm_content="przycisk")),
    Way(Channel.EMAIL, 2.0, "", tagged("newsletter", "email", "{campaign}", utm_content="zdjecie")),
    Way(Channel.EMAIL, 1.0, "https://mail.google.com/"),
    Way(Channel.EMAIL, 0.6, "https://poczta.onet.pl/"),
    Way(Channel.UTM, 3.0, "https://l.facebook.com/", tagged("facebook", "social", "posty")),
    Way(Channel.UTM, 2.0, "https://www.instagram.com/", tagged("instagram", "social", "stories")),
    Way(Channel.UTM, 1.0, "", tagged("ulotka", "qr", "salon-warszawa")),
    Way(Channel.UTM, 1.0, "https://www.youtube.com/", tagged("youtube", "influencer", "okularnica")),
    Way(Channel.REFERRAL, 3.0, "https://porownaj-oprawki.example/ranking"),
    Way(Channel.REFERRAL, 2.0, "https://blog-o-oczach.example/soczewki-na-lato"),
    Way(Channel.REFERRAL, 1.5, "https://forum-krotkowidzow.example/watek/1841"),
    Way(Channel.REFERRAL, 1.0, "https://nfz-poradnik.example/refundacja-okularow"),
)
PLACES = {channel: np.array([way.channel == channel for way in FOUND]).nonzero()[0] for channel in WAYS}


class Sources:
    """The ways with the campaigns put in, and what the rule makes of each: as many as there are different queries."""

    def __init__(self, campaigns: list[Campaign]) -> None:
        mails = [each for each in campaigns if not each.sms]
        self.sent = np.array([each.at for each in mails], dtype=np.int64)
        self.queries: list[str] = []
        self.referrers: list[str] = []
        self.sources: list[Source] = []
        self.first = np.zeros(len(FOUND), dtype=np.int64)  # of each way, where its forms begin
        self.steps = np.zeros(len(FOUND), dtype=np.int64)  # 1 if it has a form for each campaign
        for place, way in enumerate(FOUND):
            self.first[place] = len(self.queries)
            dated = any("{campaign}" in value for _, value in way.query)
            self.steps[place] = dated
            for key in [each.key for each in mails] if dated and mails else ["newsletter"]:
                query = urlencode([(name, value.replace("{campaign}", key)) for name, value in way.query], safe="+")
                self.queries.append(f"?{query}" if query else "")
                self.referrers.append(way.referrer)
                self.sources.append(source_of(f"{SITE}/{self.queries[-1]}", way.referrer))
        self.letters = np.array([each.channel == Channel.EMAIL for each in self.sources])
        self.direct = self.queries.index("")
        self._rows: dict[tuple[int, int], str] = {}

    def draw(self, rng: np.random.Generator, *, habit: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Forms for visits at `at` of contacts whose habit is a place in WAYS. Shape: int array."""
        channel = np.where(rng.random(len(at)) < 0.5, habit, rng.choice(len(WAYS), size=len(at), p=CHANCES))
        form = np.zeros(len(at), dtype=np.int64)
        campaign = np.maximum(np.searchsorted(self.sent, at) - 1, 0)
        for place, name in enumerate(WAYS):
            rows = np.flatnonzero(channel == place)
            weights = np.array([FOUND[way].weight for way in PLACES[name]])
            way = PLACES[name][rng.choice(len(weights), size=len(rows), p=weights / weights.sum())]
            form[rows] = self.first[way] + self.steps[way] * campaign[rows]
        return form

    def row(self, form: int, landing: int) -> str:
        """Channel, UTM values, referrer and landing address as COPY reads them."""
        known = self._rows.get((form, landing))
        if known is None:
            source = self.sources[form]
            values = [source.channel, *(getattr(source, name) for name in UTM), self.referrers[form]]
            known = "\t".join([*values, f"{SITE}{LANDINGS[landing][0]}{self.queries[form]}"])
            self._rows[form, landing] = known
        return known
