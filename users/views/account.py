"""The account's settings, for owners and administrators."""

from hashlib import blake2b
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import services
from accounts.forms import SettingsForm
from accounts.hooks import Consequence, consequences_of
from accounts.models import Account
from config.pages import page
from config.requests import Request
from users.access import administrators_only


@administrators_only
def account(request: Request) -> HttpResponse:
    """Name, time zone, currency, engagement window. What would be stopped by them is said first, and asked about."""
    current = Account.objects.get(pk=request.tenant.pk)
    form = SettingsForm(request.POST or None, instance=current)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        found = consequences_of(Account.objects.get(pk=current.pk), current)
        mark = mark_of(found)
        if not found or request.POST.get("agreed") == mark:
            services.change_settings(current, **form.cleaned_data)
            messages.success(request, _("The settings are saved."))
            return redirect("users:account")
        context |= {"consequences": found, "mark": mark}
    return page(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)


def mark_of(consequences: list[Consequence]) -> str:
    """Names what was asked about: others are asked about anew."""
    return blake2b(repr(consequences).encode(), digest_size=8).hexdigest()
