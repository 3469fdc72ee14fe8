"""Who the people in a set are and how they may be written to."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from contacts.models import Attribute, AttributeType, Channel, Consent, ConsentState, Contact, Status
from mirror.kinds import CONTACT
from segmentation.criteria import Context
from segmentation.criteria.consent import TABLE as ANSWERS
from segmentation.criteria.where import Where, marks
from segmentation.engine import sample

CITY_KEYS = ("city", "miasto")
FEW = 4  # consents that stand in sight; more are folded away

LOST = (Status.UNSUBSCRIBED, Status.BOUNCED)
NO_EMAIL = Where(
    f"email IS NULL OR status IN ({marks(LOST)})", LOST, (CONTACT.column("email"), CONTACT.column("status"))
)
NO_PHONE = Where("phone IS NULL", (), (CONTACT.column("phone"),))
OUT_OF_REACH = {Channel.EMAIL: NO_EMAIL, Channel.SMS: NO_PHONE, Channel.PHONE: NO_PHONE}
MAY_BE = {
    Channel.EMAIL: (
        gettext_lazy("may be e-mailed"),
        gettext_lazy("Gave a consent for e-mail, has an address, has not unsubscribed and does not bounce"),
    ),
    Channel.SMS: (
        gettext_lazy("may be texted"),
        gettext_lazy("Gave a consent for text messages and has a phone number"),
    ),
    Channel.PHONE: (gettext_lazy("may be called"), gettext_lazy("Gave a consent for calls and has a phone number")),
}
ALWAYS_TOLD = (Channel.EMAIL, Channel.SMS)  # even where nobody is asked for it: then it is nobody


@dataclass(frozen=True, slots=True)
class Given:
    """One consent: how many of a set gave it, and how many of those can be reached by its channel."""

    name: str
    given: int
    reached: int


@dataclass(frozen=True, slots=True)
class ByChannel:
    """How many of a set may be reached by a channel, by any consent for it, and by each."""

    name: str
    help: str
    count: int | None  # None: of a channel that is none in particular
    consents: list[Given] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of a set may be written to, channel by channel."""

    channels: list[ByChannel]

    @property
    def folded(self) -> bool:
        """Whether there are so many consents that they are shown on demand."""
        return sum(len(each.consents) for each in self.channels) > FEW


@dataclass(frozen=True, slots=True)
class Person:
    """One of the sample."""

    pk: int
    name: str
    city: str
    email: str = ""
    lead_score: int = 0


def reach(members: BitMap, *, context: Context) -> Reach:
    """How many of `members` may be written to by each consent of the account: all of them read at once."""
    consents = list(context.catalog.consents.values())
    given = ANSWERS.having_each([one.pk for one in consents], None, context, ConsentState.GIVEN)
    theirs = {one.pk: given[one.pk] & members for one in consents}
    by_channel: dict[str, list[Consent]] = {channel: [] for channel in ALWAYS_TOLD}
    for consent in consents:
        by_channel.setdefault(consent.channel, []).append(consent)
    order = [channel for channel in Channel if channel in by_channel]
    return Reach([_channel(channel, by_channel[channel], theirs, context) for channel in order])


def _channel(channel: Channel, consents: list[Consent], theirs: dict[int, BitMap], context: Context) -> ByChannel:
    """Those without an address, who left or bounce are few: they are subtracted from who gave a consent."""
    asked = any(theirs[consent.pk] for consent in consents)
    beyond = context.fetch(OUT_OF_REACH[channel]) if asked and channel in OUT_OF_REACH else BitMap()
    reached = {consent.pk: theirs[consent.pk] - beyond for consent in consents}
    lines = [Given(consent.name, len(theirs[consent.pk]), len(reached[consent.pk])) for consent in consents]
    if channel not in MAY_BE:
        return ByChannel(_("other consents"), "", None, lines)
    name, explained = MAY_BE[channel]
    return ByChannel(str(name), str(explained), len(BitMap.union(BitMap(), *reached.values())), lines)


def people(members: BitMap, number: int) -> list[Person]:
    """Some of `members`, the same ones for the same set."""
    ids = sample(members, number)
    rows = Contact.objects.in_bulk(list(ids))
    city = (
        Attribute.objects.filter(key__in=CITY_KEYS, type__in=[AttributeType.TEXT, AttributeType.CHOICE])
        .values_list("key", flat=True)
        .first()
    )
    found = [rows[pk] for pk in ids if pk in rows]
    return [
        Person(
            one.pk,
            str(one),
            str(one.attributes.get(city, "")) if city else "",
            one.email or "",
            one.lead_score,
        )
        for one in found
    ]
