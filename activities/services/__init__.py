"""Everything that writes facts and the types of activities."""

from activities.services.activities import record_activities
from activities.services.erasing import erase_facts
from activities.services.errors import BatchError, ItemError
from activities.services.merging import move_facts
from activities.services.orders import Recorded, record_orders
from activities.services.types import (
    Declared,
    add_parameter,
    create_type,
    delete_parameter,
    delete_type,
    rename_parameter,
    rename_type,
    why_parameter_kept,
    why_type_kept,
)
from activities.services.visits import record_visits

__all__ = [
    "BatchError",
    "Declared",
    "ItemError",
    "Recorded",
    "add_parameter",
    "create_type",
    "delete_parameter",
    "delete_type",
    "erase_facts",
    "move_facts",
    "record_activities",
    "record_orders",
    "record_visits",
    "rename_parameter",
    "rename_type",
    "why_parameter_kept",
    "why_type_kept",
]
