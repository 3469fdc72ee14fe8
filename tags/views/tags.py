"""The page of tags and what can be done to one."""

import re
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.asked import page_number, problems_in
from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from contacts.sight import require_whole_sight, sight
from jobs.models import ACTIVE
from tags import selectors, services
from tags.counting import count_tag
from tags.deleting_tags import dissolve_tag
from tags.forms import MergeForm, TagNameForm, TagsForm
from tags.merging import planned
from tags.models import ContactTag, Tag, TagDeletion, TagMerge, TagStar
from tags.normalising import normalise, parts
from tags.seeing import see_tags, tags_by_size
from tags.selectors import tag_for
from tags.usage import InUseError, losing_with, uses_of
from tags.views.merging import question
from users.access import reads, signed_in, writers_only

PER_PAGE = 50


def tags(request: Request) -> HttpResponse:
    """All tags, searched, sorted, by pages; POST makes new ones."""
    form = TagsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            make(request, form.cleaned_data["names"])
        except ValidationError as error:
            form.add_error("names", error)
        else:
            return redirect("tags:tags")
    context = {"form": form, "whole": sight(request) is None} | listed(request)
    refused = form.is_bound or context["problems"]
    return page(request, "tags/tags.html", context, part="rows", status=422 if refused else 200)


def listed(request: Request) -> dict[str, Any]:
    """The tags that the address asks for, with the reader's numbers; none, and why, where it cannot be understood."""
    query, mask, now = request.GET, sight(request), request.now
    text = query.get("q", "").replace("\x00", "")[: selectors.LONGEST_QUERY]
    sort = query.get("sort", selectors.DEFAULT_ORDER)
    problems = problems_in(query, texts=["q"], sorts=selectors.ORDERS)
    user = signed_in(request)
    found: Any = Tag.objects.none() if problems else selectors.tags(text=text, sort=sort, user=user)
    if mask is not None and sort.lstrip("-") == "contacts_count":
        found = sorted(
            tags_by_size(found, mask, now=now, down=sort.startswith("-")),
            key=lambda tag: not tag.starred,
        )
    rows = Paginator(found, PER_PAGE).get_page(page_number(query))
    see_tags(rows.object_list, mask, now=now)
    deletions = selectors.tag_deletions(now=now)
    tell_jobs(list(rows.object_list), deletions)
    return {
        "rows": rows,
        "q": text,
        "sort": sort,
        "wanted": parts(text),
        "problems": problems,
        "deletions": deletions if mask is None else [],  # their numbers are of all contacts
    }


def tell_jobs(rows: list[Any], deletions: list[TagDeletion]) -> None:
    """Put on each row what was merged into it (`former`), what it is just being merged into, and if it is going."""
    going = {deletion.tag_id for deletion in deletions if deletion.active}
    former = selectors.former_names(rows)
    becoming = {pk: merge for merge in TagMerge.objects.filter(state__in=ACTIVE) for pk in merge.tag_ids}
    for tag in rows:
        tag.former = [name for name in former.get(tag.pk, []) if name != tag.name]
        tag.becoming = becoming.get(tag.pk)
        tag.going = tag.pk in going


def make(request: Request, text: str) -> None:
    """Make the tags that are not there yet, and say what became of the text.

    Raises: ValidationError.
    """
    names = normalise(text)
    there = set(Tag.objects.filter(name__in=names).values_list("name", flat=True))
    services.tags_named(text, now=request.now)
    if made := [name for name in names if name not in there]:
        messages.success(request, _("Created: %(names)s.") % {"names": ", ".join(made)})
    if there:
        known = ", ".join(name for name in names if name in there)
        messages.info(request, _("Already there: %(names)s.") % {"names": known})
    if spaced := [name for name in made if " " in name]:
        text = _("%(name)s holds a space; %(better)s would be easier to type and to search for.")
        messages.warning(request, text % {"name": spaced[0], "better": without_spaces(spaced[0])})


def without_spaces(name: str) -> str:
    """What the page advises instead."""
    return re.sub(" +", "_", name)


def becomes(request: Request) -> HttpResponse:
    """What a text becomes, while it is typed."""
    text = request.GET.get("names", "").replace("\x00", "")
    problem, names = "", []
    try:
        names = normalise(text) if text.strip() else []
    except ValidationError as error:
        problem = " ".join(error.messages)
    there = set(Tag.objects.filter(name__in=names).values_list("name", flat=True))
    spaced = [name for name in names if " " in name and name not in there]
    better = ", ".join(without_spaces(name) if name in spaced else name for name in names) if spaced else ""
    context = {
        "names": [(name, name in there) for name in names],
        "problem": problem,
        "spaced": spaced,
        "better": better,
        "only": request.GET.get("of") == "old",
    }
    return page(request, "tags/_becomes.html", context)


@writers_only
def rename(request: Request, pk: int) -> HttpResponse:
    """Asks for the new name, and renames. If there is such a tag already, it asks whether the two are to be one."""
    require_whole_sight(request.user)
    tag = tag_for(request, pk)
    form = TagNameForm(request.POST or None, initial={"name": tag.name})
    if request.method == "POST" and form.is_valid():
        try:
            renamed = services.rename_tag(tag, form.cleaned_data["name"], now=request.now)
        except ValidationError as error:
            if error.code == "taken" and (merge := merging_instead(request, tag, form.cleaned_data["name"])):
                return merge
            form.add_error("name", error)
        except Tag.DoesNotExist as error:
            raise Http404 from error
        else:
            messages.success(request, _("%(old)s is now called %(new)s.") % {"old": tag.name, "new": renamed.name})
            return redirect("tags:tags")
    context = {"tag": tag, "form": form, "uses": uses_of(tag)}
    return page(request, "tags/rename_tag.html", context, part="question", status=422 if form.is_bound else 200)


def merging_instead(request: Request, tag: Tag, name: str) -> HttpResponse | None:
    """The question whether `tag` and the one that has the name are to be merged; None, if they cannot be."""
    try:
        plan = planned([tag], name, now=request.now)
    except ValidationError:
        return None
    return question(request, [tag], MergeForm({"name": name}), plan, taken=True)


@reads
@require_POST
def star(request: Request, pk: int) -> HttpResponse:
    """Puts the tag first in one's own lists, or back among the others. Asked twice it stays as asked."""
    tag, user = tag_for(request, pk), signed_in(request)
    starred = request.POST.get("starred") == "yes"
    if starred:
        TagStar.objects.bulk_create([TagStar(user=user, tag=tag)], ignore_conflicts=True)
    else:
        TagStar.objects.filter(user=user, tag=tag).delete()
    if request.htmx:
        tag.starred = starred  # type: ignore[attr-defined]
        return page(request, "tags/_star.html", {"tag": tag})
    return redirect("tags:tags")


@writers_only
def delete(request: Request, pk: int) -> HttpResponse:
    """Asks with the number of contacts, and deletes, at once or by a job; refuses while something names the tag."""
    require_whole_sight(request.user)
    tag = tag_for(request, pk)
    status, uses = 200, uses_of(tag)
    if request.method == "POST":
        user = signed_in(request)
        try:
            done = dissolve_tag(tag, now=request.now, by=str(user), user=user)
        except InUseError as error:
            status, uses = 422, error.uses
        except Tag.DoesNotExist as error:
            raise Http404 from error
        else:
            text = _("%(name)s is deleted. Contacts that had it: %(number)s.")
            if done.job:
                text = _("%(name)s is being deleted. Contacts that have it: %(number)s.")
            messages.success(request, text % {"name": tag.name, "number": number(done.contacts)})
            return redirect("tags:tags")
    contacts = ContactTag.objects.filter(tag=tag).count()
    context = {"tag": tag, "uses": uses, "losing": losing_with(tag), "contacts": contacts}
    return page(request, "tags/delete_tag.html", context, part="question", status=status)


@require_POST
def count(request: Request, pk: int) -> HttpResponse:
    """Counts one tag, at once."""
    tag = count_tag(tag_for(request, pk), now=request.now)
    see_tags([tag], sight(request), now=request.now)
    if request.htmx:
        return page(request, "tags/_count.html", {"tag": tag})
    return redirect("tags:tags")
