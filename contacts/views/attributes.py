"""Attributes: what this account keeps of its contacts."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.pages import page
from config.requests import Request
from contacts import services
from contacts.attribute_values import values_of
from contacts.attributes import value_text
from contacts.counting import counted, mask_name
from contacts.forms import AttributeForm
from contacts.hooks import uses_of_attribute
from contacts.models import Attribute, TypeChange
from contacts.selectors import attribute_for, values_counts, visible
from contacts.sight import sight
from contacts.value_filter import parameter
from contacts.views.definitions import ask_and_delete, refuse
from jobs.models import ACTIVE
from users.access import administrators_only


def attributes(request: Request) -> HttpResponse:
    """All definitions in their order, with how many contacts have a value of each; the retired ones apart."""
    rows = list(Attribute.objects.all())
    ids = "-".join(str(row.pk) for row in rows)
    mask = sight(request)

    def count() -> tuple[dict[int, int], int]:
        return values_counts(rows, mask), visible(request.user).count()

    (counts, everyone), at = counted(f"attribute-values:{ids}{mask_name(mask)}", count, now=request.now)
    changing = set(TypeChange.objects.filter(state__in=ACTIVE).values_list("attribute", flat=True))
    lines = [(row, counts.get(row.pk, 0), row.pk in changing) for row in rows]
    context = {
        "lines": [line for line in lines if line[0].retired_at is None],
        "retired": [line for line in lines if line[0].retired_at is not None],
        "everyone": everyone,
        "at": at,
    }
    return page(request, "contacts/attributes.html", context, part="lists")


@require_GET
def attribute(request: Request, pk: int) -> HttpResponse:
    """One attribute: how many have a value, which values, and what uses it."""
    row = attribute_for(request, pk)
    mask = sight(request)

    def count() -> tuple[int, int]:
        return values_counts([row], mask)[row.pk], visible(request.user).count()

    (having, everyone), at = counted(f"attribute-value:{row.pk}{mask_name(mask)}", count, now=request.now)
    values, values_at = counted(
        f"attribute-frequent:{row.pk}:{row.type}{mask_name(mask)}",
        lambda: values_of(row, request.user),
        now=request.now,
    )
    frequent = [
        (value_text(row.type, value), number, None if row.type == "choices" else parameter(row, value))
        for value, number in values.frequent
    ]
    context = {
        "attribute": row,
        "having": having,
        "everyone": everyone,
        "at": at,
        "frequent": frequent,
        "more": values.different - len(frequent),
        "values_at": values_at,
        "uses": uses_of_attribute(row),
        "change": TypeChange.objects.filter(attribute=row).order_by("-id").first(),
    }
    return page(request, "contacts/attribute.html", context)


@administrators_only
def create(request: Request) -> HttpResponse:
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
def edit(request: Request, pk: int) -> HttpResponse:
    """Change an attribute's name and options."""
    row = attribute_for(request, pk)
    form = AttributeForm(request.POST or None, attribute=row)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_attribute(row, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("contacts:attributes")
    context = {"form": form, "attribute": row}
    return page(request, "contacts/attribute_form.html", context, status=422 if form.is_bound else 200)


@administrators_only
@require_POST
def place(request: Request, pk: int) -> HttpResponse:
    """Moves an attribute to a place in the order: `at`, among those that are offered."""
    row = attribute_for(request, pk)
    text = request.POST.get("at", "")
    if text.isascii() and text.isdecimal() and len(text) < 6:
        services.place_attribute(row, at=place_of(int(text), row))
    if request.htmx:
        return attributes(request)
    return redirect("contacts:attributes")


def place_of(at: int, row: Attribute) -> int:
    """The place among all attributes that is the place `at` among those that are offered."""
    others = [each for each in Attribute.objects.all() if each.pk != row.pk]
    offered = [number for number, each in enumerate(others) if each.retired_at is None]
    return offered[at] if at < len(offered) else len(others)


@administrators_only
def retire(request: Request, pk: int) -> HttpResponse:
    """Asks, with what uses it; then it is offered nowhere any more."""
    row = attribute_for(request, pk)
    if request.method == "POST":
        services.retire_attribute(row, now=request.now)
        messages.success(request, _("“%(name)s” is retired: its values stay.") % {"name": row})
        return redirect("contacts:attributes")
    context = {"attribute": row, "having": values_counts([row])[row.pk], "uses": uses_of_attribute(row)}
    return page(request, "contacts/attribute_retire.html", context, part="question")


@administrators_only
@require_POST
def bring_back(request: Request, pk: int) -> HttpResponse:
    """A retired attribute is offered again."""
    row: Any = attribute_for(request, pk)
    services.bring_back_attribute(row)
    messages.success(request, _("“%(name)s” is offered again.") % {"name": row})
    return redirect("contacts:attributes")


@administrators_only
def delete(request: Request, pk: int) -> HttpResponse:
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
