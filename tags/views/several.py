"""Tags ticked on their page: which they are, and deleting them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.pages import page
from config.requests import Request
from config.templatetags.numbers import number
from contacts.sight import require_whole_sight
from tags import selectors
from tags.deleting_tags import dissolve_tag
from tags.models import ContactTag, Tag
from tags.usage import InUseError, Use, losing_with, uses_of
from users.access import signed_in, writers_only

MOST = 100  # tags at once


def chosen_tags(data: QueryDict) -> tuple[list[Tag], str]:
    """The tags that a form names, or all that fit its search, by name; else why there are none."""
    if data.get("all"):
        text = data.get("q", "").replace("\x00", "")[: selectors.LONGEST_QUERY]
        tags = list(selectors.tags(text=text)[: MOST + 1])
    else:
        ids = {int(text) for text in data.getlist("tag")[: MOST * 10] if text.isdecimal() and len(text) < 18}
        tags = list(Tag.objects.filter(pk__in=ids).order_by("name")[: MOST + 1])
    if len(tags) > MOST:
        return [], _("At most %(limit)s tags at once: choose fewer.") % {"limit": MOST}
    return tags, "" if tags else _("No tags are chosen: tick some first. Perhaps they have just been deleted.")


@writers_only
def delete(request: Request) -> HttpResponse:
    """Asks with the numbers, and deletes those that nothing names; the others stay, and it is said why."""
    require_whole_sight(request.user)
    tags, problem = chosen_tags(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST" and not problem:
        tell(request, delete_all(request, tags))
        return redirect("tags:tags")
    context: dict[str, Any] = {"problem": problem}
    if not problem:
        uses = {tag: uses_of(tag) for tag in tags}
        counts = contacts_of(tags)
        context |= {
            "going": [(tag, counts.get(tag.pk, 0)) for tag in tags if not uses[tag]],
            "losing": [(tag, named) for tag in tags if not uses[tag] and (named := losing_with(tag))],
            "kept": [(tag, uses[tag]) for tag in tags if uses[tag]],
        }
    return page(request, "tags/delete_tags.html", context, part="question", status=422 if problem else 200)


def contacts_of(tags: list[Tag]) -> Mapping[int, int]:
    """How many contacts have each now."""
    links = ContactTag.objects.filter(tag__in=tags).order_by().values("tag").annotate(number=Count("contact"))
    return dict(links.values_list("tag", "number"))


@dataclass
class Outcome:
    """Which went, from how many contacts in all, which are going by a job, and which stayed with what names them."""

    gone: list[str] = field(default_factory=list)
    taken_off: int = 0
    going: list[str] = field(default_factory=list)
    kept: list[tuple[str, list[Use]]] = field(default_factory=list)


def delete_all(request: Request, tags: list[Tag]) -> Outcome:
    """Each is a transaction of its own."""
    user, outcome = signed_in(request), Outcome()
    for tag in tags:
        try:
            done = dissolve_tag(
                tag,
                now=request.now,
                by=str(user),
                user=user,
                before=outcome.taken_off,
            )
        except InUseError as error:
            outcome.kept.append((tag.name, error.uses))
        except Tag.DoesNotExist:
            continue
        else:
            if done.job:
                outcome.going.append(tag.name)
            else:
                outcome.gone.append(tag.name)
                outcome.taken_off += done.contacts
    return outcome


def tell(request: Request, outcome: Outcome) -> None:
    taken_off = outcome.taken_off
    if outcome.gone:
        text = ngettext(
            "Deleted: %(names)s. Taken off contacts %(number)s time.",
            "Deleted: %(names)s. Taken off contacts %(number)s times in all.",
            taken_off,
        )
        if not taken_off:
            text = _("Deleted: %(names)s. Nobody had them.")
        messages.success(request, text % {"names": ", ".join(outcome.gone), "number": number(taken_off)})
    if outcome.going:
        messages.success(request, _("Being deleted: %(names)s.") % {"names": ", ".join(outcome.going)})
    for name, uses in outcome.kept:
        told = "; ".join(f"{use.what} {use.name}" for use in uses)
        messages.warning(request, _("%(name)s stays, this names it: %(uses)s.") % {"name": name, "uses": told})
