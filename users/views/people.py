"""The account's users, for owners and administrators."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.letters import kept_where
from config.pages import page
from config.requests import Request
from users import selectors, services
from users.access import administrators_only, signed_in
from users.forms import UserForm
from users.models import Role, User
from users.parts import asked, cards_of, going_on_of, marks_of, questions
from users.selectors import user_for
from users.services import UserError
from users.tasks import MailError, queue, send_invitation_task

PER_PAGE = 50


@administrators_only
def people(request: Request) -> HttpResponse:
    """Everybody who may sign in, or might again."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    sort = request.GET.get("sort", selectors.DEFAULT_ORDER)
    rows = Paginator(selectors.users(text=text, sort=sort), PER_PAGE).get_page(request.GET.get("page"))
    marks = marks_of(list(rows))
    context = {
        "rows": rows,
        "lines": [(person, marks.get(person.pk, [])) for person in rows],
        "q": text,
        "sort": sort,
        "may_touch_owners": signed_in(request).role == Role.OWNER,
        "letters": kept_where(),
    }
    return page(request, "users/list.html", context, part="rows")


@administrators_only
def create(request: Request) -> HttpResponse:
    """Invite somebody: they get a link to set their password."""
    by = signed_in(request)
    form = UserForm(request.POST or None, by=by, asked=asked(), initial={"language": by.language})
    if request.method == "POST" and form.is_valid():
        try:
            user = made(request, form)
        except (UserError, ValidationError) as error:
            add_errors(form, error)
        else:
            invite(request, user)
            return redirect("users:list")
    return page(request, "users/form.html", {"form": form}, status=422 if form.is_bound else 200)


def made(request: Request, form: UserForm) -> User:
    """The user with the answers to what else was asked, in one transaction.

    Raises: UserError; ValidationError, by field.
    """
    with transaction.atomic():
        user = services.create_user(**form.given(), password=None, by=signed_in(request))
        for name, given in form.answers().items():
            questions[name].answer(user, given, request=request)
    return user


@administrators_only
def edit(request: Request, pk: int) -> HttpResponse:
    """Change name, address and role."""
    person = user_for(request, pk)
    form = UserForm(request.POST or None, instance=person, by=signed_in(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_user(person, **form.given(), by=signed_in(request))
        except (UserError, ValidationError) as error:
            add_errors(form, error)
        else:
            messages.success(request, _("%(name)s is saved.") % {"name": person})
            return redirect("users:list")
    context = {
        "form": form,
        "person": person,
        "cards": cards_of(request, user_for(request, pk)),
        "going_on": going_on_of(person),
    }
    return page(request, "users/form.html", context, status=422 if form.is_bound else 200)


@administrators_only
def deactivate(request: Request, pk: int) -> HttpResponse:
    """Asks, then lets somebody go."""
    person = user_for(request, pk)
    problem = ""
    if request.method == "POST":
        try:
            services.deactivate(person, by=signed_in(request))
        except UserError as error:
            problem = str(error)
        else:
            messages.success(request, _("%(name)s can no longer sign in.") % {"name": person})
            return redirect("users:list")
    context = {"person": person, "problem": problem, "going_on": going_on_of(person)}
    return page(request, "users/deactivate.html", context, part="question", status=422 if problem else 200)


@administrators_only
@require_POST
def reactivate(request: Request, pk: int) -> HttpResponse:
    """Lets somebody in again."""
    person = user_for(request, pk)
    try:
        services.reactivate(person, by=signed_in(request))
        messages.success(request, _("%(name)s can sign in again.") % {"name": person})
    except UserError as error:
        messages.error(request, str(error))
    return redirect("users:list")


@administrators_only
@require_POST
def send_link(request: Request, pk: int) -> HttpResponse:
    """Sends the link to set a password once more."""
    person = user_for(request, pk)
    if not person.is_active:
        messages.error(request, _("%(name)s is deactivated: no link was sent.") % {"name": person})
    else:
        invite(request, person)
    return redirect("users:list")


def invite(request: Request, user: User) -> None:
    """Queue the letter and say so, or say that it was not sent."""
    try:
        queue(send_invitation_task, user.pk, request.build_absolute_uri("/").rstrip("/"))
        if kept_where():
            text = _("A letter to %(email)s with a link to set the password is written.")
        else:
            text = _("A link to set the password is on its way to %(email)s.")
        messages.success(request, text % {"email": user.email})
    except MailError:
        messages.error(
            request,
            _("No letter can be sent right now. Use “Send a link to set the password” in a few minutes."),
        )


def add_errors(form: Any, error: UserError | ValidationError) -> None:
    """What a service refused, at its field where it has one."""
    if isinstance(error, ValidationError) and hasattr(error, "error_dict"):
        for field, errors in error.error_dict.items():
            form.add_error(field if field in form.fields else None, errors)
    else:
        form.add_error(None, str(error) if isinstance(error, UserError) else error)
