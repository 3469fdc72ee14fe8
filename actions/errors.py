"""Why an action was not added, or not undone. Expected: views answer it in words."""


class ActionError(Exception):
    """Base of the refusals below."""


class WindowClosedError(ActionError):
    """The readiness window is closed and no calculation that would open it is under way."""


class NotRefreshingError(ActionError):
    """Every refresh, or those who joined or left, asked of a segment that is calculated once."""


class AlreadyPlannedError(ActionError):
    """The very same action is waiting, running or recurring on this segment: a form sent twice, most often."""


class AnsweredError(ActionError):
    """This question has been answered: the form was sent once more, by a double click or by going back."""


class ResultChangedError(ActionError):
    """What the person was asked about is no longer what would be acted on: a new result, or new criteria."""


class UndoneError(ActionError):
    """The run is being undone, or was: it is neither undone a second time nor tried again."""


class NothingToUndoError(ActionError):
    """The run is still under way, changed nobody, or is of a kind that changes no contact."""
