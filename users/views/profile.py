"""One's own profile and password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from config.pages import page
from config.requests import Request
from users import services
from users.access import reads, signed_in
from users.forms import ProfileForm
from users.models import User
from users.parts import cards_of


def me(request: Request) -> User:
    """A fresh copy of the signed-in user: a form that fails must not change the one the frame shows."""
    return User.objects.get(pk=signed_in(request).pk)


@reads
def profile(request: Request) -> HttpResponse:
    """Name, language, theme."""
    form = ProfileForm(request.POST or None, instance=me(request))
    if request.method == "POST" and form.is_valid():
        services.set_preferences(signed_in(request), **form.cleaned_data)
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Your profile is saved."))
        return redirect("users:profile")
    context = {"form": form, "cards": cards_of(request, signed_in(request), own=True)}
    return page(request, "users/profile.html", context, status=422 if form.is_bound else 200)


@sensitive_post_parameters()
@reads
def password(request: Request) -> HttpResponse:
    """A new password for oneself; other devices are signed out."""
    form = PasswordChangeForm(signed_in(request), request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("Your password is changed. Other devices are signed out."))
        return redirect("users:profile")
    return page(request, "users/password.html", {"form": form}, status=422 if form.is_bound else 200)
