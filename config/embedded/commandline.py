"""Around every `manage.py` command: services for those that need them, one sentence instead of a trace."""

import errno
import os
import sys
from collections.abc import Callable, Iterator

import psycopg

from config.embedded.environment import provide
from config.embedded.errors import ServiceError
from config.embedded.folders import BASE, Folders
from config.embedded.servers import require_database
from config.embedded.translations import compile_translations

WITHOUT_DATABASE = {
    *("", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "help", "makemessages"),
    *("makemigrations", "startapp", "version"),
}


def run(arguments: list[str], execute: Callable[[list[str]], None]) -> int:
    """Execute `arguments` as Django does, and return the exit status."""
    leases = []
    try:
        compile_translations(BASE / "locale")
        if needs_database(arguments):
            leases = provide(Folders.from_environment())
            require_database(os.environ["DATABASE_URL"])
        execute(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 1
    finally:
        for lease in leases:
            lease.leave()
    return 0


def needs_database(arguments: list[str]) -> bool:
    command = next((word for word in arguments[1:] if not word.startswith("-")), "")
    return command not in WITHOUT_DATABASE and not {"--help", "-h", "--version"} & set(arguments)


def sentence_for(error: BaseException) -> str | None:
    """What to tell the person, when it is the machine's trouble and not a bug."""
    for cause in _chain(error):
        if isinstance(cause, ServiceError):
            return str(cause)
        if isinstance(cause, psycopg.errors.DiskFull) or (isinstance(cause, OSError) and cause.errno == errno.ENOSPC):
            return "The disk is full: free some space and try again."
        if isinstance(cause, psycopg.errors.UndefinedTable) and '"accounts_' in str(cause):
            return "The database has no tables yet: run 'python manage.py migrate_schemas', or 'make demo'."
        if isinstance(cause, psycopg.OperationalError) and (cause.sqlstate or "08")[:2] in {"08", "57"}:
            return "The connection to the database was lost: is its server still running?"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__ or following.__context__
