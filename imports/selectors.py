"""Which imports and uploaded files the reader sees: those who see some contacts only, their own."""

from django.db.models import QuerySet
from django.http import Http404

from config.requests import Request
from contacts.sight import sight
from imports.models import SETS, Import, SourceFile
from users.access import signed_in


def imports_for(request: Request) -> QuerySet[Import]:
    """All of the account's, or the reader's own."""
    found = Import.objects.select_related("requested_by")
    return found if sight(request) is None else found.filter(requested_by=signed_in(request))


def import_for(request: Request, pk: int) -> Import:
    """The door: without the sets of contacts; 404 for what the reader does not see."""
    found = imports_for(request).defer(*SETS).filter(pk=pk).first()
    if found is None:
        raise Http404(f"no import {pk}")
    return found


def source_for(request: Request, pk: int) -> SourceFile:
    """The door: a file that the reader uploaded and that is not imported yet."""
    found = SourceFile.objects.filter(pk=pk, created_by=signed_in(request)).first()
    if found is None:
        raise Http404(f"no file {pk}")
    return found
