"""One state of the data for a whole evaluation: needs real transactions."""

from threading import Thread
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from pyroaring import BitMap

from contacts.models import Contact
from segmentation.criteria import parse
from segmentation.engine import Context, evaluate, snapshot
from tests.population import NOWS, ZONES, make_file

NOW, WARSAW = NOWS[0], ZONES[0]
SCORED = {"kind": "field", "field": "lead_score", "op": "gt", "value": 3}


@pytest.mark.usefixtures("committed")
def test_all_criteria_see_one_state_of_the_data(account: Any) -> None:
    """What another connection commits between two criteria is in neither."""
    pk = Contact.objects.create(first_name="a", created_at=NOW, updated_at=NOW).pk

    def add() -> None:
        connection.set_tenant(account)  # type: ignore[attr-defined]
        Contact.objects.create(first_name="b", lead_score=5, created_at=NOW, updated_at=NOW)
        connection.close()

    def progress(done: int, total: int) -> None:
        if done == 1:
            thread = Thread(target=add)
            thread.start()
            thread.join()

    tree = parse(
        {"any": [{"kind": "file", "file": make_file("f", [pk]).pk}, SCORED, {"not": SCORED | {"op": "lt", "value": 0}}]}
    )
    assert evaluate(tree, context=Context(now=NOW, zone=WARSAW, progress=progress)).members == BitMap([pk])
    assert Contact.objects.count() == 2
    assert evaluate(tree, context=Context(now=NOW, zone=WARSAW)).count == 2


@pytest.mark.usefixtures("committed")
def test_a_snapshot_is_read_only_and_nests() -> None:
    with pytest.raises(InternalError, match="read-only"), snapshot(), snapshot():
        Contact.objects.create(first_name="a", created_at=NOW, updated_at=NOW)
    assert not connection.in_atomic_block
    with transaction.atomic(), snapshot():
        Contact.objects.create(first_name="a", created_at=NOW, updated_at=NOW)  # the outer transaction's own business
    assert Contact.objects.count() == 1
