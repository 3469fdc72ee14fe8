"""`manage.py export`: a list of a segment as a file, as its page writes it."""

import os
import shutil
import time
from argparse import ArgumentParser
from getpass import getuser
from pathlib import Path
from socket import gethostname
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django_tenants.utils import tenant_context
from pydantic import ValidationError

from accounts.commands import account_called
from actions.models import Audience
from exports import downloads, store
from exports.columns import START, columns
from exports.formats import FORMATS
from exports.lists import NobodyError, export_list
from exports.models import ExportFile, How, ListExport
from exports.writing import SEPARATORS
from jobs.services import run
from segmentation.models import Calculation, Segment

PAUSE_S = 1  # between looks at what a worker writes


class Command(BaseCommand):
    help = "Writes the members of a segment's last calculation, or who joined or left with it, into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        parser.add_argument("--segment", required=True, metavar="ID|NAME")
        parser.add_argument("--list", default="all", choices=Audience.values, help="default: all")
        parser.add_argument("--format", default="csv", choices=list(FORMATS), help="default: csv")
        parser.add_argument("--columns", metavar="A,B,…", help=f"default: {','.join(START)}; ? lists them")
        parser.add_argument("--name", action="append", default=[], metavar="COLUMN=NAME", help="a column's own name")
        parser.add_argument(
            "--consent", default="", metavar="KEY", help="for audiences: who agreed to advertising there"
        )
        parser.add_argument("--separator", default="comma", choices=list(SEPARATORS), help="of CSV")
        parser.add_argument("--no-bom", action="store_true", help="CSV without the mark for spreadsheets")
        parser.add_argument("file", metavar="FILE", help="is made, and never written over")

    def handle(self, *args: Any, **options: Any) -> None:
        account = account_called(options["account"])
        with tenant_context(account), timezone.override(account.zone), translation.override(account.language):
            if options["columns"] == "?":
                for column in columns().values():
                    self.stdout.write(f"{column.key}\t{column.label}")
                return
            calculation = last_calculation(options["segment"])
            target = Path(options["file"])
            try:
                target.touch(mode=0o600, exist_ok=False)
            except OSError as error:
                raise CommandError(f"{target}: {error.strerror}") from None
            try:
                made = self.written(calculation, options)
                shutil.copyfile(store.path_of(made.stored_as), target)
            except BaseException:
                target.unlink()
                raise
            program = f"manage.py export, {gethostname()}"
            downloads.note(made, user=None, how=How.COMMAND, now=timezone.now(), by=system_user(), program=program)
            self.stdout.write(told(made, target))

    def written(self, calculation: Calculation, options: dict[str, Any]) -> ExportFile:
        """The file in the store; whoever is quicker writes it, this process or a worker."""
        try:
            export = export_list(
                calculation, audience=options["list"], params=params_in(options), now=timezone.now(), by=None
            )
        except NobodyError:
            raise CommandError("There is nobody in this list.") from None
        except ValidationError as error:
            wrong = {".".join(str(part) for part in each["loc"]) for each in error.errors()}
            raise CommandError(f"Refused: {', '.join(sorted(wrong))}.") from None
        run("list_export", export.pk, now=timezone.now(), clock=timezone.now)
        while (found := ListExport.objects.get(pk=export.pk)).active:
            time.sleep(PAUSE_S)
        made = ExportFile.objects.filter(list_export=found).first()
        if made is None:
            raise CommandError(found.problem_text or "It was cancelled.")
        return made


def system_user() -> str:
    """Who runs the command, as the machine calls them; by number, where it has no name for them."""
    try:
        return getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def last_calculation(text: str) -> Calculation:
    """Of the segment of that id, or of that name in any case."""
    rows = Segment.objects.select_related("latest")
    by_id = rows.filter(pk=int(text)).first() if text.isascii() and text.isdecimal() and len(text) < 19 else None
    found = by_id or rows.filter(name__iexact=text).first()
    if found is None:
        raise CommandError(f"There is no segment “{text}”.")
    if found.latest is None:
        raise CommandError("It has not been calculated yet.")
    return found.latest


def params_in(options: dict[str, Any]) -> dict[str, Any]:
    form = FORMATS[options["format"]]
    params: dict[str, Any] = {"format": form.name, "consent": options["consent"]}
    if not form.audience or options["columns"]:
        keys = [key.strip() for key in (options["columns"] or ",".join(START)).split(",")]
        known = columns()
        if unknown := [key for key in keys if key not in known]:
            raise CommandError(f"There is no column {', '.join(unknown)}; --columns ? lists them.")
        params["columns"] = keys
    named = [each.partition("=") for each in options["name"]]
    params["names"] = {key: name for key, _sign, name in named}
    if form.name == "csv":
        params |= {"separator": options["separator"], "bom": not options["no_bom"]}
    return params


def told(file: ExportFile, target: Path) -> str:
    counts = [f"{file.rows} rows"]
    for number, words in (
        (file.without_consent, "without the consent"),
        (file.without_address, "without an address"),
        (file.gone, "erased since"),
    ):
        if number:
            counts.append(f"{number} {words}")
    return f"{', '.join(counts)}, {file.size} bytes in {target}"
