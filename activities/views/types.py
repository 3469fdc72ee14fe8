"""Activity types: what this account records of its contacts. Everybody may read, administrators declare."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activities import selectors, services
from activities.counting import seen_counts, type_counts
from activities.forms import NameForm, ParameterForm, TypeForm
from activities.hooks import uses_of_type
from activities.models import ActivityType, Parameter
from activities.selectors import activity_type_for
from config.pages import page
from config.requests import Request
from contacts.sight import sight
from contacts.views.definitions import ask_and_delete, refuse
from users.access import administrators_only


@require_safe
def types(request: Request) -> HttpResponse:
    """All types with their parameters, and about how many activities there are of each."""
    mask, now = sight(request), request.now
    counts = type_counts(now=now) if mask is None else seen_counts(mask, now=now)
    lines = [(kind, selectors.parameters_of(kind), counts.of(kind.pk)) for kind in selectors.declared().values()]
    return page(request, "activities/types.html", {"lines": lines, "counts": counts})


@require_safe
def type_page(request: Request, pk: int) -> HttpResponse:
    """One type: its parameters and what uses it; for administrators also the forms."""
    return shown(request, activity_type_for(request, pk))


def shown(
    request: Request,
    kind: ActivityType,
    *,
    rename: NameForm | None = None,
    parameter: ParameterForm | None = None,
) -> HttpResponse:
    """The type's page; with a refused form, 422."""
    context = {
        "kind": kind,
        "parameters": list(kind.parameters.all()),
        "uses": uses_of_type(kind),
        "rename": rename or NameForm(named=kind),
        "parameter_form": parameter or ParameterForm(prefix="new"),
    }
    return page(request, "activities/type.html", context, status=422 if rename or parameter else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: Request) -> HttpResponse:
    """Declare a type with its parameters; the button for more rows judges nothing."""
    form = TypeForm(request.POST if request.method == "POST" else None)
    growing = "more" in request.POST
    if request.method == "POST" and not growing and form.is_valid():
        filled = form.filled
        try:
            made = services.create_type(
                key=form.cleaned_data["key"],
                name=form.cleaned_data["name"],
                parameters=[row.declared for row in filled],
            )
        except ValidationError as error:
            refuse_rows(form, filled, error)
        else:
            messages.success(request, _("“%(name)s” is declared.") % {"name": made})
            return redirect("activities:type", made.pk)
    status = 422 if request.method == "POST" and not growing else 200
    return page(request, "activities/type_form.html", {"form": form}, status=status)


@require_POST
@administrators_only
def rename(request: Request, pk: int) -> HttpResponse:
    """Call a type of the account's own otherwise."""
    kind = activity_type_for(request, pk)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            services.rename_type(kind, name=form.cleaned_data["name"])
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": kind})
            return redirect("activities:type", kind.pk)
    return shown(request, activity_type_for(request, pk), rename=form)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks, then deletes a type of the account's own; while it is in use, says by what and offers no button."""
    kind = activity_type_for(request, pk)
    if kind.built_in:
        raise Http404
    return ask_and_delete(
        request,
        kind,
        why_kept=services.why_type_kept,
        delete=services.delete_type,
        template="activities/type_delete.html",
        name="kind",
        back=("activities:types",),
    )


# --- parameters ----------------------------------------------------------------------------------------------
def parameter_for(pk: int) -> Parameter:
    """The door to a parameter that the account declared. Raises: Http404."""
    return get_object_or_404(Parameter.objects.select_related("activity_type").exclude(name=""), pk=pk)


@require_POST
@administrators_only
def add_parameter(request: Request, pk: int) -> HttpResponse:
    """One more parameter of a type, built in or not."""
    kind = activity_type_for(request, pk)
    form = ParameterForm(request.POST, prefix="new")
    if form.is_valid():
        try:
            made = services.add_parameter(kind, **form.declared._asdict())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Parameter “%(name)s” is declared.") % {"name": made})
            return redirect("activities:type", kind.pk)
    return shown(request, kind, parameter=form)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def rename_parameter(request: Request, pk: int) -> HttpResponse:
    """Call a parameter otherwise."""
    parameter = parameter_for(pk)
    form = NameForm(request.POST or None, named=parameter)
    if request.method == "POST" and form.is_valid():
        try:
            services.rename_parameter(parameter, name=form.cleaned_data["name"])
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": parameter})
            return redirect("activities:type", parameter.activity_type_id)
    context = {"form": form, "parameter": parameter}
    return page(request, "activities/parameter_form.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete_parameter(request: Request, pk: int) -> HttpResponse:
    """Asks, then takes a parameter away; once there are activities of its type, says so and offers no button."""
    parameter = parameter_for(pk)
    return ask_and_delete(
        request,
        parameter,
        why_kept=services.why_parameter_kept,
        delete=services.delete_parameter,
        template="activities/parameter_delete.html",
        name="parameter",
        back=("activities:type", parameter.activity_type_id),
    )


def refuse_rows(form: TypeForm, filled: list[ParameterForm], error: ValidationError) -> None:
    """`refuse` for a form with rows: `parameters.2.key` is the third row in which something was typed."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for path, errors in error.error_dict.items():
        kind, _dot, rest = path.partition(".")
        at, _dot, name = rest.partition(".")
        if kind == "parameters" and at.isdecimal():
            refuse(filled[int(at)], ValidationError({name: errors}))
        else:
            form.add_error(path if path in form.fields else None, errors)
