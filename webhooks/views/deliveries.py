"""One delivery with what was sent and answered; testing, and sending again."""

import json
import re
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from users.access import administrators_only
from webhooks import events, selectors, services
from webhooks.forms import HOURS, ReplayForm
from webhooks.models import Endpoint
from webhooks.payload import LostError, body_of
from webhooks.selectors import delivery_for, endpoint_for
from webhooks.services import EndpointError

LIST_OF_NUMBERS = re.compile(r"\[\s+(\d[\d,\s]*)\]")


@require_safe
@administrators_only
def delivery(request: Request, pk: int) -> HttpResponse:
    """What is sent, every attempt and its answer."""
    here, now = delivery_for(pk), request.now
    mine = selectors.log_of(here.endpoint).filter(pk=pk)
    context = {
        "delivery": here,
        "endpoint": here.endpoint,
        "event": here.event,
        "attempts": list(selectors.attempts_of(here)),
        "live": selectors.moving(mine, now),
        "body": "" if request.htmx else shown_body(here),
    }
    return page(request, "webhooks/delivery.html", context, part="course")


def shown_body(delivery: Any) -> str:
    """The body, laid out to be read; empty if there is none any more."""
    try:
        content = json.loads(body_of(delivery.event, delivery.endpoint))
    except LostError:
        return ""
    text = json.dumps(content, ensure_ascii=False, indent=2)
    return LIST_OF_NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


@require_POST
@administrators_only
def ping(request: Request, pk: int) -> HttpResponse:
    """Sends a test; the page that follows shows what comes back."""
    try:
        made = events.ping(endpoint_for(pk), now=request.now)
    except Endpoint.DoesNotExist as error:
        raise Http404 from error
    return redirect("webhooks:delivery", made.pk)


@require_POST
@administrators_only
def replay(request: Request, pk: int) -> HttpResponse:
    """Sends one delivery again."""
    here = delivery_for(pk)
    try:
        services.replay(here, now=request.now)
    except Endpoint.DoesNotExist as error:
        raise Http404 from error
    except EndpointError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is being sent again."))
    return redirect("webhooks:delivery", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def replay_failed(request: Request, pk: int) -> HttpResponse:
    """Asks how far back, with how many that would be, and sends them again."""
    here, now = endpoint_for(pk), request.now
    form = ReplayForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        since = now - timedelta(hours=form.cleaned_data["hours"])
        try:
            count = services.replay_failed(here, since=since, now=now)
        except Endpoint.DoesNotExist as error:
            raise Http404 from error
        except EndpointError as error:
            form.add_error(None, str(error))
        else:
            text = ngettext("%(count)s delivery is sent again.", "%(count)s deliveries are sent again.", count)
            messages.success(request, text % {"count": number(count)})
            return redirect("webhooks:endpoint", pk)
    spans = [
        (hours, label, services.failed(here, since=now - timedelta(hours=int(hours))).count()) for hours, label in HOURS
    ]
    chosen = str(form["hours"].value())
    context = {"endpoint": here, "form": form, "spans": spans, "chosen": chosen}
    return page(request, "webhooks/replay.html", context, part="question", status=422 if form.errors else 200)
