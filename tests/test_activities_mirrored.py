"""What the services write is what the mirror reads, filed or not."""

from typing import Any

import pytest
from django.utils import timezone

from activities.services import record_activities, record_orders, record_visits
from contacts.services import delete_contact
from mirror.compacting import compact
from mirror.units import UNITS
from tests import factories
from tests.factories import NOW
from tests.support.mirror import assert_exact

pytestmark = pytest.mark.usefixtures("committed")


def file_everything() -> None:
    for unit in UNITS:
        compact(unit, now=timezone.now())


def order(contact: Any, number: str, at: str = "2026-11-20T10:00:00Z", **more: Any) -> dict[str, Any]:
    return {"contact": {"id": contact.pk}, "external_id": number, "at": at, "total": 1, **more}


def test_facts_are_read_alike_before_and_after_they_are_filed(account) -> None:
    ala = {"contact": {"id": factories.contact().pk}, "at": "2026-11-20T10:00:00Z"}
    factories.activity_type("quiz", a="text", b="url", c="number", d="boolean", e="date", f="datetime")
    values = {"a": "Żółw", "b": "/x#y", "c": 1.5, "d": False, "e": "2026-11-20", "f": "2026-11-20T10:00:00+01:00"}
    record_activities([{**ala, "type": "quiz", "params": values}], account=account, now=NOW)
    record_visits([{**ala, "landing_url": "https://s.pl/?utm_source=Ą&gclid=1"}], account=account, now=NOW)
    assert_exact()
    file_everything()
    record_activities([{**ala, "type": "quiz", "params": {"c": -1}}], account=account, now=NOW)
    assert_exact()


def test_orders_that_changed_since_they_were_filed_count_as_they_are(account) -> None:
    ala, ola = factories.contact(), factories.contact()
    lines = [{"product": "P1", "amount": 1}, {"product": "P2", "amount": 2}]
    record_orders([order(ala, str(n), lines=lines) for n in range(6)], account=account, now=NOW)
    file_everything()
    record_orders(
        [
            order(ola, "0"),  # another's now
            order(ala, "1", "2026-02-01T10:00:00Z"),  # of another month
            order(ala, "2", lines=lines[:1]),
            order(ala, "3", lines=[]),
            order(ala, "4", status="refunded"),
            order(ola, "6", lines=lines),
        ],
        account=account,
        now=NOW,
    )
    assert_exact()
    file_everything()
    assert_exact()
    delete_contact(ola)
    assert_exact()
