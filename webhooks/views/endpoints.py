"""The list of endpoints; making, changing, switching and deleting one; its secret."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from config.shown_once import show_once, taken_secret
from contacts.services.errors import LostUpdateError
from users.access import administrators_only, signed_in
from webhooks import selectors, services
from webhooks.forms import EndpointForm, LogForm
from webhooks.models import CHOSEN, Endpoint
from webhooks.selectors import endpoint_for
from webhooks.services import EndpointError

PER_PAGE = 25
FORM = "webhooks/form.html"
KIND = "webhook"  # of secret, beside others shown once


@require_safe
@administrators_only
def endpoints(request: Request) -> HttpResponse:
    """All endpoints, with how they are."""
    now = request.now
    rows = list(selectors.listed(now))
    return page(request, "webhooks/endpoints.html", {"rows": rows, "at": now, "most": services.MOST})


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: Request) -> HttpResponse:
    """A new endpoint. Its secret is shown on the page that follows, and never again."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_endpoint(form.asked, origin=origin(request), **doer(request))
        except EndpointError as error:
            form.add_error(None, str(error))
        else:
            return showing_secret(request, made)
    return page(request, FORM, {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Where to, of what. Nothing is written over what somebody else changed meanwhile (409)."""
    here = endpoint_for(pk)
    form = EndpointForm(request.POST if request.method == "POST" else None, endpoint=here)
    conflict = False
    if request.method == "POST" and form.is_valid():
        try:
            seen = form.cleaned_data["seen"] or 0
            services.edit_endpoint(here, form.asked, seen=seen, origin=origin(request), **doer(request))
        except Endpoint.DoesNotExist as error:
            raise Http404 from error
        except LostUpdateError:
            conflict = True
        else:
            messages.success(request, _("The webhook “%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("webhooks:endpoint", pk)
    status = 409 if conflict else 422 if form.errors else 200
    return page(request, FORM, {"form": form, "endpoint": here, "conflict": conflict}, status=status)


@require_safe
@administrators_only
def endpoint(request: Request, pk: int) -> HttpResponse:
    """One endpoint: what it is told, how it is, and the log of what was sent to it."""
    here, now = endpoint_for(pk), request.now
    form = LogForm(request.GET)
    problems = problems_in(request.GET, names=form.fields)
    problems += [f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
    context: dict[str, Any] = {
        "endpoint": here,
        "form": form,
        "problems": problems,
        "narrowed": any(form.data.get(name) for name in form.fields),
        "overlap": len(here.secrets_at(now)) > 1,
    }
    if not problems:
        found = selectors.log_of(here, **form.cleaned_data)
        context["page"] = Paginator(found, PER_PAGE).get_page(page_number(request.GET))
        context["live"] = selectors.moving(found, now)
    if not request.htmx:
        context |= {"counts": selectors.counts(here), "at": now, "segments": list(here.segments.order_by("name"))}
        context["events"] = [kind.label for kind in CHOSEN if kind in here.events]
        context["secret"] = taken_secret(request, here, kind=KIND)
    answer = page(request, "webhooks/endpoint.html", context, part="rows", status=422 if problems else 200)
    if context.get("secret"):
        answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks, with what goes with it, and deletes."""
    here = endpoint_for(pk)
    if request.method == "POST":
        services.delete_endpoint(here)
        messages.success(request, _("The webhook “%(name)s” is deleted.") % {"name": here})
        return redirect("webhooks:endpoints")
    return page(request, "webhooks/delete.html", {"endpoint": here, "counts": selectors.counts(here)}, part="question")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def switch_off(request: Request, pk: int) -> HttpResponse:
    """Asks, with what would not be delivered, and switches off."""
    here = endpoint_for(pk)
    if request.method == "POST":
        switched(here, request, on=False)
        messages.success(request, _("The webhook “%(name)s” is off.") % {"name": here})
        return redirect("webhooks:endpoint", pk)
    return page(request, "webhooks/off.html", {"endpoint": here, "counts": selectors.counts(here)}, part="question")


@require_POST
@administrators_only
def switch_on(request: Request, pk: int) -> HttpResponse:
    """On again, as if nothing had ever failed."""
    here = switched(endpoint_for(pk), request, on=True)
    messages.success(request, _("The webhook “%(name)s” is on.") % {"name": here})
    return redirect("webhooks:endpoint", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def secret(request: Request, pk: int) -> HttpResponse:
    """Asks, and makes a new secret, to be shown once."""
    here = endpoint_for(pk)
    if request.method == "POST":
        try:
            return showing_secret(request, services.renew_secret(here, **doer(request)))
        except Endpoint.DoesNotExist as error:
            raise Http404 from error
    return page(request, "webhooks/secret.html", {"endpoint": here}, part="question")


@require_POST
@administrators_only
def drop_secret(request: Request, pk: int) -> HttpResponse:
    """The secret before this one signs no more."""
    try:
        services.drop_previous(endpoint_for(pk), **doer(request))
    except Endpoint.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("From now on only the new secret signs."))
    return redirect("webhooks:endpoint", pk)


def switched(here: Endpoint, request: Request, *, on: bool) -> Endpoint:
    try:
        return services.switch(here, on=on, **doer(request))
    except Endpoint.DoesNotExist as error:
        raise Http404 from error


def showing_secret(request: Request, here: Endpoint) -> HttpResponse:
    """To the endpoint's page, which shows its secret this once."""
    show_once(request, here, kind=KIND)
    return redirect("webhooks:endpoint", here.pk)


def origin(request: Request) -> str:
    """The account's own address, as its administrator sees it: links in bodies begin with it."""
    return f"{request.scheme}://{request.get_host()}"[:300]


def doer(request: Request) -> dict[str, Any]:
    return {"now": request.now, "by": signed_in(request)}
