"""Putting DATABASE_URL and REDIS_URL in place before Django's settings are read."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config.embedded.folders import Folders
from config.embedded.lease import Lease

VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}


def provide(folders: Folders, *, temporary: bool = False) -> list[Lease]:
    """Set those of the two variables which are missing, from embedded services; both start side by side."""
    missing = [name for name, variable in VARIABLES.items() if not os.environ.get(variable)]
    if not missing:
        return []
    folders.make()
    leases = [Lease(name, folders, temporary=temporary) for name in missing]
    try:
        for lease in leases:
            os.environ[VARIABLES[lease.name]] = lease.address()
    except BaseException:  # Ctrl-C too
        for lease in leases:
            lease.leave()
        raise
    return leases


def provide_temporary() -> list[Lease]:
    """As `provide`, with throw-away services in a new short folder, which becomes SITO_VAR. For tests.

    Whatever the addresses given, the tests' files never lie in `var/`.
    """
    folder = Path(tempfile.mkdtemp(prefix="sito-", dir="/tmp"))
    folder.chmod(0o755)
    os.environ["SITO_VAR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return provide(Folders(folder), temporary=True)
