"""Why a change to a segment was refused. Expected: views answer them at the field or in words."""

from segmentation.hooks import Use


class SegmentError(Exception):
    """Base of the refusals below."""


class NameTakenError(SegmentError):
    """Another segment, an archived one perhaps, has this name; letter case does not distinguish."""


class EditedMeanwhileError(SegmentError):
    """Somebody else changed the segment after this form was opened; saving would undo that unseen."""


class SegmentInUseError(SegmentError):
    """Something live depends on the segment."""

    def __init__(self, uses: list[Use]) -> None:
        super().__init__(f"in use by {len(uses)}")
        self.uses = uses
