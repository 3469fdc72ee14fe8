"""From the contact manager: an action on those who fit the filter or are selected; the list of such actions."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from actions import selectors
from actions.views import PER_PAGE, part_asked
from config.pages import page
from users.access import signed_in


@require_safe
def on_contacts(request: HttpRequest) -> HttpResponse:
    """Actions on contacts: those asked for in the contact manager, running and performed."""
    found = selectors.runs_on_contacts(signed_in(request))
    live = selectors.under_way(found)  # before the rows are read: one that ends in between must not stay "running"
    runs = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": runs, "rows": selectors.told(runs.object_list), "live": live}
    return page(request, "actions/on_contacts.html", context, part=part_asked(request))
