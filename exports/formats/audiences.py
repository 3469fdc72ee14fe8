"""Custom audiences for advertising networks: e-mail addresses and phones, hashed as each network asks for it.

Only contacts who gave the chosen consent, and who have an address that the network takes. docs/exports.md names each
network's own description and what of it is followed.
"""

from pathlib import Path
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from contacts.calling_codes import of_country, with_country
from contacts.id_sets import bitmap
from exports import writing
from exports.columns import Cell, Column
from exports.formats.base import Format, State, Table

# Who gave the consent: its answers in the chunk's range, read once; a look at each contact's took eight times that.
ANSWERS = (
    "(SELECT contact_id FROM contacts_contactconsent WHERE consent_id ="
    " (SELECT id FROM contacts_consent WHERE key = %(consent)s)"
    " AND state = 'given' AND contact_id BETWEEN %(first)s AND %(last)s) agreed ON agreed.contact_id = c.id"
)
PHONE = with_country("c.phone")
EMAIL = "c.email"  # stored trimmed and in lower case
UNTAGGED = r"regexp_replace(c.email, '\+[^@]*@', '@')"
NAME = "nullif(btrim(regexp_replace(lower({}), '[^[:alpha:][:space:]]', '', 'g')), '')"


def hashed(value: str) -> str:
    """SQL of the SHA-256 of a text in UTF-8, as 64 digits in lower case; of no value none."""
    return f"encode(sha256(convert_to({value}, 'UTF8')), 'hex')"


class Audience(Format):
    """A layout of one network: its header, exactly as it names it, and what is hashed under it."""

    audience = True
    layout: ClassVar[dict[str, str]]  # column of the network: SQL; "" is left empty
    phones: ClassVar[bool] = True  # whether a phone alone is enough

    @property
    def columns(self) -> list[Column]:
        return [Column(name, name, "", sql or "NULL", Cell.SAFE) for name, sql in self.layout.items()]

    def begin(self, path: Path, table: Table) -> State:
        first = writing.header(list(self.layout), separator=",", bom=False)
        path.write_bytes(first)
        return {"size": len(first)}

    def append(self, path: Path, table: Table, ids: BitMap, *, state: State) -> tuple[int, State]:
        cells = ", ".join(f"{column.raw} AS c{place}" for place, column in enumerate(self.columns))
        where, values = writing.among(ids)
        query = (
            f"SELECT {cells} FROM contacts_contact c JOIN {ANSWERS}"  # noqa: S608 (our own text)
            f" WHERE {where} AND {self.reachable} ORDER BY c.id"
        )
        copy = writing.copy_of(query, self.columns, values | given(table), form="FORMAT csv")
        rows, size = writing.append(path, copy, at=state["size"])
        return rows, {"size": size}

    @property
    def reachable(self) -> str:
        return f"(c.email IS NOT NULL OR ({PHONE}) IS NOT NULL)" if self.phones else "c.email IS NOT NULL"

    def chosen(self, table: Table, ids: BitMap) -> tuple[BitMap, BitMap]:
        """Who agreed and can be found, and who of the others did not agree."""
        where, values = writing.among(ids)
        query = (
            "SELECT string_agg(int4send(c.id), '') FILTER"  # noqa: S608 (our own text)
            f" (WHERE agreed.contact_id IS NOT NULL AND {self.reachable}),"
            " string_agg(int4send(c.id), '') FILTER (WHERE agreed.contact_id IS NULL)"
            f" FROM contacts_contact c LEFT JOIN {ANSWERS} WHERE {where}"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, values | given(table))
            found, refusing = cursor.fetchone()
        return bitmap(found), bitmap(refusing)


def given(table: Table) -> dict[str, object]:
    return {"consent": table.consent, **of_country(table.timezone)}


class Meta(Audience):
    """Facebook and Instagram: phones as digits with the country, names in lower case without punctuation."""

    name = "meta"
    title = "Meta (Facebook, Instagram)"
    text = _("Custom audience: e-mail, phone and names, hashed.")
    layout = {
        "email": hashed(EMAIL),
        "phone": hashed(PHONE),
        "fn": hashed(NAME.format("c.first_name")),
        "ln": hashed(NAME.format("c.last_name")),
    }


class GoogleAds(Audience):
    """Customer Match: phones with their plus. Names count there only beside country and postal code: left out."""

    name = "google"
    title = "Google Ads"
    text = _("Customer Match: e-mail and phone, hashed.")
    layout = {"Email": hashed(EMAIL), "Phone": hashed(f"'+' || ({PHONE})")}


class TikTok(Audience):
    """A customer file: addresses without what stands between a plus and the @, phones with their plus."""

    name = "tiktok"
    title = "TikTok"
    text = _("Customer file: e-mail and phone, hashed.")
    layout = {"Email_SHA256": hashed(UNTAGGED), "Phone_SHA256": hashed(f"'+' || ({PHONE})")}


class LinkedIn(Audience):
    """A contact list goes by e-mail alone; its template's other columns have to be there and stay empty."""

    name = "linkedin"
    title = "LinkedIn"
    text = _("Contact list: e-mail, hashed.")
    layout = {
        "email": hashed(EMAIL), "firstname": "", "lastname": "", "jobtitle": "", "employeecompany": "", "country": "",
        "googleaid": "",
    }  # fmt: skip
    phones = False
