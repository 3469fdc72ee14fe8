"""`manage.py keys create|list|revoke`: API keys of an account, without a browser."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from api.models import ApiKey, Scope
from api.services import KeyRefusedError, create_key, revoke_key
from users.models import User


class Command(BaseCommand):
    help = "Make, list and revoke API keys of an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        create = commands.add_parser("create", help="make a key; it is printed this once")
        create.add_argument("name", help="what it is for: it stands in histories as “API: NAME”")
        create.add_argument("--acts-for", required=True, metavar="EMAIL", help="the user whose sight and role it has")
        create.add_argument(
            "--scope", action="append", default=[], choices=Scope.values, help="may be repeated; all, if not given"
        )
        create.add_argument("--days", type=int, help="until it expires; never, if not given")
        create.add_argument("--rate", type=int, metavar="N", help="requests per minute; the setting's, if not given")
        commands.add_parser("list", help="list the keys")
        revoke = commands.add_parser("revoke", help="stop a key for good")
        revoke.add_argument("prefix", help="the eight letters after sito_")
        for command in commands.choices.values():
            command.add_argument("--account", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        with tenant_context(account_called(options["account"])):
            {"create": self.create, "list": self.list, "revoke": self.revoke}[options["what"]](options)

    def create(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(email__iexact=options["acts_for"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['acts_for']}”.")
        now, days = timezone.now(), options["days"]
        try:
            expires_at = None if days is None else now + timedelta(days=days)
            made = create_key(
                name=options["name"],
                scopes=options["scope"] or Scope.values,
                acts_for=user,
                now=now,
                expires_at=expires_at,
                rate_per_minute=options["rate"],
            )
        except OverflowError as error:
            raise CommandError("That is too many days.") from error
        except KeyRefusedError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stderr.write("The key, shown this once:")
        self.stdout.write(made.token)

    def list(self, _options: dict[str, Any]) -> None:
        """One key a line, tabs between, so that scripts can cut it."""
        now = timezone.now()
        for key in ApiKey.objects.select_related("acts_for"):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
            expires = f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never"
            cells = (key.prefix, key.name, key.state(now), key.user.email, ",".join(key.scopes), expires, used)
            self.stdout.write("\t".join(cells))

    def revoke(self, options: dict[str, Any]) -> None:
        key = ApiKey.objects.filter(prefix=options["prefix"].removeprefix("sito_")[:8]).first()
        if key is None:
            raise CommandError(f"There is no key “{options['prefix']}”.")
        revoke_key(key, now=timezone.now())
        self.stdout.write(f"Key {key.prefix} ({key.name}) is revoked.")
