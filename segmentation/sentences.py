"""Criteria in words, for every page and file that names them (SG4)."""

from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

from segmentation.criteria import Catalog, CriteriaError, Words, parse


def sentence_of(criteria: dict[str, Any], *, now: datetime, plain: bool = False) -> SafeString | str:
    """The criteria as a sentence, with the dates they come to at `now`, in the language and time zone in force.

    Criteria which the language no longer takes say so in place of a sentence.
    """
    zone = get_current_timezone()
    try:
        told = parse(criteria).sentence(Words(now=now, zone=zone, catalog=Catalog())).finished
    except CriteriaError as error:
        return str(error)
    return str(told) if plain else told.html
