"""Putting DATABASE_URL and REDIS_URL in place before Django's settings are read."""

import os

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
    for lease in leases:
        os.environ[VARIABLES[lease.name]] = lease.address()
    return leases
