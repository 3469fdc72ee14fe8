"""How what people type becomes what is stored: text, e-mail addresses, phone numbers. None is no value."""

import re
import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
PHONE_SIGNS = re.compile(r"[\s()./\u2010-\u2015\u2212-]")
PHONE = re.compile(r"\+?[0-9]{5,15}")
# "+44 (0)20 …": a zero for whoever dials within the country. In Italy it is dialled from everywhere.
TRUNK_ZERO = re.compile(r"^((?:\+|00)\s*(?!39\b)[0-9]{1,3}[\s.-]*)\(0\)")
check_email = EmailValidator()


def written(raw: Any) -> str:
    """A value as text. Raises: ValidationError for a whole number of over 4,300 digits, which Python does not write."""
    try:
        return str(raw)
    except ValueError as error:
        raise ValidationError(_("This number is too long."), code="too_long") from error


def quoted(raw: Any) -> str:
    """How a value begins, for messages."""
    try:
        return written(raw)[:40]
    except ValidationError:
        return "…"


def line(raw: Any, *, longest: int) -> str:
    """One line of text: composed (NFC), trimmed, breaks and tabs as a space.

    Raises: ValidationError for what is no text, holds invisible control characters, or is longer than `longest`.
    """
    if raw is None:
        return ""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise ValidationError(_("Give a text."), code="not_text")
    given = written(raw)
    plain = given.isprintable()  # neither breaks nor control characters: most texts, at a fifth of the time
    text = unicodedata.normalize("NFC", given if plain else BREAKS.sub(" ", given)).strip()
    if not plain and any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        raise ValidationError(_("The text holds characters that cannot be stored."), code="control_signs")
    if len(text) > longest:
        raise ValidationError(
            _("At most %(longest)s characters; this has %(given)s."),
            code="too_long",
            params={"longest": longest, "given": len(text)},
        )
    return text


def email(raw: Any) -> str | None:
    """Trimmed, lower case, NFC. Raises: ValidationError."""
    address = unicodedata.normalize("NFC", line(raw, longest=320).lower())
    if not address:
        return None
    if len(address) > 254:
        raise ValidationError(_("An e-mail address has at most 254 characters."), code="too_long")
    try:
        check_email(address)
    except ValidationError:
        raise ValidationError(
            _("“%(given)s” is not an e-mail address."), code="invalid_email", params={"given": address}
        ) from None
    return address


def phone(raw: Any) -> str | None:
    """Digits, with + when it was + or 00; spaces, dashes, dots, slashes and parentheses go, and "(0)" after a country.

    Raises: ValidationError.
    """
    given = line(raw, longest=60)
    number = PHONE_SIGNS.sub("", TRUNK_ZERO.sub(r"\1", given) if "(0)" in given else given)
    if not number:
        if given:
            raise ValidationError(_("“%(given)s” has no digits."), code="invalid_phone", params={"given": given})
        return None
    if number.startswith("00"):
        number = "+" + number[2:]
    if not PHONE.fullmatch(number):
        raise ValidationError(
            _("“%(given)s” is not a phone number: 5 to 15 digits, with + or 00 before the country."),
            code="invalid_phone",
            params={"given": given},
        )
    return number
