"""Moments among the values of attributes and parameters: answered as all others are, and kept with “+00:00”."""

from collections.abc import Collection
from typing import Any


def with_moments(values: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """The values, those of `keys` as "2026-11-21T13:30:00Z"."""
    return {key: f"{value[:-6]}Z" if key in keys and is_moment(value) else value for key, value in values.items()}


def is_moment(value: Any) -> bool:
    """Another type may have kept a value that does not fit it."""
    return isinstance(value, str) and value.endswith("+00:00")
