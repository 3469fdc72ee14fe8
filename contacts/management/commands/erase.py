"""`manage.py erase`: people erased by an operator, one or a file of them; and again, after a restore."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from accounts.models import Account
from contacts.erasing.models import Cleaning, Erasure, ErasureReason
from contacts.erasing.replaying import replay
from contacts.erasing.services import erase_contacts
from contacts.naming import ids_named
from jobs.models import JobState
from jobs.services import run

BY = "command line"


class Command(BaseCommand):
    help = "Erases contacts with all that is theirs, for good; proofs are kept. With --replay, after a restore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", help="left out with --replay: all accounts")
        parser.add_argument("--contact", action="append", default=[], metavar="ID|EMAIL|external:ID", help="may repeat")
        parser.add_argument("--file", metavar="FILE", help="one id or e-mail address a line; - reads standard input")
        parser.add_argument("--reason", choices=ErasureReason.values, default=ErasureReason.ASKED.value)
        parser.add_argument("--confirm", type=int, metavar="NUMBER", help="how many, instead of being asked")
        parser.add_argument("--queue", action="store_true", help="leave the cleaning up to the workers")
        parser.add_argument("--replay", action="store_true", help="erase again whoever came back with a backup")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["replay"]:
            self.replay(options["account"])
            return
        account = account_called(options["account"])
        with tenant_context(account):
            self.erase(options)

    def erase(self, options: dict[str, Any]) -> None:
        named = [*options["contact"], *lines_of(options["file"])]
        if not named:
            raise CommandError("Name somebody: --contact or --file.")
        found, unknown = ids_named(named)
        for text in unknown:
            self.stderr.write(f"nobody: {text}")
        if not found:
            raise CommandError("Nobody of these is a contact. Nothing was erased.")
        self.agree(len(found), options["confirm"])
        now = timezone.now()
        proofs = erase_contacts(found, reason=options["reason"], now=now, by=BY)
        if not options["queue"]:
            clean()
        for proof in Erasure.objects.filter(pk__in=[proof.pk for proof in proofs]).order_by("pk"):
            state = "completed" if proof.completed_at else "cleaned" if proof.cleaned_at else "being cleaned up"
            self.stdout.write(f"{proof.short}\t{proof.ids[0]}\t{state}")
        self.stdout.write(f"{len(proofs)} erased, {len(unknown)} not found.")

    def agree(self, number: int, confirmed: int | None) -> None:
        """Raises: CommandError, unless somebody says the number."""
        if confirmed is None:
            answer = input(f"{number} contacts will be erased for good. Type {number} to go on: ")
            confirmed = int(answer) if answer.strip().isdecimal() else -1
        if confirmed != number:
            raise CommandError(f"These are {number}. Nothing was erased.")

    def replay(self, name: str | None) -> None:
        accounts = [account_called(name)] if name else Account.objects.order_by("schema_name")
        for account in accounts:
            with tenant_context(account):
                proofs, again = replay(now=timezone.now())
                if proofs:
                    clean()
            self.stdout.write(f"{account.schema_name}: {proofs} proofs put back, {again} contacts erased again.")


def clean() -> None:
    """Does here what a worker would."""
    for job in Cleaning.objects.filter(state=JobState.WAITING):
        run("cleaning", job.pk, now=timezone.now(), clock=timezone.now)


def lines_of(name: str | None) -> Iterable[str]:
    if not name:
        return []
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: {error}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
