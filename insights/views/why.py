"""Why a contact is in a segment, or is not: find a person, see the criteria with true or false at each (SG2)."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from config.pages import page
from config.requests import Request
from contacts.selectors import contact_for, visible
from contacts.sight import as_seen, sight
from insights import people
from insights.tree import laid_out
from segmentation.criteria import CriteriaError
from segmentation.explaining import NoSuchContactError
from segmentation.explaining import why as explained
from segmentation.selectors import segment_for
from segmentation.sentences import sentence_of
from segmentation.views.segment import head


@require_safe
def find(request: Request, pk: int) -> HttpResponse:
    """Whom to ask about: a search, and some members and some who left to begin with."""
    segment = segment_for(request, pk)
    text, sets = people.asked(request), people.sets_of(segment, mask=sight(request))
    found, more = people.found(request, text, sets)
    context = head(request, segment) | {"q": text, "found": found, "more": more, "sets": sets}
    if not text and sets is not None:
        context |= {
            "members": people.some(request, sets.members, sets),
            "left": people.some(request, sets.left, sets),
        }
    return page(request, "insights/why.html", context, part="people")


@require_safe
def why(request: Request, pk: int, contact: int) -> HttpResponse:
    """One person: what each criterion says, what the data say to it, and what would have to change."""
    segment, person = segment_for(request, pk), contact_for(request, contact)
    now = request.now
    context = head(request, segment) | {"contact": person, "q": "", "at": now}
    try:
        explanation = explained(segment, person.pk, **as_seen(request))
    except NoSuchContactError as error:
        raise Http404(str(error)) from None
    except CriteriaError as error:
        return page(request, "insights/why_contact.html", context | {"problem": error})
    criteria = segment.version.criteria if segment.version else {}
    context |= {
        "explanation": explanation,
        "layout": laid_out(explanation.root),
        "sentence": sentence_of(criteria, now=now),
        "beyond": not visible(segment.owner).filter(pk=person.pk).exists() if segment.owner else False,
    }
    return page(request, "insights/why_contact.html", context)
