"""`manage.py rollout list|set`: which areas are open to which accounts."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.commands import account_called
from rollout.areas import AREAS, Area
from rollout.selectors import areas
from rollout.services import Effect, change, effect_of, every_schema, setting_now
from rollout.settings import Mode, Setting


class Command(BaseCommand):
    help = "List areas of the product and whom they are open to; open and close them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True)
        shown = commands.add_parser("list", help="the areas; with --account, which of them are open to it")
        shown.add_argument("--account")
        given = commands.add_parser("set", help="set whom an area is open to")
        given.add_argument("area")
        to = given.add_mutually_exclusive_group()
        to.add_argument("--everybody", action="store_true", help="all accounts but those left out")
        to.add_argument("--nobody", action="store_true")
        to.add_argument("--share", metavar="PERCENT", help="so many of the accounts, and the named ones")
        given.add_argument("--name", action="append", default=[], metavar="ACCOUNT", help="open it to this one")
        given.add_argument("--leave-out", action="append", default=[], metavar="ACCOUNT", help="close it to this one")
        given.add_argument("--forget", action="append", default=[], metavar="ACCOUNT", help="neither: by share alone")
        given.add_argument("--look", action="store_true", help="only say what it would do")

    def handle(self, *args: Any, **options: Any) -> None:
        {"list": self.list, "set": self.set}[options["what"]](options)

    def list(self, options: dict[str, Any]) -> None:
        """One area a line, tabs between, so that scripts can cut it."""
        account = account_called(options["account"]) if options["account"] else None
        schemas = every_schema()
        for area in areas():
            setting = setting_now(area)
            if account is not None:
                state = "open" if setting.admits(area.key, account.schema_name) else "closed"
                self.stdout.write(f"{area.key}\t{state}")
                continue
            number = sum(setting.admits(area.key, schema) for schema in schemas)
            named, left_out = ",".join(sorted(setting.named)), ",".join(sorted(setting.left_out))
            cells = (
                area.key,
                setting.mode.value,
                f"{setting.share:.1f} %",
                f"{number} of {len(schemas)}",
                named,
                left_out,
            )
            self.stdout.write("\t".join(cells))

    def set(self, options: dict[str, Any]) -> None:
        area = AREAS.get(options["area"])
        if area is None:
            raise CommandError(f"There is no area “{options['area']}”. There are: {', '.join(sorted(AREAS))}.")
        to = partial(wanted, options=options)
        if options["look"]:
            self.say(area, effect_of(area, to(setting_now(area))), "would open", "would close")
            return
        self.say(area, change(area, to, who="command line", now=timezone.now()), "opens", "closes")

    def say(self, area: Area, effect: Effect, opens: str, closes: str) -> None:
        of = f"It is then open to {effect.open_after} of {effect.accounts} accounts."
        self.stdout.write(f"{area.key} {opens} for {len(effect.opens)}, {closes} for {len(effect.closes)}. {of}")


def wanted(before: Setting, options: dict[str, Any]) -> Setting:
    """`before`, changed as the options say. Raises: CommandError."""
    named, left_out = set(before.named), set(before.left_out)
    for schema in (*options["name"], *options["leave_out"]):
        account_called(schema)
    for schema in (*options["name"], *options["leave_out"], *options["forget"]):
        named.discard(schema)
        left_out.discard(schema)
    if both := set(options["name"]) & set(options["leave_out"]):
        raise CommandError(f"Both named and left out: {', '.join(sorted(both))}.")
    mode, share = before.mode, before.share
    if options["everybody"]:
        mode = Mode.EVERYBODY
    elif options["nobody"]:
        mode = Mode.NOBODY
    elif options["share"] is not None:
        mode, share = Mode.SOME, share_of(options["share"])
    return Setting(
        mode, share, frozenset(named | set(options["name"])), frozenset(left_out | set(options["leave_out"]))
    )


def share_of(text: str) -> Decimal:
    try:
        share = Decimal(text.strip().rstrip("%").replace(",", "."))
    except InvalidOperation as error:
        raise CommandError(f"“{text}” is no share: type per cent, 25 say.") from error
    if not share.is_finite() or not 0 <= share <= Decimal("99.9") or share != round(share, 1):
        raise CommandError("A share is from 0 to 99.9 per cent, in tenths. For all of them: --everybody.")
    return share
