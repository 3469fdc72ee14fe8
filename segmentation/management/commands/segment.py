"""`manage.py segment`: list, create, refresh segments, print their members and say why, without a browser."""

import csv
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from json import dumps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import override
from django_tenants.utils import tenant_context

from accounts.models import Account
from config.spreadsheets import defuse
from contacts.models import Contact
from jobs.models import JobState
from jobs.services import run
from segmentation.criteria import CriteriaError, limits, load
from segmentation.explaining import Explanation, NoSuchContactError, why
from segmentation.models import LONGEST_HOURS, Calculation, Reason, RefreshUnit, Segment
from segmentation.selectors import list_of, segments
from segmentation.services import NameTakenError, Settings, create_segment, request_calculation

COLUMNS = ("id", "email", "phone", "external_id", "first_name", "last_name")
AT_ONCE = 10_000  # members fetched at a time


class Command(BaseCommand):
    """Everything here goes through the same services as the pages."""

    help = "Lists, creates and refreshes segments of an account, prints their members, and says why one is in or out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|create|refresh|members|why")
        self.verb(verbs, "list", "the segments with their list, count and times")
        create = self.verb(verbs, "create", "a new segment, calculated at once unless --queue is given")
        create.add_argument("name")
        create.add_argument("--criteria", required=True, metavar="FILE", help="JSON; - reads standard input")
        create.add_argument("--readiness", type=int, default=24, metavar="HOURS")
        create.add_argument("--every", type=interval, default=(None, ""), metavar="6h|2d", help="refresh by itself")
        refresh = self.verb(verbs, "refresh", "a new calculation")
        for parser_ in (create, refresh):
            parser_.add_argument("--queue", action="store_true", help="leave the work to the workers")
        members = self.verb(verbs, "members", "the members of the last calculation, one id a line")
        members.add_argument("--csv", action="store_true", help="a table of the contacts' own columns instead")
        for parser_ in (refresh, members):
            parser_.add_argument("segment", help="its id or its name")

        why_ = self.verb(
            verbs, "why", "why a contact is in a segment, or is not: its criteria, each with what the data say"
        )
        why_.add_argument("--segment", required=True, metavar="ID", help="its id or its name")
        why_.add_argument("--contact", required=True, metavar="ID|EMAIL")
        why_.add_argument("--json", action="store_true", help="for programs")

    @staticmethod
    def verb(verbs: Any, name: str, text: str) -> ArgumentParser:
        parser: ArgumentParser = verbs.add_parser(name, help=text)
        parser.add_argument("--account", required=True, metavar="NAME", help="the account's name in its address")
        return parser

    def handle(self, *_args: Any, verb: str, account: str, **options: Any) -> None:
        found = Account.objects.filter(schema_name=account).first()
        if found is None or account == "public":
            raise CommandError(f"There is no account “{account}”.")
        language = override(found.language if verb == "why" else "en")
        with suppress(BrokenPipeError), tenant_context(found), language, timezone.override(found.zone):
            verbs: dict[str, Callable[..., None]] = {
                "list": self.list,
                "create": self.create,
                "refresh": self.refresh,
                "members": self.members,
                "why": self.why,
            }
            verbs[verb](**options, zone=found.zone)

    def list(self, **_options: Any) -> None:
        now = timezone.now()
        for segment in segments().order_by("pk"):
            count = segment.latest.count if segment.latest else None
            until = segment.ready_until.isoformat(timespec="minutes") if segment.ready_until else "-"
            place = list_of(segment, now=now)
            self.stdout.write(f"{segment.pk}\t{place}\t{'-' if count is None else count}\t{until}\t{segment.name}")

    def create(
        self, *, name: str, criteria: str, readiness: int, every: tuple[int | None, str], **options: Any
    ) -> None:
        if not 1 <= readiness <= LONGEST_HOURS:
            raise CommandError(f"--readiness: a whole number of hours from 1 to {LONGEST_HOURS}.")
        if not name.strip() or len(name) > 200:
            raise CommandError("A name has 1 to 200 characters.")
        settings = Settings(name, readiness, *every)
        try:
            segment = create_segment(settings=settings, criteria=json_in(criteria), now=timezone.now(), by=None)
        except NameTakenError:
            raise CommandError(f"There is a segment “{name}” already.") from None
        except CriteriaError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"segment {segment.pk}")
        self.calculate(Calculation.objects.filter(segment=segment).latest("pk"), queue=options["queue"])

    def refresh(self, *, segment: str, queue: bool, **_options: Any) -> None:
        found = segment_named(segment)
        self.calculate(request_calculation(found, reason=Reason.MANUAL, now=timezone.now()), queue=queue)

    def calculate(self, calculation: Calculation, *, queue: bool) -> None:
        if queue:
            self.stdout.write(f"calculation {calculation.pk} is waiting")
            return
        run("calculation", calculation.pk, now=timezone.now(), clock=timezone.now)
        calculation.refresh_from_db()
        if calculation.state in (JobState.WAITING, JobState.RUNNING):  # a worker was quicker
            self.stdout.write(f"calculation {calculation.pk} is {calculation.state}")
            return
        if calculation.state != JobState.DONE:
            where = (calculation.problem or {}).get("path")
            raise CommandError(f"{calculation.problem_text}{f' ({where})' if where else ''}")
        self.stdout.write(
            f"calculation {calculation.pk}: {calculation.count} contacts, {calculation.joined_count} joined,"
            f" {calculation.left_count} left, {calculation.ms or 0:.0f} ms"
        )

    def members(self, *, segment: str, **options: Any) -> None:
        found = segment_named(segment)
        if found.latest is None:
            raise CommandError("It has not been calculated yet.")
        ids = found.latest.member_ids
        if not options["csv"]:
            for pk in ids:
                self.stdout.write(str(pk))
            return
        writer = csv.writer(self.stdout)
        writer.writerow(COLUMNS)
        for start in range(0, len(ids), AT_ONCE):
            rows = Contact.objects.filter(pk__in=list(ids[start : start + AT_ONCE])).order_by("pk")
            for row in rows.values_list(*COLUMNS):
                writer.writerow([defuse(str(value)) if value is not None else "" for value in row])

    def why(self, *, segment: str, contact: str, zone: ZoneInfo, json: bool, **_options: Any) -> None:
        found = segment_named(segment)
        try:
            explanation = why(found, contact_named(contact), now=timezone.now(), zone=zone)
        except NoSuchContactError:
            raise CommandError(f"There is no contact “{contact}”.") from None
        except CriteriaError as error:
            raise CommandError(str(error)) from None
        if json:
            self.stdout.write(dumps(explanation.as_json(), ensure_ascii=False))
            return
        for line in told(explanation):
            self.stdout.write(line)


def interval(text: str) -> tuple[int, str]:
    """`6h` or `2d` as a number and a unit."""
    unit = {"h": RefreshUnit.HOUR, "d": RefreshUnit.DAY}.get(text[-1:])
    number = int(text[:-1]) if text[:-1].isascii() and text[:-1].isdecimal() else 0
    if unit is None or not 1 <= number * (24 if unit == RefreshUnit.DAY else 1) <= LONGEST_HOURS:
        raise ValueError(text)
    return number, str(unit.value)


def segment_named(text: str) -> Segment:
    """The segment of that id, or of that name in any case."""
    rows = Segment.objects.select_related("latest")
    by_id = rows.filter(pk=int(text)).first() if text.isascii() and text.isdecimal() else None
    found = by_id or rows.filter(name__iexact=text).first()
    if found is None:
        raise CommandError(f"There is no segment “{text}”.")
    return found


def contact_named(text: str) -> int:
    """The id that is written, or that of the contact with this e-mail; 0: there is none."""
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    return Contact.objects.filter(email=text.strip().lower()).values_list("pk", flat=True).first() or 0


def told(explanation: Explanation) -> Iterator[str]:
    """The tree, a node a line: whether it holds, what it is, what the data say; arrows at what would have to change."""
    for depth, node in explanation.root.walk():
        mark = "✓" if node.holds else "✗"
        evidence = f": {node.evidence}" if node.evidence is not None and node.evidence.parts else ""
        arrow = " ←" if node.to_change else ""
        yield f"{'  ' * depth}{mark} {node.sentence}{evidence}{arrow}"


def json_in(file: str) -> dict[str, Any]:
    """The criteria in a file, read no further than criteria may go."""
    most = limits.BYTES * 4 + 1
    try:
        if file == "-":
            text = sys.stdin.buffer.read(most)
        else:
            with Path(file).open("rb") as opened:
                text = opened.read(most)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    data = load(text)
    return data if isinstance(data, dict) else {"": data}  # refused with its path by the language
