"""From the contact manager: its advanced filter (IP8), and a segment from what it lists or what is selected (IP33)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from config.templatetags.times import moment_text
from contacts.listing import Search, clean_address
from segmentation import builder
from segmentation.builder import Builder, BuilderErrors
from segmentation.contact_queries import keep_query, query_for
from segmentation.criteria import Catalog, CriteriaError, check, parse
from segmentation.models import ContactQuery
from segmentation.sentences import sentence_of
from segmentation.services import criterion_of, fixed_list
from users.access import reads, signed_in, writers_only

NEW = "contacts:new"
LONGEST_WHAT = 120  # of a fixed list's name


# --- the advanced filter ----------------------------------------------------------------------------------------
@reads
@require_http_methods(["GET", "HEAD", "POST"])
def contact_filter(request: Request) -> HttpResponse:
    """The criteria form for the contact manager. Its address is the list's: all but the criteria is kept as it is."""
    key = request.GET.get("advanced", "")
    found = query_for(key) if key else None
    place = f"contacts:{found.pk}" if found else NEW
    if request.method != "POST":
        tree = found.criteria if found else None
        return filter_page(request, builder.opened(signed_in(request), tree, place=place), found)
    form = builder.from_post(request.POST, place=place)
    if form.operated:  # one of the builder's own buttons: nothing is judged yet
        return filter_page(request, form, found)
    try:
        criteria = form.criteria()
    except BuilderErrors:
        return filter_page(request, form, found, status=422)
    query = keep_query(criteria, now=request.now, by=signed_in(request))
    builder.discard_draft(signed_in(request), place, window=form.window)
    return redirect(manager_address(request, advanced=query.key))


def filter_page(request: Request, form: Builder, found: ContactQuery | None, *, status: int = 200) -> HttpResponse:
    form.prepare(request)
    context = {
        "builder": form,
        "found": found,
        "back": manager_address(request, advanced=found.key if found else None),
        "without": manager_address(request, advanced=None),
        "others": len([name for name in request.GET if name not in ("advanced", "sort", "page")]),
    }
    return page(request, "segmentation/contacts/filter.html", context, status=status)


def manager_address(request: Request, *, advanced: str | None) -> str:
    """The list this page was opened from, with these criteria, or without any; from its first page on."""
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("advanced", None)
    if advanced:
        query["advanced"] = advanced
    return reverse("contacts:manager") + clean_address(query).removesuffix("?")


# --- a segment from the list, or from what is selected ----------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@writers_only
def from_contacts(request: Request) -> HttpResponse:
    """Asks which of the two: criteria, which follow later changes, or a fixed list; then leads to Create segment.

    The address is the list's. `make`: criteria, list.
    """
    search = Search.of(request)
    if search.errors:
        return page(request, "segmentation/contacts/segment.html", {"search": search}, part="question", status=422)
    choice = Choice(request, search)
    if request.method == "POST":
        match request.POST.get("make"):
            case "criteria" if choice.criteria:
                return to_create(choice.criteria, request)
            case "list" if choice.count:
                return to_create(frozen(choice, request), request)
        return page(request, "segmentation/contacts/segment.html", choice.context(), part="question", status=422)
    return page(request, "segmentation/contacts/segment.html", choice.context(), part="question")


class Choice:
    """What a segment can be made of: criteria that say the same as the filters, a fixed list of those who are listed.

    `unsaid`: the filters that criteria can't say; `refusal`: why the language does not take them together.
    """

    def __init__(self, request: Request, search: Search) -> None:
        self.request, self.search = request, search
        self.ids = search.ids()
        nodes, unsaid = search.criteria()
        self.unsaid = [search.words_of(entry) for entry in unsaid]
        self.refusal = ""
        self.criteria: dict[str, Any] | None = None
        if nodes and not unsaid:
            self.criteria = nodes[0] if len(nodes) == 1 else {"all": nodes}
            try:
                check(parse(self.criteria), Catalog())
            except CriteriaError as error:
                self.criteria, self.refusal = None, error.message

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def selected(self) -> bool:
        """Whether they are exactly those who were picked by hand."""
        return list(self.search.values) == ["selected"]

    def context(self) -> dict[str, Any]:
        now = self.request.now
        return {
            "search": self.search,
            "choice": self,
            "chips": self.search.chips(),
            "sentence": sentence_of(self.criteria, now=now) if self.criteria else "",
            "at": now,
            "back": reverse("contacts:manager") + clean_address(self.request.GET).removesuffix("?"),
        }

    @property
    def name(self) -> str:
        """What the fixed list is called: what was asked for, when. Not how many: names are for all to read."""
        what = "; ".join(chip.text for chip in self.search.chips()) or _("All contacts")
        when = moment_text(self.request.now, now=self.request.now)
        if len(what) > LONGEST_WHAT:
            what = what[: LONGEST_WHAT - 1].rstrip() + "…"
        return f"{what}, {when}"


def frozen(choice: Choice, request: Request) -> dict[str, Any]:
    """The criterion of a fixed list of exactly those who are listed now."""
    now = request.now
    made = fixed_list(choice.name, choice.ids, now=now, by=signed_in(request))
    text = ngettext(
        "%(number)s contact is in the fixed list.", "%(number)s contacts are in the fixed list.", choice.count
    )
    messages.success(request, text % {"number": number(choice.count)})
    return criterion_of(made)


def to_create(criteria: dict[str, Any], request: Request) -> HttpResponse:
    """Create segment with these criteria filled in."""
    query = keep_query(criteria, now=request.now, by=signed_in(request))
    address = QueryDict(mutable=True)
    address["contacts"] = query.key
    return redirect(f"{reverse('segmentation:create')}?{address.urlencode()}")
