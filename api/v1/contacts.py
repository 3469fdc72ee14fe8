"""Contacts: many at once, one by one, and what belongs to them."""

from ninja import Router

router = Router(tags=["Contacts"])
