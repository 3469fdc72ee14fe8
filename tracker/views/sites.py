"""The list of sites; one site with its snippet and what came from it; making, changing, deleting; the secret."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.pages import page
from config.requests import Request
from config.shown_once import show_once, taken_secret
from contacts.services.errors import LostUpdateError
from tracker import selectors, services
from tracker.arriving import DAYS, arrived, since
from tracker.door import SCRIPT
from tracker.forms import LinkForm, SiteForm
from tracker.models import TrackedSite
from tracker.samples import samples
from tracker.selectors import site_for
from tracker.services import SiteError
from users.access import administrators_only, signed_in

FORM = "tracker/form.html"
KIND = "tracker"  # of secret, beside others shown once


@require_safe
@administrators_only
def sites(request: Request) -> HttpResponse:
    """All sites, with what came from them."""
    rows = list(selectors.listed(since=since(request.now)))
    return page(request, "tracker/sites.html", {"rows": rows, "at": request.now, "days": DAYS, "most": services.MOST})


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: Request) -> HttpResponse:
    """A new site. Its secret is shown on the page that follows, and never again."""
    form = SiteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_site(form.asked, **doer(request))
        except SiteError as error:
            form.add_error(None, str(error))
        else:
            return showing_secret(request, made)
    return page(request, FORM, {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Nothing is written over what somebody else changed meanwhile (409)."""
    here = site_for(pk)
    form = SiteForm(request.POST if request.method == "POST" else None, site=here)
    conflict = False
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_site(here, form.asked, seen=form.cleaned_data["seen"] or 0, **doer(request))
        except TrackedSite.DoesNotExist as error:
            raise Http404 from error
        except LostUpdateError:
            conflict = True
        else:
            messages.success(request, _("The site “%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return redirect("tracker:site", pk)
    status = 409 if conflict else 422 if form.errors else 200
    return page(request, FORM, {"form": form, "site": here, "conflict": conflict}, status=status)


@require_safe
@administrators_only
def site(request: Request, pk: int) -> HttpResponse:
    """The snippet, and live what comes from the site."""
    here = site_for(pk)
    context: dict[str, Any] = {"site": here} | arrived(here, now=request.now)
    if not request.htmx:
        context |= {
            "script": f"{request.scheme}://{request.get_host()}{SCRIPT}",
            "overlap": len(here.secrets_at(request.now)) > 1,
            "link_form": LinkForm(),
            "samples": samples(here),
            "secret": taken_secret(request, here, kind=KIND),
        }
    answer = page(request, "tracker/site.html", context, part="arrived")
    if context.get("secret"):
        answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks, with what came from it, and deletes."""
    here = site_for(pk)
    if request.method == "POST":
        services.delete_site(here)
        messages.success(request, _("The site “%(name)s” is deleted.") % {"name": here})
        return redirect("tracker:sites")
    return page(request, "tracker/delete.html", {"site": here} | arrived(here, now=request.now), part="question")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def secret(request: Request, pk: int) -> HttpResponse:
    """Asks, and makes a new secret, to be shown once."""
    here = site_for(pk)
    if request.method == "POST":
        try:
            return showing_secret(request, services.renew_secret(here, **doer(request)))
        except TrackedSite.DoesNotExist as error:
            raise Http404 from error
    context = {"site": here, "overlap": len(here.secrets_at(request.now)) > 1, "days": services.OVERLAP.days}
    return page(request, "tracker/secret.html", context, part="question")


@require_POST
@administrators_only
def drop_secret(request: Request, pk: int) -> HttpResponse:
    """Tokens of the secret before this one hold no more."""
    try:
        services.drop_previous(site_for(pk), **doer(request))
    except TrackedSite.DoesNotExist as error:
        raise Http404 from error
    messages.success(request, _("From now on only tokens of the new secret hold."))
    return redirect("tracker:site", pk)


def showing_secret(request: Request, here: TrackedSite) -> HttpResponse:
    """To the site's page, which shows its secret this once."""
    show_once(request, here, kind=KIND)
    return redirect("tracker:site", here.pk)


def doer(request: Request) -> dict[str, Any]:
    return {"now": request.now, "by": signed_in(request)}
