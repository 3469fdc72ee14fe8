"""What workers and beat call. Each task names its account itself and means nothing if that is gone."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone, translation
from django_tenants.utils import schema_context, tenant_context

from accounts.models import Account
from jobs import scheduler
from jobs.services import run

TURN = timedelta(minutes=1)


@shared_task(name="jobs.tasks.run_job_task")
def run_job_task(schema: str, kind: str, pk: int) -> None:
    """Works on one job in the account's language and time zone. Repeated, late or for a deleted account: harmless."""
    with schema_context("public"):
        account = Account.objects.filter(schema_name=schema).first()
    if account is None:
        return
    with tenant_context(account), translation.override(account.language), timezone.override(account.zone):
        run(kind, pk, now=timezone.now(), clock=timezone.now, turn=TURN)


@shared_task(name="jobs.tasks.tick_task")
def tick_task() -> None:
    """See `scheduler.tick`."""
    scheduler.tick(timezone.now())


@shared_task(name="jobs.tasks.purge_task")
def purge_task() -> None:
    """See `scheduler.purge`."""
    scheduler.purge(timezone.now())
