"""`python -m config.embedded up`: a pair of services for a shell, until Ctrl-C."""

import argparse
import os
import shlex
import signal
import sys
from pathlib import Path

from config.embedded.environment import VARIABLES, provide
from config.embedded.errors import ServiceError
from config.embedded.folders import Folders
from config.embedded.keeper import keep


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start PostgreSQL and Valkey, print their addresses, stay until Ctrl-C")
    keeper = commands.add_parser("keep", help="start one service until nobody uses it; started by the others")
    keeper.add_argument("service", choices=sorted(VARIABLES))
    for parser_ in (up, keeper):
        parser_.add_argument("--var", type=Path, default=Folders.from_environment().var)
        parser_.add_argument("--temporary", action="store_true", help="not durable; the folder is removed at the end")
    return parser.parse_args()


def up(var: Path, *, temporary: bool) -> int:
    leases = provide(Folders(var.absolute()), temporary=temporary)
    wanted = (signal.SIGINT, signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)  # not earlier: those we start would inherit it
    print("export " + " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in VARIABLES.values()), flush=True)
    signal.sigwait(wanted)
    for lease in leases:
        lease.leave()
    return 0


def main() -> int:
    given = arguments()
    try:
        if given.command == "keep":
            return keep(given.service, given.var, temporary=given.temporary)
        return up(given.var, temporary=given.temporary)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1


sys.exit(main())
