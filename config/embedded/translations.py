"""Compiling `locale/*.po`, in pure Python: the machine needs no gettext, and no compiled file is tracked."""

from pathlib import Path

import polib

from config.embedded.errors import ServiceError


def compile_translations(folder: Path) -> int:
    """Compile the catalogues whose compiled file is missing or older; returns how many."""
    stale = [path for path in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _stale(path)]
    for path in stale:
        _compile(path)
    return len(stale)


def _stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime


def _compile(path: Path) -> None:
    """Written aside and moved, for another process may be reading it."""
    fresh = path.with_suffix(".mo.fresh")
    try:
        polib.pofile(str(path)).save_as_mofile(str(fresh))
        fresh.replace(path.with_suffix(".mo"))
    except PermissionError as error:
        raise ServiceError(f"No permission to write in {path.parent}, where compiled translations belong.") from error
    except OSError as error:
        reason = error.strerror or str(error)  # polib raises bare OSErrors for syntax
        raise ServiceError(f"{path} can't be compiled: {reason}.") from error
