"""Export files that hold a contact: told, and removed if that is asked for, when the contact is erased."""

from datetime import datetime
from itertools import islice

from django.db import transaction
from django.urls import reverse
from pyroaring import BitMap

from config.requests import Request
from contacts.aliases import called_before
from contacts.erasing.cleaners import AT_ONCE, going_on
from contacts.hooks import Copies, Use
from contacts.models import Contact
from exports import store
from exports.models import ExportFile, ListExport
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


class Files:
    """Files that can be downloaded go with whoever they hold, whoever made them."""

    name, order = "exports.files", 10  # before the sets that tell whom they hold

    def busy(self, at: datetime) -> bool:
        return going_on(ListExport, at)

    def clean(self, ids: BitMap, after: int) -> int | None:
        rows = list(islice(contents(ExportFile.objects.filter(pk__gt=after)), AT_ONCE))
        gone = ExportFile.objects.filter(pk__in=[pk for pk, held in rows if held & ids])
        names = list(gone.values_list("stored_as", flat=True))
        gone.delete()
        transaction.on_commit(lambda: store.remove(*names))
        return rows[-1][0] if len(rows) == AT_ONCE else None


COPIES = Copies(found, remove)
