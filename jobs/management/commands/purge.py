"""`manage.py purge`: what beat does every hour, once and by hand."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.management.commands.tick import add_now, now_from
from jobs.scheduler import purge


class Command(BaseCommand):
    help = "Removes what has expired in every account (export files after seven days …)."

    def add_arguments(self, parser: CommandParser) -> None:
        add_now(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        purged = purge(now_from(options["now"]))
        self.stdout.write(f"accounts purged: {purged}")
