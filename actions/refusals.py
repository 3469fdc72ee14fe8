"""Why an action was not added, or not undone, in words for the user."""

from django.utils.translation import gettext as _

from actions.errors import (
    ActionError,
    AlreadyPlannedError,
    AnsweredError,
    NothingToUndoError,
    NotRefreshingError,
    ResultChangedError,
    UndoneError,
    WindowClosedError,
)


def refusal(error: ActionError) -> str:
    """The sentence for `error`."""
    match error:
        case WindowClosedError():
            return _("The readiness window has closed. Calculate the segment again, then add the action.")
        case NotRefreshingError():
            return _("This segment is calculated once: nobody joins or leaves it, and nothing runs after a refresh.")
        case AlreadyPlannedError():
            return _("The same action is already planned or running on this segment.")
        case AnsweredError():
            return _("Already added: the form was sent a second time.")
        case ResultChangedError():
            return _(
                "The segment has been calculated anew, or its criteria have changed, since you were asked. "
                "Look at the numbers again, then confirm."
            )
        case UndoneError():
            return _("It is being undone already, or was.")
        case NothingToUndoError():
            return _("There is nothing to undo: it changed nobody, or is still under way.")
        case _other:
            raise error
