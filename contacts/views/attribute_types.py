"""Giving an attribute another type: first what each value would become, then, if that is agreed to, doing it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from contacts import hooks
from contacts.attribute_forms import TypeForm
from contacts.attributes import LISTED
from contacts.models import Attribute, TypeChange
from contacts.retyping import Report, dry_run, suggested_options
from contacts.selectors import attribute_for
from contacts.services import InUseError
from contacts.services.type_changes import OtherValuesError, change_type, check_type
from contacts.views.definitions import refuse
from jobs.models import ACTIVE
from jobs.services import retry
from users.access import administrators_only, signed_in


@administrators_only
def change(request: Request, pk: int) -> HttpResponse:
    """The question; with `type` in the address the dry run as well. POST changes the type."""
    attribute = attribute_for(request, pk)
    given = request.POST if request.method == "POST" else request.GET if "type" in request.GET else None
    form = TypeForm(given, attribute=attribute)
    report: Report | None = None
    uses: list[hooks.Use] = []
    options: list[str] = []
    if given is not None and form.is_valid():
        new_type = form.cleaned_data["type"]
        options = form.cleaned_data["options"]
        if new_type in LISTED and not options:
            options = suggested_options(attribute)
        try:
            new = check_type(attribute, new_type, options)
            if request.method == "POST" and (answer := agreed(request, form, attribute, options)):
                return answer
            uses = [use for breaking in hooks.breaking for use in breaking(new)]
            report = dry_run(attribute, new)
        except ValidationError as error:
            refuse(form, error)
        except InUseError as error:
            uses = error.uses
        except OtherValuesError:
            form.add_error(None, _("The values have changed meanwhile: look at them again."))
            report = dry_run(attribute, new)
    context = {
        "attribute": attribute,
        "form": form,
        "report": report,
        "uses": uses,
        "options": "\n".join(options),
        "type_label": dict(form.fields["type"].choices).get(form["type"].value(), ""),  # type: ignore[attr-defined]
        "change": TypeChange.objects.filter(attribute=attribute, state__in=ACTIVE).first(),
    }
    refused = bool(form.is_bound and form.errors) or request.method == "POST"
    return page(request, "contacts/attribute_type.html", context, part="asked", status=422 if refused else 200)


def agreed(request: Request, form: TypeForm, attribute: Attribute, options: list[str]) -> HttpResponse | None:
    """Changes the type. None: values would go, and that was not agreed to.

    Raises: as `change_type`.
    """
    unfit = form.cleaned_data["unfit"] or 0
    if unfit and not form.cleaned_data["agreed"]:
        form.add_error("agreed", _("Tick that these values go, or correct them first."))
        return None
    user = signed_in(request)
    job = change_type(
        attribute,
        form.cleaned_data["type"],
        options=options,
        unfit=unfit,
        now=request.now,
        by=str(user),
        user=user,
    )
    if job is not None:
        text = _("The type of “%(name)s” is being changed, with the values of %(number)s contacts.")
        messages.success(request, text % {"name": attribute, "number": number(job.total)})
    else:
        messages.success(request, _("“%(name)s” has another type now.") % {"name": attribute})
    return redirect("contacts:attribute", attribute.pk)


@administrators_only
def progress(request: Request, pk: int) -> HttpResponse:
    """How far a change has got; once it is over, the whole page comes anew."""
    job = get_object_or_404(TypeChange, pk=pk)
    response = page(request, "contacts/_type_change.html", {"change": job})
    if not job.active:
        response["HX-Refresh"] = "true"
    return response


@administrators_only
@require_POST
def again(request: Request, pk: int) -> HttpResponse:
    """Tries a change once more that ended in an error."""
    job = get_object_or_404(TypeChange, pk=pk)
    if not TypeChange.objects.filter(attribute=job.attribute_id, state__in=ACTIVE).exists():
        retry(job, now=request.now)
    return redirect("contacts:attribute", job.attribute_id)
