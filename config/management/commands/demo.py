"""`manage.py demo`: prepares what is missing, starts everything, stops everything."""

import os
import signal
import time
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.demo.assets import collect_when_changed
from config.demo.children import Children
from config.demo.only_one import be_the_only_demo, require_free_port
from config.demo.preparing import CONTACTS, OPERATOR, OWNER, migrate, operator_once, password, seed_once
from config.demo.steps import step
from config.embedded.environment import VARIABLES
from config.embedded.folders import Folders
from config.embedded.lock import held
from config.embedded.servers import require_broker, require_database
from config.embedded.service import explained
from config.letters import kept_where


class Stop(BaseException):
    """We were asked to end; not an error, so nothing on the way may catch it."""


class Command(BaseCommand):
    help = "Runs Sito with demo data: web server, worker and scheduler, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--contacts", type=int, default=CONTACTS, help="how many to seed, the first time")

    def handle(self, *args: Any, host: str, port: int, contacts: int, **options: Any) -> None:
        folders = Folders.from_environment()
        folders.make()
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGHUP, self._stop)  # the terminal was closed
        lock = be_the_only_demo(folders.run)
        children = Children(folders)
        try:
            require_free_port(host, port)
            self._prepare(folders, contacts)
            children.start(host, port)
            self._welcome(folders, port)
            self._watch(children, folders)
        except Stop:
            print("\nStopping.", flush=True)
        finally:
            children.stop()
            lock.release()

    def _prepare(self, folders: Folders, contacts: int) -> None:
        step("database", lambda: f"PostgreSQL {require_database(os.environ['DATABASE_URL'])}")
        step("broker", lambda: require_broker(os.environ["REDIS_URL"]))
        step("tables", migrate)
        step("demo data", lambda: seed_once(folders, contacts=contacts))
        step("operator", lambda: operator_once(folders))
        step("static files", lambda: collect_when_changed(folders.var / "static.stamp"))

    def _welcome(self, folders: Folders, port: int) -> None:
        print(f"\nSito is at  http://localhost:{port}")
        print(f"Sign in as  {OWNER}  with the password  {password(folders)}")
        if settings.OPERATOR_HOST:
            print(f"Operators, who open areas of it, are at  http://{settings.OPERATOR_HOST}:{port}")
            print(f"Sign in there as  {OPERATOR}  with the same password")
        if kept_where():
            print(f"Letters are written to {settings.EMAIL_FILE_PATH}: invitations, links to set a password.")
        print(f"Ctrl-C stops it. Its logs are in {folders.log}.", flush=True)

    def _watch(self, children: Children, folders: Folders) -> None:
        kept = [name for name in VARIABLES if held(folders.run / f"{name}.keeper")]
        while True:
            time.sleep(0.5)
            children.require_all()
            for name in kept:
                if not held(folders.run / f"{name}.keeper"):
                    raise explained(folders, name, 0, f"The embedded {name} stopped by itself")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # stopping takes seconds at most: once is enough
        raise Stop
