"""Whom the search box finds, and what of: one answer for the contact manager and the find box."""

from pyroaring import BitMap

from contacts.answering import Answers
from contacts.models import Contact
from contacts.selectors import ids_of, matching, named_id, words_of

LAST_ID = 2**31 - 1


def whom(text: str, state: Answers) -> BitMap:
    """Everybody who has each word of `text` (`contacts.selectors.matching`), in this state of the data."""
    pk = named_id(text)
    if pk is not None:
        return state.everyone & BitMap([pk] if pk <= LAST_ID else [])
    found = state.with_words(words_of(text))
    return ids_of(matching(Contact.objects.all(), text)) if found is None else found & state.everyone
