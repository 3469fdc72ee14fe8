"""`manage.py keys create|list|revoke`: API keys of an account, without a browser."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from api.models import USUAL, USUAL_DAYS, ApiKey, Scope
from api.services import KeyRefusedError, create_key, revoke_key
from users.models import User

NEVER = "never"


def days(given: str) -> int | None:
    """How many; None: "never"."""
    if given == NEVER:
        return None
    try:
        return int(given)
    except ValueError as error:
        raise ArgumentTypeError(f"give a number of days, or “{NEVER}”") from error


class Command(BaseCommand):
    help = "Make, list and revoke API keys of an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        create = commands.add_parser("create", help="make a key; it is printed this once")
        create.add_argument("name", help="what it is for: it stands in histories as “API: NAME”")
        create.add_argument("--acts-for", required=True, metavar="EMAIL", help="the user whose sight and role it has")
        create.add_argument(
            "--scope",
            action="append",
            default=[],
            choices=Scope.values,
            metavar="SCOPE",
            help=f"may be repeated: {', '.join(Scope.values)}; if none is given: {', '.join(USUAL)}",
        )
        create.add_argument(
            "--expires",
            type=days,
            default=USUAL_DAYS,
            metavar="DAYS",
            help=f"in how many days, or “{NEVER}”; {USUAL_DAYS}, if not given",
        )
        create.add_argument("--rate", type=int, metavar="N", help="requests per minute; the setting's, if not given")
        commands.add_parser("list", help="list the keys; times are in the account's time zone")
        revoke = commands.add_parser("revoke", help="stop a key for good")
        revoke.add_argument("prefix", help="the eight letters after sito_")
        for command in commands.choices.values():
            command.add_argument("--account", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        account = account_called(options["account"])
        with tenant_context(account), timezone.override(account.timezone):
            {"create": self.create, "list": self.list, "revoke": self.revoke}[options["what"]](options)

    def create(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(email__iexact=options["acts_for"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['acts_for']}”.")
        now, lasting = timezone.now(), options["expires"]
        usual = [scope.value for scope in USUAL if user.may_write or not scope.writes]
        try:
            expires_at = None if lasting is None else now + timedelta(days=lasting)
            made = create_key(
                name=options["name"],
                scopes=options["scope"] or usual,
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
            expires, used = moment(key.expires_at), moment(key.last_used_at)
            cells = (key.prefix, key.name, key.state(now), key.user.email, ",".join(key.scopes), expires, used)
            self.stdout.write("\t".join(cells))

    def revoke(self, options: dict[str, Any]) -> None:
        key = ApiKey.objects.filter(prefix=options["prefix"].removeprefix("sito_")[:8]).first()
        if key is None:
            raise CommandError(f"There is no key “{options['prefix']}”.")
        revoke_key(key, now=timezone.now())
        self.stdout.write(f"Key {key.prefix} ({key.name}) is revoked.")


def moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else NEVER
