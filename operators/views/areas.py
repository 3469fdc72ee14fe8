"""Areas and whom they are open to; the accounts; who changed what."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from config.pages import page
from operators import selectors
from operators.forms import SettingForm
from rollout import services
from rollout.areas import AREAS, Area
from rollout.selectors import all_settings

SHOWN = 50  # accounts or lines a page
NAMED = ":20"  # accounts that a question names


def area_called(key: str) -> Area:
    if key not in AREAS:
        raise Http404
    return AREAS[key]


@require_safe
def areas(request: Any) -> HttpResponse:
    return page(request, "operators/areas.html", {"rows": selectors.area_rows(), "at": request.now, "section": "areas"})


@require_safe
def area(request: Any, key: str) -> HttpResponse:
    """One area: what it is, whom it is open to, and its log."""
    chosen = area_called(key)
    return shown(request, chosen, SettingForm.showing(services.setting_now(chosen)))


def shown(request: Any, chosen: Area, form: SettingForm, *, status: int = 200, meanwhile: bool = False) -> HttpResponse:
    effect = services.effect_of(chosen, services.setting_now(chosen))
    context = {
        "area": chosen,
        "form": form,
        "effect": effect,
        "lines": selectors.log_of(chosen.key)[:SHOWN],
        "meanwhile": meanwhile,
        "at": request.now,
        "section": "areas",
    }
    return page(request, "operators/area.html", context, status=status)


def change(request: Any, key: str) -> HttpResponse:
    """First what the change would do, then, agreed to with these very numbers, the change."""
    chosen = area_called(key)
    if request.method != "POST":
        return redirect("operators:area", key=key)
    form = SettingForm(request.POST)
    if not form.is_valid():
        return shown(request, chosen, form, status=422)
    after, agreed = form.setting(), request.POST.get("agreed")
    meanwhile = False
    if agreed is not None:
        try:
            services.change(chosen, after, who=request.operator.signature, now=request.now, agreed=agreed)
        except services.ChangedMeanwhileError:
            meanwhile = True
        else:
            return redirect("operators:area", key=key)
    effect = services.effect_of(chosen, after)
    if effect.after == effect.before and not meanwhile:
        return redirect("operators:area", key=key)
    context = {
        "area": chosen,
        "form": form,
        "effect": effect,
        "meanwhile": meanwhile,
        "named": NAMED,
        "section": "areas",
    }
    return page(request, "operators/change.html", context, status=409 if meanwhile else 200)


@require_safe
def accounts(request: Any) -> HttpResponse:
    """Which accounts there are, and which areas are open to them. Nothing of what is in them."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    settings = all_settings()
    found = Paginator(selectors.accounts_found(text), SHOWN).get_page(request.GET.get("page"))
    rows = [(account, selectors.closed_in(account, settings)) for account in found]
    context = {"page": found, "rows": rows, "q": text, "at": request.now, "section": "accounts"}
    return page(request, "operators/accounts.html", context, part="rows")


@require_safe
def log(request: Any) -> HttpResponse:
    found = Paginator(selectors.log_of(), SHOWN).get_page(request.GET.get("page"))
    return page(request, "operators/log.html", {"page": found, "section": "log"})
