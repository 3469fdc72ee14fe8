"""`manage.py tick`: what beat does every thirty seconds, once and by hand."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.scheduler import tick


class Command(BaseCommand):
    help = "Does what is due in every account: refreshes, lost messages, work left behind by stopped workers."

    def add_arguments(self, parser: CommandParser) -> None:
        add_now(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        looked = tick(now_from(options["now"]))
        self.stdout.write(f"accounts looked at: {looked}")


def add_now(parser: CommandParser) -> None:
    parser.add_argument(
        "--now", help="an ISO time with its offset to take for the present, e.g. 2026-11-21T08:00+01:00"
    )


def now_from(given: str | None) -> datetime:
    """The time given on the command line, else the present one."""
    if given is None:
        return timezone.now()
    try:
        now = parse_datetime(given)
    except ValueError:
        now = None
    if now is None or now.tzinfo is None:
        raise CommandError(f"--now: {given} is no ISO time with an offset")
    return now
