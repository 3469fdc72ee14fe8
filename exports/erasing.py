"""Export files that hold a contact: told, and removed if that is asked for, when the contact is erased."""

from django.db import transaction
from django.urls import reverse
from pyroaring import BitMap

from config.requests import Request
from contacts.aliases import called_before
from contacts.hooks import Copies, Use
from contacts.models import Contact
from exports import store
from exports.models import ExportFile
from exports.seen import contents
from exports.selectors import files_for


def files_with(request: Request, contact: Contact) -> list[ExportFile]:
    """Of the files that the reader sees and that can still be downloaded, those written of this contact too.

    Also those of before a merge, which hold it under the number of one that was merged into it.
    """
    numbers = BitMap([contact.pk, *called_before(contact)])
    holding = [pk for pk, held in contents(files_for(request)) if held & numbers]
    return list(ExportFile.objects.filter(pk__in=holding).order_by("pk"))


def found(request: Request, contact: Contact) -> list[Use]:
    return [Use(file.name, reverse("exports:files")) for file in files_with(request, contact)]


def remove(request: Request, contact: Contact) -> None:
    """The rows in this transaction, the files once it is committed."""
    files = files_with(request, contact)
    names = [file.stored_as for file in files]
    ExportFile.objects.filter(pk__in=[file.pk for file in files]).delete()
    transaction.on_commit(lambda: store.remove(*names))


COPIES = Copies(found, remove)
