"""Labels on the page of one contact: each change gives the panel anew, or goes back to the page without scripts."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.pages import page
from config.requests import Request
from contacts.models import Contact
from contacts.selectors import contact_for, visible
from contacts.sight import sight
from tags import services
from tags.models import Category, ContactCategory, ContactTag, Tag
from tags.normalising import LONGEST_TEXT
from tags.panels import categories_panel, tags_panel
from tags.pickers import allowed_to, may_use
from tags.seeing import see_tags
from tags.selectors import category_for, suggested, tag_for
from users.models import User

Change = Callable[[], object]


@require_POST
def add_tags(request: Request, pk: int) -> HttpResponse:
    """Puts the tags that are typed on the contact."""
    contact = contact_for(request, pk)
    text = request.POST.get("names", "")
    return changed(request, contact, "tags", lambda: services.put_tags_on(contact, text, **who(request)), typed=text)


@require_POST
def remove_tag(request: Request, pk: int, tag_pk: int) -> HttpResponse:
    """Takes one tag off the contact."""
    contact, tag = contact_for(request, pk), tag_for(request, tag_pk)
    return changed(request, contact, "tags", lambda: services.take_tag_off(contact, tag, **who(request)))


@require_POST
def add_category(request: Request, pk: int) -> HttpResponse:
    """Puts the contact in the chosen category."""
    contact = contact_for(request, pk)

    def put() -> None:
        chosen = request.POST.get("category", "")
        category = Category.objects.filter(pk=int(chosen)).first() if chosen.isdecimal() and len(chosen) < 18 else None
        if category is None or not may_use(request.user, category):
            raise ValidationError(_("Choose a category from the list."))
        services.put_in_category(contact, category, **who(request))

    return changed(request, contact, "categories", put)


@require_POST
def remove_category(request: Request, pk: int, category_pk: int) -> HttpResponse:
    """Takes the contact out of one category; asks first where the user would then see the contact no more."""
    contact, category = contact_for(request, pk), category_for(request, category_pk)
    if not may_use(request.user, category):
        raise PermissionDenied(_("This category shows you no contacts: ask who may change it."))
    leaves = leaves_sight(request.user, contact, category)
    if leaves and "sure" not in request.POST:
        return ask_to_lose_sight(request, contact, category)
    if leaves:
        services.take_out_of_category(contact, category, **who(request))
        messages.success(request, _("You do not see this contact any more."))
        return redirect("contacts:manager")
    return changed(
        request, contact, "categories", lambda: services.take_out_of_category(contact, category, **who(request))
    )


def leaves_sight(user: User | AnonymousUser, contact: Contact, category: Category) -> bool:
    """Whether this is the last of the contact's categories that show it to the user."""
    allowed = allowed_to(user)
    if allowed is None:
        return False
    inside = set(ContactCategory.objects.filter(contact=contact).values_list("category_id", flat=True))
    return category.pk in inside and not (inside - {category.pk}).intersection(allowed)


def ask_to_lose_sight(request: Request, contact: Contact, category: Category) -> HttpResponse:
    """The question, in a dialog when scripts run."""
    context = {"contact": contact, "category": category}
    response = page(request, "tags/leave_sight.html", context, part="question")
    if request.htmx:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def suggestions(request: Request) -> HttpResponse:
    """Tags that fit the last name being typed, as options; a contact's own are left out."""
    text = request.GET.get("names", "")[:LONGEST_TEXT]
    contact = request.GET.get("contact", "")
    own: list[int] = []
    if contact.isdecimal() and len(contact) < 10:
        seen = visible(request.user).filter(pk=int(contact)).values("pk")
        own = list(ContactTag.objects.filter(contact__in=seen).values_list("tag_id", flat=True))
    before = text.rsplit(",", 1)[0] + ", " if "," in text else ""
    mask = sight(request)
    found = suggested(text, without=own, by_use=mask is None)
    see_tags(found, mask, now=request.now)
    context = {"options": [(before + tag.name, tag) for tag in found]}
    return page(request, "tags/_suggestions.html", context)


def who(request: Request) -> dict[str, Any]:
    """What the history writes down about the one who does it."""
    return {"now": request.now, "by": str(request.user), "user": request.user}


def changed(request: Request, contact: Contact, panel: str, change: Change, *, typed: str = "") -> HttpResponse:
    """Make the change and answer with the panel, or with what is wrong in it (422)."""
    problem = ""
    try:
        change()
    except ValidationError as error:
        problem = " ".join(error.messages)
    except (Tag.DoesNotExist, Category.DoesNotExist) as error:
        raise Http404 from error
    scripted = bool(request.htmx)
    if not problem and not scripted:
        return redirect("contacts:contact", contact.pk)
    read = tags_panel if panel == "tags" else categories_panel
    context = {
        **read(request, contact),
        "contact": contact,
        "problem": problem,
        "typed": typed if problem else "",
        "panel_template": f"tags/_{panel}_panel.html",
    }
    template = context["panel_template"] if scripted else "tags/on_contact.html"
    return page(request, template, context, status=422 if problem else 200)
