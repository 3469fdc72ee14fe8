"""Actions on contacts picked in the contact manager: the set is fixed with the question, then acted on once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from pyroaring import BitMap

from actions.errors import AnsweredError, ResultChangedError
from actions.kinds import Kind
from actions.kinds.forms import PartForm
from actions.models import Action, ActionRun, PickedContacts
from actions.services import start_run
from jobs.models import ACTIVE
from users.models import User

UNANSWERED = timedelta(days=1)
KEPT = timedelta(days=400)  # what was done, with whom it changed: so long it can be looked up and undone
PER_PURGE = 200


def fix(ids: BitMap, *, words: Iterable[str], query: str, now: datetime, by: User) -> PickedContacts:
    """Keeps these contacts as those that the question shown now is about."""
    ids.run_optimize()
    return PickedContacts.objects.create(
        members=ids.serialize(),
        count=len(ids),
        words=list(words),
        query=query,
        taken_at=now,
        taken_by=by,
        question=uuid4(),
    )


def asked(question: UUID, *, by: User) -> PickedContacts:
    """What the question was about: only who was asked can answer.

    Raises: ResultChangedError, if there is no such question of theirs (any more).
    """
    found = PickedContacts.objects.filter(question=question, taken_by=by).first()
    if found is None:
        raise ResultChangedError
    return found


def act_on(picked: PickedContacts, part: PartForm, *, kind: Kind, now: datetime, by: User) -> list[Action]:
    """The actions that a valid form part asks for, on these contacts, each begun at once: all or none.

    A question is answered once: sent again, by a double click or by going back, it adds nothing.

    Raises: AnsweredError, ResultChangedError; KindError, if the kind refuses the parameters.
    """
    with transaction.atomic():
        rows = PickedContacts.objects.select_for_update(no_key=True).defer("members")
        if not rows.filter(pk=picked.pk).exists():
            raise ResultChangedError
        if Action.objects.filter(question=picked.question).exists():
            raise AnsweredError
        actions = [
            Action.objects.create(
                picked=picked,
                kind=kind.name,
                params=kind.checked(params).model_dump(),
                created_at=now,
                created_by=by,
                question=picked.question,
                part=number,
            )
            for number, params in enumerate(part.plans())
        ]
        for action in actions:
            start_run(action, None, now=now)
    return actions


def forget_picked(now: datetime) -> None:
    """Removes sets whose question was not answered, and those whose actions were over long ago."""
    actions = Action.objects.filter(picked=OuterRef("pk"))
    busy = ActionRun.objects.filter(Q(state__in=ACTIVE) | Q(undo__state__in=ACTIVE), action__picked=OuterRef("pk"))
    unanswered = Q(taken_at__lte=now - UNANSWERED) & ~Exists(actions)
    old = Q(taken_at__lte=now - KEPT) & ~Exists(busy)
    gone = PickedContacts.objects.filter(unanswered | old).order_by("pk").values_list("pk", flat=True)[:PER_PURGE]
    PickedContacts.objects.filter(pk__in=list(gone)).delete()
