"""Language and theme, switched from the bar of any page."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from config.requests import Request
from users import services
from users.access import reads, signed_in
from users.models import Theme

COOKIE_AGE_S = 365 * 24 * 3600


def way_back(request: Request) -> HttpResponseRedirect:
    """To the page the switch was on, if that is on this host."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if safe else "/")


@login_not_required
@reads
@require_POST
def language(request: Request) -> HttpResponse:
    """Switch the language: kept with the user, and in a cookie for the pages before signing in."""
    chosen = request.POST.get("language", "")
    response = way_back(request)
    if chosen in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            services.set_preferences(signed_in(request), language=chosen)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=COOKIE_AGE_S, samesite="Lax", secure=settings.HTTPS
        )
    return response


@reads
@require_POST
def theme(request: Request) -> HttpResponse:
    """Switch between light, dark and the device's theme."""
    chosen = request.POST.get("theme", "")
    if chosen in Theme.values:
        services.set_preferences(signed_in(request), theme=chosen)
    return way_back(request)
