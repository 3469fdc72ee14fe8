"""`manage.py webhooks`: how the endpoints are, and sending again, without a browser."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import override
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from jobs.management.commands.tick import now_from
from webhooks import selectors, services
from webhooks.models import Delivery, Endpoint
from webhooks.services import EndpointError


class Command(BaseCommand):
    """Everything here goes through the same services as the pages. What is sent again, a worker sends."""

    help = "Lists the webhooks of an account, and sends deliveries again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|replay")
        listing = verbs.add_parser("list", help="the endpoints, and what waits and failed; --endpoint: its deliveries")
        replay = verbs.add_parser("replay", help="send again what failed, or one delivery")
        for verb in (listing, replay):
            verb.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
            verb.add_argument("--endpoint", type=int, metavar="ID", help="of this endpoint only")
        replay.add_argument("--delivery", type=int, metavar="ID", help="this one, delivered or not")
        replay.add_argument(
            "--since", metavar="TIME", help="what happened since then (ISO with offset); default: a day"
        )

    def handle(self, *_args: Any, verb: str, account: str, **options: Any) -> None:
        with tenant_context(account_called(account)), override("en"):
            try:
                {"list": self.list, "replay": self.replay}[verb](options)
            except EndpointError as error:
                raise CommandError(str(error)) from error

    def list(self, options: dict[str, Any]) -> None:
        if options["endpoint"] is not None:
            for delivery in selectors.log_of(endpoint(options["endpoint"]))[:200]:
                answer = delivery.status or delivery.problem or "-"
                told = f"{delivery.event.kind}: {delivery.state}, {answer}, attempts {delivery.tries}"
                self.stdout.write(f"{delivery.pk} {delivery.event.at:%Y-%m-%dT%H:%M:%SZ} {told}")
            return
        for each in selectors.listed(timezone.now()):
            state = "on" if each.active else f"off ({each.stopped_why} since {each.stopped_at:%Y-%m-%dT%H:%M:%SZ})"
            self.stdout.write(f"{each.pk} {each.name}: {each.url}")
            self.stdout.write(f"  {state}; waiting {each.waiting}, failed in a day {each.failed}")

    def replay(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        if options["delivery"] is not None:
            one = Delivery.objects.select_related("event").filter(pk=options["delivery"]).first()
            if one is None:
                raise CommandError(f"There is no delivery {options['delivery']}.")
            services.replay(one, now=now)
            self.stdout.write("1 delivery is sent again.")
            return
        since = now_from(options["since"]) if options["since"] else now - timedelta(days=1)
        chosen = (
            [endpoint(options["endpoint"])] if options["endpoint"] is not None else Endpoint.objects.filter(active=True)
        )
        count = sum(services.replay_failed(each, since=since, now=now) for each in chosen)
        self.stdout.write(f"Deliveries sent again: {count}.")


def endpoint(pk: int) -> Endpoint:
    found = Endpoint.objects.filter(pk=pk).first()
    if found is None:
        raise CommandError(f"There is no endpoint {pk}.")
    return found
