"""Opening and closing areas, and operators at their pages."""

from decimal import Decimal
from typing import Any

from django.conf import settings

from operators.models import Operator
from operators.services import create_operator
from rollout.areas import AREAS
from rollout.services import Effect, change
from rollout.settings import Mode, Setting
from tests.factories import NOW
from tests.support.people import PASSWORD, AccountClient

NOBODY, EVERYBODY = Setting(Mode.NOBODY), Setting()


def share(of: str | int, named: Any = (), left_out: Any = ()) -> Setting:
    return Setting(Mode.SOME, Decimal(of), frozenset(named), frozenset(left_out))


def set_area(key: str, to: Setting, **more: Any) -> Effect:
    return change(AREAS[key], to, who="a test", now=NOW, **more)


def make_operator(email: str = "op@example.com") -> Operator:
    return create_operator(email=email, name="Olga", password=PASSWORD)


def operator_client(operator: Operator | None = None) -> AccountClient:
    """A browser at the operators' host, signed in as `operator` by its form."""
    client = AccountClient(headers={"host": settings.OPERATOR_HOST})
    if operator is not None:
        answer = client.post("/sign-in/", {"username": operator.email, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
    return client
