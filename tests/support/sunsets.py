"""Sunsets in tests: people who fell silent, one set up, days that pass with their refreshes and runs."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from actions.models import ActionRun
from contacts.models import Contact, ContactConsent
from jobs.models import ACTIVE
from jobs.services import run
from segmentation.models import Calculation
from segmentation.services import refresh_due
from sunset import services
from sunset.models import Passage, Sunset
from sunset.plans import Plan
from sunset.standing import with_segments
from tags.models import ContactTag
from tests import factories
from tests.factories import NOW

DAY = timedelta(days=1)
LONG_AGO = NOW - timedelta(days=400)


def given(consent: Any, **more: Any) -> dict[str, Any]:
    """A form filled in."""
    return {"name": "Half a year", "days": "180", "tag": "come back", "wait": "14", "consents": consent.pk} | more


def silent(number: int = 1, *consents: Any, since: datetime = LONG_AGO, now: datetime = NOW) -> list[Contact]:
    """Contacts of long ago who gave these consents then and, at `now`, have done nothing for 200 days."""
    made = [factories.contact(now=since) for _ in range(number)]
    for each in made:
        for consent in consents:
            factories.answer(each, consent, at=since)
        factories.visit(each, at=now - timedelta(days=200))
    return made


def switched_on(*consents: Any, now: datetime = NOW, name: str = "Sunset", tag: str = "LAST_CALL", **more: Any) -> Any:
    """A sunset as the page makes it: 180 days, 14 to wait, unless said otherwise."""
    by = more.pop("by", None)
    plan = Plan(more.pop("days", 180), more.pop("wait", 14), tag, tuple(consents), more.pop("left_out", None))
    return services.switch_on(plan, name=name, now=now, by=by)


def work(now: datetime, *only: str) -> None:
    """Everything that waits to be done, or `only` some kinds of it, as workers would do it at `now`."""
    for kind, model in (("calculation", Calculation), ("action", ActionRun)):
        if only and kind not in only:
            continue
        for pk in model.objects.filter(state__in=ACTIVE).order_by("pk").values_list("pk", flat=True):
            run(kind, pk, now=now)


def pass_day(days: int = 1, *, since: datetime = NOW) -> datetime:
    """So many days after `since`: what is due is refreshed, and what follows is done. Answers that moment."""
    now = since + days * DAY
    with transaction.atomic():
        refresh_due(now)
    work(now)
    return now


def has_tag(contact: Contact, name: str = "LAST_CALL") -> bool:
    return ContactTag.objects.filter(contact=contact, tag__name=name).exists()


def answer_of(contact: Contact, consent: Any) -> str:
    found = ContactConsent.objects.filter(contact=contact, consent=consent).first()
    return found.state if found else "unknown"


def outcome(contact: Contact, sunset: Sunset | None = None) -> str:
    rows = Passage.objects.filter(contact=contact, current=True)
    return (rows.filter(sunset=sunset) if sunset else rows).get().outcome


def fresh(sunset: Sunset) -> Any:
    return with_segments(sunset.pk)
