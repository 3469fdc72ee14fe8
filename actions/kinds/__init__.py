"""The closed set of things that can be done to a segment's contacts: one class each, made known by `register`."""

from actions.kinds.base import KINDS, Kind, KindError, Reference, Shown, kind_named, offered_kinds, register, shown

__all__ = ["KINDS", "Kind", "KindError", "Reference", "Shown", "kind_named", "offered_kinds", "register", "shown"]
