"""Everything that writes facts and the types of activities."""

from activities.services.activities import record_activities, record_activities_partly
from activities.services.erasing import erase_facts
from activities.services.errors import BatchError, ItemError, Partly
from activities.services.merging import move_facts
from activities.services.orders import Recorded, record_orders, record_orders_partly
from activities.services.products import record_products_partly
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
from activities.services.visits import record_visits, record_visits_partly

__all__ = [
    "BatchError",
    "Declared",
    "ItemError",
    "Partly",
    "Recorded",
    "add_parameter",
    "create_type",
    "delete_parameter",
    "delete_type",
    "erase_facts",
    "move_facts",
    "record_activities",
    "record_activities_partly",
    "record_orders",
    "record_orders_partly",
    "record_products_partly",
    "record_visits",
    "record_visits_partly",
    "rename_parameter",
    "rename_type",
    "why_parameter_kept",
    "why_type_kept",
]
