"""`manage.py count`: how many contacts criteria hold for, and where the number comes from."""

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tenants.utils import tenant_context

from accounts.models import Account
from segmentation.criteria import CriteriaError, Node, Words, limits, parse_json
from segmentation.engine import Context, Evaluation, evaluate


class Command(BaseCommand):
    """Prints the sentence, the count and every node's count and time; with `--json` what a program reads."""

    help = "Count the contacts of an account that criteria hold for, node by node."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        parser.add_argument(
            "--criteria", required=True, metavar="FILE", help="the criteria as JSON; - reads standard input"
        )
        parser.add_argument(
            "--json", action="store_true", help='print {"count", "nodes": [{"path", "count", "ms"}], "ms"}'
        )

    def handle(self, *args: Any, account: str, criteria: str, **options: Any) -> None:
        text = _text(criteria)
        try:
            found = Account.objects.filter(schema_name=account).first()
        except DatabaseError as error:
            raise CommandError(str(error).splitlines()[0]) from None
        if found is None:
            raise CommandError(_("There is no account “{name}”.").format(name=account))
        try:
            with tenant_context(found):
                self._count(parse_json(text), found, timezone.now(), as_json=options["json"])
        except CriteriaError as error:
            raise CommandError(str(error)) from None

    def _count(self, tree: Node, account: Account, now: datetime, *, as_json: bool) -> None:
        context = Context(now=now, zone=account.zone)
        evaluation = evaluate(tree, context=context)
        if as_json:
            self.stdout.write(json.dumps(_as_json(evaluation)))
            return
        self.stdout.write(str(tree.sentence(Words(now, account.zone, context.catalog)).finished))
        for node in evaluation.nodes:
            self.stdout.write(f"{node.count:>12,} {node.ms:>9.1f} ms  {node.path or _('all in all')}")


def _text(file: str) -> bytes:
    """What the file holds, read no further than criteria may go."""
    most = limits.BYTES * 4 + 1
    if file == "-":
        return sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise CommandError(_("{file} can't be read: {reason}").format(file=file, reason=error.strerror)) from None


def _as_json(evaluation: Evaluation) -> dict[str, Any]:
    nodes = [{"path": node.path, "count": node.count, "ms": node.ms} for node in evaluation.nodes]
    return {"count": evaluation.count, "nodes": nodes, "ms": evaluation.ms}
