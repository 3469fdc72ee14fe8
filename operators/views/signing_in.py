"""Signing in and out, and the language of the pages."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.models import LANGUAGES
from config.pages import page
from operators import services
from operators.door import COOKIE, in_the_open
from operators.forms import SignInForm


@in_the_open
@sensitive_post_parameters("password")
def sign_in(request: Any) -> HttpResponse:
    """E-mail and password. After too many wrong ones: how long to wait."""
    if request.operator is not None:
        return redirect("operators:areas")
    form = SignInForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return page(request, "operators/sign_in.html", {"form": form}, status=422 if request.method == "POST" else 200)
    given = form.cleaned_data
    try:
        operator = services.authenticate(request, email=given["username"], password=given["password"])
    except services.LockedOutError:
        minutes = round(settings.AXES_COOLOFF_TIME * 60)
        response = page(request, "operators/locked_out.html", {"minutes": minutes}, status=429)
        response["Retry-After"] = str(minutes * 60)
        return response
    if operator is None:
        form.add_error(None, _("The e-mail address and the password do not match."))
        return page(request, "operators/sign_in.html", {"form": form}, status=422)
    response = redirect("operators:areas")
    secret = services.sign_in(operator, now=request.now)
    response.set_cookie(COOKIE, secret, max_age=services.STAYS, secure=settings.HTTPS, httponly=True, samesite="Strict")
    return response


@require_POST
def sign_out(request: Any) -> HttpResponse:
    request.signed_in.delete()
    response = redirect("operators:sign_in")
    response.delete_cookie(COOKIE, samesite="Strict")
    return response


@require_POST
def language(request: Any) -> HttpResponse:
    """The operator's own, from now on."""
    if (wanted := request.POST.get("language")) in dict(LANGUAGES):
        request.operator.language = wanted
        request.operator.save(update_fields=["language"])
    return redirect("operators:areas")
