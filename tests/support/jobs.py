"""A kind of job made for tests, and worker processes to kill."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Self
from urllib.parse import quote

from django.db import connection

from actions.models import Action, ActionRun
from jobs.registry import JobKind
from jobs.services import chunk
from tests.support.audiences import NOW, ready_segment

ROOT = Path(__file__).resolve().parents[2]


def make_job(total: int = 3) -> ActionRun:
    """A waiting row of a job table; what it would mean as an action does not matter here."""
    segment = ready_segment()
    action = Action.objects.create(segment=segment, kind="probe", created_at=NOW)
    return ActionRun.objects.create(action=action, calculation=segment.latest, requested_at=NOW, total=total)


def counting(job: ActionRun, now: datetime) -> bool:
    """One chunk: counts one up."""
    with chunk(job, now=now, saves=("already_count",)):
        job.cursor += 1
        job.progress += 1
        job.already_count += 1  # the table holds progress to the sum of its counts
    return job.progress < job.total


def probe(step: Callable = counting, **more) -> JobKind:
    return JobKind("probe", ActionRun, step, **more)


class Worker:
    """A Python process of its own in the test's database and account, speaking line by line.

    `code` runs after Django is set up and the account entered; it says something with `tell(text)` and waits with
    `hear()` until `go()` is called here. Its end is waited for: nothing sleeps.
    """

    def __init__(self, code: str) -> None:
        preamble = (
            "import os, sys\n"
            "def tell(text): print(text, flush=True)\n"
            "def hear(): sys.stdin.readline() or os._exit(3)\n"
            "import django; django.setup()\n"
            "from django.conf import settings\n"
            "from django.db import connection\n"
            "from accounts.models import Account\n"
            f"connection.set_tenant(Account.objects.get(schema_name={connection.tenant.schema_name!r}))\n"
        )
        environment = {**os.environ, "DATABASE_URL": address_under_test()}
        self.process = subprocess.Popen(
            [sys.executable, "-c", preamble + code], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def heard(self) -> str:
        """The next line it says; empty when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """As `kill -9`."""
        self.process.kill()
        self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=60)
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]


def address_under_test() -> str:
    """DATABASE_URL of the database under test."""
    settings = connection.settings_dict
    who = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else settings["USER"]
    port = f":{settings['PORT']}" if settings["PORT"] else ""
    return f"postgres://{who}@{quote(settings['HOST'], safe='')}{port}/{settings['NAME']}"
