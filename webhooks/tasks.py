"""Letters about endpoints are sent by a worker, after what they tell of is committed."""

from celery import shared_task

from users.tasks import in_account
from webhooks.models import Endpoint


@shared_task(name="webhooks.tasks.send_notice_task")
def send_notice_task(schema: str, endpoint: int) -> None:
    """See `stopping.write_notice`. For an account or endpoint that is gone: nothing."""
    from webhooks.stopping import write_notice

    def write(_account: object) -> None:
        found = Endpoint.objects.filter(pk=endpoint).first()
        if found is not None:
            write_notice(found)

    in_account(schema, write)
