"""Two to five contacts side by side, and merging them into one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts import columns, duplicates, history, manager, merging
from contacts.forms import is_id
from contacts.merging import merge_contacts
from contacts.models import Attribute, Contact, ContactConsent
from contacts.normalising import email as normalised_email
from contacts.selecting import selected
from contacts.selectors import visible
from contacts.services import GoneError, LostUpdateError
from contacts.services.contacts import FIELDS, state_of
from contacts.views.contacts import counted
from users.access import signed_in


@dataclass(frozen=True)
class Line:
    """A field of all the contacts; `differs`: there is something to choose."""

    name: str
    label: str
    cells: list[tuple[Contact, str, bool]]  # the contact, its value, whether it is the one kept
    differs: bool


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: Request) -> HttpResponse:
    """Two to five contacts side by side; POST merges them. One alone: asks for the other."""
    given = request.POST if request.method == "POST" else request.GET
    ids = list(map(str, selected(request.user))) if "selected" in request.GET else given.getlist("id")
    other = given.get("other", "").strip()
    if len(set(ids)) > merging.MOST:
        return asking(request, [], too_many=len(set(ids)))
    people = people_asked(request, ids)
    if other and request.method != "POST":
        return with_other(request, people, other)
    if len(people) < 2:
        return asking(request, people)
    if request.method == "POST":
        return merge(request, people)
    return side_by_side(request, people)


def people_asked(request: Request, ids: Sequence[str]) -> list[Contact]:
    """The contacts of these ids, the oldest first. Raises: Http404, when one is not there for this user."""
    if len(ids) > 10 * merging.MOST or not all(map(is_id, ids)):
        raise Http404
    wanted = set(map(int, ids))
    people = list(visible(request.user).filter(pk__in=wanted).order_by("pk"))
    if len(people) < len(wanted):
        raise Http404
    return people


def address_of(people: Iterable[Contact | int]) -> str:
    """Where these contacts are compared."""
    ids = sorted(each if isinstance(each, int) else each.pk for each in people)
    return f"{reverse('contacts:compare')}?{'&'.join(f'id={pk}' for pk in ids)}"


def asking(request: Request, people: list[Contact], *, too_many: int = 0, problem: str = "") -> HttpResponse:
    """Whom to compare is not clear yet."""
    context = {"people": people, "too_many": too_many, "most": merging.MOST, "problem": problem}
    context["typed"] = request.GET.get("other", "")[:254]
    wrong = problem or too_many or request.method == "POST"
    return page(request, "contacts/compare_with.html", context, status=422 if wrong else 200)


def with_other(request: Request, people: list[Contact], typed: str) -> HttpResponse:
    """Finds the other contact by its id or e-mail address."""
    number = typed.lstrip("#")
    found = visible(request.user)
    try:
        found = found.filter(pk=int(number)) if is_id(number) else found.filter(email=normalised_email(typed[:320]))
    except ValidationError:
        found = found.none()
    other = found.first()
    if other is None or other in people:
        return asking(request, people, problem=_("Nobody else is found by this id or e-mail address."))
    return redirect(address_of([*people, other]))


def side_by_side(
    request: Request,
    people: list[Contact],
    *,
    chosen: dict[str, int] | None = None,
    into: int = 0,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """The fields of all, which value would be kept, and what comes together."""
    attributes = {attribute.key: attribute for attribute in Attribute.objects.all()}
    whose = {**merging.proposed(people), **(chosen or {})}
    belongings = [counted(request, person) for person in people]
    told = columns_of(request, people, told=set().union(*belongings))
    shown = {label for label, _lines in told}
    labels = [label for label in dict.fromkeys(label for each in belongings for label in each) if label not in shown]
    context = {
        "people": people,
        "into": into or people[0].pk,
        "lines": lines_of(people, whose, attributes),
        "answers": answers_of(people),
        "columns": told,
        "belongings": [(label, [each.get(label, 0) for each in belongings]) for label in labels],
        "problem": problem,
        "at": request.now,
    }
    return page(request, "contacts/compare.html", context, status=status)


def lines_of(people: list[Contact], whose: dict[str, int], attributes: dict[str, Attribute]) -> list[Line]:
    """Every field that one of them has a value of; attributes in their order."""
    states = {person.pk: state_of(person) for person in people}
    names = [*FIELDS, *(f"attributes.{key}" for key in attributes)]
    names += [name for name in merging.fields_of(people) if name not in names]
    lines = []
    for name in names:
        values = [states[person.pk].get(name) for person in people]
        having = [value for value in values if value not in (None, "")]
        if not having:
            continue
        cells = [
            (person, history.said(name, value, attributes) if value not in (None, "") else "", whose[name] == person.pk)
            for person, value in zip(people, values, strict=True)
        ]
        differs = any(value != having[0] for value in values)
        lines.append(Line(name, history.label_of(name, attributes), cells, differs))
    return lines


def columns_of(
    request: Request, people: list[Contact], *, told: set[manager.Text]
) -> list[tuple[manager.Text, list[columns.Line]]]:
    """What apps above tell of contacts in the manager's columns, by label, as far as they tell anything of these.

    told: what is counted below; a column that counts the same is left out, its orders leave the cancelled ones out.
    """
    found = []
    for column in manager.columns.values():
        lines = columns.lines(request, [column], people)
        given = [cell.value for _person, cells in lines for cell in cells]
        if any(given) and not (column.label in told and any(isinstance(value, int) for value in given)):
            found.append((column.label, lines))
    return found


def answers_of(people: list[Contact]) -> list[tuple[str, list[ContactConsent | None], ContactConsent]]:
    """Each consent that one of them has answered: its name, their answers, the one that will hold."""
    rows = ContactConsent.objects.filter(contact__in=people).select_related("consent").order_by("consent_id")
    found: dict[int, dict[int, ContactConsent]] = {}
    for row in rows:
        found.setdefault(row.consent_id, {})[row.contact_id] = row
    return [
        (
            next(iter(given.values())).consent.name,
            [given.get(person.pk) for person in people],
            merging.answer_that_holds(given.values()),
        )
        for given in found.values()
    ]


# --- merging ---------------------------------------------------------------------------------------------------
def merge(request: Request, people: list[Contact]) -> HttpResponse:
    """Merges them as chosen, or says why not: 422, and 409 where one was changed meanwhile."""
    user = signed_in(request)
    chosen, into, seen = answers_given(request, people)
    if into is None:
        return side_by_side(request, people, chosen=chosen, problem=_("Choose whose page is kept."), status=422)
    if "sure" not in request.POST:
        problem = _("Say that you know that this cannot be undone.")
        return side_by_side(request, people, chosen=chosen, into=into, problem=problem, status=422)
    try:
        kept = merge_contacts(
            [person.pk for person in people],
            into=into,
            chosen=chosen,
            seen=seen,
            now=request.now,
            by=str(user),
            user=user,
        )
    except LostUpdateError:
        problem = _("One of these contacts was changed while you were looking. Nothing was merged: look again.")
        fresh = people_asked(request, [str(person.pk) for person in people])
        return side_by_side(request, fresh, problem=problem, status=409)
    except GoneError:
        raise Http404 from None
    duplicates.look_again()
    said = ngettext(
        "%(number)s contact is merged into %(name)s.", "%(number)s contacts are merged into %(name)s.", len(people) - 1
    )
    messages.success(request, said % {"number": len(people) - 1, "name": kept})
    return redirect("contacts:contact", kept.pk)


def answers_given(request: Request, people: list[Contact]) -> tuple[dict[str, int], int | None, dict[int, datetime]]:
    """Whose values, whose page, and on which state of each contact that is based."""
    ids = {str(person.pk): person.pk for person in people}
    names = merging.fields_of(people)
    chosen = {name: ids[given] for name in names if (given := request.POST.get(f"keep-{name}", "")) in ids}
    seen: dict[int, datetime] = {}
    for text, pk in ids.items():
        try:
            seen[pk] = datetime.fromisoformat(request.POST.get(f"seen-{text}", ""))
        except ValueError:
            continue
    return chosen, ids.get(request.POST.get("into", "")), seen
