"""Bringing the demo's database to where the pages need it."""

import os
import secrets
import subprocess
import sys

from django.core.management import call_command

from accounts.models import Account
from accounts.services import create_account, delete_account
from config.embedded.errors import ServiceError
from config.embedded.folders import BASE, Folders
from operators.models import Operator
from operators.services import create_operator

NAME = "demo"
OWNER = "owner@demo.example"
OPERATOR = "operator@demo.example"
CONTACTS = 20_000


def migrate() -> str:
    call_command("migrate_schemas", interactive=False, verbosity=0)
    return "migrated"


def seed_once(folders: Folders, *, contacts: int) -> str:
    """Make and fill the account `demo`; one that was left half-filled, when we were killed, is made anew."""
    unfinished = folders.var / "demo.unfinished"
    existing = Account.objects.filter(schema_name=NAME).first()
    if existing and not unfinished.exists():
        return "there already"
    folders.require_room()
    unfinished.touch()
    if existing:
        delete_account(existing)
    create_account(
        schema=NAME,
        name="Optyk Zielony",
        owner_name="Anna Kowalska",
        owner_email=OWNER,
        owner_password=password(folders),
        domains=("localhost", "127.0.0.1"),
    )
    _logged(folders, "seed_demo", "--account", NAME, "--contacts", str(contacts))
    unfinished.unlink()
    return f"{contacts:,} contacts"


def operator_once(folders: Folders) -> str:
    """Somebody who may open the operators' pages, with the owner's password."""
    if Operator.objects.filter(email=OPERATOR).exists():
        return "there already"
    create_operator(email=OPERATOR, name="Operator", password=password(folders))
    return OPERATOR


def password(folders: Folders) -> str:
    """Of the demo's owner and operator: SITO_DEMO_PASSWORD, else one made once and kept for the next start."""
    kept = folders.var / "demo.password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(os.environ.get("SITO_DEMO_PASSWORD") or secrets.token_urlsafe(9))
    return kept.read_text()


def _logged(folders: Folders, *command: str) -> None:
    """Run a `manage.py` command in a process of its own, so that its memory is not kept."""
    since = folders.log_size("seed")
    log = folders.open_log("seed")
    status = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=BASE, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
    ).returncode
    os.close(log)
    if status:
        if folders.full("seed", since) or "The disk is full" in folders.log_tail("seed", since):
            raise ServiceError("The disk is full: free some space and run it again.")
        raise ServiceError(f"'manage.py {command[0]}' failed; the reason is in {folders.log / 'seed.log'}.")
