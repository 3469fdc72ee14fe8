"""What pages share on which an account declares things: what a service refused, and deleting after asking."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.pages import page
from config.requests import Request
from contacts.services import InUseError

Declared = TypeVar("Declared")


def refuse(form: Form, error: ValidationError) -> None:
    """What the service refused, at its field where the form has it."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


def ask_and_delete(
    request: Request,
    declared: Declared,
    *,
    why_kept: Callable[[Declared], InUseError | None],
    delete: Callable[[Declared], None],
    template: str,
    name: str,
    back: tuple[Any, ...],
) -> HttpResponse:
    """Asks, then deletes; while something keeps it, says what and offers no button.

    name: what the template calls it. back: what `redirect` leads to afterwards.
    """
    status, reason = 200, why_kept(declared)
    if request.method == "POST":
        try:
            delete(declared)
        except InUseError as error:
            status, reason = 422, error
        else:
            messages.success(request, _("“%(name)s” is deleted.") % {"name": declared})
            return redirect(*back)
    return page(request, template, {name: declared, "reason": reason}, part="question", status=status)
