"""The account's settings, for owners and administrators."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import services
from accounts.forms import SettingsForm
from accounts.models import Account
from config.pages import page
from config.requests import Request
from users.access import administrators_only


@administrators_only
def account(request: Request) -> HttpResponse:
    """Name, time zone, currency, engagement window."""
    current = Account.objects.get(pk=request.tenant.pk)
    form = SettingsForm(request.POST or None, instance=current)
    if request.method == "POST" and form.is_valid():
        services.change_settings(current, **form.cleaned_data)
        messages.success(request, _("The settings are saved."))
        return redirect("users:account")
    return page(request, "accounts/settings.html", {"form": form}, status=422 if form.is_bound else 200)
