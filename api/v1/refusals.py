"""What the refusals of segments, saved criteria and actions are answered with: the same sentences as on their pages."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from actions.errors import ActionError
from actions.kinds import KindError
from actions.refusals import refusal
from api.problems import Problem, Wrong, invalid, register_problem
from segmentation import saved
from segmentation.criteria import CriteriaError
from segmentation.criteria.errors import below
from segmentation.forms import NAME_TAKEN
from segmentation.services import NameTakenError
from segmentation.services.errors import EditedMeanwhileError

ROOT = "criteria"


def of_criteria(error: CriteriaError) -> Problem:
    """At its place in the body: `criteria.any[1].all[0].op`."""
    return invalid([Wrong(None, below(ROOT, error.path), "criteria", error.message)])


def of_action(error: ActionError) -> Problem:
    """`reason`: which refusal it is, for programs: `window_closed`."""
    name = type(error).__name__.removesuffix("Error")
    reason = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    return Problem("conflict", refusal(error), more={"reason": reason})


def of_taken(_error: Exception) -> Problem:
    return invalid([Wrong(None, "name", "taken", str(NAME_TAKEN))])


def of_taken_saved(_error: Exception) -> Problem:
    return invalid([Wrong(None, "name", "taken", _("There are saved criteria of this name already."))])


def of_edited(_error: Exception) -> Problem:
    return Problem("conflict", _("It was changed after you read it: read it again."))


def of_kind(error: KindError) -> Problem:
    return invalid(Wrong(None, f"params.{field}", "invalid", str(error)) for field in error.fields)


def of_vanished(_error: Any) -> Problem:
    """What somebody else deleted a moment ago is answered like what never was."""
    return Problem("not_found")


register_problem(CriteriaError, of_criteria)
register_problem(NameTakenError, of_taken)
register_problem(saved.NameTakenError, of_taken_saved)
register_problem(EditedMeanwhileError, of_edited)
register_problem(ActionError, of_action)
register_problem(KindError, of_kind)
register_problem(ObjectDoesNotExist, of_vanished)
