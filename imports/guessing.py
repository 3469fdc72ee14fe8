"""What the columns of a file are, told by their headings and by what stands below them."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from django.utils import translation

from imports.fields import Field

Decimal = Literal[".", ","]
Dates = Literal["ymd", "dmy", "mdy"]

MARKS = re.compile(r"[\s_.\-/:()\[\]#?]+")
POLISH_L = str.maketrans("łŁ", "lL")
# By the name of the field: what people call it in both languages, folded. Its name and labels need not be here.
WORDS: dict[str, tuple[str, ...]] = {
    "id": ("sito id", "contact id", "id kontaktu", "kontakt"),
    "email": ("e mail", "mail", "email address", "e mail address", "adres email", "adres e mail", "adres mailowy",
              "customer email", "billing email", "user email", "email klienta"),
    "phone": ("telefon", "tel", "phone number", "numer telefonu", "nr telefonu", "mobile", "komorka", "cell",
              "telefon komorkowy", "billing phone"),
    "external_id": ("external id", "customer id", "id klienta", "client id", "user id", "id zewnetrzne", "crm id",
                    "numer klienta", "nr klienta", "customer number", "klient id"),
    "first_name": ("first name", "firstname", "imie", "name first", "given name", "billing first name"),
    "last_name": ("last name", "lastname", "nazwisko", "surname", "family name", "billing last name"),
    "status": ("subscription status", "status subskrypcji", "status"),
    "lead_score": ("lead score", "score", "punkty", "scoring"),
    "source": ("zrodlo", "lead source"),
    "tags": ("tag", "tagi", "etykiety", "labels"),
    "categories": ("category", "kategoria", "kategorie", "grupy", "groups"),
    "contact.id": ("sito id", "contact id", "id kontaktu"),
    "lines.product": ("product", "sku", "produkt", "product id", "id produktu", "kod produktu", "item", "lineitem sku",
                      "indeks"),
    "lines.name": ("product name", "nazwa produktu", "lineitem name", "nazwa", "item name"),
    "lines.quantity": ("quantity", "qty", "ilosc", "liczba", "szt", "sztuk", "lineitem quantity"),
    "lines.price": ("price", "cena", "unit price", "cena jednostkowa", "lineitem price"),
    "lines.amount": ("amount", "kwota", "wartosc", "line total", "wartosc pozycji"),
    "lines.category": ("product category", "kategoria produktu", "category", "kategoria"),
    "lines.brand": ("brand", "marka", "producent", "vendor"),
    "total": ("total", "suma", "razem", "order total", "wartosc zamowienia", "kwota zamowienia", "do zaplaty"),
    "currency": ("currency", "waluta"),
    "at": ("date", "data", "when", "kiedy", "time", "czas", "created at", "timestamp", "order date", "data zamowienia",
           "data zlozenia", "paid at", "moment", "data i czas"),
    "type": ("type", "typ", "event", "event type", "zdarzenie", "aktywnosc", "rodzaj", "activity"),
    "landing_url": ("landing page", "landing url"),
    "referrer": ("referer", "referrer url"),
    "consents_at": ("consent date", "data zgody", "consent at"),
    "consents_source": ("consent source", "zrodlo zgody"),
}  # fmt: skip
# The same heading means another thing in another kind of file.
OF_ORDERS = {
    "external_id": ("order", "order id", "order number", "number", "numer", "numer zamowienia", "nr zamowienia",
                    "zamowienie", "id zamowienia", "order no", "nr", "name"),
    "status": ("order status", "status zamowienia", "status", "financial status"),
}  # fmt: skip
OF_WHOSE = {
    "contact.email": WORDS["email"] + ("email",),
    "contact.external_id": WORDS["external_id"],
}
ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
THREE_PARTS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
COMMA = re.compile(r"-?\d[\d\s\u00a0\u202f.]*,\d{1,4}(\s*\D{0,4})")
POINT = re.compile(r"-?\d[\d\s\u00a0\u202f,]*\.\d{1,4}(\s*\D{0,4})")


def folded(text: str) -> str:
    """A heading without case, marks and diacritics."""
    plain = unicodedata.normalize("NFKD", text.translate(POLISH_L).casefold())
    return MARKS.sub(" ", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip()


def fingerprint(subject: str, headings: Sequence[str]) -> str:
    """By which files with the same headings are known again."""
    return hashlib.sha256("\x1f".join([subject, *map(folded, headings)]).encode()).hexdigest()


def guessed(headings: Sequence[str], fields: Mapping[str, Field], *, subject: str) -> list[str]:
    """For each heading the field that it most likely is, "" where it says none; no field twice."""
    known = names_of(fields, subject)
    taken: set[str] = set()
    found = []
    for heading in headings:
        name = known.get(folded(heading), "") if heading else ""
        if name in taken:
            name = ""
        taken.add(name)
        found.append(name)
    return found


def names_of(fields: Mapping[str, Field], subject: str) -> dict[str, str]:
    """Every folded text that names a field. A field's own name goes before its labels, and these before other words."""
    known: dict[str, str] = {}

    def learn(texts: Iterable[str], name: str) -> None:
        for text in texts:
            known.setdefault(folded(text), name)

    special = {**WORDS, **OF_WHOSE, **(OF_ORDERS if subject == "orders" else {})}
    for name in fields:
        learn([name, name.partition(".")[2]] if "." in name else [name], name)
    known.pop("id", None)  # whose id is it: ours, the shop's, the order's? Nobody is changed by a guess at that
    for language in ("en", "pl"):
        with translation.override(language):
            for name, field in fields.items():
                learn([str(field.label)], name)
    for name in fields:
        learn(special.get(name, ()), name)
    known.pop("", None)
    return known


def found_dates(cells: Iterable[str]) -> Dates:
    """In which order days, months and years are written; day first where nothing tells."""
    most = 0
    for cell in cells:
        if ISO.match(cell):
            return "ymd"
        if match := THREE_PARTS.match(cell):
            if int(match[2]) > 12:
                return "mdy"
            most = max(most, int(match[1]))
    return "dmy"


def found_decimal(cells: Iterable[str], *, delimiter: str) -> Decimal:
    """The sign before a number's fraction, as most cells have it; where none tells, a comma if it divides no cells."""
    commas = points = 0
    for cell in cells:
        commas += COMMA.fullmatch(cell) is not None
        points += POINT.fullmatch(cell) is not None
    if commas == points:
        return "," if delimiter == ";" else "."
    return "," if commas > points else "."
