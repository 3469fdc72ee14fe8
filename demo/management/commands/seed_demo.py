"""`manage.py seed_demo`: fill an account with the customers of an optician's shop."""

import resource
import time
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_tenants.utils import tenant_context

from accounts.models import Account
from demo.seeding import empty, file_away, held, seed
from demo.stories import tell

MOST = 20_000_000
MOST_FACTS = 1_000_000_000
ACTIVITIES = 15  # for each contact, unless told otherwise: `make demo` stays quick
ORDERS = 1


class Wanted(NamedTuple):
    """How many rows."""

    contacts: int
    activities: int
    orders: int


class Command(BaseCommand):
    help = "Fill an empty account with demo data: an optician's shop with a Polish customer base."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", default="demo", help="which account (demo)")
        parser.add_argument("--contacts", type=int, default=20_000, help="how many contacts (20000)")
        parser.add_argument("--activities", type=int, help=f"how many activities ({ACTIVITIES} for each contact)")
        parser.add_argument("--orders", type=int, help=f"how many orders ({ORDERS} for each contact)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed and --now give the same data (1)")
        parser.add_argument("--now", help="the moment the data ends at, in ISO form (the present one)")
        parser.add_argument("--reset", action="store_true", help="first remove every contact, label and segment")
        parser.add_argument(
            "--confirm", metavar="ACCOUNT", help="with --reset: the account's name, instead of being asked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(schema_name=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account {options['account']}.")
        if not 1 <= options["contacts"] <= MOST:
            raise CommandError(f"--contacts takes a number from 1 to {MOST:,}.")
        for option, each in (("activities", ACTIVITIES), ("orders", ORDERS)):
            if options[option] is None:
                options[option] = each * options["contacts"]
            if not 0 <= options[option] <= MOST_FACTS:
                raise CommandError(f"--{option} takes a number from 0 to {MOST_FACTS:,}.")
        if options["seed"] < 0:
            raise CommandError("--seed takes a number from 0 on.")
        now = moment(options["now"])
        with tenant_context(account):
            if options["reset"]:
                self.reset(account, options["confirm"])
            if there := held():
                self.stdout.write(f"Account {account.schema_name} has {', '.join(there)}: nothing is changed.")
                return
            wanted = Wanted(*(options[name] for name in ("contacts", "activities", "orders")))
            self.fill(account, wanted, number=options["seed"], now=now)

    def reset(self, account: Account, confirmed: str | None) -> None:
        """Asks for the account's name, then empties it."""
        if not held():
            return
        question = f"This removes {', '.join(held())} of {account.schema_name}. Type its name to go on: "
        if (confirmed if confirmed is not None else input(question)).strip() != account.schema_name:
            raise CommandError("That is not its name: nothing is changed.")
        empty(account)

    def fill(self, account: Account, wanted: Wanted, *, number: int, now: datetime) -> None:
        started = time.monotonic()

        def say(text: str) -> None:
            self.stdout.write(f"{time.monotonic() - started:7.1f} s  {text}")
            self.stdout.flush()

        seed(account, **wanted._asdict(), seed=number, now=now, say=say)
        file_away()
        say("The mirror's files are there.")
        tell(account, now=now, say=say)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        say(f"{wanted.contacts:,} contacts are in {account.schema_name}; peak memory {peak} MB.")


def moment(given: str | None) -> datetime:
    """Raises: CommandError for a text that is no moment."""
    if given is None:
        return timezone.now().replace(microsecond=0)
    try:
        read = parse_datetime(given)
    except ValueError:
        read = None
    if read is None:
        raise CommandError(f"--now {given}: write it like 2026-11-21T12:00:00+01:00.")
    return read if read.tzinfo else read.replace(tzinfo=UTC)
