"""How what people type becomes the name of something: one form of each letter, and nothing that can't be seen."""

import unicodedata

from django import forms

JOINER = "\u200d"  # joins emoji to one
VARIANT = "\ufe0f"  # has a sign drawn in colour
# Letters, signs and marks to Unicode that are drawn as nothing.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def clean_name(text: str) -> str:
    """`text` composed (NFC), without characters that can't be seen, single blanks between its words.

    So equal names are equal to the database, two that look the same are one, and a name of nothing to see is empty.
    Joiners and variants of emoji stay, where an emoji is before them.
    """
    kept: list[str] = []
    for place, sign in enumerate(text):
        if sign.isspace() or not unseen(sign) or (_picture(kept) and _belongs(sign, text[place + 1 : place + 2])):
            kept.append(sign)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def unseen(sign: str) -> bool:
    """Whether nothing is drawn for it: control and format characters (U+202E turns what follows round), fillers."""
    return sign in BLANK or unicodedata.category(sign) in ("Cc", "Cf", "Cs")


def _picture(kept: list[str]) -> bool:
    """Whether an emoji stands last, maybe with its colour or variant."""
    return bool(kept) and (kept[-1] == VARIANT or unicodedata.category(kept[-1]) in ("So", "Sk"))


def _belongs(sign: str, following: str) -> bool:
    if sign == JOINER:
        return bool(following) and unicodedata.category(following) == "So" and following not in BLANK
    return sign == VARIANT


class NameField(forms.CharField):
    """A name, cleaned before its length is judged: some letters are longer once they are composed."""

    def to_python(self, value: object) -> str:
        text = super().to_python(value) or ""
        return text if "\x00" in text else clean_name(text)  # refused by a validator
