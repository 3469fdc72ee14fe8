"""`manage.py mirror`: how the columnar copy stands, whether it is right, and making it anew."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.models import Account
from mirror.checking import differences, plain, status
from mirror.compacting import Outcome
from mirror.kinds import KINDS
from mirror.services import compact
from mirror.units import UNITS, unit_of


class Command(BaseCommand):
    """Readers and writers go on meanwhile, whatever it does."""

    help = "Tells how an account's columnar copy stands, compares it with PostgreSQL, or makes it anew."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="rebuild|update|verify|status")
        self.verb(verbs, "status", "files, rows, what is newer than they are, what is under way")
        for name, text in (
            ("verify", "compare every mirrored row with PostgreSQL; exit code 1 if one differs"),
            ("rebuild", "make all files anew"),
            ("update", "bring the files up to date now"),
        ):
            parser_ = self.verb(verbs, name, text)
            parser_.add_argument("--kind", choices=list(KINDS), help="this kind alone (orders and lines go together)")

    @staticmethod
    def verb(verbs: Any, name: str, text: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(name, help=text)
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        parser.add_argument("--json", action="store_true", help="what a program reads")
        return parser

    def handle(self, *_args: Any, verb: str, account: str, **options: Any) -> None:
        found = Account.objects.filter(schema_name=account).first()
        if found is None or account == "public":
            raise CommandError(f"There is no account “{account}”.")
        kind = options.get("kind")
        units = [unit_of(kind)] if kind else list(UNITS)
        verbs: dict[str, Callable[..., None]] = {"status": self.status, "verify": self.verify}
        with tenant_context(found):
            if verb in verbs:
                verbs[verb](units, as_json=options["json"])
            else:
                self.make(units, rebuild=verb == "rebuild", as_json=options["json"])

    def status(self, _units: list[str], *, as_json: bool) -> None:
        told = status()
        if as_json:
            self.stdout.write(json.dumps(told, default=plain))
            return
        self.stdout.write("kind      files        rows         MB       newer    not yet settled    gone  since")
        for name, kind in told["kinds"].items():
            since = kind["made_at"].isoformat(timespec="seconds") if kind["made_at"] else "-"
            note = "" if kind["usable"] or not kind["files"] else "  of no use: to be made anew"
            note += f"  {kind['broken']} broken" if kind["broken"] else ""
            self.stdout.write(
                f"{name:8}{kind['files']:7,}{kind['rows']:12,}{kind['bytes'] / 1e6:11,.1f}{kind['newer']:12,}"
                f"{kind['waiting']:19,}{kind['gone']:8,}  {since}{note}"
            )
        for name in ("running", "last"):
            if told[name]:
                job = told[name]
                self.stdout.write(
                    f"{name}: compaction {job['id']} of {', '.join(job['units'])}: {job['state']},"
                    f" {job['done']} of {len(job['units'])} done, since {plain(job['since'])}"
                )

    def verify(self, units: list[str], *, as_json: bool) -> None:
        found = [difference for unit in units for difference in differences(unit) if difference.what != "not mirrored"]
        if as_json:
            told = [vars(difference) for difference in found]
            self.stdout.write(json.dumps({"right": not found, "differences": told}, default=plain))
        for difference in [] if as_json else found:
            of = f" (type {difference.type})" if difference.type else ""
            self.stdout.write(f"{difference.kind}{of}: {difference.what}")
            if difference.row:
                self.stdout.write(f"    {json.dumps(difference.row, default=plain, ensure_ascii=False)}")
        if found:
            sys.exit(1)
        if not as_json:
            self.stdout.write("All mirrored rows are as PostgreSQL has them.")

    def make(self, units: list[str], *, rebuild: bool, as_json: bool) -> None:
        outcomes: list[Outcome] = []
        compact(now=timezone.now(), units=units, rebuild=rebuild, said=outcomes.append)
        if as_json:
            self.stdout.write(json.dumps([vars(outcome) for outcome in outcomes]))
            return
        for outcome in outcomes:
            self.stdout.write(
                f"{outcome.unit}: {outcome.rows:,} rows copied, {outcome.made} files made, {outcome.replaced} replaced"
            )
