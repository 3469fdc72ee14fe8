"""`manage.py network`: the network signal of an account, without a browser."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from contacts.models import Consent
from network import services
from network.models import Elsewhere, Membership

BY = "command line"


class Command(BaseCommand):
    """The same services as the page's."""

    help = "Shows the network signal of an account, and switches it on and off."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["status", "on", "off"])
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        parser.add_argument("--consent", metavar="KEY", help="on: only for contacts who have given this consent")

    def handle(self, *_args: Any, verb: str, account: str, consent: str | None, **_options: Any) -> None:
        with tenant_context(account_called(account)):
            if verb == "on":
                self.switch_on(consent)
            elif verb == "off":
                services.switch_off(now=timezone.now(), by=BY)
            self.status()

    @staticmethod
    def switch_on(key: str | None) -> None:
        found = Consent.objects.filter(key=key, retired_at=None).first() if key else None
        if key and found is None:
            raise CommandError(f"There is no consent “{key}”.")
        services.switch_on(consent=found, now=timezone.now(), by=BY)

    def status(self) -> None:
        own = Membership.objects.select_related("consent").first()
        if own is None:
            self.stdout.write("off")
            return
        self.stdout.write(f"on since {own.since:%Y-%m-%d %H:%M} UTC, by {own.by}")
        self.stdout.write(f"only for: {own.consent.key if own.consent else 'every contact with an e-mail address'}")
        self.stdout.write(f"given: {'nothing yet' if own.given is None else own.given}")
        if own.answered_at is None:
            self.stdout.write("engaged elsewhere: not answered yet")
        else:
            self.stdout.write(
                f"engaged elsewhere: {Elsewhere.objects.count()}, as of {own.answered_at:%Y-%m-%d %H:%M} UTC"
            )
