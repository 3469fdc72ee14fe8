"""What processes keep is used by all their threads at once: whoever looks finds what another one drops meanwhile."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from insights.engagement import filed_days, people
from insights.engagement.people import Rolls
from segmentation.criteria import standing
from segmentation.criteria.standing import Measures

NOTHING = np.empty(0, np.int32)
MANY, ROUNDS = 4, 3_000


@pytest.fixture
def _impatient() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def of_days(number: int) -> None:
    key = "kept", "Europe/Warsaw", "visit", date(2026, 1, 1 + number % 3)
    filed_days._keep_here(key, ("visit",), {})
    filed_days._known(key, ("visit",))


def of_people(number: int) -> None:
    people._keep(f"kept{number % 3}", (1,), Rolls(NOTHING, NOTHING))


def of_buyers(number: int) -> None:
    standing._keep((f"kept{number % 3}", False), 1, None, Measures(NOTHING, NOTHING, NOTHING, NOTHING))


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize(("module", "use"), [(filed_days, of_days), (people, of_people), (standing, of_buyers)])
def test_threads_keep_look_and_drop_at_once(
    module: ModuleType, use: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_kept", type(module._kept)())
    monkeypatch.setattr(module, "KEPT", -1)
    monkeypatch.setattr(filed_days, "cache", NoCache())

    def go(first: int) -> None:
        for number in range(first, first + ROUNDS):
            use(number)

    with ThreadPoolExecutor(MANY) as threads:
        list(threads.map(go, range(MANY)))
    assert len(module._kept) == 1


class NoCache:
    """Of what is dropped nothing is found elsewhere."""

    def get(self, _key: str) -> Any:
        return None
