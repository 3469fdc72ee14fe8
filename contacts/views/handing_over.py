"""A contact's data handed over: asks, then answers with the archive."""

from django.http import FileResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from contacts.handing_over import archive, note_handed_over
from contacts.selectors import contact_for
from contacts.views.contacts import belongings
from users.access import signed_in, writers_only


@writers_only
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: Request, pk: int) -> HttpResponseBase:
    """GET says what the archive holds; POST is the archive, and is noted in the contact's history."""
    person = contact_for(request, pk)
    if request.method != "POST":
        context = {"contact": person, "belongings": belongings(request, person)}
        return page(request, "contacts/hand_over.html", context, part="question")
    note_handed_over(person, now=request.now, by=signed_in(request))
    return FileResponse(
        archive(person), as_attachment=True, filename=f"contact-{person.pk}.zip", content_type="application/zip"
    )
