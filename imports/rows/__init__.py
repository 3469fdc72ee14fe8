"""Rows to contacts, orders and activities: one module for each subject, each with a writer."""

from imports.models import Subject
from imports.plans import Plan
from imports.rows.activities import ActivityRows
from imports.rows.base import Doer, Result, Row, Writer
from imports.rows.contacts import ContactRows
from imports.rows.orders import OrderRows

__all__ = ["Doer", "Result", "Row", "Writer", "writer_for"]


def writer_for(plan: Plan, doer: Doer) -> Writer:
    """What writes the rows of such a file."""
    found: dict[str, type[Writer]] = {
        Subject.CONTACTS: ContactRows,
        Subject.ORDERS: OrderRows,
        Subject.ACTIVITIES: ActivityRows,
    }
    return found[plan.subject](plan, doer)
