"""The groups of one user."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts.services import LostUpdateError
from contacts.views.definitions import refuse
from permissions import services
from permissions.forms import GroupsOfForm
from permissions.parts import about
from permissions.services import FreedError
from permissions.views.groups import doer
from users.access import administrators_only
from users.selectors import user_for


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def groups_of(request: Request, pk: int) -> HttpResponse:
    """Which groups somebody is in. That they would see every contact from then on has to be agreed to (422).

    Nothing is written over what somebody else changed meanwhile (409).
    """
    person = user_for(request, pk)
    form = GroupsOfForm(request.POST if request.method == "POST" else None, user=person)
    status = 422 if form.is_bound else 200
    freed, conflict = [], False
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            services.set_groups_of(
                person, given["groups"], seen=given["seen"], freed=given["freed"], doer=doer(request)
            )
        except LostUpdateError:
            status, conflict = 409, True
        except FreedError as error:
            freed = error.users
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("The groups of %(name)s are saved.") % {"name": person})
            return redirect("users:edit", person.pk)
    context = {"form": form, "freed": freed, "conflict": conflict, "card": about(request, person), "person": person}
    return page(request, "permissions/groups_of.html", context, status=status)
