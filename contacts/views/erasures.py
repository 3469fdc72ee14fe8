"""The proofs of who was erased, for administrators: found by a name that only they know, and that is not kept."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts import normalising
from contacts.erasing import journal
from contacts.erasing.models import Erasure
from contacts.erasing.names import proofs_of
from users.access import administrators_only, reads

PER_PAGE = 50
LONGEST = 300
# What goes with a contact, as models are called: in the order of the page.
THINGS = {
    "activity": _("Activities"),
    "visit": _("Visits"),
    "order": _("Orders"),
    "orderline": _("Order lines"),
    "contacttag": _("Tags"),
    "contactcategory": _("Categories"),
    "contactconsent": _("Answers to consents"),
    "historyentry": _("History entries"),
    "contactalias": _("Former names"),
}


@reads
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def erasures(request: Request) -> HttpResponse:
    """All proofs, the newest first. POST asks of one person: a name in an address would be kept in the browser."""
    asked = request.POST.get("name", "").strip() if request.method == "POST" else ""
    found: QuerySet[Erasure] = Erasure.objects.all()
    problem = ""
    if request.method == "POST":
        try:
            found = found.filter(pk__in=proofs_of(readings(asked)))
        except ValidationError as error:
            problem, found = " ".join(error.messages), found.none()
    rows = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": rows,
        "lines": [(proof, things_of(proof)) for proof in rows],
        "asked": request.method == "POST",
        "problem": problem,
        "left": len(journal.missing()) if request.method != "POST" else 0,
        "now": request.now,
    }
    return page(request, "contacts/erasures.html", context, part="rows", status=422 if problem else 200)


def readings(text: str) -> set[tuple[str, str]]:
    """What the text may be: an e-mail address, a phone number, an external id.

    Raises: ValidationError.
    """
    if not text:
        raise ValidationError(_("Type an e-mail address, a phone number or an external id."))
    line = normalising.line(text, longest=LONGEST)
    found = {("external_id", line)}
    for kind, clean in (("email", normalising.email), ("phone", normalising.phone)):
        try:
            value = clean(line)
        except ValidationError:
            continue
        if value:
            found.add((kind, value))
    return found


def things_of(proof: Erasure) -> list[tuple[Any, int]]:
    """What went, in the order of the page."""
    known = [(label, proof.counts[name]) for name, label in THINGS.items() if proof.counts.get(name)]
    return known + [(name, count) for name, count in sorted(proof.counts.items()) if name not in THINGS and count]
