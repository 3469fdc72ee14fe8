"""Signing in and out, and setting a forgotten password."""

from typing import Any

from axes.utils import reset as forget_failures
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from config.pages import page
from config.requests import Request
from users.forms import ResetForm, SignInForm
from users.models import User
from users.tasks import MailError, queue, send_reset_task


class SignIn(auth.LoginView):
    """E-mail and password; then on to where the user was going, if that is on this host."""

    template_name = "users/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


def locked_out(request: Request, *_args: Any) -> HttpResponse:
    """After too many wrong passwords: how long to wait. The same for addresses that nobody has."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    response = render(request, "users/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response


@login_not_required
@never_cache
def reset(request: Request) -> HttpResponse:
    """Ask for a link. The answer is the same for every address."""
    form = ResetForm(request.POST or None)
    if request.method != "POST":
        return page(request, "users/reset.html", {"form": form})
    if form.is_valid():
        try:
            queue(send_reset_task, form.cleaned_data["email"], request.build_absolute_uri("/").rstrip("/"))
            return redirect("users:password_reset_sent")
        except MailError:
            form.add_error(None, _("No letter can be sent right now. Try again in a few minutes."))
            return page(request, "users/reset.html", {"form": form}, status=503)
    return page(request, "users/reset.html", {"form": form}, status=422)


@login_not_required
def reset_sent(request: Request) -> HttpResponse:
    return page(request, "users/reset_sent.html")


class SetPassword(auth.PasswordResetConfirmView):
    """Where the link leads: a new password, once. Users who were let go can't use theirs."""

    template_name = "users/set_password.html"
    success_url = reverse_lazy("users:login")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        forget_failures(username=form.user.email.lower())
        messages.success(self.request, _("The password is set. Sign in with it."))
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = sensitive_post_parameters()(SignIn.as_view())
sign_out = auth.LogoutView.as_view()
set_password = SetPassword.as_view()
