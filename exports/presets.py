"""Choices for exports that a user keeps: by name, and the last one without."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from exports.making import ExportParams
from exports.models import Preset
from users.models import User

MOST = 50  # by name, for one user


class TooManyError(Exception):
    """The user keeps as many as they may."""


def kept_by(user: User | None) -> list[Preset]:
    """Those with a name."""
    return list(Preset.objects.filter(user=user).exclude(name="")) if user else []


def last_of(user: User | None) -> ExportParams | None:
    """What the user exported last."""
    return params_of(Preset.objects.filter(user=user, name="").first()) if user else None


def params_of(preset: Preset | None) -> ExportParams | None:
    """None also for one that this version does not understand."""
    if preset is None:
        return None
    try:
        return ExportParams.model_validate(preset.params)
    except ValidationError:
        return None


def keep(user: User, name: str, params: dict[str, Any], *, now: datetime) -> Preset:
    """Keeps the choice under that name, in the place of one called the same. Raises: TooManyError."""
    same = Preset.objects.filter(user=user, name__iexact=name).first()
    if same is None and name and len(kept_by(user)) >= MOST:
        raise TooManyError
    if same is None:
        return Preset.objects.create(user=user, name=name, params=params, saved_at=now)
    same.name, same.params, same.saved_at = name, params, now
    same.save(update_fields=["name", "params", "saved_at"])
    return same


def forget(user: User, pk: int) -> None:
    Preset.objects.filter(user=user, pk=pk).exclude(name="").delete()
