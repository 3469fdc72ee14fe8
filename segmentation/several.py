"""Several segments deleted or copied at once: each wholly or not at all, and it is told which were not and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from segmentation import hooks
from segmentation.criteria import CriteriaError
from segmentation.models import Segment
from segmentation.services import NameTakenError, SegmentInUseError, Settings, create_segment, delete_segment
from users.models import User

LONGEST_NAME = 200


@dataclass
class Outcome:
    """What became of those chosen. `gone`: somebody else deleted them first."""

    done: list[Segment] = field(default_factory=list)
    refused: list[tuple[Segment, str]] = field(default_factory=list)
    gone: int = 0


@dataclass(frozen=True)
class Deletion:
    """What deleting several would do: which would go, and which are kept by what."""

    going: list[Segment]
    kept: list[tuple[Segment, list[hooks.Use]]]


def deletion_of(segments: Sequence[Segment]) -> Deletion:
    """Deletes nothing. What only those use that go as well may go with them."""
    uses = {segment: [use for use in hooks.uses_of(segment) if use.live] for segment in segments}
    going = {reverse("segmentation:preview", args=[segment.pk]): segment for segment in segments}
    while True:
        kept = [address for address, segment in going.items() if any(use.url not in going for use in uses[segment])]
        if not kept:
            break
        for address in kept:
            del going[address]
    stays = [segment for segment in segments if segment not in going.values()]
    return Deletion(list(going.values()), [(one, [use for use in uses[one] if use.url not in going]) for one in stays])


def delete_several(segments: Iterable[Segment]) -> Outcome:
    """Deletes those that nothing live uses; one that only others of them use goes after these."""
    outcome, left = Outcome(), list(segments)
    while left:
        refused: list[tuple[Segment, str]] = []
        for segment in left:
            try:
                delete_segment(segment)
            except SegmentInUseError as error:
                refused.append((segment, told(error.uses)))
            except Segment.DoesNotExist:
                outcome.gone += 1
            else:
                outcome.done.append(segment)
        if len(refused) == len(left):
            outcome.refused = refused
            break
        left = [segment for segment, _reason in refused]
    return outcome


def told(uses: Iterable[hooks.Use]) -> str:
    """What uses a segment, in a line."""
    return ", ".join(f"{use.what} {use.name}" for use in uses)


def copy_several(segments: Iterable[Segment], *, now: datetime, by: User) -> Outcome:
    """A copy of each with its settings and criteria, which is calculated at once; actions are not copied."""
    outcome = Outcome()
    for segment in segments:
        try:
            outcome.done.append(copy_of(segment, now=now, by=by))
        except (CriteriaError, NameTakenError) as error:
            outcome.refused.append((segment, str(error)))
    return outcome


def copy_of(segment: Segment, *, now: datetime, by: User) -> Segment:
    """A new segment like this one.

    Raises: CriteriaError, if its criteria cannot be used any more.
    """
    if segment.version is None:
        raise CriteriaError("", _("It has no criteria."))
    settings = Settings(copy_name(segment.name), segment.readiness_hours, segment.refresh_every, segment.refresh_unit)
    return create_segment(settings=settings, criteria=segment.version.criteria, now=now, by=by)


def copy_name(name: str) -> str:
    """A free name for a copy, told from the other copies by a number."""
    taken = {text.casefold() for text in Segment.objects.values_list("name", flat=True)}
    for attempt in range(1, len(taken) + 2):
        suffix = _(" (copy)") if attempt == 1 else _(" (copy %(number)d)") % {"number": attempt}
        candidate = name[: LONGEST_NAME - len(suffix)] + suffix
        if candidate.casefold() not in taken:
            return candidate
    raise AssertionError("one of n + 1 names is not among n")
