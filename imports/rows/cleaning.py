"""Cells of new contacts straight to the text that COPY takes, each different one cleaned once.

The cleaners are those of `create_contact`; what most addresses and numbers look like is told by one look instead.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from contacts.attributes import clean_attribute
from contacts.models import Attribute
from contacts.services.contacts import FIELDS
from imports.converting import converter
from imports.fields import Field
from imports.plans import Plan
from imports.rows.base import REMEMBERED

PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE | re.ASCII
)
PLAIN_PHONE = re.compile(r"\+?[1-9][0-9]{4,14}", re.ASCII)
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.:/#-]{1,120}", re.ASCII)
UNIQUE = frozenset({"email", "phone", "external_id"})  # remembering them would cost and save nothing
ATTRIBUTE = "attributes."
Cleaned = tuple[str, str]  # as COPY takes the value; and its part of the first entry of the history
NOTHING: Cleaned = ("", "")


def copied(text: str) -> str:
    """A text of one line as COPY takes it."""
    return text.replace("\\", "\\\\") if "\\" in text else text


def cleaner(field: Field, plan: Plan, attributes: dict[str, Attribute]) -> Callable[[str], Cleaned]:
    """From a cell to what is written; NOTHING of an empty one. Raises: ValidationError."""
    convert = converter(field.shape, decimal=plan.decimal, dates=plan.dates)
    key = field.name.removeprefix(ATTRIBUTE)
    own = key == field.name
    judge: Callable[[Any], Any] = FIELDS[key] if own else partial(clean_attribute, attributes[key])

    def clean(text: str) -> Cleaned:
        value = judge(convert(text))
        if value is None or value == "":
            return NOTHING
        if not own:
            held = copied(json.dumps(value, ensure_ascii=False, allow_nan=False))
            return f'"{key}": {held}', f'"{field.name}": [null, {held}]'
        said = json.dumps(value, ensure_ascii=False)
        return copied(str(value)), f'"{key}": [null, {copied(said)}]'

    return quick(key, clean) if own and key in UNIQUE else remembered(clean)


def remembered(clean: Callable[[str], Cleaned]) -> Callable[[str], Cleaned]:
    known: dict[str, Cleaned] = {"": NOTHING}

    def cleaned(text: str) -> Cleaned:
        found = known.get(text)
        if found is None:
            stripped = text.strip()
            found = clean(stripped) if stripped else NOTHING
            if len(known) < REMEMBERED:
                known[text] = found
        return found

    return cleaned


def quick(name: str, clean: Callable[[str], Cleaned]) -> Callable[[str], Cleaned]:
    """The same for what is different in each row: 0.7 µs instead of 9 for an address that looks like one."""
    looks = {"email": PLAIN_EMAIL, "phone": PLAIN_PHONE, "external_id": PLAIN_NAME}[name].fullmatch
    start = f'"{name}": [null, "'

    def cleaned(text: str) -> Cleaned:
        if looks(text) and len(text) <= 120:
            value = text.lower() if name == "email" else text
            return value, f'{start}{value}"]'
        stripped = text.strip()
        return clean(stripped) if stripped else NOTHING

    return cleaned
