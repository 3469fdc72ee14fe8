"""Where letters go while there is no mail server: into files that only the server's own user can read."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail.backends import filebased
from django.utils.translation import gettext as _


class FolderBackend(filebased.EmailBackend):
    """Django's file backend in a private folder: a letter holds a link that sets somebody's password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.EMAIL_FILE_PATH).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **kwargs)


def kept_where() -> str:
    """For an administrator: where letters are kept instead of being sent; empty when a mail server sends them."""
    if f"{__name__}.{FolderBackend.__name__}" == settings.EMAIL_BACKEND:
        text = _("No mail server is set up: letters are not sent but written to the folder %(folder)s on the server.")
        return text % {"folder": settings.EMAIL_FILE_PATH}
    if settings.EMAIL_BACKEND == "django.core.mail.backends.console.EmailBackend":
        return _("No mail server is set up: letters are not sent but printed to the worker's log on the server.")
    return ""
