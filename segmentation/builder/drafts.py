"""What somebody is building and has not submitted: kept with every change, so that nothing is lost on reload.

Each page that is opened is a window of its own. A draft kept from one is not overwritten from another that has not seen
it: the older window is told, and may take over.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from config.requests import Request
from segmentation.builder import steps
from segmentation.builder.form import Builder, from_criteria
from segmentation.builder.sent import from_fields
from segmentation.models import Draft
from segmentation.parts.base import Tree
from users.models import User

MAX_CHARACTERS = 200_000  # of one draft: several times the largest criteria that the language takes
MOST = 50  # drafts of one user; the oldest go
KEPT = timedelta(days=30)
OVER_S = 60  # how long late requests of a page that was left may come; after that somebody has come back to it
BEGUN_S = 86_400  # how long it is known what a page began with, while nothing has been changed there
# Of the form besides the criteria: what the pages with the builder ask for.
FIELDS = frozenset(
    ("name", "readiness_hours", "refresh", "refresh_every", "refresh_unit", "noted", "source", "revision")
)
PLACE = re.compile(r"(segment|saved|contacts):(new|[1-9][0-9]{0,17})")
WINDOW = re.compile(r"([0-9a-f]{32})\.([0-9]{1,20})")
CLOCK = "X-Builder-Clock"  # when the browser sent it, in ms: of two requests of one window the later counts
STEP = "X-Builder-Step"  # `typing:FIELD`: which is still being filled in; `drawing`: sent while the form is drawn anew


@dataclass(frozen=True)
class Sent:
    """Where a form came from. `seen`: when the draft was kept that its page was opened with, in microseconds."""

    window: str = ""
    seen: int = 0
    clock: int = 0
    typing: str = ""
    drawing: bool = False
    takes_over: bool = False

    @classmethod
    def of(cls, request: Request, builder: Builder) -> "Sent":
        """As the page says."""
        found = WINDOW.fullmatch(builder.window)
        clock, step = request.headers.get(CLOCK, ""), request.headers.get(STEP, "")
        typing = step.removeprefix("typing:").removesuffix("_new")[:60] if step.startswith("typing:") else ""
        return cls(
            window=found[1] if found else "",
            seen=int(found[2]) if found else 0,
            clock=int(clock) if clock.isascii() and clock.isdecimal() and len(clock) < 15 else 0,
            typing=typing,
            drawing=step == "drawing" or builder.operation == "refresh",
            takes_over=builder.operation == "take_over",
        )


@dataclass(frozen=True)
class Kept:
    """What became of keeping a draft. `other`: another window has kept one meanwhile, then; nothing was kept."""

    at: datetime | None = None
    other: datetime | None = None
    undo: bool = False
    redo: bool = False


def micros(at: datetime | None) -> int:
    """A moment as a whole number, exactly."""
    return 0 if at is None else (at - datetime.fromtimestamp(0, tz=at.tzinfo)) // timedelta(microseconds=1)


def keep_draft(user: User, builder: Builder, sent: Sent, *, now: datetime) -> Kept:
    """Keeps the form as it stands; nothing if it is too large to be kept or of no page there is."""
    if not PLACE.fullmatch(builder.place) or (sent.window and cache.get(_over_key(sent.window))):
        return Kept()
    form = {name: texts for name, texts in builder.settings.items() if name in FIELDS} | builder.fields()
    if sum(len(name) + sum(map(len, texts)) for name, texts in form.items()) > MAX_CHARACTERS:
        return Kept()
    with transaction.atomic():
        mine = Draft.objects.filter(user=user)
        if not worth_keeping(builder) and not mine.filter(place=builder.place).exists():
            return Kept()
        draft, new = mine.select_for_update().get_or_create(
            user=user, place=builder.place, defaults={"form": form, "kept_at": now, "window": sent.window}
        )
        if not new and not sent.takes_over and draft.window != sent.window and micros(draft.kept_at) != sent.seen:
            return Kept(None, draft.kept_at, *steps.ways(draft))
        if not new and draft.window == sent.window and 0 < sent.clock < draft.sequence:
            return Kept(draft.kept_at, None, *steps.ways(draft))  # a later request was quicker
        begins = new or (draft.window != sent.window and not sent.takes_over)
        if begins and (begun := cache.get(_begun_key(sent.window))):
            steps.record(draft, begun)
        if builder.text is None and not sent.drawing:
            steps.record(draft, builder.posted, typing=sent.typing)
        draft.form, draft.kept_at, draft.window = form, now, sent.window
        draft.sequence = sent.clock or draft.sequence
        draft.save()
        if new:
            latest = mine.order_by("-kept_at", "-pk").values_list("pk", flat=True)
            Draft.objects.filter(pk__in=list(latest[MOST : MOST + 1000])).delete()
        return Kept(now, None, *steps.ways(draft))


def worth_keeping(builder: Builder) -> bool:
    """Whether anything has been chosen, or the thing been named."""
    named = any(text.strip() for text in builder.settings.get("name", []))
    return named or builder.text is not None or not builder.pristine


def begin(user: User, builder: Builder) -> Kept:
    """Makes a page just opened a window of its own, and remembers what it begins with: the first step back."""
    draft = Draft.objects.filter(user=user, place=builder.place).first()
    token = uuid4().hex
    builder.window = f"{token}.{micros(draft.kept_at if draft else None)}"
    if PLACE.fullmatch(builder.place):
        cache.set(_begun_key(token), builder.drawn, BEGUN_S)
    return Kept(None, None, *(steps.ways(draft) if draft and builder.restored_at else (False, False)))


def as_begun(builder: Builder) -> bool:
    """Whether the criteria are still those that the page began with, as far as that is known."""
    found = WINDOW.fullmatch(builder.window)
    begun = cache.get(_begun_key(found[1])) if found else None
    return begun is None or steps.same(begun, builder.posted)


def _begun_key(window: str) -> str:
    return f"builder:begun:{window}"


def travel(user: User, builder: Builder, by: int, kept: Kept) -> Kept:
    """Has the form show the criteria one step back (-1) or on (+1); says so if there is no such step."""
    draft = None if kept.other else Draft.objects.filter(user=user, place=builder.place).first()
    step = steps.travel(draft, by) if draft else None
    if draft is None or step is None or not builder.show(step.form):
        builder.notice = _("There is nothing to undo.") if by < 0 else _("There is nothing to do again.")
        return kept
    builder.said = _("Undone.") if by < 0 else _("Done again.")
    return Kept(kept.at, kept.other, *steps.ways(draft))


def keep_drawn(user: User, builder: Builder, sent: Sent) -> Kept:
    """Notes the criteria as a button has had them drawn: a step, or how the one is drawn that was gone to.

    Nothing if a later request of this window was quicker: it has noted them as they then stood.
    """
    mine = Draft.objects.filter(user=user, place=builder.place, window=sent.window)
    with transaction.atomic():
        draft = (mine.filter(sequence=sent.clock) if sent.clock else mine).select_for_update().first()
        if draft is None:
            return Kept(builder.kept_at, builder.other, builder.undo, builder.redo)
        if builder.travels:
            steps.redraw(draft, builder.drawn)
        else:
            steps.record(draft, builder.drawn)
            draft.save(update_fields=["step"])
    return Kept(builder.kept_at, builder.other, *steps.ways(draft))


def remove_old_drafts(now: datetime) -> None:
    """Removes what nobody has come back to for a month."""
    Draft.objects.filter(kept_at__lte=now - KEPT).delete()


def from_draft(user: User, place: str) -> Builder | None:
    """The form as it was kept, `kept_at` and the page's own fields (`settings`) included; None if there is none."""
    draft = Draft.objects.filter(user=user, place=place).first()
    if draft is None:
        return None
    builder = from_fields(draft.form, place=place)
    if builder.problem and builder.text is None:  # kept by an older version of the form: of no use
        return None
    builder.restored_at = draft.kept_at
    return builder


def draft_kept_at(user: User, place: str) -> datetime | None:
    """When the draft at this place was kept, if there is one: what a page says that opens without it."""
    return Draft.objects.filter(user=user, place=place).values_list("kept_at", flat=True).first()


def discard_draft(user: User, place: str, *, window: str = "") -> None:
    """Forgets what was kept: it has been submitted, or is not wanted.

    window: where from. A count that was under way there then keeps nothing any more: the draft would be back.
    """
    if found := WINDOW.fullmatch(window):
        cache.set(_over_key(found[1]), "over", OVER_S)
    Draft.objects.filter(user=user, place=place).delete()


def _over_key(window: str) -> str:
    return f"builder:over:{window}"


def opened(user: User, tree: Tree | None, *, place: str) -> Builder:
    """The form for a page just opened: the draft kept at this place, which the form then says, else `tree`."""
    return from_draft(user, place) or from_criteria(tree, place=place)


def kept_revision(builder: Builder) -> int:
    """The revision of what is edited that the draft was begun at; 0, which nothing has, where it does not say."""
    return revision_of((builder.settings.get("revision") or [""])[-1])


def revision_of(text: str) -> int:
    """The number in a form's hidden field; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
