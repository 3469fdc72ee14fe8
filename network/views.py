"""The page of the network signal, for owners and administrators: what it is, whether it is on, on and off."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.pages import page
from config.requests import Request
from jobs.models import ACTIVE
from network import services
from network.forms import SwitchOnForm
from network.models import Elsewhere, Exchange, Membership, Switch
from pool.rounds import length
from users.access import administrators_only, signed_in

PAGE = "network/signal.html"
LINES = 10


@require_safe
@administrators_only
def signal(request: Request) -> HttpResponse:
    """What leaves, what comes; while it is on, the numbers of the last exchange."""
    return page(request, PAGE, shown(request, SwitchOnForm()))


@require_POST
@administrators_only
def switch_on(request: Request) -> HttpResponse:
    form = SwitchOnForm(request.POST)
    if not form.is_valid():
        return page(request, PAGE, shown(request, form), status=422)
    made = services.switch_on(consent=form.cleaned_data["consent"], now=request.now, by=str(signed_in(request)))
    if made:
        messages.success(request, _("The network signal is on."))
    else:
        messages.info(request, _("The network signal was on already: nothing has changed."))
    return redirect("network:signal")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def switch_off(request: Request) -> HttpResponse:
    """Asks, with numbers, and switches off."""
    if request.method == "POST":
        if services.switch_off(now=request.now, by=str(signed_in(request))):
            messages.success(request, _("The network signal is off, and nothing of it is left here."))
        return redirect("network:signal")
    own = Membership.objects.first()
    if own is None:
        return redirect("network:signal")
    return page(request, "network/off.html", {"own": own, "yes": Elsewhere.objects.count()}, part="question")


def shown(request: Request, form: SwitchOnForm) -> dict[str, Any]:
    own = Membership.objects.select_related("consent").first()
    last = Exchange.objects.first()
    answers_from = (own.since if own else request.now) + length()
    return {
        "form": form,
        "own": own,
        "yes": Elsewhere.objects.count() if own and own.answered_at else None,
        "answers_from": answers_from,
        "answers_next": bool(own and own.next_at >= answers_from),
        "going_on": last if own and last and last.state in ACTIVE else None,
        "failed": last if own and last and last.problem else None,
        "lines": Switch.objects.all()[:LINES],
        "at": request.now,
        "hours": settings.NETWORK_ROUND_H,
        "both": 2 * settings.NETWORK_ROUND_H + 1,  # two rounds, and the hourly purge
        "days": 30,
        "accounts": settings.NETWORK_ACCOUNTS,
        "addresses": settings.NETWORK_ADDRESSES,
        "least": settings.NETWORK_YES,
    }
