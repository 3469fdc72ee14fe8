"""Letters are sent by a worker: the page answers alike, and as fast, whether or not somebody has that address."""

from collections.abc import Callable
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import connection
from django_tenants.utils import schema_context, tenant_context
from kombu.exceptions import OperationalError

from accounts.models import Account
from users import mail
from users.models import User

LETTERS_PER_HOUR = 5
HOUR_S = 3600


class MailError(Exception):
    """The letter could not even be queued."""


@shared_task(name="users.tasks.send_reset_task")
def send_reset_task(schema: str, email: str, origin: str) -> None:
    """Send a link to whoever has that address here and is active; an unknown one is passed over."""
    in_account(schema, lambda account: send_reset(account, email, origin))


@shared_task(name="users.tasks.send_invitation_task")
def send_invitation_task(schema: str, user_id: int, origin: str) -> None:
    """Send a new user the link to set the first password."""
    in_account(schema, lambda account: send_invitation(account, user_id, origin))


def in_account(schema: str, work: Callable[[Account], None]) -> None:
    """Do `work` inside the account; one that was deleted meanwhile is passed over."""
    with schema_context("public"):
        account = Account.objects.filter(schema_name=schema).first()
    if account is not None:
        with tenant_context(account):
            work(account)


def send_reset(account: Account, email: str, origin: str) -> None:
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is not None and may_write_to(user):
        mail.send_password_link(user, account=account, origin=origin)


def send_invitation(account: Account, user_id: int, origin: str) -> None:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        mail.send_password_link(user, account=account, origin=origin, kind=mail.INVITATION)


def may_write_to(user: User) -> bool:
    """At most a few letters an hour to one person, however often a stranger asks."""
    key = f"password-letters:{user.pk}"
    cache.add(key, 0, timeout=HOUR_S)
    return cache.incr(key) <= LETTERS_PER_HOUR


def queue(task: Any, *args: Any) -> None:
    """Hand a letter for the current account to a worker.

    Raises: MailError, if the broker does not answer.
    """
    try:
        task.delay(connection.schema_name, *args)  # type: ignore[attr-defined]
    except OperationalError as error:
        raise MailError from error
