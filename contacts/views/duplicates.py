"""Contacts that may be one person: the list of them, and saying that they are not."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.pages import page
from config.requests import Request
from contacts import duplicates, merging
from contacts.forms import is_id
from contacts.models import Contact, NotDuplicate
from contacts.selectors import visible
from contacts.views.comparing import address_of, people_asked
from users.access import reads, signed_in, writers_only

PER_PAGE = 20
SHOWN = merging.MOST  # of a group; a number that more have is told by its count
KINDS = ("email", "phone")


@require_safe
def listing(request: Request) -> HttpResponse:
    """Groups of contacts that may be one person, and why. `?why=email` or `phone`: those of one kind."""
    why = request.GET.get("why", "")
    if why not in ("", *KINDS):
        raise Http404
    found = duplicates.duplicates(request)
    chosen = [group for group in found.groups if why in ("", *group.why)]
    rows = Paginator(chosen, PER_PAGE).get_page(request.GET.get("page"))
    people = people_of(request, [pk for group in rows.object_list for pk in group.ids[:SHOWN]])
    context = {
        "found": found,
        "why": why,
        "numbers": {kind: sum(kind in group.why for group in found.groups) for kind in KINDS},
        "rows": rows,
        "groups": [shown(group, people) for group in rows.object_list],
        "said": just_said(request) if "apart" in request.GET else [],
        "apart": duplicates.dismissed(signed_in(request)).count(),
    }
    return page(request, "contacts/duplicates.html", context, part="rows")


def people_of(request: Request, ids: Iterable[int]) -> dict[int, Contact]:
    return visible(request.user).in_bulk(set(ids))


def shown(group: duplicates.Group, people: dict[int, Contact]) -> dict[str, Any]:
    """A group as the list shows it; who was changed last comes first."""
    members = sorted(
        (people[pk] for pk in group.ids[:SHOWN] if pk in people), key=lambda person: person.updated_at, reverse=True
    )
    return {
        "group": group,
        "people": members,
        "more": len(group.ids) - len(members),
        "compare": address_of(members) if len(members) > 1 else "",
    }


@reads
@require_POST
def look(_request: Request) -> HttpResponse:
    """Looks for duplicates anew; nobody's data change."""
    duplicates.look_again()
    return redirect("contacts:duplicates")


@writers_only
@require_POST
def dismiss(request: Request) -> HttpResponse:
    """These are different people: the group is not shown any more."""
    people = people_asked(request, request.POST.getlist("id"))
    if len(people) < 2:
        raise Http404
    duplicates.dismiss(
        [person.pk for person in people],
        now=request.now,
        by=signed_in(request),
    )
    return redirect(f"{reverse('contacts:duplicates')}?{'&'.join(f'apart={person.pk}' for person in people)}")


def just_said(request: Request) -> list[Contact]:
    """Of whom it has just been said that they are different people (`?apart=1&apart=2`), while that holds."""
    ids = set(request.GET.getlist("apart"))
    if not 1 < len(ids) <= 10 * merging.MOST or not all(map(is_id, ids)):
        return []
    people = list(people_of(request, map(int, ids)).values())
    pairs = duplicates.dismissed(signed_in(request)).filter(first__in=people, second__in=people)
    return people if people and pairs.exists() else []


@writers_only
@require_POST
def bring_back(request: Request) -> HttpResponse:
    """They may be one person after all: they are shown again where they share something."""
    people = people_asked(request, request.POST.getlist("id"))
    if len(people) < 2:
        raise Http404
    duplicates.bring_back(person.pk for person in people)
    messages.success(request, _("Brought back: where they share a mailbox or a phone number, they are shown again."))
    return redirect("contacts:duplicates_others" if "list" in request.POST else "contacts:duplicates")


@require_safe
def others(request: Request) -> HttpResponse:
    """Pairs said to be two people, each to be brought back."""
    rows = Paginator(duplicates.dismissed(signed_in(request)), PER_PAGE).get_page(request.GET.get("page"))
    pairs = list(rows.object_list)
    people = people_of(request, [pk for pair in pairs for pk in (pair.first_id, pair.second_id)])
    lines = [(pair, [people[pair.first_id], people[pair.second_id]]) for pair in pairs if there(pair, people)]
    return page(request, "contacts/duplicates_others.html", {"rows": rows, "lines": lines}, part="rows")


def there(pair: NotDuplicate, people: dict[int, Contact]) -> bool:
    return pair.first_id in people and pair.second_id in people
