"""Settings → API keys, for owners and administrators: the list, making one (shown once), revoking one."""

import secrets
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from api import selectors
from api.forms import KeyForm
from api.models import ApiKey, Scope
from api.selectors import key_for
from api.services import KeyRefusedError, create_key, revoke_key
from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from users.access import administrators_only, signed_in

PER_PAGE = 50
MADE = "api-keys-made"  # in the session: which forms have made a key; never the key
REMEMBERED = 20
SHOWN = ("working", "ended")
# What the ready line asks for, by the first scope that the key has. Those that write send an empty batch.
TRIALS = {
    Scope.CONTACTS_READ: "contacts?limit=1",
    Scope.LABELS_READ: "tags?limit=1",
    Scope.SEGMENTS_READ: "segments?limit=1",
    Scope.EXPORTS_READ: "exports?limit=1",
    Scope.CONTACTS_WRITE: "contacts",
    Scope.FACTS_WRITE: "activities",
    Scope.LABELS_WRITE: "tags/assign",
}


@require_safe
@administrators_only
def keys(request: Request) -> HttpResponse:
    """Keys that work, and beside them those that ended."""
    now = request.now
    shown = request.GET.get("shown") or SHOWN[0]
    sort = request.GET.get("sort") or "-made"
    problems = problems_in(request.GET, texts=["shown"], sorts=[name.removeprefix("-") for name in selectors.ORDERS])
    if shown not in SHOWN:
        problems.append(_("There is no list “%(name)s”.") % {"name": shown[:60]})
    context: dict[str, Any] = {"problems": problems, "shown": shown, "sort": sort, "at": now}
    if not problems:
        lists = {name: selectors.listed(now=now, ended=name == "ended", sort=sort) for name in SHOWN}
        context["counts"] = {name: found.count() for name, found in lists.items()}
        rows = Paginator(lists[shown], PER_PAGE).get_page(page_number(request.GET))
        context |= {"rows": rows, "lines": [(key, key.state(now)) for key in rows], "every": len(Scope)}
    return page(request, "api/keys.html", context, part="rows", status=422 if problems else 200)


@sensitive_post_parameters("once")
@sensitive_variables("made")
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def create(request: Request) -> HttpResponse:
    """A new key, shown in the answer and nowhere else. A form that is sent again makes no second key."""
    by = signed_in(request)
    sent = request.POST if request.method == "POST" else None
    like = None if sent is not None else liked(request)
    if sent is not None and sent.get("once", "") in request.session.get(MADE, []):
        text = _("This key was made already, and is not shown again. Revoke it if you did not copy it.")
        messages.warning(request, text)
        return redirect("api:keys")
    form = KeyForm(sent, once=secrets.token_urlsafe(16), by=by, like=like)
    if sent is not None and form.is_valid():
        now = request.now
        try:
            made = create_key(**form.asked(now), now=now, by=by)
        except KeyRefusedError as error:  # the user was deactivated a moment ago
            form.add_error(None, str(error))
        else:
            remember(request, form.cleaned_data["once"])
            context = {"key": made.key, "token": made.token, **trial(request, made.key)}
            answer = page(request, "api/key_made.html", context)
            answer["Cache-Control"] = "no-store"
            return answer
    return page(request, "api/key_form.html", {"form": form, "like": like}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def revoke(request: Request, pk: int) -> HttpResponse:
    """Asks, with when it was last used, and stops it for good."""
    key, now = key_for(pk), request.now
    if request.method == "POST":
        try:
            revoke_key(key, now=now, by=signed_in(request))
        except ApiKey.DoesNotExist:  # gone with its user a moment ago
            return redirect("api:keys")
        messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key})
        return redirect("api:keys")
    context = {"key": key, "state": key.state(now), "at": now}
    return page(request, "api/key_revoke.html", context, part="question")


def liked(request: Request) -> ApiKey | None:
    """The key that the new one is to be like: `?like=ID`. One that is not there is passed over."""
    asked = request.GET.get("like", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return None
    return selectors.keys().filter(pk=int(asked)).first()


def remember(request: Request, once: str) -> None:
    if once:
        request.session[MADE] = [*request.session.get(MADE, []), once][-REMEMBERED:]


def trial(request: Request, key: ApiKey) -> dict[str, Any]:
    """A first request that the key may send and that changes nothing; `path` is empty where there is none."""
    scope = next((scope for scope in TRIALS if scope in key.scopes), None)
    return {
        "site": f"{request.scheme}://{request.get_host()}",
        "path": f"/api/v1/{TRIALS[scope]}" if scope else "",
        "writes": scope is not None and scope.writes,
    }
