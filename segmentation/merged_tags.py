"""What criteria will mean once tags that they name are one, for the question before it is done."""

from collections.abc import Iterable, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.saved_views import address_of as address_of_view
from segmentation import hooks
from segmentation.asking_tags import Asking, criteria_naming, drafts_asking, of_one_user, queries_asking, views_asking
from segmentation.followers import followers
from segmentation.models import SavedCriteria, Segment
from segmentation.references import address_of, holding
from tags.hooks import Follower
from tags.models import Tag

MOST_TOLD = 5  # names in a line; the rest is a number


def following_merge(tags: Sequence[Tag], _name: str) -> list[Follower]:
    """Segments, saved criteria, saved views, filters in use and unfinished forms that name one of the tags."""
    names = {tag.name for tag in tags}
    empty = {tag.name for tag in tags if tag.contacts_count == 0}
    found = []
    segments = Segment.objects.filter(holding("tag", "version__criteria")).select_related("version").order_by("name")
    for segment in segments:
        naming = list(criteria_naming(segment.version.criteria, names)) if segment.version else []
        if naming:
            url = reverse("segmentation:preview", args=[segment.pk])
            changes = changed(naming, names, empty)
            if changes:
                acting = [f"{use.what} {use.name}" for use in hooks.affected_by(segment)]
                changes += and_then(_("Actions on it: %(names)s."), acting) + following("segment", segment.pk)
            found.append(Follower("segment", _("Segment"), segment.name, url, changes))
    for saved in SavedCriteria.objects.filter(holding("tag", "criteria")).order_by("name"):
        naming = list(criteria_naming(saved.criteria, names))
        if naming:
            changes = changed(naming, names, empty)
            if changes:
                changes += following("saved", saved.pk)
            url = address_of("segmentation:saved_edit", saved.pk)
            found.append(Follower("saved", _("Saved criteria"), saved.name, url, changes))
    queries = queries_asking(names)
    return [*found, *saved_views(tags, names, empty, queries), *counted(names, empty, queries)]


def changed(found: Iterable[Asking], names: set[str], empty: set[str]) -> str:
    """In what the criteria will mean something else than now; empty if they find the same contacts.

    `empty`: the tags that nobody has, which make no difference.
    """
    told: list[str] = []
    for criterion in found:
        named = names & set(criterion.names)
        asked = ", ".join(sorted(named))
        others = ", ".join(sorted(names - named - empty))
        if criterion.op == "all" and len(named) > 1:
            told.append(_("It asks for %(asked)s together; any one of the tags will be enough.") % {"asked": asked})
        elif others:
            text = _("Where it says %(asked)s it will mean %(others)s as well.")
            told.append(text % {"asked": asked, "others": others})
        if criterion.within is not None and len(names - empty) > 1:
            told.append(_("It asks when %(asked)s was given: the earliest of the tags will count.") % {"asked": asked})
    return " ".join(dict.fromkeys(told))


def following(kind: str, pk: int) -> str:
    """The segments whose criteria refer to this, in a sentence to be put behind another."""
    return and_then(_("Segments that follow it: %(names)s."), [one.segment.name for one in followers((kind, pk))])


def and_then(sentence: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    told = ", ".join(names[:MOST_TOLD])
    if len(names) > MOST_TOLD:
        told += ngettext(" and %(more)s more", " and %(more)s more", len(names) - MOST_TOLD) % {
            "more": len(names) - MOST_TOLD
        }
    return " " + sentence % {"names": told}


def counted(names: set[str], empty: set[str], queries: dict[str, list[Asking]]) -> list[Follower]:
    """What has no name of its own: filters of the contact manager, forms that nobody has submitted yet."""
    found = []
    for changes, filters in by_change(queries.values(), names, empty):
        text = ngettext("%(number)s advanced filter of contacts", "%(number)s advanced filters of contacts", filters)
        found.append(Follower("filter", text % {"number": filters}, changes=changes, several=filters))
    for changes, drafts in by_change(drafts_asking(names), names, empty):
        text = ngettext("%(number)s form not yet submitted", "%(number)s forms not yet submitted", drafts)
        found.append(Follower("draft", text % {"number": drafts}, changes=changes, several=drafts))
    return found


def saved_views(
    tags: Sequence[Tag], names: set[str], empty: set[str], queries: dict[str, list[Asking]]
) -> list[Follower]:
    """Saved views of the contact manager: those for everybody by name, of each user's own the number."""
    found, own = [], []
    for view, asking in views_asking(tags, queries):
        if view.shared:
            changes = changed(asking, names, empty)
            found.append(Follower("view", _("Saved view"), view.name, address_of_view(view), changes))
        else:
            own.append(asking)
    for changes, number in by_change(own, names, empty):
        found.append(Follower("view", of_one_user(number), changes=changes, several=number))
    return found


def by_change(every: Iterable[list[Asking]], names: set[str], empty: set[str]) -> list[tuple[str, int]]:
    """How many find the same as before, under an empty text; how many others, with in what they differ."""
    told = [changed(asking, names, empty) for asking in every]
    texts = list(dict.fromkeys(text for text in told if text))
    others = len(told) - told.count("")
    shown = " ".join(texts[:MOST_TOLD]) + (" …" if len(texts) > MOST_TOLD else "")
    return [(text, number) for text, number in (("", told.count("")), (shown, others)) if number]
