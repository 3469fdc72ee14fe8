"""What the contacts of a group answered to each consent, beside the base."""

from dataclasses import dataclass

from contacts.models import Channel, Consent, ConsentState
from insights.statistics.sets import Sets
from segmentation.criteria import Context
from segmentation.criteria.consent import TABLE


@dataclass(frozen=True)
class Answers:
    """Of one consent: given, withdrawn and neither, each as (of the group, of the base)."""

    consent: Consent
    given: tuple[int, int]
    withdrawn: tuple[int, int]
    unknown: tuple[int, int]


def answers(sets: Sets, context: Context) -> list[Answers]:
    """By channel, in the order in which the consents were declared."""
    consents = list(context.catalog.consents.values())
    ids = [consent.pk for consent in consents]
    given, withdrawn = (TABLE.having_each(ids, None, context, state) for state in ConsentState.values)
    found = []
    for consent in consents:
        counted = [sets.told(there[consent.pk]) for there in (given, withdrawn)]
        (yes, base_yes), (no, base_no) = counted
        rest = (len(sets.group) - yes - no, len(sets.base) - base_yes - base_no)
        found.append(Answers(consent, (yes, base_yes), (no, base_no), rest))
    places = {value: place for place, value in enumerate(Channel.values)}
    return sorted(found, key=lambda one: places.get(one.consent.channel, len(places)))
