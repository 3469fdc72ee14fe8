# ruff: noqa: N999 (the command is called so)
"""`manage.py import contacts|orders|activities`: brings a file in, here and now."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_tenants.utils import tenant_context

from accounts.commands import account_called
from imports import store
from imports.errors import FileError
from imports.models import Import, Outcome, SourceFile, Subject
from imports.plans import Plan, plan_from
from imports.reading import sample
from imports.services import NotReadyError, forget_upload, headings_in, keep_upload, start
from jobs.models import JobState
from jobs.services import run
from tags.models import Category

MB = 1 << 20


class Command(BaseCommand):
    """Reads the file as the page does, says what it made of it, and imports it in this process."""

    help = "Import contacts, orders or activities from a CSV or XLSX file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subject", choices=Subject.values)
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        parser.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD", nargs="+",
                            help="what a column becomes, by its heading or number; COLUMN= leaves it out")  # fmt: skip
        parser.add_argument("--mode", choices=["both", "create", "update"])
        parser.add_argument("--match", choices=["id", "email", "external_id"])
        parser.add_argument("--empty", choices=["keep", "clear"])
        parser.add_argument("--type", default="", help="of all activities, where no column says it")
        parser.add_argument("--tag", action="append", default=[], help="put on everybody; may be repeated")
        parser.add_argument("--category", action="append", default=[], metavar="PATH")
        parser.add_argument("--consent", action="append", default=[], metavar="KEY", help="given by everybody")
        parser.add_argument("--source", default="", help="where the consents come from")
        parser.add_argument("--encoding")
        parser.add_argument("--delimiter")
        parser.add_argument("--sheet")
        parser.add_argument("--decimal", choices=[".", ","])
        parser.add_argument("--dates", choices=["ymd", "dmy", "mdy"])
        parser.add_argument("--report", metavar="FILE", help="write what became of each row here")

    def handle(self, *args: Any, subject: str, file: str, account: str, **options: Any) -> None:
        with tenant_context(account_called(account)):
            try:
                self.bring_in(Subject(subject), Path(file), options)
            except OSError as error:
                raise CommandError(f"{file} can't be read: {error.strerror}") from error
            except FileError as error:
                raise CommandError(str(error)) from error
            except NotReadyError as error:
                raise CommandError("\n".join(error.problems)) from error

    def bring_in(self, subject: Subject, path: Path, options: dict[str, Any]) -> None:
        now = timezone.now()
        with path.open("rb") as opened:
            source = keep_upload(chunks(opened), subject=subject, name=path.name, now=now, by=None)
        try:
            plan = self.planned(source, options)
            job = start(source, plan, now=now, by=None)
        except Exception:
            forget_upload(source)
            raise
        run("import", job.pk, now=now, clock=timezone.now)
        job = Import.objects.get(pk=job.pk)
        self.tell(job)
        if options["report"]:
            self.report(job, options["report"])
        if job.state != JobState.DONE:
            raise CommandError(job.problem_text or job.state)

    def report(self, job: Import, target: str) -> None:
        """What became of each row, as far as the import came: one that failed at once has no report."""
        made = store.path_of(job.stored_as + store.REPORT)
        if not made.is_file():
            return
        try:
            Path(target).write_bytes(made.read_bytes())
        except OSError as error:
            raise CommandError(f"{target} can't be written: {error.strerror}") from error

    def planned(self, source: SourceFile, options: dict[str, Any]) -> Plan:
        """What the file itself suggests, and then whatever the options say."""
        plan = plan_from(source.choices)
        reading = {name: options[name] for name in ("encoding", "delimiter", "sheet") if options[name]}
        plan.reading = plan.reading.model_copy(update=reading)
        chosen = {name: options[name] for name in ("mode", "match", "empty", "decimal", "dates") if options[name]}
        chosen |= {"kind": options["type"], "tags": options["tag"], "consents": options["consent"]}
        categories = dict(Category.objects.filter(slug_path__in=options["category"]).values_list("slug_path", "pk"))
        if missing := set(options["category"]) - categories.keys():
            raise CommandError(f"There is no category {', '.join(sorted(missing))}.")
        chosen |= {"categories": list(categories.values()), "consent_source": options["source"]}
        plan = plan_from(plan.stored() | chosen)
        headings = headings_in(sample(store.path_of(source.stored_as), plan.reading), plan.reading)
        plan.columns = (plan.columns + [""] * len(headings))[: len(headings)]
        map_columns(plan, headings, [each for group in options["map"] for each in group])
        for heading, name in zip(headings, plan.columns, strict=True):
            self.stdout.write(f"{heading} → {name or '–'}")
        return plan

    def tell(self, job: Import) -> None:
        for outcome in Outcome:
            self.stdout.write(f"{outcome.value}\t{getattr(job, f'{outcome.value}_count')}")


def map_columns(plan: Plan, headings: Sequence[str], wanted: Sequence[str]) -> None:
    """Has columns become what was asked for; a field that another column had is that one's no more."""
    for each in wanted:
        column, equals, field = each.rpartition("=")
        if not equals:
            raise CommandError(f"“{each}” says no COLUMN=FIELD.")
        places = [place for place, heading in enumerate(headings) if heading == column]
        if not places and column.isdecimal() and 0 < int(column) <= len(headings):
            places = [int(column) - 1]
        if not places:
            raise CommandError(f"The file has no column “{column}”: {', '.join(headings)}.")
        plan.columns = ["" if name == field else name for name in plan.columns]
        plan.columns[places[0]] = field


def chunks(opened: Any) -> Iterator[bytes]:
    while data := opened.read(MB):
        yield data
