"""Everything that changes segments, their calculations and uploaded lists."""

from segmentation.services.calculations import calculate, cancel_calculation, refresh_due, request_calculation
from segmentation.services.errors import EditedMeanwhileError, NameTakenError, SegmentError, SegmentInUseError
from segmentation.services.fixed_lists import criterion_of, fixed_list
from segmentation.services.segments import (
    Settings,
    create_segment,
    delete_segment,
    edit_criteria,
    edit_settings,
)
from segmentation.services.uploads import read_upload, remove_old_uploads

__all__ = [
    "EditedMeanwhileError", "NameTakenError", "SegmentError", "SegmentInUseError", "Settings", "calculate",
    "cancel_calculation", "create_segment", "criterion_of", "delete_segment", "edit_criteria",
    "edit_settings", "fixed_list", "read_upload", "refresh_due", "remove_old_uploads", "request_calculation",
]  # fmt: skip
