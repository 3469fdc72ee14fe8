"""Private files: a folder per account under `var/files`, never served by address, only through a view that checks."""

from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils.deconstruct import deconstructible


@deconstructible(path="config.storage.AccountStorage")
class AccountStorage(FileSystemStorage):
    """The current account's folder, whichever account that is when a file is opened.

    Raises: SuspiciousFileOperation outside an account, where files would be everybody's.
    """

    @property
    def base_location(self) -> str:
        schema = getattr(connection, "schema_name", "")
        if not schema or schema == "public":
            raise SuspiciousFileOperation("Files belong to an account, and none is open.")
        return str(Path(self._location or settings.MEDIA_ROOT) / schema)  # type: ignore[attr-defined]

    @property
    def location(self) -> str:
        return str(Path(self.base_location).absolute())
