"""Export files: the list beside those of segments, the download, links, and the record of who downloaded."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from exports import downloads, links, selectors
from exports.forms import DownloadsForm, FilesForm
from exports.models import How
from segmentation.selectors import tabs
from users.access import administrators_only, signed_in

PER_PAGE = 25
LONGEST = 200  # characters of a search


@require_safe
def files(request: Request) -> HttpResponse:
    """Export files (Pliki eksportu), those that can still be downloaded (IP32), and those being written."""
    search = request.GET.get("q", "").strip()[:LONGEST]
    sort = request.GET.get("sort") or "-created"
    form = FilesForm(request.GET)
    problems = problems_in(request.GET, names=form.fields, texts=["q"], sorts=selectors.ORDERS)
    problems += [f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
    writing = selectors.being_written(request)
    context: dict[str, Any] = {
        "problems": problems,
        "q": search,
        "form": form,
        "narrowed": search or any(form.data.get(name) for name in form.fields),
        "sort": sort,
        "tabs": tabs(request),
        "here": "exports:files",
        "writing": writing,
        "live": any(each.job.active for each in writing),
    }
    if not problems:
        asked = form.cleaned_data
        by = signed_in(request) if asked["by"] else None
        found = selectors.listed(selectors.files_for(request), search=search, of=asked["of"], by=by, sort=sort)
        context["page"] = Paginator(found, PER_PAGE).get_page(page_number(request.GET))
        carried = downloads.carried(context["page"])
        context["rows"] = [(file, carried.get(file.pk)) for file in context["page"]]
    return page(request, "exports/files.html", context, part="rows", status=422 if problems else 200)


@require_safe
def download(request: Request, pk: int) -> HttpResponseBase:
    """The file itself, for those who may write; after its time it is refused even if no purge has run."""
    user = signed_in(request)
    if not user.may_write:
        raise PermissionDenied(_("Your role (analyst) may not download personal data of many people at once."))
    file = selectors.file_for(request, pk)
    if file.expired_at(request.now):
        return page(request, "exports/gone.html", {"file": file, "expired": True}, status=410)
    return downloads.sent(request, file, user=user, how=How.PAGE)


@require_POST
def link(request: Request, pk: int) -> HttpResponse:
    """A link to the file that works for a quarter of an hour without signing in."""
    file = selectors.file_for(request, pk)
    if file.expired_at(request.now):
        return page(request, "exports/gone.html", {"file": file, "expired": True}, status=410)
    made = links.link_for(file, user=signed_in(request), now=request.now, how=How.LINK)
    context = {"file": file, "address": request.build_absolute_uri(made.url), "until": made.expires_at}
    return page(request, "exports/link.html", context, part="question")


@require_safe
@login_not_required
def by_link(request: Request, pk: int, token: str) -> HttpResponseBase:
    """The file for whoever holds a link to it, as long as its maker could have it too."""
    try:
        file, how = links.opened(request, pk, token)
    except links.LinkError:
        request.user = AnonymousUser()  # nothing of the maker's on the page
        response = page(request, "exports/link_over.html", status=410)
        response["Cache-Control"] = "private, no-store"
        return response
    return downloads.sent(request, file, user=signed_in(request), how=how)


@require_safe
@administrators_only
def downloaded(request: Request) -> HttpResponse:
    """Who carried which file away, also of files that are gone."""
    search = request.GET.get("q", "").strip()[:LONGEST]
    form = DownloadsForm(request.GET)
    problems = problems_in(request.GET, names=form.fields, texts=["q"])
    problems += [f"{form.fields[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
    context: dict[str, Any] = {
        "problems": problems,
        "q": search,
        "form": form,
        "narrowed": search or form.data.get("how"),
    }
    if not problems:
        found = downloads.listed(search=search, how=form.cleaned_data["how"])
        context["page"] = Paginator(found, PER_PAGE).get_page(page_number(request.GET))
    return page(request, "exports/downloads.html", context, part="rows", status=422 if problems else 200)
