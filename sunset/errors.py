"""Why a sunset was not switched on, changed or gone on with. Expected: views answer it in words."""


class SunsetError(Exception):
    """Base of the refusals below."""


class TagInUseError(SunsetError):
    """Another sunset has this tag. Each needs its own: it says since when somebody is waiting."""

    def __init__(self, other: str) -> None:
        self.other = other
        super().__init__(other)


class ChangedMeanwhileError(SunsetError):
    """Somebody else changed the sunset since the page was opened."""


class FaultyError(SunsetError):
    """Something of it was deleted or changed: it cannot go on as it is."""


class NameGivenError(SunsetError):
    """There is a sunset, or a segment that would be called like one of its three."""
