"""Attributes: what this account keeps of its contacts."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from config.pages import page
from contacts import services
from contacts.counting import counted, mask_name
from contacts.forms import AttributeForm
from contacts.models import Attribute
from contacts.selectors import attribute_for, values_counts
from contacts.sight import sight
from contacts.views.definitions import ask_and_delete, refuse
from users.access import administrators_only


def attributes(request: HttpRequest) -> HttpResponse:
    """All definitions, with how many contacts have a value of each."""
    rows = list(Attribute.objects.all())
    ids = "-".join(str(row.pk) for row in rows)
    mask = sight(request)
    name = f"attribute-values:{ids}{mask_name(mask)}"
    counts, at = counted(name, lambda: values_counts(rows, mask), now=request.now)  # type: ignore[attr-defined]
    context = {"lines": [(row, counts.get(row.pk, 0)) for row in rows], "at": at}
    return page(request, "contacts/attributes.html", context)


@administrators_only
def create(request: HttpRequest) -> HttpResponse:
    """Declare an attribute."""
    form = AttributeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_attribute(**form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is declared.") % {"name": made})
            return redirect("contacts:attributes")
    return page(request, "contacts/attribute_form.html", {"form": form}, status=422 if form.is_bound else 200)


@administrators_only
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change an attribute's name and options."""
    attribute = attribute_for(request, pk)
    form = AttributeForm(request.POST or None, attribute=attribute)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_attribute(attribute, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("contacts:attributes")
    context = {"form": form, "attribute": attribute}
    return page(request, "contacts/attribute_form.html", context, status=422 if form.is_bound else 200)


@administrators_only
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks, then deletes; while contacts have a value or something refers to it, says so and offers no button."""
    return ask_and_delete(
        request,
        attribute_for(request, pk),
        why_kept=services.why_kept,
        delete=services.delete_attribute,
        template="contacts/attribute_delete.html",
        name="attribute",
        back=("contacts:attributes",),
    )
