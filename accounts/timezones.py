"""The time zones an account may choose."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

AREAS = ("Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/")


@cache
def timezone_names() -> tuple[str, ...]:
    """Names of places, and UTC; not the bare offsets and old abbreviations."""
    return tuple(
        sorted(name for name in available_timezones() if name == "UTC" or name.startswith((*AREAS, "Pacific/")))
    )


def validate_timezone(name: str) -> None:
    if name not in timezone_names():
        raise ValidationError(_("There is no time zone “%(name)s”. Choose one from the list."), params={"name": name})
