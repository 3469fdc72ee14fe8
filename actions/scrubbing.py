"""What an erased contact was called, taken out of the lists that actions were asked for on."""

from actions.models import PickedContacts
from contacts.models import Contact
from contacts.scrubbing import names_of


def scrub_picked(contact: Contact) -> None:
    """The address looks for "…", and so say the words for it. The set holds bare numbers and stays."""
    names = names_of(contact)
    for pk, query, words in PickedContacts.objects.values_list("pk", "query", "words").order_by("pk"):
        left = names.narrowing(query)
        told = [names.taken_from(str(each), searched=left != query) for each in words]
        if (left, told) != (query, words):
            PickedContacts.objects.filter(pk=pk).update(query=left, words=told)
